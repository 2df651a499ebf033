// From a dialogue to tokens and what is learned of them: the one place that decides which tokens
// count. The mask comes from the template's {% generation %} marks, or, where it has none, from the
// difference between the dialogue up to an answer and with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "data/dialogue.h"
#include "data/packing.h"
#include "tokenizer/chat_template.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

class DialogueEncoder {
 public:
  DialogueEncoder(std::shared_ptr<const Tokenizer> tokenizer,
                  std::shared_ptr<const ChatTemplate> chat_template, Learn learn);

  /// A conversation as the template writes it; plain text as it is, behind BOS where the tokenizer
  /// adds one, with the end-of-text token behind it. Thread-safe. Throws Error(data), led by the
  /// dialogue's source, where the template refuses the dialogue, where nothing or (of a
  /// conversation of which the assistant's words are wanted) everything would be learned, and where
  /// two BOS begin the text.
  TokenExample encode(const Dialogue& dialogue) const;

 private:
  struct Span;
  TokenExample encode_chat_text(const Dialogue& dialogue) const;
  TokenExample encode_plain(const Dialogue& dialogue) const;
  std::vector<Span> marked_spans(const Dialogue& dialogue, std::string& text) const;
  std::vector<Span> compared_spans(const Dialogue& dialogue, std::string& text) const;
  void weigh(TokenExample& example, const std::string& text, std::vector<Span> spans) const;
  void check(const TokenExample& example, const Dialogue& dialogue) const;

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const ChatTemplate> template_;
  Learn learn_;
  bool adds_bos_;
};

/// Where each of `ids`, which encode `text`, begins in it; text.size() last. Throws Error(data)
/// when the tokenizer changes the text so that this cannot be told.
std::vector<size_t> token_starts(const Tokenizer& tokenizer, std::string_view text,
                                 const std::vector<TokenId>& ids);

}  // namespace slovo
