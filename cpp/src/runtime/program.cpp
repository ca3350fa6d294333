#include "runtime/program.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/float_mode.h"
#include "base/shape_fits.h"
#include "graph/prune.h"
#include "runtime/arena.h"
#include "runtime/constants.h"
#include "runtime/embedding_fusion.h"
#include "runtime/fusion.h"
#include "runtime/joined_feeds.h"

namespace holdfast {
namespace {

constexpr int kForever = 1 << 30;

std::int64_t bytes_of_row(const Buffer& buffer) {
  const std::int64_t rows = buffer.shape.empty() ? 0 : buffer.shape[0];
  const bool plain = rows > 0 && buffer.dtype != DType::kString;
  return plain ? buffer.size / rows * static_cast<std::int64_t>(dtype_size(buffer.dtype)) : 0;
}

}  // namespace

// Works on indices into `nodes`, the part of the graph that the targets need, in the graph's order.
struct Program::Planner {
  Program& program;
  State& state;
  int threads;
  std::vector<Node>& nodes;
  std::vector<NodeId> ids;  // in the graph, by index
  std::map<NodeId, NodeId> index_of;
  std::vector<bool> wanted;
  std::vector<NodeId> order;  // indices, as they run
  // Whose memory holds the value: itself, or the root of input 0 of a view.
  std::vector<NodeId> roots;
  std::vector<bool> folded;  // computed now, once
  std::map<NodeId, JoinedFeed> joined;
  std::vector<Buffer> buffers;

  Planner(Program& made, State& variables, int thread_count)
      : program(made), state(variables), threads(thread_count), nodes(made.nodes_) {}

  void select(const Graph& graph, const std::vector<NodeId>& targets) {
    for (const NodeId id : needed_by(graph, targets)) {
      Node node = graph.node(id);
      for (NodeId& input : node.inputs) input = index_of.at(input);
      index_of[id] = static_cast<NodeId>(nodes.size());
      ids.push_back(id);
      nodes.push_back(std::move(node));
    }
    wanted.assign(nodes.size(), false);
    for (const NodeId target : targets) at(wanted, index_of.at(target)) = true;
  }

  // After fusion: what still has a user, each write as early as its operands and its readers allow,
  // so that a gradient is used up while it is in the cache.
  void schedule() {
    std::vector<bool> needed = wanted;
    for (auto i = static_cast<NodeId>(nodes.size()) - 1; i >= 0; --i) {
      if (!at(needed, i)) continue;
      for (const NodeId input : at(nodes, i).inputs) at(needed, input) = true;
    }
    find_roots();
    for (NodeId i = 0; i < static_cast<NodeId>(nodes.size()); ++i) {
      if (!at(needed, i)) continue;
      order.push_back(i);
      if (find_op(at(nodes, i).op).writes_variable) hoist_last();
    }
  }

  void find_roots() {
    roots.resize(nodes.size());
    for (NodeId i = 0; i < static_cast<NodeId>(nodes.size()); ++i) {
      const OpDef& op = find_op(at(nodes, i).op);
      const bool shares = op.is_view || op.writes_variable;
      at(roots, i) = shares ? at(roots, at(nodes, i).inputs[0]) : i;
    }
  }

  bool uses_variable_of(NodeId reader, NodeId writer) const {
    for (const NodeId written : at(nodes, writer).inputs) {
      if (at(nodes, at(roots, written)).op != "variable") continue;
      if (at(roots, reader) == at(roots, written)) return true;
      for (const NodeId read : at(nodes, reader).inputs) {
        if (at(roots, read) == at(roots, written)) return true;
      }
    }
    return false;
  }

  void hoist_last() {
    for (std::size_t at_end = order.size() - 1; at_end > 0; --at_end) {
      const NodeId writer = order[at_end];
      const NodeId before = order[at_end - 1];
      const std::vector<NodeId>& inputs = at(nodes, writer).inputs;
      const bool is_operand = std::find(inputs.begin(), inputs.end(), before) != inputs.end();
      if (is_operand || uses_variable_of(before, writer)) return;
      std::swap(order[at_end], order[at_end - 1]);
    }
  }

