"""Symbolic tensors: what a model_fn computes with.

A Tensor is a node of a graph. Numbers and arrays that meet one become constants of its dtype.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

from holdfast import dtypes
from holdfast._graph import Graph, default_graph_or_none
from holdfast._operation import Operation
from holdfast._plain_values import as_array

if TYPE_CHECKING:
    from holdfast._core import Array

# Whatever becomes a tensor: a Tensor, a number, text, a list of these, an array.
TensorLike = Any


class Tensor:
    """The result of an operation, to be computed when the graph runs.

    Equality is identity, as in TensorFlow 1.x; `equal` compares values.

    Attributes:
      graph: Where it is.
      node: Its number there.
      dtype: Of its elements.
      shape: With None for sizes known only when running.
    """

    # NumPy leaves `array * tensor` to the tensor.
    __array_ufunc__ = None

    def __init__(self, graph: Graph, node: int) -> None:
        self.graph = graph
        self.node = node
        self.dtype: dtypes.DType = dtypes.as_dtype(graph.core.dtype(node))
        self.shape = dtypes.TensorShape(graph.core.shape(node))

    @property
    def name(self) -> str:
        """The operation's name and ":0"."""
        return f"{self.graph.core.name(self.node)}:0"

    @property
    def op(self) -> Operation:
        """The operation that makes it."""
        return Operation(self.graph, self.node)

    def get_shape(self) -> dtypes.TensorShape:
        """The shape, with None for sizes known only when running."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the tensor could have this shape; nothing more is learnt from it.

        Raises: ValueError if it could not.
        """
        if not self.shape.is_compatible_with(shape):
            raise ValueError(f"{self.name}: expected shape {shape}; got {self.shape}")

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<tf.{kind} {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"using {self!r} as a Python bool is not allowed: its value is known only when the "
            "graph runs. Use tf.where to choose between tensors, and `is not None` to test whether "
            "there is one."
        )

    def __iter__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} is not iterable: its values are known only when the graph runs. Take parts "
            "with indices, as in x[:, 0]."
        )

    def __len__(self) -> NoReturn:
        raise TypeError(f"len is not well defined for {self!r}; use x.shape[0] or tf.shape(x)[0]")

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"Cannot convert a symbolic tensor ({self.name}) to a numpy array: its values are "
            "known only when the graph runs."
        )

    def eval(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: an Estimator runs the graph. Raises: NotImplementedError."""
        raise NotImplementedError(
            f"{self.name}: there are no sessions here. An Estimator runs the graph: fetch values "
            "with predict(), evaluate() or a hook's SessionRunArgs."
        )

    def __getitem__(self, key: Any) -> Tensor:
        from holdfast._slicing import slice_tensor

        return slice_tensor(self, key)

    def __add__(self, other: TensorLike) -> Tensor:
        return binary("add", self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return binary("add", other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return binary("sub", self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return binary("sub", other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return binary("mul", self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return binary("mul", other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return true_divide(self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return true_divide(other, self)

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return binary("floordiv", self, other)

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return binary("floordiv", other, self)

    def __mod__(self, other: TensorLike) -> Tensor:
        return binary("mod", self, other)

    def __rmod__(self, other: TensorLike) -> Tensor:
        return binary("mod", other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return binary("pow", self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return binary("pow", other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return binary("matmul", self, other, name="MatMul")

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return binary("matmul", other, self, name="MatMul")

    def __lt__(self, other: TensorLike) -> Tensor:
        return binary("less", self, other, name="Less")

    def __le__(self, other: TensorLike) -> Tensor:
        return binary("less_equal", self, other, name="LessEqual")

    def __gt__(self, other: TensorLike) -> Tensor:
        return binary("greater", self, other, name="Greater")

    def __ge__(self, other: TensorLike) -> Tensor:
        return binary("greater_equal", self, other, name="GreaterEqual")

    def __and__(self, other: TensorLike) -> Tensor:
        return binary("logical_and", self, other, name="LogicalAnd")

    def __rand__(self, other: TensorLike) -> Tensor:
        return binary("logical_and", other, self, name="LogicalAnd")

    def __or__(self, other: TensorLike) -> Tensor:
        return binary("logical_or", self, other, name="LogicalOr")

    def __ror__(self, other: TensorLike) -> Tensor:
        return binary("logical_or", other, self, name="LogicalOr")

    def __xor__(self, other: TensorLike) -> Tensor:
        return binary("not_equal", self, other, name="LogicalXor")

    def __rxor__(self, other: TensorLike) -> Tensor:
        return binary("not_equal", other, self, name="LogicalXor")

    def __invert__(self) -> Tensor:
        return apply("logical_not", [self], name="LogicalNot")

    def __neg__(self) -> Tensor:
        return apply("neg", [self], name="Neg")

    def __abs__(self) -> Tensor:
        return apply("abs", [self], name="Abs")


def apply(
    op: str,
    inputs: Sequence[TensorLike],
    attributes: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """Adds one operation to the graph of its inputs, or computes it at once where there is none.

    Args:
      op: An operation of cpp/src/ops/OPS.md.
      inputs: Its inputs; what is not a Tensor becomes a constant of its own dtype.
      attributes: What the operation is told.
      name: The node's, within the name scope.
    """
    graph = _graph_of(inputs)
    if graph is None:
        from holdfast import _eager

        return cast(Tensor, _eager.compute(op, inputs, attributes or {}))
    nodes = [_in_graph(graph, value).node for value in inputs]
    return graph.tensor(graph.add(op, nodes, attributes, name))


def _graph_of(values: Sequence[TensorLike]) -> Graph | None:
    graph: Graph | None = None
    for value in values:
        if isinstance(value, Tensor):
            if graph is not None and graph is not value.graph:
                raise ValueError(f"{value!r} must be from the same graph as the other inputs")
            graph = value.graph
    return graph or default_graph_or_none()


def _in_graph(graph: Graph, value: TensorLike) -> Tensor:
    return value if isinstance(value, Tensor) else _constant(graph, as_array(value), None)


def convert_to_tensor(
    value: TensorLike,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
) -> Tensor:
    """Returns `value` as a Tensor; as an array where no graph is being built.

    Args:
      value: A Tensor, a number, text, a list of these, or an array.
      dtype: What it must be. A Tensor of another dtype is an error, an array is converted.
      name: Of the constant.
      preferred_dtype: Used for numbers and lists if they fit, when `dtype` is None.
      dtype_hint: The newer name of `preferred_dtype`.

    Raises:
      ValueError: for a Tensor of another dtype.
      TypeError: for values that would lose their meaning, as 1.5 for int32.
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        if wanted is not None and value.dtype is not wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype "
                f"{value.dtype.name}: {value!r}; use tf.cast"
            )
        return value
    hint = preferred_dtype if preferred_dtype is not None else dtype_hint
    if wanted is None and hint is not None and not isinstance(value, np.ndarray):
        try:
            array = as_array(value, dtypes.as_dtype(hint))
        except TypeError:
            array = as_array(value)
    else:
        array = as_array(value, wanted)
    graph = default_graph_or_none()
    if graph is None:
        from holdfast import _eager

        return cast(Tensor, _eager.wrap(array))
    return _constant(graph, array, name)


