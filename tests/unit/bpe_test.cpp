// Byte pair encoding on vocabularies small enough to follow by hand.
#include "tokenizer/bpe.h"

#include <thread>

#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::error_of;
using testing::make_tokenizer;
using testing::small_model;
using Ids = std::vector<TokenId>;

Ids encode(const Json& json, const std::string& text) {
  return make_tokenizer(json)->encode(text, SpecialTokens::none);
}

TEST(Bpe, MergesByRankThenFromTheLeft) {
  const Json model = small_model({"a", "b", "c", "ab", "bc", "abc"}, {"b c", "a b", "a bc"});
  EXPECT_EQ(encode(model, "abc"), (Ids{5}));
  EXPECT_EQ(encode(model, "ab"), (Ids{3}));
  EXPECT_EQ(encode(model, "abab"), (Ids{3, 3}));
  EXPECT_EQ(encode(model, "aabcc"), (Ids{0, 5, 2}));
  EXPECT_EQ(encode(small_model({"a", "aa"}, {"a a"}), "aaaaa"), (Ids{1, 1, 0}));
}

TEST(Bpe, LastOfRepeatedMergesDecidesTheRank) {
  const Json model = small_model({"a", "b", "c", "ab", "bc"}, {"a b", "b c", "a b"});
  EXPECT_EQ(encode(model, "abc"), (Ids{0, 4}));
}

/// Many merges of a long word: the heap and the scan of short words must agree.
TEST(Bpe, LongWordsMergeAsShortOnesDo) {
  const Json model =
      small_model({"a", "b", "ab", "ba", "abab", "aba"}, {"a b", "ab ab", "b a", "ab a"});
  const auto tokenizer = make_tokenizer(model);
  for (size_t size = 1; size < 200; ++size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text += i % 2 ? 'b' : 'a';
    const Ids ids = tokenizer->encode(text, SpecialTokens::none);
    Ids expected(size / 4, 4);
    if (size % 4 == 1) expected.push_back(0);
    if (size % 4 == 2) expected.push_back(2);
    if (size % 4 == 3) expected.push_back(5);
    EXPECT_EQ(ids, expected) << size;
  }
}

TEST(Bpe, MegabyteWordIsNotQuadratic) {
  const Json model = small_model({"a", "aa", "aaaa"}, {"a a", "aa aa"});
  const Ids ids = encode(model, std::string(1 << 20, 'a'));
  EXPECT_EQ(ids.size(), size_t{1} << 18);
  EXPECT_EQ(ids[12345], 2);
}

TEST(Bpe, UnknownCharacters) {
  Json model = small_model({"<unk>", "a"}, {});
  EXPECT_EQ(encode(model, "xax"), (Ids{1})) << "without unk_token they vanish, as in HF";
  model["model"]["unk_token"] = "<unk>";
  EXPECT_EQ(encode(model, "xyaя"), (Ids{0, 0, 1, 0}));
  model["model"]["fuse_unk"] = true;
  EXPECT_EQ(encode(model, "xyaя"), (Ids{0, 1, 0}));
}

TEST(Bpe, ByteFallbackNeedsEveryByteOfTheCharacter) {
  Json model = small_model({"<unk>", "a", "<0xD1>", "<0x8F>"}, {});
  model["model"]["unk_token"] = "<unk>";
  model["model"]["byte_fallback"] = true;
  EXPECT_EQ(encode(model, "aя"), (Ids{1, 2, 3}));
  EXPECT_EQ(encode(model, "aю"), (Ids{1, 0}));
}

TEST(Bpe, IgnoreMergesTakesWholeWords) {
  Json model = small_model({"a", "b", "c", "abc"}, {});
  EXPECT_EQ(encode(model, "abc"), (Ids{0, 1, 2}));
  model["model"]["ignore_merges"] = true;
  EXPECT_EQ(encode(model, "abc"), (Ids{3}));
}

TEST(Bpe, EncodesFromManyThreads) {
  const auto json = testing::tokenizer_fixture("bpe_training.json");
  const std::string text = json["text"].get<std::string>();
  TokenizerConfig config;
  config.vocab_size = 400;
  const auto tokenizer = train_tokenizer(config, testing::one_text(text), 2).tokenizer;
  const Ids expected = tokenizer->encode(text, SpecialTokens::none);
  std::vector<std::thread> threads;
  std::vector<int> equal(4, 0);
  for (size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i)
        equal[t] += tokenizer->encode(text, SpecialTokens::none) == expected;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(equal, std::vector<int>(4, 20));
}

TEST(Bpe, DamagedModelsAreNamed) {
  const auto problem = [](const Json& json) { return error_of([&] { make_tokenizer(json); }); };
  EXPECT_EQ(problem(small_model({"a"}, {"a a"})),
            "tokenizer.json: model.merges: number 0 needs \"aa\", which is not in the vocabulary");
  EXPECT_EQ(problem(small_model({"a"}, {"aa"})),
            "tokenizer.json: model.merges: number 0 is \"aa\"; must be two tokens with a space "
            "between them");
  Json model = small_model({"a", "b", "ab"}, {"a b"});
  model["model"]["continuing_subword_prefix"] = "##";
  EXPECT_EQ(problem(model),
            "tokenizer.json: model.merges: number 0 joins \"b\", which does not begin with \"##\", "
            "the continuing_subword_prefix");
  model = small_model({"a"}, {});
  model["model"]["unk_token"] = "<unk>";
  EXPECT_EQ(problem(model), "tokenizer.json: model.unk_token: \"<unk>\" is not in the vocabulary");
  model = small_model({"a", "b"}, {});
  model["model"]["vocab"]["b"] = 0;
  EXPECT_NE(problem(model).find("id 0 belongs to"), std::string::npos);
  model["model"]["vocab"]["b"] = 1000000000;
  EXPECT_NE(problem(model).find("model.vocab[\"b\"]: is 1000000000; must be an integer between"),
            std::string::npos);
  model = small_model({"a"}, {});
  model["model"].erase("vocab");
  EXPECT_EQ(problem(model), "tokenizer.json: model: \"vocab\" is missing");
}

}  // namespace
}  // namespace slovo
