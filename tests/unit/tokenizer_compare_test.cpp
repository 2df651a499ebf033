// Where two tokenizers differ, on vocabularies small enough to follow by hand.
#include "tokenizer/compare.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::make_tokenizer;
using testing::small_model;
using Tokens = std::vector<std::string>;

TEST(CompareTokenizers, PlacesWhereTheyMeetAgain) {
  const auto letters = make_tokenizer(small_model({"a", "b", "c", "я"}, {}));
  const auto pairs = make_tokenizer(small_model({"a", "b", "c", "я", "bc", "ab"}, {"b c", "a b"}));
  EXPECT_TRUE(compare_tokenizers(*letters, *letters, "яabc").differences.empty());
  const TokenComparison found = compare_tokenizers(*letters, *pairs, "яabcяaab");
  EXPECT_EQ(found.first_tokens, 8u);
  EXPECT_EQ(found.second_tokens, 6u);
  ASSERT_EQ(found.differences.size(), 2u);
  EXPECT_EQ(found.differences[0].column, 3u);
  EXPECT_EQ(found.differences[0].first, (Tokens{"b", "c"}));
  EXPECT_EQ(found.differences[0].second, (Tokens{"bc"}));
  EXPECT_EQ(found.differences[1].column, 7u);
  EXPECT_EQ(found.differences[1].second, (Tokens{"ab"}));
  EXPECT_TRUE(compare_tokenizers(*letters, *pairs, "").differences.empty());
}

TEST(CompareTokenizers, RestIsOneDifferenceWhereTheTextDiffers) {
  const auto letters = make_tokenizer(small_model({"a", "b", "A"}, {}));
  Json json = small_model({"a", "b", "A"}, {});
  json["normalizer"] = {{"type", "Lowercase"}};
  const auto lower = make_tokenizer(json);
  const TokenComparison found = compare_tokenizers(*letters, *lower, "bAba");
  ASSERT_EQ(found.differences.size(), 1u);
  EXPECT_EQ(found.differences[0].column, 2u);
  EXPECT_EQ(found.differences[0].first, (Tokens{"A", "b", "a"}));
  EXPECT_EQ(found.differences[0].second, (Tokens{"a", "b", "a"}));
}

}  // namespace
}  // namespace slovo
