// CSV records as columns. split_csv cuts every record into the text of its fields, once; csv_column
// reads one of them as the dtype of its column.
#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "base/csv.h"
#include "base/parse_number.h"
#include "base/quoted.h"
#include "ops/dtype_dispatch.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

CsvFormat format_of(const AttributeReader& attributes) {
  return {attributes.value_or("delimiter", std::string(","))[0],
          attributes.value_or("quotes", true)};
}

// The numbers of the wanted columns; empty: all, of which there are `fields`.
std::vector<std::int64_t> selected(const AttributeReader& attributes) {
  return attributes.value_or("select", std::vector<std::int64_t>{});
}

TensorType infer_split(const InferContext& context) {
  expect_dtype(context, 0, kStrings);
  const auto fields = context.attributes.get<std::int64_t>("fields");
  if (fields < 1) context.fail("expected at least one field; got " + std::to_string(fields));
  const auto delimiter = context.attributes.value_or("delimiter", std::string(","));
  if (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n" || delimiter == "\r") {
    context.fail("field_delim: expected one character that is no quote and no line break; got " +
                 quoted(delimiter));
  }
  const auto select = selected(context.attributes);
  if (!select.empty() && static_cast<std::int64_t>(select.size()) != fields) {
    context.fail("select_cols: expected a column for each of the " + std::to_string(fields) +
                 " defaults; got " + std::to_string(select.size()));
  }
  for (std::size_t i = 0; i < select.size(); ++i) {
    if (select[i] < 0 || (i > 0 && select[i] <= select[i - 1])) {
      context.fail("select_cols: expected numbers of at least 0, each above the one before; got " +
                   std::to_string(select[i]) + " at place " + std::to_string(i));
    }
  }
  Shape shape = context.inputs[0].shape;
  shape.push_back(fields);
  return {DType::kString, shape};
}

class SplitKernel : public OpKernel {
 public:
  explicit SplitKernel(const KernelContext& context)
      : name_(context.node.name),
        records_(context.inputs[0]),
        out_(context.output),
        format_(format_of(context.attributes())),
        wanted_(context.attributes().get<std::int64_t>("fields")),
        select_(selected(context.attributes())),
        // One more than there should be shows that there are too many.
        most_(static_cast<std::size_t>(select_.empty() ? wanted_ + 1 : select_.back() + 1)) {
    fields_.reserve(std::min<std::size_t>(most_, 1 << 16));
  }

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < records_.size; ++i) split(i);
  }

 private:
  void split(std::int64_t i) {
    const std::string& record = records_.as<std::string>()[i];
    if (const char* problem = split_csv(record, format_, most_, fields_)) fail(i, problem);
    const auto found = static_cast<std::int64_t>(fields_.size());
    if (select_.empty() ? found != wanted_ : found <= select_.back()) fail_count(i, record);
    std::string* out = out_.as<std::string>() + i * wanted_;
    for (std::int64_t f = 0; f < wanted_; ++f) {
      const std::int64_t place = select_.empty() ? f : select_[static_cast<std::size_t>(f)];
      assign_csv_field(fields_[static_cast<std::size_t>(place)], out[f]);
    }
  }

  [[noreturn]] void fail_count(std::int64_t i, const std::string& record) {
    const std::int64_t expected = select_.empty() ? wanted_ : select_.back() + 1;
    split_csv(record, format_, record.size() + 1, fields_);  // all of them, to tell how many
    fail(i, "Expect " + std::string(select_.empty() ? "" : "at least ") + std::to_string(expected) +
                " fields but have " + std::to_string(fields_.size()));
  }

  [[noreturn]] void fail(std::int64_t i, const std::string& problem) const {
    const std::string line = quoted(records_.as<std::string>()[i]);
    throw Error(Code::kInvalidArgument,
                "node \"" + name_ + "\": " + problem + " in record " + std::to_string(i) +
                    ", the line " + line + ". Correct the line, or say with field_delim, " +
                    "use_quote_delim and record_defaults how it is to be read",
                {{"record", std::to_string(i)}, {"found", line}});
  }

  std::string name_;
  Buffer records_;
  Buffer out_;
  CsvFormat format_;
  std::int64_t wanted_;
  std::vector<std::int64_t> select_;
  std::size_t most_;
  std::vector<CsvField> fields_;
};

// --- one column
// -----------------------------------------------------------------------------------

