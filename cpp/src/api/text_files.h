// Files of text that the user names, read through the Io seam for a pipeline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file.h"
#include "runtime/text_lines.h"

namespace holdfast {

// Reads the files whole, in order; what happens to them afterwards does not matter.
// Throws: NotFound, PermissionDenied, InvalidArgument (a directory or a device), DataLoss (it
// changed while it was read) and others naming the file; InvalidArgument for no file at all.
std::shared_ptr<const TextLines> read_text_files(const std::vector<std::string>& paths,
                                                 const TextOptions& options,
                                                 io::Io& io = io::system_io());

}  // namespace holdfast
