// Tokenizers from other files than tokenizer.json: SentencePiece's own ids, error texts.
#include "core/base64.h"
#include "core/utf8.h"
#include "tokenizer/import.h"
#include "tokenizer/sentencepiece_model.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::byte_vocabulary;
using testing::contains;
using testing::error_of;
using testing::rank_lines;
using testing::small_sentencepiece;
using testing::TempFolder;
using testing::tokenizer_fixture;
using Ids = std::vector<TokenId>;

std::string load_error(const std::string& path) {
  return error_of([&] { Tokenizer::load(path); }, ErrorCode::data);
}

// ---- GPT-2's files

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
      const std::string where = form["name"].get<std::string>() + ": " + Json(text).dump();
      const auto holds = [&](const char* name) { return contains(text, name); };
      EXPECT_EQ(tokenizer->encode_ordinary(text), row["ids"].get<Ids>()) << where;
      // As markup, the names of special tokens are these; so, for HF's unigram, is a byte's name.
      if (holds("<s>") || holds("</s>") || holds("<unk>")) continue;
      if (form["name"] == "unigram bytes" && holds("<0x")) continue;
      EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none), row["ids"].get<Ids>()) << where;
    }
  }
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

TEST(TokenizerImport, Lines) {
  std::string_view rest = "a\r\n\nb \r";
  EXPECT_EQ(take_line(rest), "a");
  EXPECT_EQ(take_line(rest), "");
  EXPECT_EQ(take_line(rest), "b ");
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(take_line(rest), "");
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
