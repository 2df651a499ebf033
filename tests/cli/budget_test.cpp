// `slovo pretrain --budget` from the shell: what it settles, predicts, records and refuses.
#include <chrono>
#include <cmath>

#include "tiny_commands.h"

namespace slovo::testing {
namespace {

class BudgetCommand : public TinyCommands {
 protected:
  /// A run on one thread whose shape and length are open.
  Words open_run(const std::string& out, const std::string& budget, const Words& more = {}) {
    Words words = {"pretrain", config_,       "--data",   text_,
                   "--out",    folder_ / out, "--budget", budget};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string text_ = folder_.write("text.txt", tiny_text(4000));
  std::string config_ = folder_.write("open.json", cat(R"({
    "run": {"device": "cpu", "threads": 1},
    "tokenizer": {"kind": "char"},
    "data": {"seq_len": 32, "cache_dir": ")",
                                                       folder_ / "cache", R"("}})"));
};

TEST_F(BudgetCommand, OfTimeMakesARunOfAboutThatTime) {
  const auto start = std::chrono::steady_clock::now();
  const RunResult result = run(open_run("run", "8s", {"--json"}));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 24);
  EXPECT_TRUE(contains(result.err, "budget of 8s: ")) << result.err;
  const Json summary = json_lines(result.out).back();
  const Json settled = recorded("run");
  EXPECT_EQ(settled["model"]["hidden_size"].get<int64_t>(),
            64 * settled["model"]["num_hidden_layers"].get<int64_t>());
  EXPECT_EQ(settled["train"]["optimizer"], "muon");
  EXPECT_EQ(summary["steps"], settled["train"]["steps"]);
  const Json record = read_json(folder_.path() / "run/run.json");
  EXPECT_EQ(record["budget"], summary["budget"]);
  EXPECT_EQ(record["budget"]["asked"], "8s");
}

TEST_F(BudgetCommand, OfArithmeticPredictsTheLoss) {
  const Words more = {"--json", "--train.batch_size", "4", "--model.hidden_size", "32"};
  const Json summary = json_lines(run(open_run("run", "2e10flop", more)).out).back();
  const Json predicted = summary["budget"]["predicted_loss"];
  EXPECT_EQ(summary["budget"]["trials"].size(), 3u);
  EXPECT_LT(predicted["low"], predicted["best"]);
  EXPECT_LT(predicted["best"], predicted["high"]);
  EXPECT_NEAR(predicted["best"].get<double>(), summary["val_loss"].get<double>(), 1);
  EXPECT_EQ(recorded("run")["train"]["batch_size"], 4);
  EXPECT_EQ(recorded("run")["model"]["hidden_size"], 32);
}

TEST_F(BudgetCommand, OfADryRunWritesNothing) {
  const RunResult result = run(open_run("run", "1e10flop", {"--dry-run", "--json"}));
  const Json plan = json_lines(result.out).back();
  EXPECT_EQ(plan["budget"]["asked"], "1e10flop");
  EXPECT_EQ(plan["config"]["train"]["steps"], plan["steps"]);
  EXPECT_FALSE(plan["energy"]["watts"].get<double>() <= 0);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run"));
}

TEST_F(BudgetCommand, ARunThatGoesOnKeepsWhatWasSettled) {
  run(open_run("run", "1e10flop"));
  const Json before = read_json(folder_.path() / "run/run.json");
  const std::string more = std::to_string(before["config"]["train"]["steps"].get<int64_t>() + 2);
  run({"pretrain", "--out", folder_ / "run", "--resume", "--train.steps", more});
  const Json after = read_json(folder_.path() / "run/run.json");
  EXPECT_EQ(after["budget"], before["budget"]);
  EXPECT_EQ(after["config"]["model"], before["config"]["model"]);
}

TEST_F(BudgetCommand, MistakesAreRefused) {
  EXPECT_TRUE(contains(refused(open_run("a", "ten")),
                       "--budget is \"ten\"; must be a time such as 90s, 10m or 2h, or operations "
                       "such as 1e16flop"));
  EXPECT_TRUE(contains(refused(open_run("a", "1m", {"--resume"})),
                       "--budget chooses a new model: it does not go with --resume"));
  EXPECT_TRUE(contains(refused(open_run("a", "1m", {"--model", "m"})), "does not go with --model"));
  EXPECT_TRUE(contains(refused(open_run("a", "1m",
                                        {"--model.hidden_size", "32", "--model.num_hidden_layers",
                                         "2", "--train.epochs", "1"})),
                       "--budget 1m has nothing to choose"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "a"));
}

}  // namespace
}  // namespace slovo::testing
