// Tokenizers from other files than tokenizer.json: SentencePiece's own ids, error texts, damage.
#include "core/base64.h"
#include "core/rng.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/import.h"
#include "tokenizer/sentencepiece_model.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::TempFolder;
using testing::tokenizer_fixture;
using Ids = std::vector<TokenId>;

std::string load_error(const std::string& path) {
  return error_of([&] { Tokenizer::load(path); }, ErrorCode::data);
}

// ---- GPT-2's files

/// A vocabulary of the 256 bytes and what `more` adds.
std::string byte_vocabulary(const std::vector<std::string>& more) {
  Json vocab = Json::object();
  for (unsigned byte = 0; byte < 256; ++byte) vocab[byte_symbol(static_cast<uint8_t>(byte))] = byte;
  for (const std::string& token : more) vocab[token] = vocab.size();
  return vocab.dump();
}

TEST(TokenizerImport, Gpt2Files) {
  const TempFolder folder;
  folder.write("vocab.json", byte_vocabulary({"he", "hel", "<|endoftext|>"}));
  const std::string merges = folder.write("merges.txt", "#version: 0.2\nh e\nhe l\n");
  const auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer->encode("hello<|endoftext|>", SpecialTokens::add), (Ids{257, 'l', 'o', 258}));
  EXPECT_EQ(tokenizer->bos_id(), 258);
  EXPECT_EQ(Tokenizer::load(merges)->fingerprint(), tokenizer->fingerprint());
  folder.write("tokenizer_config.json", R"({"add_prefix_space": true, "eos_token": "he"})");
  const auto spaced = Tokenizer::load(folder.path());
  EXPECT_EQ(spaced->encode("he", SpecialTokens::none), (Ids{' ', 256}));
  EXPECT_EQ(spaced->eos_id(), 256);
}

TEST(TokenizerImport, RobertaAndQwen2Files) {
  const TempFolder folder;
  folder.write("vocab.json", byte_vocabulary({"<s>", "<pad>", "</s>", "<unk>", "<mask>"}));
  folder.write("merges.txt", "");
  const auto roberta = Tokenizer::load(folder.path());
  EXPECT_EQ(roberta->encode("a <mask>b", SpecialTokens::add), (Ids{256, 'a', 260, 'b', 258}));
  folder.write("vocab.json", byte_vocabulary({}));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "Qwen2Tokenizer"})");
  const auto qwen2 = Tokenizer::load(folder.path());
  EXPECT_EQ(qwen2->stage("normalizer"), "NFC");
  EXPECT_EQ(qwen2->stage("pre_tokenizer"), "Split, ByteLevel");
  EXPECT_EQ(qwen2->stage("post_processor"), "none");
  EXPECT_EQ(qwen2->encode("<|im_start|>e\u0301", SpecialTokens::add), (Ids{257, 0xC3, 0xA9}));
}

TEST(TokenizerImport, Gpt2Mistakes) {
  const TempFolder folder;
  const std::string vocab = folder.write("vocab.json", byte_vocabulary({}));
  EXPECT_TRUE(contains(load_error(vocab), "vocab.json: needs its other half beside it"));
  folder.write("merges.txt", "a b c\n");
  EXPECT_TRUE(contains(load_error(folder.path()),
                       "merges.txt:1: must be two tokens with a space between them"));
  folder.write("merges.txt", "");
  EXPECT_TRUE(contains(load_error(vocab),
                       "so how it cuts words cannot be known; put its "
                       "tokenizer_config.json with tokenizer_class beside it"));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "CLIPTokenizerFast"})");
  EXPECT_TRUE(contains(load_error(vocab),
                       "tokenizer_config.json: tokenizer_class CLIPTokenizerFast is not supported "
                       "with vocab.json and merges.txt; slovo reads GPT2Tokenizer, "
                       "RobertaTokenizer, Qwen2Tokenizer; write a tokenizer.json"));
  folder.write("vocab.json", R"({"a": 0})");
  EXPECT_TRUE(contains(load_error(vocab), "the byte 0 has no token"));
}

// ---- BERT's vocabulary

TEST(TokenizerImport, BertCaseFollowsConfigOrVocabulary) {
  const TempFolder folder;
  const std::string specials = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  const std::string vocab = folder.write("vocab.txt", specials + "he\n##y\nHe\n");
  const auto cased = Tokenizer::load(vocab);
  EXPECT_EQ(cased->encode("Hey HE [MASK]", SpecialTokens::add), (Ids{2, 7, 6, 1, 4, 3}));
  folder.write("tokenizer_config.json",
               R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})");
  EXPECT_EQ(Tokenizer::load(vocab)->encode("HéY", SpecialTokens::none), (Ids{5, 6}));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "MPNetTokenizer"})");
  EXPECT_TRUE(contains(load_error(vocab),
                       "tokenizer_class MPNetTokenizer is not supported with "
                       "vocab.txt"));
  std::filesystem::remove(folder / "tokenizer_config.json");
  folder.write("vocab.txt", "[UNK]\na\n");
  EXPECT_TRUE(contains(load_error(vocab),
                       "vocab.txt: holds no [CLS]; a BERT vocabulary needs "
                       "[UNK], [CLS] and [SEP]"));
  folder.write("vocab.txt", "[UNK]\n\na\n");
  EXPECT_TRUE(contains(load_error(vocab), "vocab.txt:2: is empty; must be a token"));
}

