"""CSV columns as programs describe them: a default for each, or a dtype without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast import dtypes
from holdfast._plain_values import as_array
from holdfast._tensor import Tensor, TensorLike, apply, convert_to_tensor

COLUMN_DTYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)


@dataclass(frozen=True)
class CsvColumn:
    """One column of a CSV file.

    Attributes:
      dtype: Of its values.
      default: For empty fields; None: a field must not be empty.
      name: For messages; "" where there is no header.
    """

    dtype: dtypes.DType
    default: int | float | bytes | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class CsvFormat:
    """How records are written. See `io.decode_csv` for each field."""

    field_delim: str = ","
    use_quote_delim: bool = True
    na_value: str = ""
    select_cols: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        delimiter = self.field_delim
        if not isinstance(delimiter, str) or len(delimiter.encode()) != 1 or delimiter in '"\r\n':
            raise ValueError(
                "field_delim: expected one character that is no quote and no line break; "
                f"got {delimiter!r}"
            )
        numbers = self.select_cols
        if numbers is not None and (
            list(numbers) != sorted(set(numbers)) or (numbers and numbers[0] < 0)
        ):
            raise ValueError(
                "select_cols: expected numbers of at least 0 in ascending order, each once; "
                f"got {list(numbers)}"
            )


def columns_of(record_defaults: Sequence[Any]) -> list[CsvColumn]:
    """Returns the columns that `record_defaults` describes.

    Raises:
      ValueError: there is none, or one has several defaults.
      TypeError: a default is of a dtype that no column has.
    """
    if isinstance(record_defaults, (str, bytes)) or not isinstance(record_defaults, Sequence):
        raise TypeError(f"record_defaults: expected a list; got {record_defaults!r}")
    if not record_defaults:
        raise ValueError("record_defaults: expected an entry for each column; got none")
    return [_column(entry, f"record_defaults[{i}]") for i, entry in enumerate(record_defaults)]


def _column(entry: Any, place: str) -> CsvColumn:
    if isinstance(entry, Tensor):
        entry = _constant(entry, place)
    if isinstance(entry, (dtypes.DType, type)):
        return CsvColumn(_checked(dtypes.as_dtype(entry), place))
    values = as_array(entry)
    dtype = _checked(dtypes.as_dtype(values.dtype), place)
    if values.size > 1:
        raise ValueError(f"{place}: expected one default, or [] for none; got {entry!r}")
    return CsvColumn(dtype, values.ravel().tolist()[0] if values.size else None)


def _checked(dtype: dtypes.DType, place: str) -> dtypes.DType:
    if dtype in COLUMN_DTYPES:
        return dtype
    names = ", ".join(d.name for d in COLUMN_DTYPES)
    raise TypeError(f"{place}: expected a default of {names}; got one of {dtype.name}")


def _constant(tensor: Tensor, place: str) -> Any:
    core = tensor.graph.core
    if core.op(tensor.node) != "constant":
        raise ValueError(f"{place}: expected a constant; got {tensor!r}, known only when running")
    values = core.attributes(tensor.node)["values"]
    return as_array(list(values), tensor.dtype) if values else tensor.dtype


def decode(
    records: TensorLike, columns: Sequence[CsvColumn], form: CsvFormat, name: str | None
) -> list[Tensor]:
    """Adds what reads the columns of CSV records; returns a tensor for each.

    Raises: ValueError if `records` is no text, or defaults and selected columns differ in number.
    """
    records = convert_to_tensor(records, preferred_dtype=dtypes.string)
    select = form.select_cols
    if select is not None and len(select) != len(columns):
        raise ValueError(
            "select_cols and record_defaults: expected one default for each selected column; "
            f"got {len(select)} columns and {len(columns)} defaults"
        )
    split: dict[str, Any] = {
        "fields": len(columns),
        "delimiter": form.field_delim,
        "quotes": bool(form.use_quote_delim),
    }
    if select is not None:
        split["select"] = list(select)
    fields = apply("split_csv", [records], split, name or "DecodeCSV")
    return [
        apply("csv_column", [fields, records], _attributes(i, column, form), name or "DecodeCSV")
        for i, column in enumerate(columns)
    ]


def _attributes(number: int, column: CsvColumn, form: CsvFormat) -> dict[str, Any]:
    field = number if form.select_cols is None else form.select_cols[number]
    attributes: dict[str, Any] = {
        "column": number,
        "dtype": column.dtype.name,
        "what": f'Column "{column.name}"' if column.name else f"Field {field}",
        "na_value": form.na_value,
    }
    if column.default is not None:
        attributes["default"] = column.default
    return attributes
