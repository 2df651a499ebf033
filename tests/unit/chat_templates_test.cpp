// The named chat templates: they write what the originals write, and mark the assistant's words.
#include "tokenizer/chat_templates.h"

#include "testing.h"
#include "tokenizer/chat_template.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

const SpecialTokenMap kTokens = {{"bos_token", "<bos>"}, {"eos_token", "<eos>"}};

Chat chat(const std::string& messages, bool prompt = false, const std::string& tools = "null") {
  return {parse_json(messages, "messages"), parse_json(tools, "tools"), nullptr, prompt};
}

const char* const kQuestion = R"([{"role": "user", "content": " Who?\n"}])";
const char* const kTurns =
    R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello Ωß "},
        {"role": "user", "content": "Bye"}, {"role": "assistant", "content": ""}])";
const char* const kSystem =
    R"([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "And now?"}])";
const char* const kTools =
    R"([{"type": "function", "function": {"name": "add", "parameters": {"a": 1}}}])";
const char* const kCalls =
    R"([{"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [
           {"type": "function", "function": {"name": "add", "arguments": {"a": 2}}},
           {"type": "function", "function": {"name": "add", "arguments": {"a": 3}}}]},
        {"role": "tool", "content": "4"}, {"role": "tool", "content": "5"},
        {"role": "assistant", "content": "Four."}])";

void expect_like(ChatTemplateName name, const std::filesystem::path& original,
                 const std::vector<Chat>& chats) {
  const auto ours = ChatTemplate::from_text(named_chat_template(name).text, to_name(name), kTokens);
  const auto theirs = ChatTemplate::from_text(read_file(original), original.string(), kTokens);
  for (const Chat& each : chats) EXPECT_EQ(theirs.render(each), ours.render(each)) << to_name(name);
}

TEST(NamedChatTemplates, WriteWhatTheOriginalsWrite) {
  SLOVO_SHARED_DATA(folder, "tokenizers/chat_templates");
  const std::vector<Chat> plain = {chat(kQuestion), chat(kQuestion, true), chat(kTurns),
                                   chat(kTurns, true)};
  std::vector<Chat> all = plain;
  all.insert(all.end(), {chat(kSystem), chat(kSystem, true)});
  expect_like(ChatTemplateName::gemma, folder / "google-gemma-2-2b-it.jinja", plain);
  expect_like(ChatTemplateName::llama3, folder / "meta-llama-Llama-3.1-8B-Instruct.jinja", all);
  expect_like(ChatTemplateName::mistral, folder / "mistralai-Mistral-Nemo-Instruct-2407.jinja",
              all);
  all.insert(all.end(),
             {chat(kCalls, true), chat(kCalls, false, kTools), chat(kSystem, true, kTools)});
  expect_like(ChatTemplateName::qwen, folder / "Qwen-Qwen2.5-7B-Instruct.jinja", all);
}

TEST(NamedChatTemplates, ZephyrAndPlain) {
  const auto render = [](ChatTemplateName name, const Chat& each) {
    return ChatTemplate::from_text(named_chat_template(name).text, "t", kTokens).render(each);
  };
  EXPECT_EQ(
      "<|system|>\nBe kind.<eos>\n<|user|>\nHi<eos>\n<|assistant|>\nHello<eos>\n<|user|>\nAnd "
      "now?<eos>\n"
      "<|assistant|>\n",
      render(ChatTemplateName::zephyr, chat(kSystem, true)));
  EXPECT_EQ(
      "Be kind.\n\n### Instruction:\nHi\n\n### Response:\nHello<eos>\n\n### Instruction:\nAnd "
      "now?\n\n"
      "### Response:\n",
      render(ChatTemplateName::plain, chat(kSystem, true)));
}

/// What a model is asked to go on from is the beginning of what it was taught.
TEST(NamedChatTemplates, ThePromptIsTheBeginningOfWhatIsTaught) {
  for (const std::string& name : all_names<ChatTemplateName>()) {
    const auto value = *from_name<ChatTemplateName>(name);
    if (value == ChatTemplateName::automatic) continue;
    const auto ours = ChatTemplate::from_text(named_chat_template(value).text, name, kTokens);
    const ChatText taught = ours.render_marked(chat(kTurns));
    ASSERT_EQ(2U, taught.assistant.size()) << name;
    const std::string prompt = ours.render(chat(R"([{"role": "user", "content": "Hi"}])", true));
    EXPECT_EQ(prompt, taught.text.substr(0, taught.assistant[0].first)) << name;
    const std::string answer = taught.text.substr(
        taught.assistant[0].first, taught.assistant[0].second - taught.assistant[0].first);
    EXPECT_TRUE(answer.starts_with("Hello Ωß")) << name << ": " << answer;
  }
}

TEST(NamedChatTemplates, WhatTheyHaveNoFormForIsRefused) {
  for (const auto name :
       {ChatTemplateName::gemma, ChatTemplateName::llama3, ChatTemplateName::mistral,
        ChatTemplateName::zephyr, ChatTemplateName::plain}) {
    const auto ours = ChatTemplate::from_text(named_chat_template(name).text, "t", kTokens);
    EXPECT_TRUE(
        contains(error_of([&] { ours.render(chat(kQuestion, false, kTools)); }, ErrorCode::data),
                 "template has no form for tools; take chatml or qwen"));
  }
  const auto gemma =
      ChatTemplate::from_text(named_chat_template(ChatTemplateName::gemma).text, "t", kTokens);
  EXPECT_TRUE(
      contains(error_of([&] { gemma.render(chat(kSystem)); }), "no form for a system message"));
}

TEST(NamedChatTemplates, ATokenizerGetsTheirTokens) {
  const auto base = testing::make_tokenizer(testing::small_model({"a", "b", "<|im_end|>"}, {}));
  const auto grown = with_chat_template(base, named_chat_template(ChatTemplateName::chatml));
  EXPECT_EQ(4, grown->vocab_size());
  EXPECT_EQ((std::vector<TokenId>{3, 0, 2}),
            grown->encode("<|im_start|>a<|im_end|>", SpecialTokens::none));
  EXPECT_TRUE(grown->is_special(2)) << "a token that was there is made special";
  const auto again = with_chat_template(grown, named_chat_template(ChatTemplateName::chatml));
  EXPECT_EQ(grown->fingerprint(), again->fingerprint());
  const testing::TempFolder folder;
  grown->save(folder.path());
  EXPECT_EQ(kDefaultChatTemplate, read_file(folder.path() / "chat_template.jinja"));
  EXPECT_TRUE(contains(
      error_of([&] { with_chat_template(base, named_chat_template(ChatTemplateName::zephyr)); },
               ErrorCode::config),
      "the zephyr template writes EOS, but the tokenizer has none; take another by --sft.template, "
      "such as chatml"));
}

}  // namespace
}  // namespace slovo
