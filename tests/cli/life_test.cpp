// A model's life from the shell, on a text made here: pretrain, generate, evaluate; interrupted,
// killed and resumed. Each test checks exit codes, that stdout holds results only, and the files
// that are left.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tiny_commands.h"

namespace slovo::testing {
namespace {

namespace fs = std::filesystem;
using Life = TinyCommands;

void expect_keys(const Json& json, const Words& keys) {
  for (const auto& key : keys)
    EXPECT_TRUE(json.contains(key)) << key << " is not in " << json.dump();
}

TEST_F(Life, PretrainGenerateEvaluate) {
  const RunResult trained = run(pretrain("run", {"--json"}));
  const auto result = json_lines(trained.out);
  ASSERT_EQ(1u, result.size()) << "one JSON object and nothing else";
  expect_keys(result[0], {"parameters", "val_loss", "model", "dtype"});
  EXPECT_LT(result[0]["val_loss"].get<double>(), 2.0) << "fewer nats than guessing";

  for (const char* file :
       {"run.json", "metrics.jsonl", "model/config.json", "model/model.safetensors",
        "model/tokenizer.json", "model/generation_config.json"}) {
    EXPECT_TRUE(fs::exists(folder_.path() / "run" / file)) << file;
  }
  const auto metrics = json_lines(read_file(folder_.path() / "run/metrics.jsonl"));
  ASSERT_FALSE(metrics.empty());
  expect_keys(metrics[0], {"step", "tokens", "loss", "lr", "grad_norm", "tokens_per_s"});
  EXPECT_GT(metrics[0]["loss"].get<double>(), result[0]["val_loss"].get<double>());

  const Words generate = {"generate",     "--model", folder_ / "run", "--temperature", "0",
                          "--max-tokens", "20",      "the cat"};
  const RunResult plain = run(generate);
  EXPECT_TRUE(plain.out.starts_with("the cat ")) << plain.out;
  Words as_json = generate;
  as_json.insert(as_json.end() - 1, "--json");
  const auto completions = json_lines(run(as_json).out);
  ASSERT_EQ(1u, completions.size());
  expect_keys(completions[0], {"prompt", "text", "ids", "finish_reason"});
  EXPECT_EQ(plain.out, "the cat" + completions[0]["text"].get<std::string>() + "\n");
  EXPECT_EQ(20u, completions[0]["ids"].size());
  EXPECT_EQ("length", completions[0]["finish_reason"]);
  EXPECT_EQ(plain.out, run({"generate", "--model", folder_ / "run", "--temperature", "0",
                            "--max-tokens", "20", "-"},
                           "the cat\n")
                           .out)
      << "a prompt from stdin";

  const Words perplexity = {"eval",   "perplexity", "--model", folder_ / "run",
                            "--data", text_,        "--json"};
  const auto measured = json_lines(run(perplexity).out);
  ASSERT_EQ(1u, measured.size());
  expect_keys(measured[0],
              {"protocol", "tokens", "nll_per_token", "token_perplexity", "word_perplexity",
               "byte_perplexity", "bits_per_byte", "window", "stride", "bos"});
  EXPECT_LT(measured[0]["nll_per_token"].get<double>(), 2.0);
}

TEST_F(Life, ScoresTextsAndIds) {
  run(pretrain("run"));
  const std::string requests =
      folder_.write("pairs.jsonl",
                    "{\"context\": \"the cat\", \"continuation\": \" sees\"}\n{\"context\": \"the "
                    "cat\", \"continuation\": "
                    "\" zsee\"}\n{\"ids\": [1, 2, 3]}\n");
  const auto scores =
      json_lines(run({"eval", "score", "--model", folder_ / "run", "--data", requests}).out);
  ASSERT_EQ(3u, scores.size()) << "one line each, in the same order";
  for (const Json& score : scores)
    expect_keys(score, {"ids", "logprobs", "sum_logprob", "is_greedy"});
  EXPECT_EQ(5u, scores[0]["logprobs"].size());
  EXPECT_GT(scores[0]["sum_logprob"].get<double>(), scores[1]["sum_logprob"].get<double>());
}

TEST_F(Life, ADryRunWritesNothing) {
  const RunResult result = run(pretrain("run", {"--dry-run"}));
  EXPECT_TRUE(contains(result.out, "\"hidden_size\": 32"));
  EXPECT_FALSE(fs::exists(folder_.path() / "run"));
  EXPECT_FALSE(fs::exists(folder_.path() / "cache"));
}

TEST_F(Life, TheSameSeedGivesTheSameBytes) {
  run(pretrain("one"));
  run(pretrain("two"));
  run(pretrain("other", {"--seed", "7"}));
  EXPECT_EQ(weights("one"), weights("two"));
  EXPECT_NE(weights("one"), weights("other"));
}

TEST_F(Life, KilledRunsResumeToTheSameBytes) {
  run(pretrain("straight"));
  for (int wait_ms : {0, 5, 40}) {
    const std::string out = cat("killed-", wait_ms);
    const int process = start_slovo(pretrain(out));
    for (int i = 0; i < 2000 && !has_checkpoint(out); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    const int code = finish_slovo(process, SIGKILL);
    if (code == 0) continue;  // it was done before the kill
    EXPECT_EQ(128 + SIGKILL, code);
    run({"pretrain", "--out", folder_ / out, "--resume"});
    EXPECT_EQ(weights("straight"), weights(out));
  }
}

TEST_F(Life, SigtermFinishesTheStepAndCanBeResumed) {
  const int process =
      start_slovo(pretrain("run", {"--train.steps", "100000", "--train.schedule", "constant"}));
  for (int i = 0; i < 2000 && !has_checkpoint("run"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(has_checkpoint("run"));
  EXPECT_EQ(130, finish_slovo(process, SIGTERM));
  const auto metrics = json_lines(read_file(folder_.path() / "run/metrics.jsonl"));
  const int64_t reached = metrics.back()["step"].get<int64_t>();
  const RunResult resumed = run_slovo({"pretrain", "--out", folder_ / "run", "--resume",
                                       "--train.steps", std::to_string(reached + 20)});
  EXPECT_EQ(0, resumed.exit_code) << resumed.err;
  EXPECT_TRUE(contains(resumed.err, "train.steps")) << "the difference is named";
}

TEST_F(Life, MistakesLeaveThingsAsTheyWere) {
  run(pretrain("run"));
  const std::string before = weights("run");
  EXPECT_TRUE(contains(refused(pretrain("run")), "--resume"))
      << "an existing run is not written over";
  EXPECT_TRUE(contains(
      refused({"pretrain", "--out", folder_ / "run", "--resume", "--model.hidden_size", "64"}),
      "model.hidden_size"));
  folder_.write("other.txt", tiny_text(500));
  EXPECT_TRUE(contains(
      refused({"pretrain", "--out", folder_ / "run", "--resume", "--data", folder_ / "other.txt"}),
      "data"));
  EXPECT_EQ(before, weights("run"));
  EXPECT_TRUE(contains(refused({"generate", "--model", folder_ / "nothing", "x"}), "nothing"));
  EXPECT_TRUE(contains(
      refused({"eval", "perplexity", "--model", folder_ / "run", "--data", folder_ / "no.txt"}),
      "no.txt"));
  folder_.write("cp1251.txt", "\xD1\xEB\xEE\xE2\xEE");
  const std::string encoding =
      refused({"eval", "perplexity", "--model", folder_ / "run", "--data", folder_ / "cp1251.txt"});
  EXPECT_TRUE(contains(encoding, "UTF-8"));
  EXPECT_TRUE(contains(encoding, "iconv"));
}

TEST_F(Life, CudaThatIsAbsentIsNamed) {
  if (fs::exists("/dev/nvidia0")) GTEST_SKIP() << "a GPU is here";
  const RunResult result =
      run_slovo({"pretrain", "--data", text_, "--out", folder_ / "run", "--device", "cuda"});
  EXPECT_EQ(2, result.exit_code);
  EXPECT_TRUE(contains(result.err, "cuda"));
  EXPECT_FALSE(fs::exists(folder_.path() / "run"));
}

}  // namespace
}  // namespace slovo::testing
