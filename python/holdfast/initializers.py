"""How variables begin: TensorFlow's initializers as attributes of a variable.

Random ones draw from a stream that depends on the run's seed and the variable's name alone, so
that a model's initial values do not change when a layer is added beside them. The `seed` arguments
are kept for programs that pass them, and choose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from holdfast import dtypes

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "Initializer",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "attributes_of",
    "constant",
    "constant_initializer",
    "get",
    "glorot_normal",
    "glorot_normal_initializer",
    "glorot_uniform",
    "glorot_uniform_initializer",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "ones_initializer",
    "random_normal",
    "random_normal_initializer",
    "random_uniform",
    "random_uniform_initializer",
    "truncated_normal",
    "truncated_normal_initializer",
    "variance_scaling",
    "variance_scaling_initializer",
    "zeros",
    "zeros_initializer",
]


class Initializer:
    """What every initializer is: something a variable node is told."""

    # The name in cpp/src/ops/OPS.md.
    kind = ""

    def numbers(self) -> dict[str, float]:
        """The numbers of the attribute beside its name."""
        return {}

    def attributes(self, shape: Sequence[int], dtype: dtypes.DType) -> dict[str, Any]:
        """The attributes of a variable node that begins like this."""
        del shape, dtype
        return {"initializer": self.kind, **self.numbers()}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments that matter."""
        return dict(self.numbers())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class Zeros(Initializer):
    """All zeros."""

    kind = "zeros"

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        del dtype


class Ones(Initializer):
    """All ones."""

    kind = "ones"

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        del dtype


class Constant(Initializer):
    """A number everywhere, or an array's values.

    Args:
      value: A number, or as many values as the variable has elements, in row-major order.
      dtype: Unused: the variable's is taken.
      verify_shape: Unused: the number of values is always checked.
    """

    def __init__(
        self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False
    ) -> None:
        del dtype, verify_shape
        self.value = value

    def attributes(self, shape: Sequence[int], dtype: dtypes.DType) -> dict[str, Any]:
        """The attributes; raises ValueError if the number of values is not the shape's."""
        values = np.asarray(self.value)
        if values.ndim == 0:
            return {"initializer": "constant", "value": values.item()}
        if values.size != math.prod(shape):
            raise ValueError(
                f"initial value: expected {math.prod(shape)} values for shape {list(shape)}; "
                f"got {values.size}"
            )
        flat = values.astype(dtype.as_numpy_dtype).ravel().tolist()
        return {"initializer": "array", "values": flat}

    def get_config(self) -> dict[str, Any]:
        """The value."""
        return {"value": self.value}


