#include "runtime/embedding_fusion.h"

#include <string>
#include <utility>

#include "graph/op.h"

namespace holdfast {
namespace {

// A value of rank 2 that is some columns of another one.
struct Columns {
  NodeId of;
  std::int64_t first;
};

class EmbeddingFusion {
 public:
  EmbeddingFusion(std::vector<Node>& nodes, const std::vector<bool>& wanted)
      : nodes_(nodes), live_(nodes.size(), true), kept_(wanted) {
    count_users();
    for (std::size_t i = 0; i < nodes_.size(); ++i) kept_[i] = kept_[i] || users_[i] == 0;
  }

  void run() {
    for (Node& node : nodes_) {
      if (node.op == "apply_adagrad" || node.op == "apply_gradient_descent") fuse_update(node);
    }
    find_live();  // the sizes of a lookup's value were all that its gradient needed of it
    count_users();
    for (NodeId i = 0; i < static_cast<NodeId>(nodes_.size()); ++i) {
      if (live_[static_cast<std::size_t>(i)] && node(i).op == "concat") fuse_concat(i);
    }
  }

 private:
  const Node& node(NodeId i) const { return nodes_[static_cast<std::size_t>(i)]; }

  void count_users() {
    users_.assign(nodes_.size(), 0);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!live_[i]) continue;
      for (const NodeId input : nodes_[i].inputs) ++users_[static_cast<std::size_t>(input)];
    }
  }

  void find_live() {
    live_ = kept_;
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      if (!live_[i]) continue;
      for (const NodeId input : nodes_[i].inputs) live_[static_cast<std::size_t>(input)] = true;
    }
  }

  bool has_one_user(NodeId i) const {
    return users_[static_cast<std::size_t>(i)] == 1 && !kept_[static_cast<std::size_t>(i)];
  }

  // A variable, or one under another shape.
  bool is_variable(NodeId i) const { return node(root(i)).op == "variable"; }
  NodeId root(NodeId i) const {
    const OpDef& op = find_op(node(i).op);
    return op.is_view || op.writes_variable ? root(node(i).inputs[0]) : i;
  }

  // Rank 2 with the same number of columns, known: whatever the batch, a view of the one as the
  // other keeps the rows.
  bool same_rows(NodeId a, NodeId b) const {
    const Shape& x = node(a).type.shape;
    const Shape& y = node(b).type.shape;
    return x.size() == 2 && y.size() == 2 && x[1] >= 0 && x[1] == y[1];
  }

  bool is_view_of_same_rows(NodeId i) const {
    return find_op(node(i).op).is_view && same_rows(i, node(i).inputs[0]);
  }

  void fuse_update(Node& update) {
    const NodeId gradient = update.inputs.back();
    const Node& grad = node(gradient);
    if (grad.op != "embedding_grad" || !has_one_user(gradient)) return;
    const NodeId ids = grad.inputs[1];
    const NodeId table = update.inputs[0];
    // The update moves the gradient behind other nodes: its operands must not change in between.
    if (grad.inputs[2] != table || is_variable(ids) || is_variable(grad.inputs[0])) return;
    const Columns dy = columns_of(grad.inputs[0]);
    const std::vector<NodeId> in = update.inputs;
    update.attributes = grad.attributes;
    update.attributes["column"] = dy.first;
    if (update.op == "apply_adagrad") {
      update.op = "embedding_grad_adagrad";
      update.inputs = {table, in[1], dy.of, ids, in[2]};
    } else {
      update.op = "embedding_grad_gradient_descent";
      update.inputs = {table, dy.of, ids, in[1]};
    }
  }

  // Where the columns of a value can be read without copying them: of the value that join_part
  // would take them from, or of itself.
  Columns columns_of(NodeId value) const {
    NodeId part = value;
    while (is_view_of_same_rows(part)) part = node(part).inputs[0];
    const Node& join = node(part);
    if (join.op != "join_part" || node(join.inputs[0]).type.shape.size() != 2 ||
        is_variable(join.inputs[0]) || std::get<std::int64_t>(join.attributes.at("axis")) != 1) {
      return {value, 0};
    }
    Columns columns{join.inputs[0], 0};
    const auto index =
        static_cast<std::size_t>(std::get<std::int64_t>(join.attributes.at("index")));
    for (std::size_t k = 1; k <= index; ++k) {
      const Shape& before = node(join.inputs[k]).type.shape;
      if (before[1] < 0) return {value, 0};
      columns.first += before[1];
    }
    return columns;
  }

  void fuse_concat(NodeId concat) {
    const std::int64_t axis = std::get<std::int64_t>(node(concat).attributes.at("axis"));
    const TensorType& type = node(concat).type;
    if (type.dtype != DType::kFloat32 || type.shape.size() != 2 || (axis != 1 && axis != -1)) {
      return;
    }
    std::vector<NodeId> inputs;
    std::vector<std::string> pieces, whats, hints;
    std::vector<double> max_norms;
    bool any = false;
    for (const NodeId input : node(concat).inputs) {
      const NodeId source = lookup_behind(input, concat);
      any = any || source != kNoNode;
      const Attributes none;
      const std::string name = node(input).name;
      const AttributeReader read(name, source == kNoNode ? none : node(source).attributes);
      pieces.push_back(source == kNoNode ? "dense"
                                         : read.value_or<std::string>("combiner", "mean"));
      max_norms.push_back(read.number_or("max_norm", 0));
      whats.push_back(read.value_or<std::string>("what", "ids"));
      hints.push_back(read.value_or<std::string>("hint", ""));
      if (source == kNoNode) {
        inputs.push_back(input);
      } else {
        inputs.insert(inputs.end(), node(source).inputs.begin(), node(source).inputs.end());
      }
    }
    if (!any) return;
    Node& fused = nodes_[static_cast<std::size_t>(concat)];
    fused.op = "concat_embedding";
    fused.inputs = std::move(inputs);
    fused.attributes = {{"pieces", std::move(pieces)},
                        {"max_norms", std::move(max_norms)},
                        {"whats", std::move(whats)},
                        {"hints", std::move(hints)}};
  }

  // The lookup whose value the concatenation alone uses, or kNoNode.
  NodeId lookup_behind(NodeId input, NodeId concat) const {
    NodeId i = input;
    while (has_one_user(i) && is_view_of_same_rows(i)) i = node(i).inputs[0];
    const bool found = node(i).op == "embedding" && has_one_user(i);
    return found && may_move(i, concat) ? i : kNoNode;
  }

  // Neither the table nor the ids change between the lookup and a later place.
  bool may_move(NodeId lookup, NodeId place) const {
    for (NodeId i = lookup + 1; i < place; ++i) {
      if (!find_op(node(i).op).writes_variable) continue;
      for (const NodeId read : node(lookup).inputs) {
        if (root(i) == root(read)) return false;
      }
    }
    return true;
  }

  std::vector<Node>& nodes_;
  std::vector<bool> live_;
  std::vector<bool> kept_;  // asked for, or nothing in the list uses it
  std::vector<int> users_;
};

}  // namespace

void fuse_embeddings(std::vector<Node>& nodes, const std::vector<bool>& wanted) {
  EmbeddingFusion(nodes, wanted).run();
}

}  // namespace holdfast
