// Exports that somebody has written to do harm. tests/golden/v1/hostile_exports.json lists changes
// of a manifest and the text of the error that each ends with; the tests of Python read the same
// list, so that both languages say the same.
#include <fstream>
#include <iterator>

#include "base/crc32c.h"
#include "base/json.h"
#include "holdfast/model.h"
#include "holdfast/version.h"
#include "io/commit.h"
#include "testing.h"

namespace holdfast {
namespace {

const std::string kGolden = HOLDFAST_GOLDEN_DIR "/v1/";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// An export of the golden files, its manifest changed as the case says and sealed by COMMIT.
std::map<std::string, std::string> changed(const Json& hostile) {
  const std::string folder = kGolden + "exports/" + hostile.at("export").as_string() + "/";
  std::map<std::string, std::string> files;
  for (const char* name : {"COMMIT", "manifest.json", "data-00000-of-00001.bin"})
    files[name] = text_of(folder + name);
  std::string& manifest = files["manifest.json"];
  const std::string& find = hostile.at("find").as_string();
  manifest.replace(manifest.find(find), find.size(), hostile.at("put").as_string());
  io::Commit commit = io::parse_commit(files["COMMIT"]).commit;
  commit.manifest_bytes = manifest.size();
  commit.manifest_crc = crc32c(manifest.data(), manifest.size());
  files["COMMIT"] = io::encode_commit(commit);
  return files;
}

TEST(HostileExport, IsATypedErrorWithTheTextOfPython) {
  const Json cases = parse_json(text_of(kGolden + "hostile_exports.json"));
  for (const Json& hostile : cases.as_array()) {
    SCOPED_TRACE(hostile.at("name").as_string());
    try {
      Model::load(changed(hostile));
      ADD_FAILURE() << "it was loaded";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), hostile.at("kind").as_string());
      std::string expected = hostile.at("text").as_string();
      const std::size_t at = expected.find("{version}");
      if (at != std::string::npos) expected.replace(at, 9, version());
      EXPECT_EQ(error.what(), expected);
    }
  }
  EXPECT_GE(cases.as_array().size(), 36u);
}

}  // namespace
}  // namespace holdfast
