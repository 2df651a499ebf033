// The forms of instruction data: what each row becomes, and what is said of one that does not fit.
#include "data/instruction_format.h"

#include "testing.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

Dialogue only(const std::string& row) {
  const Json json = parse_json(row, "row");
  const auto dialogues =
      read_dialogues(json, recognise_format(json, "f.json, row 1"), "f.json, row 1");
  EXPECT_EQ(1U, dialogues.size());
  return dialogues.at(0);
}

std::string problem(const std::string& row) {
  return error_of([&] { only(row); }, ErrorCode::data);
}

Json said(const std::string& role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

TEST(InstructionFormat, EachFormIsRecognisedByItsKeys) {
  const auto form = [](const std::string& row) {
    return to_name(recognise_format(parse_json(row, "row"), "row"));
  };
  EXPECT_EQ("messages", form(R"({"messages": []})"));
  EXPECT_EQ("sharegpt", form(R"({"id": 1, "conversations": []})"));
  EXPECT_EQ("alpaca", form(R"({"instruction": "a", "input": "", "output": "b"})"));
  EXPECT_EQ("alpaca", form(R"({"instruction": "a", "response": "b"})"));
  EXPECT_EQ("self_instruct", form(R"({"instruction": "a", "instances": []})"));
  EXPECT_EQ("prompt_completion", form(R"({"prompt": "a", "completion": "b"})"));
  EXPECT_EQ("oasst", form(R"({"prompt": {"text": "a", "replies": []}})"));
  EXPECT_EQ("text", form(R"({"text": "a"})"));
}

TEST(InstructionFormat, RolesOfShareGptBecomeThoseOfTemplates) {
  const Dialogue dialogue = only(R"({"system": "Be kind.", "conversations": [
      {"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]})");
  EXPECT_EQ(Json({said("system", "Be kind."), said("user", "Hi"), said("assistant", "Hello")}),
            dialogue.messages);
  EXPECT_TRUE(dialogue.tools.is_null());
  EXPECT_EQ((std::vector<double>{1, 1, 1}), dialogue.weights);
}

TEST(InstructionFormat, CallsOfFunctionsAreMessagesWithObjects) {
  const Dialogue dialogue = only(R"({"conversations": [
      {"from": "human", "value": "2+2?"},
      {"from": "function_call", "value": "{\"name\": \"add\", \"arguments\": {\"a\": 2}}"},
      {"from": "observation", "value": "4"}, {"from": "gpt", "value": "Four."}],
      "tools": "[{\"name\": \"add\", \"parameters\": {}}]"})");
  EXPECT_EQ(parse_json(R"({"role": "assistant", "content": "", "tool_calls": [
                {"type": "function", "function": {"name": "add", "arguments": {"a": 2}}}]})",
                       "x"),
            dialogue.messages[1]);
  EXPECT_EQ(said("tool", "4"), dialogue.messages[2]);
  EXPECT_EQ(
      parse_json(R"([{"type": "function", "function": {"name": "add", "parameters": {}}}])", "x"),
      dialogue.tools);
}

TEST(InstructionFormat, ArgumentsInAStringBecomeAnObject) {
  const Dialogue dialogue = only(R"({"messages": [{"role": "user", "content": "?"},
      {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
       "function": {"name": "f", "arguments": "{\"x\": 1}"}}]}]})");
  const Json& call = dialogue.messages[1]["tool_calls"][0];
  EXPECT_EQ("c1", call["id"]);
  EXPECT_EQ(Json({{"x", 1}}), call["function"]["arguments"]);
  EXPECT_EQ("", dialogue.messages[1]["content"]);
}

TEST(InstructionFormat, ContentsInPartsAreJoined) {
  const Dialogue dialogue = only(R"({"messages": [
      {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "value": "b"}]},
      {"role": "assistant", "content": [{"type": "reasoning", "value": "hm"}, "c",
        {"type": "tool_call", "value": "{\"name\": \"f\", \"arguments\": {}}"}], "loss_weight": 0.5}]})");
  EXPECT_EQ("ab", dialogue.messages[0]["content"]);
  EXPECT_EQ("c", dialogue.messages[1]["content"]);
  EXPECT_EQ("hm", dialogue.messages[1]["reasoning_content"]);
  EXPECT_EQ("f", dialogue.messages[1]["tool_calls"][0]["function"]["name"]);
  EXPECT_EQ(0.5, dialogue.weights[1]);
  EXPECT_TRUE(contains(
      problem(R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})"),
      R"(f.json, row 1, message 1: the content has a part of type "image_url"; only text, reasoning and tool_call can be learned)"));
}

TEST(InstructionFormat, AlpacaWithInputHistoryAndSystem) {
  const Dialogue dialogue = only(R"({"system": "S", "history": [["q", "a"]], "instruction": "Do",
                                     "input": "this", "output": "done"})");
  EXPECT_EQ(Json({said("system", "S"), said("user", "q"), said("assistant", "a"),
                  said("user", "Do\nthis"), said("assistant", "done")}),
            dialogue.messages);
  EXPECT_TRUE(contains(problem(R"({"instruction": "x", "output": "y", "history": ["q"]})"),
                       R"("history" must be a list of [question, answer] pairs)"));
}

TEST(InstructionFormat, EachInstanceOfATaskIsAnExample) {
  const Json row = parse_json(
      R"({"instruction": "Add", "instances": [{"input": "1", "output": "2"}, {"input": "", "output": "3"}]})",
      "r");
  const auto dialogues = read_dialogues(row, InstructionFormat::self_instruct, "f:1");
  ASSERT_EQ(2U, dialogues.size());
  EXPECT_EQ("Add\n1", dialogues[0].messages[0]["content"]);
  EXPECT_EQ("f:1, instance 2", dialogues[1].source);
}

