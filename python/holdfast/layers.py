"""Layers: functions and objects that make their variables.

Source: tf.layers of TensorFlow 1.x.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdfast import dtypes, errors, initializers, nn
from holdfast._absent import absent_attribute
from holdfast._graph import GraphKeys
from holdfast._scope import variable_scope
from holdfast._tensor import Tensor, TensorLike, convert_to_tensor
from holdfast._tensor import apply as _apply
from holdfast._variables import Variable, get_variable

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]


class Dense:
    """activation(inputs times kernel + bias).

    Args:
      units: Size of the result's last axis.
      activation: A function of a tensor; None for none.
      use_bias: Whether to add a bias.
      kernel_initializer: None means glorot_uniform, or the variable scope's.
      bias_initializer: Zeros by default.
      kernel_regularizer: A function of the kernel whose result joins the regularization losses.
      bias_regularizer: The same of the bias.
      activity_regularizer: The same of the result.
      kernel_constraint: Refused unless None.
      bias_constraint: Refused unless None.
      trainable: Whether optimizers change its variables.
      name: Of its variable scope; None takes "dense", "dense_1", ...

    Attributes:
      kernel: [inputs, units], once it was called.
      bias: [units], or None.
    """

    def __init__(
        self,
        units: int,
        activation: Callable[[Tensor], Tensor] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = initializers.Zeros,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        *,
        _reuse: Any = None,
    ) -> None:
        if kernel_constraint is not None or bias_constraint is not None:
            raise errors.UnimplementedError(None, None, "dense: constraints are not supported")
        self.units = int(units)
        if self.units < 1:
            raise ValueError(f"dense: expected a positive number of units; got {units}")
        self.activation = activation
        self.use_bias = use_bias
        self.kernel: Variable | None = None
        self.bias: Variable | None = None
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer
        self._kernel_regularizer = kernel_regularizer
        self._bias_regularizer = bias_regularizer
        self._activity_regularizer = activity_regularizer
        self._trainable = trainable
        self._name = name
        self._reuse = _reuse
        self._scope: Any = None

    @property
    def name(self) -> str | None:
        """The name given, or chosen when it was first called."""
        return self._name

    @property
    def trainable_variables(self) -> list[Variable]:
        """Kernel and bias, as far as optimizers change them."""
        return self.variables if self._trainable else []

    @property
    def variables(self) -> list[Variable]:
        """Kernel and bias."""
        return [v for v in (self.kernel, self.bias) if v is not None]

    weights = variables
    trainable_weights = trainable_variables

    def __call__(self, inputs: TensorLike) -> Tensor:
        """Returns the layer's result.

        Args:
          inputs: float32 [..., size], the size known.

        Raises: ValueError if the size is not known or not that of the first call.
        """
        scope = self._scope if self._scope is not None else self._name
        again = True if self.kernel is not None else self._reuse
        with variable_scope(scope, default_name="dense", reuse=again) as entered:
            self._scope = entered
            self._name = self._name or entered.name.rpartition("/")[2]
            return self._call(convert_to_tensor(inputs, preferred_dtype=dtypes.float32))

    apply = __call__

    def _call(self, inputs: Tensor) -> Tensor:
        rank = len(inputs.shape)
        size = inputs.shape[-1] if rank > 0 else None
        if rank < 2 or size is None:
            raise ValueError(
                "dense: expected inputs of at least two dimensions, the last of a known size; got "
                f"shape {inputs.shape}. Use tf.expand_dims or tf.reshape"
            )
        if self.kernel is None:
            self._build(int(size))
        kernel, bias = self.kernel, self.bias
        rows = inputs if rank == 2 else _apply("reshape", [inputs], {"shape": [-1, int(size)]})
        operands = [rows, kernel] if bias is None else [rows, kernel, bias]
        outputs = _apply("dense", operands, name="MatMul" if bias is None else "BiasAdd")
        if rank > 2:
            outputs = _apply(
                "reshape", [outputs], {"shape": self._shape_above(inputs)}, "Tensordot"
            )
        if self.activation is not None:
            outputs = self.activation(outputs)
        self._collect_penalty(self._activity_regularizer, outputs)
        return outputs

    def _shape_above(self, inputs: Tensor) -> list[int]:
        sizes = [-1 if s is None else int(s) for s in inputs.shape[:-1]]
        if sizes.count(-1) > 1:
            raise ValueError(
                f"dense: expected one unknown size at the most; got shape {inputs.shape}"
            )
        return [*sizes, self.units]

    def _build(self, size: int) -> None:
        self.kernel = get_variable(
            "kernel",
            [size, self.units],
            initializer=self._kernel_initializer,
            trainable=self._trainable,
        )
        self._collect_penalty(self._kernel_regularizer, self.kernel)
        if self.use_bias:
            self.bias = get_variable(
                "bias",
                [self.units],
                initializer=self._bias_initializer,
                trainable=self._trainable,
            )
            self._collect_penalty(self._bias_regularizer, self.bias)

    def _collect_penalty(self, regularizer: Any, value: Tensor) -> None:
        if regularizer is not None:
            penalty = regularizer(value)
            if penalty is not None:
                value.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, penalty)


def dense(
    inputs: TensorLike,
    units: int,
    activation: Callable[[Tensor], Tensor] | None = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = initializers.Zeros,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
) -> Tensor:
    """Returns activation(inputs times kernel + bias), with new variables; see Dense.

    Args:
      inputs: float32 [..., size], the size known.
      units: Size of the result's last axis.
      activation: A function of a tensor; None for none.
      use_bias: Whether to add a bias.
      kernel_initializer: None means glorot_uniform, or the variable scope's.
      bias_initializer: Zeros by default.
      kernel_regularizer: See Dense.
      bias_regularizer: See Dense.
      activity_regularizer: See Dense.
      kernel_constraint: Refused unless None.
      bias_constraint: Refused unless None.
      trainable: Whether optimizers change the variables.
      name: Of the variable scope; None takes "dense", "dense_1", ...
      reuse: Whether to find the variables of an earlier call of this name.
    """
    layer = Dense(
        units,
        activation,
        use_bias,
        kernel_initializer,
        bias_initializer,
        kernel_regularizer,
        bias_regularizer,
        activity_regularizer,
        kernel_constraint,
        bias_constraint,
        trainable,
        name,
        _reuse=reuse,
    )
    return layer(inputs)


class Dropout:
    """Sets a share of the elements to 0 while training; see `nn.dropout`."""

    def __init__(
        self,
        rate: float = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        if not 0.0 <= float(rate) < 1.0:
            raise ValueError(f"dropout: expected a rate in the range [0, 1); got {rate}")
        self.rate = float(rate)
        self._noise_shape = noise_shape
        self._seed = seed
        self.name = name

    def __call__(self, inputs: TensorLike, training: bool = False) -> Tensor:
        """Returns inputs with elements dropped if `training`, else as they are.

        Raises: TypeError for a symbolic `training`: a model_fn knows its mode.
        """
        if isinstance(training, Tensor):
            raise TypeError(
                f"dropout: expected a bool for training; got {training!r}. Use "
                "training=(mode == ModeKeys.TRAIN)"
            )
        if not training:
            return _apply("identity", [inputs], name=self.name or "dropout/Identity")
        return nn.dropout(
            inputs,
            noise_shape=self._noise_shape,
            seed=self._seed,
            name=self.name,
            rate=self.rate,
        )

    apply = __call__


def dropout(
    inputs: TensorLike,
    rate: float = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns inputs with a share of the elements set to 0 if `training`; see `nn.dropout`."""
    return Dropout(rate, noise_shape, seed, name)(inputs, training)


