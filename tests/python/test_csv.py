"""Text files and CSV: datasets over them, and decode_csv, against Python's csv module."""

from __future__ import annotations

import csv
import io
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import holdfast as tf
from holdfast import errors
from holdfast.data import TextLineDataset
from holdfast.data.experimental import CsvDataset, make_csv_dataset

ADULT = """age,work,hours
39,State-gov,40
50,"Self-emp, not inc",13
28,Private,
"""


def plain(element: Any) -> Any:
    if isinstance(element, tuple):
        return tuple(plain(part) for part in element)
    if isinstance(element, dict):
        return {key: plain(value) for key, value in element.items()}
    return np.asarray(element).tolist()


def read(dataset: Any) -> list[Any]:
    return [plain(element) for element in dataset]


def written(folder: Path, text: str | bytes, name: str = "data.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


# --- lines of text --------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(files=st.lists(st.binary(max_size=30), min_size=1, max_size=3), skipped=st.integers(0, 4))
def test_lines_are_what_stands_between_line_feeds(
    tmp_path_factory: pytest.TempPathFactory, files: list[bytes], skipped: int
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    paths = [written(folder, content, f"{i}.txt") for i, content in enumerate(files)]
    expected = []
    for content in files:
        lines = content.split(b"\n")
        expected += [line.removesuffix(b"\r") for line in (lines[:-1] if not lines[-1] else lines)]
    assert read(TextLineDataset(paths).skip(skipped)) == expected[skipped:]


def test_lines_go_through_every_stage(tmp_path: Path) -> None:
    path = written(tmp_path, "a\nb\nc\n")
    dataset = TextLineDataset(path)
    assert len(dataset) == 3
    assert dataset.element_spec == tf.TensorSpec([], tf.string)
    assert read(dataset.skip(1).repeat(2).batch(3)) == [[b"b", b"c", b"b"], [b"c"]]
    shuffled = read(dataset.shuffle(3, seed=1).repeat(4))
    assert [sorted(shuffled[i : i + 3]) for i in range(0, 12, 3)] == [[b"a", b"b", b"c"]] * 4
    assert read(TextLineDataset([path, Path(path)]).take(4)) == [b"a", b"b", b"c", b"a"]


def test_files_are_named_without_their_folders_when_data_are_recognised(tmp_path: Path) -> None:
    marks = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, "a,b\n1,2\n")
        marks.append(CsvDataset(path, [[0], [0]], header=True).batch(1)._core.fingerprint)
    assert marks[0] == marks[1]
    assert marks[0].startswith("records[1](data.csv: 8 bytes)|map(")


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        (
            "missing.csv",
            errors.NotFoundError,
            'missing.csv": expected a file that can be read; got: No such file or directory. '
            "Relative names start in the directory that the program runs in",
        ),
        (".", errors.InvalidArgumentError, "expected a file; got a directory. Name the files"),
        ("fifo", errors.InvalidArgumentError, "got a device, FIFO or socket. Write its content"),
        ("a/b", errors.NotFoundError, "expected a file that can be read"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, error: type[Exception], text: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(error) as raised:
        TextLineDataset(tmp_path / name)
    assert text in str(raised.value)
    assert str(tmp_path) in str(raised.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a")
    os.chmod(path, 0)
    with pytest.raises(errors.PermissionDeniedError, match="got: Permission denied"):
        TextLineDataset(path)


def test_names_of_files_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected at least one file name; got none"):
        TextLineDataset([])
    with pytest.raises(TypeError, match="expected file names; got 3 among them"):
        TextLineDataset([3])
    with pytest.raises(ValueError, match="expected None or ''; got 'GZIP'"):
        TextLineDataset(written(tmp_path, "a"), compression_type="GZIP")


def test_a_file_of_any_name_is_read(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xc3.txt"
    Path(os.fsdecode(name)).write_bytes(b"\xfe\n")
    assert read(TextLineDataset(name)) == [b"\xfe"]
    with pytest.raises(errors.NotFoundError, match=r"\\xff\\xc3.tx"):
        TextLineDataset(name[:-1])


# --- decode_csv -----------------------------------------------------------------------------------

texts = st.text(
    st.one_of(st.sampled_from('",;\n\r \t'), st.characters(exclude_categories=["Cs"])), max_size=8
)


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.lists(texts, min_size=2, max_size=4), min_size=1, max_size=4),
    delimiter=st.sampled_from(",;\t|"),
    quote_all=st.booleans(),
)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    delimiter: str,
    quote_all: bool,
) -> None:
    width = len(rows[0])
    rows = [(row + [""] * width)[:width] for row in rows]
    records = []
    for row in rows:
        out = io.StringIO()
        quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
        csv.writer(out, delimiter=delimiter, quoting=quoting).writerow(row)
        records.append(out.getvalue().removesuffix("\r\n").encode())
    expected = [tuple(field.encode() for field in row) for row in rows]

    vector = np.array(records, dtype=object)
    columns = tf.io.decode_csv(vector, [[""]] * width, field_delim=delimiter)
    assert list(zip(*(plain(c) for c in columns), strict=True)) == expected

    path = written(tmp_path_factory.mktemp("csv"), b"\r\n".join(records))
    dataset = CsvDataset(path, [[""]] * width, field_delim=delimiter)
    assert read(dataset) == expected


@settings(max_examples=200, deadline=None)
@given(line=st.text(st.sampled_from('a,"\n\r '), max_size=12))
def test_any_text_is_read_as_strict_csv_or_refused(line: str) -> None:
    columns = line.count(",") + 1
    try:
        found = tf.decode_csv(line, [[""]] * columns)
    except errors.InvalidArgumentError:
        return
    rows = list(csv.reader(io.StringIO(line, newline=""), strict=True))
    assert [plain(field).decode() for field in found] == rows[0]


@settings(max_examples=200, deadline=None)
@given(
    integers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    reals=st.lists(st.floats(allow_nan=False), min_size=1, max_size=5),
    blanks=st.text(" \t", max_size=2),
)
def test_numbers_are_read_exactly(integers: list[int], reals: list[float], blanks: str) -> None:
    (found,) = tf.decode_csv([f"{blanks}{n}{blanks}" for n in integers], [np.int64([0])])
    assert plain(found) == integers
    (found,) = tf.decode_csv([f"{blanks}{x!r}" for x in reals], [np.float64([0])])
    assert plain(found) == reals
    with np.errstate(over="ignore"):
        single = [float(np.float32(x)) for x in reals]
    (found,) = tf.decode_csv([repr(x) for x in single], [[0.0]])
    assert plain(found) == single


def test_defaults_tell_dtypes() -> None:
    defaults = [[0], [0.0], ["x"], tf.constant([2], tf.int64), np.float64(3), 4, tf.float32]
    columns = tf.decode_csv(",,,,,,7", defaults)
    assert [c.dtype.name for c in columns] == [
        *("int32", "float32", "object", "int64", "float64", "int32", "float32")
    ]
    assert [plain(c) for c in columns] == [0, 0.0, b"x", 2, 3.0, 4, 7.0]


@pytest.mark.parametrize("required", [tf.int32, [], tf.constant([], tf.int32), np.int32([])])
def test_required_columns(required: Any) -> None:
    with pytest.raises(errors.InvalidArgumentError, match="Field 1 in record 0 is required but"):
        tf.decode_csv("a,,1", [[""], required, [0]])


def test_defaults_may_be_constants_of_the_function(tmp_path: Path) -> None:
    path = written(tmp_path, "1,\n")
    lines = TextLineDataset(path)
    default = [[0], tf.constant([0.5])]
    assert read(lines.map(lambda line: tuple(tf.decode_csv(line, default)))) == [(1, 0.5)]
    inside = lines.map(lambda line: tuple(tf.decode_csv(line, [[0], tf.constant([0.5])])))
    assert read(inside) == [(1, 0.5)]


def test_na_value_and_selected_columns() -> None:
    columns = tf.decode_csv(["1,NA,x,9", "2,3,NA,"], [[7], [""]], na_value="NA", select_cols=[1, 2])
    assert [plain(c) for c in columns] == [[7, 3], [b"x", b""]]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tf.decode_csv("1", []), ValueError, "expected an entry for each column; got none"),
        (lambda: tf.decode_csv("1", [[0, 1]]), ValueError, r"record_defaults\[0\]: expected one"),
        (lambda: tf.decode_csv("1", [[True]]), TypeError, "of float32, float64, int32, int64, str"),
        (lambda: tf.decode_csv("1", 3), TypeError, "record_defaults: expected a list; got 3"),
        (lambda: tf.decode_csv("1", [[0]], ",,"), ValueError, "field_delim: expected one char"),
        (lambda: tf.decode_csv("1", [[0]], '"'), ValueError, "field_delim: expected one char"),
        (
            lambda: tf.decode_csv("1", [[0]], select_cols=[1, 0]),
            ValueError,
            r"in ascending order, each once; got \[1, 0\]",
        ),
        (
            lambda: tf.decode_csv("1", [[0]], select_cols=[0, 1]),
            ValueError,
            "one default for each selected column; got 2 columns and 1 defaults",
        ),
    ],
)
def test_decode_csv_refuses(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_programs_decode_lines_in_map(tmp_path: Path) -> None:
    path = written(tmp_path, ADULT)

    def parse(line: Any) -> Any:
        fields = tf.decode_csv(line, [[0], [""], [0.5]])
        features = dict(zip(["age", "work", "hours"], fields, strict=True))
        label = features.pop("age")
        return features, tf.greater(label, 30)

    expected = [
        ({"work": [b"State-gov", b"Self-emp, not inc"], "hours": [40.0, 13.0]}, [True, True]),
        ({"work": [b"Private"], "hours": [0.5]}, [False]),
    ]
    lines = TextLineDataset(path).skip(1)
    assert read(lines.map(parse).batch(2)) == expected
    assert read(lines.batch(2).map(parse)) == expected


def test_a_wrong_line_in_map_is_shown(tmp_path: Path) -> None:
    lines = TextLineDataset(written(tmp_path, "1,2\n3,x\n"))
    with pytest.raises(errors.InvalidArgumentError, match='"x", in the line "3,x"'):
        read(lines.map(lambda line: tuple(tf.decode_csv(line, [[0], [0]]))))


# --- CsvDataset, make_csv_dataset -----------------------------------------------------------------


def test_csv_dataset_reads_records(tmp_path: Path) -> None:
    path = written(tmp_path, 'h,i\n1,"a\nb"\n\n2,\n')
    assert read(CsvDataset([path, path], [tf.int32, ["-"]], header=True)) == [
        *((1, b"a\nb"), (2, b"-")) * 2
    ]
    assert read(CsvDataset(path, [[""]], header=True, select_cols=[1])) == [(b"a\nb",), (b"",)]
    with pytest.raises(ValueError, match="give select_cols instead"):
        CsvDataset(path, [[0]], exclude_cols=[1])


def test_make_csv_dataset_infers_columns(tmp_path: Path) -> None:
    path = written(tmp_path, ADULT)
    dataset = make_csv_dataset(path, 2, label_name="age", num_epochs=1, shuffle=False)
    features, labels = dataset.element_spec
    assert type(features) is OrderedDict
    assert {k: v.dtype for k, v in features.items()} == {"work": tf.string, "hours": tf.int32}
    assert labels.dtype == tf.int32
    assert read(dataset) == [
        ({"work": [b"State-gov", b"Self-emp, not inc"], "hours": [40, 13]}, [39, 50]),
        ({"work": [b"Private"], "hours": [0]}, [28]),
    ]


def test_make_csv_dataset_is_endless_and_shuffled_unless_told(tmp_path: Path) -> None:
    rows = 50
    path = written(tmp_path, "x\n" + "\n".join(map(str, range(rows))))
    dataset = make_csv_dataset(path, 20, shuffle_seed=3)
    assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY
    batches = read(dataset.take(5))
    assert [len(batch["x"]) for batch in batches] == [20] * 5
    seen = [x for batch in batches for x in batch["x"]]
    assert sorted(seen[:rows]) == sorted(seen[rows:]) == list(range(rows))
    assert seen[:rows] != seen[rows:] != list(range(rows))
    assert read(dataset.take(5)) == batches


def test_make_csv_dataset_takes_names_defaults_and_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "1;-;a\n2;5;b\n")
    dataset = make_csv_dataset(
        str(tmp_path / "*.csv"),
        2,
        column_names=["p", "q", "r"],
        column_defaults=[tf.float32, [0.5]],
        select_columns=["q", 0],
        field_delim=";",
        na_value="-",
        header=False,
        num_epochs=1,
        shuffle=False,
    )
    assert read(dataset) == [{"p": [1.0, 2.0], "q": [0.5, 5.0]}]
    with pytest.raises(errors.InvalidArgumentError, match=r'Column "r" in record 0 is not a valid'):
        read(
            make_csv_dataset(
                path,
                1,
                column_names=["p", "q", "r"],
                column_defaults=[[""], [""], tf.int64],
                field_delim=";",
                header=False,
            ).take(1)
        )


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"file_pattern": "none-*.csv"}, ValueError, "No files match `file_pattern`"),
        ({"label_name": "no"}, ValueError, r"one of the columns: \['a', 'b'\]; got 'no'"),
        ({"column_names": ["a", "a"]}, ValueError, r"duplicate column names: \['a'\]"),
        ({"column_names": ["a"]}, errors.InvalidArgumentError, "expected 1; got 2 in row 0"),
        ({"select_columns": ["c"]}, ValueError, r"names or numbers of \['a', 'b'\]; got 'c'"),
        ({"select_columns": [0, "a"]}, ValueError, "at least one column, each once"),
        ({"column_defaults": [[0]]}, ValueError, r"is read, \['a', 'b'\]; got 1"),
        ({"header": False}, ValueError, "Give column_names, and header=False"),
        ({"compression_type": "ZLIB"}, ValueError, "compression_type: expected None"),
        ({"ignore_errors": True}, ValueError, "ignore_errors: expected False"),
        ({"encoding": "latin-1"}, ValueError, "encoding: expected 'utf-8'; got 'latin-1'"),
    ],
)
def test_make_csv_dataset_refuses(
    tmp_path: Path, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    path = written(tmp_path, "a,b\n1,2\n")
    with pytest.raises(error, match=text):
        make_csv_dataset(**{"file_pattern": path, "batch_size": 1, **arguments})


def test_headers_of_several_files_must_agree(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{h}\n1\n", f"{h}.csv") for h in "ab"]
    with pytest.raises(errors.InvalidArgumentError, match="Files have different header names"):
        make_csv_dataset(paths, 1)
