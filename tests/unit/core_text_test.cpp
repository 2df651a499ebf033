#include <gtest/gtest.h>

#include "core/text.h"
#include "core/utf8.h"

namespace slovo {
namespace {

TEST(Text, NumbersReadWell) {
  EXPECT_EQ("1,234,567", with_commas(1234567));
  EXPECT_EQ("-1,000", with_commas(-1000));
  EXPECT_EQ("999", with_commas(999));
  EXPECT_EQ("0.125", fixed(0.125, 3));
  EXPECT_EQ("512 B", human_bytes(512));
  EXPECT_EQ("1.50 KiB", human_bytes(1536));
  EXPECT_EQ("80.0 GiB", human_bytes(80.0 * 1024 * 1024 * 1024));
  EXPECT_EQ("999", human_count(999));
  EXPECT_EQ("1.23M", human_count(1234567));
  EXPECT_EQ("12.3K", human_count(12345));
}

TEST(Text, ParsesBytes) {
  EXPECT_EQ(parse_bytes("1536"), 1536);
  EXPECT_EQ(parse_bytes("1.5K"), 1536);
  EXPECT_EQ(parse_bytes("1.50 KiB"), 1536);
  EXPECT_EQ(parse_bytes("2GB"), int64_t{2} << 30);
  EXPECT_EQ(parse_bytes("512 MiB"), int64_t{512} << 20);
  for (const char* bad : {"", "x", "-1", "1Q", "1 KiBs", "1e30", "nan", "M"})
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
}

TEST(Text, DurationsReadWell) {
  EXPECT_EQ("3.2s", human_duration(3.2));
  EXPECT_EQ("1m 01s", human_duration(61));
  EXPECT_EQ("1h 02m", human_duration(3725));
  EXPECT_EQ("1m 00s", human_duration(59.97)) << "rounds up to a whole minute";
}

TEST(Text, NearestNameKnowsTyposAndRefusesStrangers) {
  const std::vector<std::string> names = {"hidden_size", "num_hidden_layers", "vocab_size"};
  EXPECT_EQ("hidden_size", nearest_name("hiden_size", names));
  EXPECT_EQ("vocab_size", nearest_name("vocabsize", names));
  EXPECT_EQ("", nearest_name("temperature", names));
  EXPECT_EQ(" (did you mean \"hidden_size\"?)", did_you_mean("hidden_sizes", names));
  EXPECT_EQ("", did_you_mean("zzz", names));
}

TEST(Text, JoinsAndConcatenates) {
  EXPECT_EQ("a, b, c", join({"a", "b", "c"}));
  EXPECT_EQ("", join({}));
  EXPECT_EQ("x=1.5 y", cat("x=", 1.5, ' ', 'y'));
}

TEST(Utf8, FindsTheFirstMalformedByte) {
  EXPECT_TRUE(utf8::is_valid("plain ascii, longer than eight bytes"));
  EXPECT_TRUE(utf8::is_valid("слово 語 \xF0\x9F\x98\x80"));
  EXPECT_EQ(9u, utf8::find_invalid("12345678 \xD1"));
  EXPECT_EQ(0u, utf8::find_invalid("\xC0\xAF")) << "overlong";
  EXPECT_EQ(0u, utf8::find_invalid("\xED\xA0\x80")) << "a surrogate";
  EXPECT_EQ(0u, utf8::find_invalid("\xF4\x90\x80\x80")) << "over U+10FFFF";
  EXPECT_EQ(1u, utf8::find_invalid("a\x80")) << "a continuation alone";
}

TEST(Utf8, CodePointsSurviveARoundTrip) {
  for (const char32_t code :
       {U'a', U'\x7F', U'\x80', U'\x7FF', U'\x800', U'\xFFFD', U'\x10000', U'\x10FFFF'}) {
    std::string text;
    utf8::append(text, code);
    size_t at = 0;
    EXPECT_EQ(code, utf8::next(text, at));
    EXPECT_EQ(text.size(), at);
    EXPECT_EQ(text.size(), utf8::char_length(text, 0));
  }
}

TEST(Text, QuotesForTheShell) {
  EXPECT_EQ("\"the cat\"", shell_quoted("the cat"));
  EXPECT_EQ("'say \"no\"'", shell_quoted("say \"no\""));
  EXPECT_EQ("'it'\\''s $5'", shell_quoted("it's $5"));
  EXPECT_EQ("\"it's\"", shell_quoted("it's"));
}

TEST(Text, QuotesOfFilesStayInOneLine) {
  EXPECT_EQ("é \\s+\\n\\r\\t\\x1b[0m\\x7f", in_one_line("é \\s+\n\r\t\x1b[0m\x7f"));
}

TEST(Text, LeavesOutWhatDoesNotFit) {
  const std::vector<LinePart> parts = {{0, "step 1"}, {2, "loss 3"}, {1, ""}, {1, "9 tok/s"}};
  EXPECT_EQ("step 1  loss 3  9 tok/s", fitted(parts, 80));
  EXPECT_EQ("step 1  9 tok/s", fitted(parts, 22));
  EXPECT_EQ("step 1", fitted(parts, 3)) << "rank 0 stays";
}

TEST(Utf8, CountsAndCutsWholeCharacters) {
  const std::string text = "aя語😀";
  EXPECT_EQ(4u, utf8::count(text));
  EXPECT_EQ(0u, utf8::prefix_bytes(text, 0));
  EXPECT_EQ(3u, utf8::prefix_bytes(text, 2));
  EXPECT_EQ(text.size(), utf8::prefix_bytes(text, 9));
}

TEST(Utf8, KnowsWhatMayStillBecomeACharacter) {
  const std::string smile = "😀";
  EXPECT_EQ(0u, utf8::incomplete_tail("ab"));
  EXPECT_EQ(0u, utf8::incomplete_tail(smile));
  for (size_t cut = 1; cut < smile.size(); ++cut)
    EXPECT_EQ(cut, utf8::incomplete_tail("x" + smile.substr(0, cut)));
  EXPECT_EQ(0u, utf8::incomplete_tail("x\xFF")) << "never the start of a character";
}

TEST(Utf8, ReplacesEachMalformedPartOnce) {
  EXPECT_EQ("a\uFFFDb", utf8::replace_invalid("a\xFF"
                                              "b"));
  EXPECT_EQ("\uFFFD", utf8::replace_invalid("\xF0\x9F\x98")) << "a character cut short is one part";
  EXPECT_EQ("\uFFFD\uFFFD", utf8::replace_invalid("\xC0\xAF"));
  EXPECT_EQ("слово", utf8::replace_invalid("слово"));
}

}  // namespace
}  // namespace slovo
