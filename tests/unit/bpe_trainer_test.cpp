// Learning merges: by hand on tiny texts, and equal to HF's trainer on a small one.
#include "tokenizer/bpe_trainer.h"

#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kBytes = 256;

TEST(BpeTrainer, MostFrequentPairFirstThenLowestIds) {
  // Pairs: bc 5, ab 2, xb 3. Then xbc 3, abc 2.
  const TrainedBpe trained = train_bpe(WordCounts{{"abc", 2}, {"xbc", 3}}, {"<s>"}, kBytes + 4);
  EXPECT_EQ(trained.merges, (Merges{{"b", "c"}, {"x", "bc"}, {"a", "bc"}}));
  EXPECT_EQ(trained.tokens.front(), "<s>");
  EXPECT_EQ(trained.tokens[1], "!") << "the alphabet follows by code point";
  EXPECT_EQ(trained.tokens.back(), "abc");
  EXPECT_EQ(train_bpe(WordCounts{{"cd", 1}, {"ab", 1}}, {}, kBytes + 2).merges,
            (Merges{{"a", "b"}, {"c", "d"}}));
}

TEST(BpeTrainer, OverlappingPairs) {
  // "aa aa a": both pairs occur once, and "a" has the lower id.
  EXPECT_EQ(train_bpe(WordCounts{{"aaaaa", 1}}, {}, 1000).merges,
            (Merges{{"a", "a"}, {"aa", "a"}, {"aa", "aaa"}}));
}

TEST(BpeTrainer, StopsWhenNothingIsLeft) {
  const TrainedBpe trained = train_bpe(WordCounts{{"ab", 1}}, {}, 1000);
  EXPECT_EQ(trained.tokens.size(), kBytes + 1);
  EXPECT_EQ(train_bpe(WordCounts{}, {"x"}, 1000).tokens.size(), kBytes) << "x is a byte too";
}

TEST(BpeTrainer, CountsBeyond32Bits) {
  const int64_t many = int64_t{1} << 40;
  EXPECT_EQ(train_bpe(WordCounts{{"ab", many}, {"cd", many + 1}}, {}, kBytes + 1).merges,
            (Merges{{"c", "d"}}));
}

TEST(BpeTrainer, LearnsWhatHuggingFaceLearns) {
  const Json fixture = testing::tokenizer_fixture("bpe_training.json");
  const auto text = testing::one_text(fixture["text"].get<std::string>());
  for (const Json& expected : fixture["cases"]) {
    TokenizerConfig config;
    config.pattern = *from_name<PreTokenization>(expected["pattern"].get<std::string>());
    config.vocab_size = expected["vocab_size"].get<int64_t>();
    for (const int threads : {1, 3}) {
      testing::TempFolder folder;
      train_tokenizer(config, text, threads).tokenizer->save(folder.path());
      EXPECT_EQ(read_json(folder.path() / "tokenizer.json")["model"]["merges"], expected["merges"])
          << expected["pattern"];
    }
  }
}

TEST(BpeTrainer, TooLittleTextForTheVocabulary) {
  TokenizerConfig config;
  config.vocab_size = 4096;
  EXPECT_EQ(testing::error_of([&] { train_tokenizer(config, testing::one_text("abc"), 1); }),
            "tokenizer.vocab_size is 4096, but the text gives only 259 tokens; lower it to that or "
            "train on more text");
}

void expect_equal(const CountedWords& found, const WordCounts& expected) {
  EXPECT_EQ(found.size(), static_cast<int64_t>(expected.size()));
  EXPECT_EQ(found.text_bytes(), expected.text_bytes());
  found.for_each([&](std::string_view word, int64_t count) {
    EXPECT_EQ(count, expected.count(word)) << word;
  });
}

TEST(WordCounter, PartsAndThreadsDoNotChangeTheCounts) {
  const std::string part =
      testing::tokenizer_fixture("bpe_training.json")["text"].get<std::string>();
  std::string text;
  while (text.size() < (size_t{1} << 20)) text += part;
  const nlohmann::json json = {{"type", "ByteLevel"}, {"use_regex", true}};
  const auto splitter = read_pre_tokenizer(JsonNode(json, "pre_tokenizer"));
  WordCounts expected;
  splitter->split({text, true}, [&](const Piece& piece) { expected.add(piece.text); });
  for (const int threads : {1, 4}) {
    WordCounter counter(nullptr, *splitter, threads);
    counter.add(text);
    expect_equal(counter.finish(), expected);
  }
}

}  // namespace
}  // namespace slovo
