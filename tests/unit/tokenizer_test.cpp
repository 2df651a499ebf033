// The whole tokenizer: the forms of tokenizer.json against HF's ids, round trips, roles, error
// texts.
#include "tokenizer/tokenizer.h"

#include <fstream>

#include "core/rng.h"
#include "core/utf8.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::error_of;
using testing::make_tokenizer;
using testing::one_text;
using testing::tokenizer_fixture;
using Ids = std::vector<TokenId>;

std::shared_ptr<const Tokenizer> trained(TokenizerKind kind, const std::string& text,
                                         int64_t vocab_size = 400) {
  TokenizerConfig config;
  config.kind = kind;
  config.vocab_size = vocab_size;
  return train_tokenizer(config, one_text(text), 2).tokenizer;
}

std::string fixture_text() {
  return tokenizer_fixture("bpe_training.json")["text"].get<std::string>();
}

std::string streamed(const Tokenizer& tokenizer, const Ids& ids) {
  StreamDecoder stream(tokenizer);
  std::string text;
  for (const TokenId id : ids) {
    const std::string part = stream.push(id);
    EXPECT_TRUE(utf8::is_valid(part));
    text += part;
  }
  return text + stream.finish();
}

/// The value at `i` of a row; where it is null, it is as `otherwise`.
template <class T>
T at_or(const Json& row, size_t i, const T& otherwise) {
  return row[i].is_null() ? otherwise : row[i].get<T>();
}

void expect_as_hugging_face(const Json& fixture) {
  for (const Json& form : fixture["forms"]) {
    const auto tokenizer = make_tokenizer(form["tokenizer"]);
    ASSERT_EQ(form["rows"].size(), fixture["texts"].size());
    for (size_t i = 0; i < form["rows"].size(); ++i) {
      const auto text = fixture["texts"][i].get<std::string>();
      const Json& row = form["rows"][i];  // ids, with special tokens, their text, with special ones
      const auto expected = row[0].get<Ids>();
      const std::string where = form["name"].get<std::string>() + ": " + text;
      EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none), expected) << where;
      EXPECT_EQ(tokenizer->encode(text, SpecialTokens::add), at_or(row, 1, expected)) << where;
      const std::string decoded = tokenizer->decode(expected);
      const std::string wanted = at_or(row, 2, text);
      EXPECT_EQ(utf8::replace_invalid(decoded), wanted) << where;
      EXPECT_EQ(utf8::replace_invalid(tokenizer->decode(expected, false)), at_or(row, 3, wanted))
          << where;
      if (form["tokenizer"]["decoder"] != nullptr) {
        EXPECT_EQ(streamed(*tokenizer, expected), utf8::replace_invalid(decoded)) << where;
      }
    }
  }
}

TEST(Tokenizer, EveryFormEncodesAndDecodesAsHuggingFace) {
  expect_as_hugging_face(tokenizer_fixture("tokenizer_forms.json"));
  expect_as_hugging_face(tokenizer_fixture("tokenizer_more_forms.json"));
}

TEST(Tokenizer, RoundTripsAnyUnicodeText) {
  const uint64_t stream = random_stream("round trip");
  const auto bpe = trained(TokenizerKind::bpe, fixture_text());
  const auto byte = trained(TokenizerKind::byte, "");
  for (uint64_t n = 0; n < 300; ++n) {
    std::string text;
    for (uint64_t i = 0; i < n % 40; ++i) {
      const uint64_t bits = random_bits(7, stream, n * 64 + i);
      auto c = static_cast<char32_t>((bits >> 8) % (bits % 3 == 0   ? 0x110000
                                                    : bits % 3 == 1 ? 0x80
                                                                    : 0x500));
      utf8::append(text, c >= 0xD800 && c < 0xE000 ? U'x' : c);
    }
    for (const auto& tokenizer : {bpe, byte}) {
      const Ids ids = tokenizer->encode_ordinary(text);
      EXPECT_EQ(tokenizer->decode(ids), text);
      EXPECT_EQ(streamed(*tokenizer, ids), text);
      int64_t bytes = 0;
      for (const TokenId id : ids) bytes += tokenizer->token_bytes(id);
      EXPECT_EQ(bytes, static_cast<int64_t>(text.size()));
    }
  }
}

