// SentencePiece models of BPE and unigram, as the pipeline that gives the same ids.
#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/base64.h"
#include "core/error.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tokenizer/import.h"
#include "tokenizer/sentencepiece_model.h"

namespace slovo {
namespace {

using Type = SentencePieceModel::Type;
using Kind = SentencePieceModel::Kind;
using Merges = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kSpace = "▁";
/// A longer piece would make reading slow: each is looked at once for each of its bytes.
constexpr size_t kLongestPiece = 4096;

[[noreturn]] void refuse(const std::string& name, std::string_view what) {
  throw_data(name, ": ", what,
             " is not supported; write a tokenizer.json with transformers "
             "(save_pretrained) and give that");
}

/// What the pipeline cannot say exactly is refused.
void check(const SentencePieceModel& model, const std::string& name) {
  if (model.kind == Kind::word) refuse(name, "a model of type WORD");
  if (model.kind == Kind::character) refuse(name, "a model of type CHAR");
  if (model.whitespace_as_suffix) refuse(name, "treat_whitespace_as_suffix");
  if (!model.escape_whitespaces) refuse(name, "escape_whitespaces = false");
  if (model.denormalizes) refuse(name, "a denormalizer_spec with rules");
  size_t unknown = 0;
  std::set<std::string_view> seen;
  for (const auto& piece : model.pieces) {
    const std::string shown = cat("the piece \"", in_one_line(piece.text), "\" ");
    if (!seen.insert(piece.text).second) throw_data(name, ": ", shown, "is there twice");
    if (piece.text.size() > kLongestPiece) refuse(name, "a piece of more than 4096 bytes");
    if (!std::isfinite(piece.score)) throw_data(name, ": ", shown, "has no finite score");
    if (piece.type == Type::unused) refuse(name, cat(shown, "of type UNUSED"));
    if (piece.type == Type::user_defined &&
        (model.add_dummy_prefix || model.remove_extra_whitespaces))
      refuse(name, cat(shown,
                       "of type USER_DEFINED with add_dummy_prefix or "
                       "remove_extra_whitespaces"));
    unknown += piece.type == Type::unknown;
  }
  if (unknown != 1) throw_data(name, ": has ", unknown, " pieces of type UNKNOWN; must have one");
}

TokenId unknown_id(const SentencePieceModel& model) {
  const auto& pieces = model.pieces;
  return static_cast<TokenId>(
      std::find_if(pieces.begin(), pieces.end(),
                   [](const auto& piece) { return piece.type == Type::unknown; }) -
      pieces.begin());
}

/// Every way to join two pieces into a third, the best score first.
Merges merges_of(const SentencePieceModel& model) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const auto& piece = model.pieces[i];
    if (piece.type == Type::normal || piece.type == Type::user_defined)
      ids.emplace(piece.text, static_cast<TokenId>(i));
  }
  struct Merge {
    float score;
    TokenId whole, left, right;
  };
  std::vector<Merge> merges;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const auto& piece = model.pieces[i];
    if (piece.type != Type::normal) continue;
    const std::string_view text = piece.text;
    for (size_t at = 1; at < text.size(); ++at) {
      const auto left = ids.find(text.substr(0, at));
      if (left == ids.end()) continue;
      const auto right = ids.find(text.substr(at));
      if (right != ids.end())
        merges.push_back({piece.score, static_cast<TokenId>(i), left->second, right->second});
    }
  }
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tuple(-a.score, a.whole, a.left, a.right) <
           std::tuple(-b.score, b.whole, b.left, b.right);
  });
  Merges out;
  out.reserve(merges.size());
  const auto text = [&](TokenId id) { return model.pieces[static_cast<size_t>(id)].text; };
  for (const Merge& merge : merges) out.emplace_back(text(merge.left), text(merge.right));
  return out;
}

Json unigram_json(const SentencePieceModel& model) {
  Json vocab = Json::array();
  for (const auto& piece : model.pieces)
    vocab.push_back(Json::array({piece.text, static_cast<double>(piece.score)}));
  return {{"type", "Unigram"},
          {"unk_id", unknown_id(model)},
          {"vocab", std::move(vocab)},
          {"byte_fallback", model.byte_fallback}};
}

Json model_json(const SentencePieceModel& model) {
  if (model.kind == Kind::unigram) return unigram_json(model);
  std::vector<NamedId> vocab;
  for (const auto& piece : model.pieces)
    vocab.emplace_back(piece.text, static_cast<TokenId>(vocab.size()));
  BpeOptions options;
  options.unknown = model.pieces[static_cast<size_t>(unknown_id(model))].text;
  options.fuse_unknown = true;
  options.byte_fallback = model.byte_fallback;
  return bpe_json(vocab_json(vocab), merges_of(model), options);
}

