// The command line itself: lists, help, mistakes. No command does any work here.
#include "core/text.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {
namespace {

/// Every line of `text` begins with `prefix`.
::testing::AssertionResult lines_begin(const std::string& text, const std::string& prefix) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(prefix))
      return ::testing::AssertionFailure() << "a line of its own: " << line;
  }
  return ::testing::AssertionSuccess();
}

/// Runs with mistakes: exit code 2, nothing on stdout, each problem a line that `slovo:` leads.
std::string refused(const std::vector<std::string>& arguments) {
  const RunResult result = run_slovo(arguments);
  EXPECT_EQ(2, result.exit_code) << result.err;
  EXPECT_EQ("", result.out);
  EXPECT_TRUE(lines_begin(result.err, "slovo: "));
  return result.err;
}

const std::vector<std::string>& command_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    std::istringstream lines(run_slovo({}).out);
    for (std::string line; std::getline(lines, line);) {
      const size_t end = line.find("  ", 2);
      if (line.starts_with("  ") && end != std::string::npos)
        out.push_back(line.substr(2, end - 2));
    }
    return out;
  }();
  return names;
}

std::vector<std::string> words_of(const std::string& name) {
  std::istringstream words(name);
  return {std::istream_iterator<std::string>(words), {}};
}

TEST(Usage, ListsTheCommands) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{}, {"--help"}, {"-h"}}) {
    const RunResult result = run_slovo(arguments);
    EXPECT_EQ(0, result.exit_code);
    EXPECT_EQ("", result.err);
    EXPECT_TRUE(contains(result.out, "usage: slovo <command>"));
  }
  for (const char* name :
       {"pretrain", "generate", "eval perplexity", "eval score", "tokenizer train"}) {
    EXPECT_NE(command_names().end(),
              std::find(command_names().begin(), command_names().end(), name))
        << name;
  }
}

TEST(Usage, VersionNamesLibTorch) {
  const RunResult result = run_slovo({"--version"});
  EXPECT_EQ(0, result.exit_code);
  EXPECT_TRUE(result.out.starts_with("slovo "));
  EXPECT_TRUE(contains(result.out, "LibTorch   2."));
}

TEST(Usage, EveryCommandExplainsItself) {
  ASSERT_FALSE(command_names().empty());
  for (const std::string& name : command_names()) {
    auto words = words_of(name);
    words.emplace_back("--help");
    const RunResult result = run_slovo(words);
    EXPECT_EQ(0, result.exit_code) << name;
    EXPECT_EQ("", result.err) << name;
    EXPECT_TRUE(result.out.starts_with("slovo " + name + ": ")) << result.out;
    for (const char* part :
         {"usage: slovo ", "options:\n", "--config FILE", "examples:\n  slovo "}) {
      EXPECT_TRUE(contains(result.out, part)) << name;
    }
    if (name != "completion") {
      EXPECT_TRUE(contains(result.out, "--seed")) << name;
    }
    std::istringstream lines(result.out.substr(0, result.out.find("examples:")));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST(Usage, AGroupListsItsCommands) {
  const RunResult result = run_slovo({"eval"});
  EXPECT_EQ(0, result.exit_code);
  EXPECT_TRUE(contains(result.out, "eval perplexity"));
  EXPECT_EQ(std::string::npos, result.out.find("pretrain"));
}

TEST(Usage, UnknownCommandsGetTheNearestName) {
  EXPECT_TRUE(contains(refused({"pretrian"}),
                       "\"pretrian\" is not a command (did you mean \"pretrain\"?)"));
  EXPECT_TRUE(contains(refused({"eval", "perplexty"}), "did you mean \"eval perplexity\"?"));
  EXPECT_TRUE(contains(refused({"--seed", "3"}), "commands are "));
}

TEST(Usage, UnknownOptionsGetTheNearestName) {
  EXPECT_TRUE(contains(refused({"pretrain", "--train.stpes", "5"}),
                       "command line: --train.stpes is not an option of slovo pretrain (did you "
                       "mean \"--train.steps\"?)"));
  EXPECT_TRUE(contains(refused({"pretrain", "--lr=5"}), "did you mean \"--train.lr\"?"));
  EXPECT_TRUE(contains(refused({"generate", "--train.lr", "5"}),
                       "--train.lr is a setting of train, which slovo generate does not use"));
}

TEST(Usage, AllProblemsAreReportedTogether) {
  const TempFolder folder;
  const std::string config = folder.write(
      "x.json",
      R"({"train": {"steps": 0, "lr": "big"}, "modle": {}, "model": {"hidden_size": 100}})");
  const std::string errors =
      refused({"pretrain", config, "--model.num_attention_heads", "7", "--seed", "-1"});
  for (const char* part : {"x.json: train.steps is 0; must be an integer >= 1",
                           "x.json: train.lr is \"big\"; must be a number > 0",
                           "x.json: modle is not a section (did you mean \"model\"?)",
                           "command line: model.num_attention_heads=7 does not divide "
                           "model.hidden_size=100; use 10, 5, 4, 2, 1",
                           "command line: run.seed (--seed) is -1; must be an integer >= 0",
                           "--out RUN is missing", "data.paths (--data) is missing"}) {
    EXPECT_TRUE(contains(errors, part));
  }
  EXPECT_EQ(7, std::count(errors.begin(), errors.end(), '\n'));
}

TEST(Usage, ValuesThatAreMissingDoubleOrOutOfPlace) {
  EXPECT_TRUE(contains(refused({"pretrain", "--out", "--resume"}), "--out needs a value: RUN"));
  EXPECT_TRUE(
      contains(refused({"generate", "--top-k"}), "decode.top_k (--top-k) needs a value: >= 0"));
  EXPECT_TRUE(contains(refused({"pretrain", "--seed", "1", "--seed", "2"}),
                       "run.seed (--seed) is given twice (1, 2)"));
  EXPECT_TRUE(contains(refused({"pretrain", "a.json", "b.json"}), "unexpected word \"b.json\""));
  EXPECT_TRUE(contains(refused({"pretrain", "a.json", "--config", "b.json"}),
                       "two config files, a.json and b.json"));
  EXPECT_TRUE(contains(refused({"pretrain", "a.json", "--model.qk_norm", "false"}),
                       "a flag is written --name=false"));
  EXPECT_TRUE(
      contains(refused({"pretrain", "--config", "/nowhere.json"}), "/nowhere.json: cannot open"));
}

}  // namespace
}  // namespace slovo::testing
