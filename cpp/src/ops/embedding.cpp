// Rows of a table by the ids of a batch, pooled; and the same straight into their columns of a
// concatenation, which the program's fusion makes (runtime/embedding_fusion.cpp).
#include <algorithm>
#include <optional>
#include <vector>

#include "kernels/kernels.h"
#include "ops/embedding_rows.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_embedding(const InferContext& context) {
  LookupOptions::read(context.attributes);  // refuses another combiner
  return infer_lookup_of(context, 0, 1);
}

std::vector<NodeId> embedding_gradient(const GradientContext& context) {
  return {context.add("embedding_grad", {context.output_grad, context.input(1), context.input(0)},
                      Attributes(context.forward().attributes)),
          kNoNode};
}

// One lookup of a batch.
class Lookup {
 public:
  Lookup(LookupOptions options, const Buffer& table, const Buffer& ids)
      : ids_(std::move(options), table, ids), table_(table.as<float>()), cols_(table.shape[1]) {}

  std::int64_t cols() const noexcept { return cols_; }
  std::int64_t scratch_bytes(std::int64_t count) const {
    return count * ids_.cells() * static_cast<std::int64_t>(sizeof(std::int64_t) + sizeof(float));
  }

  // y: `count` rows of cols() columns, those of batch rows begin .. begin + count - 1.
  void run(std::int64_t begin, std::int64_t count, char* scratch, float* y,
           std::int64_t stride) const {
    const std::int64_t n = count * ids_.cells();
    auto* rows = reinterpret_cast<std::int64_t*>(scratch);
    auto* scales = reinterpret_cast<float*>(rows + n);
    ids_.read(begin, count, rows);
    const bool normed = ids_.options().max_norm > 0;
    const bool scaled = normed || !ids_.unscaled();
    if (scaled) ids_.scales(rows, count, scales);
    if (normed) scale_to_norm(rows, n, scales);
    kernels::table().pool_rows(
        {table_, rows, ids_.cells(), scaled ? scales : nullptr, {y, count, cols_, stride}});
  }

 private:
  void scale_to_norm(const std::int64_t* rows, std::int64_t n, float* scales) const {
    for (std::int64_t c = 0; c < n; ++c) {
      if (rows[c] < 0) continue;
      const float* row = table_ + rows[c] * cols_;
      scales[c] = static_cast<float>(scales[c] * norm_scale(row, cols_, ids_.options().max_norm));
    }
  }

  RowIds ids_;
  const float* table_;
  std::int64_t cols_;
};

// Columns of the result: looked up, or copied.
struct Piece {
  std::optional<Lookup> lookup;
  const float* dense = nullptr;
  std::int64_t cols = 0;
};

// Writes all pieces of some batch rows before those of the next ones: the rows written stay in the
// cache until they are whole.
class PiecesKernel : public OpKernel {
 public:
  PiecesKernel(const KernelContext& context, std::vector<Piece> pieces)
      : y_(context.output.as<float>()),
        batch_(context.output.shape[0]),
        cols_(context.output.shape[1]),
        pieces_(std::move(pieces)),
        parts_(row_parts(context.output.size, context.threads)),
        scratch_(context.shared_scratch()) {
    for (const Piece& piece : pieces_) {
      if (piece.lookup) part_bytes_ = std::max(part_bytes_, piece.lookup->scratch_bytes(kBlock));
    }
    part_bytes_ = (part_bytes_ + 63) / 64 * 64;
    scratch_->reserve(parts_ * part_bytes_);
  }

  void run(const RunContext& context) override {
    context.pool.parallel(parts_, [&](int part) {
      const Range range = split_range(batch_, parts_, part, kBlock);
      for (std::int64_t row = range.begin; row < range.end; row += kBlock) {
        write(row, std::min(kBlock, range.end - row), scratch_->data() + part * part_bytes_);
      }
    });
  }

 private:
  static constexpr std::int64_t kBlock = 64;  // rows

  void write(std::int64_t begin, std::int64_t count, char* scratch) const {
    float* y = y_ + begin * cols_;
    for (const Piece& piece : pieces_) {
      if (piece.lookup) {
        piece.lookup->run(begin, count, scratch, y, cols_);
      } else {
        copy(piece, begin, count, y);
      }
      y += piece.cols;
    }
  }

  void copy(const Piece& piece, std::int64_t begin, std::int64_t count, float* y) const {
    const float* from = piece.dense + begin * piece.cols;
    if (piece.cols == 1) {
      for (std::int64_t i = 0; i < count; ++i) y[i * cols_] = from[i];
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      std::copy_n(from + i * piece.cols, piece.cols, y + i * cols_);
    }
  }

