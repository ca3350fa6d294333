"""Datasets of lines of text files."""

from __future__ import annotations

from typing import Any

from holdfast import _core
from holdfast.data._dataset import Dataset
from holdfast.data._files import file_names, refuse_compression


class TextLineDataset(Dataset):
    """The lines of text files, one after the other, as bytes.

    A line is what stands between line feeds, without a carriage return before it; blank lines
    count. The files are read here and stay in memory: a training that continues finds its line
    without reading those before it.

    Args:
      filenames: A name or several.
      compression_type: Must be None or "".
      buffer_size: Ignored.
      num_parallel_reads: Ignored: files come in order.
      name: Ignored.

    Raises:
      errors.NotFoundError: a file does not exist.
      errors.PermissionDeniedError: a file must not be read.
      errors.InvalidArgumentError: a name is that of a directory.
    Source: tf.data.TextLineDataset, which reads the files later.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: int | None = None,
        num_parallel_reads: int | None = None,
        name: str | None = None,
    ) -> None:
        del buffer_size, num_parallel_reads, name
        refuse_compression(compression_type, "TextLineDataset")
        files = _core.TextFiles(file_names(filenames, "TextLineDataset"))
        super().__init__(_core.Dataset.from_text(files), None)
