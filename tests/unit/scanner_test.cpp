// The scanners of well-known patterns against the regular expressions themselves.
#include "tokenizer/scanner.h"

#include "core/rng.h"
#include "core/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/split.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using Places = std::vector<std::pair<size_t, size_t>>;

const char* const kPatterns[] = {kGpt2Pattern, kGpt4Pattern, kQwen2Pattern, kO200kPattern};

Places scanned(const Scanner& scanner, std::string_view text) {
  Places out;
  scanner.for_each_word(text, [&](size_t begin, size_t end) { out.emplace_back(begin, end); });
  return out;
}

Places matched(const Regex& regex, std::string_view text) {
  Places out;
  split_text(text, regex, SplitBehavior::isolated, false,
             [&](size_t begin, size_t end) { out.emplace_back(begin, end); });
  return out;
}

/// Texts of what the patterns tell apart: each draws from a few parts, so that runs come about.
class Texts {
 public:
  std::string operator()(uint64_t n) {
    index_ = 0;
    text_number_ = n;
    std::string text;
    const uint64_t kinds = 1 + draw(4);
    std::array<uint64_t, 4> kind{};
    for (uint64_t i = 0; i < kinds; ++i) kind[i] = draw(10);
    for (uint64_t length = draw(40); length > 0; --length) append(text, kind[draw(kinds)]);
    return text;
  }

 private:
  uint64_t draw(uint64_t end) {
    return (random_bits(11, stream_, text_number_ << 12 | index_++) >> 8) % end;
  }
  template <size_t kSize>
  void append_one(std::string& text, const char* const (&parts)[kSize]) {
    text += parts[draw(kSize)];
  }
  void append(std::string& text, uint64_t kind) {
    switch (kind) {
      case 0:  // any code point
        return append_scalar(text, draw(0x110000));
      case 1:  // where the letters are
        return append_scalar(text, draw(0x3200));
      case 2:
        return append_scalar(text, 0x10000 + draw(0x12000));
      case 3:
        return append_scalar(text, draw(0x80));
      case 4:
        return append_one(text, {" ", " ", "  ", "\t", "\n", "\r", "\r\n", "\v", "\f", "\x1C",
                                 "\u0085", "\u00A0", "\u180E", "\u2003", "\u2028", "\u3000"});
      case 5:
        return append_one(text, {"'s", "'S", "'\u017F", "'ll", "'lL", "'L", "'ve", "'r", "'RE",
                                 "'m", "'D", "'t", "'", "'k", "'\u212A", "\u2019s", "'sx", "'T1"});
      case 6:
        return append_one(text, {"a", "B", "zz", "слово", "ЁЖ", "中", "文字", "ǅ", "ʰ", "ª", "ß",
                                 "\u0130", "ﬁ", "\U00010400", "\U0001D400", "\U00020000"});
      case 7:
        return append_one(text, {"0", "1", "23", "456", "7890", "²", "Ⅷ", "½", "٣", "\U0001D7D8"});
      case 8:
        return append_one(text, {"\u0301", "\u20DD", "\u0903", "\u200D", "\u0E34", "e\u0301",
                                 "\uFE0F", "\U000E0100"});
      default:
        return append_one(text, {".", "/", "!", "_", "(", "\"", "。", "€", "🙂", "👩\u200D💻",
                                 "\uFFFD", "\uE000", "//", "\n/", "\x01"});
    }
  }
  static void append_scalar(std::string& text, uint64_t c) {
    utf8::append(text, c >= 0xD800 && c < 0xE000 ? U'x' : static_cast<char32_t>(c));
  }

  uint64_t stream_ = random_stream("scanner texts");
  uint64_t text_number_ = 0;
  uint64_t index_ = 0;
};

TEST(Scanner, GivesTheMatchesOfThePattern) {
  Texts texts;
  for (const char* pattern : kPatterns) {
    const Regex regex(pattern, "test");
    const auto scanner = Scanner::find(pattern);
    ASSERT_TRUE(scanner);
    for (uint64_t n = 0; n < 20000; ++n) {
      const std::string text = texts(n);
      ASSERT_EQ(scanned(*scanner, text), matched(regex, text)) << pattern << "\nin: " << text;
    }
  }
}

TEST(Scanner, EveryCodePointAsThePatternTakesIt) {
  std::string text;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    utf8::append(text, c);
    text += c % 5 == 0 ? "a" : c % 5 == 1 ? "A1" : c % 5 == 2 ? " " : c % 5 == 3 ? "!\n" : "";
  }
  for (const char* pattern : kPatterns) {
    EXPECT_EQ(scanned(*Scanner::find(pattern), text), matched(Regex(pattern, "test"), text));
  }
}

