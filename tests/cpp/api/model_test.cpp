// Exports of tests/golden/v1/exports, which Python has written, predict here what they did there,
// in a process that has neither Python nor the code that made them. To 4 ULP (EXPECT_FLOAT_EQ): the
// files stay, while kernels of later versions may round a last bit otherwise. Within one version
// the tests of Python hold predictions against each other bit for bit.
#include "holdfast/model.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "testing.h"

namespace holdfast {
namespace {

const std::string kExports = HOLDFAST_GOLDEN_DIR "/v1/exports/";
const char* const kFeatures[] = {"SepalLength", "SepalWidth", "PetalLength", "PetalWidth"};

struct Iris {
  std::vector<float> features;       // [rows, 4]
  std::vector<float> probabilities;  // [rows, 3]
  std::vector<std::string> classes;  // [rows]
  std::size_t rows() const { return classes.size(); }
};

float number(std::istream& in) {
  std::string text;
  in >> text;
  return std::strtof(text.c_str(), nullptr);
}

Iris iris_cases() {
  Iris iris;
  std::ifstream file(kExports + "iris.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    for (int i = 0; i < 4; ++i) iris.features.push_back(number(in));
    for (int i = 0; i < 3; ++i) iris.probabilities.push_back(number(in));
    iris.classes.emplace_back();
    in >> iris.classes.back();
  }
  EXPECT_EQ(iris.rows(), 150u);
  return iris;
}

// Rows first, first + 1, ... of the cases, again from the beginning where they end.
TensorMap batch_of(const Iris& iris, std::size_t first, std::int64_t rows) {
  TensorMap inputs;
  for (std::size_t feature = 0; feature < 4; ++feature) {
    Tensor column(DType::kFloat32, {rows});
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::size_t row = (first + static_cast<std::size_t>(i)) % iris.rows();
      column.data<float>()[i] = iris.features[row * 4 + feature];
    }
    inputs[kFeatures[feature]] = column;
  }
  return inputs;
}

void expect_predictions(const Iris& iris, std::size_t first, std::int64_t rows,
                        const TensorMap& outputs) {
  const Tensor& probabilities = outputs.at("probabilities");
  const Tensor& classes = outputs.at("classes");
  ASSERT_EQ(probabilities.shape(), (Shape{rows, 3}));
  ASSERT_EQ(classes.shape(), (Shape{rows, 1}));
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::size_t row = (first + static_cast<std::size_t>(i)) % iris.rows();
    for (std::int64_t c = 0; c < 3; ++c)
      EXPECT_FLOAT_EQ(probabilities.data<float>()[i * 3 + c],
                      iris.probabilities[row * 3 + static_cast<std::size_t>(c)]);
    EXPECT_EQ(classes.data<std::string>()[i], iris.classes[row]);
  }
}

std::map<std::string, std::string> files_of(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

TEST(Model, PredictsWhatTheEstimatorDidForEveryBatchSize) {
  const Iris iris = iris_cases();
  const Model model = Model::load(kExports + "iris");
  for (const std::int64_t rows : {0, 1, 2, 17, 150, 4096})
    expect_predictions(iris, 3, rows, model.predict(batch_of(iris, 3, rows)));
}

TEST(Model, LoadsFromMemoryWithoutKeepingTheFiles) {
  const Iris iris = iris_cases();
  std::map<std::string, std::string> files = files_of(kExports + "iris");
  const Model model = Model::load(files);
  files.clear();
  expect_predictions(iris, 0, 150, model.predict(batch_of(iris, 0, 150)));
}

TEST(Model, TellsHowItIsCalled) {
  const Model model = Model::load(kExports + "iris");
  ASSERT_EQ(model.signatures().size(), 1u);
  const Signature& signature = model.signature();
  EXPECT_EQ(signature.name, "predict");
  EXPECT_EQ(signature.method, kPredictMethod);
  ASSERT_EQ(signature.inputs.size(), 4u);
  EXPECT_EQ(signature.inputs[0].name, "PetalLength");
  EXPECT_EQ(signature.inputs[0].shape, Shape{-1});
  ASSERT_NE(signature.find_output("classes"), nullptr);
  EXPECT_EQ(signature.find_output("classes")->dtype, DType::kString);
  EXPECT_EQ(signature.find_output("no"), nullptr);
  EXPECT_EQ(model.global_step(), 300);
  EXPECT_EQ(model.graph().node(signature.inputs[0].node).op, "placeholder");
  EXPECT_EQ(model.variables().size(), 7u);  // three kernels, three biases, global_step
}

TEST(Model, KeepsBytesThatAreNoTextAndNumbersThatJsonHasNot) {
  const Model model = Model::load(kExports + "words");
  std::ifstream file(kExports + "words.txt");
  int rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    std::istringstream in(line);
    std::string digits;
    std::int64_t id = 0;
    in >> digits >> id;
    Tensor word(DType::kString, {1});
    for (std::size_t i = 0; digits != "-" && i < digits.size(); i += 2)
      word.data<std::string>()[0] += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    const TensorMap outputs = model.predict({{"word", word}});
    EXPECT_EQ(outputs.at("ids").data<std::int64_t>()[0], id);
    for (int i = 0; i < 8; ++i)
      EXPECT_FLOAT_EQ(outputs.at("scaled").data<float>()[i], number(in)) << line;
  }
  EXPECT_EQ(rows, 17);
}

