// The bytes of an event file. Records before damage are read; damage names the file, the offset and
// both checksums; an event that was read is written again and read to the same.
#include <cstring>
#include <random>

#include "checkpoint_bytes.h"
#include "fuzz/guard.h"
#include "fuzz/targets.h"
#include "io/event.h"
#include "io/record_file.h"
#include "memory_io.h"

namespace holdfast::durability {
namespace {

constexpr std::size_t kMaxBytes = 2048;
constexpr char kName[] = "fuzzed";
constexpr std::size_t kHeadBytes = 12;  // of a record: length and its checksum
constexpr std::size_t kTailBytes = 4;

// Damage is DataLoss; damage to a record comes with its facts.
template <typename Attempt>
bool is_read(const Attempt& attempt, bool of_record) {
  try {
    return attempt();
  } catch (const Error& error) {
    if (error.code() != Code::kDataLoss)
      broken_promise(std::string("another code: ") + error.what());
    for (const char* fact : {"path", "offset", "expected", "found"})
      if (of_record && error.details().count(fact) == 0)
        broken_promise(std::string("damage without its ") + fact + ": " + error.what());
    return false;
  }
}

void run(const std::string& input) {
  const Guard guard(input.size());
  const Files files{{kName, input}};
  MemoryIo io(files);
  io::RecordReader reader(io, kName);
  std::string payload;
  std::uint64_t end = 0;
  while (is_read([&] { return reader.next(payload); }, true)) {
    if (reader.offset() != end + kHeadBytes + payload.size() + kTailBytes)
      broken_promise("a record of another length");
    end = reader.offset();
    Event event;
    if (!is_read([&] { return event = io::parse_event(payload), true; }, false)) continue;
    const std::string written = io::encode_event(event);
    Event again;
    if (!is_read([&] { return again = io::parse_event(written), true; }, false))
      broken_promise("an event that was read and written is refused");
    if (io::encode_event(again) != written)
      broken_promise("an event that was read and written is another one");
  }
  if (reader.offset() > input.size()) broken_promise("read beyond the end");
}

// The payloads of a file, checksums unseen; what does not fit becomes the last one.
std::vector<std::string> payloads_of(const std::string& input) {
  std::vector<std::string> payloads;
  std::size_t at = 0;
  while (input.size() - at >= kHeadBytes + kTailBytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, input.data() + at, sizeof length);
    if (length > input.size() - at - kHeadBytes - kTailBytes) break;
    payloads.push_back(input.substr(at + kHeadBytes, length));
    at += kHeadBytes + length + kTailBytes;
  }
  if (at < input.size()) payloads.push_back(input.substr(at));
  return payloads;
}

std::string file_of(const std::vector<std::string>& payloads) {
  std::string bytes;
  for (const std::string& payload : payloads) io::append_record(bytes, payload);
  return bytes;
}

std::string changed(const std::string& bytes, MutateBytes mutate_bytes) {
  std::string result = bytes;
  result.resize(kMaxBytes);
  result.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(result.data()),
                             std::min(bytes.size(), kMaxBytes), kMaxBytes));
  return result;
}

// One payload is changed and framed anew, seven times of eight; else the bytes as they come.
std::string mutate(const std::string& input, std::uint64_t seed, MutateBytes mutate_bytes) {
  std::vector<std::string> payloads = payloads_of(input);
  if (seed % 8 == 0 || payloads.empty()) return changed(input, mutate_bytes);
  std::string& payload = payloads[seed / 8 % payloads.size()];
  payload = changed(payload, mutate_bytes);
  const std::string bytes = file_of(payloads);
  return bytes.size() <= kMaxBytes ? bytes : file_of({payload.substr(0, kMaxBytes / 2)});
}

std::vector<std::string> seeds() {
  Event version, start, values, graph;
  version.wall_time = 1.5e9;
  version.file_version = io::kEventFileVersion;
  start.step = 1;
  start.session_log = {SessionLog::Status::kStart, "model.ckpt"};
  values.step = -1;
  values.values.resize(3);
  values.values[0].tag = "loss";
  values.values[0].scalar = 0.5f;
  values.values[1].tag = "h";
  values.values[1].kind = SummaryValue::Kind::kHistogram;
  values.values[1].histogram = {-1, 2, 3, 4, 5, {0, 2.5}, {1, 2}};
  values.values[2].tag = "t";
  values.values[2].kind = SummaryValue::Kind::kText;
  values.values[2].text = "x";
  graph.graph_def = "graph";
  std::vector<std::string> inputs{""};
  std::vector<std::string> all;
  for (const Event& event : {version, start, values, graph}) {
    all.push_back(io::encode_event(event));
    inputs.push_back(file_of({all.back()}));
  }
  inputs.push_back(file_of(all));
  return inputs;
}

}  // namespace

const FuzzTarget kEventsTarget{"events", kMaxBytes, run, mutate, seeds};

}  // namespace holdfast::durability
