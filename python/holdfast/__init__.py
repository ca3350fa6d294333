"""Dense networks on tabular data, trained on the CPU, never losing the training."""

from holdfast import _core

__version__ = _core.version()