Json normalizer_json(const SentencePieceModel& model) {
  std::vector<Json> parts;
  if (!model.charsmap.empty()) {
    parts.push_back(
        {{"type", "Precompiled"}, {"precompiled_charsmap", base64_encode(model.charsmap)}});
  }
  if (model.remove_extra_whitespaces) {
    parts.push_back(replace_json({{"Regex", "\\A +"}}, ""));
    parts.push_back(replace_json({{"Regex", cat("[ ", kSpace, "]+\\z")}}, ""));
    parts.push_back(replace_json({{"Regex", " {2,}"}}, " "));
  }
  if (model.add_dummy_prefix) parts.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
  parts.push_back(replace_json({{"String", " "}}, kSpace));
  return sequence_json("normalizers", std::move(parts));
}

/// Where no piece reaches over the begin of a word, words are cut: each is then looked up once.
Json pre_tokenizer_json(const SentencePieceModel& model) {
  const bool reaches_over = std::any_of(
      model.pieces.begin(), model.pieces.end(),
      [](const auto& piece) { return piece.text.find(kSpace, 1) != std::string::npos; });
  if (reaches_over) return nullptr;
  return {{"type", "Split"},
          {"pattern", {{"String", kSpace}}},
          {"behavior", "MergedWithNext"},
          {"invert", false}};
}

Json decoder_json(const SentencePieceModel& model) {
  std::vector<Json> parts{replace_json({{"String", kSpace}}, " ")};
  if (model.byte_fallback) parts.push_back({{"type", "ByteFallback"}});
  parts.push_back({{"type", "Fuse"}});
  if (model.add_dummy_prefix)
    parts.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return sequence_json("decoders", std::move(parts));
}

/// The special tokens around a text: a SentencePiece model has none, the classes that use one do.
struct Ends {
  bool bos = false;
  bool eos = false;
};

Ends ends_of(const ImportSettings& settings) {
  const auto named = settings.tokenizer_class();
  Ends defaults;
  if (named == "LlamaTokenizer" || named == "GemmaTokenizer" || named == "CodeLlamaTokenizer") {
    defaults.bos = true;
  } else if (named == "T5Tokenizer") {
    defaults.eos = true;
  } else if (named && *named != "PreTrainedTokenizer") {
    settings.refuse_class("a SentencePiece model",
                          {"LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer", "T5Tokenizer",
                           "PreTrainedTokenizer"});
  }
  return {settings.flag("add_bos_token", defaults.bos),
          settings.flag("add_eos_token", defaults.eos)};
}

}  // namespace

ImportedTokenizer import_sentencepiece(std::string_view bytes, const std::string& name,
                                       const ImportSettings& settings) {
  const SentencePieceModel model = read_sentencepiece(bytes, name);
  check(model, name);
  ImportedTokenizer out;
  out.parts.model = model_json(model);
  out.parts.normalizer = normalizer_json(model);
  out.parts.pre_tokenizer = pre_tokenizer_json(model);
  out.parts.decoder = decoder_json(model);
  const auto told = settings.added_tokens();
  for (const Json& token : told) out.parts.added_tokens.push_back(token);
  for (size_t i = 0; told.empty() && i < model.pieces.size(); ++i) {
    const auto& piece = model.pieces[i];
    if (piece.type != Type::normal && piece.type != Type::byte)
      out.parts.added_tokens.push_back(
          added_token_json(static_cast<TokenId>(i), piece.text, piece.type != Type::user_defined));
  }
  const auto role = [&](const char* key, int id) -> std::optional<NamedId> {
    if (id < 0 || static_cast<size_t>(id) >= model.pieces.size()) return std::nullopt;
    const NamedId named{model.pieces[static_cast<size_t>(id)].text, id};
    out.roles.emplace_back(key, named.first);
    return named;
  };
  const auto bos = role("bos_token", model.bos_id);
  const auto eos = role("eos_token", model.eos_id);
  role("unk_token", unknown_id(model));
  role("pad_token", model.pad_id);
  const Ends ends = ends_of(settings);
  std::vector<NamedId> before;
  std::vector<NamedId> behind;
  if (ends.bos && bos) before.push_back(*bos);
  if (ends.eos && eos) behind.push_back(*eos);
  if (!before.empty() || !behind.empty()) out.parts.post_processor = template_json(before, behind);
  return out;
}

}  // namespace slovo
