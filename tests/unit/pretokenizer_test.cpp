// Cutting text into words: GPT-2's and GPT-4's patterns, and the dialect of patterns in tokenizer
// files.
#include "tokenizer/characters.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/split.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using Words = std::vector<std::string>;

Words cut(const char* pattern, const std::string& text) {
  const Regex regex(pattern, "test");
  Words out;
  split_text(text, regex, SplitBehavior::isolated, false,
             [&](size_t begin, size_t end) { out.push_back(text.substr(begin, end - begin)); });
  return out;
}

TEST(Patterns, Gpt2) {
  EXPECT_EQ(cut(kGpt2Pattern, "I'll don't  stop 12345!!\n\n x"),
            (Words{"I", "'ll", " don", "'t", " ", " stop", " 12345", "!!", "\n\n", " x"}));
  EXPECT_EQ(cut(kGpt2Pattern, "I'LL слово\u00a0x"),
            (Words{"I", "'", "LL", " слово", "\u00a0", "x"}));
  EXPECT_EQ(cut(kGpt2Pattern, "a \n"), (Words{"a", " \n"}));
}

TEST(Patterns, Gpt4) {
  EXPECT_EQ(cut(kGpt4Pattern, "I'LL x=12345; \n\n  y"),
            (Words{"I", "'LL", " x", "=", "123", "45", ";", " \n\n", " ", " y"}));
  EXPECT_EQ(cut(kGpt4Pattern, "'слово)\r\n"), (Words{"'слово", ")\r\n"}));
  EXPECT_EQ(cut(kGpt4Pattern, "'ſ"), (Words{"'ſ"})) << "U+017F folds to s";
}

TEST(Patterns, WhiteSpaceIsUnicodesNotPcres) {
  EXPECT_EQ(cut(kGpt2Pattern, "a\u180eb"), (Words{"a", "\u180e", "b"}));
  EXPECT_EQ(cut("\\s+", "a\u0085\u2003\u180e"), (Words{"a", "\u0085\u2003", "\u180e"}));
  EXPECT_EQ(cut("\\S+", " a\u180e"), (Words{" ", "a\u180e"}));
  EXPECT_EQ(cut("[^\\S\n]+", "a \t\n"), (Words{"a", " \t", "\n"}));
}

/// Whatever the age of the system's libraries.
TEST(Patterns, CharactersOfUnicode16AreKnown) {
  EXPECT_EQ(cut("\\p{L}+", "a\U00031350\U000105C0\u1c89-"),
            (Words{"a\U00031350\U000105C0\u1c89", "-"}));
  EXPECT_EQ(cut("\\P{L}+", "-\U00031350-"), (Words{"-", "\U00031350", "-"}));
  EXPECT_EQ(cut("\\p{^Lo}+", "-\U00031350-"), (Words{"-", "\U00031350", "-"}));
  EXPECT_EQ(cut("[^\\p{Ll}\\p{ l_u }]+", "-\u1c8a-\u1c89"), (Words{"-", "\u1c8a", "-", "\u1c89"}));
  EXPECT_EQ(cut("\\d+", "1\U00010D40\U00016D79x"), (Words{"1\U00010D40\U00016D79", "x"}));
  EXPECT_EQ(cut("\\p{Han}+", "x日\U0002EBF0\u1c89"), (Words{"x", "日\U0002EBF0", "\u1c89"}));
  EXPECT_EQ(cut(kGpt2Pattern, "a\u1c89"), (Words{"a\u1c89"}));
  EXPECT_EQ(cut(kO200kPattern, "a\u1c8a\u1c89"), (Words{"a\u1c8a", "\u1c89"}));
  EXPECT_TRUE(is_word_character(0x1C89) && is_word_character(0x10D40) &&
              !is_word_character(0x1B7F));
  EXPECT_TRUE(is_numeric(0x10D40) && !is_numeric(0x1C89));
}

TEST(Patterns, WhatReadsDifferentlyIsRefused) {
  const auto problem = [](const char* pattern) {
    return testing::error_of([&] { Regex regex(pattern, "f.json: x"); });
  };
  EXPECT_EQ(problem("\\h+"),
            "f.json: x: the pattern \\h+ uses \\h, which slovo does not read; rewrite it with "
            "plain classes, \\s, \\d, "
            "\\p{..} and groups");
  for (const char* pattern : {"\\w", "[[:alpha:]]", "[a&&b]", "a{1,3}+", "(?m:.)", "a(?i)b", "\\bx",
                              "\\pL", "\\", "\\K", "[\\P{L}x]", "[\\D]"}) {
    EXPECT_NE(problem(pattern).find("which slovo does not read"), std::string::npos) << pattern;
  }
  EXPECT_NE(problem("(a").find("is not valid"), std::string::npos);
  EXPECT_NE(problem("a\n(b").find("a\\n(b is not valid"), std::string::npos) << problem("a\n(b");
  for (const char* pattern :
       {"(?i)ab|c", "(?i:ab)", "\\p{L}++", "[^\\r\\n]?+\\d", "(?=x)", "(?:a|b){2}"}) {
    EXPECT_NO_THROW(Regex(pattern, "f.json")) << pattern;
  }
}

TEST(Patterns, EmptyMatchesAreTakenAsOnigurumaDoes) {
  const Regex regex("a*", "test");
  std::vector<std::pair<size_t, size_t>> found;
  regex.for_each_match("baaя", [&](size_t begin, size_t end) { found.emplace_back(begin, end); });
  EXPECT_EQ(found, (std::vector<std::pair<size_t, size_t>>{{0, 0}, {1, 3}, {5, 5}}));
}

TEST(Patterns, LongRunsNeedNoStack) {
  const std::string spaces(1 << 20, ' ');
  EXPECT_EQ(cut(kGpt4Pattern, spaces + "x").size(), 2u);
  EXPECT_EQ(cut(kGpt2Pattern, std::string(1 << 20, 'x')).size(), 1u);
  EXPECT_EQ(cut("(?:a|b)+", std::string(1 << 20, 'a')).size(), 1u);
}

TEST(Split, Behaviors) {
  const Regex dash("-", "test");
  const auto parts = [&](SplitBehavior behavior, bool invert = false) {
    const std::string text = "the-final--countdown";
    Words out;
    split_text(text, dash, behavior, invert,
               [&](size_t b, size_t e) { out.push_back(text.substr(b, e - b)); });
    return out;
  };
  EXPECT_EQ(parts(SplitBehavior::isolated), (Words{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(parts(SplitBehavior::removed), (Words{"the", "final", "countdown"}));
  EXPECT_EQ(parts(SplitBehavior::removed, true), (Words{"-", "-", "-"}));
  EXPECT_EQ(parts(SplitBehavior::merged_with_previous),
            (Words{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(parts(SplitBehavior::merged_with_next), (Words{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(parts(SplitBehavior::contiguous), (Words{"the", "-", "final", "--", "countdown"}));
}

}  // namespace
}  // namespace slovo