class RandomUniform(Initializer):
    """Even on [minval, maxval)."""

    kind = "random_uniform"

    def __init__(
        self,
        minval: float = 0.0,
        maxval: float | None = None,
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        del seed, dtype
        self.minval = float(minval)
        self.maxval = 1.0 if maxval is None else float(maxval)

    def numbers(self) -> dict[str, float]:
        """The bounds."""
        return {"minval": self.minval, "maxval": self.maxval}


class RandomNormal(Initializer):
    """Normal, of `mean` and `stddev`."""

    kind = "random_normal"

    def __init__(
        self,
        mean: float = 0.0,
        stddev: float = 1.0,
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        del seed, dtype
        self.mean = float(mean)
        self.stddev = float(stddev)

    def numbers(self) -> dict[str, float]:
        """Mean and standard deviation."""
        return {"mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal, redrawn beyond two standard deviations."""

    kind = "truncated_normal"


class VarianceScaling(Initializer):
    """Random with variance `scale` / n, n the inputs, outputs or their mean.

    Args:
      scale: Positive.
      mode: "fan_in", "fan_out" or "fan_avg".
      distribution: "truncated_normal" (or "normal", its old name), "untruncated_normal" or
        "uniform".
      seed: Chooses nothing, see the module.
      dtype: Unused.
    """

    kind = "variance_scaling"

    # TF's name -> that of cpp/src/ops/OPS.md. TF 1.x calls the truncated one "normal".
    _DISTRIBUTIONS: Mapping[str, str] = {
        "normal": "truncated_normal",
        "truncated_normal": "truncated_normal",
        "untruncated_normal": "normal",
        "uniform": "uniform",
    }

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        del seed, dtype
        if scale <= 0.0:
            raise ValueError(f"`scale` must be positive float; got {scale!r}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Invalid `mode` argument: {mode!r}")
        if str(distribution).lower() not in self._DISTRIBUTIONS:
            raise ValueError(f"Invalid `distribution` argument: {distribution!r}")
        self.scale = float(scale)
        self.mode = mode
        self.distribution = str(distribution).lower()

    def attributes(self, shape: Sequence[int], dtype: dtypes.DType) -> dict[str, Any]:
        """The attributes of the scaled distribution."""
        return {
            "initializer": self.kind,
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self._DISTRIBUTIONS[self.distribution],
        }

    def get_config(self) -> dict[str, Any]:
        """Scale, mode and distribution."""
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}


class GlorotUniform(Initializer):
    """Even on [-limit, limit), limit = sqrt(6 / (inputs + outputs))."""

    kind = "glorot_uniform"

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        del seed, dtype


class GlorotNormal(Initializer):
    """Truncated normal of variance 2 / (inputs + outputs)."""

    kind = "glorot_normal"

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        del seed, dtype


def he_normal(seed: int | None = None) -> Initializer:
    """Truncated normal of variance 2 / inputs."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> Initializer:
    """Even on [-limit, limit), limit = sqrt(6 / inputs)."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> Initializer:
    """Truncated normal of variance 1 / inputs."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> Initializer:
    """Even on [-limit, limit), limit = sqrt(3 / inputs)."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


zeros = zeros_initializer = Zeros
ones = ones_initializer = Ones
constant = constant_initializer = Constant
random_uniform = random_uniform_initializer = RandomUniform
random_normal = random_normal_initializer = RandomNormal
truncated_normal = truncated_normal_initializer = TruncatedNormal
variance_scaling = variance_scaling_initializer = VarianceScaling
glorot_uniform = glorot_uniform_initializer = GlorotUniform
glorot_normal = glorot_normal_initializer = GlorotNormal

_BY_NAME: dict[str, Any] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "random_uniform": RandomUniform,
    "random_normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
}


def get(identifier: Any) -> Any:
    """Returns the initializer that a name, a class, an initializer or a callable means.

    Raises: ValueError for a name that is none.
    """
    if isinstance(identifier, str):
        if identifier not in _BY_NAME:
            known = ", ".join(sorted(_BY_NAME))
            raise ValueError(f"Unknown initializer: {identifier!r}; expected one of {known}")
        return _BY_NAME[identifier]()
    return identifier() if isinstance(identifier, type) else identifier


def attributes_of(initializer: Any, shape: Sequence[int], dtype: dtypes.DType) -> dict[str, Any]:
    """Returns the attributes of a variable that begins with `initializer`.

    Args:
      initializer: An Initializer, its class or name, an array or number, or a function of
        (shape, dtype) that returns an array.
      shape: The variable's.
      dtype: The variable's.

    Raises: ValueError if the values do not fit the shape; TypeError for anything else.
    """
    initializer = get(initializer)
    if isinstance(initializer, Initializer):
        return initializer.attributes(shape, dtype)
    if callable(initializer):
        initializer = initializer(list(shape), dtype=dtype)
    try:
        values = np.asarray(initializer, dtype=dtype.as_numpy_dtype)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise TypeError(
            "initializer: expected an initializer of holdfast.initializers, an array, a number or "
            f"a function of (shape, dtype) that returns an array; got {initializer!r}"
        ) from error
    if list(values.shape) != list(shape):
        raise ValueError(f"initial value: expected shape {list(shape)}; got {list(values.shape)}")
    return Constant(values).attributes(shape, dtype)
