// The "graph" and "signatures" of an export's manifest, as one JSON text. What parses is written
// again and parses to the same; what can be planned in 1 MiB for a batch of two rows is computed.
#include <array>
#include <map>
#include <random>

#include "api/load_model.h"
#include "api/plan_size.h"
#include "api/signatures.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "fuzz/guard.h"
#include "fuzz/json_mutation.h"
#include "fuzz/targets.h"
#include "graph/json_form.h"
#include "graph/op.h"
#include "runtime/program.h"
#include "runtime/state.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMaxBytes = 4096;
constexpr std::int64_t kRows = 2;
constexpr double kMostBytes = 1 << 20;

// Every operation that a signature may need, and one name that is none.
const std::array<const char*, 79> kOps = {"placeholder",
                                          "constant",
                                          "variable",
                                          "dense",
                                          "dense_grad_input",
                                          "dense_grad_kernel",
                                          "column_sums",
                                          "relu",
                                          "relu6",
                                          "leaky_relu",
                                          "elu",
                                          "selu",
                                          "tanh",
                                          "sigmoid",
                                          "softplus",
                                          "softsign",
                                          "activation_grad",
                                          "softmax",
                                          "log_softmax",
                                          "sparse_softmax_cross_entropy",
                                          "softmax_cross_entropy",
                                          "sigmoid_cross_entropy",
                                          "softmax_grad",
                                          "dropout",
                                          "add",
                                          "sub",
                                          "mul",
                                          "div",
                                          "maximum",
                                          "minimum",
                                          "div_no_nan",
                                          "floordiv",
                                          "mod",
                                          "pow",
                                          "neg",
                                          "abs",
                                          "square",
                                          "sqrt",
                                          "exp",
                                          "log",
                                          "floor",
                                          "clip_by_value",
                                          "equal",
                                          "less",
                                          "logical_and",
                                          "logical_not",
                                          "is_nan",
                                          "where",
                                          "stop_gradient",
                                          "reduce_sum",
                                          "reduce_mean",
                                          "reduce_max",
                                          "reduce_all",
                                          "sum_like",
                                          "argmax",
                                          "matmul",
                                          "reshape",
                                          "squeeze",
                                          "expand_dims",
                                          "identity",
                                          "reshape_like",
                                          "concat",
                                          "slice",
                                          "stack",
                                          "transpose",
                                          "tile",
                                          "broadcast_like",
                                          "gather",
                                          "shape_of",
                                          "size_of",
                                          "cast",
                                          "one_hot",
                                          "vocabulary_lookup",
                                          "as_string",
                                          "check_range",
                                          "split_csv",
                                          "csv_column",
                                          "split_example",
                                          "assign"};

// Values of any tensor that a graph names.
Tensor asset(const std::string& name) {
  if (name == "ints") {
    Tensor tensor(DType::kInt64, {3});
    tensor.data<std::int64_t>()[1] = -1;
    return tensor;
  }
  if (name == "floats") {
    Tensor tensor(DType::kFloat64, {2});
    tensor.data<double>()[1] = 1e300;
    return tensor;
  }
  if (name == "strings") {
    Tensor tensor(DType::kString, {2});
    tensor.data<std::string>()[1] = "\xff";
    return tensor;
  }
  throw Error(Code::kInvalidArgument, "no such tensor: " + name.substr(0, 40));
}

void expect_same(const Graph& graph) {
  std::map<std::string, Tensor> kept;
  const Json json = graph_to_json(graph, [&](const Node& node, const std::string& key, Tensor t) {
    const std::string name = node.name + "/" + key;
    kept[name] = std::move(t);
    return name;
  });
  const Graph again = graph_from_json(json, [&](const std::string& name) { return kept.at(name); });
  const auto keep = [&](const Node& node, const std::string& key, const Tensor&) {
    return node.name + "/" + key;
  };
  if (graph_to_json(again, keep) != json) broken_promise("a graph read and written is another one");
}

// What one row of every placeholder is; batches of kRows.
std::vector<Feed> feeds_of(const Signature& signature) {
  std::vector<Feed> feeds;
  for (const SignatureTensor& input : signature.inputs) {
    Shape shape = input.shape;
    for (std::int64_t& size : shape) size = size < 0 ? kRows : size;
    feeds.push_back({input.node, shape});
  }
  return feeds;
}

