// The C interface: what it computes, and that every mistake is a code and a sentence.
#include "holdfast/c_api.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "holdfast/layers.h"
#include "holdfast/model.h"
#include "holdfast/saved_model.h"
#include "holdfast/trainer.h"

namespace holdfast {
namespace {

// "numbers": y = x0 + x1 of x [?, 2].  "words": the place of a word among "no", "yes"; -1: neither,
// and the word again. "weights": the ones of the sum, of no input.
std::string write_model() {
  Graph graph;
  const NodeId x = placeholder(graph, "x", DType::kFloat32, {-1, 2});
  DenseOptions sum;
  sum.kernel_initializer = "ones";
  const NodeId y = dense(graph, x, 1, "sum", sum);
  const NodeId word = placeholder(graph, "word", DType::kString, {-1});
  const Attributes vocabulary = {{"vocabulary", std::vector<std::string>{"no", "yes"}}};
  const NodeId id = graph.add("vocabulary_lookup", {word}, vocabulary);
  const NodeId again = graph.add("vocabulary_gather", {id}, vocabulary);
  global_step(graph);
  const std::filesystem::path base = std::filesystem::path(::testing::TempDir()) /
                                     ("holdfast_c_api_test." + std::to_string(::getpid()));
  std::filesystem::remove_all(base);
  SavedModelContents contents;
  contents.variables = Trainer(graph, {1, 1}).contents().tensors;
  contents.signatures = {
      {"numbers", kPredictMethod, {{"x", x}}, {{"y", y}}},
      {"weights", kPredictMethod, {}, {{"w", graph.find("sum/kernel")}}},
      {"words", kPredictMethod, {{"word", word}}, {{"id", id}, {"again", again}}}};
  contents.graph = std::move(graph);
  SavedModelOptions options;
  options.durability = Durability::kProcess;
  return write_saved_model(base.string(), contents, options);
}

class CApi : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = new std::string(write_model());
    model_ = holdfast_model_load(path_->c_str(), 1);
    ASSERT_NE(model_, nullptr) << holdfast_last_error();
  }
  static void TearDownTestSuite() {
    holdfast_model_free(model_);
    std::filesystem::remove_all(std::filesystem::path(*path_).parent_path());
    delete path_;
  }
  static void expect_error(holdfast_code code, const std::string& part) {
    EXPECT_EQ(holdfast_last_error_code(), code);
    EXPECT_NE(std::string(holdfast_last_error()).find(part), std::string::npos)
        << "expected: " << part << "\ngot: " << holdfast_last_error();
  }
  static holdfast_result* numbers(const std::vector<float>& x, std::vector<std::int64_t> shape,
                                  const char* name = "x") {
    const holdfast_tensor input = {name, HOLDFAST_FLOAT32, static_cast<int32_t>(shape.size()),
                                   shape.data(), x.data()};
    return holdfast_model_predict(model_, "numbers", &input, 1);
  }

  static std::string* path_;
  static holdfast_model* model_;
};
std::string* CApi::path_ = nullptr;
holdfast_model* CApi::model_ = nullptr;

TEST_F(CApi, DescribesSignatures) {
  std::size_t count = 0;
  const char* const* names = holdfast_model_signatures(model_, &count);
  ASSERT_EQ(count, 3u);
  EXPECT_STREQ(names[0], "numbers");
  EXPECT_STREQ(names[1], "weights");
  EXPECT_STREQ(names[2], "words");
  const holdfast_tensor* inputs = holdfast_model_inputs(model_, "numbers", &count);
  ASSERT_EQ(count, 1u);
  EXPECT_STREQ(inputs[0].name, "x");
  EXPECT_EQ(inputs[0].dtype, HOLDFAST_FLOAT32);
  ASSERT_EQ(inputs[0].rank, 2);
  EXPECT_EQ(inputs[0].shape[0], -1);
  EXPECT_EQ(inputs[0].shape[1], 2);
  EXPECT_EQ(inputs[0].data, nullptr);
  const holdfast_tensor* outputs = holdfast_model_outputs(model_, "words", &count);
  ASSERT_EQ(count, 2u);
  EXPECT_STREQ(outputs[0].name, "id");
  EXPECT_EQ(outputs[0].dtype, HOLDFAST_INT64);
  EXPECT_EQ(outputs[1].dtype, HOLDFAST_STRING);
}

