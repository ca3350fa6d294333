"""Training: checkpoints, hooks and the loop around the C++ trainer."""

from typing import TYPE_CHECKING

from holdfast._absent import absent_attribute
from holdfast._global_step import (
    create_global_step,
    get_global_step,
    get_or_create_global_step,
)
from holdfast.train._adagrad import AdagradOptimizer
from holdfast.train._checkpoints import (
    CheckpointReader,
    CheckpointState,
    checkpoints_iterator,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    write_checkpoint,
)
from holdfast.train._gradient_descent import GradientDescentOptimizer
from holdfast.train._hooks import (
    FeedFnHook,
    FinalOpsHook,
    LoggingTensorHook,
    NanTensorHook,
    StepCounterHook,
    StopAtStepHook,
)
from holdfast.train._optimizers import Optimizer
from holdfast.train._pinning import pin_checkpoint, unpin_checkpoint
from holdfast.train._saver_hook import CheckpointSaverHook
from holdfast.train._saver_listener import CheckpointSaverListener
from holdfast.train._session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from holdfast.train._summary_hooks import SummarySaverHook
from holdfast.train._timer import SecondOrStepTimer

__all__ = [
    "AdagradOptimizer",
    "CheckpointReader",
    "CheckpointSaverHook",
    "CheckpointSaverListener",
    "CheckpointState",
    "FeedFnHook",
    "FinalOpsHook",
    "GradientDescentOptimizer",
    "LoggingTensorHook",
    "NanTensorHook",
    "Optimizer",
    "SecondOrStepTimer",
    "SessionRunArgs",
    "SessionRunContext",
    "SessionRunHook",
    "SessionRunValues",
    "StepCounterHook",
    "StopAtStepHook",
    "SummarySaverHook",
    "checkpoints_iterator",
    "create_global_step",
    "get_checkpoint_state",
    "get_global_step",
    "get_or_create_global_step",
    "latest_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_variable",
    "pin_checkpoint",
    "unpin_checkpoint",
    "write_checkpoint",
]


if not TYPE_CHECKING:  # hidden from type checkers, for which an unknown name is an error anyway

    def __getattr__(name):
        raise absent_attribute("train", name)
