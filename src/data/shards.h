// Tokenised text on disk: written once, memory-mapped from then on. A shard set holds the tokens of
// the files of one
// `--data` entry, document after document, each followed by the tokenizer's end-of-text token (when
// it has one).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "data/corpus.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// A row of the table of documents, as it lies on disk.
struct DocumentRecord {
  uint64_t begin = 0;     ///< first token
  uint64_t content = 0;   ///< hash of the text
  uint64_t file = 0;      ///< index among the files
  uint64_t document = 0;  ///< counted in its file from 0
  uint64_t line = 0;      ///< of a .jsonl file, else 0
};

/// What identifies a shard set: equal keys hold equal tokens.
std::string shards_key(const std::vector<CorpusFile>& files, const TextForm& form,
                       const Tokenizer& tokenizer);

class TokenShards {
 public:
  /// Opens the shard set in `folder` and checks all of it. Throws Error(data) when it is not whole,
  /// of another key or damaged.
  TokenShards(const std::filesystem::path& folder, const std::string& key,
              std::vector<CorpusFile> files);

  int64_t tokens() const { return tokens_; }
  int64_t documents() const { return documents_; }
  /// First token of a document, and one past its last one; the end-of-text token is counted.
  int64_t begin(int64_t document) const { return static_cast<int64_t>(records_[document].begin); }
  int64_t end(int64_t document) const {
    return document + 1 < documents_ ? begin(document + 1) : tokens_;
  }
  const DocumentRecord& record(int64_t document) const { return records_[document]; }
  /// The token after each document, or unset.
  std::optional<TokenId> end_of_text() const { return end_of_text_; }
  /// Writes tokens [from, from + count) to `out`.
  void copy(int64_t from, int64_t count, int64_t* out) const;
  /// "novel.txt, document 3".
  std::string describe(int64_t document) const;

 private:
  std::vector<CorpusFile> files_;
  MappedFile token_file_;
  MappedFile record_file_;
  const DocumentRecord* records_ = nullptr;
  int64_t tokens_ = 0;
  int64_t documents_ = 0;
  bool wide_ = false;  ///< 4 bytes a token instead of 2
  std::optional<TokenId> end_of_text_;
};

/// Where shards are kept: config.cache_dir/tokens, "~/.cache/slovo" by default. Throws
/// Error(config) without a home folder.
std::filesystem::path cache_folder(const DataConfig& config);

/// The shards of `files`: from the cache when they are there, whole and of this very text and
/// tokenizer, else tokenised now with `threads` threads in bounded memory (of a document's size at
/// least). Processes that need the same shards wait for each other. Throws what read_documents
/// throws; Error(io) when the cache cannot be written or work is interrupted.
std::shared_ptr<const TokenShards> open_shards(const std::filesystem::path& cache,
                                               const std::vector<CorpusFile>& files,
                                               const TextForm& form, const Tokenizer& tokenizer,
                                               int threads);

}  // namespace slovo
