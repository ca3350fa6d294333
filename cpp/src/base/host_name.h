// The name of this machine, for messages and names of files.
#pragma once

#include <string>

namespace holdfast {

// "unknown" where the system does not say.
std::string host_name();

}  // namespace holdfast
