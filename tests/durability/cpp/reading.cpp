#include "reading.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "holdfast/error.h"
#include "io/opened.h"

namespace holdfast::durability {
namespace {

// True when `attempt` threw a typed error of a damaged checkpoint; others are written down.
template <typename Attempt>
bool found_by(const Attempt& attempt, std::string& other) {
  try {
    attempt();
    return false;
  } catch (const Error& error) {
    if (error.kind().empty()) other = std::string("an error without a kind: ") + error.what();
  } catch (const std::exception& error) {
    other = std::string("a std::exception: ") + error.what();
  }
  return true;
}

}  // namespace

bool same_tensor(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.dtype() == DType::kString)
    return std::equal(a.data<std::string>(), a.data<std::string>() + a.size(),
                      b.data<std::string>());
  return a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

std::string Reading::violation() const {
  if (!other.empty()) return other;
  if (wrong_value) return "wrong values were delivered";
  if (!verify_found) return "verify found nothing";
  if (!restore_found) return "a full restore found nothing";
  return {};
}

Reading read_damaged(io::Io& io, const std::string& path, const std::vector<Tensor>& saved,
                     std::int64_t partial) {
  Reading reading;
  reading.verify_found = found_by([&] { io::OpenedCheckpoint(io, path).verify(1); }, reading.other);
  reading.restore_found = found_by(
      [&] {
        const std::vector<Tensor> values = io::OpenedCheckpoint(io, path).read_all(1);
        if (!std::equal(values.begin(), values.end(), saved.begin(), saved.end(), same_tensor))
          reading.wrong_value = true;
      },
      reading.other);
  if (partial == -1) return reading;
  found_by(
      [&] {
        const io::OpenedCheckpoint opened(io, path);
        const auto& tensors = opened.manifest().tensors;
        for (std::size_t i = 0; i < tensors.size() && i < saved.size(); ++i) {
          if (partial >= 0 && i != static_cast<std::size_t>(partial)) continue;
          found_by(
              [&] {
                if (!same_tensor(opened.read(tensors[i]), saved[i])) reading.wrong_value = true;
              },
              reading.other);
        }
      },
      reading.other);
  return reading;
}

std::vector<Tensor> tensors_of(const Files& files) {
  MemoryIo io(files);
  return io::OpenedCheckpoint(io, "whole").read_all(1);
}

}  // namespace holdfast::durability