void compute(const Graph& graph, const Signature& signature) {
  std::vector<NodeId> wanted;
  for (const SignatureTensor& output : signature.outputs) wanted.push_back(output.node);
  const std::vector<Feed> feeds = feeds_of(signature);
  check_plan_size(graph, wanted, feeds, kMostBytes);
  State state(
      graph, [](const Node& variable) { return Tensor(variable.type.dtype, variable.type.shape); });
  Program program(graph, state, wanted, feeds, 1);
  ThreadPool alone(1);
  program.run({alone, 1, 1});
}

void run(const std::string& input) {
  const Guard guard(input.size());
  try {
    const Json json = parse_json(input);
    const Graph graph = graph_from_json(json.at("graph"), asset);
    expect_same(graph);
    check_reads_only(graph);
    double bytes = 0;  // of all variables, needed or not
    for (NodeId id = 0; id < graph.size(); ++id)
      if (graph.node(id).op == "variable") {
        double size = 32;
        for (const std::int64_t axis : graph.node(id).type.shape) size *= static_cast<double>(axis);
        bytes += size;
      }
    if (bytes > kMostBytes) return;
    for (const Signature& signature : signatures_from_json(json.at("signatures"), graph))
      compute(graph, signature);
  } catch (const Error&) {  // typed, as promised
  }
}

// The node as another operation, with the attributes that this one has as well: with others it
// would be refused before anything looks at its inputs.
Json with_op(const Json& node, const std::string& op) {
  Json changed = Json::object();
  for (const auto& [key, value] : node.as_object()) {
    if (key != "attributes" || !is_op(op)) {
      changed.set(key, key == "op" ? Json(op) : value);
      continue;
    }
    Json attributes = Json::object();
    for (const auto& [name, attribute] : value.as_object())
      if (has_attribute(find_op(op), name)) attributes.set(name, attribute);
    changed.set(key, std::move(attributes));
  }
  return changed;
}

// One node of the graph becomes another operation. Throws: Error where there is none.
std::string with_another_op(const std::string& input, std::minstd_rand& random) {
  Json json = parse_json(input);
  const Json::Array& nodes = json.at("graph").at("nodes").as_array();
  if (nodes.empty()) throw Error(Code::kInvalidArgument, "no nodes");
  const std::size_t chosen = random() % nodes.size();
  const std::string op = kOps[random() % kOps.size()];
  Json changed = Json::array();
  for (std::size_t i = 0; i < nodes.size(); ++i)
    changed.push_back(i == chosen ? with_op(nodes[i], op) : nodes[i]);
  Json graph = json.at("graph");
  graph.set("nodes", std::move(changed));
  json.set("graph", std::move(graph));
  return to_text(json);
}

std::string mutate(const std::string& input, std::uint64_t seed, MutateBytes mutate_bytes) {
  std::minstd_rand random(static_cast<unsigned>(seed) | 1U);
  if (random() % 2 == 0) return mutate_json(input, seed, kMaxBytes, mutate_bytes);
  try {
    const std::string changed = with_another_op(input, random);
    return changed.size() > kMaxBytes ? input : changed;
  } catch (const Error&) {  // not JSON, or not of that form
    return mutate_json(input, seed, kMaxBytes, mutate_bytes);
  }
}

// ---- graphs to start from ----------------------------------------------------------------

using Outputs = std::vector<NodeId>;

std::string text_of(const Graph& graph, const Outputs& outputs) {
  Signature signature{"predict", kPredictMethod, {}, {}};
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (node.op == "placeholder")
      signature.inputs.push_back({node.name, node.type.dtype, node.type.shape, id});
  }
  for (const NodeId id : outputs) {
    const Node& node = graph.node(id);
    signature.outputs.push_back({node.name, node.type.dtype, node.type.shape, id});
  }
  return to_text(Json::object()
                     .set("graph", graph_to_json(graph))
                     .set("signatures", signatures_to_json({signature}, graph)));
}

