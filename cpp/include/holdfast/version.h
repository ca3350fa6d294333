// The version of the library, as CMake's project() states it.
#pragma once

#include "holdfast/export.h"

namespace holdfast {

// "major.minor.patch", as in "0.1.0".
HOLDFAST_API const char* version() noexcept;

}  // namespace holdfast
