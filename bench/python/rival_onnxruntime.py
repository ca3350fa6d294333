"""onnxruntime as a side of the prediction benchmark: the same network as an ONNX model, in memory.

"onnxruntime" is InferenceSession.run; "onnxruntime, bound" writes rows into an input bound once and
reads an output bound once (IOBinding), which saves it a part of each call.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import onnx
import onnxruntime
import serving
import workloads


def model_of(workload: workloads.Workload, weights: Any) -> bytes:
    """Returns a model from x [batch, numbers] to probabilities [batch, classes]."""
    helper, nodes, tensors, last = onnx.helper, [], [], "x"
    for name, _, _ in workload.layers():
        kernel, bias = f"{name}/kernel", f"{name}/bias"
        tensors += [onnx.numpy_helper.from_array(weights[part], part) for part in (kernel, bias)]
        nodes.append(helper.make_node("Gemm", [last, kernel, bias], [name]))
        kind, last = ("Softmax", "probabilities") if name == "logits" else ("Relu", f"{name}/relu")
        nodes.append(helper.make_node(kind, [name], [last]))
    kind = onnx.TensorProto.FLOAT
    x = helper.make_tensor_value_info("x", kind, ["batch", workload.numeric])
    y = helper.make_tensor_value_info("probabilities", kind, ["batch", workload.classes])
    graph = helper.make_graph(nodes, workload.key, [x], [y], tensors)
    versions = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class Session:
    """An InferenceSession with all optimizations, in one process and on so many threads."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model_of(workload, weights), options, providers=["CPUExecutionProvider"]
        )
        self._rows = rows["numeric"]

    def probabilities(self, count: int) -> list[list[float]]:
        """Returns the answers for the first rows."""
        found = self._session.run(["probabilities"], {"x": self._rows[:count]})[0]
        return [[float(p) for p in row] for row in found]

    def run(self, batch: int, calls: int) -> float:
        """Returns the seconds of so many calls with a batch each."""
        batches = workloads.slices(self._rows, batch)
        names, predict = ["probabilities"], self._session.run
        started = time.perf_counter()
        for i in range(calls):
            predict(names, {"x": batches[i % len(batches)]})
        return time.perf_counter() - started


class Bound(Session):
    """The same session through IOBinding."""

    def _bind(self, batch: int) -> tuple[Any, Any, Any]:
        binding = self._session.io_binding()
        classes = self._session.get_outputs()[0].shape[1]
        x = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros_like(self._rows[:batch]))
        y = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((batch, classes), np.float32))
        binding.bind_ortvalue_input("x", x)
        binding.bind_ortvalue_output("probabilities", y)
        return binding, x, y

    def probabilities(self, count: int) -> list[list[float]]:
        """Returns the answers for the first rows."""
        binding, x, y = self._bind(count)
        x.update_inplace(self._rows[:count])
        self._session.run_with_iobinding(binding)
        return [[float(p) for p in row] for row in y.numpy()]

    def run(self, batch: int, calls: int) -> float:
        """Returns the seconds of so many calls with a batch each."""
        batches = workloads.slices(self._rows, batch)
        binding, x, y = self._bind(batch)
        predict = self._session.run_with_iobinding
        started = time.perf_counter()
        for i in range(calls):
            x.update_inplace(batches[i % len(batches)])
            predict(binding)
            y.numpy()
        return time.perf_counter() - started


if __name__ == "__main__":
    serving.serve({"onnxruntime": Session, "onnxruntime, bound": Bound}, onnxruntime.__version__)