  void infer(const std::vector<Feed>& feeds) {
    std::map<NodeId, const Feed*> fed;
    for (const Feed& feed : feeds) fed[feed.placeholder] = &feed;
    for (const NodeId i : order) {
      Node& node = at(nodes, i);
      if (node.op == "placeholder") {
        const auto found = fed.find(at(ids, i));
        if (found == fed.end()) {
          throw Error(
              Code::kFailedPrecondition,
              "placeholder \"" + node.name +
                  "\": expected a value in the input; got none; add it to what input_fn returns");
        }
        set_fed_shape(node, found->second->shape);
        continue;
      }
      const std::vector<TensorType> inputs = types_of(node.inputs);
      node.type = find_op(node.op).infer({node.name, inputs, {node.name, node.attributes}});
    }
  }

  std::vector<TensorType> types_of(const std::vector<NodeId>& of) const {
    std::vector<TensorType> types;
    types.reserve(of.size());
    for (const NodeId id : of) types.push_back(at(nodes, id).type);
    return types;
  }

  static void set_fed_shape(Node& node, const Shape& shape) {
    if (!shape_fits(node.type.shape, shape)) {
      throw Error(Code::kInvalidArgument,
                  "input \"" + node.name + "\": expected shape " + shape_text(node.type.shape) +
                      "; got " + shape_text(shape),
                  {{"tensor", node.name},
                   {"expected", shape_text(node.type.shape)},
                   {"found", shape_text(shape)}});
    }
    node.type.shape = shape;
  }

  // Copies that turn out to change nothing, now that sizes are known, become views. Not those of
  // variables: a copy keeps what a later node overwrites.
  void skip_copies() {
    for (const NodeId i : order) {
      Node& node = at(nodes, i);
      if (!find_op(node.op).is_identity_of_same_type) continue;
      const TensorType& from = at(nodes, node.inputs[0]).type;
      const bool same = from.dtype == node.type.dtype && from.shape == node.type.shape;
      if (!same || at(nodes, at(roots, node.inputs[0])).op == "variable") continue;
      node.op = "identity";
      node.inputs.resize(1);
    }
    find_roots();
  }

  void mark_folded() {
    folded.assign(nodes.size(), false);
    for (const NodeId i : order) {
      const Node& node = at(nodes, i);
      const OpDef& op = find_op(node.op);
      bool constant = node.op == "constant" || !node.inputs.empty();
      for (const NodeId input : node.inputs) constant = constant && at(folded, input);
      at(folded, i) = constant && !op.writes_variable && !op.is_random;
    }
  }

  void find_joined(const std::vector<Feed>& feeds) {
    std::set<NodeId> by_rows;
    for (const Feed& feed : feeds) {
      const auto found = index_of.find(feed.placeholder);
      if (feed.by_rows && found != index_of.end()) by_rows.insert(found->second);
    }
    joined = find_joined_feeds(nodes, order, wanted, by_rows);
  }

  // Values that outlive a run, or are no plain numbers, have a tensor of their own; the others
  // share the arena.
  bool in_arena(NodeId i) const {
    const Node& node = at(nodes, i);
    return at(roots, i) == i && !at(folded, i) && node.op != "variable" &&
           node.op != "placeholder" && node.type.dtype != DType::kString &&
           !find_op(node.op).keeps_result;
  }

  std::int64_t bytes_of(const Node& node) const {
    const std::int64_t own =
        element_count(node.type.shape) * static_cast<std::int64_t>(dtype_size(node.type.dtype));
    const OpDef& op = find_op(node.op);
    if (op.bytes_behind == nullptr) return own;
    return own + op.bytes_behind(types_of(node.inputs));
  }

  void place() {
    std::vector<int> last_use(nodes.size(), 0);
    for (std::size_t position = 0; position < order.size(); ++position) {
      for (const NodeId input : at(nodes, order[position]).inputs) {
        at(last_use, at(roots, input)) = static_cast<int>(position);
      }
    }
    for (NodeId i = 0; i < static_cast<NodeId>(nodes.size()); ++i) {
      if (at(wanted, i)) at(last_use, at(roots, i)) = kForever;
    }
    std::set<NodeId> fed_early;  // joins whose parts are there before the run begins
    for (const auto& [placeholder, place] : joined) fed_early.insert(place.join);
    std::vector<Lifetime> lifetimes;
    std::vector<NodeId> residents;
    for (std::size_t position = 0; position < order.size(); ++position) {
      const NodeId i = order[position];
      if (!in_arena(i)) continue;
      const Node& node = at(nodes, i);
      const int first = fed_early.count(i) > 0 ? 0 : static_cast<int>(position);
      lifetimes.push_back({bytes_of(node), first, std::max(first, at(last_use, i))});
      residents.push_back(i);
    }
    const ArenaLayout layout = lay_out(lifetimes);
    const Tensor block(DType::kUInt8, {layout.bytes});
    program.arena_ = std::make_shared<Tensor>(block);
    std::map<NodeId, std::int64_t> offsets;
    for (std::size_t k = 0; k < residents.size(); ++k) offsets[residents[k]] = layout.offsets[k];
    bind(static_cast<char*>(std::static_pointer_cast<Tensor>(program.arena_)->raw()), offsets);
  }

