// Text to token ids and back, as Hugging Face `tokenizers` does it. A tokenizer is a
// `tokenizer.json` (plus `tokenizer_config.json` for the roles of special tokens). Knows no tensors
// and no chat markup.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slovo {

using TokenId = int32_t;

enum class SpecialTokens {
  add,   ///< the post-processor adds what the tokenizer was made with (BOS, EOS)
  none,  ///< the text's own tokens only
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Reads a tokenizer from a folder or one of its files: tokenizer.json, GPT-2's vocabulary and
  /// merges, BERT's vocab.txt, a SentencePiece model, tiktoken's ranks. Throws Error(data) that
  /// names the file and, for a part slovo does not know, its type.
  static std::shared_ptr<const Tokenizer> load(const std::filesystem::path& path);
  /// Writes `tokenizer.json`, `tokenizer_config.json` and what else lay beside them (chat
  /// templates) into an existing folder.
  virtual void save(const std::filesystem::path& folder) const = 0;

  /// Ids of `text` (well-formed UTF-8). Added tokens in the text ("<|endoftext|>") become their
  /// ids, as in HF `tokenizers`. A long text is shared out to `threads`. Thread-safe.
  virtual std::vector<TokenId> encode(std::string_view text, SpecialTokens specials,
                                      int threads = 1) const = 0;
  /// Like encode(text, none), but the names of special tokens in the text are taken as ordinary
  /// text: for text that is data, not markup. Thread-safe.
  virtual std::vector<TokenId> encode_ordinary(std::string_view text, int threads = 1) const = 0;
  /// The text of `ids`; special tokens are left out when `skip_special`. May end inside a character
  /// and then holds malformed bytes at the end; see StreamDecoder for streaming.
  virtual std::string decode(const std::vector<TokenId>& ids, bool skip_special = true) const = 0;
  /// Length in bytes of the text behind each id, as `decode` would write it: 0 for special tokens.
  virtual int64_t token_bytes(TokenId id) const = 0;

  /// Number of ids, added tokens included: one more than the highest id.
  virtual int64_t vocab_size() const = 0;
  /// The vocabulary's own spelling of an id ("Ġthe"), or "" for an id without a token.
  virtual std::string token(TokenId id) const = 0;
  virtual std::optional<TokenId> find(std::string_view token) const = 0;
  virtual std::optional<TokenId> bos_id() const = 0;
  virtual std::optional<TokenId> eos_id() const = 0;
  virtual bool is_special(TokenId id) const = 0;

  /// Hash of everything that decides the ids: equal fingerprints encode equally.
  virtual std::string fingerprint() const = 0;
  /// "bpe", "char", "byte", "wordpiece", "unigram" or "wordlevel": what it is called in reports.
  virtual std::string kind() const = 0;
  /// The types that one of "normalizer", "pre_tokenizer", "post_processor" and "decoder" is made
  /// of, in order: "Split, ByteLevel"; "none" where there is none.
  virtual std::string stage(const std::string& name) const = 0;
};

/// True when the tokenizer begins a text with its BOS by itself.
bool adds_bos(const Tokenizer& tokenizer);

/// Turns a growing list of ids into text piece by piece; only whole characters leave it.
class StreamDecoder {
 public:
  StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : tokenizer_(tokenizer), skip_special_(skip_special) {}
  /// The text that `id` completes; may be empty while a character is incomplete.
  std::string push(TokenId id);
  /// What is left at the end, malformed bytes replaced by U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  std::vector<TokenId>
      ids_;             ///< the last tokens: enough to decode the next one as in the whole text
  size_t written_ = 0;  ///< bytes of their text that have been returned
  size_t group_ = 0;    ///< tokens of ids_ whose text was complete before the last push that wrote
};

}  // namespace slovo
