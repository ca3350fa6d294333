"""Estimators that tests export, and examples to send to them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import holdfast as hf
from holdfast import saved_model
from holdfast._tensor import Tensor

KEYS = ("PetalLength", "PetalWidth", "SepalLength", "SepalWidth")


def config() -> Any:
    """Without syncs: these tests are about values."""
    return hf.estimator.RunConfig(
        tf_random_seed=5, durability="process", log_step_count_steps=None, save_summary_steps=None
    )


def iris_features(rows: int = 40) -> dict[str, Any]:
    """Float columns [rows]."""
    values = np.random.default_rng(3).normal(size=(4, rows)).astype(np.float32)
    return {key: values[i] for i, key in enumerate(KEYS)}


def trained_classifier(model_dir: Path, n_classes: int = 3, names: Any = None) -> Any:
    """A DNNClassifier after a few steps."""
    features = iris_features()
    ids = np.arange(40) % n_classes
    labels = np.array(names)[ids] if names else ids
    estimator = hf.estimator.DNNClassifier(
        hidden_units=[8, 6],
        feature_columns=[hf.feature_column.numeric_column(key) for key in KEYS],
        n_classes=n_classes,
        label_vocabulary=names,
        model_dir=str(model_dir),
        config=config(),
    )
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices((features, labels)).repeat().batch(8), steps=5
    )
    return estimator


def predicted(estimator: Any, features: Mapping[str, Any], batch: int) -> dict[str, Any]:
    """What Estimator.predict says of all rows, put together from batches."""
    batches = list(
        estimator.predict(
            lambda: hf.data.Dataset.from_tensor_slices(dict(features)).batch(batch),
            yield_single_examples=False,
        )
    )
    return {key: np.concatenate([b[key] for b in batches]) for key in batches[0]}


def raw(features: Mapping[str, Any]) -> Callable[[], Any]:
    """A receiver of the features as they are."""
    return hf.estimator.export.build_raw_serving_input_receiver_fn(features)


def exported(estimator: Any, folder: Path, receiver: Callable[[], Any]) -> Any:
    """The model, exported and loaded."""
    return saved_model.load(estimator.export_saved_model(folder, receiver))


def untrained(
    build: Callable[[dict[str, Tensor]], Any], features: Mapping[str, Any], model_dir: Path
) -> Any:
    """An Estimator of any graph, at its initial values: one step that changes nothing is saved."""

    def model_fn(features: Any, labels: Any, mode: str) -> Any:
        predictions = build(features)
        if mode == hf.estimator.ModeKeys.PREDICT:
            return hf.estimator.EstimatorSpec(mode, predictions=predictions)
        step = hf.assign_add(hf.train.get_global_step(), np.int64(1))
        return hf.estimator.EstimatorSpec(mode, loss=hf.constant(1.0), train_op=step)

    estimator = hf.estimator.Estimator(model_fn, model_dir=str(model_dir), config=config())
    first = {key: value[:1] for key, value in features.items()}
    estimator.train(lambda: hf.data.Dataset.from_tensor_slices(first).batch(1), steps=1)
    return estimator


def same(a: Any, b: Any) -> bool:
    """Equal bit for bit, dtype and shape included."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype == object:
        return bool((a == b).all())
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


# tf.train.Example by hand, as https://protobuf.dev/programming-guides/encoding/ says.


def varint(value: int) -> bytes:
    """An unsigned number; negative ones as 64 bits."""
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def feature(values: Any, packed: bool = True) -> bytes:
    """A Feature of bytes, floats or ints, told by the first value; b"" has no list."""
    if isinstance(values[0], bytes):
        return field(1, b"".join(field(1, v) for v in values))
    if isinstance(values[0], float):
        if packed:
            return field(2, field(1, struct.pack(f"<{len(values)}f", *values)))
        return field(2, b"".join(varint(1 << 3 | 5) + struct.pack("<f", v) for v in values))
    if packed:
        return field(3, field(1, b"".join(varint(v) for v in values)))
    return field(3, b"".join(varint(1 << 3) + varint(v) for v in values))


def example(features: Mapping[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    """An Example of encoded Features."""
    pairs = features.items() if isinstance(features, Mapping) else features
    entries = b"".join(field(1, field(1, k.encode()) + field(2, v)) for k, v in pairs)
    return field(1, entries)
