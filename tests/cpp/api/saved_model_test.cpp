// Exports written from C++, and read again.
#include "holdfast/saved_model.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "holdfast/model.h"
#include "testing.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

class SavedModelTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "holdfast-export-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string base() const { return (folder_ / "export").string(); }

  fs::path folder_;
};

Attributes declared(const char* dtype, std::vector<std::int64_t> shape) {
  return {{"dtype", std::string(dtype)}, {"shape", std::move(shape)}};
}

NamedTensor tensor(const std::string& name, const std::string& role, Tensor value) {
  NamedTensor named;
  named.name = name;
  named.role = role;
  named.value = std::move(value);
  return named;
}

// y = x * w + far, w = [2, 3], far = [inf, 1]; and z, which nobody exports.
SavedModelContents line() {
  SavedModelContents contents;
  Graph& g = contents.graph;
  const NodeId x = g.add("placeholder", {}, declared("float32", {-1, 2}), "x");
  Attributes random = declared("float32", {2});
  random["initializer"] = std::string("random_normal");
  const NodeId w = g.add("variable", {}, random, "w");
  Attributes far = declared("float32", {2});
  far["values"] = std::vector<double>{std::numeric_limits<double>::infinity(), 1.0};
  const NodeId y = g.add("add", {g.add("mul", {x, w}), g.add("constant", {}, far, "far")}, {}, "y");
  const NodeId unused = g.add("variable", {}, declared("float32", {1000}), "unused");
  g.add("neg", {unused}, {}, "z");
  contents.signatures.push_back({"line", kPredictMethod, {{"x", x}}, {{"y", y}}});

  Tensor weights(DType::kFloat32, {2});
  weights.data<float>()[0] = 2;
  weights.data<float>()[1] = 3;
  Tensor step(DType::kInt64, {});
  *step.data<std::int64_t>() = 12;
  contents.variables = {tensor("w", "variable", weights),
                        tensor("unused", "variable", Tensor(DType::kFloat32, {1000})),
                        tensor("global_step", "global_step", step)};
  return contents;
}

TEST_F(SavedModelTest, HoldsWhatPredictsAndNothingElse) {
  const std::string path = write_saved_model(base(), line());
  EXPECT_EQ(fs::path(path).parent_path(), base());
  const Model model = Model::load(path);
  EXPECT_EQ(model.global_step(), 12);
  std::vector<std::string> names;
  for (const NamedTensor& variable : model.variables()) names.push_back(variable.name);
  EXPECT_EQ(names, (std::vector<std::string>{"global_step", "w"}));
  EXPECT_EQ(model.graph().find("z"), kNoNode);
  EXPECT_EQ(model.graph().node(model.graph().find("w")).attributes.count("initializer"), 0u);

  Tensor x(DType::kFloat32, {1, 2});
  x.data<float>()[0] = 1;
  x.data<float>()[1] = 10;
  const Tensor y = model.predict({{"x", x}}).at("y");
  EXPECT_TRUE(std::isinf(y.data<float>()[0]));  // 1 * 2 + inf
  EXPECT_EQ(y.data<float>()[1], 31.0f);         // 10 * 3 + 1
}

TEST_F(SavedModelTest, GivesEveryExportANameOfItsOwn) {
  const std::string first = write_saved_model(base(), line());
  const std::string second = write_saved_model(base(), line());
  EXPECT_NE(first, second);
  EXPECT_EQ(std::distance(fs::directory_iterator(base()), fs::directory_iterator()), 2);
}

TEST_F(SavedModelTest, CopiesExtraAssets) {
  std::ofstream(folder_ / "source") << "requests";
  SavedModelContents contents = line();
  contents.assets_extra["a/b"] = (folder_ / "source").string();
  const fs::path path = write_saved_model(base(), contents);
  std::ifstream copy(path / "assets.extra" / "a" / "b");
  std::string text;
  copy >> text;
  EXPECT_EQ(text, "requests");
}

TEST_F(SavedModelTest, NamesWhatIsNoModel) {
  SavedModelContents contents = line();
  contents.variables.erase(contents.variables.begin());
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kInvalidArgument,
               "variable \"w\": expected a value of float32 [2]; got none");
  contents = line();
  contents.variables[0].value = Tensor(DType::kFloat32, {3});
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kInvalidArgument,
               "variable \"w\": expected a value of float32 [2]; got float32 [3]");
  contents = line();
  contents.variables.pop_back();
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kInvalidArgument,
               "expected a tensor with the role global_step; got none");
  contents = line();
  contents.signatures.clear();
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kInvalidArgument,
               "signatures: expected at least one; got none");
  contents = line();
  contents.signatures[0].inputs.clear();
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kInvalidArgument,
               "got none for the placeholder \"x\"");
  contents = line();
  contents.assets_extra["../../etc/cron.d/x"] = "/dev/null";
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kInvalidArgument,
               "assets_extra: expected a destination inside assets.extra");
  EXPECT_FALSE(fs::exists(base())) << "nothing is made before all is known to be right";
}

TEST_F(SavedModelTest, LeavesNothingBehindWhenItFails) {
  SavedModelContents contents = line();
  contents.assets_extra["a"] = (folder_ / "missing").string();
  EXPECT_ERROR(write_saved_model(base(), contents), Code::kNotFound, "missing");
  EXPECT_TRUE(fs::is_empty(base()));
  std::ofstream(folder_ / "file") << "x";
  EXPECT_ERROR(write_saved_model((folder_ / "file").string(), line()), Code::kFailedPrecondition,
               "expected a directory, got a file");
}

}  // namespace
}  // namespace holdfast
