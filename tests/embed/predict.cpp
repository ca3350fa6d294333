// Predicts three rows with an exported DNNClassifier: predict EXPORT_DIR
// Prints the bits of every probability, so that not one may differ from Estimator.predict.
#include <holdfast/error.h>
#include <holdfast/model.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace {

constexpr int kRows = 3;
constexpr const char* kNames[] = {"PetalLength", "PetalWidth", "SepalLength", "SepalWidth"};
constexpr float kValues[][kRows] = {
    {1.4f, 4.7f, 6.0f}, {0.2f, 1.4f, 2.5f}, {5.1f, 7.0f, 6.3f}, {3.5f, 3.2f, 3.3f}};

// Errors cross the boundary of the library as the type they are.
bool fails_as_it_should() {
  try {
    holdfast::Model::load("nowhere");
  } catch (const holdfast::Error& error) {
    return error.code() == holdfast::Code::kNotFound;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !fails_as_it_should()) return 1;
  const holdfast::Model model = holdfast::Model::load(argv[1]);
  holdfast::TensorMap inputs;
  for (int i = 0; i < 4; ++i) {
    holdfast::Tensor column(holdfast::DType::kFloat32, {kRows});
    std::memcpy(column.raw(), kValues[i], sizeof kValues[i]);
    inputs[kNames[i]] = column;
  }
  const holdfast::TensorMap outputs = model.predict(inputs, "predict");
  const holdfast::Tensor& probabilities = outputs.at("probabilities");
  const holdfast::Tensor& classes = outputs.at("classes");
  for (std::int64_t row = 0; row < kRows; ++row) {
    std::printf("%s", classes.data<std::string>()[row].c_str());
    for (std::int64_t c = 0; c < 3; ++c) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, probabilities.data<float>() + row * 3 + c, sizeof bits);
      std::printf(" %08" PRIx32, bits);
    }
    std::printf("\n");
  }
  return 0;
}
