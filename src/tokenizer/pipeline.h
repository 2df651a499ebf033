// A tokenizer.json at work: added tokens, normalizer, pre-tokenizer, model, post-processor,
// decoder, each in a file of its own, put together here in Hugging Face's order.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/decoder.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/token_model.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_config.h"

namespace slovo {

class Pipeline final : public Tokenizer {
 public:
  /// `text` is that of a tokenizer.json; `file` its name in messages. Throws Error(data).
  Pipeline(std::string text, const std::string& file, TokenizerConfigFiles config);

  /// The same with more special tokens, behind all others (those it has already are made special),
  /// and with this chat template as its only one.
  std::shared_ptr<const Pipeline> with_chat_template(const std::string& chat_template,
                                                     const std::vector<std::string>& tokens) const;

  void save(const std::filesystem::path& folder) const override;
  std::vector<TokenId> encode(std::string_view text, SpecialTokens specials,
                              int threads = 1) const override;
  std::vector<TokenId> encode_ordinary(std::string_view text, int threads = 1) const override;
  std::string decode(const std::vector<TokenId>& ids, bool skip_special) const override;
  int64_t token_bytes(TokenId id) const override;
  int64_t vocab_size() const override { return static_cast<int64_t>(pieces_.size()); }
  std::string token(TokenId id) const override;
  std::optional<TokenId> find(std::string_view token) const override;
  std::optional<TokenId> bos_id() const override { return bos_; }
  std::optional<TokenId> eos_id() const override { return eos_; }
  bool is_special(TokenId id) const override;
  std::string fingerprint() const override { return fingerprint_; }
  std::string kind() const override { return model_->kind(); }
  std::string stage(const std::string& name) const override { return stages_.at(name); }

 private:
  struct Parsed;
  Pipeline(std::string text, Parsed parsed, TokenizerConfigFiles config);

  /// The text's own ids, behind what `out` holds.
  void encode_into(std::string_view text, TextKind kind, int threads,
                   std::vector<TokenId>& out) const;
  void fill_pieces();
  void mark_special();
  /// The text of tokens as the vocabulary spells them.
  std::string decode_tokens(std::vector<std::string> tokens) const;
  /// What the decoder is given for an id: "" when there is no such token.
  std::string spelling(TokenId id) const;
  std::optional<TokenId> role(const std::optional<std::string>& token) const;

  std::string text_;  ///< of tokenizer.json, saved as it was read
  TokenizerConfigFiles config_;
  std::string fingerprint_;
  std::map<std::string, std::string> stages_;    // what each is made of
  std::unique_ptr<Normalizer> normalizer_;       // may be null
  std::unique_ptr<PreTokenizer> pre_tokenizer_;  // may be null
  std::unique_ptr<Decoder> decoder_;             // may be null: tokens are joined by spaces
  const Scanner* scanner_ = nullptr;             // the pre-tokenizer's, where it is no more
  bool joins_pieces_ = false;                    // the decoder is ByteLevel or Fuse alone
  std::unique_ptr<TokenModel> model_;
  AddedTokens added_;
  PostProcessor post_processor_;
  std::vector<std::string> pieces_;  ///< the text behind each id, in the middle of a text
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
};

}  // namespace slovo
