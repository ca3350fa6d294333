"""What TensorBoard shows of a run: values registered in the graph, and event files.

Source: tf.summary of TensorFlow 1.x.
"""

from holdfast.summary._collect import histogram, scalar, text
from holdfast.summary._messages import Event, HistogramProto, SessionLog, Summary
from holdfast.summary._reader import summary_iterator
from holdfast.summary._writer import FileWriter, FileWriterCache

__all__ = [
    "Event",
    "FileWriter",
    "FileWriterCache",
    "HistogramProto",
    "SessionLog",
    "Summary",
    "histogram",
    "scalar",
    "summary_iterator",
    "text",
]
