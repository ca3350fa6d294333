"""PyTorch as a side of the comparison: eager, and through torch.compile.

As fast users write it: rows are tensors in memory and a batch is gathered by row numbers, without a
DataLoader; the dense part has the fused Adagrad; the ids of all columns share one embedding table
with sparse gradients, so that a step has one gather and one update of rows (several tables,
nn.Embedding or nn.EmbeddingBag, were slower by a quarter).
"""

from __future__ import annotations

import itertools
import time
import warnings
from typing import Any

import serving
import torch
import workloads


class Eager:
    """A module and torch.optim.Adagrad."""

    def __init__(self, workload: workloads.Workload, rows: Any, weights: Any, threads: int) -> None:
        torch.set_num_threads(threads)
        self._workload = workload
        self._numeric = torch.from_numpy(rows["numeric"])
        self._labels = torch.from_numpy(rows["labels"])
        if workload.logits == 1:
            self._labels = self._labels.float()
        self._table: Any = None
        self._order = torch.empty(0, dtype=torch.int64)
        self._make_tower(weights)
        if workload.categorical:
            self._make_table(rows["ids"], weights["embeddings"])
        self._loss_of = self._prepare(self._dense_loss)

    def _prepare(self, function: Any) -> Any:
        return function

    def _adagrad(self, parameters: Any, **options: Any) -> Any:
        start, rate = workloads.ACCUMULATOR, self._workload.learning_rate
        return torch.optim.Adagrad(
            parameters, lr=rate, initial_accumulator_value=start, eps=0.0, **options
        )

    def _make_tower(self, weights: Any) -> None:
        layers: list[Any] = []
        for name, inputs, outputs in self._workload.layers():
            linear = torch.nn.Linear(inputs, outputs)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weights[f"{name}/kernel"].T.copy()))
                linear.bias.copy_(torch.from_numpy(weights[f"{name}/bias"]))
            layers += [linear, torch.nn.ReLU()]
        self._tower = torch.nn.Sequential(*layers[:-1])
        self._optimizers = [self._adagrad(self._tower.parameters(), fused=True)]
        binary = torch.nn.BCEWithLogitsLoss(reduction="sum")
        softmax = torch.nn.CrossEntropyLoss(reduction="sum")
        self._criterion = binary if self._workload.logits == 1 else softmax

    def _make_table(self, ids: Any, embeddings: Any) -> None:
        columns, buckets, dimension = embeddings.shape
        self._ids = torch.from_numpy(ids) + torch.arange(columns) * buckets
        table = torch.from_numpy(embeddings).reshape(columns * buckets, dimension).clone()
        self._table = torch.nn.Embedding.from_pretrained(table, freeze=False, sparse=True)
        self._optimizers.append(self._adagrad(self._table.parameters()))  # fused ones are dense

    def _dense_loss(self, inputs: list[Any], labels: Any) -> Any:
        joined = inputs[0] if len(inputs) == 1 else torch.cat(inputs, 1)
        logits = self._tower(joined)
        return self._criterion(logits.squeeze(1) if self._workload.logits == 1 else logits, labels)

    def _step(self, rows: Any) -> Any:
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        inputs = [self._numeric.index_select(0, rows)]
        if self._table is not None:
            inputs.insert(0, self._table(self._ids.index_select(0, rows)).flatten(1))
        loss = self._loss_of(inputs, self._labels.index_select(0, rows))
        loss.backward()
        for optimizer in self._optimizers:
            optimizer.step()
        return loss

    def losses(self, steps: int) -> list[float]:
        """Returns the loss of each of the first steps, rows in order."""
        batches = workloads.batches_in_order(self._workload, steps)
        return [float(self._step(torch.from_numpy(rows)).detach()) for rows in batches]

    def run(self, steps: int) -> float:
        """Returns the seconds of so many steps over shuffled epochs."""
        size = self._workload.batch
        started = time.perf_counter()
        for _ in itertools.repeat(None, steps):
            while len(self._order) < size:
                self._order = torch.cat([self._order, torch.randperm(self._workload.rows)])
            self._step(self._order[:size])
            self._order = self._order[size:]
        return time.perf_counter() - started


class Compiled(Eager):
    """The same with everything from the joined input to the loss, and back, compiled."""

    def _prepare(self, function: Any) -> Any:
        return torch.compile(function)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Sparse invariant checks")  # a hint, not a problem
    serving.serve({"PyTorch eager": Eager, "PyTorch compile": Compiled}, torch.__version__)