TEST(Tokenizer, CharKindNumbersCharactersByCodePoint) {
  const auto tokenizer = trained(TokenizerKind::character, "ba\nя b");
  EXPECT_EQ(tokenizer->kind(), "char");
  EXPECT_EQ(tokenizer->vocab_size(), 7);
  EXPECT_EQ(tokenizer->encode("\n abя", SpecialTokens::add), (Ids{0, 1, 2, 3, 4}));
  EXPECT_EQ(tokenizer->token(5), "<unk>");
  EXPECT_EQ(tokenizer->token(6), "<|endoftext|>");
  EXPECT_EQ(tokenizer->encode("a?b", SpecialTokens::none), (Ids{2, 5, 3}));
  EXPECT_EQ(tokenizer->decode({0, 1, 4, 6, 2}), "\n яa");
  EXPECT_EQ(tokenizer->token_bytes(4), 2);
  EXPECT_EQ(tokenizer->token_bytes(6), 0);
}

TEST(Tokenizer, ByteKindNumbersBytesByValue) {
  const auto tokenizer = trained(TokenizerKind::byte, "");
  EXPECT_EQ(tokenizer->kind(), "byte");
  EXPECT_EQ(tokenizer->vocab_size(), 257);
  EXPECT_EQ(tokenizer->encode("A я<|endoftext|>", SpecialTokens::add),
            (Ids{65, 32, 0xD1, 0x8F, 256}));
  EXPECT_EQ(tokenizer->encode_ordinary("<|e").size(), 3u);
}

TEST(Tokenizer, SeparatorIsBosAndEosAndNeverAddedByItself) {
  for (const auto kind : {TokenizerKind::bpe, TokenizerKind::character, TokenizerKind::byte}) {
    const auto tokenizer = trained(kind, fixture_text());
    const auto separator = tokenizer->find("<|endoftext|>");
    ASSERT_TRUE(separator);
    EXPECT_EQ(tokenizer->bos_id(), separator);
    EXPECT_EQ(tokenizer->eos_id(), separator);
    EXPECT_TRUE(tokenizer->is_special(*separator));
    EXPECT_EQ(tokenizer->encode("<|endoftext|>", SpecialTokens::add), (Ids{*separator}));
    const Ids ordinary = tokenizer->encode_ordinary("<|endoftext|>");
    EXPECT_EQ(std::count(ordinary.begin(), ordinary.end(), *separator), 0);
    EXPECT_EQ(tokenizer->decode({*separator}), "");
    EXPECT_EQ(tokenizer->decode({*separator}, false), "<|endoftext|>");
  }
}

/// HF's tables are those of Unicode 9, whatever the system's are.
TEST(Tokenizer, NormalizesWhatHuggingFaceKnows) {
  const auto normal = [](const char* form, const std::string& text) {
    const nlohmann::json json = {{"type", form}};
    std::string storage;
    return std::string(read_normalizer(JsonNode(json, "x"))->apply(text, storage));
  };
  EXPECT_EQ(normal("NFC", "e\u0301\u0659\u0323"), "\u1eb9\u0301\u0659");
  EXPECT_EQ(normal("NFC", "e\u0301\u0659\u07fd"), "\u00e9\u0659\u07fd") << "a mark of Unicode 11";
  EXPECT_EQ(normal("NFC", "e\u07fd\u0301"), "e\u07fd\u0301");
  EXPECT_EQ(normal("NFKC", "\u337e\u32ff"), "明治\u32ff") << "an era of Unicode 12";
}

