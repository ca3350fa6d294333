// tf.train.Example messages as features. split_example finds the Feature of every wanted key in
// each message, once; example_feature reads one of them as numbers or strings.
// Messages: Example {1: Features {1: map entries {1: key, 2: Feature}}},
//   Feature {1: BytesList | 2: FloatList | 3: Int64List}, each list {1: values}.
// Source: tensorflow/core/example/example.proto, feature.proto; what TF's parser does with odd
// input: tensorflow/core/util/example_proto_fast_parsing.cc.
#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/quoted.h"
#include "base/utf8.h"
#include "base/wire.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

constexpr int kFeatures = 1;
constexpr int kEntry = 1;
constexpr int kKey = 1;
constexpr int kFeature = 2;
constexpr int kValues = 1;
constexpr int kBytesList = 1;
constexpr int kFloatList = 2;
constexpr int kInt64List = 3;

const std::vector<std::string>& keys_of(const AttributeReader& attributes) {
  return attributes.get<std::vector<std::string>>("keys");
}

TensorType infer_split(const InferContext& context) {
  expect_dtype(context, 0, kStrings);
  const std::vector<std::string>& keys = keys_of(context.attributes);
  if (keys.empty()) context.fail("expected at least one key; got none");
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) context.fail("expected each key once; got " + quoted(*twice));
  Shape shape = context.inputs[0].shape;
  shape.push_back(static_cast<std::int64_t>(keys.size()));
  return {DType::kString, shape};
}

class SplitKernel : public OpKernel {
 public:
  explicit SplitKernel(const KernelContext& context)
      : name_(context.node.name),
        examples_(context.inputs[0]),
        out_(context.output),
        keys_(keys_of(context.attributes())) {
    for (std::size_t i = 0; i < keys_.size(); ++i) place_of_.emplace(keys_[i], i);
  }

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < examples_.size; ++i) {
      std::string* row = out_.as<std::string>() + i * static_cast<std::int64_t>(keys_.size());
      for (std::size_t k = 0; k < keys_.size(); ++k) row[k].clear();
      try {
        split(examples_.as<std::string>()[i], row);
      } catch (const Error& error) {
        throw Error(Code::kInvalidArgument,
                    "node \"" + name_ + "\": Could not parse example input, record " +
                        std::to_string(i) + ": " + error.what() +
                        ". Send serialized tf.train.Example messages",
                    {{"record", std::to_string(i)}});
      }
    }
  }

 private:
  void split(const std::string& example, std::string* row) const {
    WireField field;
    for (WireReader fields(example); fields.next(field);) {
      if (field.number != kFeatures || field.type != WireType::kBytes) continue;
      WireField entry;
      for (WireReader entries(field.bytes); entries.next(entry);) {
        if (entry.number == kEntry && entry.type == WireType::kBytes) take(entry.bytes, row);
      }
    }
  }

  // A key that comes twice counts as it comes last.
  void take(std::string_view entry, std::string* row) const {
    std::string_view key;
    std::string_view feature;
    WireField field;
    for (WireReader fields(entry); fields.next(field);) {
      if (field.type != WireType::kBytes) continue;
      if (field.number == kKey) key = field.bytes;
      if (field.number == kFeature) feature = field.bytes;
    }
    const auto found = place_of_.find(key);
    if (found != place_of_.end()) row[found->second].assign(feature);
  }

  std::string name_;
  Buffer examples_;
  Buffer out_;
  std::vector<std::string> keys_;
  std::unordered_map<std::string_view, std::size_t> place_of_;
};

// --- one feature ------------------------------------------------------------------------------

template <typename T>
constexpr int kList = kBytesList;
template <>
constexpr int kList<float> = kFloatList;
template <>
constexpr int kList<std::int64_t> = kInt64List;

bool has_default(const AttributeReader& attributes) { return attributes.has("default"); }

// Whether a row of fewer values ends with those of the default.
bool is_padded(const AttributeReader& attributes) { return attributes.value_or("pad", false); }

template <typename T>
std::vector<T> default_of(const AttributeReader& attributes) {
  if (!has_default(attributes)) return {};
  if constexpr (std::is_same_v<T, float>) {
    const std::vector<double> values = attributes.numbers("default");
    return std::vector<T>(values.begin(), values.end());
  } else {
    return attributes.get<std::vector<T>>("default");
  }
}

TensorType infer_feature(const InferContext& context) {
  expect_dtype(context, 0, kStrings);
  const Shape& features = context.inputs[0].shape;
  if (features.empty() || features.back() < 0) context.fail("expected the result of split_example");
  const auto place = context.attributes.get<std::int64_t>("place");
  if (place < 0 || place >= features.back())
    context.fail("expected a place of 0 to " + std::to_string(features.back() - 1) + "; got " +
                 std::to_string(place));
  const DType dtype = dtype_from_name(context.attributes.get<std::string>("dtype"));
  if (dtype != DType::kFloat32 && dtype != DType::kInt64 && dtype != DType::kString)
    context.fail(std::string("a feature is float32, int64 or string; got ") + dtype_name(dtype) +
                 "; parse it as one of these and cast it");
  const Shape row = context.attributes.get<std::vector<std::int64_t>>("shape");
  if (std::any_of(row.begin(), row.end(), [](std::int64_t size) { return size < 0; }))
    context.fail("expected a feature of known shape; got " + shape_text(row));
  if (has_default(context.attributes)) {
    const std::size_t given =
        dtype == DType::kString  ? default_of<std::string>(context.attributes).size()
        : dtype == DType::kInt64 ? default_of<std::int64_t>(context.attributes).size()
                                 : default_of<float>(context.attributes).size();
    if (static_cast<std::int64_t>(given) != element_count(row))
      context.fail("expected a default for all " + std::to_string(element_count(row)) +
                   " values of shape " + shape_text(row) + "; got " + std::to_string(given));
  }
  if (is_padded(context.attributes) && !has_default(context.attributes))
    context.fail("expected a default to pad with; got none");
  Shape shape(features.begin(), features.end() - 1);
  shape.insert(shape.end(), row.begin(), row.end());
  return {dtype, shape};
}