TEST_F(CApi, PredictsNumbersOfAnyBatch) {
  holdfast_result* result = numbers({1, 2, 30, 4}, {2, 2});
  ASSERT_NE(result, nullptr) << holdfast_last_error();
  const holdfast_tensor* y = holdfast_result_find(result, "y");
  ASSERT_EQ(y->rank, 2);
  EXPECT_EQ(y->shape[0], 2);
  EXPECT_EQ(static_cast<const float*>(y->data)[0], 3.0f);
  EXPECT_EQ(static_cast<const float*>(y->data)[1], 34.0f);
  holdfast_result_free(result);
  result = numbers({}, {0, 2});
  ASSERT_NE(result, nullptr) << holdfast_last_error();
  EXPECT_EQ(holdfast_result_find(result, "y")->shape[0], 0);
  holdfast_result_free(result);
}

TEST_F(CApi, PredictsStringsWithZeroBytesInThem) {
  const std::array<holdfast_string, 3> words = {{{"yesterday", 3}, {"no\0", 3}, {nullptr, 0}}};
  const std::int64_t shape = 3;
  const holdfast_tensor input = {"word", HOLDFAST_STRING, 1, &shape, words.data()};
  holdfast_result* result = holdfast_model_predict(model_, "words", &input, 1);
  ASSERT_NE(result, nullptr) << holdfast_last_error();
  std::size_t count = 0;
  const holdfast_tensor* outputs = holdfast_result_tensors(result, &count);
  ASSERT_EQ(count, 2u);
  const auto* ids = static_cast<const std::int64_t*>(outputs[0].data);
  EXPECT_EQ(ids[0], 1);   // "yes"
  EXPECT_EQ(ids[1], -1);  // "no" and a zero byte
  EXPECT_EQ(ids[2], -1);
  const auto* again = static_cast<const holdfast_string*>(outputs[1].data);
  EXPECT_STREQ(again[0].data, "yes");
  EXPECT_EQ(again[1].size, 0u);
  holdfast_result_free(result);
}

TEST_F(CApi, NumbersSaidToBeStringsAreNotFollowed) {
  const std::array<float, 8> numbers = {};
  const std::array<std::int64_t, 2> shape = {4, 2};
  const holdfast_tensor x = {"x", HOLDFAST_STRING, 2, shape.data(), numbers.data()};
  EXPECT_EQ(holdfast_model_predict(model_, "numbers", &x, 1), nullptr);
  EXPECT_STREQ(holdfast_last_error(),
               "signature \"numbers\", input \"x\": expected float32; got string");
}

// A null pointer is the answer of failures alone.
TEST_F(CApi, NoStringsAreNoNullPointer) {
  const std::int64_t shape = 0;
  const holdfast_tensor input = {"word", HOLDFAST_STRING, 1, &shape, nullptr};
  holdfast_result* result = holdfast_model_predict(model_, "words", &input, 1);
  ASSERT_NE(result, nullptr) << holdfast_last_error();
  EXPECT_NE(holdfast_result_find(result, "again")->data, nullptr);
  holdfast_result_free(result);
}

TEST_F(CApi, NoInputsAreNoNullPointer) {
  std::size_t count = 1;
  EXPECT_NE(holdfast_model_inputs(model_, "weights", &count), nullptr);
  EXPECT_EQ(count, 0u);
  holdfast_result* result = holdfast_model_predict(model_, "weights", nullptr, 0);
  ASSERT_NE(result, nullptr) << holdfast_last_error();
  EXPECT_EQ(static_cast<const float*>(holdfast_result_find(result, "w")->data)[1], 1.0f);
  holdfast_result_free(result);
}

TEST_F(CApi, APredictorComputesWhatPredictDoesAndOutlivesItsModel) {
  holdfast_model* model = holdfast_model_load(path_->c_str(), 1);
  holdfast_predictor* predictor = holdfast_predictor_new(model, "numbers", 2);
  ASSERT_NE(predictor, nullptr) << holdfast_last_error();
  holdfast_model_free(model);
  auto* x = static_cast<float*>(holdfast_predictor_input(predictor, "x"));
  const auto* y = static_cast<const float*>(holdfast_predictor_output(predictor, "y"));
  for (int run = 0; run < 3; ++run) {
    const std::array<float, 4> values = {static_cast<float>(run), 2, 3, 4};
    std::memcpy(x, values.data(), sizeof values);
    ASSERT_EQ(holdfast_predictor_run(predictor), HOLDFAST_OK) << holdfast_last_error();
    EXPECT_EQ(y[0], static_cast<float>(run) + 2.0f);
    EXPECT_EQ(y[1], 7.0f);
  }
  EXPECT_EQ(holdfast_predictor_input(predictor, "z"), nullptr);
  expect_error(HOLDFAST_NOT_FOUND, "z");
  holdfast_predictor_free(predictor);
}

