// The campaigns of this program by their command. One file each, named after it.
#pragma once

#include <map>
#include <string>

#include "outcome.h"

namespace holdfast::durability {

using CampaignFunction = Outcome (*)(const Setting&);

const std::map<std::string, CampaignFunction>& campaigns();

}  // namespace holdfast::durability
