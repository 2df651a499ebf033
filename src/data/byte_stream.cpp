#include "data/byte_stream.h"

#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/error.h"

namespace slovo {
namespace {

constexpr size_t kChunk = 1 << 18;
constexpr int kGzipOnly = 15 + 16;  // zlib's code for a gzip header and the largest window

}  // namespace

struct ByteStream::State {
  explicit State(const std::filesystem::path& file_path)
      : path(file_path.string()), input(kChunk) {}
  ~State() {
    if (file != nullptr) std::fclose(file);
    if (inflating) inflateEnd(&zlib);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::string path;
  std::FILE* file = nullptr;
  Hasher hasher;
  int64_t consumed = 0;
  std::vector<char> input;
  bool inflating = false;
  bool between_members = true;  ///< no gzip member is open: at the start, or after a complete one
  z_stream zlib{};
};

ByteStream::ByteStream(const std::filesystem::path& path, Compression compression)
    : state_(std::make_unique<State>(path)) {
  state_->file = std::fopen(path.c_str(), "rb");
  if (state_->file == nullptr) throw_data(state_->path, ": cannot open: ", std::strerror(errno));
  if (compression == Compression::gzip) {
    SLOVO_CHECK(inflateInit2(&state_->zlib, kGzipOnly) == Z_OK, "zlib cannot start");
    state_->inflating = true;
  }
}

ByteStream::~ByteStream() = default;

std::string_view ByteStream::fill() {
  State& s = *state_;
  const size_t got = std::fread(s.input.data(), 1, s.input.size(), s.file);
  if (std::ferror(s.file) != 0) throw_data(s.path, ": cannot read: ", std::strerror(errno));
  const std::string_view bytes(s.input.data(), got);
  s.hasher.add(bytes);
  s.consumed += static_cast<int64_t>(got);
  return bytes;
}

bool ByteStream::read(std::string& out) {
  if (state_->inflating) return inflate_into(out);
  const std::string_view bytes = fill();
  out.append(bytes);
  return !bytes.empty();
}

bool ByteStream::inflate_into(std::string& out) {
  State& s = *state_;
  z_stream& z = s.zlib;
  const size_t before = out.size();
  while (out.size() == before) {
    if (z.avail_in == 0) {
      const std::string_view bytes = fill();
      z.next_in = reinterpret_cast<Bytef*>(s.input.data());
      z.avail_in = static_cast<uInt>(bytes.size());
      if (bytes.empty() && s.between_members) return false;
      if (bytes.empty()) {
        throw_data(s.path, ": the gzip data is cut short after ", with_commas(s.consumed),
                   " bytes; copy or download the file again (gzip -t ", s.path, " checks it)");
      }
    }
    s.between_members = false;
    out.resize(before + kChunk);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    z.avail_out = kChunk;
    const int status = inflate(&z, Z_NO_FLUSH);
    out.resize(before + kChunk - z.avail_out);
    if (status == Z_STREAM_END) {  // files of several members, one after the other, are common
      s.between_members = true;
      inflateReset(&z);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw_data(
          s.path, ": damaged gzip data near byte ", with_commas(s.consumed - z.avail_in), " (",
          z.msg == nullptr ? "unknown reason" : z.msg,
          "); copy or download the file again, or drop .gz from its name when it is plain text");
    }
  }
  return true;
}

int64_t ByteStream::consumed() const { return state_->consumed; }
std::string ByteStream::hash() const { return state_->hasher.hex(); }

std::string hash_file(const std::filesystem::path& path) {
  ByteStream stream(path, Compression::none);
  std::string buffer;
  while (stream.read(buffer)) buffer.clear();
  return stream.hash();
}

}  // namespace slovo
