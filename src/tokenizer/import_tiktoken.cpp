// tiktoken's rank files: a token a line, base64, with its rank, which is its id and its merge's.
#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "core/base64.h"
#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/import.h"
#include "tokenizer/regex.h"

namespace slovo {
namespace {

/// No token of a known file is longer; each is looked at once for each of its bytes.
constexpr size_t kLongestToken = 1024;

using Ranks = std::map<TokenId, std::string>;
using Merges = std::vector<std::pair<std::string, std::string>>;

std::vector<NamedId> llama3_tokens() {
  constexpr TokenId kFirst = 128000;
  std::vector<NamedId> out{{"<|begin_of_text|>", kFirst},
                           {"<|end_of_text|>", kFirst + 1},
                           {"<|finetune_right_pad_id|>", kFirst + 4},
                           {"<|start_header_id|>", kFirst + 6},
                           {"<|end_header_id|>", kFirst + 7},
                           {"<|eom_id|>", kFirst + 8},
                           {"<|eot_id|>", kFirst + 9},
                           {"<|python_tag|>", kFirst + 10}};
  int reserved = 0;
  for (TokenId id = kFirst; id < kFirst + 256; ++id) {
    const bool named = std::any_of(out.begin(), out.end(),
                                   [id](const NamedId& token) { return token.second == id; });
    if (!named) out.emplace_back(cat("<|reserved_special_token_", reserved++, "|>"), id);
  }
  std::sort(out.begin(), out.end(),
            [](const NamedId& a, const NamedId& b) { return a.second < b.second; });
  return out;
}

const std::vector<RankFamily>& families() {
  static const char* const kEnd = "<|endoftext|>";
  static const std::vector<RankFamily> all{
      {"r50k_base", 50256, kGpt2Pattern, {{kEnd, 50256}}, nullptr, kEnd},
      {"p50k_base", 50280, kGpt2Pattern, {{kEnd, 50256}}, nullptr, kEnd},
      {"cl100k_base",
       100256,
       kGpt4Pattern,
       {{kEnd, 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}},
       nullptr,
       kEnd},
      {"o200k_base",
       199998,
       kO200kPattern,
       {{kEnd, 199999}, {"<|endofprompt|>", 200018}},
       nullptr,
       kEnd},
      {"llama3", 128000, kGpt4Pattern, llama3_tokens(), "<|begin_of_text|>", "<|end_of_text|>"},
      {"qwen2",
       151643,
       kQwen2Pattern,
       {{kEnd, 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}},
       nullptr,
       kEnd},
  };
  return all;
}

const RankFamily& find_family(size_t ranks, const std::string& name) {
  std::vector<std::string> known;
  for (const RankFamily& family : families()) {
    if (family.ranks == ranks) return family;
    known.push_back(cat(family.name, " (", with_commas(static_cast<int64_t>(family.ranks)), ")"));
  }
  throw_data(name, ": holds ", with_commas(static_cast<int64_t>(ranks)),
             " ranks, so the pattern that cuts its words and its special tokens cannot be known; "
             "slovo knows ",
             join(known), "; give its tokenizer.json instead");
}

/// "IQ== 0"
std::pair<std::string, TokenId> read_line(std::string_view line, const std::string& where) {
  const size_t space = line.find(' ');
  TokenId rank = -1;
  if (space != std::string_view::npos) {
    const auto [end, error] =
        std::from_chars(line.data() + space + 1, line.data() + line.size(), rank);
    if (error != std::errc() || end != line.data() + line.size()) rank = -1;
  }
  if (rank < 0) throw_data(where, ": must be a token in base64, a space and its rank");
  std::string token = base64_decode(line.substr(0, space), where);
  if (token.empty() || token.size() > kLongestToken)
    throw_data(where, ": the token has ", token.size(), " bytes; must be 1 to ", kLongestToken);
  return {std::move(token), rank};
}

Ranks read_ranks(std::string_view text, const std::string& name) {
  Ranks ranks;
  std::unordered_map<std::string, TokenId> seen;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.empty()) continue;
    const std::string where = cat(name, ":", number);
    auto [token, rank] = read_line(line, where);
    if (!seen.emplace(token, rank).second) throw_data(where, ": the token is there twice");
    if (!ranks.emplace(rank, std::move(token)).second)
      throw_data(where, ": the rank ", rank, " is there twice");
  }
  return ranks;
}

/// Every way to join two tokens into a third, by the rank of the third: tiktoken joins any.
Merges merges_of(const Ranks& ranks) {
  std::unordered_map<std::string_view, TokenId> by_token;
  for (const auto& [rank, token] : ranks) by_token.emplace(token, rank);
  Merges out;
  for (const auto& [rank, token] : ranks) {
    std::vector<std::pair<TokenId, TokenId>> splits;
    for (size_t at = 1; at < token.size(); ++at) {
      const auto left = by_token.find(std::string_view(token).substr(0, at));
      if (left == by_token.end()) continue;
      const auto right = by_token.find(std::string_view(token).substr(at));
      if (right != by_token.end()) splits.emplace_back(left->second, right->second);
    }
    std::sort(splits.begin(), splits.end());
    for (const auto& [left, right] : splits)
      out.emplace_back(to_byte_alphabet(ranks.at(left)), to_byte_alphabet(ranks.at(right)));
  }
  return out;
}

void require_bytes(const Ranks& ranks, const std::string& name) {
  std::vector<bool> found(256);
  for (const auto& [rank, token] : ranks) {
    if (token.size() == 1) found[static_cast<uint8_t>(token[0])] = true;
  }
  const auto missing = std::find(found.begin(), found.end(), false);
  if (missing != found.end()) {
    throw_data(name, ": the byte ", missing - found.begin(),
               " has no rank; a rank file holds all 256, so this one is damaged or another kind");
  }
}

ImportedTokenizer import_ranks(const Ranks& ranks, const RankFamily& family,
                               const ImportSettings& settings) {
  ImportedTokenizer out;
  std::vector<NamedId> vocab;
  vocab.reserve(ranks.size());
  for (const auto& [rank, token] : ranks) vocab.emplace_back(to_byte_alphabet(token), rank);
  const auto told = settings.added_tokens();
  if (told.empty()) {
    for (const auto& [token, id] : family.special)
      out.parts.added_tokens.push_back(added_token_json(id, token, true));
  } else {
    out.parts.added_tokens = Json(told);
  }
  // In the vocabulary too: their ids need not follow each other.
  for (const Json& token : out.parts.added_tokens) {
    if (!ranks.contains(token["id"].get<TokenId>()))
      vocab.emplace_back(token["content"].get<std::string>(), token["id"].get<TokenId>());
  }
  BpeOptions options;
  options.ignore_merges = true;
  out.parts.model = bpe_json(vocab_json(vocab), merges_of(ranks), options);
  out.parts.pre_tokenizer = split_to_bytes_json(family.pattern);
  out.parts.decoder = byte_level_json(true, true);
  if (family.pattern == kQwen2Pattern) out.parts.normalizer = {{"type", "NFC"}};
  if (family.bos) {
    out.parts.post_processor = template_json({family.special.front()}, {});
    out.roles.emplace_back("bos_token", family.bos);
  }
  out.roles.emplace_back("eos_token", family.eos);
  return out;
}

}  // namespace

ImportedTokenizer import_tiktoken(std::string_view text, const std::string& name,
                                  const ImportSettings& settings, const RankFamily* family) {
  const Ranks ranks = read_ranks(text, name);
  require_bytes(ranks, name);
  return import_ranks(ranks, family ? *family : find_family(ranks.size(), name), settings);
}

}  // namespace slovo
