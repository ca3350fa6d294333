// Field numbers: tensorflow/core/util/event.proto, framework/summary.proto, framework/tensor.proto.
#include "io/event.h"

#include <cstring>

#include "base/wire.h"
#include "holdfast/error.h"

namespace holdfast::io {
namespace {

// Event
constexpr int kWallTime = 1;
constexpr int kStep = 2;
constexpr int kFileVersion = 3;
constexpr int kGraphDef = 4;
constexpr int kSummary = 5;
constexpr int kSessionLog = 7;
// SessionLog
constexpr int kStatus = 1;
constexpr int kCheckpointPath = 2;
// Summary and Summary.Value
constexpr int kValue = 1;
constexpr int kTag = 1;
constexpr int kSimpleValue = 2;
constexpr int kHisto = 5;
constexpr int kTensor = 8;
constexpr int kMetadata = 9;
// HistogramProto
constexpr int kMin = 1;
constexpr int kMax = 2;
constexpr int kNum = 3;
constexpr int kSum = 4;
constexpr int kSumSquares = 5;
constexpr int kBucketLimit = 6;
constexpr int kBucket = 7;
// TensorProto and SummaryMetadata
constexpr int kDType = 1;
constexpr int kTensorShape = 2;
constexpr int kTensorContent = 4;
constexpr int kFloatVal = 5;
constexpr int kStringVal = 8;
constexpr int kDTypeFloat = 1;
constexpr int kDTypeString = 7;
constexpr int kPluginData = 1;
constexpr int kPluginName = 1;
constexpr int kDataClass = 4;
constexpr int kDataClassTensor = 2;

void add_histogram(WireWriter& writer, const HistogramValue& value) {
  writer.float64(kMin, value.min).float64(kMax, value.max).float64(kNum, value.num);
  writer.float64(kSum, value.sum).float64(kSumSquares, value.sum_squares);
  writer.doubles(kBucketLimit, value.limits.data(), value.limits.size());
  writer.doubles(kBucket, value.counts.data(), value.counts.size());
}

// The form of TF 2, which TensorBoard displays: a string tensor marked for the text plugin.
void add_text(WireWriter& value, const std::string& text) {
  value.nested(kTensor, [&](WireWriter& tensor) {
    tensor.integer(kDType, kDTypeString).bytes(kTensorShape, {}).bytes(kStringVal, text);
  });
  value.nested(kMetadata, [](WireWriter& metadata) {
    metadata.nested(kPluginData, [](WireWriter& plugin) { plugin.bytes(kPluginName, "text"); });
    metadata.integer(kDataClass, kDataClassTensor);
  });
}

void add_value(WireWriter& writer, const SummaryValue& value) {
  writer.bytes(kTag, value.tag);
  switch (value.kind) {
    case SummaryValue::Kind::kScalar:
      writer.float32(kSimpleValue, value.scalar);
      break;
    case SummaryValue::Kind::kHistogram:
      writer.nested(kHisto, [&](WireWriter& histo) { add_histogram(histo, value.histogram); });
      break;
    case SummaryValue::Kind::kText:
      add_text(writer, value.text);
      break;
    case SummaryValue::Kind::kOther:
      break;
  }
}

[[noreturn]] void wrong_type(const char* what) {
  throw Error(Code::kDataLoss, "event: expected " + std::string(what) + ", got another wire type");
}

std::string_view bytes_of(const WireField& field, const char* what) {
  if (field.type != WireType::kBytes) wrong_type(what);
  return field.bytes;
}

double double_of(const WireField& field, const char* what) {
  if (field.type != WireType::kFixed64) wrong_type(what);
  return field.float64();
}

std::int64_t integer_of(const WireField& field, const char* what) {
  if (field.type != WireType::kVarint) wrong_type(what);
  return field.integer();
}

// A repeated double: packed, or one by one.
void append_doubles(const WireField& field, std::vector<double>& values) {
  if (field.type == WireType::kFixed64) {
    values.push_back(field.float64());
    return;
  }
  const std::string_view bytes = bytes_of(field, "packed doubles");
  if (bytes.size() % sizeof(double) != 0) wrong_type("doubles of eight bytes");
  const std::size_t before = values.size();
  values.resize(before + bytes.size() / sizeof(double));
  if (!bytes.empty()) std::memcpy(values.data() + before, bytes.data(), bytes.size());
}

HistogramValue parse_histogram(std::string_view bytes) {
  HistogramValue value;
  WireReader reader(bytes);
  for (WireField field; reader.next(field);) {
    if (field.number == kMin) value.min = double_of(field, "a histogram's min");
    if (field.number == kMax) value.max = double_of(field, "a histogram's max");
    if (field.number == kNum) value.num = double_of(field, "a histogram's num");
    if (field.number == kSum) value.sum = double_of(field, "a histogram's sum");
    if (field.number == kSumSquares)
      value.sum_squares = double_of(field, "a histogram's sum_squares");
    if (field.number == kBucketLimit) append_doubles(field, value.limits);
    if (field.number == kBucket) append_doubles(field, value.counts);
  }
  if (value.limits.size() != value.counts.size())
    throw Error(Code::kDataLoss, "event: expected a count for each of a histogram's " +
                                     std::to_string(value.limits.size()) + " limits, got " +
                                     std::to_string(value.counts.size()));
  return value;
}

// A string tensor is text; a float tensor of one number is a scalar, as TF 2 writes them.
void parse_tensor(std::string_view bytes, SummaryValue& value) {
  std::int64_t dtype = 0;
  WireReader reader(bytes);
  for (WireField field; reader.next(field);) {
    if (field.number == kDType) dtype = integer_of(field, "a tensor's dtype");
    if (field.number == kStringVal && dtype == kDTypeString) {
      if (value.kind != SummaryValue::Kind::kText)
        value.text = bytes_of(field, "a tensor's string");
      value.kind = SummaryValue::Kind::kText;
    }
    if (dtype != kDTypeFloat) continue;
    if (field.number == kFloatVal && field.type == WireType::kFixed32) {
      value.kind = SummaryValue::Kind::kScalar;
      value.scalar = field.float32();
    } else if ((field.number == kTensorContent || field.number == kFloatVal) &&
               field.type == WireType::kBytes && field.bytes.size() == sizeof(float)) {
      value.kind = SummaryValue::Kind::kScalar;
      std::memcpy(&value.scalar, field.bytes.data(), sizeof(float));
    }
  }
}

SummaryValue parse_value(std::string_view bytes) {
  SummaryValue value;
  value.kind = SummaryValue::Kind::kOther;
  WireReader reader(bytes);
  for (WireField field; reader.next(field);) {
    if (field.number == kTag) value.tag = bytes_of(field, "a tag");
    if (field.number == kSimpleValue) {
      if (field.type != WireType::kFixed32) wrong_type("a float");
      value.kind = SummaryValue::Kind::kScalar;
      value.scalar = field.float32();
    }
    if (field.number == kHisto) {
      value.kind = SummaryValue::Kind::kHistogram;
      value.histogram = parse_histogram(bytes_of(field, "a histogram"));
    }
    if (field.number == kTensor) parse_tensor(bytes_of(field, "a tensor"), value);
  }
  return value;
}

SessionLog parse_session_log(std::string_view bytes) {
  SessionLog log;
  WireReader reader(bytes);
  for (WireField field; reader.next(field);) {
    if (field.number == kStatus) {
      const std::int64_t status = integer_of(field, "a session's status");
      if (status >= 1 && status <= 3) log.status = static_cast<SessionLog::Status>(status);
    }
    if (field.number == kCheckpointPath) log.checkpoint_path = bytes_of(field, "a path");
  }
  return log;
}

void parse_summary(std::string_view bytes, std::vector<SummaryValue>& values) {
  WireReader reader(bytes);
  for (WireField field; reader.next(field);)
    if (field.number == kValue) values.push_back(parse_value(bytes_of(field, "a value")));
}

}  // namespace

void append_event(std::string& to, const Event& event, double wall_time) {
  WireWriter writer(std::move(to));
  writer.float64(kWallTime, wall_time);
  if (event.step != 0) writer.integer(kStep, event.step);
  if (!event.file_version.empty()) writer.bytes(kFileVersion, event.file_version);
  if (!event.graph_def.empty()) writer.bytes(kGraphDef, event.graph_def);
  if (!event.values.empty()) {
    writer.nested(kSummary, [&](WireWriter& summary) {
      for (const SummaryValue& value : event.values)
        summary.nested(kValue, [&](WireWriter& message) { add_value(message, value); });
    });
  }
  const SessionLog& log = event.session_log;
  if (log.status != SessionLog::Status::kUnspecified) {
    writer.nested(kSessionLog, [&](WireWriter& message) {
      message.integer(kStatus, static_cast<std::int64_t>(log.status));
      if (!log.checkpoint_path.empty()) message.bytes(kCheckpointPath, log.checkpoint_path);
    });
  }
  to = std::move(writer).take();
}

std::string encode_event(const Event& event) {
  std::string text;
  append_event(text, event, event.wall_time);
  return text;
}

Event parse_event(std::string_view bytes) {
  Event event;
  WireReader reader(bytes);
  for (WireField field; reader.next(field);) {
    if (field.number == kWallTime) event.wall_time = double_of(field, "a wall time");
    if (field.number == kStep) event.step = integer_of(field, "a step");
    if (field.number == kFileVersion) event.file_version = bytes_of(field, "a file version");
    if (field.number == kGraphDef) event.graph_def = bytes_of(field, "a graph");
    if (field.number == kSummary) parse_summary(bytes_of(field, "a summary"), event.values);
    if (field.number == kSessionLog)
      event.session_log = parse_session_log(bytes_of(field, "a session log"));
  }
  return event;
}

}  // namespace holdfast::io
