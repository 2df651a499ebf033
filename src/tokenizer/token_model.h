// The heart of a tokenizer: the ids of one word. ("model" in tokenizer.json)
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/json_node.h"
#include "tokenizer/scanner.h"
#include "tokenizer/shared_words.h"
#include "tokenizer/text_kind.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/word_cache.h"

namespace slovo {

class TokenModel {
 public:
  TokenModel() = default;
  virtual ~TokenModel() = default;
  TokenModel(const TokenModel&) = delete;
  TokenModel& operator=(const TokenModel&) = delete;

  virtual const Vocabulary& vocabulary() const = 0;
  /// The ids of a word without any cache; `ids` must be empty. Thread-safe.
  virtual void compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const = 0;
  /// "bpe", "wordpiece", ...: what it is called in reports.
  virtual std::string kind() const = 0;
  /// Tells which tokens are special: ordinary text is never cut into their names.
  void set_special(std::vector<bool> special) { special_ = std::move(special); }

  /// Encodes word after word with a cache of its own; one per thread, cheap to make.
  class Session {
   public:
    /// `shared`: what the threads of one text share; null for one that is alone.
    Session(const TokenModel& model, TextKind kind, SharedWords* shared = nullptr);
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

    void prefetch(const WordCache::Key& key) const;
    void encode_part(const Scanner& scanner, std::string_view text, std::vector<TokenId>& out);
    void encode_batch(std::span<const Waiting> words, std::vector<TokenId>& out);
    /// Valid until the next call.
    WordCache::Ids ids_of(const WordCache::Key& key, std::string_view word);

    const TokenModel& model_;
    TextKind kind_;
    SharedWords* shared_;
    std::unique_ptr<WordCache> cache_;
    std::vector<TokenId> ids_;
  };

 protected:
  /// A token of the vocabulary may stand for its own name in such a text.
  bool may_match(TokenId id, TextKind kind) const {
    return kind == TextKind::markup || static_cast<size_t>(id) >= special_.size() ||
           !special_[static_cast<size_t>(id)];
  }

 private:
  using Caches = std::vector<std::unique_ptr<WordCache>>;
  static size_t index(TextKind kind) { return kind == TextKind::ordinary ? 1 : 0; }
  Caches& idle(TextKind kind) const { return idle_[index(kind)]; }
  SharedWords& shared_words(TextKind kind) const;

  std::vector<bool> special_;
  mutable std::mutex idle_mutex_;
  mutable std::array<Caches, 2> idle_;  // warm caches of finished sessions
  mutable std::array<std::unique_ptr<SharedWords>, 2> shared_words_;  // made when first needed
};

/// `bytes`: the pre-tokenizer ends in ByteLevel. Throws Error(data) that names the type when slovo
/// does not know it.
std::unique_ptr<TokenModel> read_token_model(const JsonNode& node, bool bytes);

}  // namespace slovo