NodeId placeholder(Graph& graph, const char* dtype, std::vector<std::int64_t> shape) {
  return graph.add("placeholder", {}, {{"dtype", std::string(dtype)}, {"shape", std::move(shape)}});
}

NodeId variable(Graph& graph, std::vector<std::int64_t> shape) {
  return graph.add("variable", {},
                   {{"dtype", std::string("float32")}, {"shape", std::move(shape)}});
}

std::string network() {
  Graph g;
  const NodeId x = placeholder(g, "float32", {-1, 3});
  const NodeId hidden = g.add("dense", {x, variable(g, {3, 4}), variable(g, {4})},
                              {{"activation", std::string("relu")}});
  const NodeId logits = g.add("dense", {hidden, variable(g, {4, 3}), variable(g, {3})});
  const NodeId p = g.add("softmax", {logits});
  const NodeId id = g.add("argmax", {p}, {{"axis", std::int64_t{-1}}});
  const std::vector<std::string> names{"a", "b", "c"};
  return text_of(g, {p, g.add("vocabulary_gather", {id}, {{"vocabulary", names}})});
}

std::string shapes() {
  Graph g;
  const NodeId x = placeholder(g, "float32", {-1, 4});
  const std::vector<std::int64_t> zero{0, 1};
  const std::vector<std::int64_t> end{2, 4};
  const std::vector<std::int64_t> one{1, 1};
  const NodeId part = g.add(
      "slice", {x},
      {{"begin", zero}, {"end", end}, {"stride", one}, {"drop", std::vector<std::int64_t>{}}});
  const NodeId wide = g.add("concat", {part, part}, {{"axis", std::int64_t{1}}});
  const NodeId turned = g.add("transpose", {wide}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  const NodeId sum =
      g.add("reduce_sum", {turned}, {{"axes", std::vector<std::int64_t>{0}}, {"keep_dims", true}});
  return text_of(g, {sum, g.add("reshape", {turned}, {{"shape", std::vector<std::int64_t>{-1}}}),
                     g.add("tile", {part}, {{"multiples", std::vector<std::int64_t>{2, 3}}})});
}

std::string records() {
  Graph g;
  const NodeId line = placeholder(g, "string", {-1});
  const NodeId fields = g.add("split_csv", {line}, {{"fields", std::int64_t{2}}});
  const NodeId number =
      g.add("csv_column", {fields, line},
            {{"column", std::int64_t{0}}, {"dtype", std::string("float32")}, {"default", 0.5}});
  const NodeId found = g.add("split_example", {line}, {{"keys", std::vector<std::string>{"a"}}});
  const NodeId feature = g.add("example_feature", {found},
                               {{"place", std::int64_t{0}},
                                {"dtype", std::string("int64")},
                                {"shape", std::vector<std::int64_t>{2}},
                                {"default", std::vector<std::int64_t>{7, 8}}});
  return text_of(g, {number, feature, g.add("as_string", {feature})});
}

std::string arithmetic() {
  Graph g;
  const NodeId x = placeholder(g, "float32", {-1, 2});
  const NodeId c = g.add("constant", {},
                         {{"dtype", std::string("float32")},
                          {"shape", std::vector<std::int64_t>{2}},
                          {"values", std::vector<double>{0.5, -1.5}}});
  const NodeId bigger = g.add("greater", {g.add("mul", {x, c}), g.add("exp", {c})});
  const NodeId ids = g.add("cast", {x}, {{"dtype", std::string("int64")}});
  return text_of(g, {g.add("where", {bigger, x, g.add("neg", {x})}),
                     g.add("one_hot", {ids}, {{"depth", std::int64_t{3}}}),
                     g.add("floordiv", {ids, g.add("ones_like", {ids})})});
}

// Attributes that stand beside the text.
std::string assets() {
  std::string text = network();
  const std::string inlined = "{\"ss\":[\"a\",\"b\",\"c\"]}";
  return text.replace(text.find(inlined), inlined.size(), "{\"t\":\"strings\"}");
}

std::vector<std::string> seeds() {
  return {network(), shapes(), records(), arithmetic(), assets()};
}

}  // namespace

const FuzzTarget kGraphTarget{"graph", kMaxBytes, run, mutate, seeds};

}  // namespace holdfast::durability
