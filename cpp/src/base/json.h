// JSON as this library reads and writes it: strict, with limits, and written the same way every
// time. Used for manifests, graphs and training state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast {

// A JSON value. Objects keep the order of their members. An integer is a number written as plain
// decimal that fits int64; everything else numeric ("1.0", "1e3", "-0") is a double.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(const Json& other);
  Json& operator=(const Json& other);
  Json(Json&&) noexcept = default;
  Json& operator=(Json&&) noexcept = default;
  ~Json() = default;
  Json(bool value) : value_(value) {}
  Json(std::int64_t value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  static Json array() { return Json(Array{}); }
  static Json object() { return Json(Object{}); }

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const noexcept { return std::holds_alternative<bool>(value_); }
  bool is_int() const noexcept { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const noexcept { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const noexcept { return std::holds_alternative<std::string>(value_); }
  bool is_array() const noexcept { return std::holds_alternative<Array>(value_); }
  bool is_object() const noexcept { return std::holds_alternative<Object>(value_); }
  const char* kind_name() const noexcept;  // "null", "bool", "integer", "number", ...

  // Each throws InvalidArgument, naming both kinds, when the value is of another kind.
  bool as_bool() const;
  std::int64_t as_int() const;
  double as_number() const;  // of an integer, too
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;

  // Members of an object. find: nullptr when there is none. at: throws InvalidArgument, naming it.
  const Json* find(std::string_view key) const;
  const Json& at(std::string_view key) const;
  // Adds a member or replaces its value; a null value becomes an object first.
  Json& set(std::string_view key, Json value);
  // Appends to an array; a null value becomes an array first.
  Json& push_back(Json value);

  friend bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }
  friend bool operator!=(const Json& a, const Json& b) { return !(a == b); }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// Each violation throws ResourceExhausted; a limit is never a clamp.
struct JsonLimits {
  std::size_t text_bytes = std::size_t{64} << 20;
  std::size_t depth = 16;
  std::size_t values = std::size_t{4} << 20;
  std::size_t keys = std::size_t{64} << 10;            // of one object
  std::size_t stream_elements = std::size_t{4} << 20;  // that parse_json_streaming hands on
  std::size_t string_bytes = std::size_t{1} << 20;
  // What the values may take in memory beyond the size of the text.
  std::size_t memory_bytes = std::size_t{64} << 20;
};

// Parses one JSON text: valid UTF-8, no byte-order mark, no duplicate keys, no comments, no
// trailing commas, no leading zeros, finite numbers, nothing after the value but one newline.
// Linear time. Throws: InvalidArgument with the position, ResourceExhausted for a limit.
Json parse_json(std::string_view text, const JsonLimits& limits = {});

// As parse_json, but the elements of the array that is the root's member `key` are handed to
// `take` one by one and not kept, so that a long list costs no memory here.
Json parse_json_streaming(std::string_view text, const JsonLimits& limits, std::string_view key,
                          const std::function<void(Json)>& take);

// The shortest text: no spaces, members in their order, doubles with as few digits as give the
// same double back. Throws: InvalidArgument for NaN, infinities and strings that are not UTF-8.
std::string to_text(const Json& value);

}  // namespace holdfast
