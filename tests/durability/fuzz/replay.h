// The fuzz targets without libFuzzer, for every compiler.
#pragma once

#include "outcome.h"

namespace holdfast::durability {

// Runs each input of the corpus (--corpus DIR: DIR/<target>/*), then `size` mutations of them for
// each target, made without coverage. A finding aborts, as in libFuzzer.
Outcome replay_corpus(const Setting& setting);

// Writes the small whole inputs of each target into FOLDER/<target>/, as a corpus to start from.
Outcome write_seeds(const Setting& setting);

}  // namespace holdfast::durability
