"""The graph that a model_fn builds: the C++ list of operations with TensorFlow's ways of naming.

A `Graph` adds to `_core.Graph` what only matters while building: name scopes, collections, control
dependencies, and the default-graph stack of the thread.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from holdfast import _core, errors

if TYPE_CHECKING:
    from holdfast._operation import Operation
    from holdfast._tensor import Tensor

# Source: tf.Graph._VALID_OP_NAME_REGEX and _VALID_SCOPE_NAME_REGEX.
_ROOT_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
_INNER_NAME = re.compile(r"[A-Za-z0-9_.\\/>-]*")

# Nodes that stand for something given: nothing has to run before them.
_SOURCES = frozenset({"variable", "placeholder", "constant"})


class GraphKeys:
    """Names of the standard collections. Source: tf.GraphKeys."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MODEL_VARIABLES = "model_variables"
    METRIC_VARIABLES = "metric_variables"
    GLOBAL_STEP = "global_step"
    SUMMARIES = "summaries"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    UPDATE_OPS = "update_ops"
    TRAIN_OP = "train_op"
    LOCAL_INIT_OP = "local_init_op"
    ACTIVATIONS = "activations"
    WEIGHTS = "weights"
    BIASES = "biases"


class Graph:
    """A graph under construction.

    Attributes:
      core: The C++ graph, which a Trainer runs.
      seed: Set by `set_random_seed`; None if it was not called.
      scopes: The variable-scope state of `_scope.py`.
    """

    def __init__(self) -> None:
        self.core = _core.Graph()
        self.seed: int | None = None
        self.scopes: Any = None
        self._finalized = False
        self._scope = ""
        self._used_names: dict[str, int] = {}
        self._collections: dict[Any, list[Any]] = {}
        self._tensors: dict[int, Tensor] = {}
        self._control_stack: list[tuple[int, ...]] = []
        self._control_inputs: dict[int, tuple[int, ...]] = {}

    def add(
        self,
        op: str,
        inputs: Sequence[int] = (),
        attributes: Mapping[str, Any] | None = None,
        name: str | None = None,
        exact_name: bool = False,
    ) -> int:
        """Appends a node and returns its number.

        Args:
          op: An operation of cpp/src/ops/OPS.md.
          inputs: Numbers of nodes.
          attributes: What the operation is told.
          name: Within the name scope; the operation's if None. Made unique by "_1", "_2", ...
          exact_name: Takes `name` as the full and unique name.

        Raises:
          ValueError: if the inputs do not fit the operation.
          RuntimeError: if the graph is finalized.
        """
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        waits_for = [] if op in _SOURCES else self._awaited()
        if op == "group":
            inputs, waits_for = [*inputs, *waits_for], []
        full_name = str(name) if exact_name else self.unique_name(name or op)
        try:
            node = self.core.add(op, list(inputs), dict(attributes or {}), full_name)
        except errors.InvalidArgumentError as error:
            raise ValueError(str(error)) from error
        if waits_for:
            self._control_inputs[node] = tuple(waits_for)
        return node

    def _awaited(self) -> list[int]:
        return list(dict.fromkeys(node for level in self._control_stack for node in level))

    def tensor(self, node: int) -> Tensor:
        """Returns the one Tensor object of a node."""
        if node not in self._tensors:
            from holdfast._tensor import Tensor

            self._tensors[node] = Tensor(self, node)
        return self._tensors[node]

    def register_tensor(self, tensor: Tensor) -> None:
        """Makes `tensor` the object of its node: variables are more than tensors."""
        self._tensors[tensor.node] = tensor

    def run_targets(self, elements: Iterable[Any]) -> list[int]:
        """Returns the nodes to run for these tensors and operations.

        They are the elements' own, and those that control dependencies of anything in front of
        them ask for. A Trainer is given these as targets.
        """
        nodes = [self.as_node(element) for element in elements]
        if not self._control_inputs:
            return nodes
        targets = dict.fromkeys(nodes)
        seen: set[int] = set()
        pending = list(nodes)
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            waits_for = self._control_inputs.get(node, ())
            targets.update(dict.fromkeys(waits_for))
            pending.extend(waits_for)
            pending.extend(self.core.inputs(node))
        return sorted(targets)

    def as_node(self, element: Any) -> int:
        """Returns the node of a Tensor, an Operation or a name.

        Raises:
          ValueError: if it belongs to another graph, or there is none of that name.
          TypeError: if it is nothing of the kind.
        """
        if isinstance(element, str):
            return self.get_tensor_by_name(element).node
        node, graph = getattr(element, "node", None), getattr(element, "graph", None)
        if not isinstance(node, int):
            raise TypeError(f"expected a Tensor, an Operation or a name; got {element!r}")
        if graph is not self:
            raise ValueError(f"{element!r} is not an element of this graph")
        return node

    def get_tensor_by_name(self, name: str) -> Tensor:
        """Returns the tensor called "scope/op:0"; ":0" may be left out.

        Raises: KeyError if there is none.
        """
        node = self.core.find(name.removesuffix(":0"))
        if node < 0:
            raise KeyError(f"The name {name!r} refers to a Tensor which does not exist.")
        return self.tensor(node)

    def get_operation_by_name(self, name: str) -> Operation:
        """Returns the operation called "scope/op". Raises: KeyError if there is none."""
        return self.get_tensor_by_name(name).op

    def get_operations(self) -> list[Operation]:
        """Returns every operation, in the order they were added."""
        return [self.tensor(node).op for node in range(len(self.core))]

    def finalize(self) -> None:
        """Refuses further nodes."""
        self._finalized = True

    @property
    def finalized(self) -> bool:
        """Whether `finalize` was called."""
        return self._finalized

    # Names

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Returns "scope/name", with "_1", "_2", ... if it is taken. Source: tf.Graph."""
        full = f"{self._scope}{name}"
        pattern = _INNER_NAME if self._scope else _ROOT_NAME
        if not pattern.fullmatch(name):
            raise ValueError(f"{name!r} is not a valid name: expected {pattern.pattern}")
        key = full.lower()
        count = self._used_names.get(key, 0)
        if mark_as_used:
            self._used_names[key] = count + 1
        while count > 0:
            candidate = f"{full}_{count}"
            if candidate.lower() not in self._used_names:
                if mark_as_used:
                    self._used_names[candidate.lower()] = 1
                return candidate
            count += 1
        return full

    def take_name(self, full_name: str) -> None:
        """Reserves the exact name of a variable. Raises: ValueError if a node has it."""
        node = self.core.find(full_name)
        if node >= 0:
            raise ValueError(
                f"The variable name {full_name!r} is taken: the graph has a {self.core.op(node)!r} "
                "operation of that name. Choose another."
            )
        key = full_name.lower()
        self._used_names[key] = self._used_names.get(key, 0) + 1

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Puts "name/" in front of the operations added within.

        Args:
          name: Made unique. None or "" is the root; one that ends in "/" is entered as it is.

        Yields: the prefix, to be entered again.
        """
        outer = self._scope
        if not name:
            self._scope = ""
        elif name.endswith("/"):
            self._scope = name
        else:
            self._scope = self.unique_name(name) + "/"
        try:
            yield self._scope
        finally:
            self._scope = outer

    def get_name_scope(self) -> str:
        """Returns the current scope without its "/"."""
        return self._scope.rstrip("/")

    # Collections

    def add_to_collection(self, name: Any, value: Any) -> None:
        """Appends `value` to the collection."""
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Appends `value` to several collections, or to the one that `names` is."""
        names = (names,) if isinstance(names, str) else names
        for name in dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        """Returns a copy of the collection.

        Args:
          name: Of the collection.
          scope: A regular expression that the items' names must begin with; None takes all.
        """
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        pattern = re.compile(scope)
        return [item for item in items if pattern.match(getattr(item, "name", ""))]

    def get_collection_ref(self, name: Any) -> list[Any]:
        """Returns the collection itself."""
        return self._collections.setdefault(name, [])

    def clear_collection(self, name: Any) -> None:
        """Empties the collection."""
        self._collections.pop(name, None)

    # Contexts

    @contextmanager
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Iterator[None]:
        """Whatever runs an operation added within also runs `control_inputs`, before it.

        Args:
          control_inputs: Tensors and operations; None forgets those of the contexts around.
        """
        outer = self._control_stack
        if control_inputs is None:
            self._control_stack = []
        else:
            self._control_stack = [*outer, tuple(self.as_node(item) for item in control_inputs)]
        try:
            yield
        finally:
            self._control_stack = outer

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Makes this the graph that operations of this thread are added to."""
        stack = _stack()
        stack.append(self)
        try:
            yield self
        finally:
            # A generator may leave its context after a later one was entered.
            del stack[len(stack) - 1 - stack[::-1].index(self)]