class Flatten:
    """[batch, ...] becomes [batch, product of the other sizes]."""

    def __init__(self, name: str | None = None, data_format: str = "channels_last") -> None:
        if data_format != "channels_last":
            raise errors.UnimplementedError(None, None, "flatten: expected channels_last")
        self.name = name

    def __call__(self, inputs: TensorLike) -> Tensor:
        """Returns the flattened inputs. Raises: ValueError if more than the batch is unknown."""
        inputs = convert_to_tensor(inputs)
        sizes = [None if s is None else int(s) for s in dtypes.TensorShape(inputs.shape)[1:]]
        known = [s for s in sizes if s is not None]
        if len(known) != len(sizes):
            raise ValueError(f"flatten: expected known sizes; got shape {inputs.shape}")
        title = self.name or "flatten/Reshape"
        return _apply("reshape", [inputs], {"shape": [-1, math.prod(known)]}, title)

    apply = __call__


def flatten(
    inputs: TensorLike, name: str | None = None, data_format: str = "channels_last"
) -> Tensor:
    """Returns [batch, ...] as [batch, product of the other sizes]."""
    return Flatten(name, data_format)(inputs)


if not TYPE_CHECKING:  # hidden from type checkers, for which an unknown name is an error anyway

    def __getattr__(name):
        raise absent_attribute("layers", name)
