#include "ops/families.h"

namespace holdfast {

void register_all_ops() {
  register_ops(source_ops());
}

}  // namespace holdfast
