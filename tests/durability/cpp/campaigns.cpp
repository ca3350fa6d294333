#include "campaigns.h"

#include "bit_flips.h"
#include "random_damage.h"

namespace holdfast::durability {

const std::map<std::string, CampaignFunction>& campaigns() {
  static const std::map<std::string, CampaignFunction> all{{"bit-flips", bit_flips},
                                                           {"random-damage", random_damage}};
  return all;
}

}  // namespace holdfast::durability
