#include "base/json_scan.h"

#include <string>
#include <vector>

#include "holdfast/error.h"

namespace holdfast {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, const JsonLimits& limits, std::string_view stream_key)
      : text_(text),
        limits_(limits),
        stream_key_(stream_key),
        memory_left_(limits.memory_bytes + text.size()) {}

  void run() {
    for (std::size_t at = 0; at < text_.size();) {
      switch (text_[at]) {
        case '"':
          at = skip_string(at);
          continue;
        case '{':
        case '[':
          open(at);
          break;
        case '}':
        case ']':
          close();
          break;
        case ',':
          add_member();
          break;
        default:
          break;
      }
      ++at;
    }
  }

 private:
  struct Container {
    bool is_object;
    bool streams;
    std::size_t members;
    std::size_t memory_before;  // memory_left_ when it was opened
  };

  // Returns where the string that begins here has ended.
  std::size_t skip_string(std::size_t begin) {
    std::size_t at = begin + 1;
    while (at < text_.size() && text_[at] != '"') at += text_[at] == '\\' ? 2 : 1;
    if (open_.size() == 1 && at < text_.size()) last_ = text_.substr(begin + 1, at - begin - 1);
    return at + 1;
  }

  void open(std::size_t at) {
    if (open_.size() >= limits_.depth) json_over_limit("levels of nesting", limits_.depth);
    const bool is_object = text_[at] == '{';
    const bool streams = !stream_key_.empty() && !is_object && open_.size() == 1 &&
                         open_.back().is_object && last_ == stream_key_;
    open_.push_back({is_object, streams, 0, memory_left_});
    const std::size_t next = text_.find_first_not_of(" \t\r\n", at + 1);
    if (next != std::string_view::npos && text_[next] != '}' && text_[next] != ']') add_member();
  }

  void close() {
    if (open_.empty()) return;
    const Container done = open_.back();
    open_.pop_back();
    // Elements that are handed on are not kept.
    if (!open_.empty() && open_.back().streams) memory_left_ = done.memory_before;
  }

  void add_member() {
    if (open_.empty()) return;
    Container& in = open_.back();
    ++in.members;
    if (++values_ > limits_.values) json_over_limit("values", limits_.values);
    if (in.streams) {
      if (in.members > limits_.stream_elements)
        json_over_limit("elements of \"" + std::string(stream_key_) + "\"",
                        limits_.stream_elements);
      return;
    }
    if (in.is_object && in.members > limits_.keys)
      json_over_limit("keys in an object", limits_.keys);
    const std::size_t bytes = kJsonBytesOfValue + (in.is_object ? kJsonBytesOfKey : 0);
    if (bytes > memory_left_)
      json_over_limit("bytes of memory beyond the text for its values", limits_.memory_bytes);
    memory_left_ -= bytes;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::string_view stream_key_;
  std::string_view last_;  // the last string directly inside the root
  std::size_t memory_left_;
  std::size_t values_ = 0;
  std::vector<Container> open_;
};

}  // namespace

void json_over_limit(const std::string& what, std::size_t limit) {
  throw Error(Code::kResourceExhausted,
              "JSON text: expected at most " + std::to_string(limit) + " " + what + "; got more");
}

void scan_json(std::string_view text, const JsonLimits& limits, std::string_view stream_key) {
  Scanner(text, limits, stream_key).run();
}

}  // namespace holdfast
