"""Activations, softmax, cross-entropies and dropout, computed at once on arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest

import holdfast as tf
from holdfast import _core, errors

# Twice the distance of float32 numbers near 1, and room for the polynomials of exp and log.
RTOL = 1e-6

X = [-3.0, -0.5, 0.0, 0.5, 7.0]


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("relu", lambda x: max(x, 0.0)),
        ("relu6", lambda x: min(max(x, 0.0), 6.0)),
        ("leaky_relu", lambda x: x if x > 0 else 0.2 * x),
        ("elu", lambda x: x if x > 0 else math.expm1(x)),
        ("selu", lambda x: 1.05070098 * (x if x > 0 else 1.67326324 * math.expm1(x))),
        ("tanh", math.tanh),
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
        ("softplus", lambda x: math.log1p(math.exp(x))),
        ("softsign", lambda x: x / (1 + abs(x))),
        ("swish", lambda x: x / (1 + math.exp(-x))),
    ],
)
def test_activation_is_its_formula(name: str, formula: object) -> None:
    got = getattr(tf.nn, name)(X)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, [formula(x) for x in X], rtol=3e-6, atol=1e-6)  # type: ignore[operator]


def test_leaky_relu_takes_its_slope() -> None:
    assert tf.nn.leaky_relu([-2.0], alpha=0.5).tolist() == [-1.0]


def test_softmax_of_hand_made_logits() -> None:
    # exp(0), exp(ln 3): 1 / (1 + 3) and 3 / (1 + 3)
    logits = [[0.0, math.log(3.0)]]
    np.testing.assert_allclose(tf.nn.softmax(logits), [[0.25, 0.75]], rtol=RTOL)
    np.testing.assert_allclose(
        tf.nn.log_softmax(logits), [[math.log(0.25), math.log(0.75)]], rtol=RTOL
    )


def test_sparse_cross_entropy_of_hand_made_logits() -> None:
    # -ln(3 / 4) for class 1, -ln(1 / 4) for class 0
    logits = [[0.0, math.log(3.0)], [0.0, math.log(3.0)]]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=logits)
    np.testing.assert_allclose(losses, [math.log(4 / 3), math.log(4)], rtol=RTOL)


def test_sparse_cross_entropy_names_the_label_out_of_range() -> None:
    with pytest.raises(errors.InvalidArgumentError, match="7"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 7], logits=[[0.0, 1.0]] * 2)


def test_cross_entropy_with_probabilities() -> None:
    # -(0.5 ln(1/4) + 0.5 ln(3/4)) = (ln 4 + ln(4/3)) / 2
    losses = tf.nn.softmax_cross_entropy_with_logits(
        labels=[[0.5, 0.5]], logits=[[0.0, math.log(3.0)]]
    )
    np.testing.assert_allclose(losses, [(math.log(4) + math.log(4 / 3)) / 2], rtol=RTOL)


def test_sigmoid_cross_entropy_is_symmetric_and_does_not_overflow() -> None:
    losses = tf.nn.sigmoid_cross_entropy_with_logits(
        labels=[1.0, 0.0, 0.0], logits=[0.0, 0.0, 100.0]
    )
    # ln 2, ln 2, and 100 + ln(1 + exp(-100)) = 100
    np.testing.assert_allclose(losses, [math.log(2), math.log(2), 100.0], rtol=RTOL)


def test_losses_refuse_positional_and_missing_arguments() -> None:
    with pytest.raises(ValueError, match=r"Only call .* with named arguments"):
        tf.nn.sparse_softmax_cross_entropy_with_logits([0], [[1.0]])
    with pytest.raises(ValueError, match="Both labels and logits must be provided"):
        tf.nn.sigmoid_cross_entropy_with_logits(logits=[1.0])
    with pytest.raises(ValueError, match=r"Rank mismatch.*received 2.*received 2"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[0]], logits=[[1.0, 2.0]])
    with pytest.raises(ValueError, match="must have the same shape"):
        tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[1.0, 2.0])


def test_dropout_keeps_the_mean_and_its_mask_has_a_name() -> None:
    with tf.Graph().as_default() as graph:
        ones = tf.ones([4000])
        dropped = tf.nn.dropout(ones, rate=0.25)
        kept = tf.nn.dropout(ones, keep_prob=1.0)
    first, same = (
        _core.Trainer(graph.core, 3).run(1, [], [dropped.node, kept.node]).fetched for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], same[0])
    np.testing.assert_array_equal(first[1], np.ones(4000))
    assert set(np.unique(first[0])) == {np.float32(0), np.float32(1 / 0.75)}
    # 4000 draws of 3/4: the deviation of the share is sqrt(3/16 / 4000) = 0.0068
    assert abs(np.count_nonzero(first[0]) / 4000 - 0.75) < 5 * 0.0068


def test_dropout_refuses_other_shares() -> None:
    with pytest.raises(ValueError, match="expected one of `rate` and `keep_prob`"):
        tf.nn.dropout([1.0])
    with pytest.raises(ValueError, match=r"range \[0, 1\), got 1\.5"):
        tf.nn.dropout([1.0], rate=1.5)


def test_zero_fraction() -> None:
    assert tf.nn.zero_fraction([0.0, -0.0, 3.0, float("nan")]).item() == 0.5  # 2 of 4
    assert tf.nn.zero_fraction(tf.constant([0, 1, 2, 4])).item() == 0.25
    assert np.isnan(tf.nn.zero_fraction(tf.constant([], tf.float32)).item())


def test_l2_loss_and_bias_add() -> None:
    assert tf.nn.l2_loss([3.0, 4.0]).item() == 12.5  # (9 + 16) / 2
    assert tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]).tolist() == [[11.0, 22.0]]
