#include "io/record_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/testing_io.h"
#include "testing.h"

namespace holdfast::io {
namespace {

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string record(const std::string& payload) {
  std::string bytes;
  append_record(bytes, payload);
  return bytes;
}

class RecordFileTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "records"; }
  void write(const std::string& bytes) { write_file(path(), bytes); }
  RecordReader reader() { return {system_io(), path()}; }
  std::vector<std::string> payloads() {
    RecordReader reader = this->reader();
    std::vector<std::string> all;
    for (std::string payload; reader.next(payload);) all.push_back(payload);
    torn_ = reader.torn();
    return all;
  }

  TemporaryFolder folder_;
  bool torn_ = false;
};

// As TensorFlow writes them.
TEST_F(RecordFileTest, FramesHelloAndNothingAsTensorFlowDoes) {
  EXPECT_EQ(record("hello"), from_hex("0500000000000000eab2043e68656c6c6fbb1f1c19"));
  EXPECT_EQ(record(""), from_hex("000000000000000029039807d8ea82a2"));
}

TEST_F(RecordFileTest, ReadsRecordsInOrderAndWhatIsAddedLater) {
  write(record("hello") + record("") + record(std::string(100'000, 'x')));
  RecordReader reader = this->reader();
  std::string payload;
  EXPECT_EQ(reader.offset(), 0u);
  ASSERT_TRUE(reader.next(payload));
  EXPECT_EQ(payload, "hello");
  EXPECT_EQ(reader.offset(), 21u);
  ASSERT_TRUE(reader.next(payload));
  EXPECT_EQ(payload, "");
  ASSERT_TRUE(reader.next(payload));
  EXPECT_EQ(payload.size(), 100'000u);
  EXPECT_FALSE(reader.next(payload));
  EXPECT_FALSE(reader.torn());
  std::ofstream(path(), std::ios::app | std::ios::binary) << record("more");
  ASSERT_TRUE(reader.next(payload));
  EXPECT_EQ(payload, "more");
}

TEST_F(RecordFileTest, EveryCutEndsTheFileBeforeTheTornRecord) {
  const std::string whole = record("hello") + record("world");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_EQ(payloads().size(), size < 21 ? 0u : 1u) << size;
    EXPECT_EQ(torn_, size % 21 != 0) << size;
  }
}

TEST_F(RecordFileTest, RefusesDamageWithFileOffsetAndBothChecksums) {
  const std::string good = record("hello");
  std::string bad = good + good;
  bad[21 + 12] ^= 1;  // "hello" becomes "iello"
  write(bad);
  EXPECT_ERROR(payloads(), Code::kDataLoss,
               "event file " + path() +
                   ", record at byte 21: expected the masked crc32c 191c1fbb of its payload, got ");
  bad = good + good;
  bad[21] ^= 2;  // its length
  write(bad);
  EXPECT_ERROR(payloads(), Code::kDataLoss,
               "record at byte 21: expected the masked crc32c 3e04b2ea of its length, got ");
  EXPECT_ERROR(payloads(), Code::kDataLoss,
               ". What follows cannot be read; the records before it are whole.");
}

TEST_F(RecordFileTest, DamageHasItsFactsAsDetails) {
  std::string bad = record("hello");
  bad[17] ^= 1;  // the checksum itself
  write(bad);
  try {
    payloads();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.details().at("path"), path());
    EXPECT_EQ(error.details().at("offset"), "0");
    EXPECT_EQ(error.details().at("expected"), "191c1fba");
    EXPECT_EQ(error.details().at("found"), "191c1fbb");
  }
}

TEST_F(RecordFileTest, EveryFlippedBitIsRefusedOrEndsTheFile) {
  const std::string good = record("hello") + record("world");
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    write(bad);
    EXPECT_THROW(payloads(), Error) << "bit " << bit;
  }
}

TEST_F(RecordFileTest, ReadsPlainFilesOnly) {
  EXPECT_ERROR(reader(), Code::kNotFound, path());
  std::filesystem::create_directory(path());
  EXPECT_THROW(reader(), Error);
  std::filesystem::remove(path());
  std::filesystem::create_symlink("elsewhere", path());
  EXPECT_THROW(reader(), Error);
  std::filesystem::remove(path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_THROW(reader(), Error);  // and does not wait for a writer
}

}  // namespace
}  // namespace holdfast::io
