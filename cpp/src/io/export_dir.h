// Where exports are written: export_dir_base/<unix seconds>, one directory each, published by a
// rename as checkpoints are. No export replaces another, so exports lock nothing but the directory
// that each writes: what a killed one left is cleared away by the next (export_leftovers.h).
#pragma once

#include <map>
#include <string>

#include "io/file.h"
#include "io/save_source.h"

namespace holdfast::io {

struct ExportSettings {
  bool sync = true;  // false: all fsync calls are left out, the order stays
  int threads = 1;
};

// Throws: InvalidArgument for a destination that is absolute, or leaves assets.extra/.
void check_extra_assets(const std::map<std::string, std::string>& assets);

// As write_saved_model of holdfast/saved_model.h. `assets`: destination under assets.extra/ to
// source. Requires: check_extra_assets() has passed.
std::string write_export(Io& io, const std::string& base, SaveSource& source,
                         const std::map<std::string, std::string>& assets,
                         const ExportSettings& settings);

}  // namespace holdfast::io
