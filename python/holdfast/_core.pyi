"""The typed face of the extension. Arrays are NumPy's; string tensors are arrays of bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, final

import numpy.typing as npt

Array = npt.NDArray[Any]
Attribute = (
    bool
    | int
    | float
    | str
    | bytes
    | Sequence[int]
    | Sequence[float]
    | Sequence[str]
    | Sequence[bytes]
)

def version() -> str: ...
def isa() -> str: ...
def choose_isa(name: str) -> None:
    """Computes with that instruction set; trainers that exist are not told. For tests."""

def runnable_isas() -> list[str]: ...
def default_thread_count() -> int: ...
def set_error_classes(
    by_code: Mapping[int, type[Exception]], by_kind: Mapping[str, type[Exception]]
) -> None:
    """The classes that C++ errors are raised as, called with (message, code, details)."""

class Graph:
    """A flat list of operations; a node is its index. See cpp/src/ops/OPS.md for the operations."""

    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def add(
        self,
        op: str,
        inputs: Sequence[int] = ...,
        attributes: Mapping[str, Attribute] = ...,
        name: str = "",
    ) -> int: ...
    def gradients(self, y: int, wrt: Sequence[int]) -> list[int]:
        """Node ids of dy/dw for each w of wrt; -1 where y does not depend on it."""

    def find(self, name: str) -> int:
        """-1 when there is none of that name."""

    def name(self, node: int) -> str: ...
    def op(self, node: int) -> str: ...
    def inputs(self, node: int) -> list[int]: ...
    def attributes(self, node: int) -> dict[str, Any]: ...
    def dtype(self, node: int) -> str: ...
    def shape(self, node: int) -> list[int]:
        """-1 for sizes known only when running."""

    def to_json(self) -> str: ...
    @staticmethod
    def from_json(text: str) -> Graph: ...

class TextFiles:
    """Files of lines or of CSV records, read whole."""

    def __init__(
        self,
        paths: Sequence[bytes],
        csv: bool = False,
        delimiter: str = ",",
        quotes: bool = True,
        header: bool = False,
    ) -> None:
        """header: the first record of each file is none."""

    def __len__(self) -> int: ...
    def header(self) -> list[bytes]:
        """The names in the first record of the files; empty unless they have headers."""

    def width(self) -> int:
        """Fields of the first record; 0 without one."""

    def infer_types(self, columns: int, rows: int = -1, na_value: bytes = b"") -> list[str]:
        """The narrowest dtype of each column in the first rows; -1: in all."""

class Dataset:
    """A description of data: columns of a table and what is done to them. Immutable."""

    @staticmethod
    def from_table(columns: Sequence[Array], names: Sequence[str] = []) -> Dataset:
        """One component per column; element i is row i of every column. Contiguous arrays are
        not copied. Names are part of the fingerprint.
        """

    @staticmethod
    def from_text(lines: TextFiles) -> Dataset:
        """One component, a string scalar: element i is line i."""

    @staticmethod
    def from_generator(
        rows: Callable[[int], Iterator[Sequence[Array]]],
        dtypes: Sequence[str],
        shapes: Sequence[Sequence[int]],
        names: Sequence[str] = [],
        resumable: bool = False,
    ) -> Dataset:
        """rows(first) yields the rows from number `first` on, which is 0 unless resumable."""

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Dataset:
        """seed: unsigned; None means that of the run, given to make_input."""

    def repeat(self, count: int = -1) -> Dataset: ...
    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset: ...
    def take(self, count: int) -> Dataset: ...
    def skip(self, count: int) -> Dataset: ...
    def shard(self, num_shards: int, index: int) -> Dataset: ...
    def concatenate(self, other: Dataset) -> Dataset: ...
    def map(self, graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Dataset:
        """inputs[c] is the placeholder fed from component c (-1: unused); outputs become the
        components.
        """

    def cardinality(self) -> int:
        """Elements; -1 infinite, -2 unknown."""

    def components(self) -> list[tuple[str, list[int]]]:
        """(dtype, shape) of each component."""

    @property
    def fingerprint(self) -> str:
        """Names, sizes, dtypes and stages, not values."""

    @property
    def replays(self) -> bool:
        """Whether elements can only be passed over by making them: a plain generator's."""

    def make_input(self, run_seed: int = 0) -> Input:
        """A stream from the beginning. run_seed: of every shuffle() without a seed; unsigned."""