TEST_F(CApi, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(numbers({1, 2, 3}, {1, 3}), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "input \"x\": expected shape [?, 2]; got [1, 3]");
  EXPECT_EQ(numbers({1, 2}, {1, 2}, "z"), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT,
               "input \"x\": expected a value of float32 [?, 2]; got none");
  EXPECT_EQ(numbers({1, 2}, {-1, 2}), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "input \"x\": expected sizes of at least 0; got [?, 2]");
  EXPECT_EQ(numbers({}, {std::int64_t{1} << 62, 4}), nullptr);
  EXPECT_EQ(holdfast_last_error_code(), HOLDFAST_INVALID_ARGUMENT);
  std::int64_t shape[2] = {1, 2};
  holdfast_tensor input = {"x", static_cast<holdfast_dtype>(99), 2, shape, shape};
  EXPECT_EQ(holdfast_model_predict(model_, "numbers", &input, 1), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "expected a dtype of holdfast_dtype; got 99");
  input.dtype = HOLDFAST_INT64;
  EXPECT_EQ(holdfast_model_predict(model_, "numbers", &input, 1), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "input \"x\": expected float32; got int64");
  input.dtype = HOLDFAST_FLOAT32;
  const holdfast_tensor twice[2] = {input, input};
  EXPECT_EQ(holdfast_model_predict(model_, "numbers", twice, 2), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "input \"x\": expected it once; got it twice");
  EXPECT_EQ(holdfast_model_predict(model_, "nothing", &input, 1), nullptr);
  expect_error(HOLDFAST_NOT_FOUND,
               "signature \"nothing\": expected one of numbers, weights, words");
  EXPECT_EQ(holdfast_predictor_new(model_, "words", 1), nullptr);
  expect_error(HOLDFAST_UNIMPLEMENTED, "input \"word\": expected numbers; got strings");
  EXPECT_EQ(holdfast_predictor_new(model_, "numbers", -1), nullptr);
  EXPECT_EQ(holdfast_last_error_code(), HOLDFAST_INVALID_ARGUMENT);
}

TEST_F(CApi, NullIsAnErrorWhereAnObjectIsNeeded) {
  std::size_t count = 0;
  const holdfast_tensor nothing = {nullptr, HOLDFAST_FLOAT32, 1, nullptr, nullptr};
  EXPECT_EQ(holdfast_model_load(nullptr, 0), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "directory: expected a pointer; got NULL");
  EXPECT_EQ(holdfast_model_signatures(nullptr, &count), nullptr);
  EXPECT_EQ(holdfast_model_signatures(model_, nullptr), nullptr);
  EXPECT_EQ(holdfast_model_inputs(nullptr, "", &count), nullptr);
  EXPECT_EQ(holdfast_model_outputs(model_, "numbers", nullptr), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "holdfast_model_outputs: count: expected a pointer");
  EXPECT_EQ(holdfast_model_predict(nullptr, "", nullptr, 0), nullptr);
  EXPECT_EQ(holdfast_model_predict(model_, "numbers", nullptr, 1), nullptr);
  EXPECT_EQ(holdfast_model_predict(model_, "numbers", &nothing, 1), nullptr);
  expect_error(HOLDFAST_INVALID_ARGUMENT, "name of an input: expected a pointer; got NULL");
  EXPECT_EQ(holdfast_result_tensors(nullptr, &count), nullptr);
  EXPECT_EQ(holdfast_result_find(nullptr, "y"), nullptr);
  EXPECT_EQ(holdfast_predictor_new(nullptr, "", 1), nullptr);
  EXPECT_EQ(holdfast_predictor_input(nullptr, "x"), nullptr);
  EXPECT_EQ(holdfast_predictor_output(nullptr, "y"), nullptr);
  EXPECT_EQ(holdfast_predictor_run(nullptr), HOLDFAST_INVALID_ARGUMENT);
  holdfast_model_free(nullptr);
  holdfast_result_free(nullptr);
  holdfast_predictor_free(nullptr);
}

TEST_F(CApi, ErrorsBelongToTheThreadThatMadeThem) {
  EXPECT_EQ(holdfast_model_load("/nowhere/at/all", 0), nullptr);
  expect_error(HOLDFAST_NOT_FOUND, "/nowhere/at/all");
  std::thread([] {
    EXPECT_EQ(holdfast_last_error_code(), HOLDFAST_OK);
    EXPECT_STREQ(holdfast_last_error(), "");
  }).join();
  expect_error(HOLDFAST_NOT_FOUND, "/nowhere/at/all");
}

}  // namespace
}  // namespace holdfast
