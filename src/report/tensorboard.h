// Event files that TensorBoard reads: scalars and texts. Writes only, and knows of protocol buffers
// no more than the few fields of an event.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/json.h"

namespace slovo {

/// A new file events.out.tfevents.<time>.<host> in a folder, beside those of earlier starts.
/// Functions throw Error(io) when it cannot be written.
class TensorBoardWriter {
 public:
  /// Makes the folder. `steps_done` is 0 for a new run; of one that goes on, what earlier files
  /// hold of later steps is no longer shown. `wall_time` in seconds since 1970.
  TensorBoardWriter(const std::filesystem::path& folder, double wall_time, int64_t steps_done);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  const std::filesystem::path& path() const { return path_; }

  void scalar(std::string_view tag, int64_t step, double wall_time, double value);
  /// `text` as Markdown.
  void text(std::string_view tag, int64_t step, double wall_time, std::string_view text);
  /// All that a line of metrics.jsonl holds: train/loss, validation/loss, sample texts.
  void metrics(const Json& line, double wall_time);
  /// Hands what was given so far to the system; readers then see it.
  void flush();

 private:
  void add(std::string_view event);

  std::filesystem::path path_;
  std::string pending_;
  int descriptor_ = -1;
};

/// CRC-32C (Castagnoli), by which event files are checked.
uint32_t crc32c(std::string_view bytes);

}  // namespace slovo
