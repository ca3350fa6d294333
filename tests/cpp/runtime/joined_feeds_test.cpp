// Columns that only a concat reads are fed straight to their place in its value.
#include "runtime/joined_feeds.h"

#include <gtest/gtest.h>

#include <array>

#include "runtime/program.h"
#include "testing.h"

namespace holdfast {
namespace {

NodeId placeholder(Graph& graph, const std::string& name, const Shape& shape) {
  return graph.add("placeholder", {}, {{"dtype", std::string("float32")}, {"shape", shape}}, name);
}

// join = [a | b as a column | a column that is computed]; rows of 2 + 1 + 1 floats.
struct Joined {
  Graph graph;
  NodeId a = placeholder(graph, "a", {-1, 2});
  NodeId b = placeholder(graph, "b", {-1});
  NodeId column = graph.add("expand_dims", {b}, {{"axis", std::int64_t{-1}}});
  NodeId c = placeholder(graph, "c", {-1, 1});
  NodeId square = graph.add("square", {c});
  NodeId join = graph.add("concat", {a, column, square}, {{"axis", std::int64_t{1}}});

  std::vector<Feed> feeds(bool by_rows) const {
    return {{a, {2, 2}, by_rows}, {b, {2}, by_rows}, {c, {2, 1}, by_rows}};
  }
};

TEST(JoinedFeeds, RowsGoToTheirPlaceInTheJoinedValue) {
  const Joined net;
  State state(net.graph, 0);
  Program program(net.graph, state, {net.join}, net.feeds(true), 1);
  EXPECT_EQ(program.place(0).row_stride, 16);  // 4 floats
  EXPECT_EQ(program.place(1).row_stride, 16);
  EXPECT_EQ(program.place(2).row_stride, 4);  // computed with: a tensor of its own
  auto* const joined = program.value(0).as<float>();
  EXPECT_EQ(program.place(0).data, joined);
  EXPECT_EQ(program.place(1).data, joined + 2);

  for (const int row : {0, 1}) {
    joined[4 * row] = 10.0f + static_cast<float>(row);
    joined[4 * row + 1] = 20.0f;
    joined[4 * row + 2] = 30.0f;
    static_cast<float*>(program.place(2).data)[row] = 3.0f + static_cast<float>(row);
  }
  ThreadPool pool(1);
  program.run({pool, 0, 0});
  const std::array<float, 8> expected = {10, 20, 30, 9, 11, 20, 30, 16};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), joined));
}

TEST(JoinedFeeds, FeedsThatComeAsAWholeAreCopiedByTheJoin) {
  const Joined net;
  State state(net.graph, 0);
  Program program(net.graph, state, {net.join}, net.feeds(false), 1);
  EXPECT_EQ(program.place(0).row_stride, 8);
  auto* const a = static_cast<float*>(program.place(0).data);
  std::fill_n(a, 4, 7.0f);
  std::fill_n(static_cast<float*>(program.place(1).data), 2, 8.0f);
  std::fill_n(static_cast<float*>(program.place(2).data), 2, 2.0f);
  ThreadPool pool(1);
  program.run({pool, 0, 0});
  const std::array<float, 8> expected = {7, 7, 8, 4, 7, 7, 8, 4};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), program.value(0).as<float>()));
}

TEST(JoinedFeeds, WhatSomebodyElseReadsStaysWhole) {
  Joined net;
  const NodeId other = net.graph.add("square", {net.a});
  State state(net.graph, 0);
  const Program read(net.graph, state, {net.join, other}, net.feeds(true), 1);
  EXPECT_EQ(read.place(0).row_stride, 8);
  const Program wanted(net.graph, state, {net.join, net.a}, net.feeds(true), 1);
  EXPECT_EQ(wanted.place(0).row_stride, 8);
}

TEST(JoinedFeeds, RowsUnderOneAnotherAreNoColumns) {
  Graph graph;
  const NodeId a = placeholder(graph, "a", {-1, 2});
  const NodeId b = placeholder(graph, "b", {-1, 2});
  const NodeId join = graph.add("concat", {a, b}, {{"axis", std::int64_t{0}}});
  State state(graph, 0);
  const Program program(graph, state, {join}, {{a, {1, 2}, true}, {b, {3, 2}, true}}, 1);
  EXPECT_NE(program.place(0).data, program.value(0).data);
}

}  // namespace
}  // namespace holdfast
