// vocab.json and merges.txt, as GPT-2, RoBERTa and Qwen2 came in.
#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/import.h"
#include "tokenizer/regex.h"
#include "tokenizer/vocabulary.h"

namespace slovo {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;
using Tokens = std::vector<std::pair<std::string, TokenId>>;

Merges read_merges(const NamedText& file) {
  utf8::require_valid(file.text, file.name);
  Merges merges;
  std::string_view rest = file.text;
  for (size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string_view::npos) {
      throw_data(file.name, ":", number, ": must be two tokens with a space between them");
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

Tokens tokens_of(const Vocabulary& vocabulary) {
  Tokens tokens;
  for (TokenId id = 0; id < vocabulary.end(); ++id) {
    if (!vocabulary.token(id).empty()) tokens.emplace_back(vocabulary.token(id), id);
  }
  return tokens;
}

enum class Family { gpt2, roberta, qwen2 };

/// The files do not tell how words are cut: the class does, or tokens that only one family has.
Family find_family(const Vocabulary& vocabulary, const ImportSettings& settings,
                   const std::string& name) {
  if (const auto named = settings.tokenizer_class()) {
    if (*named == "GPT2Tokenizer") return Family::gpt2;
    if (*named == "RobertaTokenizer") return Family::roberta;
    if (*named == "Qwen2Tokenizer") return Family::qwen2;
    settings.refuse_class("vocab.json and merges.txt",
                          {"GPT2Tokenizer", "RobertaTokenizer", "Qwen2Tokenizer"});
  }
  if (vocabulary.find("<s>") && vocabulary.find("</s>") && vocabulary.find("<mask>"))
    return Family::roberta;
  if (vocabulary.find("<|endoftext|>")) return Family::gpt2;
  throw_data(
      name,
      ": holds neither <|endoftext|> (GPT-2) nor <s>, </s> and <mask> (RoBERTa), so "
      "how it cuts words cannot be known; put its tokenizer_config.json with tokenizer_class "
      "beside it");
}

/// Special tokens of a family, unless tokenizer_config.json tells them.
Json family_tokens(Family family, const Vocabulary& vocabulary) {
  std::vector<std::string> names{"<|endoftext|>"};
  if (family == Family::roberta) names = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
  if (family == Family::qwen2) names = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  Json out = Json::array();
  auto next_free = static_cast<TokenId>(vocabulary.count());
  for (const std::string& name : names) {
    auto id = vocabulary.find(name);
    // Qwen2's lie behind its vocabulary.
    if (!id && family == Family::qwen2) id = next_free++;
    if (!id) continue;
    out.push_back(added_token_json(*id, name, true));
    if (name == "<mask>") out.back()["lstrip"] = true;
  }
  return out;
}

void set_stages(Family family, const Vocabulary& vocabulary, const ImportSettings& settings,
                TokenizerParts& parts) {
  const bool prefix_space = settings.flag("add_prefix_space", false);
  parts.pre_tokenizer = byte_level_json(prefix_space, true);
  parts.decoder = byte_level_json(true, true);
  if (family == Family::qwen2) {
    parts.normalizer = {{"type", "NFC"}};
    parts.pre_tokenizer = split_to_bytes_json(kQwen2Pattern);
  } else if (family == Family::roberta) {
    parts.post_processor = {{"type", "RobertaProcessing"},
                            {"sep", {"</s>", vocabulary.find("</s>").value_or(-1)}},
                            {"cls", {"<s>", vocabulary.find("<s>").value_or(-1)}},
                            {"trim_offsets", true},
                            {"add_prefix_space", prefix_space}};
  } else if (settings.flag("add_bos_token", false)) {
    const NamedId bos{"<|endoftext|>", vocabulary.find("<|endoftext|>").value_or(-1)};
    parts.post_processor = template_json({bos}, {});
  }
}

}  // namespace

ImportedTokenizer import_gpt2(const NamedText& vocab, const NamedText& merges,
                              const ImportSettings& settings) {
  const std::string& name = vocab.name;
  const auto json = parse_tokenizer_json(vocab.text, name);
  const JsonNode file(json, name);
  const Vocabulary vocabulary(file);
  const Merges pairs = read_merges(merges);
  for (size_t byte = 0; byte < 256; ++byte) {
    if (!vocabulary.find(byte_symbol(static_cast<uint8_t>(byte))))
      throw_data(name, ": the byte ", byte,
                 " has no token; slovo reads byte-level vocabularies here");
  }
  const Family family = find_family(vocabulary, settings, name);
  ImportedTokenizer out;
  out.parts.model = bpe_json(vocab_json(tokens_of(vocabulary)), pairs, {});
  set_stages(family, vocabulary, settings, out.parts);
  const auto told = settings.added_tokens();
  out.parts.added_tokens = told.empty() ? family_tokens(family, vocabulary) : Json(told);
  if (family == Family::roberta) {
    out.roles = {{"bos_token", "<s>"},    {"eos_token", "</s>"}, {"unk_token", "<unk>"},
                 {"pad_token", "<pad>"},  {"cls_token", "<s>"},  {"sep_token", "</s>"},
                 {"mask_token", "<mask>"}};
  } else if (family == Family::gpt2) {
    out.roles = {{"bos_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}};
  } else {
    out.roles = {{"eos_token", "<|endoftext|>"}, {"pad_token", "<|endoftext|>"}};
  }
  return out;
}

}  // namespace slovo
