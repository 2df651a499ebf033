// What a person at a terminal sees: the live line, its width, colour; and that none of it reaches
// files.
#include "core/utf8.h"
#include "tiny_commands.h"

namespace slovo::testing {
namespace {

class Terminal : public TinyCommands {};

/// What is drawn between carriage returns and line ends, without control sequences.
Words drawn_lines(const std::string& drawn) {
  Words out(1);
  for (size_t i = 0; i < drawn.size(); ++i) {
    if (drawn[i] == '\r' || drawn[i] == '\n') {
      out.emplace_back();
    } else if (drawn[i] == '\x1b') {
      while (i < drawn.size() && !std::isalpha(static_cast<unsigned char>(drawn[i]))) ++i;
    } else {
      out.back() += drawn[i];
    }
  }
  return out;
}

TEST_F(Terminal, TheLiveLineFitsTheWidth) {
  for (const int columns : {40, 80, 120}) {
    const std::string drawn = run_on_terminal(pretrain(cat("run", columns)), columns);
    EXPECT_TRUE(contains(drawn, "\x1b[K")) << "lines are redrawn";
    bool seen = false;
    for (const std::string& line : drawn_lines(drawn)) {
      if (!line.starts_with("[")) continue;
      seen = true;
      EXPECT_LT(utf8::count(line), static_cast<size_t>(columns)) << line;
      EXPECT_TRUE(contains(line, "step ")) << "what matters most stays";
      EXPECT_EQ(columns == 120, line.ends_with("B")) << "memory, last in importance: " << line;
    }
    EXPECT_TRUE(seen) << drawn;
  }
}

TEST_F(Terminal, NoColourWhereItIsNotWanted) {
  const Words words = pretrain(
      "run", {"--train.warmup_steps", "0", "--model.norm", "layer"});  // warns: model_type slovo
  const std::string coloured = run_on_terminal(words, 80);
  EXPECT_TRUE(contains(coloured, "\x1b[3")) << "a warning in colour";
  Words again = words;
  for (std::string& word : again) word = word == folder_ / "run" ? folder_ / "again" : word;
  EXPECT_EQ(std::string::npos, run_on_terminal(again, 80, {"NO_COLOR=1"}).find("\x1b[3"));
}

TEST_F(Terminal, FilesHoldPlainLines) {
  const RunResult result = run(pretrain("run"));
  EXPECT_EQ(std::string::npos, result.err.find('\r'));
  EXPECT_EQ(std::string::npos, result.err.find('\x1b'));
  EXPECT_TRUE(contains(result.err, "step 40/40"));
}

}  // namespace
}  // namespace slovo::testing
