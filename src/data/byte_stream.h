// Bytes of a plain or gzip file in order, in bounded memory. Knows nothing of text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/hash.h"

namespace slovo {

enum class Compression { none, gzip };

class ByteStream {
 public:
  /// Throws Error(data) when the file cannot be opened.
  ByteStream(const std::filesystem::path& path, Compression compression);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Appends up to about 256 KiB of the (uncompressed) content to `out`; false at the end. Throws
  /// Error(data) for gzip data that is damaged, cut short or followed by something else.
  bool read(std::string& out);
  /// Bytes of the file itself read so far.
  int64_t consumed() const;
  /// Hash of the file's own bytes; complete once `read` has returned false.
  std::string hash() const;

 private:
  struct State;
  std::string_view fill();
  bool inflate_into(std::string& out);

  std::unique_ptr<State> state_;
};

/// Hash of a whole file's bytes. Throws Error(data).
std::string hash_file(const std::filesystem::path& path);

}  // namespace slovo
