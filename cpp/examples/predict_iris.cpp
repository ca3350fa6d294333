// Predicts one row with an exported model: predict_iris EXPORT_DIR [NAME=NUMBER ...]
//   predict_iris models/iris/export/1790000000 PetalLength=1.4 PetalWidth=0.2 SepalLength=5.1
//   SepalWidth=3.5
// Prints every output of the model's default signature.
#include <holdfast/model.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

// The arguments as inputs of one row, in the shapes the signature asks for.
holdfast::TensorMap row_of(const holdfast::Signature& signature, int count, char** arguments) {
  holdfast::TensorMap row;
  for (const holdfast::SignatureTensor& input : signature.inputs) {
    if (input.dtype != holdfast::DType::kFloat32) throw std::runtime_error(input.name + ": float?");
    holdfast::Shape shape = input.shape;
    for (auto& size : shape) size = size < 0 ? 1 : size;
    row.emplace(input.name, holdfast::Tensor(input.dtype, shape));
  }
  for (int i = 0; i < count; ++i) {
    const std::string argument = arguments[i];
    const auto equals = argument.find('=');
    const auto input = row.find(argument.substr(0, equals));
    if (equals == std::string::npos || input == row.end()) {
      throw std::runtime_error("no such input: " + argument);
    }
    input->second.data<float>()[0] = std::strtof(argument.c_str() + equals + 1, nullptr);
  }
  return row;
}

void print(const std::string& name, const holdfast::Tensor& values) {
  std::printf("%s:", name.c_str());
  for (std::int64_t i = 0; i < values.size(); ++i) {
    if (values.dtype() == holdfast::DType::kFloat32) {
      std::printf(" %.9g", static_cast<double>(values.data<float>()[i]));
    } else if (values.dtype() == holdfast::DType::kInt64) {
      std::printf(" %lld", static_cast<long long>(values.data<std::int64_t>()[i]));
    } else if (values.dtype() == holdfast::DType::kInt32) {
      std::printf(" %d", values.data<std::int32_t>()[i]);
    } else if (values.dtype() == holdfast::DType::kString) {
      std::printf(" %s", values.data<std::string>()[i].c_str());
    }
  }
  std::printf("\n");
}

int main(int argc, char** argv) try {
  if (argc < 2) throw std::runtime_error("expected EXPORT_DIR [NAME=NUMBER ...]");
  const auto model = holdfast::Model::load(argv[1]);
  const holdfast::Signature& signature = model.signature();
  for (const auto& [name, values] : model.predict(row_of(signature, argc - 2, argv + 2))) {
    print(name, values);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "predict_iris: %s\n", error.what());
  return 1;
}