TensorType infer_column(const InferContext& context) {
  expect_dtype(context, 0, kStrings);
  expect_dtype(context, 1, kStrings);
  const Shape& fields = context.inputs[0].shape;
  if (fields.empty() || fields.back() < 0) context.fail("expected the result of a split_csv");
  const auto column = context.attributes.get<std::int64_t>("column");
  if (column < 0 || column >= fields.back()) {
    context.fail("expected a column of 0 to " + std::to_string(fields.back() - 1) + "; got " +
                 std::to_string(column));
  }
  expect_shape(context, 1, "records", Shape(fields.begin(), fields.end() - 1));
  const DType dtype = dtype_from_name(context.attributes.get<std::string>("dtype"));
  if (!is_number(dtype) && dtype != DType::kString) {
    context.fail(std::string("a column is float32, float64, int32, int64 or string; got ") +
                 dtype_name(dtype));
  }
  if (context.attributes.has("default")) {
    if (dtype == DType::kString) {
      context.attributes.get<std::string>("default");
    } else {
      context.attributes.number("default");
    }
  }
  return {dtype, context.inputs[1].shape};
}

template <typename T>
T default_of(const AttributeReader& attributes) {
  if constexpr (std::is_same_v<T, std::string>) {
    return attributes.value_or("default", std::string());
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(attributes.value_or("default", std::int64_t{0}));
  } else {
    return static_cast<T>(attributes.number_or("default", 0));
  }
}

template <typename T>
class ColumnKernel : public OpKernel {
 public:
  explicit ColumnKernel(const KernelContext& context)
      : name_(context.node.name),
        fields_(context.inputs[0]),
        records_(context.inputs[1]),
        out_(context.output),
        width_(fields_.shape.back()),
        column_(context.attributes().get<std::int64_t>("column")),
        what_(context.attributes().value_or("what", "Field " + std::to_string(column_))),
        na_value_(context.attributes().value_or("na_value", std::string())),
        required_(!context.attributes().has("default")),
        default_(default_of<T>(context.attributes())) {}

  void run(const RunContext&) override {
    const std::string* field = fields_.as<std::string>() + column_;
    T* out = out_.as<T>();
    for (std::int64_t i = 0; i < out_.size; ++i, field += width_) {
      if (field->empty() || *field == na_value_) {
        if (required_) fail(i, "is required but missing", "");
        out[i] = default_;
      } else if constexpr (std::is_same_v<T, std::string>) {
        out[i] = *field;
      } else if (!parse_number(number_part(*field), out[i])) {
        fail(i, std::string("is not a valid ") + dtype_name(out_.dtype), ": " + quoted(*field));
      }
    }
  }

 private:
  [[noreturn]] void fail(std::int64_t i, const std::string& problem,
                         const std::string& field) const {
    const std::string line = quoted(records_.as<std::string>()[i]);
    throw Error(
        Code::kInvalidArgument,
        "node \"" + name_ + "\": " + what_ + " in record " + std::to_string(i) + " " + problem +
            field + ", in the line " + line +
            (required_ && field.empty()
                 ? ". Give the column a default, or fill the field"
                 : ". Correct the line, or give the column a default of another dtype"),
        {{"record", std::to_string(i)}, {"column", std::to_string(column_)}, {"found", line}});
  }

  std::string name_;
  Buffer fields_;
  Buffer records_;
  Buffer out_;
  std::int64_t width_;
  std::int64_t column_;
  std::string what_;
  std::string na_value_;
  bool required_;
  T default_;
};

std::unique_ptr<OpKernel> make_column(const KernelContext& context) {
  if (context.output.dtype == DType::kString) {
    return std::make_unique<ColumnKernel<std::string>>(context);
  }
  return dispatch_number(context, context.output.dtype, [&](auto tag) -> std::unique_ptr<OpKernel> {
    return std::make_unique<ColumnKernel<typename decltype(tag)::type>>(context);
  });
}

}  // namespace

std::vector<OpDef> decode_csv_ops() {
  return {
      with_attributes("fields, delimiter, quotes, select",
                      {"split_csv", 1, 1, infer_split, nullptr, make_op_kernel<SplitKernel>}),
      with_attributes("column, dtype, default, what, na_value",
                      {"csv_column", 2, 2, infer_column, nullptr, make_column}),
  };
}

}  // namespace holdfast