TEST(Scanner, LongRunsAreLinear) {
  const size_t size = size_t{1} << 20;
  for (const char* pattern : kPatterns) {
    const Scanner scanner = *Scanner::find(pattern);
    for (const char c : {' ', 'x', 'X', '!', '\n'}) {
      EXPECT_LE(scanned(scanner, std::string(size, c) + "y").size(), 3u) << c;
    }
  }
}

TEST(Scanner, CutsWhereWordsEndForEveryPattern) {
  EXPECT_EQ(find_word_end("one two", 0), 3u);
  EXPECT_EQ(find_word_end("one  two three", 5), 8u);
  EXPECT_EQ(find_word_end("слово, слово", 3), 10u);
  EXPECT_EQ(find_word_end("it's e\u0301 b2", 0), 4u);
  EXPECT_EQ(find_word_end("word", 0), 4u);
  EXPECT_EQ(find_word_end("1 2 !", 0), 5u);
  Texts texts;
  for (uint64_t n = 0; n < 5000; ++n) {
    const std::string text = texts(n) + texts(n + 1);
    const size_t cut = find_word_end(text, n % (text.size() + 1));
    for (const char* pattern : kPatterns) {
      const Scanner scanner = *Scanner::find(pattern);
      Places parts = scanned(scanner, std::string_view(text).substr(0, cut));
      for (const auto& [begin, end] : scanned(scanner, std::string_view(text).substr(cut)))
        parts.emplace_back(begin + cut, end + cut);
      ASSERT_EQ(parts, scanned(scanner, text)) << pattern << "\nin: " << text << "\nat " << cut;
    }
  }
}

TEST(Scanner, OtherPatternsHaveNone) {
  EXPECT_FALSE(Scanner::find("\\s+"));
  EXPECT_FALSE(Scanner::find(""));
  EXPECT_FALSE(Scanner::find(std::string(kGpt2Pattern) + "|x"));
}

/// How tokenizer files write a pattern, and whether its scanner may stand in for all of it.
TEST(Scanner, IsTakenWhereThePiecesAreItsWords) {
  const auto scanner_of = [](const Json& json) {
    const nlohmann::json copy = json;
    return read_pre_tokenizer(JsonNode(copy, "pre_tokenizer"))->scanner() != nullptr;
  };
  const auto split = [](const char* behavior, bool invert) {
    return Json{{"type", "Split"},
                {"pattern", {{"Regex", kGpt4Pattern}}},
                {"behavior", behavior},
                {"invert", invert}};
  };
  const auto bytes = [](bool regex, bool space) {
    return Json{{"type", "ByteLevel"}, {"use_regex", regex}, {"add_prefix_space", space}};
  };
  const auto sequence = [](const Json& a, const Json& b) {
    return Json{{"type", "Sequence"}, {"pretokenizers", Json::array({a, b})}};
  };
  EXPECT_TRUE(scanner_of(bytes(true, false)));
  EXPECT_FALSE(scanner_of(bytes(true, true)));
  EXPECT_FALSE(scanner_of(bytes(false, false)));
  EXPECT_TRUE(scanner_of(split("Isolated", false)));
  EXPECT_TRUE(scanner_of(split("Removed", true)));
  EXPECT_FALSE(scanner_of(split("Removed", false)));
  EXPECT_FALSE(scanner_of(split("Contiguous", false)));
  EXPECT_TRUE(scanner_of(sequence(split("Isolated", false), bytes(false, false))));
  EXPECT_FALSE(scanner_of(sequence(split("Isolated", false), bytes(true, false))));
  EXPECT_FALSE(scanner_of(sequence(split("Isolated", false), bytes(false, true))));
}

TEST(Scanner, ThreadsDoNotChangeTheIds) {
  TokenizerConfig config;
  config.vocab_size = 400;
  const std::string part =
      testing::tokenizer_fixture("bpe_training.json")["text"].get<std::string>();
  for (const auto pattern : {PreTokenization::gpt2, PreTokenization::gpt4}) {
    config.pattern = pattern;
    const auto tokenizer = train_tokenizer(config, testing::one_text(part), 1).tokenizer;
    Texts texts;
    std::string text;
    for (uint64_t n = 0; text.size() < (size_t{1} << 20); ++n)
      text += n % 3 == 0 ? part.substr(0, utf8::prefix_bytes(part, n % 300)) : texts(n);
    const auto ids = tokenizer->encode(text, SpecialTokens::none);
    EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none, 3), ids);
    EXPECT_EQ(tokenizer->encode_ordinary(text, 2), ids);
    EXPECT_EQ(tokenizer->decode(ids), text);
  }
}

}  // namespace
}  // namespace slovo
