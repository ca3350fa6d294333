"""`CsvDataset` and `make_csv_dataset`: records of CSV files as columns."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from holdfast import _core, _csv, dtypes
from holdfast._csv import CsvColumn, CsvFormat
from holdfast.data import _map
from holdfast.data._dataset import Dataset
from holdfast.data._files import file_names, matching_files, refuse_compression


class CsvDataset(Dataset):
    """The records of CSV files, each a tuple with a value for every column.

    Blank lines are no records. The files are read here and stay in memory.

    Args:
      filenames: A name or several.
      record_defaults: As in `io.decode_csv`.
      compression_type: Must be None or "".
      buffer_size: Ignored.
      header: Whether the first record of each file is left out.
      field_delim: As in `io.decode_csv`, and so are the arguments that follow.
      use_quote_delim: False: a record then ends at every line break, too.
      na_value: Another text that stands for an empty field.
      select_cols: The numbers of the columns to read, ascending; None: all.
      exclude_cols: Must be None: name those to read.

    Raises:
      errors.NotFoundError and others: as TextLineDataset.
      errors.InvalidArgumentError: while reading, as `io.decode_csv`.
    Source: tf.data.experimental.CsvDataset.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Sequence[Any],
        compression_type: str | None = None,
        buffer_size: int | None = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Sequence[int] | None = None,
        exclude_cols: Sequence[int] | None = None,
    ) -> None:
        del buffer_size
        refuse_compression(compression_type, "CsvDataset")
        if exclude_cols is not None:
            raise ValueError("CsvDataset: exclude_cols: expected None; give select_cols instead")
        form = CsvFormat(
            field_delim=field_delim,
            use_quote_delim=use_quote_delim,
            na_value=na_value,
            select_cols=None if select_cols is None else tuple(int(c) for c in select_cols),
        )
        columns = _csv.columns_of(record_defaults)
        records = _records(_read(file_names(filenames, "CsvDataset"), form, header))
        core, structure = _map.apply(
            records, lambda line: tuple(_csv.decode(line, columns, form, None))
        )
        super().__init__(core, structure)


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[int | str] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: str | None = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Dataset:
    """Returns batches of the columns of CSV files, by name.

    Args:
      file_pattern: A name or several, which may be patterns of the shell. Files are read in the
        order of their names.
      batch_size: Records of a batch.
      column_names: Of all columns; None: from the header.
      column_defaults: For each column that is read: a dtype (a field must not be empty) or a
        default. None: dtypes are inferred, the narrowest of int32, int64, float32, float64 and
        string; empty fields are then 0 or "".
      label_name: The column that becomes the second member of the element; None: there is none.
      select_columns: Names or numbers of the columns to read; None: all.
      field_delim: One character between fields.
      use_quote_delim: Whether fields may stand between quotes.
      na_value: Another text that stands for an empty field.
      header: Whether the first record of each file holds names.
      num_epochs: Passes over the data; None: without end, and then every batch is full.
      shuffle: Whether the records are shuffled.
      shuffle_buffer_size: Records that are shuffled among each other.
      shuffle_seed: Of the order; None as in `Dataset.shuffle`.
      prefetch_buffer_size: Ignored.
      num_parallel_reads: Ignored.
      sloppy: Ignored.
      num_rows_for_inference: Records that tell the dtypes; None: all.
      compression_type: Must be None or "".
      ignore_errors: Must be False.
      encoding: Must be "utf-8".

    Returns: a dataset of OrderedDicts of columns in the order of the file, or of pairs of such a
      dict and the label.

    Raises:
      ValueError: nothing matches, a column or label is unknown, or names and defaults do not fit.
      errors.InvalidArgumentError: the records differ in their number of fields, files in their
        headers; while reading, as `io.decode_csv`.
    Source: tf.data.experimental.make_csv_dataset.
    """
    del prefetch_buffer_size, num_parallel_reads, sloppy
    caller = "make_csv_dataset"
    refuse_compression(compression_type, caller)
    if ignore_errors:
        raise ValueError(f"{caller}: ignore_errors: expected False; correct the records instead")
    if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise ValueError(f"{caller}: encoding: expected 'utf-8'; got {encoding!r}")
    paths = matching_files(file_pattern, caller)
    plain = CsvFormat(field_delim=field_delim, use_quote_delim=use_quote_delim, na_value=na_value)
    files = _read(paths, plain, header)
    names = _column_names(files, column_names, os.fsdecode(paths[0]))
    selected = _selected(names, select_columns)
    columns = _columns(files, names, selected, column_defaults, plain, num_rows_for_inference)
    by_name = [column.name for column in columns]
    if label_name is not None and label_name not in by_name:
        raise ValueError(
            f"make_csv_dataset: `label_name` provided must be one of the columns: {by_name}; "
            f"got {label_name!r}"
        )
    form = CsvFormat(
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=None if select_columns is None else tuple(selected),
    )

    def named(line: Any) -> Any:
        values = _csv.decode(line, columns, form, None)
        features = OrderedDict(zip(by_name, values, strict=True))
        return features if label_name is None else (features, features.pop(label_name))

    dataset = Dataset(*_map.apply(_records(files), named))
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    return dataset.repeat(num_epochs).batch(batch_size, drop_remainder=num_epochs is None)


