// Shared by the data tests: gzip files, a tokenizer that needs no training.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "testing.h"
#include "tokenizer/tokenizer.h"

namespace slovo::testing {

inline std::string gzip(const std::string& bytes) {
  z_stream z{};
  deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, bytes.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// The text of the Error that `body` throws, or "" when it throws none.
template <class Body>
std::string error_text(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// One token a byte; the id 256 ends a text. `vocabulary` above 65,536 makes shards wide.
class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(bool with_end = true, int64_t vocabulary = 257)
      : with_end_(with_end), vocabulary_(vocabulary) {}

  void save(const std::filesystem::path&) const override {}
  std::vector<TokenId> encode(std::string_view text, SpecialTokens, int) const override {
    return encode_ordinary(text, 1);
  }
  std::vector<TokenId> encode_ordinary(std::string_view text, int) const override {
    ++encoded;
    std::vector<TokenId> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    if (text.find("☃") != std::string_view::npos) throw_data("no token for it");
    return ids;
  }
  std::string decode(const std::vector<TokenId>& ids, bool) const override {
    std::string text;
    for (const TokenId id : ids) {
      if (id < 256) text += static_cast<char>(id);
    }
    return text;
  }
  int64_t token_bytes(TokenId id) const override { return id < 256 ? 1 : 0; }
  int64_t vocab_size() const override { return vocabulary_; }
  std::string stage(const std::string&) const override { return "none"; }
  std::string token(TokenId id) const override { return std::to_string(id); }
  std::optional<TokenId> find(std::string_view) const override { return std::nullopt; }
  std::optional<TokenId> bos_id() const override { return std::nullopt; }
  std::optional<TokenId> eos_id() const override {
    return with_end_ ? std::optional<TokenId>(static_cast<TokenId>(vocabulary_ - 1)) : std::nullopt;
  }
  bool is_special(TokenId id) const override { return id == vocabulary_ - 1; }
  std::string fingerprint() const override { return cat("bytes", with_end_, vocabulary_); }
  std::string kind() const override { return "byte"; }

  mutable std::atomic<int> encoded{0};  ///< calls so far

 private:
  bool with_end_;
  int64_t vocabulary_;
};

}  // namespace slovo::testing
