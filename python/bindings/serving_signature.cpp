#include "serving_signature.h"

#include <pybind11/numpy.h>
#include <structmember.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "api/model_call.h"
#include "arrays.h"
#include "bindings.h"
#include "holdfast/error.h"
#include "input_value.h"
#include "runtime/element.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

// ---- the object ----------------------------------------------------------------------------

struct Bound {
  Model model;
  std::size_t index;
  const Signature& signature;  // the model's
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

struct ServingSignature {
  PyObject_HEAD vectorcallfunc call;
  Bound* bound;
};

PyTypeObject* signature_type = nullptr;

std::vector<Port> ports_of(const std::vector<SignatureTensor>& tensors) {
  std::vector<Port> ports;
  for (const SignatureTensor& tensor : tensors) {
    PyObject* name = text_of(tensor.name).release().ptr();
    PyUnicode_InternInPlace(&name);
    const bool is_string = tensor.dtype == DType::kString;
    ports.push_back({py::reinterpret_steal<py::str>(name), tensor.dtype,
                     py::dtype(is_string ? "object" : dtype_name(tensor.dtype)),
                     dtype_size(tensor.dtype)});
  }
  return ports;
}

Bound& bound_of(PyObject* self) { return *reinterpret_cast<ServingSignature*>(self)->bound; }

// ---- arguments -----------------------------------------------------------------------------

// The arguments by input: one array, one dict, or keywords. Held, since reading one may run Python,
// which may take another out of its dict.
void arrange(const Bound& bound, PyObject* const* args, Py_ssize_t count, PyObject* keywords,
             std::vector<py::object>& given) {
  const auto held = [](PyObject* value) { return py::reinterpret_borrow<py::object>(value); };
  given.assign(bound.inputs.size(), py::object());
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  if (count == 1 && named == 0 && !PyDict_Check(args[0]) && given.size() == 1) {
    given[0] = held(args[0]);
    return;
  }
  if (count > 1 || (count == 1 && (named > 0 || !PyDict_Check(args[0]))))
    throw Error(Code::kInvalidArgument,
                "signature \"" + bound.signature.name + "\": expected a dict of its " +
                    std::to_string(given.size()) +
                    " inputs by name, or each as a keyword argument; got " + std::to_string(count) +
                    " positional arguments",
                {{"signature", bound.signature.name}});
  std::size_t found = 0;
  PyObject* dict = count == 1 ? args[0] : nullptr;
  for (std::size_t i = 0; i < given.size(); ++i) {
    PyObject* name = bound.inputs[i].name.ptr();
    if (dict != nullptr) {
      given[i] = held(PyDict_GetItemWithError(dict, name));
      if (!given[i] && PyErr_Occurred() != nullptr) throw py::error_already_set();
    }
    for (Py_ssize_t k = 0; k < named && !given[i]; ++k) {
      if (PyUnicode_Compare(PyTuple_GET_ITEM(keywords, k), name) == 0) given[i] = held(args[k]);
    }
    if (!given[i]) ModelCall::missing(bound.signature, i);
    ++found;
  }
  const auto all = static_cast<std::size_t>(dict != nullptr ? PyDict_GET_SIZE(dict) : named);
  if (all == found) return;
  const py::list names = dict != nullptr ? py::list(py::reinterpret_borrow<py::dict>(dict))
                                         : py::list(py::reinterpret_borrow<py::tuple>(keywords));
  for (const py::handle name : names) {
    const auto text = py::str(name).cast<std::string>();
    if (bound.signature.find_input(text) == nullptr) ModelCall::unexpected(bound.signature, text);
  }
}

// ---- outputs -------------------------------------------------------------------------------

py::object array_of(const Buffer& buffer, const Port& port) {
  const auto& numpy = py::detail::npy_api::get();
  Py_INCREF(port.numpy.ptr());  // stolen
  PyObject* array = numpy.PyArray_NewFromDescr_(
      numpy.PyArray_Type_, port.numpy.ptr(), static_cast<int>(buffer.shape.size()),
      reinterpret_cast<const Py_intptr_t*>(buffer.shape.data()), nullptr, nullptr, 0, nullptr);
  if (array == nullptr) throw py::error_already_set();
  auto result = py::reinterpret_steal<py::object>(array);
  void* data = py::detail::array_proxy(array)->data;
  if (port.dtype != DType::kString) {
    if (buffer.size > 0)
      std::memcpy(data, buffer.data, static_cast<std::size_t>(buffer.size) * port.item_size);
    return result;
  }
  auto** items = static_cast<PyObject**>(data);
  for (std::int64_t k = 0; k < buffer.size; ++k) {
    const std::string& text = buffer.as<std::string>()[k];
    PyObject* bytes = PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
    if (bytes == nullptr) throw py::error_already_set();
    Py_XSETREF(items[k], bytes);
  }
  return result;
}

// What a call needs for as long as it runs; its memory is used again.
struct Scratch {
  std::vector<py::object> given;
  std::vector<TensorType> types;
  std::vector<InputValue> values;
  bool busy = false;

