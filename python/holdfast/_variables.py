"""Variables: what training changes and checkpoints hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from holdfast import dtypes, initializers
from holdfast._graph import Graph, GraphKeys, get_default_graph
from holdfast._plain_values import as_array
from holdfast._scope import AUTO_REUSE, VariableScope, scopes_of
from holdfast._tensor import Tensor, TensorLike, apply


class Variable(Tensor):
    """A tensor with a state. Its name, without ":0", is its name in checkpoints.

    Args:
      initial_value: An array, a number, a list, a constant Tensor, or a function that returns one.
      trainable: Whether optimizers change it.
      collections: Names; None means the global variables.
      validate_shape: Unused: shapes are always known.
      caching_device: Unused.
      name: Within the scope, made unique; "Variable" if None.
      variable_def: Refused unless None.
      dtype: None takes the initial value's.
      expected_shape: Unused.
      import_scope: Unused.
      constraint: Refused unless None.
    """

    trainable: bool
    role: str
    slot_part: str

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Iterable[str] | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
    ) -> None:
        del validate_shape, caching_device, expected_shape, import_scope
        if variable_def is not None or constraint is not None:
            raise NotImplementedError("Variable: variable_def and constraint are not supported")
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        graph = get_default_graph()
        value = convert_to_array(initial_value, dtype)
        kind = dtypes.as_dtype(value.dtype)
        attributes = initializers.attributes_of(value, value.shape, kind)
        chosen = graph.unique_name(name or "Variable")
        self._create(graph, chosen, value.shape, kind, attributes, trainable=trainable)
        self._collect(collections)

    def _create(
        self,
        graph: Graph,
        name: str,
        shape: Iterable[int],
        dtype: dtypes.DType,
        initializer: dict[str, Any],
        trainable: bool = False,
        role: str = "variable",
        extra: dict[str, str] | None = None,
    ) -> None:
        attributes: dict[str, Any] = {
            "dtype": dtype.name,
            "shape": [int(size) for size in shape],
            "trainable": trainable,
            "role": role,
            **initializer,
            **(extra or {}),
        }
        node = graph.add("variable", (), attributes, name, exact_name=True)
        Tensor.__init__(self, graph, node)
        self.trainable = trainable
        self.role = role
        self.slot_part = scopes_of(graph).current.slot_part
        graph.register_tensor(self)

    def _collect(self, collections: Iterable[str] | None) -> None:
        names = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
        if self.trainable and GraphKeys.TRAINABLE_VARIABLES not in names:
            names.append(GraphKeys.TRAINABLE_VARIABLES)
        self.graph.add_to_collections(names, self)

    def value(self) -> Tensor:
        """The variable, read."""
        return self

    def read_value(self) -> Tensor:
        """A tensor of the value at this place of the graph."""
        return apply("identity", [self], name="read")

    def assign(self, value: TensorLike, use_locking: bool = False, name: str | None = None) -> Any:
        """Sets it; see `assign`."""
        del use_locking
        from holdfast import _state

        return _state.assign(self, value, name=name)

    def assign_add(self, delta: TensorLike, use_locking: bool = False, name: Any = None) -> Any:
        """Adds to it; see `assign_add`."""
        del use_locking
        from holdfast import _state

        return _state.assign_add(self, delta, name=name)

    def assign_sub(self, delta: TensorLike, use_locking: bool = False, name: Any = None) -> Any:
        """Subtracts from it; see `assign_sub`."""
        del use_locking
        from holdfast import _state

        return _state.assign_sub(self, delta, name=name)


def convert_to_array(value: Any, dtype: Any) -> Any:
    """Returns an initial value as an array; a constant Tensor gives its values.

    Raises: TypeError for a Tensor whose value is known only when running.
    """
    if callable(value) and not isinstance(value, Tensor):
        value = value()
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if not isinstance(value, Tensor):
        return as_array(value, wanted)
    if value.op.type != "constant":
        raise TypeError(
            f"initial value: expected an array or a constant; got {value!r}, which is known only "
            "when the graph runs"
        )
    attributes = value.graph.core.attributes(value.node)
    shape = tuple(value.graph.core.shape(value.node))
    values = np.asarray(attributes["values"], dtype=value.dtype.as_numpy_dtype)
    if values.size != math.prod(shape):
        values = np.full(shape, values[0])
    return as_array(values.reshape(shape), wanted)


def new_variable(
    name: str,
    shape: Iterable[int],
    dtype: Any,
    initializer: Any,
    *,
    trainable: bool = False,
    collections: Iterable[str] = (),
    role: str = "variable",
    slot_of: str = "",
    slot: str = "",
    optimizer: str = "",
) -> Variable:
    """Makes a variable of exactly this name in the default graph.

    Args:
      name: The full name, as in checkpoints.
      shape: All sizes known.
      dtype: Of a graph.
      initializer: As of `initializers.attributes_of`.
      trainable: Whether optimizers change it.
      collections: Those it joins.
      role: "variable", "slot", "global_step" or "local".
      slot_of: The variable that a slot belongs to.
      slot: What the slot holds, as "accumulator".
      optimizer: Of the slot.

    Raises: ValueError if the name is taken.
    """
    graph = get_default_graph()
    graph.take_name(name)
    kind = dtypes.as_dtype(dtype)
    sizes = [int(size) for size in shape]
    extra = {"slot_of": slot_of, "slot": slot, "optimizer": optimizer} if role == "slot" else {}
    variable = Variable.__new__(Variable)
    variable._create(
        graph,
        name,
        sizes,
        kind,
        initializers.attributes_of(initializer, sizes, kind),
        trainable,
        role,
        extra,
    )
    graph.add_to_collections(list(collections), variable)
    return variable


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Iterable[str] | None = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
) -> Variable:
    """Makes a variable of the current variable scope, or finds it where the scope reuses.

    Args:
      name: Within the scope; not made unique.
      shape: All sizes known; may be left out when `initializer` is an array.
      dtype: None takes the scope's, float32 at first.
      initializer: None takes the scope's, else glorot_uniform for floats and zeros for the rest.
      regularizer: A function of the variable whose result joins the regularization losses.
      trainable: True if None.
      collections: Names; None means the global variables.
      caching_device: Unused.
      partitioner: Unused.
      validate_shape: Unused.
      use_resource: Unused.
      custom_getter: Refused unless None.
      constraint: Refused unless None.

    Raises: ValueError if it exists and is not reused, does not exist and is to be reused, or has
      another shape or dtype than asked for.
    """
    del caching_device, partitioner, validate_shape, use_resource
    if custom_getter is not None or constraint is not None:
        raise NotImplementedError("get_variable: custom_getter and constraint are not supported")
    scopes = scopes_of(get_default_graph())
    scope = scopes.current
    full_name = f"{scope.name}/{name}" if scope.name else name
    existing = scopes.variables.get(full_name)
    if existing is not None:
        return _shared(existing, full_name, shape, dtype, scope.reuse)
    if scope.reuse and scope.reuse is not AUTO_REUSE:
        raise ValueError(
            f"Variable {full_name} does not exist, or was not created with tf.get_variable(). "
            "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
        )
    sizes, kind, initializer = _described(full_name, shape, dtype, initializer, scope)
    wanted = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
    trainable = GraphKeys.LOCAL_VARIABLES not in wanted if trainable is None else trainable
    if trainable and GraphKeys.TRAINABLE_VARIABLES not in wanted:
        wanted.append(GraphKeys.TRAINABLE_VARIABLES)
    variable = new_variable(
        full_name,
        sizes,
        kind,
        initializer,
        trainable=trainable,
        collections=wanted,
        role="local" if GraphKeys.LOCAL_VARIABLES in wanted else "variable",
    )
    scopes.variables[full_name] = variable
    if regularizer is not None:
        penalty = regularizer(variable)
        if penalty is not None:
            variable.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, penalty)
    return variable


def _described(
    full_name: str, shape: Any, dtype: Any, initializer: Any, scope: VariableScope
) -> tuple[list[int], dtypes.DType, Any]:
    """Returns sizes, dtype and initializer of a new variable, from what is asked and the scope."""
    kind = scope.dtype if dtype is None else dtypes.as_dtype(dtype)
    initializer = scope.initializer if initializer is None else initializer
    if initializer is None:
        initializer = _default_initializer(full_name, kind)
    if shape is None:
        initializer = initializers.get(initializer)
        if callable(initializer) or isinstance(initializer, initializers.Initializer):
            raise ValueError(
                f"Shape of a new variable ({full_name}) must be fully defined, but instead was "
                "<unknown>."
            )
        initializer = convert_to_array(initializer, dtype)
        shape, kind = initializer.shape, dtypes.as_dtype(initializer.dtype)
    elif isinstance(initializer, Tensor):
        initializer = convert_to_array(initializer, kind)
    sizes = dtypes.TensorShape(shape)
    if not sizes.is_fully_defined():
        raise ValueError(
            f"Shape of a new variable ({full_name}) must be fully defined, but instead was {sizes}."
        )
    return [size for size in sizes if size is not None], kind, initializer


def _shared(existing: Variable, name: str, shape: Any, dtype: Any, reuse: Any) -> Variable:
    if not reuse:
        raise ValueError(
            f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
            "reuse=tf.AUTO_REUSE in VarScope?"
        )
    if shape is not None and not existing.shape.is_compatible_with(shape):
        raise ValueError(
            f"Trying to share variable {name}, but specified shape {dtypes.TensorShape(shape)} and "
            f"found shape {existing.shape}."
        )
    if dtype is not None and dtypes.as_dtype(dtype) is not existing.dtype:
        raise ValueError(
            f"Trying to share variable {name}, but specified dtype {dtypes.as_dtype(dtype).name} "
            f"and found dtype {existing.dtype.name}."
        )
    return existing


def _default_initializer(name: str, dtype: dtypes.DType) -> initializers.Initializer:
    if dtype.is_floating:
        return initializers.GlorotUniform()
    if dtype.is_integer or dtype.is_bool:
        return initializers.Zeros()
    raise ValueError(f"An initializer for variable {name} of {dtype} is required")


def global_variables(scope: str | None = None) -> list[Variable]:
    """Returns the variables that checkpoints hold."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Variable]:
    """Returns the variables that checkpoints do not hold: the counters of metrics."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Variable]:
    """Returns the variables that optimizers change."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)
