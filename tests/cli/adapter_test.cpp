// Adapters from the shell, on the tiny model of tests/fixtures/eval: used, merged, and refused.
#include "core/json.h"
#include "core/text.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {
namespace {

using Words = std::vector<std::string>;

const std::string kBase = fixture("eval").string();
const std::string kAdapter = (fixture("lora") / "eval_lora").string();

std::string greedy(const Words& model) {
  Words words = {"generate", "--threads",    "1",  "--temperature",
                 "0",        "--max-tokens", "12", "The ship"};
  words.insert(words.end(), model.begin(), model.end());
  const RunResult result = run_slovo(words);
  EXPECT_EQ(0, result.exit_code) << result.err;
  return result.out;
}

std::string refusal(const Words& words) {
  const RunResult result = run_slovo(words);
  EXPECT_EQ(2, result.exit_code) << result.err;
  EXPECT_EQ("", result.out);
  return result.err;
}

TEST(Adapter, ChangesWhatIsGenerated) {
  const std::string adapted = greedy({"--model", kBase, "--adapter", kAdapter});
  EXPECT_NE(adapted, greedy({"--model", kBase}));
  EXPECT_EQ(adapted, greedy({"--model", kAdapter}));  // the adapter names its model
}

TEST(Adapter, IsEvaluatedWithItsModel) {
  const TempFolder folder;
  const std::string text = folder.write("text.txt", "The ship left the harbour at dawn.");
  const auto evaluate = [&](const Words& more) {
    Words words = {"eval", "perplexity", "--model",   kBase, "--data",
                   text,   "--json",     "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    const RunResult result = run_slovo(words);
    EXPECT_EQ(0, result.exit_code) << result.err;
    return parse_json(result.out, "stdout");
  };
  const Json adapted = evaluate({"--adapter", kAdapter});
  EXPECT_NE(adapted["nll_per_token"], evaluate({})["nll_per_token"]);
  EXPECT_TRUE(contains(adapted["model"].get<std::string>(), "eval_lora"));
}

TEST(ModelMerge, WritesAModelThatNeedsNoAdapter) {
  const TempFolder folder;
  const std::string out = folder / "merged";
  const RunResult result = run_slovo(
      {"model", "merge", "--model", kBase, "--adapter", kAdapter, "--out", out, "--json"});
  ASSERT_EQ(0, result.exit_code) << result.err;
  const Json report = parse_json(result.out, "stdout");
  EXPECT_EQ(out, report["out"]);
  EXPECT_GT(report["largest_logit_difference"].get<double>(), 0);
  EXPECT_LT(report["largest_logit_difference"].get<double>(), 1e-4);
  EXPECT_EQ(greedy({"--model", out}), greedy({"--model", kBase, "--adapter", kAdapter}));
  EXPECT_EQ(read_json(fixture("eval") / "config.json"),
            read_json(std::filesystem::path(out) / "config.json"));
}

TEST(ModelMerge, FindsTheModelThatTheAdapterNames) {
  const TempFolder folder;
  const RunResult result =
      run_slovo({"model", "merge", "--adapter", kAdapter, "--out", folder / "merged"});
  EXPECT_EQ(0, result.exit_code) << result.err;
  EXPECT_TRUE(contains(result.out, "its logits differ by at most"));
}

TEST(ModelMerge, MistakesAreRefused) {
  const TempFolder folder;
  const std::string out = folder / "merged";
  EXPECT_TRUE(
      contains(refusal({"model", "merge", "--adapter", kAdapter, "--out", folder.path().string()}),
               "is there already"));
  EXPECT_TRUE(contains(refusal({"model", "merge", "--adapter", kBase, "--out", out}),
                       "is a model, not an adapter"));
  EXPECT_TRUE(contains(
      refusal({"model", "merge", "--model", kBase, "--adapter", folder / "no", "--out", out}),
      "no such folder"));
  EXPECT_TRUE(contains(refusal({"model", "merge", "--out", out}), "--adapter"));
  EXPECT_TRUE(contains(refusal({"model", "merge", "--model", fixture("models/gpt2").string(),
                                "--adapter", kAdapter, "--out", out}),
                       "tokenizer"));
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace slovo::testing
