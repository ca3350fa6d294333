"""Estimators: models that train, evaluate and predict, and keep what they learn in a directory."""

from holdfast.estimator._run_config import RunConfig

__all__ = ["RunConfig"]
