#include "campaigns.h"

#include "bit_flips.h"
#include "dropped_syncs.h"
#include "error_at_every_allocation.h"
#include "error_at_every_call.h"
#include "fuzz/replay.h"
#include "kill_at_every_call.h"
#include "leaks.h"
#include "power_cut.h"
#include "random_damage.h"

namespace holdfast::durability {

const std::map<std::string, CampaignFunction>& campaigns() {
  static const std::map<std::string, CampaignFunction> all{
      {"bit-flips", bit_flips},
      {"check", check_directory},
      {"dropped-syncs", dropped_syncs},
      {"error-at-every-allocation", error_at_every_allocation},
      {"error-at-every-call", error_at_every_call},
      {"kill-at-every-call", kill_at_every_call},
      {"leaks", leaks},
      {"power-cut", power_cut},
      {"random-damage", random_damage},
      {"replay-corpus", replay_corpus},
      {"write-seeds", write_seeds},
  };
  return all;
}

}  // namespace holdfast::durability
