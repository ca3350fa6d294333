#include "exports.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/write_saved_model.h"
#include "holdfast/error.h"
#include "holdfast/model.h"
#include "io/checkpoint_dir.h"
#include "io/names.h"
#include "io/testing_io.h"

namespace holdfast::durability {
namespace {

constexpr int kFurtherExport = 6000;  // no scenario exports it
constexpr std::int64_t kRows = 3;

std::string asset_source(const std::string& model_dir) {
  return io::join_path(io::join_path(model_dir, io::checkpoint_name(30)), io::kCommitName);
}

// y = x * w with w = [step, step + 0.5].
SavedModelContents model_of(int step) {
  SavedModelContents contents;
  const Attributes row = {{"dtype", std::string("float32")}, {"shape", Shape{-1, 2}}};
  const Attributes weights = {{"dtype", std::string("float32")},
                              {"shape", Shape{2}},
                              {"initializer", std::string("zeros")}};
  const NodeId x = contents.graph.add("placeholder", {}, row, "x");
  const NodeId w = contents.graph.add("variable", {}, weights, "w");
  const NodeId y = contents.graph.add("mul", {x, w}, {}, "y");
  contents.signatures.push_back({"predict", kPredictMethod, {{"x", x}}, {{"y", y}}});
  const auto first = static_cast<float>(step);
  contents.variables = {io::tensor_of<float>("w", DType::kFloat32, {2}, {first, first + 0.5f}),
                        io::step_tensor(step)};
  contents.variables.front().role = "variable";
  return contents;
}

std::string whole_file(io::Io& io, const std::string& path) {
  const int descriptor = io.open(io::kCurrentDirectory, path, io::OpenMode::kRead);
  if (descriptor < 0)
    throw Error(Code::kNotFound, "open " + path + ": " + io::errno_text(-descriptor));
  const io::File file(io, descriptor);
  io::FileStat stat;
  io.fstat(descriptor, stat);
  std::string bytes(static_cast<std::size_t>(stat.bytes), '\0');
  const std::int64_t got = io::read_full(io, descriptor, bytes.data(), bytes.size(), 0);
  if (got != static_cast<std::int64_t>(bytes.size()))
    throw Error(Code::kDataLoss, "read " + path + ": " + std::to_string(got) + " bytes");
  return bytes;
}

std::vector<std::string> names_in(io::Io& io, const std::string& path) {
  std::vector<std::string> names;
  const int descriptor = io.open(io::kCurrentDirectory, path, io::OpenMode::kDirectory);
  if (descriptor < 0) return names;
  const io::File directory(io, descriptor);
  io.list(descriptor, names);
  return names;
}

Model load(io::Io& io, const std::string& path) {
  std::map<std::string, std::string> files;
  for (const std::string& name : names_in(io, path))
    if (io::is_checkpoint_file(name)) files[name] = whole_file(io, io::join_path(path, name));
  return Model::load(files);
}

// "", or what is wrong with the predictions.
std::string wrong_prediction(const Model& model, int step) {
  Tensor x(DType::kFloat32, {kRows, 2});
  for (std::int64_t i = 0; i < x.size(); ++i) x.data<float>()[i] = static_cast<float>(i + 1);
  const Tensor y = model.predict({{"x", x}}).at("y");
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const float weight = static_cast<float>(step) + (i % 2 == 0 ? 0.0f : 0.5f);
    if (y.data<float>()[i] != static_cast<float>(i + 1) * weight) return "predicts other numbers";
  }
  return {};
}

class ExportChecker {
 public:
  ExportChecker(io::Io& io, const std::string& model_dir, const Expected& expected)
      : io_(io), model_dir_(model_dir), base_(export_base_of(model_dir)), expected_(expected) {}

  std::vector<std::string> run() {
    const std::map<std::string, int> before = check_all("before the next export");
    std::set<int> found;
    for (const auto& [name, step] : before)
      if (!found.insert(step).second) broken("step " + std::to_string(step) + " appeared twice");
    for (const int step : expected_.exports_required)
      if (found.count(step) == 0) broken("the export of step " + std::to_string(step) + " is gone");
    export_once_more(before);
    return broken_;
  }

 private:
  void broken(const std::string& what) { broken_.push_back("export: " + what); }

  // Every export there is, by name.
  std::map<std::string, int> check_all(const std::string& when) {
    std::map<std::string, int> steps;
    for (const std::string& name : names_in(io_, base_)) {
      if (!io::is_export_name(name)) continue;
      try {
        steps[name] = check_one(io::join_path(base_, name), when);
      } catch (const Error& error) {
        broken(when + ", " + name + ": " + error.what());
      }
    }
    return steps;
  }

  int check_one(const std::string& path, const std::string& when) {
    const Model model = load(io_, path);
    const auto step = static_cast<int>(model.global_step());
    if (step != kFurtherExport && expected_.exports.count(step) == 0)
      broken(when + ", " + path + ": nobody exported step " + std::to_string(step));
    const std::string wrong = wrong_prediction(model, step);
    if (!wrong.empty()) broken(when + ", " + path + ": " + wrong);
    const std::string extra = path + "/" + io::kExtraAssetsName + "/" + kExtraAsset;
    if (whole_file(io_, extra) != whole_file(io_, asset_source(model_dir_)))
      broken(when + ", " + extra + ": other bytes than its source");
    return step;
  }

  void export_once_more(const std::map<std::string, int>& before) {
    try {
      write_model(io_, model_dir_, kFurtherExport);
    } catch (const Error& error) {
      return broken(std::string("the next one fails: ") + error.what());
    }
    std::map<std::string, int> after = check_all("after the next export");
    const auto further = std::find_if(after.begin(), after.end(), [](const auto& entry) {
      return entry.second == kFurtherExport;
    });
    if (further == after.end()) return broken("the next one is not there");
    after.erase(further);
    if (after != before) broken("the next one has changed which others there are");
    for (const std::string& name : names_in(io_, base_))
      if (!io::is_export_name(name)) broken("left over: " + name);
  }

  io::Io& io_;
  std::string model_dir_;
  std::string base_;
  const Expected& expected_;
  std::vector<std::string> broken_;
};

}  // namespace

void write_model(io::Io& io, const std::string& model_dir, int step) {
  SavedModelContents contents = model_of(step);
  contents.assets_extra[kExtraAsset] = asset_source(model_dir);
  write_saved_model_through(io, export_base_of(model_dir), contents, {Durability::kFull, 1});
}

std::vector<std::string> broken_exports(io::Io& io, const std::string& model_dir,
                                        const Expected& expected) {
  return ExportChecker(io, model_dir, expected).run();
}

}  // namespace holdfast::durability
