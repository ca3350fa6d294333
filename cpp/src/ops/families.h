// The families of operations: one function for each file, listed by registry.cpp.
#pragma once

#include <vector>

#include "graph/op.h"

namespace holdfast {

std::vector<OpDef> source_ops();
std::vector<OpDef> cast_ops();
std::vector<OpDef> check_ops();
std::vector<OpDef> decode_csv_ops();
std::vector<OpDef> dropout_ops();
std::vector<OpDef> embedding_ops();
std::vector<OpDef> embedding_update_ops();
std::vector<OpDef> fill_ops();
std::vector<OpDef> gather_ops();
std::vector<OpDef> histogram_ops();
std::vector<OpDef> lookup_ops();
std::vector<OpDef> metric_ops();
std::vector<OpDef> parse_example_ops();
std::vector<OpDef> softmax_ops();
std::vector<OpDef> dense_ops();
std::vector<OpDef> matmul_ops();
std::vector<OpDef> activation_ops();
std::vector<OpDef> loss_ops();
std::vector<OpDef> state_ops();
std::vector<OpDef> arithmetic_ops();
std::vector<OpDef> unary_ops();
std::vector<OpDef> compare_ops();
std::vector<OpDef> view_ops();
std::vector<OpDef> shape_ops();
std::vector<OpDef> slice_ops();
std::vector<OpDef> reduction_ops();
std::vector<OpDef> argmax_ops();
std::vector<OpDef> zero_fraction_ops();

}  // namespace holdfast
