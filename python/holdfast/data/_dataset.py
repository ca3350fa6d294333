"""`Dataset`: a description of data, and what is done to it on the way to a model.

The C++ core reads it; this file only knows how its components are nested.
"""

from __future__ import annotations

import operator
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast import _core, dtypes
from holdfast.data import _structure
from holdfast.data._columns import as_column
from holdfast.data._structure import TensorSpec

if TYPE_CHECKING:
    from holdfast._core import Array
    from holdfast.data._iterator import EagerIterator
    from holdfast.data._iterator import Iterator as GraphIterator

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class Options:
    """Accepted and without effect: results never depend on how a pipeline runs."""


class Dataset:
    """Elements, each a nest of tuples and dicts of arrays, in an order.

    Immutable: every method returns another dataset. Iterating gives NumPy arrays; an input_fn
    returns the dataset itself.

    Source: tf.data.Dataset.
    """

    def __init__(self, core: _core.Dataset, structure: Any) -> None:
        self._core = core
        # The element's nest, with anything at the places of its components.
        self._structure = structure

    # Sources

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """Makes a dataset of the rows of arrays.

        Args:
          tensors: A nest of tuples and dicts of arrays, lists, pandas Series or frames. Row i of
            every one is element i. Python floats become float32, ints int32; arrays keep their
            dtype, and are not copied if they are contiguous: do not change them afterwards.

        Raises:
          ValueError: if there is nothing, or the numbers of rows differ.
          TypeError: for values that are neither numbers, booleans nor text.
        """
        structure, columns = _columns_of(tensors, "from_tensor_slices")
        for name, column in columns:
            if column.ndim == 0:
                raise ValueError(f"from_tensor_slices: {name}: expected rows; got a single value")
        if len({len(column) for _, column in columns}) > 1:
            lengths = ", ".join(f"{name}: {len(column)}" for name, column in columns)
            raise ValueError(
                "from_tensor_slices: expected the same number of rows in every component; "
                f"got {lengths}"
            )
        names, arrays = zip(*columns, strict=True)
        return Dataset(_core.Dataset.from_table(arrays, names), structure)

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """Makes a dataset of one element: all of `tensors`, as in `from_tensor_slices`."""
        structure, columns = _columns_of(tensors, "from_tensors")
        return Dataset(_core.Dataset.from_table([c[np.newaxis] for _, c in columns]), structure)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Makes a dataset of what `generator` yields; it is called anew for every pass.

        Args:
          generator: A callable that returns an iterable of elements. A training that continues
            reads it up to where it was; one wrapped in `data.resumable` begins there.
          output_types: The nest of dtypes of an element.
          output_shapes: The nest of shapes, with None for sizes that differ between elements. If
            None, those of the first element, which all others must then have.
          args: Given to `generator`, after the start of a resumable one.
          output_signature: A nest of TensorSpec, instead of both.
          name: Ignored.

        Raises: TypeError while reading, for an element of another type, shape or nest.
        """
        del name
        from holdfast.data import _generator
        from holdfast.data._resumable import Resumable

        given = () if args is None else tuple(args)
        resumable = isinstance(generator, Resumable)

        def elements(first: int) -> Any:
            return generator(first, *given) if resumable else generator(*given)

        signature = _generator.signature(
            lambda: elements(0), output_types, output_shapes, output_signature
        )
        return Dataset(_generator.core_dataset(elements, signature, resumable), signature)

    @staticmethod
    def range(*args: int, output_type: Any = dtypes.int64) -> Dataset:
        """Makes a dataset of numbers, with the arguments of Python's range."""
        numbers = np.arange(*args, dtype=dtypes.as_dtype(output_type).as_numpy_dtype)
        return Dataset(_core.Dataset.from_table([numbers]), None)

    # Order

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Shuffles with a buffer: each element is drawn uniformly from the next `buffer_size`.

        Args:
          buffer_size: At least the number of elements for a uniform order.
          seed: Of the order. None takes that of the Estimator's run (`tf_random_seed`), and a new
            one each time where the dataset is iterated directly.
          reshuffle_each_iteration: False repeats the first order in every pass; None means True.
          name: Ignored.
        """
        del name
        size = _integer("buffer_size", buffer_size)
        key = None if seed is None else _integer("seed", seed) & (2**64 - 1)
        return self._with(self._core.shuffle(size, key, reshuffle_each_iteration is not False))

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """Reads the data `count` times; None and -1 mean without end."""
        del name
        return self._with(self._core.repeat(-1 if count is None else _integer("count", count)))

    def take(self, count: int, name: str | None = None) -> Dataset:
        """Keeps the first `count` elements; -1 keeps all."""
        del name
        return self._with(self._core.take(_integer("count", count)))

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """Passes over the first `count` elements; -1 passes over all."""
        del name
        return self._with(self._core.skip(_integer("count", count)))

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Keeps elements index, index + num_shards, ..."""
        del name
        return self._with(
            self._core.shard(_integer("num_shards", num_shards), _integer("index", index))
        )

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """Appends the elements of `dataset`. Raises: TypeError if its nest is another."""
        del name
        ours, theirs = (
            [leaf.path for leaf in _structure.flatten(d._structure)] for d in (self, dataset)
        )
        if ours != theirs:
            raise TypeError(
                f"concatenate: expected elements of the nest {self.element_spec}; "
                f"got {dataset.element_spec}"
            )
        return self._with(self._core.concatenate(dataset._core))

    # Elements

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Joins `batch_size` elements into one with a new first dimension.

        Args:
          batch_size: Elements of a batch.
          drop_remainder: Whether a last batch of fewer elements is left out.
          num_parallel_calls: Ignored.
          deterministic: Ignored.
          name: Ignored.
        """
        del num_parallel_calls, deterministic, name
        return self._with(
            self._core.batch(_integer("batch_size", batch_size), bool(drop_remainder))
        )

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Applies a function to every element.

        Args:
          map_func: Called once, with symbolic tensors: an argument for each item if the element is
            a tuple, else one. Returns a nest of tensors.
          num_parallel_calls: Ignored.
          deterministic: Ignored; the order is kept.
          name: Ignored.
        """
        del num_parallel_calls, deterministic, name
        from holdfast.data import _map

        core, structure = _map.apply(self, map_func)
        return Dataset(core, structure)

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """Returns the dataset: results of `map` are kept anyway."""
        del filename, name
        return self

    def prefetch(self, buffer_size: int | None = None, name: str | None = None) -> Dataset:
        """Returns the dataset: results do not depend on prefetching."""
        del buffer_size, name
        return self

    def with_options(self, options: Any, name: str | None = None) -> Dataset:
        """Returns the dataset."""
        del options, name
        return self

    def options(self) -> Options:
        """Returns options without content."""
        return Options()

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """Returns transformation_func(dataset)."""
        return transformation_func(self)

    # What it is

    @property
    def element_spec(self) -> Any:
        """The element's nest with a TensorSpec for every component."""
        specs = [
            TensorSpec([None if size == -1 else size for size in shape], dtype)
            for dtype, shape in self._core.components()
        ]
        return _structure.pack(self._structure, specs)

    @property
    def output_types(self) -> Any:
        """The element's nest of dtypes. Source: tf.data of 1.x."""
        return _structure.map_structure(lambda spec: spec.dtype, self.element_spec)

    @property
    def output_shapes(self) -> Any:
        """The element's nest of shapes. Source: tf.data of 1.x."""
        return _structure.map_structure(lambda spec: spec.shape, self.element_spec)

    def cardinality(self) -> int:
        """The number of elements; INFINITE_CARDINALITY or UNKNOWN_CARDINALITY."""
        return self._core.cardinality()

    def __len__(self) -> int:
        count = self.cardinality()
        if count == INFINITE_CARDINALITY:
            raise TypeError("The dataset is infinite.")
        if count == UNKNOWN_CARDINALITY:
            raise TypeError("The dataset length is unknown.")
        return count

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Dataset element_spec={self.element_spec}>"

    # Reading

    def __iter__(self) -> EagerIterator:
        from holdfast.data._iterator import EagerIterator

        return EagerIterator(self._open(), self._structure)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Iterates over elements of plain NumPy arrays and scalars."""
        for element in self:
            yield _structure.map_structure(lambda value: value.numpy(), element)

    def make_one_shot_iterator(self) -> GraphIterator:
        """Returns an iterator whose `get_next()` an input_fn may return. Source: tf.data of 1.x."""
        from holdfast.data._iterator import Iterator as GraphIterator

        return GraphIterator(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> GraphIterator:
        """Returns the same as `make_one_shot_iterator`: there is nothing to initialize."""
        del shared_name
        return self.make_one_shot_iterator()

    def _open(self) -> _core.Input:
        return self._core.make_input(secrets.randbits(64))

    def _with(self, core: _core.Dataset) -> Dataset:
        return Dataset(core, self._structure)


def _columns_of(tensors: Any, caller: str) -> tuple[Any, list[tuple[str, Array]]]:
    if _is_frame(tensors):
        tensors = tensors.to_numpy()
    structure = _structure.map_structure(lambda _: None, tensors)
    leaves = _structure.flatten(tensors)
    columns = [(leaf.name, as_column(leaf.value, leaf.name)) for leaf in leaves]
    if not columns:
        raise ValueError(f"{caller}: expected at least one array; got {tensors!r}")
    return structure, columns


def _is_frame(value: Any) -> bool:
    # Frames are mappings in all but name; TensorFlow reads one as a matrix. pandas stays unloaded.
    return (
        hasattr(value, "to_numpy") and hasattr(value, "columns") and not isinstance(value, Mapping)
    )


def _integer(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an integer; got {value!r}") from None
