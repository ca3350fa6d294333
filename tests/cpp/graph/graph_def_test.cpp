#include "graph/graph_def.h"

#include <gtest/gtest.h>

#include <map>

#include "base/wire.h"

namespace holdfast {
namespace {

std::vector<WireField> fields_of(std::string_view text) {
  WireReader reader(text);
  std::vector<WireField> fields;
  for (WireField field; reader.next(field);) fields.push_back(field);
  return fields;
}

struct NodeDef {
  std::string name;
  std::string op;
  std::vector<std::string> inputs;
  std::vector<std::string> attributes;
};

std::vector<NodeDef> nodes_of(const std::string& text) {
  std::vector<NodeDef> nodes;
  for (const WireField& field : fields_of(text)) {
    if (field.number != 1) continue;
    NodeDef& node = nodes.emplace_back();
    for (const WireField& part : fields_of(field.bytes)) {
      if (part.number == 1) node.name = part.bytes;
      if (part.number == 2) node.op = part.bytes;
      if (part.number == 3) node.inputs.emplace_back(part.bytes);
      if (part.number == 5) node.attributes.emplace_back(fields_of(part.bytes).at(0).bytes);
    }
  }
  return nodes;
}

TEST(GraphDef, HoldsNamesOperationsEdgesAndShapes) {
  Graph graph;
  const NodeId x = graph.add("placeholder", {},
                             {{"dtype", std::string("float32")}, {"shape", Shape{-1, 3}}}, "in/x");
  graph.add("relu", {x}, {}, "layer/relu");
  const std::vector<NodeDef> nodes = nodes_of(graph_def(graph));
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].name, "in/x");
  EXPECT_EQ(nodes[0].op, "placeholder");
  EXPECT_TRUE(nodes[0].inputs.empty());
  EXPECT_EQ(nodes[1].name, "layer/relu");
  EXPECT_EQ(nodes[1].inputs, (std::vector<std::string>{"in/x"}));
  EXPECT_EQ(nodes[1].attributes, (std::vector<std::string>{"dtype", "_output_shapes"}));
}

TEST(GraphDef, OfNothingHasAVersionOnly) {
  Graph graph;
  const std::vector<WireField> fields = fields_of(graph_def(graph));
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].number, 4);
}

}  // namespace
}  // namespace holdfast