TEST(InstructionFormat, PlainPromptsAreNotPutIntoATemplate) {
  const Dialogue plain = only(R"({"prompt": "2+2=", "completion": "4"})");
  EXPECT_FALSE(plain.is_chat());
  EXPECT_EQ("2+2=", plain.prompt);
  EXPECT_EQ("4", plain.text);
  const Dialogue chat =
      only(R"({"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
      {"role": "user", "content": "r"}], "completion": [{"role": "assistant", "content": "b"}]})");
  EXPECT_EQ((std::vector<double>{0, 0, 0, 1}), chat.weights) << "the prompt is not learned";
}

TEST(InstructionFormat, AThreadForEachLastReplyLearnsEveryReplyOnce) {
  const Json row = parse_json(R"({"prompt": {"role": "prompter", "text": "q", "replies": [
      {"role": "assistant", "text": "a", "replies": [
        {"role": "prompter", "text": "r", "replies": [{"role": "assistant", "text": "b"}]},
        {"role": "prompter", "text": "s", "replies": [{"role": "assistant", "text": "c"}]}]},
      {"role": "assistant", "text": "d", "deleted": true},
      {"role": "assistant", "text": "e", "replies": [{"role": "prompter", "text": "unanswered"}]}]}})",
                              "r");
  const auto threads = read_dialogues(row, InstructionFormat::oasst, "f:1");
  ASSERT_EQ(3U, threads.size());
  EXPECT_EQ(
      Json({said("user", "q"), said("assistant", "a"), said("user", "r"), said("assistant", "b")}),
      threads[0].messages);
  EXPECT_EQ((std::vector<double>{1, 1, 1, 1}), threads[0].weights);
  EXPECT_EQ((std::vector<double>{0, 0, 1, 1}), threads[1].weights);
  EXPECT_EQ(Json({said("user", "q"), said("assistant", "e")}), threads[2].messages);
  EXPECT_EQ("f:1, thread 3", threads[2].source);
}

TEST(InstructionFormat, ColumnsOfOtherNames) {
  const ColumnNames columns = parse_columns({"output=answer", "instruction=question"});
  Json row = parse_json(R"({"question": "q", "answer": "a"})", "r");
  rename_columns(row, columns, "f:1");
  EXPECT_EQ(InstructionFormat::alpaca, recognise_format(row, "f:1"));
  EXPECT_TRUE(
      contains(error_of([&] { rename_columns(row, columns, "f:2"); }),
               R"(f:2: has no key "question", which data.columns gives for instruction; it has )"));
  EXPECT_TRUE(contains(error_of([] { parse_columns({"output"}); }, ErrorCode::config),
                       R"(data.columns is "output"; write NAME=KEY, such as output=answer)"));
  EXPECT_TRUE(
      contains(error_of([] { parse_columns({"outptu=x"}); }),
               R"x("outptu" is not a name that slovo looks for (did you mean "output"?))x"));
}

TEST(InstructionFormat, UnfitRowsAreToldWhatTheyLack) {
  const std::string row = "f.json, row 1";
  EXPECT_TRUE(contains(problem(R"(["a"])"), row + ": is a list; each row must be an object with"));
  EXPECT_TRUE(contains(problem(R"({"id": 1})"), row + ": is of no known form; it has id."));
  EXPECT_TRUE(
      contains(problem(R"({"turns": ["q"]})"), "It seems to hold questions without answers"));
  EXPECT_TRUE(
      contains(problem(R"({"choices": []})"), "It seems to hold answers without their questions"));
  EXPECT_TRUE(contains(problem(R"({"messages": [{"role": "user", "content": "q"}]})"),
                       row + ": the assistant says nothing in it, so there is nothing to learn"));
  EXPECT_TRUE(contains(problem(R"({"messages": [{"role": "usr", "content": "q"}]})"),
                       row + R"x(, message 1: role "usr" is not known (did you mean "user"?))x"));
  EXPECT_TRUE(contains(problem(R"({"messages": [{"content": "q"}]})"),
                       row + R"(, message 1: has no "role"; it has content)"));
  EXPECT_TRUE(contains(problem(R"({"messages": [{"role": "user", "content": 7}]})"),
                       row + ", message 1: the content is a number; it must be a string"));
  EXPECT_TRUE(contains(problem(R"({"messages": ["hi"]})"), row + ", message 1: is a string"));
  EXPECT_TRUE(contains(problem(R"({"instruction": "q", "output": ["a"]})"),
                       row + R"(: "output" is a list; it must be a string)"));
  EXPECT_TRUE(contains(problem(R"({"text": ""})"), row + R"(: "text" is empty)"));
  EXPECT_TRUE(contains(
      problem(R"({"messages": [{"role": "assistant", "content": "a", "weight": "much"}]})"),
      "the weight is a string; it must be a number"));
}

TEST(InstructionFormat, EqualExamplesHaveEqualHashes) {
  const std::string row = R"({"instruction": "a", "output": "b"})";
  EXPECT_EQ(only(row).content_hash(),
            only(R"({"output": "b", "input": "", "instruction": "a"})").content_hash());
  EXPECT_NE(only(row).content_hash(),
            only(R"({"instruction": "a", "output": "c"})").content_hash());
}

}  // namespace
}  // namespace slovo
