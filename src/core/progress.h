// Progress of long work on stderr: a bar on a terminal, plain lines at a sensible rate otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace slovo {

class Progress {
 public:
  /// `total` in units of `unit` ("bytes" is printed as KiB, MiB...); 0 when it is not known.
  Progress(std::string title, int64_t total, std::string unit);
  /// Says how long it took, at debug level.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Adds to what is done; may be called from any thread.
  void advance(int64_t amount);

 private:
  std::string line(bool bar) const;
  void show();

  std::string title_;
  int64_t total_;
  std::string unit_;
  int64_t done_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point shown_;
  std::mutex mutex_;
};

/// `[#####.....]` of `width` characters, filled to `share` of it.
std::string progress_bar(double share, int width);

}  // namespace slovo