  // However the call ends: what it held is the caller's, and when the thread ends, there is no GIL.
  void let_go() {
    given.clear();
    values.clear();
  }
};

PyObject* predict(const Bound& bound, PyObject* const* args, Py_ssize_t count, PyObject* keywords,
                  Scratch& scratch) {
  std::vector<py::object>& given = scratch.given;
  std::vector<TensorType>& types = scratch.types;
  std::vector<InputValue>& values = scratch.values;
  arrange(bound, args, count, keywords, given);
  types.resize(given.size());
  values.resize(given.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    read_input(given[i].ptr(), {bound.inputs[i], bound.signature, i}, values[i], types[i]);

  ModelCall call(bound.model, bound.index, types);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (call.feed(i) == nullptr) continue;  // no output depends on it
    copy_elements(types[i].dtype, values[i].data, call.feed(i), element_count(types[i].shape));
  }
  scratch.let_go();
  {
    const py::gil_scoped_release nogil;
    call.run();
  }
  auto outputs = py::reinterpret_steal<py::object>(PyDict_New());
  if (!outputs) throw py::error_already_set();
  for (std::size_t i = 0; i < bound.outputs.size(); ++i) {
    const py::object array = array_of(call.value(i), bound.outputs[i]);
    if (PyDict_SetItem(outputs.ptr(), bound.outputs[i].name.ptr(), array.ptr()) < 0)
      throw py::error_already_set();
  }
  return outputs.release().ptr();
}

// ---- the type ------------------------------------------------------------------------------

// function(), with what it throws set as the Python error.
template <typename Function>
PyObject* guarded(const Function& function) noexcept {
  try {
    return function();
  } catch (const Error& error) {
    try {
      raise(error);
    } catch (py::error_already_set& other) {
      other.restore();
    }
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

PyObject* call_signature(PyObject* self, PyObject* const* args, std::size_t flags,
                         PyObject* keywords) {
  return guarded([&] {
    // Kept from call to call, so that a call allocates nothing but its result.
    static thread_local Scratch kept;
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (kept.busy) {  // converting an input has called a program that predicts
      Scratch inner;
      return predict(bound_of(self), args, count, keywords, inner);
    }
    struct Use {
      Scratch& scratch;
      explicit Use(Scratch& used) : scratch(used) { scratch.busy = true; }
      ~Use() {
        scratch.let_go();
        scratch.busy = false;
      }
    } use(kept);
    return predict(bound_of(self), args, count, keywords, kept);
  });
}

py::dict described(const std::vector<SignatureTensor>& tensors) {
  py::dict all;
  for (const SignatureTensor& tensor : tensors) {
    py::tuple shape(tensor.shape.size());
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      shape[i] =
          tensor.shape[i] < 0 ? py::object(py::none()) : py::object(py::int_(tensor.shape[i]));
    all[text_of(tensor.name)] = py::make_tuple(dtype_name(tensor.dtype), shape);
  }
  return all;
}

PyObject* get_name(PyObject* self, void*) {
  return guarded([&] { return text_of(bound_of(self).signature.name).release().ptr(); });
}
PyObject* get_method(PyObject* self, void*) {
  return guarded([&] { return text_of(bound_of(self).signature.method).release().ptr(); });
}
PyObject* get_inputs(PyObject* self, void*) {
  return guarded([&] { return described(bound_of(self).signature.inputs).release().ptr(); });
}
PyObject* get_outputs(PyObject* self, void*) {
  return guarded([&] { return described(bound_of(self).signature.outputs).release().ptr(); });
}

PyObject* represent(PyObject* self) {
  return guarded([&] {
    const Bound& bound = bound_of(self);
    py::str text = py::str("<ServingSignature '{}' ({}) -> {}>")
                       .format(text_of(bound.signature.name),
                               py::str(", ").attr("join")(described(bound.signature.inputs)),
                               py::str(", ").attr("join")(described(bound.signature.outputs)));
    return text.release().ptr();
  });
}

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete reinterpret_cast<ServingSignature*>(self)->bound;
  type->tp_free(self);
  Py_DECREF(type);
}

PyGetSetDef kAttributes[] = {
    {"name", get_name, nullptr, "Of the signature.", nullptr},
    {"method", get_method, nullptr, "tensorflow/serving/predict, .../classify or .../regress.",
     nullptr},
    {"inputs", get_inputs, nullptr, "(dtype, shape) by name; None in a shape: any size.", nullptr},
    {"outputs", get_outputs, nullptr, "(dtype, shape) by name, in the order of results.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMemberDef kMembers[] = {
    {"__vectorcalloffset__", T_PYSSIZET, static_cast<Py_ssize_t>(offsetof(ServingSignature, call)),
     READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
                        {Py_tp_repr, reinterpret_cast<void*>(represent)},
                        {Py_tp_getset, kAttributes},
                        {Py_tp_members, kMembers},
                        {0, nullptr}};

PyType_Spec kSpec = {
    "holdfast._core.ServingSignature", sizeof(ServingSignature), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION, kSlots};

}  // namespace

void bind_serving_signature(py::module_& module) {
  PyObject* type = PyType_FromSpec(&kSpec);
  if (type == nullptr) throw py::error_already_set();
  signature_type = reinterpret_cast<PyTypeObject*>(type);
  module.add_object("ServingSignature", py::reinterpret_borrow<py::object>(type));
}

py::object make_serving_signature(const Model& model, std::size_t index) {
  const Signature& signature = model.signatures()[index];
  auto bound = std::unique_ptr<Bound>(
      new Bound{model, index, signature, ports_of(signature.inputs), ports_of(signature.outputs)});
  PyObject* self = signature_type->tp_alloc(signature_type, 0);
  if (self == nullptr) throw py::error_already_set();
  auto* made = reinterpret_cast<ServingSignature*>(self);
  made->call = call_signature;
  made->bound = bound.release();
  return py::reinterpret_steal<py::object>(self);
}

}  // namespace holdfast::python
