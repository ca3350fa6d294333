#include "runtime/row_store.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "runtime/element.h"

namespace holdfast {
namespace {

struct Column {
  explicit Column(Tensor values)
      : tensor(std::move(values)),
        row_shape(tensor.shape().begin() + 1, tensor.shape().end()),
        row_elements(element_count(row_shape)) {}
  Tensor tensor;
  Shape row_shape;
  std::int64_t row_elements;
};

template <typename Word>
void gather_words(const void* table, const std::int64_t* rows, std::int64_t count, void* to,
                  std::int64_t stride) {
  const auto* from = static_cast<const Word*>(table);
  auto* out = static_cast<char*>(to);
  for (std::int64_t i = 0; i < count; ++i, out += stride) {
    std::memcpy(out, from + slot_of(rows[i]), sizeof(Word));
  }
}

bool is_run(const std::int64_t* rows, std::int64_t count) {
  for (std::int64_t i = 1; i < count; ++i) {
    if (rows[i] != rows[0] + i) return false;
  }
  return true;
}

void gather_rows(const Column& column, const std::int64_t* rows, std::int64_t count, void* to,
                 std::int64_t stride) {
  const DType dtype = column.tensor.dtype();
  const std::int64_t width = column.row_elements;
  if (dtype == DType::kString) {
    const auto* from = column.tensor.data<std::string>();
    auto* out = static_cast<char*>(to);
    for (std::int64_t i = 0; i < count; ++i, out += stride) {
      std::copy_n(from + slot_of(rows[i]) * width, width, reinterpret_cast<std::string*>(out));
    }
    return;
  }
  const std::size_t bytes = static_cast<std::size_t>(width) * dtype_size(dtype);
  const auto* from = column.tensor.data<char>();
  if (count == 0 || bytes == 0) return;
  if (stride == static_cast<std::int64_t>(bytes) && is_run(rows, count)) {
    std::memcpy(to, from + static_cast<std::size_t>(slot_of(rows[0])) * bytes,
                static_cast<std::size_t>(count) * bytes);
    return;
  }
  switch (bytes) {
    case 1:
      return gather_words<std::uint8_t>(from, rows, count, to, stride);
    case 4:
      return gather_words<std::uint32_t>(from, rows, count, to, stride);
    case 8:
      return gather_words<std::uint64_t>(from, rows, count, to, stride);
    default:
      break;
  }
  auto* out = static_cast<char*>(to);
  for (std::int64_t i = 0; i < count; ++i, out += stride) {
    std::memcpy(out, from + static_cast<std::size_t>(slot_of(rows[i])) * bytes, bytes);
  }
}

class TableRows : public RowStore {
 public:
  explicit TableRows(std::vector<Tensor> columns) {
    for (Tensor& column : columns) columns_.emplace_back(std::move(column));
  }

  void prepare(const std::int64_t*, std::int64_t) override {}
  void release(std::int64_t) override {}
  int components() const override { return static_cast<int>(columns_.size()); }
  DType dtype(int component) const override {
    return columns_[static_cast<std::size_t>(component)].tensor.dtype();
  }
  bool is_uniform() const override { return true; }
  Shape row_shape(int component, std::int64_t) const override {
    return columns_[static_cast<std::size_t>(component)].row_shape;
  }
  void gather(int component, const std::int64_t* indices, std::int64_t count, void* destination,
              std::int64_t stride) const override {
    gather_rows(columns_[static_cast<std::size_t>(component)], indices, count, destination, stride);
  }

 protected:
  std::vector<Column> columns_;
};

class TextRows final : public RowStore {
 public:
  explicit TextRows(std::shared_ptr<const TextLines> lines) : lines_(std::move(lines)) {}

  void prepare(const std::int64_t*, std::int64_t) override {}
  void release(std::int64_t) override {}
  int components() const override { return 1; }
  DType dtype(int) const override { return DType::kString; }
  bool is_uniform() const override { return true; }
  Shape row_shape(int, std::int64_t) const override { return {}; }
  void gather(int, const std::int64_t* indices, std::int64_t count, void* destination,
              std::int64_t stride) const override {
    auto* out = static_cast<char*>(destination);
    for (std::int64_t i = 0; i < count; ++i, out += stride) {
      reinterpret_cast<std::string*>(out)->assign(lines_->line(slot_of(indices[i])));
    }
  }

 private:
  std::shared_ptr<const TextLines> lines_;
};

// columns_ are the results, allocated when the first row has told their shapes.
class MappedRows final : public TableRows {
 public:
  MappedRows(std::unique_ptr<RowStore> source, std::int64_t count,
             const std::vector<MapFunction>& functions)
      : TableRows({}),
        source_(std::move(source)),
        chain_(functions),
        done_(static_cast<std::size_t>(count)) {}

  void prepare(const std::int64_t* indices, std::int64_t count) override {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t row = slot_of(indices[i]);
      if (!done_[static_cast<std::size_t>(row)]) compute(row);
    }
  }

 private:
  // The row of the source at `row_`.
  class SourceRow final : public Element {
   public:
    SourceRow(const RowStore& rows, std::int64_t row) : rows_(rows), row_(row) {}
    Shape shape(int component) const override { return rows_.row_shape(component, row_); }
    void copy(int component, void* destination) const override {
      rows_.gather(component, &row_, 1, destination, 0);
    }

   private:
    const RowStore& rows_;
    std::int64_t row_;
  };

  void compute(std::int64_t row) {
    const Element& result = chain_.apply(SourceRow(*source_, row));
    if (columns_.empty()) allocate(result);
    for (int c = 0; c < static_cast<int>(columns_.size()); ++c) {
      Column& column = columns_[static_cast<std::size_t>(c)];
      if (column.tensor.dtype() == DType::kString) {
        result.copy(c, column.tensor.data<std::string>() + row * column.row_elements);
      } else {
        const auto bytes =
            column.row_elements * static_cast<std::int64_t>(dtype_size(column.tensor.dtype()));
        result.copy(c, column.tensor.data<char>() + row * bytes);
      }
    }
    done_[static_cast<std::size_t>(row)] = true;
  }

  // The shapes of an operation's result follow from those of its inputs: all rows have one shape.
  void allocate(const Element& result) {
    for (int c = 0; c < static_cast<int>(chain_.types().size()); ++c) {
      Shape shape = result.shape(c);
      shape.insert(shape.begin(), static_cast<std::int64_t>(done_.size()));
      columns_.emplace_back(Tensor(chain_.types()[static_cast<std::size_t>(c)].dtype, shape));
    }
  }

  std::unique_ptr<RowStore> source_;
  MapChain chain_;
  std::vector<bool> done_;
};

}  // namespace

std::int64_t RowStore::row_bytes(int component, std::int64_t index) const {
  const DType of = dtype(component);
  const std::size_t width = of == DType::kString ? sizeof(std::string) : dtype_size(of);
  return element_count(row_shape(component, index)) * static_cast<std::int64_t>(width);
}

std::unique_ptr<RowStore> table_rows(std::vector<Tensor> columns) {
  return std::make_unique<TableRows>(std::move(columns));
}

std::unique_ptr<RowStore> text_rows(std::shared_ptr<const TextLines> lines) {
  return std::make_unique<TextRows>(std::move(lines));
}

std::unique_ptr<RowStore> mapped_rows(std::unique_ptr<RowStore> source, std::int64_t count,
                                      const std::vector<MapFunction>& functions) {
  return std::make_unique<MappedRows>(std::move(source), count, functions);
}

}  // namespace holdfast
