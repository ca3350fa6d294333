#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "graph/op_names.h"
#include "holdfast/error.h"
#include "holdfast/model.h"
#include "holdfast/saved_model.h"
#include "holdfast/trainer.h"
#include "serving_signature.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

// (name, method, inputs, outputs), nodes by name.
using SignatureTuple = std::tuple<std::string, std::string, std::map<std::string, NodeId>,
                                  std::vector<std::pair<std::string, NodeId>>>;

std::string write(const std::string& export_dir_base, const Trainer& trainer,
                  const std::vector<SignatureTuple>& signatures,
                  const std::map<std::string, std::string>& assets_extra,
                  const std::string& model_json, bool sync) {
  SavedModelContents contents;
  contents.graph = trainer.graph();
  for (const auto& [name, method, inputs, outputs] : signatures)
    contents.signatures.push_back({name, method, inputs, outputs});
  contents.variables = trainer.contents().tensors;
  contents.model_json = model_json;
  contents.seed = trainer.seed();
  contents.assets_extra = assets_extra;
  SavedModelOptions options;
  options.durability = sync ? Durability::kFull : Durability::kProcess;
  options.threads = trainer.threads();
  return write_saved_model(export_dir_base, contents, options);
}

py::dict signatures_of(const Model& model) {
  py::dict all;
  for (std::size_t i = 0; i < model.signatures().size(); ++i)
    all[text_of(model.signatures()[i].name)] = make_serving_signature(model, i);
  return all;
}

}  // namespace

void bind_model(py::module_& module) {
  bind_serving_signature(module);

  py::class_<Model>(module, "Model")
      .def_static(
          "load",
          [](const std::string& directory, int threads) {
            return Model::load(directory, ModelOptions{threads});
          },
          "directory"_a, "threads"_a = 0, py::call_guard<py::gil_scoped_release>())
      .def_static(
          "load_files",
          [](const std::map<std::string, py::bytes>& files, int threads) {
            std::map<std::string, std::string> copies;
            for (const auto& [name, bytes] : files) copies.emplace(name, bytes);
            const py::gil_scoped_release nogil;
            return Model::load(copies, ModelOptions{threads});
          },
          "files"_a, "threads"_a = 0)
      .def_property_readonly("signatures", &signatures_of)
      .def("default_signature", [](const Model& model) { return model.signature().name; })
      .def_property_readonly("graph", [](const Model& model) { return Graph(model.graph()); })
      .def(
          "predict",
          [](const Model& model, const std::map<std::string, py::array>& inputs,
             const std::string& signature) {
            TensorMap tensors;
            for (const auto& [name, array] : inputs)
              tensors.emplace(name, tensor_from_array(array));
            TensorMap outputs;
            {
              const py::gil_scoped_release nogil;
              outputs = model.predict(tensors, signature);
            }
            std::map<std::string, py::array> arrays;
            for (const auto& [name, tensor] : outputs)
              arrays.emplace(name, array_from_tensor(tensor));
            return arrays;
          },
          "inputs"_a, "signature"_a = "")
      .def_property_readonly("global_step", &Model::global_step)
      .def_property_readonly("model_json", &Model::model_json)
      .def("variables", [](const Model& model) {
        std::vector<std::tuple<std::string, std::string, std::string, Shape>> all;
        for (const NamedTensor& tensor : model.variables())
          all.emplace_back(tensor.name, tensor.role, dtype_name(tensor.value.dtype()),
                           tensor.value.shape());
        return all;
      });

  module.def("op_names", &op_names);
  module.def("write_saved_model", &write, "export_dir_base"_a, "trainer"_a, "signatures"_a,
             "assets_extra"_a = std::map<std::string, std::string>{}, "model_json"_a = "{}",
             "sync"_a = true, py::call_guard<py::gil_scoped_release>());
}

}  // namespace holdfast::python
