// The JSON form of a graph, part of an exported model:
//   {"nodes": [{"name", "op", "inputs": [index, ...], "attributes": {key: {kind: value}}, "dtype",
//   "shape"}]}
// `kind` is one letter for the attribute's type, so that 1 and 1.0, and the three empty lists, stay
// apart: b, i, f, s, is, fs, ss. "t" names a tensor stored beside the text, which is the value:
// long lists (vocabularies), and what JSON cannot write (bytes that are no UTF-8, infinities).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "holdfast/graph.h"

namespace holdfast {

// ---- limits of readers --------------------------------------------------------------------
constexpr std::int32_t kMaxNodes = 65'536;
constexpr std::size_t kMaxAxes = 32;
// Elements of a constant that one value fills.
constexpr std::uint64_t kMaxFilled = std::uint64_t{1} << 21;

// Keeps an attribute's value as a tensor and returns its name. Scalars have rank 0, lists rank 1;
// int64, float64 or strings.
using KeepTensor = std::function<std::string(const Node& node, const std::string& key, Tensor)>;
// The tensor of that name. Throws what it likes when there is none.
using FindTensor = std::function<Tensor(const std::string& name)>;

// Without `keep` everything stands in the text. Throws: InvalidArgument for what JSON cannot write.
Json graph_to_json(const Graph& graph, const KeepTensor& keep = nullptr);

// Infers every type again. Throws: InvalidArgument, naming the node, where the text is no graph or
// disagrees; ResourceExhausted where it exceeds a limit.
Graph graph_from_json(const Json& json, const FindTensor& find = nullptr);

}  // namespace holdfast
