"""Variable scopes: how variables and layers get their names, and how they are shared.

Source: tf.variable_scope of TensorFlow 1.x.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast import dtypes
from holdfast._graph import Graph, get_default_graph


class _ReuseMode(enum.Enum):
    AUTO_REUSE = 1

    def __repr__(self) -> str:
        return "tf.AUTO_REUSE"


AUTO_REUSE = _ReuseMode.AUTO_REUSE


@dataclass(frozen=True)
class VariableScope:
    """A variable scope.

    Attributes:
      name: The prefix of its variables, without the last "/"; "" at the root.
      reuse: False makes variables, True finds them, AUTO_REUSE does what is needed.
      initializer: What variables begin with if their maker says nothing.
      dtype: Of variables whose maker says nothing.
      slot_part: The part of the name between a variable and its optimizer slots; "" for none.
        TensorFlow's canned DNN models get "t_0" from their partitioned input layer.
      original_name_scope: The name scope that was opened with it.
    """

    name: str = ""
    reuse: bool | _ReuseMode = False
    initializer: Any = None
    dtype: dtypes.DType = dtypes.float32
    slot_part: str = ""
    original_name_scope: str = ""


@dataclass
class _Scopes:
    """What a graph remembers of variable scopes."""

    current: VariableScope = field(default_factory=VariableScope)
    times_opened: dict[str, int] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


def scopes_of(graph: Graph) -> _Scopes:
    """Returns the graph's variable-scope state."""
    if graph.scopes is None:
        graph.scopes = _Scopes()
    scopes: _Scopes = graph.scopes
    return scopes


def get_variable_scope() -> VariableScope:
    """Returns the default graph's current variable scope."""
    return scopes_of(get_default_graph()).current


@contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None = None,
    default_name: str | None = None,
    values: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    reuse: bool | _ReuseMode | None = None,
    dtype: Any = None,
    use_resource: Any = None,
    constraint: Any = None,
    auxiliary_name_scope: bool = True,
    slot_part: str | None = None,
) -> Iterator[VariableScope]:
    """Puts "name/" in front of variables and operations made within.

    Args:
      name_or_scope: The scope's name within the current one, or a scope to enter again. None
        takes `default_name`, made unique.
      default_name: See above; may be given without a name only while not reusing.
      values: Unused: the graph is the default one.
      initializer: What variables begin with if their maker says nothing; None keeps the outer.
      regularizer: Refused unless None.
      caching_device: Unused: there is one device.
      partitioner: Unused: variables are whole.
      custom_getter: Refused unless None.
      reuse: True or AUTO_REUSE; None keeps the outer.
      dtype: Of variables whose maker says nothing; None keeps the outer.
      use_resource: Unused.
      constraint: Refused unless None.
      auxiliary_name_scope: Whether to open a name scope as well.
      slot_part: See VariableScope; None keeps the outer. Not in TensorFlow.

    Raises:
      TypeError: if there is neither a name nor a default name.
      ValueError: for a default name while reusing.
    """
    del values, caching_device, partitioner, use_resource
    refused = {
        "regularizer": regularizer,
        "custom_getter": custom_getter,
        "constraint": constraint,
    }
    for argument, value in refused.items():
        if value is not None:
            raise NotImplementedError(f"variable_scope: {argument} is not supported")
    graph = get_default_graph()
    scopes = scopes_of(graph)
    outer = scopes.current
    entered_again = isinstance(name_or_scope, VariableScope)
    inner = _inner_scope(scopes, name_or_scope, default_name, reuse)
    name_scope_name = inner.name.rpartition("/")[2]
    inner = replace(
        inner,
        initializer=inner.initializer if initializer is None else initializer,
        dtype=inner.dtype if dtype is None else dtypes.as_dtype(dtype),
        slot_part=inner.slot_part if slot_part is None else slot_part,
    )
    if isinstance(name_or_scope, str):
        name_scope_name = name_or_scope
    opened_before = dict(scopes.times_opened)
    scopes.times_opened[inner.name] = scopes.times_opened.get(inner.name, 0) + 1
    scoped = bool(name_scope_name) and auxiliary_name_scope
    with graph.name_scope(name_scope_name) if scoped else contextlib.nullcontext(""):
        scopes.current = replace(inner, original_name_scope=graph.get_name_scope() + "/")
        try:
            yield scopes.current
        finally:
            scopes.current = outer
            if entered_again:
                scopes.times_opened = opened_before
            else:
                _forget_inner_scopes(scopes, inner.name)


def _inner_scope(
    scopes: _Scopes,
    name_or_scope: str | VariableScope | None,
    default_name: str | None,
    reuse: bool | _ReuseMode | None,
) -> VariableScope:
    outer = scopes.current
    if isinstance(name_or_scope, VariableScope):
        return replace(name_or_scope, reuse=reuse or name_or_scope.reuse)
    if name_or_scope is None:
        if default_name is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        name = unique_scope_name(scopes, default_name)
    elif isinstance(name_or_scope, str):
        name = name_or_scope
    else:
        raise TypeError(f"VariableScope: name_or_scope must be a str; got {name_or_scope!r}")
    full_name = f"{outer.name}/{name}" if outer.name and name else outer.name or name
    return replace(outer, name=full_name, reuse=reuse or outer.reuse)


def unique_scope_name(scopes: _Scopes, prefix: str) -> str:
    """Returns `prefix`, or `prefix_1`, ...: one that was not opened in the current scope."""
    within = f"{scopes.current.name}/" if scopes.current.name else ""
    name, number = prefix, 0
    while scopes.times_opened.get(within + name, 0):
        number += 1
        name = f"{prefix}_{number}"
    return name


def _forget_inner_scopes(scopes: _Scopes, name: str) -> None:
    """Lets a scope that is opened again name its inner scopes as the first time, for sharing."""
    for opened in scopes.times_opened:
        if opened.startswith(f"{name}/"):
            scopes.times_opened[opened] = 0
