"""Datasets of CSV files. Source: tf.data.experimental."""

from holdfast.data._csv_dataset import CsvDataset, make_csv_dataset
from holdfast.data._dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "CsvDataset",
    "make_csv_dataset",
]
