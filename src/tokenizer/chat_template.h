// Chat markup: the one place that knows how a dialogue becomes text. The templates are Jinja, as
// Hugging Face models bring them, and give what `apply_chat_template` of `transformers` gives. What
// a template writes holds BOS already: `encode_chat` adds none.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// "bos_token" and its like: variables of templates.
using SpecialTokenMap = std::map<std::string, std::string>;

/// A dialogue and what goes with it.
struct Chat {
  Json messages;                       ///< [{"role": ..., "content": ...}, ...]
  Json tools;                          ///< JSON schemas of functions, or null
  Json variables;                      ///< more variables for the template, by name; or null
  bool add_generation_prompt = false;  ///< end where the assistant begins to write
};

struct ChatText {
  std::string text;
  /// Bytes of the text that stand in {% generation %} blocks, begin and end: what the assistant
  /// says.
  std::vector<std::pair<size_t, size_t>> assistant;
};

class ChatTemplate {
 public:
  /// The templates of a model folder: `chat_template.jinja` and
  /// `additional_chat_templates/NAME.jinja`, else `chat_template` of `tokenizer_config.json`.
  /// Throws Error(data) when there is none.
  static ChatTemplate from_folder(const std::filesystem::path& folder);
  /// The same; kDefaultChatTemplate when there is none.
  static ChatTemplate from_folder_or_default(const std::filesystem::path& folder);
  /// `where` leads messages; `special_tokens`: "bos_token" and its like, as variables.
  static ChatTemplate from_text(std::string_view text, const std::string& where,
                                SpecialTokenMap special_tokens = {});

  /// The dialogue as text. Throws Error(data), which names template and line, for a dialogue that
  /// the template refuses and for a template that uses what slovo does not know.
  std::string render(const Chat& chat) const;
  /// The same with what the assistant says in it. Throws where the template does not mark that by
  /// {% generation %}, or marks it inside a macro.
  ChatText render_marked(const Chat& chat) const;
  /// It says by {% generation %} which text is the assistant's.
  bool marks_assistant(bool with_tools) const;
  /// It is not the model's own: what is trained with it must be saved with it.
  bool is_default() const { return is_default_; }

 private:
  struct Parsed;
  using Templates = std::map<std::string, std::shared_ptr<const Parsed>>;
  ChatTemplate(Templates templates, SpecialTokenMap special_tokens, bool is_default)
      : templates_(std::move(templates)),
        special_tokens_(std::move(special_tokens)),
        is_default_(is_default) {}
  const Parsed& pick(bool with_tools) const;

  Templates templates_;  ///< "default", and "tool_use" for dialogues with tools
  SpecialTokenMap special_tokens_;
  bool is_default_;
};

/// Ids of text that a template wrote: the special tokens that stand in it and no others, so that
/// there is never a second BOS.
std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, std::string_view text);

/// The template of models that slovo trains and of those that bring none: ChatML, with tools, the
/// assistant's turns marked.
extern const std::string_view kDefaultChatTemplate;

}  // namespace slovo
