#include "fuzz/targets.h"

namespace holdfast::durability {

const std::vector<const FuzzTarget*>& fuzz_targets() {
  static const std::vector<const FuzzTarget*> all{&kCommitTarget, &kManifestTarget,
                                                  &kDirectoryTarget, &kEventsTarget, &kGraphTarget};
  return all;
}

}  // namespace holdfast::durability
