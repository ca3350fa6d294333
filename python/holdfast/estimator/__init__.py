"""Estimators: models that train, evaluate and predict, and keep what they learn in a directory."""

from typing import TYPE_CHECKING

from holdfast import inputs
from holdfast._absent import absent_attribute
from holdfast.errors import NanLossDuringTrainingError
from holdfast.estimator import export
from holdfast.estimator._dnn import DNNClassifier
from holdfast.estimator._estimator import Estimator
from holdfast.estimator._run_config import RunConfig
from holdfast.estimator._specs import EstimatorSpec, ModeKeys
from holdfast.estimator._warm_start import WarmStartSettings
from holdfast.train import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    FeedFnHook,
    FinalOpsHook,
    LoggingTensorHook,
    NanTensorHook,
    SecondOrStepTimer,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
    StopAtStepHook,
    SummarySaverHook,
)

__all__ = [
    "CheckpointSaverHook",
    "CheckpointSaverListener",
    "DNNClassifier",
    "Estimator",
    "EstimatorSpec",
    "FeedFnHook",
    "FinalOpsHook",
    "LoggingTensorHook",
    "ModeKeys",
    "NanLossDuringTrainingError",
    "NanTensorHook",
    "RunConfig",
    "SecondOrStepTimer",
    "SessionRunArgs",
    "SessionRunContext",
    "SessionRunHook",
    "SessionRunValues",
    "StepCounterHook",
    "StopAtStepHook",
    "SummarySaverHook",
    "WarmStartSettings",
    "export",
    "inputs",
]


if not TYPE_CHECKING:  # hidden from type checkers, for which an unknown name is an error anyway

    def __getattr__(name):
        raise absent_attribute("estimator", name)
