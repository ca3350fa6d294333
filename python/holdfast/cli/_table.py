"""Reads a CSV table: a header, then rows of cells whose type each column tells by itself."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import numpy.typing as npt

from holdfast.cli._failures import DataError

Kind = Literal["int", "float", "string"]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_LONGEST_INTEGER = 100  # characters; int() of thousands is slow, and refused from 4,301 on
_EXACT_AS_FLOAT = 2**53  # beyond it not every integer is a float64
# How tables write "no value", compared in lower case. pandas reads these as missing, too.
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


@dataclass(frozen=True, kw_only=True)
class Column:
    """The cells of a column as text, and where they stand in the file."""

    name: str
    cells: Sequence[str]
    lines: Sequence[int]  # line numbers from 1, the header being line 1
    source: str  # the file's name

    @property
    def kind(self) -> Kind:
        """The narrowest type that every present cell has; "string" when nothing is present."""
        present = [cell for cell in self.cells if not _is_missing(cell)]
        if present and all(_INTEGER.fullmatch(cell) for cell in present):
            return "int"
        if present and all(_number(cell) is not None for cell in present):
            return "float"
        return "string"

    def where(self, row: int) -> str:
        """Returns the place of a cell, as error messages name it."""
        return f'{self.source}, line {self.lines[row]}, column "{self.name}"'

    def numbers(self, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
        """Returns the cells as numbers of a dtype; integers and bools exactly.

        Raises:
          DataError: a cell is missing, or no finite number, or none that the dtype holds; names
            file, line, column and cell.
        """
        values = np.empty(len(self.cells), dtype)
        for row, cell in enumerate(self.cells):
            if values.dtype.kind == "f":
                values[row] = self._finite(row, cell, float(np.finfo(values.dtype).max))
            else:
                values[row] = self._whole(row, cell, values.dtype)
        return values

    def labels(self) -> list[str]:
        """Returns the cells as text; integers in plain form, so that "01" is 1.

        Raises:
          DataError: a label is missing, or the labels are not integers or text.
        """
        kind = self.kind
        for row, cell in enumerate(self.cells):
            if _is_missing(cell):
                raise DataError(f"{self.where(row)}: expected a label, found nothing ({cell!r})")
        if kind == "float":
            row = next(i for i, c in enumerate(self.cells) if not _INTEGER.fullmatch(c))
            raise DataError(
                f"{self.where(row)}: expected a class (text or an integer), found "
                f"{self.cells[row]!r}; predicting a quantity (regression) is not supported yet, "
                "choose another column with --label"
            )
        return [str(int(cell)) for cell in self.cells] if kind == "int" else list(self.cells)

    def _finite(self, row: int, cell: str, largest: float) -> float:
        self._check_present(row, cell)
        value = _number(cell)
        if value is None or not math.isfinite(value) or abs(value) > largest:
            raise DataError(
                f"{self.where(row)}: expected a finite number, found {cell!r}; models of this "
                f"version take numeric columns: correct it, or train without the column "
                f"(--drop {self.name!r})"
            )
        return value

    def _whole(self, row: int, cell: str, dtype: np.dtype[Any]) -> int:
        # Never by way of a float: ids above 2^53 would become others.
        self._check_present(row, cell)
        value = _whole_number(cell)
        lowest, highest = _limits(dtype)
        if value is None or not lowest <= value <= highest:
            raise DataError(
                f"{self.where(row)}: expected a whole number from {lowest} to {highest}, found "
                f"{cell!r}; the model takes {dtype.name} there: correct it"
            )
        return value

    def _check_present(self, row: int, cell: str) -> None:
        if _is_missing(cell):
            found = f"{cell!r}" if cell else "nothing"
            raise DataError(
                f"{self.where(row)}: expected a number, found {found}; fill in or remove rows with "
                f"missing values, or train without the column (--drop {self.name!r})"
            )


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, column by column."""

    name: str
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())).cells)

    def column(self, name: str) -> Column:
        """Returns a column. Raises: DataError naming the columns there are."""
        if name not in self.columns:
            raise DataError(
                f'{self.name}: there is no column "{name}"; its columns are: '
                + ", ".join(self.columns)
            )
        return self.columns[name]

    def features(self, names: Sequence[str]) -> npt.NDArray[np.float32]:
        """Returns columns side by side: [rows, columns]. Raises: DataError for a bad cell."""
        return np.stack([self.column(name).numbers() for name in names], axis=1)


def read_table(path: Path, name: str | None = None) -> Table:
    """Reads a comma-separated UTF-8 file with a header line.

    Args:
      path: The file.
      name: How messages call it; None: its path.

    Raises:
      DataError: it cannot be read, or is not a table; names the line where there is one.
    """
    shown = name or str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse(file, shown)
    except FileNotFoundError:
        raise DataError(f"{shown}: there is no such file") from None
    except OSError as error:
        raise DataError(f"{shown}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{shown}: expected UTF-8 text, found byte 0x{error.object[error.start]:02x} at offset "
            f"{error.start}; save the table as UTF-8"
        ) from error


def _parse(lines: TextIO, shown: str) -> Table:
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, shown)
        rows: list[list[str]] = []
        numbers: list[int] = []
        for row in reader:
            if not row:
                continue  # a blank line
            if len(row) != len(header):
                raise DataError(
                    f"{shown}, line {reader.line_num}: expected {len(header)} cells as in the "
                    f"header, found {len(row)}"
                )
            rows.append(row)
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{shown}, line {reader.line_num}: not a CSV table: {error}") from error
    if not rows:
        raise DataError(f"{shown}: expected rows below the header, found none")
    by_column = zip(header, zip(*rows, strict=True), strict=True)
    columns = {
        name: Column(name=name, cells=[c.strip() for c in cells], lines=numbers, source=shown)
        for name, cells in by_column
    }
    return Table(name=shown, columns=columns)


def _check_header(header: Sequence[str], shown: str) -> None:
    if not header:
        raise DataError(f"{shown}: expected a header line with column names, found an empty file")
    for position, name in enumerate(header, start=1):
        if not name:
            raise DataError(f"{shown}, line 1: column {position} has no name")
        if header.index(name) != position - 1:
            raise DataError(f'{shown}, line 1: two columns are named "{name}"')
    if all(_number(name) is not None for name in header):
        raise DataError(
            f"{shown}, line 1: expected column names, found only numbers: {', '.join(header)}; put "
            "a header line first"
        )


def _is_missing(cell: str) -> bool:
    return cell.lower() in _MISSING


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # float() takes 1_000 for Python's sake
    except ValueError:
        return None


def _whole_number(cell: str) -> int | None:
    """Returns the integer that a cell is, as "3" or as pandas writes it, "3.0"; else None."""
    if _INTEGER.fullmatch(cell) and len(cell) <= _LONGEST_INTEGER:
        return int(cell)
    value = _number(cell)
    if value is None or abs(value) > _EXACT_AS_FLOAT or not value.is_integer():
        return None
    return int(value)


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    return (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