/// Every model that looks whole tokens up: in ordinary text it does not find special ones.
TEST(Tokenizer, OrdinaryTextHoldsNoSpecialTokens) {
  const Json special = {{{"id", 0}, {"content", "<s>"}, {"special", true}}};
  const std::vector<std::string> tokens = {"<s>", "<unk>", "<", "s", ">", "s>"};
  Json vocab = Json::object();
  Json scores = Json::array();
  for (const std::string& token : tokens) {
    vocab[token] = vocab.size();
    scores.push_back({token, token == "<s>" ? 0.0 : -1.0});
  }
  const Json words = {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", "<unk>"}};
  Json pieces = {{"type", "WordPiece"}, {"vocab", vocab}, {"unk_token", "<unk>"}};
  pieces["continuing_subword_prefix"] = "";
  const Json unigram = {{"type", "Unigram"}, {"vocab", scores}, {"unk_id", 1}};
  const Json bpe = {
      {"type", "BPE"}, {"vocab", vocab}, {"merges", {"s >"}}, {"ignore_merges", true}};
  const std::vector<std::pair<Json, Ids>> cases = {
      {words, {1}}, {pieces, {2, 5}}, {unigram, {2, 5}}, {bpe, {2, 5}}};
  for (const auto& [model, ids] : cases) {
    const auto tokenizer = make_tokenizer({{"model", model}, {"added_tokens", special}});
    EXPECT_EQ(tokenizer->encode("<s>", SpecialTokens::none), (Ids{0})) << model.dump();
    EXPECT_EQ(tokenizer->encode_ordinary("<s>"), ids) << model.dump();
    EXPECT_EQ(tokenizer->encode("<s>", SpecialTokens::none), (Ids{0})) << "one cache for both";
  }
}

TEST(Tokenizer, SavesWhatItLoads) {
  const auto tokenizer = trained(TokenizerKind::bpe, fixture_text());
  testing::TempFolder folder;
  tokenizer->save(folder.path());
  write_file(folder.path() / "chat_template.jinja", "{{ messages }}");
  const auto loaded = Tokenizer::load(folder.path());
  EXPECT_EQ(loaded->fingerprint(), tokenizer->fingerprint());
  EXPECT_EQ(loaded->eos_id(), tokenizer->eos_id());
  testing::TempFolder second;
  loaded->save(second.path());
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}) {
    EXPECT_EQ(read_file(second.path() / name), read_file(folder.path() / name));
  }
  EXPECT_EQ(Tokenizer::load(folder.path() / "tokenizer.json")->fingerprint(),
            tokenizer->fingerprint());
  EXPECT_NE(trained(TokenizerKind::bpe, fixture_text(), 399)->fingerprint(),
            tokenizer->fingerprint());
}

TEST(Tokenizer, ExtraSpecialTokens) {
  TokenizerConfig config;
  config.vocab_size = 300;
  config.special_tokens = {"<|user|>", "<|endoftext|>", "<|user|>"};
  const auto tokenizer = train_tokenizer(config, one_text(fixture_text()), 1).tokenizer;
  EXPECT_EQ(tokenizer->encode("<|user|><|endoftext|>", SpecialTokens::none), (Ids{1, 0}));
  EXPECT_EQ(tokenizer->vocab_size(), 300);
  config.vocab_size = 257;
  EXPECT_EQ(error_of([&] { train_tokenizer(config, one_text("a"), 1); }),
            "tokenizer.vocab_size is 257; must be at least 258: 256 bytes and 2 special tokens");
}

TEST(Tokenizer, MalformedTextIsRefused) {
  const auto tokenizer = trained(TokenizerKind::byte, "");
  EXPECT_EQ(error_of([&] { tokenizer->encode("ab\xFF", SpecialTokens::none); }),
            "the text to encode: not UTF-8 at byte 2; convert the text first (iconv -t UTF-8)");
  EXPECT_NE(error_of([&] { trained(TokenizerKind::character, "\xD1"); }), "");
}

TEST(Tokenizer, IdsWithoutATokenHaveNoText) {
  const auto tokenizer = trained(TokenizerKind::byte, "");
  EXPECT_EQ(tokenizer->decode({-1, 65, 100000}), "A");
  EXPECT_EQ(tokenizer->token_bytes(100000), 0);
  EXPECT_EQ(tokenizer->token(100000), "");
}

TEST(Tokenizer, DecoderThatEatsEverything) {
  Json json = testing::small_model({"a", "x"}, {});
  json["decoder"] = {{"type", "Replace"}, {"pattern", {{"Regex", ".*"}}}, {"content", ""}};
  const auto tokenizer = make_tokenizer(json);
  EXPECT_EQ(tokenizer->decode({0, 1}), "");
  EXPECT_EQ(tokenizer->token_bytes(0), 0);
}

