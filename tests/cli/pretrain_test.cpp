// `slovo pretrain` from the shell beyond the plain run (life_test.cpp): going on from a model,
// resuming, samples, and runs that fail.
#include <signal.h>

#include <chrono>
#include <thread>

#include "tiny_commands.h"

namespace slovo::testing {
namespace {

namespace fs = std::filesystem;

class Pretrain : public TinyCommands {
 protected:
  std::vector<Json> metrics(const std::string& out) const {
    return json_lines(read_file(folder_.path() / out / "metrics.jsonl"));
  }

  /// Starts a run and kills it once it has logged a step.
  void kill_at_work(const Words& words, const std::string& out) {
    const int process = start_slovo(words);
    const fs::path metrics = folder_.path() / out / "metrics.jsonl";
    for (int i = 0; i < 4000 && !(fs::exists(metrics) && fs::file_size(metrics) > 0); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_EQ(128 + SIGKILL, finish_slovo(process, SIGKILL)) << "it ended before it was killed";
  }
};

TEST_F(Pretrain, GoesOnFromAModelWithItsShapeAndTokenizer) {
  run(pretrain("base"));
  run({"pretrain", "--model", folder_ / "base", "--data", text_, "--out", folder_ / "more",
       "--data.cache_dir", folder_ / "cache", "--data.seq_len", "32", "--train.steps", "10",
       "--threads", "1"});
  for (const char* file : {"config.json", "tokenizer.json"}) {
    EXPECT_EQ(read_file(folder_.path() / "base/model" / file),
              read_file(folder_.path() / "more/model" / file));
  }
  EXPECT_NE(weights("base"), weights("more"));
  EXPECT_LT(metrics("more").front().at("loss").get<double>(),
            metrics("base").front().at("loss").get<double>() - 0.5)
      << "what was learned is there";
}

TEST_F(Pretrain, AModelThatTheSettingsContradictIsRefused) {
  run(pretrain("base"));
  const Words from_base = {"pretrain", "--model",          folder_ / "base", "--data",
                           text_,      "--data.cache_dir", folder_ / "cache"};
  const auto with = [&](const Words& more) {
    Words words = from_base;
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--out", folder_ / "deep/more"});
    return words;
  };
  const std::string shape = refused(with({"--model.hidden_size", "64", "--data.seq_len", "32"}));
  EXPECT_TRUE(contains(shape, "model.hidden_size is 64 but "));
  EXPECT_TRUE(contains(shape, "config.json has 32; leave out model.* to take the folder's"));
  EXPECT_TRUE(contains(
      refused(with({"--data.seq_len", "64"})),
      "data.seq_len is 64 but the model's longest context is 32 (model.max_position_embeddings); "
      "lower data.seq_len"));
  EXPECT_FALSE(fs::exists(folder_.path() / "deep")) << "nothing is left behind";
}

TEST_F(Pretrain, ARunFromAModelResumesBeforeItsFirstCheckpoint) {
  run(pretrain("base"));
  const auto more = [&](const std::string& out) {
    return Words{"pretrain",
                 "--model",
                 folder_ / "base",
                 "--data",
                 text_,
                 "--out",
                 folder_ / out,
                 "--data.seq_len",
                 "32",
                 "--train.steps",
                 "400",
                 "--data.cache_dir",
                 folder_ / "cache",
                 "--threads",
                 "1",
                 "--train.log_every",
                 "1",
                 "--train.checkpoint_every",
                 "0",
                 "--train.eval_every",
                 "0"};
  };
  run(more("straight"));
  ASSERT_NO_FATAL_FAILURE(kill_at_work(more("killed"), "killed"));
  ASSERT_FALSE(has_checkpoint("killed"));
  run({"pretrain", "--out", folder_ / "killed", "--resume"});
  EXPECT_EQ(weights("straight"), weights("killed"));
  EXPECT_EQ(metrics("straight").size(), metrics("killed").size());
}

TEST_F(Pretrain, ABranchEqualsARunThatFellFromTheStart) {
  const Words level = {"--train.schedule", "constant", "--train.warmup_steps", "3",
                       "--train.keep",     "9",        "--train.optimizer",    "muon"};
  const Words falling = {"--train.schedule",    "wsd", "--train.steps",        "30",
                         "--train.decay_steps", "12",  "--train.warmup_steps", "3",
                         "--train.optimizer",   "muon"};
  run(pretrain("long", level));
  run(pretrain("straight", falling));
  const std::string checkpoint = folder_ / "long/checkpoints/step-00000010/";
  run({"pretrain", "--branch", checkpoint, "--out", folder_ / "branch", "--train.schedule", "wsd",
       "--train.steps", "30", "--train.decay_steps", "12"});
  EXPECT_EQ(weights("straight"), weights("branch"));
  EXPECT_EQ(metrics("straight").size(), metrics("branch").size()) << "the steps before are there";
  EXPECT_EQ(40, metrics("long").back().at("step")) << "the run it came from is as it was";

  EXPECT_TRUE(contains(refused({"pretrain", "--branch", folder_ / "long", "--out", folder_ / "no"}),
                       "is no checkpoint of a run"));
  EXPECT_TRUE(contains(
      refused({"pretrain", "--branch", checkpoint, "--resume", "--out", folder_ / "branch"}),
      "--branch starts a run from a checkpoint; leave out --resume"));
  EXPECT_TRUE(contains(refused({"pretrain", "--branch", checkpoint, "--out", folder_ / "no",
                                "--train.optimizer", "lion"}),
                       "train.optimizer was \"muon\" and is \"lion\""));
  EXPECT_FALSE(fs::exists(folder_.path() / "no")) << "nothing is left behind";
}

TEST_F(Pretrain, SaysWhetherTheBitsCanBeHadAgain) {
  EXPECT_TRUE(contains(run(pretrain("run")).err,
                       "repeatable: the same seed, text, settings, threads and dtype give the same "
                       "bits"));
}

TEST_F(Pretrain, EpochsBecomeSteps) {
  const Json result =
      json_lines(run(pretrain("run", {"--train.epochs", "1.5", "--json"})).out).front();
  const double rows = result.at("train_tokens").get<double>() / 32;
  EXPECT_NEAR(1.5 * rows / 8, result.at("steps").get<double>(), 1);
  EXPECT_NEAR(1.5, result.at("epochs").get<double>(), 0.02);
  EXPECT_EQ(result.at("steps"), metrics("run").back().at("step"));
  const Json growing =
      json_lines(run(pretrain("growing", {"--train.epochs", "1.5", "--train.batch_start", "2",
                                          "--train.batch_ramp_steps", "20", "--json"}))
                     .out)
          .front();
  EXPECT_GT(growing.at("steps"), result.at("steps"));
  EXPECT_NEAR(1.5, growing.at("epochs").get<double>(), 0.02);
  EXPECT_EQ(growing.at("tokens"), metrics("growing").back().at("tokens"));
}

TEST_F(Pretrain, SamplesAreLoggedAndKept) {
  const RunResult result =
      run(pretrain("run", {"--train.sample_every", "20", "--train.sample_prompts", "the cat",
                           "a dog", "--train.sample_tokens", "12"}));
  EXPECT_TRUE(contains(result.err, "step 20, sample: the cat"));
  std::vector<Json> found;
  for (const Json& line : metrics("run")) {
    if (line.contains("samples")) found.push_back(line);
  }
  ASSERT_EQ(2u, found.size());
  EXPECT_EQ(20, found[0].at("step"));
  EXPECT_EQ(40, found[1].at("step"));
  ASSERT_EQ(2u, found[1].at("samples").size());
  EXPECT_EQ("a dog", found[1].at("samples")[1].at("prompt"));
  EXPECT_EQ(12u, found[1].at("samples")[1].at("text").get<std::string>().size())
      << "one character a token";
}

TEST_F(Pretrain, AVocabularyThatIsTooSmallIsRefused) {
  EXPECT_TRUE(contains(refused(pretrain("run", {"--model.vocab_size", "3"})),
                       "model.vocab_size is 3 but the tokenizer has "));
  EXPECT_FALSE(fs::exists(folder_.path() / "run"));
}

TEST_F(Pretrain, DivergenceStopsWithWhatToDo) {
  const RunResult result =
      run_slovo(pretrain("run", {"--train.lr", "1e30", "--train.grad_clip", "0"}));
  EXPECT_EQ(1, result.exit_code);
  EXPECT_TRUE(contains(result.err, "step 2: the gradient's norm is "));
  EXPECT_TRUE(contains(result.err, "text.txt, document 1, token "));
  EXPECT_TRUE(contains(result.err, "there is no checkpoint yet; try a lower --train.lr"));
  EXPECT_FALSE(fs::exists(folder_.path() / "run/model"));
}

TEST_F(Pretrain, ResumingWhereThereIsNoRun) {
  const std::string error = refused({"pretrain", "--out", folder_ / "nothing", "--resume"});
  EXPECT_TRUE(contains(error, "nothing: holds no run to go on with; starting one"));
  EXPECT_TRUE(contains(error, "--data) is missing"));
  EXPECT_FALSE(fs::exists(folder_.path() / "nothing"));
  run(pretrain("new", {"--resume"}));
  EXPECT_TRUE(fs::exists(folder_.path() / "new/model"));
}

TEST_F(Pretrain, TheHintAtTheEndCanBePasted) {
  folder_.write("quotes.txt", [] {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "\"No!\" said \"Anna\" for $5.\n";
    return text;
  }());
  const RunResult result =
      run({"pretrain", config_, "--data", folder_ / "quotes.txt", "--out", folder_ / "run"});
  const size_t at = result.out.find("try it: slovo ");
  ASSERT_NE(std::string::npos, at);
  const std::string command = result.out.substr(at + 14);
  EXPECT_TRUE(contains(command, " '")) << "in single quotes";
  const std::string generate = cat(SLOVO_BINARY, " ", command.substr(0, command.find('\n')),
                                   " --max-tokens 5 > ", folder_ / "out.txt");
  EXPECT_EQ(0, std::system(generate.c_str())) << generate;
  EXPECT_TRUE(read_file(folder_ / "out.txt").find("\"") != std::string::npos);
}

}  // namespace
}  // namespace slovo::testing