def _constant(graph: Graph, array: Array, name: str | None) -> Tensor:
    dtype = dtypes.as_dtype(array.dtype)
    values = array.ravel()
    if values.size > 1 and dtype is not dtypes.string and (values == values[0]).all():
        values = values[:1]  # one value fills the shape
    attributes = {"dtype": dtype.name, "shape": list(array.shape), "values": values.tolist()}
    return graph.tensor(graph.add("constant", (), attributes, name or "Const"))


def binary(op: str, x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Applies an operation to two values of one dtype; what is no Tensor takes the other's dtype.

    Raises: TypeError if both have a dtype and they differ.
    """
    x, y = same_dtype(op, x, y)
    return apply(op, [x, y], name=name)


def same_dtype(op: str, x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor]:
    """Returns both as Tensors of one dtype. Raises: TypeError if that cannot be."""
    if isinstance(x, Tensor) and not isinstance(y, Tensor):
        with x.graph.as_default():
            y = convert_to_tensor(y, x.dtype)
    elif isinstance(y, Tensor) and not isinstance(x, Tensor):
        with y.graph.as_default():
            x = convert_to_tensor(x, y.dtype)
    elif not isinstance(x, Tensor):
        x, y = _arrays_of_one_dtype(x, y)
    if x.dtype != y.dtype:
        raise TypeError(
            f"{op}: the inputs have different types, {dtypes.as_dtype(x.dtype).name} and "
            f"{dtypes.as_dtype(y.dtype).name}; use tf.cast"
        )
    return x, y


def _arrays_of_one_dtype(x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor]:
    typed_x = isinstance(x, (np.ndarray, np.generic))
    if not typed_x and isinstance(y, (np.ndarray, np.generic)):
        second = convert_to_tensor(y)
        return convert_to_tensor(x, second.dtype), second
    first = convert_to_tensor(x)
    if typed_x and isinstance(y, (np.ndarray, np.generic)):
        return first, convert_to_tensor(y)
    return first, convert_to_tensor(y, first.dtype)


def true_divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Returns x / y; integers are divided as float64, as in TensorFlow."""
    x, y = same_dtype("truediv", x, y)
    if not dtypes.as_dtype(x.dtype).is_floating:
        x = apply("cast", [x], {"dtype": "float64"}, "truediv/Cast")
        y = apply("cast", [y], {"dtype": "float64"}, "truediv/Cast")
    return apply("div", [x, y], name=name or "truediv")
