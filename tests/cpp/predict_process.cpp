// A process without Python that predicts what it is told to, bytes in and bytes out, so that a test
// in Python may compare every bit (tests/python/predict_process.py). Public headers alone.
//
// Requests on standard input, until it ends; each ends with a newline, tensors follow:
//   load PATH                      answers "step N"
//   predict SIGNATURE COUNT        and COUNT tensors; answers "outputs COUNT" and those
// or "error TEXT". A tensor: "NAME DTYPE AXES SIZE... BYTES\n", then its bytes; of strings each
// element as eight bytes of size and the element.
#include <holdfast/error.h>
#include <holdfast/model.h>

#include <cstring>
#include <iostream>
#include <optional>
#include <string>

namespace {

using holdfast::DType;
using holdfast::Model;
using holdfast::Shape;
using holdfast::Tensor;
using holdfast::TensorMap;

std::string elements_of(const Tensor& tensor) {
  if (tensor.dtype() != DType::kString)
    return {static_cast<const char*>(tensor.raw()), tensor.bytes()};
  std::string bytes;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const std::string& element = tensor.data<std::string>()[i];
    const std::uint64_t size = element.size();
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes += element;
  }
  return bytes;
}

void set_elements(const std::string& bytes, Tensor& tensor) {
  if (tensor.dtype() != DType::kString) {
    if (!bytes.empty()) std::memcpy(tensor.raw(), bytes.data(), tensor.bytes());
    return;
  }
  std::size_t at = 0;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    tensor.data<std::string>()[i] = bytes.substr(at + sizeof size, size);
    at += sizeof size + size;
  }
}

void read_tensor(TensorMap& inputs) {
  std::string name;
  std::string dtype;
  std::size_t axes = 0;
  std::size_t size = 0;
  std::cin >> name >> dtype >> axes;
  Shape shape(axes);
  for (std::int64_t& axis : shape) std::cin >> axis;
  std::cin >> size;
  std::cin.get();  // the newline
  std::string bytes(size, '\0');
  std::cin.read(bytes.data(), static_cast<std::streamsize>(size));
  Tensor tensor(holdfast::dtype_from_name(dtype), shape);
  set_elements(bytes, tensor);
  inputs.emplace(name, tensor);
}

void write_tensor(const std::string& name, const Tensor& tensor) {
  const std::string bytes = elements_of(tensor);
  std::cout << name << ' ' << dtype_name(tensor.dtype()) << ' ' << tensor.shape().size();
  for (const std::int64_t axis : tensor.shape()) std::cout << ' ' << axis;
  std::cout << ' ' << bytes.size() << '\n' << bytes;
}

void predict(const Model& model) {
  std::string signature;
  std::size_t count = 0;
  std::cin >> signature >> count;
  TensorMap inputs;
  for (std::size_t i = 0; i < count; ++i) read_tensor(inputs);
  const TensorMap outputs = model.predict(inputs, signature);
  std::cout << "outputs " << outputs.size() << '\n';
  for (const auto& [name, tensor] : outputs) write_tensor(name, tensor);
}

}  // namespace

int main() {
  std::optional<Model> model;
  std::string word;
  while (std::cin >> word) {
    try {
      if (word == "load") {
        std::getline(std::cin >> std::ws, word);
        model = Model::load(word);
        std::cout << "step " << model->global_step() << '\n';
      } else if (word == "predict" && model) {
        predict(*model);
      } else {
        return 2;
      }
    } catch (const holdfast::Error& error) {
      std::string text = error.what();
      for (char& c : text) c = c == '\n' ? ' ' : c;
      std::cout << "error " << text << '\n';
    }
    std::cout.flush();
  }
}