template <typename T>
class FeatureKernel : public OpKernel {
 public:
  explicit FeatureKernel(const KernelContext& context)
      : name_(context.node.name),
        key_(context.attributes().value_or("key", std::string())),
        features_(context.inputs[0]),
        out_(context.output),
        width_(features_.shape.back()),
        place_(context.attributes().get<std::int64_t>("place")),
        shape_(context.attributes().get<std::vector<std::int64_t>>("shape")),
        size_(element_count(shape_)),
        required_(!has_default(context.attributes())),
        padded_(is_padded(context.attributes())),
        default_(default_of<T>(context.attributes())) {}

  void run(const RunContext&) override {
    const std::string* feature = features_.as<std::string>() + place_;
    const std::int64_t rows = width_ == 0 ? 0 : features_.size / width_;
    for (std::int64_t i = 0; i < rows; ++i, feature += width_) {
      try {
        read(i, *feature, out_.as<T>() + i * size_);
      } catch (const Error& error) {
        if (error.code() != Code::kDataLoss) throw;
        fail(i, std::string("is malformed: ") + error.what());
      }
    }
  }

 private:
  void read(std::int64_t row, std::string_view feature, T* out) const {
    // The last list that is set is the one; its parts are one list.
    int kind = 0;
    std::int64_t count = 0;
    WireField field;
    for (WireReader fields(feature); fields.next(field);) {
      const bool is_list = field.number >= kBytesList && field.number <= kInt64List;
      if (!is_list || field.type != WireType::kBytes) continue;
      if (field.number != kind) count = 0;
      kind = field.number;
      if (kind == kList<T>) read_list(field.bytes, out, count);
    }
    if (kind == 0) {
      if (required_) fail(row, "is required but could not be found");
      std::copy(default_.begin(), default_.end(), out);
      return;
    }
    if (kind != kList<T>)
      fail(row,
           std::string("has other values than ") + dtype_name(out_.dtype) + ": " + kind_text(kind));
    if (padded_ && count < size_)
      std::copy(default_.begin() + count, default_.end(), out + count);
    else if (count != size_)
      fail(row, "has " + std::to_string(count) + " values, expected " +
                    (padded_ ? "at most " : "") + std::to_string(size_) + " for the shape " +
                    shape_text(shape_));
  }

  // Appends to the `count` values that are there; values past the last are counted only.
  void read_list(std::string_view list, T* out, std::int64_t& count) const {
    const auto add = [&](T value) {
      if (count < size_) out[count] = std::move(value);
      ++count;
    };
    WireField field;
    for (WireReader fields(list); fields.next(field);) {
      if (field.number != kValues) continue;
      if constexpr (std::is_same_v<T, std::string>) {
        if (field.type == WireType::kBytes) add(std::string(field.bytes));
      } else if constexpr (std::is_same_v<T, float>) {
        if (field.type == WireType::kFixed32) add(field.float32());
        WireReader packed(field.bytes);
        for (float value = 0; field.type == WireType::kBytes && packed.next_float32(value);)
          add(value);
      } else {
        if (field.type == WireType::kVarint) add(field.integer());
        WireReader packed(field.bytes);
        for (std::int64_t value = 0; field.type == WireType::kBytes && packed.next_integer(value);)
          add(value);
      }
    }
  }

  static const char* kind_text(int kind) {
    return kind == kBytesList ? "bytes" : kind == kFloatList ? "floats" : "integers";
  }

  [[noreturn]] void fail(std::int64_t row, const std::string& problem) const {
    throw Error(Code::kInvalidArgument,
                "node \"" + name_ + "\": Feature " + quoted(key_) + " of record " +
                    std::to_string(row) + " " + problem +
                    (required_ ? ". Give the feature a default, or send it with every example"
                               : ". Send it as the specification of features says"),
                {{"record", std::to_string(row)}, {"feature", printable(key_)}});
  }

  std::string name_;
  std::string key_;
  Buffer features_;
  Buffer out_;
  std::int64_t width_;
  std::int64_t place_;
  Shape shape_;
  std::int64_t size_;
  bool required_;
  bool padded_;
  std::vector<T> default_;
};

std::unique_ptr<OpKernel> make_feature(const KernelContext& context) {
  switch (context.output.dtype) {
    case DType::kFloat32:
      return std::make_unique<FeatureKernel<float>>(context);
    case DType::kInt64:
      return std::make_unique<FeatureKernel<std::int64_t>>(context);
    default:
      return std::make_unique<FeatureKernel<std::string>>(context);
  }
}

}  // namespace

std::vector<OpDef> parse_example_ops() {
  return {
      with_attributes("keys",
                      {"split_example", 1, 1, infer_split, nullptr, make_op_kernel<SplitKernel>}),
      with_attributes("key, place, dtype, shape, default, pad",
                      {"example_feature", 1, 1, infer_feature, nullptr, make_feature}),
  };
}

}  // namespace holdfast
