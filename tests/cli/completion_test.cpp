// What shells complete: the scripts hold every option, and bash completes by them.
#include "config/config.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {
namespace {

std::string script(const std::string& shell) {
  const RunResult result = run_slovo({"completion", shell});
  EXPECT_EQ(0, result.exit_code) << result.err;
  EXPECT_EQ("", result.err);
  return result.out;
}

/// stdout of a shell command.
std::string shell(const std::string& command) {
  std::string out;
  FILE* const pipe = popen(command.c_str(), "r");
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) out += static_cast<char>(c);
  EXPECT_EQ(0, pclose(pipe)) << command;
  return out;
}

bool installed(const std::string& program) {
  return std::system(cat("command -v ", program, " > /dev/null").c_str()) == 0;
}

TEST(Completion, HoldsEverySettingOfPretrain) {
  RunConfig config;
  for (const std::string name : {"bash", "zsh", "fish"}) {
    const std::string text = script(name);
    for (const FieldRef& field :
         config_fields(config, {"run", "model", "tokenizer", "data", "train", "decode"})) {
      EXPECT_TRUE(contains(text, field.key())) << name;
    }
    EXPECT_TRUE(contains(text, "perplexity"));
  }
}

TEST(Completion, BashCompletes) {
  const TempFolder folder;
  const std::string file = folder.write("slovo.bash", script("bash"));
  const auto completed = [&](const std::string& words, int at) {
    return shell(cat("bash -c 'source ", file, "; COMP_WORDS=(", words, "); COMP_CWORD=", at,
                     "; _slovo; echo \"${COMPREPLY[*]}\"'"));
  };
  EXPECT_EQ("pretrain\n", completed("slovo pre", 1));
  EXPECT_EQ("perplexity score\n", completed("slovo eval \"\"", 2));
  EXPECT_EQ("--train.schedule\n", completed("slovo pretrain --train.sch", 2));
  EXPECT_EQ("cosine linear wsd inverse_sqrt constant\n", completed("slovo pretrain --train.schedule \"\"", 3));
  EXPECT_EQ("bf16\n", completed("slovo eval perplexity --dtype b", 4));
  EXPECT_EQ("\n", completed("slovo pretrain boo", 2)) << "files are left to the shell";
}

TEST(Completion, FishCompletes) {
  if (!installed("fish")) GTEST_SKIP() << "fish is not installed";
  const TempFolder folder;
  const std::string file = folder.write("slovo.fish", script("fish"));
  const auto completed = [&](const std::string& line) {
    return shell(cat("fish -c 'source ", file, "; complete -C \"", line, "\"' 2>&1 | cut -f1"));
  };
  EXPECT_EQ("pretrain\n", completed("slovo pre"));
  EXPECT_EQ("perplexity\nscore\n", completed("slovo eval "));
  EXPECT_EQ("--train.schedule\n", completed("slovo pretrain --train.sch"));
  EXPECT_EQ("constant\ncosine\ninverse_sqrt\nlinear\nwsd\n", completed("slovo pretrain --train.schedule "));
}

TEST(Completion, ShellsAcceptTheScripts) {
  const TempFolder folder;
  for (const std::string name : {"bash", "zsh", "fish"}) {
    if (!installed(name)) continue;
    EXPECT_EQ("", shell(cat(name, " -n ", folder.write(name, script(name)), " 2>&1"))) << name;
  }
}

}  // namespace
}  // namespace slovo::testing
