#include "campaigns.h"

namespace holdfast::durability {

const std::map<std::string, CampaignFunction>& campaigns() {
  static const std::map<std::string, CampaignFunction> all{};
  return all;
}

}  // namespace holdfast::durability
