#include "runtime/training_state.h"

#include <cstdio>
#include <cstdlib>

#include "base/json.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

constexpr const char* kAlgorithm = "philox4x32-10";

// Integers wider than 53 bits are hex text in JSON.
std::string hex(std::uint64_t value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

std::string training_state_json(std::uint64_t seed, std::int64_t step, const Input* input,
                                const std::string& more) {
  Json state = parse_json(more);
  if (!state.is_object()) {
    throw Error(Code::kInvalidArgument,
                std::string("state_json: expected a JSON object; got ") + state.kind_name());
  }
  Json stream = Json::object();
  stream.set("stream", "run");
  stream.set("algorithm", kAlgorithm);
  stream.set("key", hex(seed, 16));
  stream.set("counter", hex(static_cast<std::uint64_t>(step), 32));
  Json rng = Json::array();
  rng.push_back(std::move(stream));
  state.set("rng", std::move(rng));
  if (input != nullptr) {
    Json position = Json::object();
    position.set("kind", "holdfast.dataset");
    if (input->epoch() >= 0) position.set("epoch", input->epoch());
    position.set("consumed", input->consumed());
    if (input->order() != 0) position.set("order_key", hex(input->order(), 8));
    position.set("source_fingerprint", input->fingerprint());
    state.set("input", std::move(position));
  }
  return to_text(state);
}

std::uint64_t stored_seed(const std::string& state_json, std::uint64_t fallback) {
  const Json state = parse_json(state_json);
  const Json* rng = state.find("rng");
  if (rng == nullptr) return fallback;
  for (const Json& stream : rng->as_array()) {
    if (stream.at("stream").as_string() != "run") continue;
    if (stream.at("algorithm").as_string() != kAlgorithm) {
      throw Error(Code::kUnimplemented,
                  "checkpoint state: expected the random generator " + std::string(kAlgorithm) +
                      "; got " + stream.at("algorithm").as_string() +
                      "; upgrade holdfast to read this checkpoint",
                  {}, "CheckpointVersionError");
    }
    return std::strtoull(stream.at("key").as_string().c_str(), nullptr, 16);
  }
  return fallback;
}

std::optional<InputPosition> stored_position(const std::string& state_json) {
  const Json state = parse_json(state_json);
  const Json* input = state.find("input");
  if (input == nullptr) return std::nullopt;
  InputPosition position;
  if (const Json* consumed = input->find("consumed")) position.consumed = consumed->as_int();
  if (const Json* order = input->find("order_key")) {
    position.order =
        static_cast<std::uint32_t>(std::strtoul(order->as_string().c_str(), nullptr, 16));
  }
  if (const Json* source = input->find("source_fingerprint")) {
    position.fingerprint = source->as_string();
  }
  return position;
}

}  // namespace holdfast