_thread = threading.local()


def _stack() -> list[Graph]:
    graphs: list[Graph] | None = getattr(_thread, "graphs", None)
    if graphs is None:
        graphs = _thread.graphs = []
    return graphs


def default_graph_or_none() -> Graph | None:
    """Returns the thread's innermost default graph; None where functions compute at once."""
    stack = _stack()
    return stack[-1] if stack else None


def get_default_graph() -> Graph:
    """Returns the thread's innermost default graph.

    Raises: RuntimeError if there is none. TensorFlow would make one for the process.
    """
    graph = default_graph_or_none()
    if graph is None:
        raise RuntimeError(
            "no graph is being built in this thread: call this within a model_fn, an input_fn, or "
            "`with holdfast.Graph().as_default():`"
        )
    return graph


def set_random_seed(seed: int | None) -> None:
    """Sets the seed of the default graph's initial values and dropout.

    Args:
      seed: An int; None: the Estimator's `tf_random_seed`, or one drawn for the run.

    Raises: RuntimeError outside a graph; for an Estimator use RunConfig(tf_random_seed=...).
    """
    get_default_graph().seed = seed


@contextmanager
def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None
) -> Iterator[str]:
    """Puts "name/" in front of the operations added within. Source: tf.name_scope of 1.x.

    Args:
      name: The scope; `default_name` if None.
      default_name: What a function calls its scope when its caller gave no name.
      values: The function's tensors; unused, since a graph is always the default one.

    Yields: the prefix; "" when no graph is being built.
    """
    del values
    graph = default_graph_or_none()
    chosen = default_name if name is None else name
    if graph is None:
        yield ""
    else:
        with graph.name_scope(chosen) as scope:
            yield scope


@contextmanager
def control_dependencies(control_inputs: Iterable[Any] | None) -> Iterator[None]:
    """`Graph.control_dependencies` of the default graph."""
    with get_default_graph().control_dependencies(control_inputs):
        yield


def add_to_collection(name: Any, value: Any) -> None:
    """Appends `value` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Appends `value` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """Returns a copy of a collection of the default graph."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """Returns a collection of the default graph itself."""
    return get_default_graph().get_collection_ref(key)
