"""Names of TensorFlow 1.x that holdfast does not have, and what to use instead.

Asking for one is an AttributeError, so that hasattr() answers truly; its text names what there is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class _Family:
    """Names of one module that share an answer.

    Attributes:
      names: The absent ones.
      instead: Names of the same module that serve; may be empty.
      advice: What to do.
    """

    names: tuple[str, ...]
    instead: tuple[str, ...]
    advice: str


_FAMILIES: dict[str, tuple[_Family, ...]] = {
    "train": (
        _Family(
            (
                "AdadeltaOptimizer",
                "AdagradDAOptimizer",
                "AdamOptimizer",
                "FtrlOptimizer",
                "MomentumOptimizer",
                "ProximalAdagradOptimizer",
                "ProximalGradientDescentOptimizer",
                "RMSPropOptimizer",
                "SyncReplicasOptimizer",
            ),
            ("AdagradOptimizer", "GradientDescentOptimizer"),
            "the optimizers there are",
        ),
        _Family(
            ("MonitoredSession", "MonitoredTrainingSession", "Saver", "Scaffold", "Supervisor"),
            ("CheckpointSaverHook", "load_checkpoint", "write_checkpoint"),
            "an Estimator runs and saves; checkpoints of one's own are made and read with",
        ),
    ),
    "estimator": (
        _Family(
            (
                "BaselineClassifier",
                "BaselineRegressor",
                "BoostedTreesClassifier",
                "BoostedTreesRegressor",
                "DNNEstimator",
                "DNNLinearCombinedClassifier",
                "DNNLinearCombinedRegressor",
                "DNNRegressor",
                "LinearClassifier",
                "LinearEstimator",
                "LinearRegressor",
            ),
            ("DNNClassifier", "Estimator"),
            "the estimators there are (Estimator takes any model_fn)",
        ),
        _Family(
            ("EvalSpec", "TrainSpec", "train_and_evaluate"),
            ("Estimator",),
            "call train and evaluate in turn; each starts from the newest checkpoint of the",
        ),
        _Family(
            ("BestExporter", "FinalExporter", "LatestExporter"),
            ("Estimator",),
            "call export_saved_model when you want an export, with",
        ),
    ),
    "layers": (
        _Family(
            ("BatchNormalization", "batch_normalization"),
            (),
            "scale the features with normalizer_fn of feature_column.numeric_column",
        ),
        _Family(
            (
                "AveragePooling2D",
                "Conv1D",
                "Conv2D",
                "Conv3D",
                "MaxPooling2D",
                "average_pooling2d",
                "conv1d",
                "conv2d",
                "conv2d_transpose",
                "conv3d",
                "max_pooling1d",
                "max_pooling2d",
                "separable_conv2d",
            ),
            ("dense", "flatten"),
            "holdfast trains dense networks on tables, with",
        ),
    ),
}


def absent_attribute(module: str, name: str) -> AttributeError:
    """Returns the error for a name that holdfast.<module> does not have, to be raised."""
    for family in _FAMILIES.get(module, ()):
        if name in family.names:
            instead = ", ".join(f"{module}.{other}" for other in family.instead)
            advice = f"{family.advice} {instead}".rstrip()
            return AttributeError(f"holdfast does not have {module}.{name} yet: {advice}")
    return AttributeError(f"module 'holdfast.{module}' has no attribute {name!r}")


def absent_names(module: str) -> dict[str, tuple[str, ...]]:
    """Returns every name that holdfast.<module> answers with advice, and what the advice names."""
    return {name: f.instead for f in _FAMILIES.get(module, ()) for name in f.names}