TEST(StreamDecoder, WritesWholeCharactersOnly) {
  const auto tokenizer = trained(TokenizerKind::byte, "");
  StreamDecoder stream(*tokenizer);
  EXPECT_EQ(stream.push(0xD1), "");
  EXPECT_EQ(stream.push(0x8F), "я");
  EXPECT_EQ(stream.push(256), "");
  EXPECT_EQ(stream.push(0xFF), "\uFFFD");
  EXPECT_EQ(stream.push('a'), "a");
  EXPECT_EQ(stream.push(0xF0), "");
  EXPECT_EQ(stream.push('b'), "\uFFFDb");
  EXPECT_EQ(stream.push(0xE2), "");
  EXPECT_EQ(stream.push(0x82), "");
  EXPECT_EQ(stream.finish(), "\uFFFD");
  EXPECT_EQ(stream.push('c'), "c");
}

TEST(Tokenizer, UnsupportedAndDamagedPartsAreNamed) {
  const Json good = testing::small_model({"a"}, {});
  const auto problem = [&](const char* key, const Json& value) {
    Json json = good;
    json[key] = value;
    return error_of([&] { make_tokenizer(json); });
  };
  EXPECT_EQ(problem("normalizer", {{"type", "ByteLevel"}}),
            "tokenizer.json: normalizer: type \"ByteLevel\" is not supported; slovo reads Prepend, "
            "Replace, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, BertNormalizer, Strip, Nmt, "
            "Precompiled, Sequence");
  EXPECT_EQ(problem("pre_tokenizer", {{"type", "UnicodeScripts"}}),
            "tokenizer.json: pre_tokenizer: type \"UnicodeScripts\" is not supported; slovo reads "
            "ByteLevel, Split, Metaspace, BertPreTokenizer, Whitespace, WhitespaceSplit, "
            "Punctuation, Digits, CharDelimiterSplit, Sequence");
  EXPECT_EQ(problem("model", {{"type", "Odd"}}),
            "tokenizer.json: model: type \"Odd\" is not supported; slovo reads BPE, WordPiece, "
            "Unigram, WordLevel");
  EXPECT_EQ(problem("model", {{"type", "WordPiece"}, {"vocab", {{"a", 0}}}}),
            "tokenizer.json: model: \"unk_token\" is \"[UNK]\", which is not in the vocabulary");
  EXPECT_EQ(problem("model", {{"type", "Unigram"}, {"vocab", Json::array({{"a"}})}}),
            "tokenizer.json: model.vocab: number 0 is not a pair, [token, score]");
  EXPECT_EQ(problem("normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "AA-A"}}),
            "tokenizer.json: normalizer.precompiled_charsmap: not base64 at character 2");
  EXPECT_EQ(problem("normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "/////w=="}}),
            "tokenizer.json: normalizer.precompiled_charsmap: damaged: the trie has 4294967295 "
            "bytes, the whole 4; get the file again");
  EXPECT_NE(problem("decoder", {{"type", "CTC"}}).find("decoder: type \"CTC\" is not supported"),
            std::string::npos);
  EXPECT_NE(problem("post_processor", {{"type", "X"}}).find("post_processor: type \"X\""),
            std::string::npos);
  EXPECT_EQ(problem("normalizer", 5), "tokenizer.json: normalizer: is number; must be an object");
  EXPECT_EQ(problem("normalizer", {{"type", 5}}),
            "tokenizer.json: normalizer.type: is number; must be a string");
  EXPECT_EQ(problem("pre_tokenizer", {{"type", "Split"}, {"behavior", "Odd"}}),
            "tokenizer.json: pre_tokenizer.behavior: is \"Odd\"; must be one of Isolated, Removed, "
            "MergedWithPrevious, "
            "MergedWithNext, Contiguous");
  EXPECT_EQ(problem("added_tokens", Json::array({{{"id", 7}, {"content", "x"}}})),
            "tokenizer.json: added_tokens[0]: \"x\" has id 7, but the vocabulary and the tokens "
            "before it give it 1");
  EXPECT_NE(
      error_of([] { Pipeline("{\"model\": ", "f.json", {}); }).find("f.json: line 1, column "),
      std::string::npos);
  EXPECT_NE(
      error_of([] { Tokenizer::load("/nowhere/at/all"); }).find("/nowhere/at/all: no such file"),
      std::string::npos);
}

}  // namespace
}  // namespace slovo
