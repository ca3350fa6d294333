"""Datasets of what a Python generator yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast import _core, _signals, dtypes
from holdfast.data import _structure
from holdfast.data._columns import as_column
from holdfast.data._structure import TensorSpec

if TYPE_CHECKING:
    from holdfast._core import Array


def signature(
    generator: Callable[[], Any], output_types: Any, output_shapes: Any, output_signature: Any
) -> Any:
    """Returns the nest of TensorSpec that the arguments of `from_generator` describe.

    Raises:
      TypeError: if `output_types` and `output_signature` are both given or both missing.
      ValueError: if the nests of types and shapes differ.
    """
    if output_signature is not None:
        if output_types is not None or output_shapes is not None:
            raise TypeError(
                "from_generator: expected output_signature, or output_types with output_shapes; "
                "got both"
            )
        return _structure.map_structure(_checked_spec, output_signature)
    if output_types is None:
        raise TypeError("from_generator: expected output_signature or output_types; got neither")
    types = [dtypes.as_dtype(dtype) for dtype in _structure.values(output_types)]
    if output_shapes is None:
        shapes = _shapes_of_first_element(generator, output_types, types)
    else:
        shapes = _flat_shapes(output_types, output_shapes)
    return _structure.pack(
        output_types,
        [TensorSpec(shape, dtype) for shape, dtype in zip(shapes, types, strict=True)],
    )


def core_dataset(elements: Callable[[int], Any], signature: Any, resumable: bool) -> _core.Dataset:
    """Returns the description that reads `elements(first)`, checking every one of them."""
    leaves = _structure.flatten(signature)
    specs = [leaf.value for leaf in leaves]

    def rows(first: int) -> Iterator[list[Array]]:
        for number, element in enumerate(_signals.pulled(lambda: elements(first)), first):
            components = _components(signature, element, f"element {number}")
            yield [
                _convert(value, spec, number) for value, spec in zip(components, specs, strict=True)
            ]

    return _core.Dataset.from_generator(
        rows,
        [spec.dtype.name for spec in specs],
        [[-1 if size is None else int(size) for size in spec.shape] for spec in specs],
        [leaf.name for leaf in leaves],
        resumable,
    )


def _checked_spec(spec: Any) -> TensorSpec:
    if not isinstance(spec, TensorSpec):
        raise TypeError(f"from_generator: output_signature: expected TensorSpec; got {spec!r}")
    return spec


def _flat_shapes(output_types: Any, output_shapes: Any) -> list[Any]:
    """Takes shapes apart along the nest of the types: a shape is a tuple itself."""
    if isinstance(output_types, Mapping):
        if not isinstance(output_shapes, Mapping) or set(output_types) != set(output_shapes):
            raise ValueError(
                f"from_generator: output_shapes: expected a dict with keys {list(output_types)}; "
                f"got {output_shapes!r}"
            )
        keys = sorted(output_types, key=str)
        return [s for key in keys for s in _flat_shapes(output_types[key], output_shapes[key])]
    if isinstance(output_types, tuple):
        if not isinstance(output_shapes, tuple) or len(output_types) != len(output_shapes):
            raise ValueError(
                f"from_generator: output_shapes: expected {len(output_types)} shapes, as "
                f"output_types has; got {output_shapes!r}"
            )
        pairs = zip(output_types, output_shapes, strict=True)
        return [shape for types, shapes in pairs for shape in _flat_shapes(types, shapes)]
    return [output_shapes]


def _shapes_of_first_element(
    generator: Callable[[], Any], output_types: Any, types: list[dtypes.DType]
) -> list[Any]:
    for element in generator():
        components = _components(output_types, element, "element 0")
        return [np.shape(component) for component in components]
    return [() for _ in types]  # nothing will ever be read


def _components(structure: Any, element: Any, subject: str) -> list[Any]:
    """Takes an element apart along `structure`. Raises: TypeError if it is another nest."""
    if isinstance(structure, Mapping):
        if isinstance(element, Mapping) and set(element) == set(structure):
            keys = sorted(structure, key=str)
            return [v for key in keys for v in _components(structure[key], element[key], subject)]
    elif isinstance(structure, tuple):
        if isinstance(element, (tuple, list)) and len(element) == len(structure):
            pairs = zip(structure, element, strict=True)
            return [value for part, item in pairs for value in _components(part, item, subject)]
    else:
        return [element]
    raise TypeError(
        f"`generator` yielded an element that did not match the expected structure: {subject}: "
        f"expected {_structure.map_structure(lambda _: '?', structure)}; got {element!r}"
    )


def _convert(value: Any, spec: TensorSpec, number: int) -> Array:
    name = f"element {number}"
    array = as_column(value, name)
    wanted = spec.dtype.as_numpy_dtype
    if (array.dtype.kind == "O") != (spec.dtype == dtypes.string) or not np.can_cast(
        array.dtype, wanted, "same_kind"
    ):
        raise TypeError(
            "`generator` yielded an element that could not be converted to the expected type: "
            f"{name}: expected {spec.dtype.name}; got {value!r}"
        )
    if not spec.shape.is_compatible_with(array.shape):
        raise TypeError(
            f"`generator` yielded an element of shape {array.shape} where an element of shape "
            f"{spec.shape} was expected: {name}"
        )
    return array.astype(wanted, copy=False)
