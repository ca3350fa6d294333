// The public face of event files.
#include "holdfast/summary.h"

#include <utility>

#include "holdfast/error.h"
#include "io/event.h"
#include "io/event_writer.h"
#include "io/record_file.h"

namespace holdfast {

struct EventWriter::Impl {
  io::EventQueue queue;
};

EventWriter::EventWriter(const std::string& directory, const EventWriterOptions& options)
    : impl_(new Impl{{io::system_io(), directory, options}}) {}
EventWriter::~EventWriter() {
  if (impl_ != nullptr && impl_->queue.is_foreign())
    static_cast<void>(impl_.release());  // NOLINT(bugprone-unused-return-value): left to the child
}
EventWriter::EventWriter(EventWriter&&) noexcept = default;
EventWriter& EventWriter::operator=(EventWriter&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

void EventWriter::add(const Event& event) { impl_->queue.add(event); }
void EventWriter::flush() { impl_->queue.flush(); }
void EventWriter::close() { impl_->queue.close(); }
const std::string& EventWriter::directory() const noexcept { return impl_->queue.directory(); }
std::string EventWriter::path() const { return impl_->queue.path(); }
std::int64_t EventWriter::lost_events() const { return impl_->queue.lost_events(); }
std::vector<std::string> EventWriter::take_warnings() { return impl_->queue.take_warnings(); }

struct EventReader::Impl {
  std::string path;
  io::RecordReader records;
  std::string payload;
};

EventReader::EventReader(const std::string& path)
    : impl_(new Impl{path, {io::system_io(), path}, {}}) {}
EventReader::~EventReader() = default;
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;

bool EventReader::next(Event& event) {
  const std::uint64_t offset = impl_->records.offset();
  if (!impl_->records.next(impl_->payload)) return false;
  try {
    event = io::parse_event(impl_->payload);
  } catch (const Error& error) {
    throw Error(error.code(),
                "event file " + impl_->path + ", record at byte " + std::to_string(offset) + ": " +
                    error.what(),
                {{"path", impl_->path}, {"offset", std::to_string(offset)}});
  }
  return true;
}

bool EventReader::torn() const noexcept { return impl_->records.torn(); }

}  // namespace holdfast
