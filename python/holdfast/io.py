"""Text and messages as values: CSV, tf.train.Example.

Source: tf.io of TensorFlow 1.x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from holdfast import _csv
from holdfast._examples import FixedLenFeature, VarLenFeature, parse_example
from holdfast._tensor import Tensor, TensorLike

__all__ = ["FixedLenFeature", "VarLenFeature", "decode_csv", "parse_example"]


def decode_csv(
    records: TensorLike,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> list[Tensor]:
    """Returns the columns of CSV records.

    Args:
      records: One line, or a vector of lines, without their line breaks.
      record_defaults: An entry for each column that is read, which tells its dtype: `[0]`, `[0.0]`,
        `[""]`, an array or constant of one value, or such a value itself. An empty field takes
        that value. An empty array, or a dtype, says that a field must not be empty.
      field_delim: One character between fields.
      use_quote_delim: Whether a field that begins with a quote ends with one, and may hold
        delimiters, line breaks, and quotes as two quotes. False: quotes are ordinary characters.
      name: Of the operation.
      na_value: Another text that stands for an empty field.
      select_cols: The numbers of the columns to read, ascending; None: all, and then every record
        must have as many fields as `record_defaults` has entries.

    Returns: A tensor for each column, of the shape of `records`. Blanks around numbers are allowed;
      text keeps them.

    Raises:
      errors.InvalidArgumentError: when running, for a record with another number of fields, wrong
        quotes, a missing required field, or text that is no number of its column.
      ValueError: defaults and select_cols do not fit together.
      TypeError: a default is of a dtype that no column has.
    Source: tf.io.decode_csv; split_csv and csv_column of cpp/src/ops/decode_csv.cpp.
    """
    form = _csv.CsvFormat(
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=None if select_cols is None else tuple(int(c) for c in select_cols),
    )
    return _csv.decode(records, _csv.columns_of(record_defaults), form, name)
