"""Gradients: new nodes of the graph that compute how sums change with tensors."""

from __future__ import annotations

from typing import Any

from holdfast._tensor import Tensor, apply, binary


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: Any = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
) -> list[Tensor | None]:
    """Returns the gradient of the sum of `ys` with respect to each of `xs`.

    Args:
      ys: A float Tensor or a list of them.
      xs: A Tensor or a list of them.
      grad_ys: Weights of the elements of each of `ys`; None means ones.
      name: Of the name scope.
      colocate_gradients_with_ops: Unused.
      gate_gradients: Unused.
      aggregation_method: Unused.
      stop_gradients: Refused unless None: use tf.stop_gradient.

    Returns: a list like `xs`, with None where no path of differentiable operations leads.
    """
    del colocate_gradients_with_ops, gate_gradients, aggregation_method
    if stop_gradients is not None:
        raise NotImplementedError(
            "gradients: stop_gradients is not supported; use tf.stop_gradient"
        )
    y_list = list(ys) if isinstance(ys, (list, tuple)) else [ys]
    x_list = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    weights = [None] * len(y_list) if grad_ys is None else _as_list(grad_ys)
    if not y_list or len(weights) != len(y_list):
        raise ValueError(f"gradients: got {len(y_list)} ys and {len(weights)} grad_ys")
    graph = y_list[0].graph
    with graph.as_default(), graph.name_scope(name):
        total = _weighted_sum(y_list, weights)
        nodes = graph.core.gradients(total.node, [graph.as_node(x) for x in x_list])
    return [None if node < 0 else graph.tensor(node) for node in nodes]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _weighted_sum(ys: list[Any], weights: list[Any]) -> Tensor:
    if len(ys) == 1 and weights[0] is None:
        only: Tensor = ys[0]
        return only
    terms: list[Tensor] = []
    for y, weight in zip(ys, weights, strict=True):
        weighted = y if weight is None else binary("mul", y, weight)
        terms.append(apply("reduce_sum", [weighted], name="Sum"))
    total = terms[0]
    for term in terms[1:]:
        total = binary("add", total, term)
    return total
