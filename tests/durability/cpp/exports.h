// Exported models of the campaigns: each follows from its step alone, and so does every prediction.
#pragma once

#include <string>
#include <vector>

#include "io/file.h"
#include "ledger.h"

namespace holdfast::durability {

// Where the exports of a model_dir stand.
inline std::string export_base_of(const std::string& model_dir) { return model_dir + "/export"; }

// What every export has in assets.extra/: a copy of a file of checkpoint 30 of its model_dir.
constexpr char kExtraAsset[] = "of_30";

// Exports the model of `step`; checkpoint 30 must be there. Throws: as write_saved_model.
void write_model(io::Io& io, const std::string& model_dir, int step);

// A sentence for each promise that is broken: what has the name of an export loads, predicts its
// numbers and was asked for; every export that was reported is there; a further export succeeds,
// changes no other and leaves nothing but exports behind. Changes the directory.
std::vector<std::string> broken_exports(io::Io& io, const std::string& model_dir,
                                        const Expected& expected);

}  // namespace holdfast::durability