  float* y_;
  std::int64_t batch_;
  std::int64_t cols_;
  std::vector<Piece> pieces_;
  int parts_;
  std::shared_ptr<Scratch> scratch_;
  std::int64_t part_bytes_ = 0;
};

std::unique_ptr<OpKernel> make_embedding(const KernelContext& context) {
  std::vector<Piece> pieces(1);
  pieces[0].lookup.emplace(LookupOptions::read(context.attributes()), context.inputs[0],
                           context.inputs[1]);
  pieces[0].cols = pieces[0].lookup->cols();
  return std::make_unique<PiecesKernel>(context, std::move(pieces));
}

// A piece of a concat_embedding: an input as it is, or a lookup in an input by the next one.
struct PieceSpec {
  std::optional<LookupOptions> lookup;
  std::size_t input = 0;
  std::size_t inputs() const { return lookup ? 2 : 1; }
};

// From the attributes pieces ("dense", or a lookup's combiner), max_norms, whats and hints: lists
// with an item for each piece.
std::vector<PieceSpec> piece_specs(const AttributeReader& read) {
  const auto& kinds = read.get<std::vector<std::string>>("pieces");
  const std::vector<double> max_norms = read.numbers("max_norms");
  const auto& whats = read.get<std::vector<std::string>>("whats");
  const auto& hints = read.get<std::vector<std::string>>("hints");
  std::vector<PieceSpec> specs;
  std::size_t input = 0;
  for (std::size_t p = 0; p < kinds.size(); ++p) {
    PieceSpec spec;
    spec.input = input;
    if (kinds[p] != "dense") {
      // at(): graphs are read from files, too.
      spec.lookup =
          LookupOptions{combiner_from_name(kinds[p]), max_norms.at(p), whats.at(p), hints.at(p)};
    }
    input += spec.inputs();
    specs.push_back(std::move(spec));
  }
  return specs;
}

TensorType infer_concat_embedding(const InferContext& context) {
  const auto pieces = context.attributes.get<std::vector<std::string>>("pieces").size();
  if (context.attributes.numbers("max_norms").size() != pieces ||
      context.attributes.get<std::vector<std::string>>("whats").size() != pieces ||
      context.attributes.get<std::vector<std::string>>("hints").size() != pieces) {
    context.fail("expected " + std::to_string(pieces) + " items in max_norms, whats and hints, " +
                 "as in pieces");
  }
  TensorType result{DType::kFloat32, {-1, 0}};
  std::size_t inputs = 0;
  for (const PieceSpec& spec : piece_specs(context.attributes)) {
    inputs += spec.inputs();
    if (inputs > context.inputs.size()) break;
    if (!spec.lookup) expect_dtype(context, spec.input, kFloat32Only);
    const Shape shape = spec.lookup ? infer_lookup_of(context, spec.input, spec.input + 1).shape
                                    : context.inputs[spec.input].shape;
    if (shape.size() != 2 || !may_equal(shape, {result.shape[0], shape[1]})) {
      context.fail("expected inputs of equal sizes but on the joined axis; got " +
                   shape_text(shape) + " after " + shape_text(result.shape));
    }
    result.shape[0] = std::max(result.shape[0], shape[0]);
    result.shape[1] = result.shape[1] < 0 || shape[1] < 0 ? -1 : result.shape[1] + shape[1];
  }
  if (inputs != context.inputs.size()) {
    context.fail("expected an input for each dense piece and two for each lookup; got " +
                 std::to_string(context.inputs.size()) + " inputs");
  }
  return result;
}

std::unique_ptr<OpKernel> make_concat_embedding(const KernelContext& context) {
  std::vector<Piece> pieces;
  for (const PieceSpec& spec : piece_specs(context.attributes())) {
    const Buffer& first = context.inputs[spec.input];
    Piece piece;
    piece.cols = first.shape[1];
    if (spec.lookup) {
      piece.lookup.emplace(*spec.lookup, first, context.inputs[spec.input + 1]);
    } else {
      piece.dense = first.as<float>();
    }
    pieces.push_back(std::move(piece));
  }
  return std::make_unique<PiecesKernel>(context, std::move(pieces));
}

}  // namespace

std::vector<OpDef> embedding_ops() {
  return {
      with_attributes(LookupOptions::kAttributes,
                      {"embedding", 2, 2, infer_embedding, embedding_gradient, make_embedding}),
      with_attributes(
          "pieces, max_norms, whats, hints",
          {"concat_embedding", 1, -1, infer_concat_embedding, nullptr, make_concat_embedding}),
  };
}

}  // namespace holdfast
