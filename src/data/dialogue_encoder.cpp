#include "data/dialogue_encoder.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo {

/// Bytes of the text that are learned.
struct DialogueEncoder::Span {
  size_t begin = 0, end = 0;
  double weight = 1;
};

namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_space(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

/// Tokens between two special ones, and the part of the text that they stand for.
class Run {
 public:
  Run(const Tokenizer& tokenizer, std::string_view text, size_t begin, size_t end)
      : tokenizer_(tokenizer), text_(text), begin_(begin), end_(end) {}

  void add(TokenId id) { ids_.push_back(id); }

  void write_starts(std::vector<size_t>& out) const {
    // Sentencepiece puts a space before a text; a special token may swallow white space behind it.
    size_t at = begin_;
    const size_t reach = place(at, false, nullptr);
    const bool dummy = reach == end_ + 1 && tokenizer_.token(ids_.front()).starts_with("\u2581");
    if (reach < end_) at += swallowed(end_ - reach);
    const size_t end = place(at, dummy, &out);
    if (end != end_ && !is_space(text_.substr(std::min(end, end_)))) throw_changed();
  }

 private:
  /// Puts the tokens one behind the other from `at` on; returns where they end.
  size_t place(size_t at, bool dummy, std::vector<size_t>* starts) const {
    for (size_t i = 0; i < ids_.size(); ++i) {
      if (starts != nullptr) starts->push_back(std::min(at, end_));
      const auto size = static_cast<size_t>(tokenizer_.token_bytes(ids_[i]));
      // One that has no text stands for a character that the vocabulary lacks.
      at += size > 0
                ? size
                : std::max<size_t>(1, utf8::char_length(text_, std::min(at, text_.size() - 1)));
      if (i == 0 && dummy) --at;
    }
    return at;
  }

  /// Of white space that the tokens lack, how much stands before them.
  size_t swallowed(size_t missing) const {
    return is_space(text_.substr(begin_, missing)) ? missing : 0;
  }

  [[noreturn]] void throw_changed() const {
    throw_data(
        "the tokenizer changes the text, so that its tokens cannot be found in it again, near ",
        Json(text_.substr(begin_, std::min<size_t>(40, end_ - begin_)))
            .dump(-1, ' ', false, Json::error_handler_t::replace),
        "; give the text in its normal form (NFC)");
  }

  const Tokenizer& tokenizer_;
  std::string_view text_;
  size_t begin_, end_;
  std::vector<TokenId> ids_;
};

/// Where the special token that `id` is stands from `at` on; npos for an ordinary token, and for
/// one that stands for an unknown character.
size_t find_special(const Tokenizer& tokenizer, std::string_view text, size_t at, TokenId id) {
  return tokenizer.token_bytes(id) > 0 ? std::string_view::npos
                                       : text.find(tokenizer.token(id), at);
}

size_t assistants(const Json& messages) {
  return static_cast<size_t>(std::count_if(messages.begin(), messages.end(), [](const Json& each) {
    return each["role"] == "assistant";
  }));
}

/// The first `count` messages.
Chat beginning(const Dialogue& dialogue, size_t count, bool prompt) {
  Json messages = Json::array();
  for (size_t i = 0; i < count; ++i) messages.push_back(dialogue.messages[i]);
  return {std::move(messages), dialogue.tools, nullptr, prompt};
}

}  // namespace

std::vector<size_t> token_starts(const Tokenizer& tokenizer, std::string_view text,
                                 const std::vector<TokenId>& ids) {
  std::vector<size_t> starts;
  size_t at = 0;
  for (size_t i = 0; i < ids.size();) {
    size_t next = i;  // the next special token
    size_t found = std::string_view::npos;
    while (next < ids.size() && found == std::string_view::npos) {
      found = find_special(tokenizer, text, at, ids[next]);
      if (found == std::string_view::npos) ++next;
    }
    if (next == ids.size()) found = text.size();
    if (next > i) {
      Run run(tokenizer, text, at, found);
      for (; i < next; ++i) run.add(ids[i]);
      run.write_starts(starts);
    }
    if (next == ids.size()) break;
    starts.push_back(found);
    at = found + tokenizer.token(ids[next]).size();
    i = next + 1;
  }
  starts.push_back(text.size());
  return starts;
}

DialogueEncoder::DialogueEncoder(std::shared_ptr<const Tokenizer> tokenizer,
                                 std::shared_ptr<const ChatTemplate> chat_template, Learn learn)
    : tokenizer_(std::move(tokenizer)), template_(std::move(chat_template)), learn_(learn) {
  adds_bos_ = adds_bos(*tokenizer_);
}

TokenExample DialogueEncoder::encode(const Dialogue& dialogue) const {
  try {
    TokenExample out = dialogue.is_chat() ? encode_chat_text(dialogue) : encode_plain(dialogue);
    out.source = dialogue.source;
    check(out, dialogue);
    return out;
  } catch (const Error& error) {
    throw Error(error.code(), cat(dialogue.source, ": ", error.what()));
  }
}

TokenExample DialogueEncoder::encode_chat_text(const Dialogue& dialogue) const {
  std::string text;
  const bool marked = template_->marks_assistant(!dialogue.tools.is_null());
  std::vector<Span> spans = marked ? marked_spans(dialogue, text) : compared_spans(dialogue, text);
  TokenExample out;
  out.ids = encode_chat(*tokenizer_, text);
  out.weights.assign(out.ids.size(), learn_ == Learn::all ? 1.0F : 0.0F);
  weigh(out, text, std::move(spans));
  return out;
}

