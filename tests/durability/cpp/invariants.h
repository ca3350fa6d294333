// The promises of the checkpoint format, checked on a directory after a fault, as a process sees
// them that was not there when it happened.
#pragma once

#include <string>
#include <vector>

#include "io/file.h"
#include "ledger.h"

namespace holdfast::durability {

// Looks as a reader, starts a writer, saves once more, looks again. Returns a sentence for each
// promise that is broken:
// I1 the latest checkpoint is at least the last one whose save() had returned;
// I2 it loads with full verification and equals its reference bytes;
// I3 every checkpoint that had to stay is there and undamaged, and nothing looks like one that is
//    not;
// exports: whole ones or none, earlier ones untouched, the next one works (exports.h);
// I4 after the start of the next writer nothing is left over, and it has nothing to warn of;
// and: notes of retention whose write had returned are there; a further save works and is the
// latest. Changes the directory.
std::vector<std::string> broken_promises(io::Io& io, const std::string& model_dir,
                                         const Ledger& ledger);

}  // namespace holdfast::durability
