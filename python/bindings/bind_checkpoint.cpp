// Checkpoints: the reader, the writer, and what a model_dir holds.
#include <pybind11/stl.h>

#include "arrays.h"
#include "bindings.h"
#include "holdfast/checkpoint.h"
#include "holdfast/error.h"

namespace py = pybind11;

namespace holdfast::python {
namespace {

using NoGil = py::call_guard<py::gil_scoped_release>;

Durability durability_from(const std::string& name) {
  if (name == "full") return Durability::kFull;
  if (name == "process") return Durability::kProcess;
  throw Error(Code::kInvalidArgument,
              "durability: expected \"full\" or \"process\"; got \"" + name + "\"");
}

// The dict's arrays and the step as a checkpoint's tensors; views where numpy's memory allows.
std::vector<NamedTensor> tensors_from(const py::dict& arrays, std::int64_t global_step) {
  std::vector<NamedTensor> tensors;
  for (const auto& [key, value] : arrays) {
    NamedTensor tensor;
    tensor.name = key.cast<std::string>();
    if (tensor.name == "global_step") continue;  // the argument decides
    const auto array = py::array::ensure(value);
    if (!array) {
      PyErr_Clear();
      throw Error(Code::kInvalidArgument,
                  "tensor \"" + tensor.name + "\": expected an array; got " +
                      py::str(py::type::of(value)).cast<std::string>(),
                  {{"tensor", tensor.name}});
    }
    try {
      tensor.value = tensor_from_array(array);
    } catch (const Error& error) {
      throw Error(error.code(), "tensor \"" + tensor.name + "\": " + error.what(),
                  {{"tensor", tensor.name}}, error.kind());
    }
    tensors.push_back(std::move(tensor));
  }
  NamedTensor step;
  step.name = "global_step";
  step.value = Tensor(DType::kInt64, {});
  *step.value.data<std::int64_t>() = global_step;
  tensors.push_back(std::move(step));
  assign_roles(tensors);
  return tensors;
}

void bind_infos(py::module_& module) {
  py::class_<CheckpointInfo>(module, "CheckpointInfo")
      .def_readonly("path", &CheckpointInfo::path)
      .def_readonly("step", &CheckpointInfo::step)
      .def_readonly("commit_seq", &CheckpointInfo::commit_seq)
      .def_readonly("created_unix_ms", &CheckpointInfo::created_unix_ms)
      .def_readonly("bytes", &CheckpointInfo::bytes)
      .def_readonly("nonfinite", &CheckpointInfo::nonfinite);
  py::class_<CheckpointProblem>(module, "CheckpointProblem")
      .def_readonly("path", &CheckpointProblem::path)
      .def_property_readonly(
          "reason", [](const CheckpointProblem& problem) { return text_of(problem.reason); })
      .def_readonly("step", &CheckpointProblem::step)
      .def_readonly("commit_seq", &CheckpointProblem::commit_seq)
      .def_readonly("unfinished", &CheckpointProblem::unfinished);
  py::class_<TensorInfo>(module, "TensorInfo")
      .def_readonly("name", &TensorInfo::name)
      .def_readonly("role", &TensorInfo::role)
      .def_readonly("slot_of", &TensorInfo::slot_of)
      .def_readonly("slot", &TensorInfo::slot)
      .def_readonly("optimizer", &TensorInfo::optimizer)
      .def_property_readonly("dtype", [](const TensorInfo& info) { return dtype_name(info.dtype); })
      .def_readonly("shape", &TensorInfo::shape)
      .def_readonly("nonfinite", &TensorInfo::nonfinite)
      .def_readonly("bytes", &TensorInfo::bytes);
}

void bind_reader(py::module_& module) {
  py::class_<CheckpointReader>(module, "CheckpointReader")
      .def(py::init<const std::string&>(), py::arg("path"), NoGil())
      .def_static("open_latest", &CheckpointReader::open_latest, py::arg("model_dir"), NoGil())
      .def_property_readonly("info", &CheckpointReader::info)
      .def_property_readonly("tensors", &CheckpointReader::tensors)
      .def_property_readonly("state_json", &CheckpointReader::state_json)
      .def_property_readonly("model_json", &CheckpointReader::model_json)
      .def(
          "read",
          [](const CheckpointReader& reader, const std::string& name) {
            Tensor tensor;
            {
              const py::gil_scoped_release nogil;
              tensor = reader.read(name);
            }
            return array_from_tensor(tensor);
          },
          py::arg("name"))
      .def(
          "read_all",
          [](const CheckpointReader& reader, int threads) {
            std::vector<Tensor> tensors;
            {
              const py::gil_scoped_release nogil;
              tensors = reader.read_all(threads);
            }
            py::dict arrays;
            for (std::size_t i = 0; i < tensors.size(); ++i)
              arrays[py::str(reader.tensors()[i].name)] = array_from_tensor(tensors[i]);
            return arrays;
          },
          py::arg("threads") = 0)
      .def("verify", &CheckpointReader::verify, NoGil());
}

void bind_staged(py::module_& module) {
  py::class_<StagedCheckpoint>(module, "StagedCheckpoint")
      .def(py::init())
      .def_property_readonly("empty", &StagedCheckpoint::empty)
      .def_property_readonly("step", &StagedCheckpoint::step)
      .def_property_readonly("bytes", &StagedCheckpoint::bytes);
}

void bind_writer(py::module_& module) {
  py::class_<CheckpointWriter>(module, "CheckpointWriter")
      .def(py::init([](const std::string& model_dir, const std::string& durability, int threads,
                       bool break_lock, bool keep_unfinished) {
             CheckpointWriterOptions options;
             options.durability = durability_from(durability);
             options.threads = threads;
             options.break_lock = break_lock;
             options.keep_unfinished = keep_unfinished;
             const py::gil_scoped_release nogil;
             return CheckpointWriter(model_dir, options);
           }),
           py::arg("model_dir"), py::arg("durability") = "full", py::arg("threads") = 0,
           py::arg("break_lock") = false, py::arg("keep_unfinished") = false)
      .def(
          "save",
          [](CheckpointWriter& writer, const py::dict& arrays, std::int64_t global_step,
             std::string state_json, std::string model_json) {
            CheckpointContents contents;
            contents.tensors = tensors_from(arrays, global_step);
            contents.state_json = std::move(state_json);
            contents.model_json = std::move(model_json);
            const py::gil_scoped_release nogil;
            return writer.save(contents);
          },
          py::arg("tensors"), py::arg("global_step"), py::arg("state_json") = "{}",
          py::arg("model_json") = "{}")
      .def(
          "save_staged",
          [](CheckpointWriter& writer, StagedCheckpoint& staged) { return writer.save(staged); },
          py::arg("staged"), NoGil())
      .def("remove", &CheckpointWriter::remove, py::arg("path"), NoGil())
      .def(
          "set_aside",
          [](CheckpointWriter& writer, const std::string& path, bool rejected) {
            return writer.set_aside(path, rejected ? Aside::kRejected : Aside::kCorrupt);
          },
          py::arg("path"), py::arg("rejected") = false, NoGil())
      .def("write_bookkeeping", &CheckpointWriter::write_bookkeeping, py::arg("json_text"), NoGil())
      .def("take_warnings",
           [](CheckpointWriter& writer) {
             py::list warnings;
             for (const std::string& warning : writer.take_warnings())
               warnings.append(text_of(warning));
             return warnings;
           })
      .def("close", &CheckpointWriter::close, NoGil());
}

}  // namespace

void bind_checkpoint(py::module_& module) {
  bind_infos(module);
  bind_reader(module);
  bind_staged(module);
  bind_writer(module);
  module.def("list_checkpoints", &list_checkpoints, py::arg("model_dir"), NoGil());
  module.def("checkpoint_problems", &checkpoint_problems, py::arg("model_dir"), NoGil());
  module.def("latest_checkpoint", &latest_checkpoint, py::arg("model_dir"), NoGil());
  module.def("read_bookkeeping", &read_bookkeeping, py::arg("model_dir"), NoGil());
  module.def("pin_checkpoint", &pin_checkpoint, py::arg("path"), NoGil());
  module.def("unpin_checkpoint", &unpin_checkpoint, py::arg("path"), NoGil());
  module.def("pinned_checkpoints", &pinned_checkpoints, py::arg("model_dir"), NoGil());
}

}  // namespace holdfast::python
