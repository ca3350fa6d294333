// The strict parser: nlohmann's lexer and grammar, and a handler that adds what they let pass
// (duplicate keys, sizes, a byte-order mark, NUL as end of text, white space at the end).
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/utf8.h"
#include "holdfast/error.h"

namespace holdfast {
namespace {

[[noreturn]] void invalid(const std::string& what) {
  throw Error(Code::kInvalidArgument, "JSON text: " + printable(what));
}

[[noreturn]] void over_limit(const std::string& what, std::size_t limit) {
  json_over_limit(what, limit);
}

class Handler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Handler(const JsonLimits& limits, std::size_t text_bytes, std::string_view stream_key,
          const std::function<void(Json)>* take)
      : limits_(limits),
        memory_left_(limits.memory_bytes + text_bytes),
        stream_key_(stream_key),
        take_(take) {}

  Json take_root() { return std::move(root_); }

  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(value); }
  // Called for numbers with a sign only, so that 0 stands for "-0": no plain integer.
  bool number_integer(number_integer_t value) override {
    return value == 0 ? add(-0.0) : add(std::int64_t{value});
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) return add(static_cast<double>(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override {
    check_string(value);
    charge(value.size());
    return add(std::move(value));
  }
  bool binary(binary_t&) override { invalid("expected text; got binary"); }

  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    check_string(name);
    charge(2 * name.size() + kJsonBytesOfKey);
    Frame& frame = frames_.back();
    if (frame.keys.size() >= limits_.keys) over_limit("keys in an object", limits_.keys);
    if (!frame.keys.insert(name).second)
      invalid("expected every key of an object once; got \"" + name.substr(0, 80) + "\" again");
    frame.key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ...": keep
    // what a reader can use.
    const std::string text = error.what();
    const std::size_t from = text.rfind(": ");
    invalid("expected strict JSON; got an error at byte " + std::to_string(position) + ": " +
            (from == std::string::npos ? text : text.substr(from + 2)).substr(0, 200));
  }

 private:
  // A container that is still open.
  struct Frame {
    bool is_object = false;
    bool streams = false;           // its elements go to take_
    std::size_t memory_before = 0;  // memory_left_ when it was opened
    std::string key;                // of the member that comes next
    std::unordered_set<std::string> keys;
    Json::Object members;
    Json::Array items;
  };

  void check_string(const std::string& text) const {
    if (text.size() > limits_.string_bytes) over_limit("bytes in a string", limits_.string_bytes);
  }

  void charge(std::size_t bytes) {
    if (bytes > memory_left_)
      over_limit("bytes of memory beyond the text for its values", limits_.memory_bytes);
    memory_left_ -= bytes;
  }

  void count_value() {
    if (++values_ > limits_.values) over_limit("values", limits_.values);
    charge(kJsonBytesOfValue);
  }

  bool open(bool is_object) {
    const std::size_t before = memory_left_;
    count_value();
    if (frames_.size() >= limits_.depth) over_limit("levels of nesting", limits_.depth);
    Frame frame;
    frame.is_object = is_object;
    frame.streams = take_ != nullptr && !is_object && frames_.size() == 1 &&
                    frames_.back().is_object && frames_.back().key == stream_key_;
    frame.memory_before = before;
    frames_.push_back(std::move(frame));
    return true;
  }

  bool close() {
    Frame done = std::move(frames_.back());
    frames_.pop_back();
    if (!frames_.empty() && frames_.back().streams) memory_left_ = done.memory_before;
    return place(done.is_object ? Json(std::move(done.members)) : Json(std::move(done.items)));
  }

  bool add(Json value) {
    count_value();
    return place(std::move(value));
  }

  bool place(Json value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Frame& frame = frames_.back();
    if (frame.streams) {
      (*take_)(std::move(value));
    } else if (frame.is_object) {
      frame.members.emplace_back(std::move(frame.key), std::move(value));
    } else {
      frame.items.push_back(std::move(value));
    }
    return true;
  }

  const JsonLimits& limits_;
  std::size_t memory_left_;
  std::string_view stream_key_;
  const std::function<void(Json)>* take_;
  std::size_t values_ = 0;
  std::vector<Frame> frames_;
  Json root_;
};

Json parse(std::string_view text, const JsonLimits& limits, std::string_view key,
           const std::function<void(Json)>* take) {
  if (text.size() > limits.text_bytes) over_limit("bytes", limits.text_bytes);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") invalid("expected no byte-order mark; got one");
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos)
    invalid("expected no NUL byte; got one at byte " + std::to_string(nul));
  std::string_view body = text;
  if (!body.empty() && body.back() == '\n') body.remove_suffix(1);
  if (!body.empty() && std::string_view(" \t\r\n").find(body.back()) != std::string_view::npos)
    invalid("expected nothing after the value but one newline; got more white space");
  scan_json(body, limits, key);
  Handler handler(limits, text.size(), key, take);
  nlohmann::json::sax_parse(body.begin(), body.end(), &handler);
  return handler.take_root();
}

}  // namespace

Json parse_json(std::string_view text, const JsonLimits& limits) {
  return parse(text, limits, {}, nullptr);
}

Json parse_json_streaming(std::string_view text, const JsonLimits& limits, std::string_view key,
                          const std::function<void(Json)>& take) {
  return parse(text, limits, key, &take);
}

}  // namespace holdfast
