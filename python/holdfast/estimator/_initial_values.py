"""Reading the initial values that columns want from checkpoints."""

from __future__ import annotations

import logging
from typing import Any

from holdfast import _core
from holdfast._graph import Graph
from holdfast._initial_values import InitialValue, initial_values
from holdfast.train._checkpoints import open_checkpoint

_logger = logging.getLogger("holdfast")


def write_initial_values(trainer: _core.Trainer, graph: Graph) -> None:
    """Writes them over the initializers'; all, or none.

    Raises:
      ValueError: a tensor is not in its checkpoint, or of another dtype or shape.
      errors.NoCheckpointError: there is no such checkpoint.
      errors.CheckpointCorruptError: it is damaged.
    Source: tf.train.init_from_checkpoint.
    """
    wanted = initial_values(graph)
    values = [_read(trainer, item) for item in wanted]
    for item, value in zip(wanted, values, strict=True):
        trainer.write_variable(item.variable.op.name, value)
        _logger.info(
            "Initialize variable %s from checkpoint %s with %s",
            item.variable.name,
            item.checkpoint,
            item.tensor,
        )


def _read(trainer: _core.Trainer, item: InitialValue) -> Any:
    reader = open_checkpoint(item.checkpoint)
    names = [tensor.name for tensor in reader.tensors]
    if item.tensor not in names:
        raise ValueError(
            f"Tensor {item.tensor} is not found in {reader.info.path} checkpoint, from which "
            f"{item.variable.op.name} is to begin; it has: {', '.join(names)}. Correct "
            "tensor_name_in_ckpt"
        )
    value = reader.read(item.tensor)
    own = trainer.read_variable(item.variable.op.name)
    if value.shape != own.shape or value.dtype != own.dtype:
        raise ValueError(
            f"Shape of variable {item.variable.name} ({own.dtype} {list(own.shape)}) doesn't match "
            f"with shape of tensor {item.tensor} ({value.dtype} {list(value.shape)}) from "
            f"checkpoint reader {reader.info.path}. Give the column the checkpoint's num_buckets "
            "and dimension, or leave ckpt_to_load_from out"
        )
    return value