TEST(Model, ManyThreadsPredictAtOnce) {
  const Iris iris = iris_cases();
  const Model model = Model::load(kExports + "iris");
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t call = 0; call < 50; ++call) {
        const std::int64_t rows = static_cast<std::int64_t>((t + call) % 5);
        expect_predictions(iris, t * 7 + call, rows,
                           model.predict(batch_of(iris, t * 7 + call, rows)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Model, NamesWhatDoesNotFit) {
  const Iris iris = iris_cases();
  const Model model = Model::load(kExports + "iris");
  TensorMap inputs = batch_of(iris, 0, 2);
  EXPECT_ERROR(model.predict(inputs, "classify"), Code::kNotFound,
               "signature \"classify\": expected one of predict");
  inputs["Color"] = Tensor(DType::kFloat32, {2});
  EXPECT_ERROR(model.predict(inputs), Code::kInvalidArgument,
               "signature \"predict\": expected the inputs PetalLength, PetalWidth, SepalLength, "
               "SepalWidth; got \"Color\"");
  inputs.erase("Color");
  inputs["SepalWidth"] = Tensor(DType::kFloat32, {3});
  EXPECT_ERROR(model.predict(inputs), Code::kInvalidArgument,
               "signature \"predict\", input \"SepalWidth\": expected as many rows as the inputs "
               "before it, 2; got 3");
  inputs["SepalWidth"] = Tensor(DType::kFloat32, {2, 1});
  EXPECT_ERROR(model.predict(inputs), Code::kInvalidArgument,
               "signature \"predict\", input \"SepalWidth\": expected shape [?]; got [2, 1]");
  inputs["SepalWidth"] = Tensor(DType::kFloat64, {2});
  EXPECT_ERROR(model.predict(inputs), Code::kInvalidArgument,
               "signature \"predict\", input \"SepalWidth\": expected float32; got float64");
  inputs.erase("SepalWidth");
  EXPECT_ERROR(model.predict(inputs), Code::kInvalidArgument,
               "signature \"predict\", input \"SepalWidth\": expected a value of float32 [?]; got "
               "none");
}

TEST(Model, NamesWhatIsNoExport) {
  EXPECT_ERROR(Model::load(kExports + "nothing"), Code::kNotFound,
               "nothing: expected an exported model, got no such directory");
  EXPECT_ERROR(Model::load(kExports), Code::kNotFound, "got a directory without COMMIT");
  EXPECT_ERROR(Model::load(HOLDFAST_GOLDEN_DIR "/v1/tiny"), Code::kFailedPrecondition,
               "got a model_dir with checkpoints");
  EXPECT_ERROR(Model::load(HOLDFAST_GOLDEN_DIR "/v1/tiny/model.ckpt-7"), Code::kFailedPrecondition,
               "expected an exported model, got a checkpoint");
  EXPECT_ERROR(CheckpointReader(kExports + "iris"), Code::kFailedPrecondition,
               "expected a checkpoint, got an exported model");
}

TEST(Predictor, RunsInPlaceForOneBatchSize) {
  const Iris iris = iris_cases();
  const Model model = Model::load(kExports + "iris");
  PredictorOptions options;
  options.outputs = {"probabilities", "classes"};
  Predictor predictor(model, options);
  ASSERT_EQ(predictor.output_count(), 2u);
  const float* probabilities = predictor.output("probabilities").data<float>();
  for (std::size_t row = 0; row < iris.rows(); ++row) {
    for (std::size_t i = 0; i < 4; ++i)
      *predictor.input(kFeatures[i]).data<float>() = iris.features[row * 4 + i];
    predictor.run();
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_FLOAT_EQ(probabilities[c], iris.probabilities[row * 3 + c]);
    EXPECT_EQ(*predictor.output(1).data<std::string>(), iris.classes[row]);
  }
}

TEST(Predictor, OutlivesItsModel) {
  const Iris iris = iris_cases();
  auto model = std::make_unique<Model>(Model::load(kExports + "iris"));
  Predictor predictor(*model, {"predict", 5, {}, 1});
  model.reset();
  for (const auto& [name, values] : batch_of(iris, 9, 5))
    std::copy_n(values.data<float>(), 5, predictor.input(name).data<float>());
  predictor.run();
  TensorMap outputs;
  for (const SignatureTensor& output : predictor.signature().outputs)
    outputs[output.name] = predictor.output(output.name);
  expect_predictions(iris, 9, 5, outputs);
}

TEST(Predictor, RefusesATensorAssignedToAnInput) {
  const Model model = Model::load(kExports + "iris");
  Predictor predictor(model);
  Tensor length(DType::kFloat32, {1});
  *length.data<float>() = 4.7f;
  predictor.input("PetalLength") = length;
  EXPECT_ERROR(predictor.run(), Code::kFailedPrecondition,
               "signature \"predict\", input \"PetalLength\": expected the predictor's own tensor; "
               "got another, assigned to it. Copy elements to input().data() instead");
}

TEST(Predictor, NamesWhatThereIsNot) {
  const Model model = Model::load(kExports + "iris");
  EXPECT_ERROR(Predictor(model, {"", 1, {"probability"}, 1}), Code::kNotFound,
               "signature \"predict\": expected an output of logits, probabilities, class_ids, "
               "classes, all_class_ids, all_classes; got \"probability\"");
  EXPECT_ERROR(Predictor(model, {"", -1, {}, 1}), Code::kInvalidArgument,
               "PredictorOptions.batch: expected 0 or more; got -1");
  Predictor predictor(model);
  EXPECT_ERROR(predictor.input("x"), Code::kNotFound, "expected an input of PetalLength");
  EXPECT_ERROR(predictor.input(4), Code::kOutOfRange, "expected an input below 4; got 4");
}

}  // namespace
}  // namespace holdfast
