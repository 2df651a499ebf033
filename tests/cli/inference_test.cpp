// generate and eval from the shell, on the tiny model of tests/fixtures/eval.
#include <sstream>

#include "core/json.h"
#include "core/text.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {
namespace {

using Words = std::vector<std::string>;

RunResult run_on_tiny(Words words, const Words& more, const std::string& input = "") {
  words.insert(words.end(), {"--model", fixture("eval").string(), "--threads", "1"});
  words.insert(words.end(), more.begin(), more.end());
  return run_slovo(words, input);
}

std::vector<Json> objects(const RunResult& result) {
  EXPECT_EQ(0, result.exit_code) << result.err;
  std::vector<Json> out;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) out.push_back(parse_json(line, "stdout"));
  return out;
}

std::string refusal(const RunResult& result) {
  EXPECT_EQ(2, result.exit_code) << result.err;
  EXPECT_EQ("", result.out);
  return result.err;
}

TEST(Generate, GivesOneObjectACompletionInOrder) {
  const auto completions =
      objects(run_on_tiny({"generate"}, {"--json", "-n", "2", "--max-tokens", "3", "--logprobs",
                                         "The ship", "Корабль"}));
  ASSERT_EQ(4U, completions.size());
  EXPECT_EQ("The ship", completions[1]["prompt"]);
  EXPECT_EQ("Корабль", completions[2]["prompt"]);
  EXPECT_EQ("fp32", completions[0]["dtype"]);
  for (const Json& completion : completions) {
    EXPECT_EQ(completion["ids"].size(), completion["logprobs"].size());
    EXPECT_TRUE(completion["finish_reason"] == "stop" || completion["finish_reason"] == "length");
  }
}

TEST(Generate, TakesPromptsFromArgumentsStdinAndFiles) {
  const TempFolder folder;
  const std::string file = folder.write("prompt.txt", "from\na file\n");
  const auto completions = objects(run_on_tiny(
      {"generate"}, {"--json", "--max-tokens", "1", "--prompt-file", file, "from words", "-"},
      "from stdin\n"));
  ASSERT_EQ(3U, completions.size());
  EXPECT_EQ("from words", completions[0]["prompt"]);
  EXPECT_EQ("from stdin", completions[1]["prompt"]);
  EXPECT_EQ("from\na file", completions[2]["prompt"]);
}

TEST(Generate, PrintsPromptAndTextAndKeepsSeveralApart) {
  const Words settings = {"--max-tokens", "2", "--temperature", "0"};
  Words one = settings, two = settings;
  one.emplace_back("The ship");
  two.insert(two.end(), {"The ship", "N"});
  EXPECT_TRUE(run_on_tiny({"generate"}, one).out.starts_with("The ship"));
  const std::string both = run_on_tiny({"generate"}, two).out;
  EXPECT_TRUE(contains(both, "--- prompt 1 ---\nThe ship"));
  EXPECT_TRUE(contains(both, "--- prompt 2 ---\nN"));
}

TEST(Generate, MistakesAreRefused) {
  EXPECT_TRUE(contains(refusal(run_on_tiny({"generate"}, {"--json", "\xFF"})), "not UTF-8"));
  EXPECT_TRUE(
      contains(refusal(run_on_tiny({"generate"}, {"--json", "--stop", "", "a"})), "decode.stop"));
  EXPECT_TRUE(
      contains(refusal(run_on_tiny({"generate"}, {"--json", std::string(80, 'Q')})), "at most 47"));
}

TEST(EvalPerplexity, PrintsATableOrJson) {
  const TempFolder folder;
  const std::string file = folder.write("text.txt", "The ship left the harbour at dawn.");
  const RunResult table =
      run_on_tiny({"eval", "perplexity"}, {"--data", file, "--window", "8", "--stride", "4"});
  EXPECT_EQ(0, table.exit_code) << table.err;
  EXPECT_TRUE(contains(table.out, "strided, windows of 8 tokens every 4"));
  EXPECT_TRUE(contains(table.out, "bits per byte"));
  const auto result = objects(run_on_tiny({"eval", "perplexity"}, {"--data", file, "--json"}));
  ASSERT_EQ(1U, result.size());
  EXPECT_EQ("windows", result[0]["protocol"]);
  EXPECT_EQ(34, result[0]["bytes"]);
  EXPECT_EQ(7, result[0]["words"]);
}

TEST(EvalPerplexity, AWeightIsRefused) {
  const TempFolder folder;
  const std::string file = folder.write("text.txt", "Some text.");
  EXPECT_TRUE(contains(refusal(run_on_tiny({"eval", "perplexity"}, {"--data", file + "=0.5"})),
                       "has a weight"));
}

TEST(EvalScore, AnswersLineForLineWithAnyBatchSize) {
  std::string input;
  for (int i = 0; i < 40; ++i)
    input += cat("{\"ids\": [0, ", i + 2, ", ", i % 3 == 0 ? "5, 6, 7" : "8", "]}\n");
  const auto scores =
      objects(run_on_tiny({"eval", "score"}, {"--data", "-", "--eval.batch_size", "2"}, input));
  ASSERT_EQ(40U, scores.size());
  for (int i = 0; i < 40; ++i) {
    const Json& score = scores[static_cast<size_t>(i)];
    EXPECT_EQ(i + 2, score["ids"][0]);
    EXPECT_EQ(score["ids"].size(), score["logprobs"].size());
  }
}

TEST(EvalScore, ABrokenLineIsNamed) {
  const RunResult result =
      run_on_tiny({"eval", "score"}, {"--data", "-"}, "{\"ids\": [1, 2]}\n{\"ids\": [1, 2\n");
  EXPECT_TRUE(contains(refusal(result), "stdin:2"));
  EXPECT_TRUE(contains(refusal(run_on_tiny({"eval", "score"}, {"--data", "-", "--window", "8"})),
                       "eval.window"));
}

}  // namespace
}  // namespace slovo::testing
