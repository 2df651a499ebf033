#include "report/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPrefix = "events.out.tfevents.";
constexpr size_t kFlushBytes = size_t{1} << 16;

std::string little_endian(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
  return out;
}

// The fields of a protocol buffer: a key (number and wire type), then the value.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  return out + static_cast<char>(value);
}

std::string key(int number, Wire wire) {
  return varint(static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(wire));
}

std::string integer(int number, int64_t value) {
  return key(number, Wire::varint) + varint(static_cast<uint64_t>(value));
}

std::string real64(int number, double value) {
  return key(number, Wire::fixed64) + little_endian(std::bit_cast<uint64_t>(value), 8);
}

std::string real32(int number, double value) {
  return key(number, Wire::fixed32) +
         little_endian(std::bit_cast<uint32_t>(static_cast<float>(value)), 4);
}

std::string bytes(int number, std::string_view value) {
  return cat(key(number, Wire::bytes), varint(value.size()), value);
}

// The messages of tensorflow/core: Event, Summary.Value, SummaryMetadata, TensorProto, SessionLog.
// A step of 0 is not written: it is the default.
std::string event(double wall_time, int64_t step, const std::string& what) {
  return real64(1, wall_time) + (step == 0 ? "" : integer(2, step)) + what;
}

std::string file_version() { return bytes(3, "brain.Event:2"); }

std::string summary(const std::string& value) { return bytes(5, bytes(1, value)); }

std::string session_start() {
  constexpr int64_t kStart = 1;
  return bytes(7, integer(1, kStart));
}

std::string text_tensor(std::string_view text) {
  constexpr int64_t kString = 7;
  return integer(1, kString) + bytes(2, "") + bytes(8, text);  // without dimensions: one text
}

std::string text_metadata() { return bytes(1, bytes(1, "text")); }

uint32_t masked_crc(std::string_view data) { return std::rotr(crc32c(data), 15) + 0xA282EAD8U; }

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  std::string out = name;
  std::replace_if(out.begin(), out.end(), [](char c) { return c <= ' ' || c == '/'; }, '-');
  return out.empty() ? "localhost" : out;
}

/// TensorBoard reads files in the order of their names: the new one must be the last, also when
/// the clock went back or two starts share a second.
int64_t file_time(const fs::path& folder, double wall_time) {
  auto time = static_cast<int64_t>(wall_time);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const int64_t other = std::strtoll(name.c_str() + std::strlen(kPrefix), nullptr, 10);
    time = std::max(time, other + 1);
  }
  return time;
}

/// "val_loss" is of validation, all else of training.
std::string tag_of(const std::string& name) {
  return name.starts_with("val_") ? "validation/" + name.substr(4) : "train/" + name;
}

/// Prompt and text as a code block: what a model writes is not Markdown.
std::string sample_markdown(const Json& sample) {
  std::string out = "    ";
  for (const char c : sample.value("prompt", "") + sample.value("text", "")) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out;
}

}  // namespace

uint32_t crc32c(std::string_view data) {
  static const auto table = [] {
    std::array<uint32_t, 256> out{};
    for (uint32_t i = 0; i < out.size(); ++i) {
      uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82F63B78U : 0);
      out[i] = c;
    }
    return out;
  }();
  uint32_t crc = ~0U;
  for (const char c : data) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

TensorBoardWriter::TensorBoardWriter(const fs::path& folder, double wall_time, int64_t steps_done) {
  make_folder(folder);
  char time[32];
  std::snprintf(time, sizeof time, "%010lld", static_cast<long long>(file_time(folder, wall_time)));
  path_ = folder / cat(kPrefix, time, ".", host_name());
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw_io(path_.string(), ": cannot write: ", std::strerror(errno));
  add(event(wall_time, 0, file_version()));
  // TensorBoard drops earlier events of this step and later ones, but not at the first start it
  // sees: a new run says so too.
  add(event(wall_time, steps_done + 1, session_start()));
  flush();
}

TensorBoardWriter::~TensorBoardWriter() {
  // A destructor cannot complain; who wants to know calls flush.
  [[maybe_unused]] const ssize_t written = write(descriptor_, pending_.data(), pending_.size());
  close(descriptor_);
}

void TensorBoardWriter::scalar(std::string_view tag, int64_t step, double wall_time, double value) {
  add(event(wall_time, step, summary(bytes(1, tag) + real32(2, value))));
}

void TensorBoardWriter::text(std::string_view tag, int64_t step, double wall_time,
                             std::string_view text) {
  add(event(wall_time, step,
            summary(bytes(1, tag) + bytes(8, text_tensor(text)) + bytes(9, text_metadata()))));
}

void TensorBoardWriter::metrics(const Json& line, double wall_time) {
  const auto step = line.at("step").get<int64_t>();
  for (const auto& [name, value] : line.items()) {
    if (name == "samples") {
      for (size_t i = 0; i < value.size(); ++i)
        text(cat("samples/", i + 1), step, wall_time, sample_markdown(value[i]));
    } else if (value.is_number() && name != "step") {
      scalar(tag_of(name), step, wall_time, value.get<double>());
    }
  }
  flush();
}

void TensorBoardWriter::flush() {
  size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t written = write(descriptor_, pending_.data() + done, pending_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_io(path_.string(), ": cannot write: ", std::strerror(errno));
    done += static_cast<size_t>(written);
  }
  pending_.clear();
}

/// A record: length, its check, the event, its check.
void TensorBoardWriter::add(std::string_view event) {
  const std::string length = little_endian(event.size(), 8);
  pending_ +=
      cat(length, little_endian(masked_crc(length), 4), event, little_endian(masked_crc(event), 4));
  if (pending_.size() >= kFlushBytes) flush();
}

}  // namespace slovo
