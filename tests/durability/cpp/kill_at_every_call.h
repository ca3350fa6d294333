// T1: the process is killed before and after every call to the file system of every scenario.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// setting.size: how many kills, spread evenly; 0: all.
Outcome kill_at_every_call(const Setting& setting);

// What a fresh process sees of a directory. setting.folder is the model_dir, the one further
// argument the ledger as text.
Outcome check_directory(const Setting& setting);

}  // namespace holdfast::durability