  void bind(char* arena, const std::map<NodeId, std::int64_t>& offsets) {
    buffers.resize(nodes.size());
    for (const NodeId i : order) {
      const Node& node = at(nodes, i);
      Buffer& buffer = at(buffers, i);
      buffer.dtype = node.type.dtype;
      buffer.shape = node.type.shape;
      buffer.size = element_count(node.type.shape);
      if (at(roots, i) != i) {
        buffer.data = at(buffers, at(roots, i)).data;
      } else if (node.op == "variable") {
        buffer.data = state.at(at(ids, i)).value.raw();
      } else if (const auto found = offsets.find(i); found != offsets.end()) {
        buffer.data = arena + found->second;
      } else if (const auto in = joined.find(i); in != joined.end()) {
        buffer.data = arena + offsets.at(in->second.join) + in->second.offset;
      } else {
        program.owned_.push_back(own_tensor(node));
        buffer.data = program.owned_.back().raw();
      }
    }
  }

  Tensor own_tensor(const Node& node) const {
    if (node.op == "constant") return constant_value(node);
    if (node.type.dtype == DType::kString) return Tensor(node.type.dtype, node.type.shape);
    return Tensor(DType::kUInt8, {bytes_of(node)});
  }

  void make_kernels() {
    const ScopedFloatMode mode(FloatMode::computing());
    ThreadPool alone(1);
    const RunContext now{alone, 0, 0};
    const auto scratch = std::make_shared<Scratch>();
    for (const NodeId i : order) {
      const OpDef& op = find_op(at(nodes, i).op);
      if (op.make_kernel == nullptr) continue;
      KernelContext context{at(nodes, i), {}, at(buffers, i), at(folded, i) ? 1 : threads, scratch};
      for (const NodeId input : at(nodes, i).inputs) context.inputs.push_back(at(buffers, input));
      std::unique_ptr<OpKernel> kernel = op.make_kernel(context);
      if (at(folded, i)) {
        kernel->run(now);
      } else {
        program.kernels_.push_back(std::move(kernel));
      }
    }
  }

  void export_feeds(const std::vector<Feed>& feeds) const {
    for (const Feed& feed : feeds) {
      FeedPlace place;
      if (const auto found = index_of.find(feed.placeholder); found != index_of.end()) {
        const Buffer& buffer = at(buffers, found->second);
        const auto in = joined.find(found->second);
        place.data = buffer.data;
        place.row_stride = in != joined.end() ? in->second.row_stride : bytes_of_row(buffer);
      }
      program.feeds_.push_back(place);
    }
  }

  void export_values(const std::vector<NodeId>& targets) const {
    for (const NodeId target : targets) {
      program.values_.push_back(at(buffers, index_of.at(target)));
    }
  }

  template <typename T>
  static auto at(std::vector<T>& items, NodeId i) -> decltype(items[0]) {
    return items[static_cast<std::size_t>(i)];
  }
  template <typename T>
  static auto at(const std::vector<T>& items, NodeId i) -> decltype(items[0]) {
    return items[static_cast<std::size_t>(i)];
  }
};

Program::Program(const Graph& graph, State& state, const std::vector<NodeId>& wanted,
                 const std::vector<Feed>& feeds, int threads) {
  Planner planner(*this, state, threads);
  planner.select(graph, wanted);
  fuse_embeddings(nodes_, planner.wanted);
  fuse(nodes_, planner.wanted);
  planner.schedule();
  planner.infer(feeds);
  planner.skip_copies();
  planner.mark_folded();
  planner.find_joined(feeds);
  planner.place();
  planner.make_kernels();
  planner.export_feeds(feeds);
  planner.export_values(wanted);
}

Program::~Program() = default;

void Program::run(const RunContext& context) {
  const ScopedFloatMode mode(FloatMode::computing());
  for (const std::unique_ptr<OpKernel>& kernel : kernels_) kernel->run(context);
}

}  // namespace holdfast