// ---- tiktoken's ranks

std::string rank_lines(size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    const std::string token = i < 256 ? std::string(1, static_cast<char>(i)) : cat("\x01", i);
    out += cat(base64_encode(token), " ", i, "\n");
  }
  return out;
}

TEST(TokenizerImport, TiktokenMistakes) {
  const TempFolder folder;
  const auto problem = [&](const std::string& text) {
    return load_error(folder.write("x.tiktoken", text));
  };
  EXPECT_TRUE(contains(problem(rank_lines(300)),
                       "x.tiktoken: holds 300 ranks, so the pattern that cuts its words and its "
                       "special tokens cannot be known; slovo knows r50k_base (50,256), p50k_base "
                       "(50,280), cl100k_base (100,256), o200k_base (199,998), llama3 (128,000), "
                       "qwen2 (151,643); give its tokenizer.json instead"));
  EXPECT_TRUE(contains(problem(rank_lines(255)), "x.tiktoken: the byte 255 has no rank"));
  EXPECT_TRUE(contains(problem("IQ== 0\nIQ==\n"),
                       "x.tiktoken:2: must be a token in base64, a space and its rank"));
  EXPECT_TRUE(contains(problem("IQ= 0\n"), "x.tiktoken:1: not base64: 3 characters"));
  EXPECT_TRUE(contains(problem("IQ== 0\nIQ== 1\n"), "x.tiktoken:2: the token is there twice"));
  EXPECT_TRUE(contains(problem("IQ== 0\nIg== 0\n"), "x.tiktoken:2: the rank 0 is there twice"));
}

TEST(TokenizerImport, TiktokenSpecialTokensFromTheConfig) {
  const TempFolder folder;
  folder.write("x.tiktoken", rank_lines(50256));
  folder.write("tokenizer_config.json",
               R"({"added_tokens_decoder": {"50300": {"content": "<s>", "special": true}},
                   "bos_token": "<s>"})");
  const auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(tokenizer->encode("a<s>", SpecialTokens::none), (Ids{'a', 50300}));
  EXPECT_EQ(tokenizer->bos_id(), 50300);
}

// ---- SentencePiece

TEST(TokenizerImport, SentencePieceModelsGiveItsIds) {
  const TempFolder folder;
  for (const Json& form : tokenizer_fixture("sentencepiece_models.json")) {
    const std::string file =
        folder.write("x.model", base64_decode(form["model"].get<std::string>(), "model"));
    const auto tokenizer = Tokenizer::load(file);
    for (const Json& row : form["texts"]) {
      const auto text = row["text"].get<std::string>();
      // Written out, a byte's name is its token for HF's unigram, but text for SentencePiece.
      if (form["name"] == "unigram bytes" && text.find("<0x") != std::string::npos) continue;
      const std::string where = form["name"].get<std::string>() + ": " + Json(text).dump();
      EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none), row["ids"].get<Ids>()) << where;
    }
  }
}

/// A SentencePiece model of the letters a to c, with what `more` adds to its bytes.
std::string small_sentencepiece(const std::string& more) {
  const auto piece = [](const std::string& text, char type) {
    return cat("\x0A", static_cast<char>(text.size() + 9), "\x0A", static_cast<char>(text.size()),
               text, "\x15", std::string(3, '\0'), "\xC0", "\x18", type);
  };
  return cat(piece("<unk>", 2), piece("<s>", 3), piece("</s>", 3), piece("a", 1), piece("b", 1),
             piece("ab", 1), piece("▁", 1), more);
}

TEST(TokenizerImport, SentencePieceMistakes) {
  const TempFolder folder;
  const auto problem = [&](const std::string& more) {
    return load_error(folder.write("x.model", small_sentencepiece(more)));
  };
  const std::string advice =
      " is not supported; write a tokenizer.json with transformers (save_pretrained) and give that";
  const std::string file = folder / "x.model";
  EXPECT_EQ(problem(std::string("\x12\x02\x18\x03")), file + ": a model of type WORD" + advice);
  EXPECT_EQ(problem(std::string("\x12\x02\x18\x04")), file + ": a model of type CHAR" + advice);
  EXPECT_EQ(problem(std::string("\x12\x03\xC0\x01\x01")),
            file + ": treat_whitespace_as_suffix" + advice);
  EXPECT_EQ(problem(std::string("\x1A\x02\x28\x00", 4)),
            file + ": escape_whitespaces = false" + advice);
  EXPECT_EQ(problem(std::string("\x0A\x05\x0A\x01q\x18\x05")),
            file + ": the piece \"q\" of type UNUSED" + advice);
  EXPECT_EQ(problem(std::string("\x0A\x05\x0A\x01q\x18\x04")),
            file +
                ": the piece \"q\" of type USER_DEFINED with add_dummy_prefix or "
                "remove_extra_whitespaces" +
                advice);
  EXPECT_EQ(problem(std::string("\x0A\x03\x0A\x01"
                                "a")),
            file + ": the piece \"a\" is there twice");
  EXPECT_TRUE(
      contains(problem("\x0A\x7F"), "x.model: not a SentencePiece model, or damaged at byte "));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "XLMRobertaTokenizer"})");
  EXPECT_TRUE(contains(problem(""),
                       "tokenizer_class XLMRobertaTokenizer is not supported with a "
                       "SentencePiece model"));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer"})");
  folder.write("x.model", small_sentencepiece(""));
  EXPECT_EQ(Tokenizer::load(file)->encode("ab", SpecialTokens::add), (Ids{1, 6, 5}));
}

