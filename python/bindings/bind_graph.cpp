#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "attributes.h"
#include "bindings.h"
#include "holdfast/graph.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {

void bind_graph(py::module_& module) {
  py::class_<Graph>(module, "Graph")
      .def(py::init<>())
      .def("__len__", &Graph::size)
      .def(
          "add",
          [](Graph& graph, const std::string& op, std::vector<NodeId> inputs,
             const py::dict& attributes, const std::string& name) {
            return graph.add(op, std::move(inputs), attributes_from_dict(attributes), name);
          },
          "op"_a, "inputs"_a = std::vector<NodeId>{}, "attributes"_a = py::dict(), "name"_a = "")
      .def("gradients", &Graph::gradients, "y"_a, "wrt"_a)
      .def("find", &Graph::find, "name"_a)
      .def("to_json", &Graph::to_json)
      .def_static("from_json", [](const std::string& text) { return Graph::from_json(text); })
      .def("name", [](const Graph& graph, NodeId node) { return graph.node(node).name; })
      .def("op", [](const Graph& graph, NodeId node) { return graph.node(node).op; })
      .def("inputs", [](const Graph& graph, NodeId node) { return graph.node(node).inputs; })
      .def("attributes",
           [](const Graph& graph, NodeId node) {
             return dict_from_attributes(graph.node(node).attributes);
           })
      .def("dtype",
           [](const Graph& graph, NodeId node) { return dtype_name(graph.node(node).type.dtype); })
      .def("shape", [](const Graph& graph, NodeId node) { return graph.node(node).type.shape; });
}

}  // namespace holdfast::python
