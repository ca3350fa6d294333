#include "io/event.h"

#include <gtest/gtest.h>

#include "base/wire.h"
#include "testing.h"

namespace holdfast::io {
namespace {

SummaryValue scalar(const std::string& tag, float value) {
  SummaryValue result;
  result.tag = tag;
  result.scalar = value;
  return result;
}

Event whole_event() {
  Event event;
  event.wall_time = 1.5e9;
  event.step = 1041;
  event.graph_def = std::string("\x0a\x00", 2);
  event.values.push_back(scalar("loss", 0.25f));
  SummaryValue histogram;
  histogram.tag = "h";
  histogram.kind = SummaryValue::Kind::kHistogram;
  histogram.histogram = {-1, 2, 3, 4, 5, {0, 2.5}, {1, 2}};
  event.values.push_back(histogram);
  SummaryValue text;
  text.tag = "t";
  text.kind = SummaryValue::Kind::kText;
  text.text = "*hello* \xc3\xa9";
  event.values.push_back(text);
  event.session_log = {SessionLog::Status::kCheckpoint, "/m/model.ckpt"};
  return event;
}

// Event{value: {tag: "loss", simple_value: 0.25}, step 2} by hand from summary.proto.
TEST(Event, ScalarsAreSimpleValues) {
  Event event;
  event.wall_time = 1;
  event.step = 2;
  event.values.push_back(scalar("loss", 0.25f));
  const std::string expected = std::string("\x09\x00\x00\x00\x00\x00\x00\xf0\x3f", 9) + "\x10\x02" +
                               "\x2a\x0d\x0a\x0b\x0a\x04loss" +
                               std::string("\x15\x00\x00\x80\x3e", 5);
  EXPECT_EQ(encode_event(event), expected);
}

TEST(Event, ReadsWhatItWrites) {
  const Event event = whole_event();
  const Event read = parse_event(encode_event(event));
  EXPECT_EQ(read.wall_time, event.wall_time);
  EXPECT_EQ(read.step, 1041);
  EXPECT_EQ(read.graph_def, event.graph_def);
  ASSERT_EQ(read.values.size(), 3u);
  EXPECT_EQ(read.values[0].tag, "loss");
  EXPECT_EQ(read.values[0].scalar, 0.25f);
  EXPECT_EQ(read.values[1].kind, SummaryValue::Kind::kHistogram);
  EXPECT_EQ(read.values[1].histogram.limits, (std::vector<double>{0, 2.5}));
  EXPECT_EQ(read.values[1].histogram.counts, (std::vector<double>{1, 2}));
  EXPECT_EQ(read.values[1].histogram.sum_squares, 5);
  EXPECT_EQ(read.values[2].kind, SummaryValue::Kind::kText);
  EXPECT_EQ(read.values[2].text, "*hello* \xc3\xa9");
  EXPECT_EQ(read.session_log.status, SessionLog::Status::kCheckpoint);
  EXPECT_EQ(read.session_log.checkpoint_path, "/m/model.ckpt");
  EXPECT_EQ(encode_event(read), encode_event(event));
}

TEST(Event, AVersionIsReadBack) {
  Event event;
  event.file_version = kEventFileVersion;
  EXPECT_EQ(parse_event(encode_event(event)).file_version, "brain.Event:2");
}

// As TF 2 writes scalars: a float tensor for the plugin of that name.
TEST(Event, ReadsScalarsThatAreTensors) {
  const float number = 3.5f;
  const auto event_of = [](const WireWriter& tensor) {
    WireWriter value, summary, event;
    value.bytes(1, "accuracy").message(8, tensor);
    summary.message(1, value);
    return parse_event(event.message(5, summary).text());
  };
  const std::string raw(reinterpret_cast<const char*>(&number), sizeof number);
  for (const WireWriter& tensor :
       {WireWriter().integer(1, 1).bytes(4, raw), WireWriter().integer(1, 1).bytes(5, raw),
        WireWriter().integer(1, 1).float32(5, number)}) {
    const Event event = event_of(tensor);
    ASSERT_EQ(event.values.size(), 1u);
    EXPECT_EQ(event.values[0].kind, SummaryValue::Kind::kScalar);
    EXPECT_EQ(event.values[0].scalar, 3.5f);
  }
  const Event other = event_of(WireWriter().integer(1, 9).bytes(4, raw));  // int64
  EXPECT_EQ(other.values[0].kind, SummaryValue::Kind::kOther);
}

TEST(Event, TakesRepeatedNumbersOneByOne) {
  WireWriter histogram, value, summary, event;
  histogram.float64(6, 1).float64(6, 2).float64(7, 3).float64(7, 4);
  value.bytes(1, "h").message(5, histogram);
  summary.message(1, value);
  const Event read = parse_event(event.message(5, summary).text());
  EXPECT_EQ(read.values.at(0).histogram.limits, (std::vector<double>{1, 2}));
  EXPECT_EQ(read.values.at(0).histogram.counts, (std::vector<double>{3, 4}));
}

TEST(Event, PassesOverFieldsItDoesNotKnow) {
  const std::string more = WireWriter().integer(99, 5).bytes(100, "x").float32(101, 1).text();
  const Event read = parse_event(more + encode_event(whole_event()) + more);
  EXPECT_EQ(encode_event(read), encode_event(whole_event()));
}

TEST(Event, RefusesFieldsOfAnotherType) {
  const auto refused = [](const WireWriter& event, const std::string& message) {
    EXPECT_ERROR(parse_event(event.text()), Code::kDataLoss, message);
  };
  refused(WireWriter().integer(1, 5), "event: expected a wall time, got another wire type");
  refused(WireWriter().bytes(2, "x"), "event: expected a step, got another wire type");
  refused(WireWriter().integer(5, 1), "event: expected a summary, got another wire type");
  refused(WireWriter().message(5, WireWriter().message(1, WireWriter().integer(2, 1))),
          "event: expected a float, got another wire type");
  WireWriter histogram;
  histogram.bytes(6, "1234567");
  refused(WireWriter().message(5, WireWriter().message(1, WireWriter().message(5, histogram))),
          "event: expected doubles of eight bytes");
  WireWriter uneven;
  uneven.float64(6, 1);
  refused(WireWriter().message(5, WireWriter().message(1, WireWriter().message(5, uneven))),
          "event: expected a count for each of a histogram's 1 limits, got 0");
}

}  // namespace
}  // namespace holdfast::io
