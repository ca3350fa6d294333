// Feeds that nothing reads but one join of columns: their rows are gathered straight to where they
// stand in the joined value, and the join has nothing left to copy.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "holdfast/graph.h"

namespace holdfast {

struct JoinedFeed {
  NodeId join;              // the concat node
  std::int64_t offset;      // bytes from the beginning of a joined row
  std::int64_t row_stride;  // bytes of a joined row
};

// By placeholder, as indices into `nodes`, whose types are all known. `order`: the nodes that run;
// `wanted`: those whose values somebody fetches; `by_rows`: the placeholders that can be written at
// a stride.
std::map<NodeId, JoinedFeed> find_joined_feeds(const std::vector<Node>& nodes,
                                               const std::vector<NodeId>& order,
                                               const std::vector<bool>& wanted,
                                               const std::set<NodeId>& by_rows);

}  // namespace holdfast
