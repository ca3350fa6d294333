// Between texts and ids: the vocabularies of labels and categories.
#include <string>
#include <unordered_map>

#include "ops/families.h"
#include "ops/operands.h"

namespace holdfast {
namespace {

TensorType infer_lookup(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  if (x.dtype == DType::kString) {
    context.attributes.get<std::vector<std::string>>("vocabulary");
  } else if (x.dtype == DType::kInt64) {
    context.attributes.get<std::vector<std::int64_t>>("vocabulary");
  } else {
    context.fail(std::string("expected string or int64; got ") + dtype_name(x.dtype) +
                 "; cast it first");
  }
  return {DType::kInt64, x.shape};
}

TensorType infer_gather(const InferContext& context) {
  if (context.inputs[0].dtype != DType::kInt64) {
    context.fail(std::string("expected int64 ids; got ") + dtype_name(context.inputs[0].dtype) +
                 "; cast them first");
  }
  context.attributes.get<std::vector<std::string>>("vocabulary");
  return {DType::kString, context.inputs[0].shape};
}

TensorType infer_as_string(const InferContext& context) {
  expect_dtype(context, 0, kIds);
  return {DType::kString, context.inputs[0].shape};
}

// The position of each value in the vocabulary; of equal entries the first counts.
template <typename Value>
class LookupKernel : public OpKernel {
 public:
  explicit LookupKernel(const KernelContext& context)
      : x_(context.inputs[0]),
        ids_(context.output),
        default_(context.attributes().value_or("default", std::int64_t{-1})) {
    const auto vocabulary = context.attributes().template get<std::vector<Value>>("vocabulary");
    for (std::size_t i = 0; i < vocabulary.size(); ++i) {
      positions_.emplace(vocabulary[i], static_cast<std::int64_t>(i));
    }
  }

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < x_.size; ++i) {
      const auto found = positions_.find(x_.as<Value>()[i]);
      ids_.as<std::int64_t>()[i] = found == positions_.end() ? default_ : found->second;
    }
  }

 private:
  Buffer x_;
  Buffer ids_;
  std::int64_t default_;
  std::unordered_map<Value, std::int64_t> positions_;
};

std::unique_ptr<OpKernel> make_lookup(const KernelContext& context) {
  if (context.inputs[0].dtype == DType::kString) {
    return std::make_unique<LookupKernel<std::string>>(context);
  }
  return std::make_unique<LookupKernel<std::int64_t>>(context);
}

class VocabularyGatherKernel : public OpKernel {
 public:
  explicit VocabularyGatherKernel(const KernelContext& context)
      : ids_(context.inputs[0]),
        texts_(context.output),
        vocabulary_(context.attributes().get<std::vector<std::string>>("vocabulary")) {}

  void run(const RunContext&) override {
    const auto size = static_cast<std::int64_t>(vocabulary_.size());
    for (std::int64_t i = 0; i < ids_.size; ++i) {
      const std::int64_t id = ids_.as<std::int64_t>()[i];
      std::string& text = texts_.as<std::string>()[i];
      if (id >= 0 && id < size) {
        text = vocabulary_[static_cast<std::size_t>(id)];
      } else {
        text.clear();
      }
    }
  }

 private:
  Buffer ids_;
  Buffer texts_;
  std::vector<std::string> vocabulary_;
};

class AsStringKernel : public OpKernel {
 public:
  explicit AsStringKernel(const KernelContext& context)
      : x_(context.inputs[0]), texts_(context.output) {}

  void run(const RunContext&) override {
    for (std::int64_t i = 0; i < x_.size; ++i) {
      texts_.as<std::string>()[i] = x_.dtype == DType::kInt32
                                        ? std::to_string(x_.as<std::int32_t>()[i])
                                        : std::to_string(x_.as<std::int64_t>()[i]);
    }
  }

 private:
  Buffer x_;
  Buffer texts_;
};

TensorType infer_bounded_ids(const InferContext& context) {
  expect_dtype(context, 0, kIds);
  const std::int64_t size = context.attributes.get<std::int64_t>("size");
  const std::int64_t fallback = context.attributes.get<std::int64_t>("default");
  if (fallback < 0 || fallback >= size) {
    context.fail("default: expected an id in 0.." + std::to_string(size - 1) + "; got " +
                 std::to_string(fallback));
  }
  return {DType::kInt64, context.inputs[0].shape};
}

// -1 stays what it is: a missing id.
class BoundedIdsKernel : public OpKernel {
 public:
  explicit BoundedIdsKernel(const KernelContext& context)
      : x_(context.inputs[0]),
        ids_(context.output.as<std::int64_t>()),
        size_(context.attributes().get<std::int64_t>("size")),
        default_(context.attributes().get<std::int64_t>("default")) {}

  void run(const RunContext&) override {
    if (x_.dtype == DType::kInt32) return bound(x_.as<std::int32_t>());
    bound(x_.as<std::int64_t>());
  }

 private:
  template <typename Id>
  void bound(const Id* x) {
    for (std::int64_t i = 0; i < x_.size; ++i) {
      const std::int64_t id = x[i];
      ids_[i] = id >= -1 && id < size_ ? id : default_;
    }
  }

  Buffer x_;
  std::int64_t* ids_;
  std::int64_t size_;
  std::int64_t default_;
};

}  // namespace

std::vector<OpDef> lookup_ops() {
  return {
      with_attributes("vocabulary, default",
                      {"vocabulary_lookup", 1, 1, infer_lookup, nullptr, make_lookup}),
      with_attributes("vocabulary", {"vocabulary_gather", 1, 1, infer_gather, nullptr,
                                     make_op_kernel<VocabularyGatherKernel>}),
      with_attributes("size, default", {"bounded_ids", 1, 1, infer_bounded_ids, nullptr,
                                        make_op_kernel<BoundedIdsKernel>}),
      {"as_string", 1, 1, infer_as_string, nullptr, make_op_kernel<AsStringKernel>},
  };
}

}  // namespace holdfast
