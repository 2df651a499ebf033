// Chat templates by name, for models that bring none. Written for slovo: each gives the text that
// the models it is named after expect, and marks what the assistant says by {% generation %}.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

struct NamedChatTemplate {
  ChatTemplateName name;
  std::string_view text;                    ///< Jinja
  std::vector<std::string> special_tokens;  ///< that it writes, beside those of the tokenizer's own
  bool needs_bos = false;                   ///< writes bos_token
  bool needs_eos = false;                   ///< writes eos_token
};

/// `name` is not automatic.
const NamedChatTemplate& named_chat_template(ChatTemplateName name);

/// The tokenizer with the template's special tokens and the template itself. Throws Error(config)
/// where the template writes BOS or EOS and the tokenizer has none.
std::shared_ptr<const Tokenizer> with_chat_template(
    const std::shared_ptr<const Tokenizer>& tokenizer, const NamedChatTemplate& chat_template);

}  // namespace slovo
