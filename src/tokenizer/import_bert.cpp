// vocab.txt, as BERT came in: a WordPiece token a line, numbered by lines.
#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/import.h"

namespace slovo {
namespace {

using Tokens = std::vector<std::pair<std::string, TokenId>>;

Tokens read_lines(std::string_view text, const std::string& name) {
  utf8::require_valid(text, name);
  Tokens tokens;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) throw_data(name, ":", tokens.size() + 1, ": is empty; must be a token");
    tokens.emplace_back(line, static_cast<TokenId>(tokens.size()));
  }
  return tokens;
}

std::optional<TokenId> find(const Tokens& tokens, std::string_view wanted) {
  for (const auto& [token, id] : tokens) {
    if (token == wanted) return id;
  }
  return std::nullopt;
}

TokenId required(const Tokens& tokens, const std::string& wanted, const std::string& name) {
  if (const auto id = find(tokens, wanted)) return *id;
  throw_data(name, ": holds no ", wanted, "; a BERT vocabulary needs [UNK], [CLS] and [SEP]");
}

/// Where nothing tells: a vocabulary without capital letters is of lower-cased text.
bool holds_capitals(const Tokens& tokens) {
  return std::any_of(tokens.begin(), tokens.end(), [](const auto& entry) {
    const std::string& token = entry.first;
    return !token.starts_with('[') &&
           std::any_of(token.begin(), token.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  });
}

bool is_lower_cased(const Tokens& tokens, const ImportSettings& settings) {
  if (settings.is_set("do_lower_case")) return settings.flag("do_lower_case", true);
  return settings.tokenizer_class() || !holds_capitals(tokens);
}

}  // namespace

ImportedTokenizer import_bert(std::string_view text, const std::string& name,
                              const ImportSettings& settings) {
  static const std::vector<std::string> kClasses{"BertTokenizer", "DistilBertTokenizer",
                                                 "ElectraTokenizer", "MobileBertTokenizer"};
  const auto named = settings.tokenizer_class();
  if (named && std::find(kClasses.begin(), kClasses.end(), *named) == kClasses.end())
    settings.refuse_class("vocab.txt", kClasses);
  const Tokens tokens = read_lines(text, name);
  required(tokens, "[UNK]", name);
  const NamedId begin{"[CLS]", required(tokens, "[CLS]", name)};
  const NamedId end{"[SEP]", required(tokens, "[SEP]", name)};
  ImportedTokenizer out;
  out.parts.normalizer = {{"type", "BertNormalizer"},
                          {"clean_text", true},
                          {"handle_chinese_chars", settings.flag("tokenize_chinese_chars", true)},
                          {"strip_accents", settings.is_set("strip_accents")
                                                ? Json(settings.flag("strip_accents", true))
                                                : Json(nullptr)},
                          {"lowercase", is_lower_cased(tokens, settings)}};
  out.parts.pre_tokenizer = {{"type", "BertPreTokenizer"}};
  out.parts.post_processor = template_json({begin}, {end});
  out.parts.decoder = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  out.parts.model = {{"type", "WordPiece"},
                     {"unk_token", "[UNK]"},
                     {"continuing_subword_prefix", "##"},
                     {"max_input_chars_per_word", 100},
                     {"vocab", vocab_json(tokens)}};
  const auto told = settings.added_tokens();
  for (const Json& token : told) out.parts.added_tokens.push_back(token);
  for (const auto& [role, token] :
       std::vector<std::pair<std::string, std::string>>{{"pad_token", "[PAD]"},
                                                        {"unk_token", "[UNK]"},
                                                        {"cls_token", "[CLS]"},
                                                        {"sep_token", "[SEP]"},
                                                        {"mask_token", "[MASK]"}}) {
    const auto id = find(tokens, token);
    if (!id) continue;
    out.roles.emplace_back(role, token);
    if (told.empty()) out.parts.added_tokens.push_back(added_token_json(*id, token, true));
  }
  return out;
}

}  // namespace slovo
