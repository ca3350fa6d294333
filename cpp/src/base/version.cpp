#include "holdfast/version.h"

namespace holdfast {

const char* version() noexcept { return HOLDFAST_VERSION; }

}  // namespace holdfast
