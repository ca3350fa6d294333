// Event files: the writer, the reader, and what an event holds.
#include <pybind11/stl.h>

#include "arrays.h"
#include "base/histogram.h"
#include "bindings.h"
#include "graph/graph_def.h"
#include "holdfast/summary.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

using NoGil = py::call_guard<py::gil_scoped_release>;

void bind_values(py::module_& module) {
  py::class_<HistogramValue>(module, "HistogramValue")
      .def(py::init<>())
      .def_readwrite("min", &HistogramValue::min)
      .def_readwrite("max", &HistogramValue::max)
      .def_readwrite("num", &HistogramValue::num)
      .def_readwrite("sum", &HistogramValue::sum)
      .def_readwrite("sum_squares", &HistogramValue::sum_squares)
      .def_readwrite("bucket_limit", &HistogramValue::limits)
      .def_readwrite("bucket", &HistogramValue::counts);
  py::enum_<SummaryValue::Kind>(module, "SummaryKind")
      .value("SCALAR", SummaryValue::Kind::kScalar)
      .value("HISTOGRAM", SummaryValue::Kind::kHistogram)
      .value("TEXT", SummaryValue::Kind::kText)
      .value("OTHER", SummaryValue::Kind::kOther);
  py::class_<SummaryValue>(module, "SummaryValue")
      .def(py::init<>())
      .def_readwrite("tag", &SummaryValue::tag)
      .def_readwrite("kind", &SummaryValue::kind)
      .def_readwrite("scalar", &SummaryValue::scalar)
      .def_readwrite("histogram", &SummaryValue::histogram)
      .def_property(
          "text", [](const SummaryValue& value) { return py::bytes(value.text); },
          [](SummaryValue& value, const std::string& text) { value.text = text; });
}

void bind_event(py::module_& module) {
  py::class_<SessionLog> log(module, "SessionLog");
  py::enum_<SessionLog::Status>(log, "Status")
      .value("UNSPECIFIED", SessionLog::Status::kUnspecified)
      .value("START", SessionLog::Status::kStart)
      .value("STOP", SessionLog::Status::kStop)
      .value("CHECKPOINT", SessionLog::Status::kCheckpoint);
  log.def(py::init<>())
      .def_readwrite("status", &SessionLog::status)
      .def_readwrite("checkpoint_path", &SessionLog::checkpoint_path);
  py::class_<Event>(module, "Event")
      .def(py::init<>())
      .def_readwrite("wall_time", &Event::wall_time)
      .def_readwrite("step", &Event::step)
      .def_readwrite("file_version", &Event::file_version)
      .def_property(
          "graph_def", [](const Event& event) { return py::bytes(event.graph_def); },
          [](Event& event, const std::string& bytes) { event.graph_def = bytes; })
      .def_readwrite("values", &Event::values)
      .def_readwrite("session_log", &Event::session_log);
}

void bind_files(py::module_& module) {
  py::class_<EventWriter, std::shared_ptr<EventWriter>>(module, "EventWriter")
      .def(py::init([](const std::string& directory, double flush_secs, int queue_size,
                       const std::string& suffix) {
             EventWriterOptions options;
             options.flush_secs = flush_secs;
             options.queue_size = queue_size;
             options.suffix = suffix;
             return std::make_shared<EventWriter>(directory, options);
           }),
           "directory"_a, "flush_secs"_a = 2.0, "queue_size"_a = 4096, "suffix"_a = "")
      .def("add", &EventWriter::add, "event"_a, NoGil())
      .def("flush", &EventWriter::flush, NoGil())
      .def("close", &EventWriter::close, NoGil())
      .def_property_readonly("directory", &EventWriter::directory)
      .def_property_readonly("path", &EventWriter::path)
      .def_property_readonly("lost_events", &EventWriter::lost_events)
      .def("take_warnings", &EventWriter::take_warnings);
  py::class_<EventReader>(module, "EventReader")
      .def(py::init<const std::string&>(), "path"_a, NoGil())
      .def("next",
           [](EventReader& reader) -> std::optional<Event> {
             const py::gil_scoped_release nogil;
             Event event;
             if (!reader.next(event)) return std::nullopt;
             return event;
           })
      .def_property_readonly("torn", &EventReader::torn);
}

}  // namespace

void bind_summary(py::module_& module) {
  bind_values(module);
  bind_event(module);
  bind_files(module);
  module.def(
      "graph_def", [](const Graph& graph) { return py::bytes(graph_def(graph)); }, "graph"_a);
  module.def("histogram_limits", [] { return histogram_limits(); });
}

}  // namespace holdfast::python
