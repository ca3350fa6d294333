"""Signatures that begin inside the graph, such as behind the parsing of requests.

TensorFlow feeds any tensor while it runs. An export has placeholders alone as its inputs, so what
lies between such a tensor and the outputs is there a second time, behind a placeholder. Variables
and all else that does not depend on it are shared.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast._graph import Graph
from holdfast._shape import placeholder
from holdfast._tensor import Tensor
from holdfast.estimator._inputs import node_name
from holdfast.saved_model import SignatureDef


def with_placeholders(signature: SignatureDef) -> SignatureDef:
    """Returns the signature with placeholders for inputs that are none; adds nodes to its graph."""
    fed = {
        tensor.node: placeholder(tensor.dtype, tensor.shape, node_name(name))
        for name, tensor in signature.inputs.items()
        if tensor.op.type != "placeholder"
    }
    if not fed:
        return signature
    (graph, *_) = (tensor.graph for tensor in signature.inputs.values())
    copies = {node: tensor.node for node, tensor in fed.items()}
    _copy_dependents(graph, max(tensor.node for tensor in signature.outputs.values()), copies)

    def renewed(tensor: Tensor) -> Tensor:
        return graph.tensor(copies.get(tensor.node, tensor.node))

    return replace(
        signature,
        inputs={name: renewed(tensor) for name, tensor in signature.inputs.items()},
        outputs={name: renewed(tensor) for name, tensor in signature.outputs.items()},
    )


def _copy_dependents(graph: Graph, last: int, copies: dict[int, int]) -> None:
    """Copies nodes up to `last` that depend on the keys of copies; adds them to it."""
    for node in range(last + 1):  # a node comes behind its inputs; the export drops what is unused
        inputs = graph.core.inputs(node)
        if node in copies or not any(i in copies for i in inputs):
            continue
        copies[node] = graph.add(
            graph.core.op(node),
            [copies.get(i, i) for i in inputs],
            graph.core.attributes(node),
            graph.core.name(node),
        )
