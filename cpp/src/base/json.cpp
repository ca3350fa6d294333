#include "base/json.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/utf8.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

[[noreturn]] void wrong_kind(const char* expected, const Json& value) {
  throw Error(Code::kInvalidArgument,
              std::string("JSON: expected ") + expected + "; got " + value.kind_name());
}

void append_string(std::string& out, std::string_view text) {
  if (!is_utf8(text)) {
    throw Error(Code::kInvalidArgument,
                "JSON: expected a UTF-8 string; got invalid bytes at offset " +
                    std::to_string(invalid_utf8_at(text)) + " of a string of " +
                    std::to_string(text.size()) + " bytes");
  }
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    throw Error(Code::kInvalidArgument, "JSON: expected a finite number; got " +
                                            std::string(std::isnan(value) ? "NaN" : "infinity"));
  }
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  const std::string_view text(buffer, static_cast<std::size_t>(result.ptr - buffer));
  out += text;
  // So that it is read back as a double, not as an integer.
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append(std::string& out, const Json& value) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    out += std::to_string(value.as_int());
  } else if (value.is_number()) {
    append_double(out, value.as_number());
  } else if (value.is_string()) {
    append_string(out, value.as_string());
  } else if (value.is_array()) {
    const char* separator = "[";
    for (const Json& item : value.as_array()) {
      out += separator;
      append(out, item);
      separator = ",";
    }
    out += value.as_array().empty() ? "[]" : "]";
  } else {
    const char* separator = "{";
    for (const auto& [key, item] : value.as_object()) {
      out += separator;
      append_string(out, key);
      out += ':';
      append(out, item);
      separator = ",";
    }
    out += value.as_object().empty() ? "{}" : "}";
  }
}

}  // namespace

// Not the variant's own copying: when memory is short in the middle of it, libstdc++ 12 destroys a
// value that was never made, because it takes these types for never valueless. Here the copy is
// made first, and moving it into place cannot fail.
Json::Json(const Json& other) {
  std::visit(
      [this](const auto& value) {
        auto copy = value;
        value_ = std::move(copy);
      },
      other.value_);
}

Json& Json::operator=(const Json& other) {
  Json copy(other);
  value_ = std::move(copy.value_);
  return *this;
}

const char* Json::kind_name() const noexcept {
  constexpr const char* kNames[] = {"null",   "bool",  "integer", "number",
                                    "string", "array", "object"};
  return kNames[value_.index()];
}

bool Json::as_bool() const {
  if (!is_bool()) wrong_kind("a bool", *this);
  return std::get<bool>(value_);
}

std::int64_t Json::as_int() const {
  if (!is_int()) wrong_kind("an integer", *this);
  return std::get<std::int64_t>(value_);
}

double Json::as_number() const {
  if (is_int()) return static_cast<double>(std::get<std::int64_t>(value_));
  if (!is_number()) wrong_kind("a number", *this);
  return std::get<double>(value_);
}

const std::string& Json::as_string() const {
  if (!is_string()) wrong_kind("a string", *this);
  return std::get<std::string>(value_);
}

const Json::Array& Json::as_array() const {
  if (!is_array()) wrong_kind("an array", *this);
  return std::get<Array>(value_);
}

const Json::Object& Json::as_object() const {
  if (!is_object()) wrong_kind("an object", *this);
  return std::get<Object>(value_);
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : as_object())
    if (name == key) return &value;
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* value = find(key)) return *value;
  throw Error(Code::kInvalidArgument,
              "JSON object: expected a member \"" + std::string(key) + "\"; got none of that name");
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  if (!is_object()) wrong_kind("an object", *this);
  for (auto& [name, old] : std::get<Object>(value_)) {
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  }
  std::get<Object>(value_).emplace_back(key, std::move(value));
  return *this;
}

Json& Json::push_back(Json value) {
  if (is_null()) value_ = Array{};
  if (!is_array()) wrong_kind("an array", *this);
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

std::string to_text(const Json& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace holdfast
