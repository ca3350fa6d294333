"""Iterators: over arrays in a Python loop, and symbolic ones as a 1.x input_fn returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast import _core, _eager
from holdfast._graph import Graph
from holdfast.data import _map, _structure

if TYPE_CHECKING:
    from holdfast.data._dataset import Dataset


class EagerIterator:
    """Reads a dataset from the beginning; elements are nests of arrays with `.numpy()`."""

    def __init__(self, stream: _core.Input, structure: Any) -> None:
        self._stream = stream
        self._structure = structure

    def __iter__(self) -> EagerIterator:
        return self

    def __next__(self) -> Any:
        components = self._stream.next()
        if components is None:
            raise StopIteration
        return _structure.pack(self._structure, [_eager.wrap(array) for array in components])

    def get_next(self) -> Any:
        """Returns the next element. Raises: errors.OutOfRangeError at the end."""
        from holdfast import errors

        try:
            return next(self)
        except StopIteration:
            raise errors.OutOfRangeError(None, None, "End of sequence") from None


class IteratorGraph(Graph):
    """The graph of what an input_fn makes of `get_next()`.

    Attributes:
      dataset: Where the elements come from.
      components: The placeholder of each component.
    """

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self.dataset = dataset
        names = [f"component_{i}" for i in range(len(dataset._core.components()))]
        self.components = _map.placeholders(self, dataset._core, names)


class Iterator:
    """An iterator of 1.x: `get_next()` stands for every element, one after the other."""

    # There is nothing to initialize; programs hand this to a session or a collection.
    initializer: Any = None

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._graph = IteratorGraph(dataset)

    def get_next(self, name: str | None = None) -> Any:
        """Returns the element as a nest of symbolic tensors, for an input_fn to return.

        The function may compute with them first; the result is then a `map` over the elements.
        """
        del name
        return _structure.pack(self._dataset._structure, self._graph.components)

    @property
    def element_spec(self) -> Any:
        """The dataset's."""
        return self._dataset.element_spec


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """Returns an iterator whose `get_next()` an input_fn may return."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> Iterator:
    """Returns the same as `make_one_shot_iterator`: there is nothing to initialize."""
    return dataset.make_initializable_iterator(shared_name)


def get_output_types(dataset_or_iterator: Any) -> Any:
    """Returns the element's nest of dtypes."""
    return _structure.map_structure(lambda spec: spec.dtype, dataset_or_iterator.element_spec)


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """Returns the element's nest of shapes."""
    return _structure.map_structure(lambda spec: spec.shape, dataset_or_iterator.element_spec)
