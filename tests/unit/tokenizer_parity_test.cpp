// Real tokenizers of the shared data, in every form, against ids made with the reference libraries.
#include <fstream>
#include <sstream>

#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using Ids = std::vector<TokenId>;

struct Case {
  const char* path;
  const char* key;        ///< in parity_expected.jsonl
  const char* llama_cpp;  ///< the name of its vectors; null: there are none
};

constexpr Case kCases[] = {
    {"tokenizers/gpt-neox-olmo/tokenizer.json", "gpt_neox_olmo", nullptr},
    {"tokenizers/gpt2", "gpt2", "gpt-2"},
    {"tokenizers/tiktoken/r50k_base.tiktoken", "gpt2", "gpt-2"},
    {"tokenizers/tiktoken/cl100k_base.tiktoken", "cl100k_base", nullptr},
    {"tokenizers/llama3", "llama3", "llama-bpe"},
    {"tokenizers/llama2", "llama2_spm", "llama-spm"},
    {"tokenizers/sentencepiece_test", "sp_test_model", nullptr},
    {"tokenizers/bert-base-uncased", "bert_base_uncased", "bert-bge"},
};

/// Names the case in lists of tests.
void PrintTo(const Case& test, std::ostream* out) { *out << test.path; }

class TokenizerParity : public ::testing::TestWithParam<Case> {};

/// What it is saved as gives the same ids.
std::shared_ptr<const Tokenizer> saved_and_loaded(const Tokenizer& tokenizer) {
  const testing::TempFolder folder;
  tokenizer.save(folder.path());
  return Tokenizer::load(folder.path());
}

TEST_P(TokenizerParity, AllTexts) {
  SLOVO_SHARED_DATA(path, GetParam().path);
  SLOVO_SHARED_DATA(expected, "tokenizers/parity_expected.jsonl");
  const auto tokenizer = Tokenizer::load(path);
  const auto again = saved_and_loaded(*tokenizer);
  EXPECT_EQ(tokenizer->fingerprint(), again->fingerprint());
  std::ifstream file(expected);
  std::string line;
  size_t rows = 0;
  for (; std::getline(file, line); ++rows) {
    const Json row = parse_json(line, "parity_expected.jsonl");
    const auto text = row["text"].get<std::string>();
    const auto ids = row[GetParam().key].get<Ids>();
    EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none), ids) << Json(text).dump();
    EXPECT_EQ(again->encode(text, SpecialTokens::none), ids) << Json(text).dump();
  }
  EXPECT_EQ(rows, 220u);
}

/// The texts of an .inp file, each with the line of ids in the .out file.
std::vector<std::pair<std::string, Ids>> llama_cpp_vectors(const std::filesystem::path& input,
                                                           const std::filesystem::path& output) {
  const std::string text = read_file(input);
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::ifstream lines(output);
  std::vector<std::pair<std::string, Ids>> out;
  size_t at = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t end = text.find(separator, at);
    Ids ids;
    std::istringstream numbers(line);
    for (TokenId id = 0; numbers >> id;) ids.push_back(id);
    out.emplace_back(text.substr(at, end - at), ids);
    at = end == std::string::npos ? text.size() : end + separator.size();
  }
  return out;
}

TEST_P(TokenizerParity, LlamaCppVectors) {
  if (!GetParam().llama_cpp) GTEST_SKIP() << "llama.cpp has no vectors for it";
  SLOVO_SHARED_DATA(path, GetParam().path);
  SLOVO_SHARED_DATA(folder, "tokenizers/llama_cpp_vocab");
  const std::string name = cat("ggml-vocab-", GetParam().llama_cpp, ".gguf");
  const auto tokenizer = Tokenizer::load(path);
  const auto vectors = llama_cpp_vectors(folder / (name + ".inp"), folder / (name + ".out"));
  EXPECT_GE(vectors.size(), 46u);
  for (const auto& [text, ids] : vectors)
    EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none), ids) << Json(text).dump();
}

INSTANTIATE_TEST_SUITE_P(Shared, TokenizerParity, ::testing::ValuesIn(kCases));

TEST(TokenizerForms, RolesAndSpecialTokens) {
  SLOVO_SHARED_DATA(folder, "tokenizers");
  const auto llama3 = Tokenizer::load(folder / "llama3");
  EXPECT_EQ(llama3->vocab_size(), 128256);
  EXPECT_EQ(llama3->bos_id(), 128000);
  EXPECT_EQ(llama3->token(128009), "<|eot_id|>");
  EXPECT_EQ(llama3->token(128255), "<|reserved_special_token_247|>");
  EXPECT_EQ(llama3->encode("a<|eot_id|>", SpecialTokens::add), (Ids{128000, 64, 128009}));
  const auto cl100k = Tokenizer::load(folder / "tiktoken/cl100k_base.tiktoken");
  EXPECT_EQ(cl100k->vocab_size(), 100277);
  EXPECT_EQ(cl100k->eos_id(), 100257);
  EXPECT_EQ(cl100k->token(100276), "<|endofprompt|>");
  const auto bert = Tokenizer::load(folder / "bert-base-uncased/vocab.txt");
  EXPECT_EQ(bert->kind(), "wordpiece");
  EXPECT_EQ(bert->encode("Hello, wörld", SpecialTokens::add), (Ids{101, 7592, 1010, 2088, 102}));
  EXPECT_EQ(bert->decode({101, 7592, 1010, 2088, 102}), "hello, world");
  const auto llama2 = Tokenizer::load(folder / "llama2/tokenizer.model");
  EXPECT_EQ(llama2->kind(), "bpe");
  EXPECT_EQ(llama2->eos_id(), 2);
  EXPECT_EQ(llama2->decode(llama2->encode(" два  🙂\n", SpecialTokens::none)), " два  🙂\n");
  EXPECT_EQ(Tokenizer::load(folder / "sentencepiece_test")->kind(), "unigram");
}

TEST(TokenizerForms, Stories260K) {
  SLOVO_SHARED_DATA(path, "models/stories260K/hf");
  const auto tokenizer = Tokenizer::load(path);
  const Json reference = read_json(*testing::shared_data("models/stories260K/reference.json"));
  const auto prompt = reference["prompt"].get<std::string>();
  const auto ids = reference["prompt_ids_with_bos"].get<Ids>();
  EXPECT_EQ(tokenizer->encode(prompt, SpecialTokens::add), ids);
  EXPECT_EQ(tokenizer->decode(ids), prompt);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->vocab_size(), 512);
  EXPECT_EQ(tokenizer->token_bytes(403), 5) << "\"▁Once\" is \" Once\" inside a text";
}

}  // namespace
}  // namespace slovo
