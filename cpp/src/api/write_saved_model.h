// write_saved_model() with the file system as an argument, for whoever puts another in its place.
#pragma once

#include <string>

#include "holdfast/saved_model.h"
#include "io/file.h"

namespace holdfast {

// As write_saved_model of holdfast/saved_model.h, which passes io::system_io().
std::string write_saved_model_through(io::Io& io, const std::string& export_dir_base,
                                      const SavedModelContents& contents,
                                      const SavedModelOptions& options);

}  // namespace holdfast
