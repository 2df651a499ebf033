// Real tokenizers of the shared data against ids made with the reference libraries.
#include <fstream>

#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using Ids = std::vector<TokenId>;

void expect_parity(const std::filesystem::path& tokenizer_path, const std::string& key) {
  const auto tokenizer = Tokenizer::load(tokenizer_path);
  std::ifstream file(*testing::shared_data("tokenizers/parity_expected.jsonl"));
  std::string line;
  size_t rows = 0;
  for (; std::getline(file, line); ++rows) {
    const Json row = parse_json(line, "parity_expected.jsonl");
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(tokenizer->encode(text, SpecialTokens::none), row[key].get<Ids>()) << text;
  }
  EXPECT_EQ(rows, 220u);
}

TEST(TokenizerParity, GptNeox) {
  SLOVO_SHARED_DATA(path, "tokenizers/gpt-neox-olmo/tokenizer.json");
  expect_parity(path, "gpt_neox_olmo");
}

TEST(TokenizerParity, Stories260K) {
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
