// Damaged tokenizer files of every form: each is read or refused in one clear line, what is read
// works, and nothing crashes or hangs.
#include <algorithm>

#include "fuzz.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/import.h"
#include "tokenizer/regex.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::damaged;
using testing::fuzz;
using testing::tokenizer_fixture;

const std::string kText = " ab <x>  ба<s> [SEP]\n";

/// What was read is used. A text may hold what such a vocabulary has no token for.
void use(const ImportedTokenizer& imported) {
  const Pipeline tokenizer(imported.parts.to_text(), "x.file", {});
  tokenizer.decode(tokenizer.encode(kText, SpecialTokens::add), false);
}

/// A form with a vocabulary of a few tokens.
Json small_form(Json json) {
  const std::string type = json["model"]["type"];
  const Json vocab = {{"a", 0},     {"b", 1},   {"ab", 2},   {"<unk>", 3}, {"<|endoftext|>", 4},
                      {"[UNK]", 5}, {"##b", 6}, {"</w>", 7}, {"Ġ", 8}};
  json["model"]["vocab"] = vocab;
  if (type == "BPE") json["model"]["merges"] = Json::array({Json::array({"a", "b"})});
  if (type == "Unigram") {
    Json scores = Json::array();
    for (const auto& [token, id] : vocab.items()) scores.push_back(Json::array({token, -1.5}));
    json["model"]["vocab"] = std::move(scores);
    json["model"]["unk_id"] = 3;
  }
  json["model"].erase("continuing_subword_prefix");
  json["added_tokens"] = Json::array();
  json["added_tokens"].push_back(
      {{"id", 9}, {"content", "<x>"}, {"special", true}, {"lstrip", true}, {"normalized", true}});
  json["post_processor"] = nullptr;
  return json;
}

const std::vector<std::string> kJsonWords = {
    "null",   "true", "-1", "1e99", "\"\"", "{}", "[]", "\"type\"", "99999999999999999999",
    "\\u0000"};

TEST(TokenizerFuzz, TokenizerJson) {
  std::vector<std::string> files;
  for (const char* name : {"tokenizer_forms.json", "tokenizer_more_forms.json"}) {
    const Json fixture = tokenizer_fixture(name);
    for (const Json& form : fixture["forms"]) {
      const Json& json = form["tokenizer"];
      if (json["model"].value("byte_fallback", false) || json["pre_tokenizer"] == nullptr) continue;
      files.push_back(small_form(json).dump());
    }
  }
  files.push_back(
      tokenizer_fixture("tokenizer_forms.json")["forms"][0]["tokenizer"].dump().substr(0, 3000));
  const uint64_t read = fuzz("tokenizer.json", "", [&](uint64_t stream, uint64_t n) {
    const std::string text = damaged(files[n % files.size()], kJsonWords, stream, n);
    std::unique_ptr<const Pipeline> tokenizer;
    try {
      tokenizer = std::make_unique<Pipeline>(text, "x.file", TokenizerConfigFiles{});
    } catch (const Error& error) {
      EXPECT_TRUE(testing::contains(error.what(), "x.file"));
      throw;
    }
    tokenizer->decode(tokenizer->encode(kText, SpecialTokens::add), false);
  });
  EXPECT_GT(read, testing::fuzz_inputs() / 200);
  EXPECT_LT(read, testing::fuzz_inputs());
}

/// Of families as small as can be: one without a normalizer, one with.
TEST(TokenizerFuzz, TiktokenRanks) {
  const ImportSettings settings({}, "");
  const std::string ranks = testing::rank_lines(300);
  const std::vector<std::string> words = {"\n",          " ",    "=",          "-1",
                                          "99999999999", "IQ==", "4294967296", "YWE= 256\n"};
  const RankFamily families[] = {
      {"small", 300, kGpt4Pattern, {{"<x>", 300}, {"<s>", 310}}, "<x>", "<s>"},
      {"normalized", 300, kQwen2Pattern, {{"<x>", 290}}, nullptr, "<x>"}};
  const uint64_t read = fuzz("ranks", "x.file", [&](uint64_t stream, uint64_t n) {
    const std::string text = damaged(ranks, words, stream, n);
    use(import_tiktoken(text, "x.file", settings, &families[n % std::size(families)]));
  });
  EXPECT_GT(read, testing::fuzz_inputs() / 400);
  EXPECT_LT(read, testing::fuzz_inputs());
}

TEST(TokenizerFuzz, SentencePieceModels) {
  const ImportSettings settings({}, "");
  const std::string more[] = {"", "\x12\x05\x18\x02\x98\x02\x01",
                              "\x12\x02\x18\x01\x1A\x06\x12\x04\x31\x32\x33\x34"};
  const uint64_t read = fuzz("sentencepiece", "x.file", [&](uint64_t stream, uint64_t n) {
    const std::string model = testing::small_sentencepiece(more[n % std::size(more)]);
    use(import_sentencepiece(damaged(model, {}, stream, n), "x.file", settings));
  });
  EXPECT_GT(read, testing::fuzz_inputs() / 200);
}

/// Damaged rules of normalisation never read outside themselves.
TEST(TokenizerFuzz, Charsmaps) {
  const Json forms = tokenizer_fixture("tokenizer_more_forms.json")["forms"];
  const auto form = std::find_if(forms.begin(), forms.end(),
                                 [](const Json& one) { return one["name"] == "precompiled"; });
  ASSERT_NE(form, forms.end());
  const Json& rules = (*form)["tokenizer"]["normalizer"]["normalizers"][0]["precompiled_charsmap"];
  const std::string blob = base64_decode(rules.get<std::string>(), "rules");
  fuzz("charsmap", "x.file", [&](uint64_t stream, uint64_t n) {
    Charsmap(damaged(blob, {}, stream, n), "x.file")
        .apply("a\te\u0301 ﬁ É½日zz▁👨‍👩\r\n");
  });
}

TEST(TokenizerFuzz, Gpt2Files) {
  const std::string vocab = testing::byte_vocabulary({"he", "hel", "<|endoftext|>", "<s>"});
  const std::string merges = "#version: 0.2\nh e\nhe l\n";
  const ImportSettings settings({}, "");
  const std::vector<std::string> lines = {"\n", " ", "#version", "h"};
  const uint64_t read = fuzz("gpt2", "x.file", [&](uint64_t stream, uint64_t n) {
    const bool first = n % 2 == 0;
    const std::string a = first ? damaged(vocab, kJsonWords, stream, n) : vocab;
    const std::string b = first ? merges : damaged(merges, lines, stream, n);
    use(import_gpt2({a, "x.file"}, {b, "x.file"}, settings));
  });
  EXPECT_GT(read, testing::fuzz_inputs() / 200);
}

TEST(TokenizerFuzz, BertVocabularies) {
  const ImportSettings settings({}, "");
  const std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nab\n##b\nб\n##а\n<\nx\n";
  const std::vector<std::string> words = {"\n", "\r\n", "[UNK]", "##", " ", "\xD0", "[CLS]"};
  const uint64_t read = fuzz("bert", "x.file", [&](uint64_t stream, uint64_t n) {
    use(import_bert(damaged(vocab, words, stream, n), "x.file", settings));
  });
  EXPECT_GT(read, testing::fuzz_inputs() / 200);
}

}  // namespace
}  // namespace slovo
