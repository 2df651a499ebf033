// slovo tokenizer train, encode, decode and info as a user runs them.
#include <algorithm>
#include <filesystem>

#include "core/json.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {
namespace {

class TokenizerCommands : public ::testing::Test {
 protected:
  TokenizerCommands() : tokenizer_(folder_ / "tokenizer") {
    text_ = "Мельник мелет муку. The miller mills.\n\nThe mill, the river; 1987.\n";
    data_ = folder_.write("text.txt", text_);
  }

  RunResult train(std::vector<std::string> more) {
    std::vector<std::string> arguments{"tokenizer", "train", "--data", data_, "--out", tokenizer_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_slovo(arguments);
  }

  TempFolder folder_;
  std::string tokenizer_;
  std::string text_;
  std::string data_;
};

TEST_F(TokenizerCommands, TrainEncodeDecodeInfo) {
  const RunResult trained = train({"--tokenizer.vocab_size", "280", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(parse_json(trained.out, "stdout")["vocab_size"], 280);

  const RunResult whole =
      run_slovo({"tokenizer", "encode", "--tokenizer", tokenizer_, "--whole", "--json", data_});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const RunResult back =
      run_slovo({"tokenizer", "decode", "--tokenizer", tokenizer_, "--whole"}, whole.out);
  EXPECT_EQ(back.out, text_);

  const RunResult lines = run_slovo({"tokenizer", "encode", "--tokenizer", tokenizer_}, text_);
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 3);
  const RunResult counts =
      run_slovo({"tokenizer", "encode", "--tokenizer", tokenizer_, "--count"}, "\nThe\n");
  EXPECT_EQ(counts.out.substr(0, 2), "0\n");
  EXPECT_EQ(std::count(counts.out.begin(), counts.out.end(), '\n'), 2);
  const RunResult texts =
      run_slovo({"tokenizer", "decode", "--tokenizer", tokenizer_, "-"}, lines.out);
  EXPECT_EQ(texts.out, text_);

  const RunResult info =
      run_slovo({"tokenizer", "info", "--tokenizer", tokenizer_, "--data", data_, "--json"});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  const Json described = parse_json(info.out, "stdout");
  EXPECT_EQ(described["kind"], "bpe");
  EXPECT_EQ(described["normalizer"], "none");
  EXPECT_EQ(described["special_tokens"]["<|endoftext|>"], 0);
  EXPECT_EQ(described["bytes"], text_.size());
  EXPECT_GT(described["bytes_per_token"].get<double>(), 1.0);
  EXPECT_GT(described["mb_per_s"].get<double>(), 0.0);
}

TEST_F(TokenizerCommands, WordPieceAndUnigram) {
  const std::vector<std::string> syllables{"mil", "ler", "ri", "ver", "ba", "ko", "tu",  "sen",
                                           "da",  "no",  "fi", "gul", "pe", "so", "cha", "wy"};
  std::string words;
  for (const std::string& first : syllables) {
    for (const std::string& second : syllables) words += first + second + " " + second + "\n";
  }
  folder_.write("text.txt", words);
  const std::vector<std::pair<std::string, std::vector<std::string>>> kinds{
      {"wordpiece", {"[CLS]", "[MASK]", "[PAD]", "[SEP]", "[UNK]"}},
      {"unigram", {"</s>", "<pad>", "<unk>"}}};
  for (const auto& [kind, special] : kinds) {
    SCOPED_TRACE(kind);
    const RunResult trained =
        train({"--tokenizer.kind", kind, "--tokenizer.vocab_size", "300", "--json"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_EQ(parse_json(trained.out, "stdout")["kind"], kind);
    EXPECT_GT(parse_json(trained.out, "stdout")["bytes_per_token"].get<double>(), 1.5);

    const RunResult info = run_slovo({"tokenizer", "info", "--tokenizer", tokenizer_, "--json"});
    const Json described = parse_json(info.out, "stdout");
    EXPECT_EQ(described["kind"], kind);
    EXPECT_EQ(described["vocab_size"], 300);
    for (const std::string& token : special)
      EXPECT_TRUE(described["special_tokens"].contains(token)) << token;

    const RunResult ids =
        run_slovo({"tokenizer", "encode", "--tokenizer", tokenizer_}, "milver  bako rimil\n");
    ASSERT_EQ(ids.exit_code, 0) << ids.err;
    const RunResult back =
        run_slovo({"tokenizer", "decode", "--tokenizer", tokenizer_, "--no-special"}, ids.out);
    EXPECT_EQ(back.out, "milver bako rimil\n");
    std::filesystem::remove_all(tokenizer_);
  }
}

TEST_F(TokenizerCommands, MemoryOfTrainingIsBounded) {
  const std::vector<std::string> size{"--tokenizer.vocab_size", "280", "--json"};
  const auto with = [&](const std::string& limit) {
    std::vector<std::string> options = size;
    options.insert(options.end(), {"--max-memory", limit});
    return train(options);
  };
  const RunResult little = with("1M");
  EXPECT_EQ(little.exit_code, 2);
  EXPECT_TRUE(contains(little.err, "--max-memory 1.00 MiB is too little; give at least 16.0 MiB"))
      << little.err;
  const RunResult wrong = with("much");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_TRUE(contains(wrong.err, "--max-memory much: must be a size above 0")) << wrong.err;
  const RunResult free = train(size);
  ASSERT_EQ(free.exit_code, 0) << free.err;
  std::filesystem::remove_all(tokenizer_);
  const RunResult bound = with("32M");
  ASSERT_EQ(bound.exit_code, 0) << bound.err;
  EXPECT_EQ(parse_json(bound.out, "stdout")["fingerprint"],
            parse_json(free.out, "stdout")["fingerprint"]);
}

TEST_F(TokenizerCommands, SpecialTokensOnTheWayBack) {
  ASSERT_EQ(train({"--tokenizer.kind", "byte"}).exit_code, 0);
  const std::vector<std::string> decode{"tokenizer", "decode", "--tokenizer", tokenizer_, "--json"};
  EXPECT_EQ(run_slovo(decode, "[72, 105, 256]\n").out, "{\"text\":\"Hi<|endoftext|>\"}\n");
  EXPECT_EQ(
      run_slovo({"tokenizer", "decode", "--tokenizer", tokenizer_, "--no-special"}, "72 105 256\n")
          .out,
      "Hi\n");
}

TEST_F(TokenizerCommands, DiffNamesPlacesAndTotals) {
  ASSERT_EQ(train({"--tokenizer.kind", "byte"}).exit_code, 0);
  const std::string file =
      folder_.write("small/tokenizer.json",
                    R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "bc": 3},
          "merges": [["b", "c"]]}, "decoder": {"type": "Fuse"}})");
  const std::string text = folder_.write("abc.txt", "ab\nabc\n");
  const RunResult diff = run_slovo({"tokenizer", "diff", tokenizer_, file, "--data", text});
  ASSERT_EQ(diff.exit_code, 0) << diff.err;
  EXPECT_EQ(diff.out,
            text +
                ":2:2: \"b\" \"c\" | \"bc\"\n"
                "lines that differ: 1 of 2; the first needs 5 tokens, the second 4 tokens\n");
  const RunResult one = run_slovo({"tokenizer", "diff", tokenizer_, "--data", text});
  EXPECT_EQ(one.exit_code, 2);
  EXPECT_TRUE(contains(one.err, "tokenizer diff compares two tokenizers, but 1 were given"));
}

TEST_F(TokenizerCommands, MistakesGetOneLine) {
  const RunResult too_big = train({"--tokenizer.vocab_size", "100000"});
  EXPECT_EQ(too_big.exit_code, 2);
  EXPECT_TRUE(contains(too_big.err, "tokenizer.vocab_size is 100000, but the text gives only"));
  ASSERT_EQ(train({"--tokenizer.kind", "byte"}).exit_code, 0);
  const RunResult bad_id =
      run_slovo({"tokenizer", "decode", "--tokenizer", tokenizer_}, "1 2\n3 257\n");
  EXPECT_EQ(bad_id.exit_code, 2);
  EXPECT_TRUE(contains(bad_id.err, "stdin:2: \"257\" is not an id; the tokenizer's are 0 to 256"));
  const RunResult not_text =
      run_slovo({"tokenizer", "encode", "--tokenizer", tokenizer_}, "ok\n\xD1\n");
  EXPECT_EQ(not_text.exit_code, 2);
  EXPECT_TRUE(contains(not_text.err, "stdin:2: not UTF-8 at byte 0"));
  const RunResult nothing =
      run_slovo({"tokenizer", "encode", "--tokenizer", folder_ / "absent"}, "");
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_TRUE(contains(nothing.err, "absent: no such file"));
}

}  // namespace
}  // namespace slovo::testing
