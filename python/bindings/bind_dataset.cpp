// Dataset and Input: descriptions of data, and streams over them.
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "holdfast/dataset.h"
#include "holdfast/error.h"
#include "runtime/text_lines.h"

namespace py = pybind11;
using py::literals::operator""_a;

namespace holdfast::python {
namespace {

using Release = py::call_guard<py::gil_scoped_release>;

std::vector<Tensor> tensors(const py::sequence& arrays) {
  std::vector<Tensor> result;
  result.reserve(arrays.size());
  for (const py::handle array : arrays) {
    result.push_back(tensor_from_array(array_from_object(array)));
  }
  return result;
}

// A Python object that may be let go by a thread without the GIL.
template <typename Object>
std::shared_ptr<Object> shared_object(Object object) {
  return {new Object(std::move(object)), [](Object* held) {
            const py::gil_scoped_acquire gil;
            delete held;
          }};
}

// One pass over what a Python callable returned; exceptions of the generator pass through.
class PythonRows final : public RowReader {
 public:
  explicit PythonRows(py::object iterator) : iterator_(shared_object(std::move(iterator))) {}

  bool next(std::vector<Tensor>& row) override {
    const py::gil_scoped_acquire gil;
    const auto item = py::reinterpret_steal<py::object>(PyIter_Next(iterator_->ptr()));
    if (!item) {
      if (PyErr_Occurred()) throw py::error_already_set();
      return false;
    }
    row = tensors(item);
    // Generators like to fill the same array again.
    for (Tensor& tensor : row) tensor = tensor.clone();
    return true;
  }

 private:
  std::shared_ptr<py::object> iterator_;
};

Dataset from_generator(py::function rows, const std::vector<std::string>& dtypes,
                       const std::vector<Shape>& shapes, std::vector<std::string> names,
                       bool resumable) {
  if (dtypes.size() != shapes.size()) {
    throw Error(Code::kInvalidArgument, "from_generator: expected as many shapes as dtypes; got " +
                                            std::to_string(shapes.size()) + " and " +
                                            std::to_string(dtypes.size()));
  }
  std::vector<TensorType> types;
  for (std::size_t c = 0; c < dtypes.size(); ++c) {
    types.push_back({dtype_from_name(dtypes[c]), shapes[c]});
  }
  const auto held = shared_object(std::move(rows));
  const auto open = [held](std::int64_t first) -> std::unique_ptr<RowReader> {
    const py::gil_scoped_acquire gil;
    return std::make_unique<PythonRows>(py::iter((*held)(first)));
  };
  if (resumable) return Dataset::from_resumable(open, std::move(types), std::move(names));
  return Dataset::from_generator([open] { return open(0); }, std::move(types), std::move(names));
}

Dataset from_text(std::shared_ptr<TextLines> lines) { return dataset_of_lines(lines); }

py::list components(const Dataset& dataset) {
  py::list result;
  for (const TensorType& type : dataset.components()) {
    result.append(py::make_tuple(dtype_name(type.dtype), type.shape));
  }
  return result;
}

py::object next(Input& input) {
  std::vector<Tensor> values;
  {
    const py::gil_scoped_release nogil;
    if (input.advance()) {
      for (int c = 0; c < input.components(); ++c) {
        values.emplace_back(input.type(c).dtype, input.shape(c));
        input.copy(c, values.back().raw());
      }
    }
  }
  if (values.empty()) return py::none();
  py::list arrays;
  for (const Tensor& value : values) arrays.append(array_from_tensor(value));
  return arrays;
}

}  // namespace

void bind_dataset(py::module_& module) {
  py::class_<Input, std::shared_ptr<Input>>(module, "Input")
      .def("next", &next)
      .def_property_readonly("consumed", &Input::consumed)
      .def_property_readonly("epoch", &Input::epoch)
      .def_property_readonly("order", &Input::order)
      .def("has_next", &Input::has_next, Release())
      .def("skip", &Input::skip, "count"_a, Release())
      .def_property_readonly("fingerprint", &Input::fingerprint);

  py::class_<Dataset>(module, "Dataset")
      .def_static(
          "from_table",
          [](const py::sequence& columns, std::vector<std::string> names) {
            return Dataset::from_table(tensors(columns), std::move(names));
          },
          "columns"_a, "names"_a = std::vector<std::string>())
      .def_static("from_text", &from_text, "lines"_a)
      .def_static("from_generator", &from_generator, "rows"_a, "dtypes"_a, "shapes"_a,
                  "names"_a = std::vector<std::string>(), "resumable"_a = false)
      .def("shuffle", &Dataset::shuffle, "buffer_size"_a, "seed"_a = std::nullopt,
           "reshuffle_each_iteration"_a = true)
      .def("repeat", &Dataset::repeat, "count"_a = -1)
      .def("batch", &Dataset::batch, "batch_size"_a, "drop_remainder"_a = false)
      .def("take", &Dataset::take, "count"_a)
      .def("skip", &Dataset::skip, "count"_a)
      .def("shard", &Dataset::shard, "num_shards"_a, "index"_a)
      .def("concatenate", &Dataset::concatenate, "other"_a)
      .def(
          "map",
          [](const Dataset& dataset, const Graph& graph, std::vector<NodeId> inputs,
             std::vector<NodeId> outputs) {
            return dataset.map(
                {std::make_shared<const Graph>(graph), std::move(inputs), std::move(outputs)});
          },
          "graph"_a, "inputs"_a, "outputs"_a)
      .def("cardinality", &Dataset::cardinality)
      .def("components", &components)
      .def_property_readonly("fingerprint", &Dataset::fingerprint)
      .def_property_readonly("replays", &Dataset::replays)
      .def("make_input", &Dataset::make_input, "run_seed"_a = 0);
}

}  // namespace holdfast::python