TEST(TokenizerImport, FoldersAndNames) {
  const TempFolder folder;
  EXPECT_TRUE(contains(load_error(folder.path()),
                       "tokenizer.json: no such file; a tokenizer is a tokenizer.json, vocab.json "
                       "with merges.txt, encoder.json with vocab.bpe, vocab.txt (BERT), *.model "
                       "(SentencePiece, or tiktoken's ranks) or *.tiktoken, or a folder that holds "
                       "one of them"));
  folder.write("a.model", "x");
  folder.write("b.model", "x");
  EXPECT_TRUE(
      contains(load_error(folder.path()), "holds a.model and b.model; name the one to read"));
}

// ---- Damage

std::string damaged(std::string text, uint64_t stream, uint64_t n) {
  const uint64_t edits = 1 + random_bits(1, stream, n) % 3;
  for (uint64_t e = 0; e < edits && !text.empty(); ++e) {
    const uint64_t bits = random_bits(2, stream, n * 4 + e);
    const size_t at = (bits >> 16) % text.size();
    if (bits % 4 == 0) text.erase(at, 1 + (bits >> 8) % 9);
    if (bits % 4 == 1) text.insert(at, text.substr((bits >> 40) % text.size(), (bits >> 8) % 30));
    if (bits % 4 >= 2) text[at] = static_cast<char>(bits >> 8);
  }
  return text;
}

/// Each input is read or refused with an Error that names the file.
void expect_no_crash(const std::string& text, const char* name, uint64_t count,
                     const std::function<void(const std::string&)>& read) {
  const uint64_t stream = random_stream(name);
  for (uint64_t n = 0; n < count; ++n) {
    try {
      read(damaged(text, stream, n));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::data) << error.what();
      EXPECT_TRUE(contains(error.what(), "x.file"));
    }
  }
}

TEST(TokenizerImport, DamagedRanksNeverCrash) {
  const ImportSettings settings({}, "");
  expect_no_crash(rank_lines(300), "ranks", 20000,
                  [&](const std::string& text) { import_tiktoken(text, "x.file", settings); });
}

TEST(TokenizerImport, DamagedSentencePieceModelsNeverCrash) {
  const ImportSettings settings({}, "");
  size_t loaded = 0;
  for (const char* more :
       {"", "\x12\x05\x18\x02\x98\x02\x01", "\x12\x02\x18\x01\x1A\x06\x12\x04\x31\x32\x33\x34"}) {
    expect_no_crash(small_sentencepiece(more), "sentencepiece", 7000, [&](const std::string& text) {
      const auto imported = import_sentencepiece(text, "x.file", settings);
      const Pipeline tokenizer(imported.parts.to_text(), "x.file", {});
      tokenizer.decode(tokenizer.encode(" ab  ба<s>\n", SpecialTokens::add), true);
      ++loaded;
    });
  }
  EXPECT_GT(loaded, 100u);
}

/// Damaged rules of normalisation never read outside themselves.
TEST(TokenizerImport, DamagedCharsmapsNeverCrash) {
  const Json forms = tokenizer_fixture("tokenizer_more_forms.json");
  for (const Json& form : forms) {
    if (form["name"] != "precompiled") continue;
    const Json& rules = form["tokenizer"]["normalizer"]["normalizers"][0]["precompiled_charsmap"];
    const std::string blob = base64_decode(rules.get<std::string>(), "rules");
    expect_no_crash(blob, "charsmap", 5000, [&](const std::string& text) {
      Charsmap(text, "x.file").apply("a\te\u0301 ﬁ É½日zz▁👨‍👩\r\n");
    });
    return;
  }
  FAIL() << "the fixture holds no \"precompiled\"";
}

TEST(Base64, BothWays) {
  for (const std::string bytes : {"", "a", "ab", "abc", "\xFF\xFE\x00\x01"})
    EXPECT_EQ(base64_decode(base64_encode(bytes), "x"), bytes);
  EXPECT_EQ(base64_encode("ab"), "YWI=");
  EXPECT_TRUE(contains(error_of([] { base64_decode("YWI", "x"); }), "x: not base64"));
  EXPECT_TRUE(contains(error_of([] { base64_decode("Y===", "x"); }), "x: not base64"));
}

}  // namespace
}  // namespace slovo
