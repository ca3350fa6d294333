"""Exported models: directories that predict without the code that made them.

`Estimator.export_saved_model` writes one; `load` reads it here, `holdfast::Model` in C++.
"""

from holdfast.saved_model import signature_constants
from holdfast.saved_model._export import SignatureDef, write
from holdfast.saved_model._load import SavedModel, load
from holdfast.saved_model.signature_constants import DEFAULT_SERVING_SIGNATURE_DEF_KEY

__all__ = [
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY",
    "SavedModel",
    "SignatureDef",
    "load",
    "signature_constants",
    "write",
]
