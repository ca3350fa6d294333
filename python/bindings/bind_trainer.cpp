#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.h"
#include "base/thread_pool.h"
#include "bindings.h"
#include "holdfast/error.h"
#include "holdfast/input.h"
#include "holdfast/trainer.h"
#include "kernels/kernels.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

const char* reason_text(StopReason reason) {
  switch (reason) {
    case StopReason::kSteps:
      return "steps";
    case StopReason::kEndOfInput:
      return "end_of_input";
    case StopReason::kRequested:
      return "requested";
    case StopReason::kNonFiniteLoss:
      return "nonfinite_loss";
    case StopReason::kTime:
      return "time";
  }
  return "";
}

SlotPolicy slot_policy(const std::string& name) {
  if (name == "restore") return SlotPolicy::kRestore;
  if (name == "reset") return SlotPolicy::kReset;
  if (name == "skip") return SlotPolicy::kSkip;
  throw Error(Code::kInvalidArgument,
              "slots: expected \"restore\", \"reset\" or \"skip\"; got \"" + name + "\"");
}

std::vector<py::array> arrays(const std::vector<Tensor>& tensors) {
  std::vector<py::array> result;
  for (const Tensor& tensor : tensors) result.push_back(array_from_tensor(tensor));
  return result;
}

void bind_machine(py::module_& module) {
  module.def("default_thread_count", &default_thread_count);
  module.def("isa", [] { return kernels::table().isa; });
  module.def(
      "choose_isa", [](const std::string& name) { kernels::choose_table(name.c_str()); }, "name"_a);
  module.def("runnable_isas", [] {
    std::vector<std::string> names;
    const kernels::TableList list = kernels::runnable_tables();
    for (int i = 0; i < list.count; ++i) names.emplace_back(list.tables[i]->isa);
    return names;
  });
}

}  // namespace

void bind_trainer(py::module_& module) {
  bind_machine(module);

  py::class_<RunResult>(module, "RunResult")
      .def_readonly("steps", &RunResult::steps)
      .def_property_readonly("reason",
                             [](const RunResult& result) { return reason_text(result.reason); })
      .def_readonly("watched", &RunResult::watched)
      .def_property_readonly("fetched",
                             [](const RunResult& result) { return arrays(result.fetched); });

  py::class_<RestoreReport>(module, "RestoreReport")
      .def_readonly("restored", &RestoreReport::restored)
      .def_readonly("reset", &RestoreReport::reset)
      .def_readonly("missing", &RestoreReport::missing)
      .def_readonly("unexpected", &RestoreReport::unexpected)
      .def_readonly("unused", &RestoreReport::unused);

  py::class_<Trainer>(module, "Trainer")
      .def(py::init([](const Graph& graph, std::uint64_t seed, int threads) {
             return Trainer(graph, {seed, threads});
           }),
           "graph"_a, "seed"_a, "threads"_a = 0, py::call_guard<py::gil_scoped_release>())
      .def("set_input", &Trainer::set_input, "input"_a, "placeholders"_a = std::vector<NodeId>{})
      .def("run", &Trainer::run, "steps"_a, "targets"_a, "fetches"_a, "watch"_a = kNoNode,
           "record"_a = true, py::call_guard<py::gil_scoped_release>())
      .def(
          "add_summaries",
          [](Trainer& trainer, const std::shared_ptr<EventWriter>& writer,
             const std::vector<std::tuple<std::string, SummaryValue::Kind, NodeId>>& sources,
             std::int64_t every, std::int64_t speed_every, std::vector<Event> opening) {
            SummaryPlan plan;
            for (const auto& [tag, kind, node] : sources) plan.sources.push_back({tag, kind, node});
            plan.every = every;
            plan.speed_every = speed_every;
            plan.opening = std::move(opening);
            trainer.add_summaries(writer, std::move(plan));
          },
          "writer"_a, "sources"_a, "every"_a, "speed_every"_a, "opening"_a = std::vector<Event>{})
      .def("clear_summaries", &Trainer::clear_summaries)
      .def("request_stop", &Trainer::request_stop)
      .def("limit_call", &Trainer::limit_call, "seconds"_a)
      .def("variable_names", &Trainer::variable_names)
      .def("read_variable",
           [](const Trainer& trainer, const std::string& name) {
             return array_from_tensor(trainer.read_variable(name));
           })
      .def(
          "write_variable",
          [](Trainer& trainer, const std::string& name, const py::array& value) {
            trainer.write_variable(name, tensor_from_array(value));
          },
          "name"_a, "value"_a)
      .def("reset_local_variables", &Trainer::reset_local_variables)
      .def_property_readonly("global_step", &Trainer::global_step)
      .def_property_readonly("seed", &Trainer::seed)
      .def_property_readonly("threads", &Trainer::threads)
      .def(
          "restore",
          [](Trainer& trainer, const CheckpointReader& reader, const std::string& slots,
             const std::string& model_json) {
            return trainer.restore(reader, {slot_policy(slots), model_json});
          },
          "reader"_a, "slots"_a = "restore", "model_json"_a = "{}",
          py::call_guard<py::gil_scoped_release>())
      .def(
          "save",
          [](const Trainer& trainer, CheckpointWriter& writer, const std::string& state_json,
             const std::string& model_json) {
            return writer.save(trainer.contents(state_json, model_json));
          },
          "writer"_a, "state_json"_a = "{}", "model_json"_a = "{}",
          py::call_guard<py::gil_scoped_release>())
      .def(
          "stage",
          [](const Trainer& trainer, StagedCheckpoint& staged, const std::string& state_json,
             const std::string& model_json) {
            staged.stage(trainer.contents(state_json, model_json), trainer.threads());
          },
          "staged"_a, "state_json"_a = "{}", "model_json"_a = "{}",
          py::call_guard<py::gil_scoped_release>());
}

}  // namespace holdfast::python
