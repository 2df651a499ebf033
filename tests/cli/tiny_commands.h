// A tiny run from the shell, which tests of the command line share: a text made here, and settings
// with which a model of 20,000 weights learns it in a second.
#pragma once

#include <sstream>

#include "core/json.h"
#include "core/text.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {

using Words = std::vector<std::string>;

/// Sentences of a tiny grammar: enough regularity for a model of 20,000 weights to learn in a few
/// steps.
inline std::string tiny_text(int sentences) {
  const Words who = {"the cat", "a dog", "my bird", "old Anna"};
  const Words does = {"sees", "likes", "finds", "calls"};
  const Words what = {"the moon", "a red ball", "the river", "some bread"};
  std::string out;
  for (size_t i = 0; i < static_cast<size_t>(sentences); ++i) {
    out += cat(who[i % 4], " ", does[i / 3 % 4], " ", what[i / 5 % 4], ".\n");
  }
  return out;
}

class TinyCommands : public ::testing::Test {
 protected:
  /// A tiny run on one thread of the CPU, with further flags.
  Words pretrain(const std::string& out, const Words& more = {}) {
    Words words = {"pretrain", config_, "--data", text_, "--out", folder_ / out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  RunResult run(const Words& words, const std::string& input = "") {
    RunResult result = run_slovo(words, input);
    EXPECT_EQ(0, result.exit_code) << join(words, " ") << "\n" << result.err;
    EXPECT_FALSE(contains(result.err, "error")) << result.err;
    return result;
  }

  std::string weights(const std::string& out) {
    return read_file(folder_.path() / out / "model/model.safetensors");
  }

  bool has_checkpoint(const std::string& out) {
    const std::filesystem::path checkpoints = folder_.path() / out / "checkpoints";
    return std::filesystem::exists(checkpoints) && !std::filesystem::is_empty(checkpoints);
  }

  /// The settings that a run recorded.
  Json recorded(const std::string& out) const {
    return read_json(folder_.path() / out / "run.json").at("config");
  }

  /// Runs with a mistake: exit code 2 and nothing on stdout. Returns stderr.
  std::string refused(const Words& words) {
    const RunResult result = run_slovo(words);
    EXPECT_EQ(2, result.exit_code) << join(words, " ") << "\n" << result.err;
    EXPECT_EQ("", result.out);
    return result.err;
  }

  TempFolder folder_;
  std::string text_ = folder_.write("text.txt", tiny_text(800));
  std::string config_ = folder_.write("tiny.json", cat(R"({
    "run": {"device": "cpu", "threads": 1},
    "model": {"hidden_size": 32, "num_hidden_layers": 2},
    "tokenizer": {"kind": "char"},
    "data": {"seq_len": 32, "cache_dir": ")",
                                                       folder_ / "cache", R"("},
    "train": {"steps": 40, "batch_size": 8, "lr": 1e-2, "checkpoint_every": 10, "eval_every": 20}
  })"));
};

/// Each line of `text` as JSON.
inline std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out.push_back(parse_json(line, "stdout"));
  return out;
}

}  // namespace slovo::testing
