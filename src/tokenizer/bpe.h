// Byte pair encoding: a word's symbols are joined pair by pair, the pair learned first before
// others. (Sennrich et al. 2016, arXiv 1508.07909; "model" of type BPE in tokenizer.json)
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/json_node.h"
#include "tokenizer/pair_table.h"
#include "tokenizer/scanner.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/word_cache.h"

namespace slovo {

class Bpe {
 public:
  /// `bytes`: the symbols of a word are its bytes, spelled in GPT-2's alphabet; else its
  /// characters.
  Bpe(const JsonNode& model, bool bytes);

  const Vocabulary& vocabulary() const { return vocabulary_; }
  size_t merges() const { return merges_.size(); }

  /// Encodes word after word with a cache of its own; one per thread, cheap to make.
  class Session {
   public:
    explicit Session(const Bpe& model);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    /// Appends the ids of a word.
    void encode(std::string_view word, std::vector<TokenId>& out);
    /// Appends the ids of all words of a text. A long one is cut where words end and shared out to
    /// `threads`; the ids are the same with any number.
    void encode_words(const Scanner& scanner, std::string_view text, int threads,
                      std::vector<TokenId>& out);

   private:
    /// Words are scanned some at a time: while the next ones are, their places in the cache are on
    /// the way from memory.
    static constexpr size_t kBatch = 32;
    struct Waiting {
      std::string_view word;
      WordCache::Key key;
    };

    void encode_part(const Scanner& scanner, std::string_view text, std::vector<TokenId>& out);
    void encode_batch(std::span<const Waiting> words, std::vector<TokenId>& out);
    /// Valid until the next call.
    WordCache::Ids ids_of(const WordCache::Key& key, std::string_view word);

    const Bpe& model_;
    std::unique_ptr<WordCache> cache_;
    std::vector<TokenId> ids_;
  };

 private:
  struct Merge {
    uint32_t rank;
    TokenId id;
  };

  void read_options(const JsonNode& model);
  void read_merges(const JsonNode& list);
  void add_merge(const std::string& left, const std::string& right, uint32_t rank,
                 const JsonNode& node);
  void index_symbols();
  /// The ids of a word without any cache.
  void compute(std::string_view word, std::vector<TokenId>& ids) const;
  /// The symbols a word begins with, unknown ones resolved.
  void symbols(std::string_view word, std::vector<TokenId>& ids) const;
  bool push_fallback(std::string_view symbol, std::vector<TokenId>& ids) const;
  const Merge* find_merge(TokenId left, TokenId right) const {
    return merges_.find(static_cast<uint32_t>(left), static_cast<uint32_t>(right));
  }
  void merge_short(std::vector<TokenId>& ids) const;
  void merge_long(std::vector<TokenId>& ids) const;

  bool bytes_;
  Vocabulary vocabulary_;
  PairTable<Merge> merges_;
  TokenId unknown_ = -1;
  bool fuse_unknown_ = false;
  bool ignore_merges_ = false;
  std::array<TokenId, 256> byte_ids_{};      // of one-byte symbols; -1: none
  std::array<TokenId, 256> fallback_ids_{};  // of <0xNN>; -1: none
  bool byte_fallback_ = false;
  std::unordered_map<char32_t, TokenId> character_ids_;

  mutable std::mutex idle_mutex_;
  mutable std::vector<std::unique_ptr<WordCache>> idle_;  // warm caches of finished sessions
};

}  // namespace slovo