std::vector<DialogueEncoder::Span> DialogueEncoder::marked_spans(const Dialogue& dialogue,
                                                                 std::string& text) const {
  ChatText rendered = template_->render_marked({dialogue.messages, dialogue.tools, nullptr, false});
  text = std::move(rendered.text);
  const bool weighted = std::any_of(dialogue.weights.begin(), dialogue.weights.end(),
                                    [](double weight) { return weight != 1; });
  std::vector<double> weights;
  for (size_t i = 0; i < dialogue.messages.size(); ++i) {
    if (dialogue.messages[i]["role"] == "assistant") weights.push_back(dialogue.weights[i]);
  }
  if (weights.size() != rendered.assistant.size()) {
    if (weighted) {
      throw_data("the template marks ", rendered.assistant.size(), " texts of the assistant for ",
                 weights.size(), " messages, so that their weights cannot be told apart");
    }
    weights.assign(rendered.assistant.size(), 1);
  }
  std::vector<Span> spans;
  for (const auto& [begin, end] : rendered.assistant) {
    spans.push_back({begin, end, weights[spans.size()]});
  }
  return spans;
}

std::vector<DialogueEncoder::Span> DialogueEncoder::compared_spans(const Dialogue& dialogue,
                                                                   std::string& text) const {
  text = template_->render({dialogue.messages, dialogue.tools, nullptr, false});
  std::vector<Span> spans;
  const size_t last = assistants(dialogue.messages);
  size_t number = 0;
  for (size_t i = 0; i < dialogue.messages.size(); ++i) {
    if (dialogue.messages[i]["role"] != "assistant") continue;
    if (learn_ == Learn::last && ++number < last) continue;
    const std::string before = template_->render(beginning(dialogue, i, true));
    const std::string after = template_->render(beginning(dialogue, i + 1, false));
    if (!after.starts_with(before) || !text.starts_with(after)) {
      throw_data(
          "the chat template writes message ", i + 1,
          " differently once the dialogue goes on, so that its text cannot be found; mark it in "
          "the template by {% generation %}, learn the last answer only by --sft.learn last, or "
          "take another template by --sft.template");
    }
    spans.push_back({before.size(), after.size(), dialogue.weights[i]});
  }
  return spans;
}

/// Sets the weights of the tokens that have a byte in a span.
void DialogueEncoder::weigh(TokenExample& example, const std::string& text,
                            std::vector<Span> spans) const {
  if (learn_ == Learn::last && spans.size() > 1) spans.erase(spans.begin(), spans.end() - 1);
  const std::vector<size_t> starts = token_starts(*tokenizer_, text, example.ids);
  for (const Span& span : spans) {
    // A space that sentencepiece puts there begins where the text behind it does.
    auto first = std::lower_bound(starts.begin(), starts.end(), span.begin);
    if (*first > span.begin) --first;
    auto end = std::lower_bound(starts.begin(), starts.end(), span.end);
    // White space behind the token that ends the turn comes when nobody reads on.
    auto turn_end = end;
    while (turn_end > first + 1 &&
           is_space(std::string_view(text).substr(turn_end[-1], *turn_end - turn_end[-1]))) {
      --turn_end;
    }
    const auto index = [&](auto place) { return static_cast<size_t>(place - starts.begin()); };
    if (turn_end > first && tokenizer_->is_special(example.ids[index(turn_end) - 1]))
      end = turn_end;
    std::fill(example.weights.begin() + (first - starts.begin()),
              example.weights.begin() + (end - starts.begin()), static_cast<float>(span.weight));
  }
  if (!example.weights.empty()) example.weights.front() = 0;
}

TokenExample DialogueEncoder::encode_plain(const Dialogue& dialogue) const {
  const std::string text = dialogue.prompt + dialogue.text;
  TokenExample out;
  out.ids = tokenizer_->encode(text, SpecialTokens::none);
  out.weights.assign(out.ids.size(), learn_ == Learn::all ? 1.0F : 0.0F);
  const std::vector<size_t> starts = token_starts(*tokenizer_, text, out.ids);
  for (size_t i = 0; i < out.ids.size(); ++i) {
    const size_t end = dialogue.prompt.size();
    if (starts[i] >= end || starts[i + 1] > end) out.weights[i] = 1;
  }
  if (adds_bos_) {
    out.ids.insert(out.ids.begin(), *tokenizer_->bos_id());
    out.weights.insert(out.weights.begin(), 0);
  }
  if (tokenizer_->eos_id()) {
    out.ids.push_back(*tokenizer_->eos_id());
    out.weights.push_back(1);
  }
  if (!out.weights.empty()) out.weights.front() = 0;
  return out;
}

void DialogueEncoder::check(const TokenExample& example, const Dialogue& dialogue) const {
  const int64_t learned = example.supervised();
  if (learned == 0) {
    throw_data("nothing of it is learned: ",
               dialogue.is_chat() ? "every message of the assistant is empty or has weight 0"
                                  : "it is too short");
  }
  if (dialogue.is_chat() && learn_ != Learn::all && learned == example.pairs()) {
    throw_data(
        "all of it would be learned, the questions too: the chat template does not tell the "
        "assistant's words from the others; take another by --sft.template, or learn everything on "
        "purpose by --sft.learn all");
  }
  const auto bos = tokenizer_->bos_id();
  const bool doubled = bos && bos != tokenizer_->eos_id() && example.ids.size() > 1 &&
                       example.ids[0] == *bos && example.ids[1] == *bos;
  if (doubled) {
    throw_data("begins with two ", tokenizer_->token(*bos),
               ": the chat template and the text both write it; leave it out of the text");
  }
}

}  // namespace slovo
