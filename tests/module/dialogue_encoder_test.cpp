// Which tokens of an example are learned.
#include "data/dialogue_encoder.h"

#include "testing.h"
#include "tokenizer/chat_templates.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

Dialogue chat(const std::string& messages) {
  Dialogue out;
  out.messages = parse_json(messages, "messages");
  out.weights.assign(out.messages.size(), 1);
  out.source = "f:1";
  return out;
}

const char* const kTwoTurns =
    R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello Ωß"},
        {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you\n"}])";

/// A byte-level tokenizer with merges and an end-of-text token.
std::shared_ptr<const Tokenizer> tokenizer() {
  TokenizerConfig config;
  config.vocab_size = 280;
  return train_tokenizer(config, testing::one_text("Hello you, see you. Hi, bye. assistant user\n"),
                         1)
      .tokenizer;
}

struct Encoder {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const DialogueEncoder> encoder;

  /// What is learned between ⟦ and ⟧.
  std::string shown(const Dialogue& dialogue) const {
    const TokenExample example = encoder->encode(dialogue);
    std::string out;
    bool learned = false;
    std::vector<TokenId> part;
    const auto flush = [&](bool next) {
      const std::string text = tokenizer->decode(part, false);
      out += learned && !text.empty() ? "⟦" + text + "⟧" : text;
      part.clear();
      learned = next;
    };
    for (size_t i = 0; i < example.ids.size(); ++i) {
      if ((example.weights[i] != 0) != learned) flush(example.weights[i] != 0);
      part.push_back(example.ids[i]);
    }
    flush(false);
    return out;
  }
};

Encoder with(const std::string& text, Learn learn, const std::vector<std::string>& tokens = {}) {
  const auto pipeline = std::dynamic_pointer_cast<const Pipeline>(tokenizer());
  Encoder out;
  out.tokenizer = pipeline->with_chat_template(text, tokens);
  out.encoder = std::make_shared<const DialogueEncoder>(
      out.tokenizer,
      std::make_shared<const ChatTemplate>(
          ChatTemplate::from_text(text, "t.jinja", {{"eos_token", "<|endoftext|>"}})),
      learn);
  return out;
}

Encoder named(ChatTemplateName name, Learn learn = Learn::assistant) {
  const NamedChatTemplate& found = named_chat_template(name);
  return with(std::string(found.text), learn, found.special_tokens);
}

TEST(DialogueEncoder, TheAssistantsWordsAndTheEndOfItsTurnAreLearned) {
  EXPECT_EQ(
      "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n⟦Hello Ωß<|im_end|>⟧\n"
      "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n⟦See you\n<|im_end|>⟧\n",
      named(ChatTemplateName::chatml).shown(chat(kTwoTurns)));
}

TEST(DialogueEncoder, OnlyTheLastAnswer) {
  EXPECT_EQ(
      "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello Ωß<|im_end|>\n"
      "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n⟦See you\n<|im_end|>⟧\n",
      named(ChatTemplateName::chatml, Learn::last).shown(chat(kTwoTurns)));
}

TEST(DialogueEncoder, AllOfItButTheFirstTokenWhichNothingPredicts) {
  const Encoder encoder = named(ChatTemplateName::chatml, Learn::all);
  const TokenExample example = encoder.encoder->encode(chat(kTwoTurns));
  EXPECT_EQ(example.pairs(), example.supervised());
  EXPECT_EQ(0, example.weights.front());
}

/// A template without marks, and the same with them, teach the same.
TEST(DialogueEncoder, TheDifferenceOfPrefixesGivesWhatMarksGive) {
  const std::string plain = R"({% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %})";
  for (const Learn learn : {Learn::assistant, Learn::last}) {
    const Encoder compared = with(plain, learn, {"<|im_start|>", "<|im_end|>"});
    EXPECT_EQ(named(ChatTemplateName::chatml, learn).shown(chat(kTwoTurns)),
              compared.shown(chat(kTwoTurns)));
  }
}

TEST(DialogueEncoder, ATokenAcrossTheBorderIsLearnedWhole) {
  // "se" + "e you": the merged token " you" or "see" lies on both sides of where the answer begins.
  const Encoder encoder = with(
      "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}"
      "{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }} {% endif %}{% "
      "endfor %}",
      Learn::assistant);
  const TokenExample example = encoder.encoder->encode(
      chat(R"([{"role": "user", "content": "x"}, {"role": "assistant", "content": " you"}])"));
  EXPECT_EQ(
      "user:x assistant:⟦ you⟧",
      encoder.shown(
          chat(R"([{"role": "user", "content": "x"}, {"role": "assistant", "content": " you"}])")));
  EXPECT_GT(example.supervised(), 0);
}

TEST(DialogueEncoder, WeightsOfMessages) {
  Dialogue dialogue = chat(kTwoTurns);
  dialogue.weights = {1, 0, 1, -0.5};
  const Encoder encoder = named(ChatTemplateName::chatml);
  const TokenExample example = encoder.encoder->encode(dialogue);
  EXPECT_EQ(
      "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello Ωß<|im_end|>\n"
      "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n⟦See you\n<|im_end|>⟧\n",
      encoder.shown(dialogue));
  for (const float weight : example.weights) EXPECT_TRUE(weight == 0 || weight == -0.5F);
}

TEST(DialogueEncoder, PlainTextEndsInTheEndOfText) {
  const Encoder encoder = named(ChatTemplateName::chatml);
  Dialogue plain;
  plain.source = "f:1";
  plain.prompt = "Hi";
  plain.text = " you";
  EXPECT_EQ("Hi⟦ you<|endoftext|>⟧", encoder.shown(plain));
  plain.prompt = "";
  const TokenExample text = encoder.encoder->encode(plain);
  EXPECT_EQ(text.pairs(), text.supervised());
}

TEST(DialogueEncoder, NamesOfSpecialTokensInATemplateTextAreThem) {
  const Encoder encoder = named(ChatTemplateName::plain);
  EXPECT_EQ(
      "### Instruction:\nHi\n\n### Response:\n⟦Hello Ωß<|endoftext|>⟧\n\n### Instruction:\nBye\n\n"
      "### Response:\n⟦See you\n<|endoftext|>⟧",
      encoder.shown(chat(kTwoTurns)));
}

TEST(DialogueEncoder, MasksThatTeachNothingOrTheQuestionsTooAreRefused) {
  Dialogue dialogue = chat(kTwoTurns);
  dialogue.weights = {1, 0, 1, 0};
  EXPECT_TRUE(contains(
      error_of([&] { named(ChatTemplateName::chatml).encoder->encode(dialogue); }, ErrorCode::data),
      "f:1: nothing of it is learned: every message of the assistant is empty or has weight 0"));
  const Encoder all =
      with("{% generation %}{% for m in messages %}{{ m.content }}{% endfor %}{% endgeneration %}",
           Learn::assistant);
  EXPECT_TRUE(contains(error_of([&] { all.encoder->encode(chat(kTwoTurns)); }),
                       "f:1: all of it would be learned, the questions too"));
}

TEST(DialogueEncoder, ATemplateThatRewritesEarlierAnswersNeedsMarks) {
  const std::string rewriting =
      "{% for m in messages %}{% if m.role == 'user' %}Q{{ m.content }}{% else %}A{{ m.content if "
      "loop.last else '...' }}{% endif %}{% endfor %}"
      "{% if add_generation_prompt %}A{% endif %}";
  EXPECT_TRUE(contains(
      error_of([&] { with(rewriting, Learn::assistant).encoder->encode(chat(kTwoTurns)); }),
      "f:1: the chat template writes message 2 differently once the dialogue goes on"));
  EXPECT_EQ("QHiA...QByeA⟦See you\n⟧", with(rewriting, Learn::last).shown(chat(kTwoTurns)));
}

TEST(DialogueEncoder, WhatATemplateRefusesNamesTheRow) {
  EXPECT_TRUE(contains(error_of([] {
                         Dialogue dialogue = chat(kTwoTurns);
                         dialogue.tools = parse_json(R"([{"type": "function"}])", "x");
                         named(ChatTemplateName::zephyr).encoder->encode(dialogue);
                       }),
                       "f:1: t.jinja"));
}

/// Sentencepiece puts a space before a text: the places of tokens are those of the text as given.
TEST(DialogueEncoder, PlacesOfTokensWithADummySpace) {
  SLOVO_SHARED_DATA(folder, "models/stories260K/hf");
  const auto stories = Tokenizer::load(folder);
  const std::string text = "Once upon a time</s>Tim ran.\n";
  const auto ids = stories->encode(text, SpecialTokens::none);
  const auto starts = token_starts(*stories, text, ids);
  ASSERT_EQ(ids.size() + 1, starts.size());
  EXPECT_EQ(0U, starts.front());
  EXPECT_EQ(text.size(), starts.back());
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string piece = text.substr(starts[i], starts[i + 1] - starts[i]);
    std::string token = stories->token(ids[i]);
    if (token.starts_with("<0x")) continue;
    for (size_t at; (at = token.find("▁")) != std::string::npos;) token.replace(at, 3, " ");
    EXPECT_TRUE(token == piece || token == " " + piece) << token << " is not " << piece;
  }
}

}  // namespace
}  // namespace slovo