class Input:
    """A stream over a Dataset, at a position."""

    def next(self) -> list[Array] | None:
        """The components of the next element; None at the end."""

    @property
    def consumed(self) -> int: ...
    @property
    def epoch(self) -> int:
        """Passes over the data that lie behind; negative where that is not known."""

    @property
    def order(self) -> int:
        """A number for the order that all shuffles make; 0 without one."""

    def has_next(self) -> bool:
        """Whether next() would find another element; does not move."""

    def skip(self, count: int) -> None: ...
    @property
    def fingerprint(self) -> str: ...

class RunResult:
    @property
    def steps(self) -> int: ...
    @property
    def reason(self) -> str: ...  # "steps", "end_of_input", "requested", "nonfinite_loss"
    @property
    def watched(self) -> float:
        """The value of `watch` at the last step finished."""
    @property
    def fetched(self) -> list[Array]:
        """Of the last step asked for; empty when the run stopped before it."""

class RestoreReport:
    """Names of tensors, by what became of them."""

    @property
    def restored(self) -> list[str]: ...
    @property
    def reset(self) -> list[str]: ...
    @property
    def missing(self) -> list[str]: ...
    @property
    def unexpected(self) -> list[str]: ...
    @property
    def unused(self) -> list[str]: ...

class Trainer:
    """Runs a graph over an input and holds its variables."""

    def __init__(self, graph: Graph, seed: int, threads: int = 0) -> None: ...
    def set_input(self, input: Input | None, placeholders: Sequence[int] = ...) -> None: ...
    def run(
        self,
        steps: int,
        targets: Sequence[int],
        fetches: Sequence[int],
        watch: int = -1,
        record: bool = True,
    ) -> RunResult: ...
    def clear_summaries(self) -> None: ...
    def add_summaries(
        self,
        writer: EventWriter,
        sources: Sequence[tuple[str, SummaryKind, int]],
        every: int,
        speed_every: int,
        opening: Sequence[Event] = ...,
    ) -> None:
        """Records (tag, kind, node) after steps 1, 1 + every, ... from now on; 0: never.

        `opening` is written after the first step, before anything else.
        """

    def request_stop(self) -> None: ...
    def limit_call(self, seconds: float) -> None: ...
    def variable_names(self) -> list[str]: ...
    def read_variable(self, name: str) -> Array: ...
    def write_variable(self, name: str, value: Array) -> None: ...
    def reset_local_variables(self) -> None: ...
    @property
    def global_step(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def threads(self) -> int: ...
    def restore(
        self, reader: CheckpointReader, slots: str = "restore", model_json: str = "{}"
    ) -> RestoreReport:
        """slots: "restore", "reset" (fresh where they do not fit) or "skip"."""

    def save(self, writer: CheckpointWriter, state_json: str = "{}", model_json: str = "{}") -> str:
        """Writes a checkpoint of the state; returns its path."""

    def stage(
        self, staged: StagedCheckpoint, state_json: str = "{}", model_json: str = "{}"
    ) -> None:
        """Copies the state, for CheckpointWriter.save_staged; run() may go on at once.

        Raises CheckpointSaveError, code RESOURCE_EXHAUSTED, when memory is short.
        """

class HistogramValue:
    """A distribution: bucket[i] values lie below bucket_limit[i] and not below the limit before."""

    def __init__(self) -> None: ...
    min: float
    max: float
    num: float
    sum: float
    sum_squares: float
    bucket_limit: list[float]
    bucket: list[float]

class SummaryKind:
    SCALAR: ClassVar[SummaryKind]
    HISTOGRAM: ClassVar[SummaryKind]
    TEXT: ClassVar[SummaryKind]
    OTHER: ClassVar[SummaryKind]
    __members__: ClassVar[dict[str, SummaryKind]]
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...
    def __int__(self) -> int: ...
    def __index__(self) -> int: ...

class SummaryValue:
    """One value under a tag."""

    def __init__(self) -> None: ...
    tag: str
    kind: SummaryKind
    scalar: float
    histogram: HistogramValue
    @property
    def text(self) -> bytes: ...
    @text.setter
    def text(self, text: bytes | str) -> None: ...

class SessionLog:
    class Status:
        UNSPECIFIED: ClassVar[SessionLog.Status]
        START: ClassVar[SessionLog.Status]
        STOP: ClassVar[SessionLog.Status]
        CHECKPOINT: ClassVar[SessionLog.Status]
        __members__: ClassVar[dict[str, SessionLog.Status]]
        @property
        def name(self) -> str: ...
        @property
        def value(self) -> int: ...
        def __int__(self) -> int: ...
        def __index__(self) -> int: ...

    def __init__(self) -> None: ...
    status: SessionLog.Status
    checkpoint_path: str

class Event:
    """One record of an event file; what is empty is not stored."""

    def __init__(self) -> None: ...
    wall_time: float
    step: int
    file_version: str
    @property
    def graph_def(self) -> bytes: ...
    @graph_def.setter
    def graph_def(self, bytes: bytes) -> None: ...
    values: list[SummaryValue]  # a copy: assign the whole list
    session_log: SessionLog

class EventWriter:
    """Appends events to a new file of a directory, from a thread of its own; never raises."""

    def __init__(
        self,
        directory: str,
        flush_secs: float = 2.0,
        queue_size: int = 4096,
        suffix: str = "",
    ) -> None: ...
    def add(self, event: Event) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
    @property
    def directory(self) -> str: ...
    @property
    def path(self) -> str:
        """Of the file; empty before the first event."""
    @property
    def lost_events(self) -> int: ...
    def take_warnings(self) -> list[str]: ...

class EventReader:
    """The events of one file in order."""

    def __init__(self, path: str) -> None: ...
    def next(self) -> Event | None: ...
    @property
    def torn(self) -> bool:
        """Whether the file ended in the middle of a record."""

def graph_def(graph: Graph) -> bytes:
    """The graph as TensorBoard's Graphs page reads it."""

def histogram_limits() -> list[float]:
    """The upper limits of TensorFlow's buckets."""

class CheckpointInfo:
    @property
    def path(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def commit_seq(self) -> int: ...
    @property
    def created_unix_ms(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def nonfinite(self) -> int: ...

class CheckpointProblem:
    @property
    def path(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def commit_seq(self) -> int:
        """0: its COMMIT does not tell."""
    @property
    def unfinished(self) -> bool:
        """No COMMIT, or one cut short."""

class TensorInfo:
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def slot_of(self) -> str: ...
    @property
    def slot(self) -> str: ...
    @property
    def optimizer(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> list[int]: ...
    @property
    def nonfinite(self) -> int: ...
    @property
    def bytes(self) -> int: ...

class CheckpointReader:
    def __init__(self, path: str) -> None: ...
    @property
    def info(self) -> CheckpointInfo: ...
    @property
    def tensors(self) -> list[TensorInfo]: ...
    @property
    def state_json(self) -> str: ...
    @property
    def model_json(self) -> str: ...
    @staticmethod
    def open_latest(model_dir: str) -> CheckpointReader:
        """Opens the latest checkpoint, starting over when retention removes it meanwhile."""

    def read(self, name: str) -> Array: ...
    def read_all(self, threads: int = 0) -> dict[str, Array]:
        """Every tensor by name, read in parallel and verified with the gaps, or nothing."""

    def verify(self) -> None:
        """Reads every byte."""

class StagedCheckpoint:
    """A copy of everything one save holds. Its memory is kept for the next copy.

    One thread may stage and another save, not both at once.
    """

    def __init__(self) -> None: ...
    @property
    def empty(self) -> bool: ...
    @property
    def step(self) -> int:
        """Raises FailedPreconditionError when empty."""

    @property
    def bytes(self) -> int:
        """Of the files it will become; 0 when empty."""

class CheckpointWriter:
    def __init__(
        self,
        model_dir: str,
        durability: str = "full",
        threads: int = 0,
        break_lock: bool = False,
        keep_unfinished: bool = False,
    ) -> None:
        """keep_unfinished: leaves directories without a COMMIT, to be set aside."""

    def save(
        self,
        tensors: Mapping[str, Array],
        global_step: int,
        state_json: str = "{}",
        model_json: str = "{}",
    ) -> str:
        """Writes a dict of arrays; names that look like slots get the slot role."""

    def save_staged(self, staged: StagedCheckpoint) -> str:
        """Writes what was staged; returns the path. May be called again after an error."""

    def remove(self, path: str) -> None: ...
    def set_aside(self, path: str, rejected: bool = False) -> str:
        """Renames a checkpoint that cannot be used; returns the new path."""

    def write_bookkeeping(self, json_text: str) -> None:
        """Writes checkpoint.json from "all", "best" and "last_preserved_unix_ms" of an object.

        "all" lists {"name", "step", "commit_seq", "created_unix_ms", "keep": [reasons]}.
        """

    def take_warnings(self) -> list[str]:
        """What went wrong without harm since the last call."""

    def close(self) -> None:
        """Releases the lock of model_dir; every other call raises then."""

def list_checkpoints(model_dir: str) -> list[CheckpointInfo]: ...
def checkpoint_problems(model_dir: str) -> list[CheckpointProblem]:
    """What list_checkpoints leaves out, and why."""

def latest_checkpoint(model_dir: str) -> str | None: ...
def read_bookkeeping(model_dir: str) -> str | None:
    """The checked text of checkpoint.json; None when there is none.

    Raises CheckpointCorruptError when it is damaged.
    """

def pin_checkpoint(path: str) -> None:
    """Keeps a checkpoint from being removed; durable on return. Needs no lock."""

def unpin_checkpoint(path: str) -> None: ...
def pinned_checkpoints(model_dir: str) -> list[str]:
    """Names (model.ckpt-<step>) that are pinned, there or not, sorted by step."""

@final
class ServingSignature:
    """A signature of a loaded model: takes one array, a dict of arrays, or keyword arguments."""

    @property
    def name(self) -> str: ...
    @property
    def method(self) -> str:
        """tensorflow/serving/predict, .../classify or .../regress."""

    @property
    def inputs(self) -> dict[str, tuple[str, tuple[int | None, ...]]]:
        """(dtype, shape) by name, sorted; None in a shape: any size."""

    @property
    def outputs(self) -> dict[str, tuple[str, tuple[int | None, ...]]]:
        """(dtype, shape) by name, in the order of results."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Array]: ...

class Model:
    """An exported model, loaded. Threads may call its signatures at once."""

    @staticmethod
    def load(directory: str, threads: int = 0) -> Model: ...
    @staticmethod
    def load_files(files: Mapping[str, bytes], threads: int = 0) -> Model:
        """From the files of the directory by name."""

    @property
    def signatures(self) -> dict[str, ServingSignature]:
        """By name, sorted."""

    def default_signature(self) -> str:
        """Raises: errors.NotFoundError where there is none."""

    def predict(self, inputs: Mapping[str, Array], signature: str = "") -> dict[str, Array]:
        """holdfast::Model::predict as C++ calls it: dtypes must be the signature's."""

    @property
    def graph(self) -> Graph:
        """A copy."""

    @property
    def global_step(self) -> int: ...
    @property
    def model_json(self) -> str: ...
    def variables(self) -> list[tuple[str, str, str, list[int]]]:
        """(name, role, dtype, shape), sorted by name."""

def op_names() -> list[str]:
    """Every operation of cpp/src/ops/OPS.md, sorted."""

def write_saved_model(
    export_dir_base: str,
    trainer: Trainer,
    signatures: Sequence[tuple[str, str, Mapping[str, int], Sequence[tuple[str, int]]]],
    assets_extra: Mapping[str, str] = ...,
    model_json: str = "{}",
    sync: bool = True,
) -> str:
    """Writes the signatures (name, method, inputs, outputs: nodes by name); returns the path."""