def _read(paths: Sequence[bytes], form: CsvFormat, header: bool) -> _core.TextFiles:
    return _core.TextFiles(
        paths, csv=True, delimiter=form.field_delim, quotes=form.use_quote_delim, header=header
    )


def _records(files: _core.TextFiles) -> Dataset:
    return Dataset(_core.Dataset.from_text(files), None)


def _column_names(
    files: _core.TextFiles, given: Sequence[str] | None, first_file: str
) -> list[str]:
    names = (
        [name.decode(errors="backslashreplace") for name in files.header()]
        if given is None
        else list(given)
    )
    if not names:
        raise ValueError(
            f"make_csv_dataset: expected names of the columns; got no header in {first_file!r}. "
            "Give column_names, and header=False where the files have none"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"make_csv_dataset: Cannot have duplicate column names: {twice}. Give column_names"
        )
    return names


def _selected(names: list[str], wanted: Sequence[int | str] | None) -> list[int]:
    if wanted is None:
        return list(range(len(names)))
    numbers = []
    for column in wanted:
        if isinstance(column, str) and column in names:
            numbers.append(names.index(column))
        elif not isinstance(column, str) and 0 <= int(column) < len(names):
            numbers.append(int(column))
        else:
            raise ValueError(
                f"make_csv_dataset: select_columns: expected names or numbers of {names}; "
                f"got {column!r}"
            )
    if not numbers or len(set(numbers)) != len(numbers):
        raise ValueError(
            "make_csv_dataset: select_columns: expected at least one column, each once; "
            f"got {list(wanted)}"
        )
    return sorted(numbers)


def _columns(
    files: _core.TextFiles,
    names: list[str],
    selected: list[int],
    defaults: Sequence[Any] | None,
    form: CsvFormat,
    rows: int | None,
) -> list[CsvColumn]:
    if defaults is None:
        inferred = files.infer_types(
            len(names), -1 if rows is None else rows, form.na_value.encode()
        )
        kinds = [dtypes.as_dtype(inferred[i]) for i in selected]
        given = [CsvColumn(kind, b"" if kind == dtypes.string else 0) for kind in kinds]
    else:
        if len(defaults) == len(names) != len(selected):
            defaults = [defaults[i] for i in selected]
        given = _csv.columns_of(list(defaults))
        if len(given) != len(selected):
            raise ValueError(
                "make_csv_dataset: column_defaults: expected one for each column that is read, "
                f"{[names[i] for i in selected]}; got {len(given)}"
            )
    return [
        CsvColumn(column.dtype, column.default, names[i])
        for column, i in zip(given, selected, strict=True)
    ]
