#include "tokenizer/train.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/regex.h"

namespace slovo {
namespace {

/// Ends a document, and begins one: BOS and EOS at once, as in GPT-2.
constexpr const char* kSeparator = "<|endoftext|>";
constexpr const char* kUnknown = "<unk>";

using Merges = std::vector<std::pair<std::string, std::string>>;

/// What is written as a tokenizer.json.
struct Parts {
  std::vector<std::string> tokens;  ///< by id
  Merges merges;
  std::vector<std::string> special_tokens;
  Json pre_tokenizer;
  Json decoder;
  std::optional<std::string> unknown;
};

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

Json pre_tokenizer_json(PreTokenization pattern) {
  if (pattern == PreTokenization::gpt2) return byte_level(true);
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", kGpt4Pattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level(false)})}};
}

Json model_json(const Parts& parts) {
  Json vocab = Json::object();
  auto& entries =
      vocab.get_ref<Json::object_t&>();  // appended unsorted: a keyed insertion looks at every key
  entries.reserve(parts.tokens.size());
  for (size_t id = 0; id < parts.tokens.size(); ++id) entries.emplace_back(parts.tokens[id], id);
  Json merges = Json::array();
  for (const auto& [left, right] : parts.merges) merges.push_back(Json::array({left, right}));
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", parts.unknown ? Json(*parts.unknown) : Json(nullptr)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocab)},
          {"merges", std::move(merges)}};
}

std::string tokenizer_json(const Parts& parts) {
  Json added = Json::array();
  for (size_t id = 0; id < parts.tokens.size(); ++id) {
    const auto& special = parts.special_tokens;
    if (std::find(special.begin(), special.end(), parts.tokens[id]) == special.end()) continue;
    added.push_back({{"id", id},
                     {"content", parts.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const Json json = {{"version", "1.0"},          {"truncation", nullptr},
                     {"padding", nullptr},        {"added_tokens", std::move(added)},
                     {"normalizer", nullptr},     {"pre_tokenizer", parts.pre_tokenizer},
                     {"post_processor", nullptr}, {"decoder", parts.decoder},
                     {"model", model_json(parts)}};
  return json.dump(2) + "\n";
}

std::shared_ptr<const Tokenizer> build(const Parts& parts) {
  return std::make_shared<Pipeline>(tokenizer_json(parts), "the trained tokenizer.json",
                                    make_tokenizer_config(kSeparator, parts.unknown));
}

std::vector<std::string> special_tokens(const TokenizerConfig& config) {
  std::vector<std::string> out{kSeparator};
  for (const std::string& token : config.special_tokens) {
    if (token.empty() || !utf8::is_valid(token)) {
      throw_config("tokenizer.special_tokens: \"", utf8::replace_invalid(token),
                   "\" must be a text that is not empty");
    }
    if (std::find(out.begin(), out.end(), token) == out.end()) out.push_back(token);
  }
  return out;
}

/// Decoding joins bytes, spelled in GPT-2's alphabet.
Json byte_level_decoder() {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", true},
          {"trim_offsets", true},
          {"use_regex", true}};
}

Parts train_bpe_parts(const TokenizerConfig& config, const TextSource& texts, int threads) {
  Parts parts;
  parts.special_tokens = special_tokens(config);
  const auto vocab_size = static_cast<size_t>(config.vocab_size);
  const size_t least = parts.special_tokens.size() + 256;
  if (vocab_size < least) {
    throw_config("tokenizer.vocab_size is ", vocab_size, "; must be at least ", least,
                 ": 256 bytes and ", parts.special_tokens.size(), " special tokens");
  }
  parts.pre_tokenizer = pre_tokenizer_json(config.pattern);
  parts.decoder = byte_level_decoder();
  const nlohmann::json splitter_json = parts.pre_tokenizer;
  const auto splitter = read_pre_tokenizer(JsonNode(splitter_json, "pre_tokenizer"));
  WordCounter counter(*splitter, threads);
  texts([&](std::string_view text) { counter.add(text); });
  TrainedBpe trained = train_bpe(counter.finish(), parts.special_tokens, vocab_size);
  if (trained.tokens.size() < vocab_size) {
    throw_config("tokenizer.vocab_size is ", vocab_size, ", but the text gives only ",
                 trained.tokens.size(), " tokens; lower it to that or train on more text");
  }
  parts.tokens = std::move(trained.tokens);
  parts.merges = std::move(trained.merges);
  return parts;
}

/// One token a character, numbered by code point; the special tokens come last. A BPE model without
/// merges: any other kind would lose white space or join decoded tokens by spaces.
Parts train_char_parts(const TokenizerConfig& config, const TextSource& texts) {
  std::set<char32_t> characters;
  std::vector<bool> seen(0x110000);
  texts([&](std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const char32_t c = utf8::next(text, at);
      if (!seen[c]) characters.insert(c);
      seen[c] = true;
    }
  });
  if (characters.empty())
    throw_config("tokenizer.kind is char, but the text is empty; give some text");
  Parts parts;
  for (const char32_t c : characters) utf8::append(parts.tokens.emplace_back(), c);
  parts.special_tokens = special_tokens(config);
  parts.special_tokens.emplace(parts.special_tokens.begin(), kUnknown);
  for (const std::string& token : parts.special_tokens) {
    if (std::find(parts.tokens.begin(), parts.tokens.end(), token) == parts.tokens.end())
      parts.tokens.push_back(token);
  }
  parts.decoder = {{"type", "Fuse"}};
  parts.unknown = kUnknown;
  return parts;
}

/// One token a byte, numbered by its value.
Parts byte_parts(const TokenizerConfig& config) {
  Parts parts;
  for (unsigned byte = 0; byte < 256; ++byte)
    parts.tokens.push_back(byte_symbol(static_cast<uint8_t>(byte)));
  parts.special_tokens = special_tokens(config);
  for (const std::string& token : parts.special_tokens) {
    if (std::find(parts.tokens.begin(), parts.tokens.end(), token) == parts.tokens.end())
      parts.tokens.push_back(token);
  }
  parts.pre_tokenizer = byte_level(false);
  parts.decoder = byte_level_decoder();
  return parts;
}

/// Texts that are checked before anything looks at their characters.
TextSource checked(const TextSource& texts) {
  return [&texts](const std::function<void(std::string_view)>& use) {
    texts([&](std::string_view text) {
      utf8::require_valid(text, "a training text");
      use(text);
    });
  };
}

}  // namespace

std::shared_ptr<const Tokenizer> train_tokenizer(const TokenizerConfig& config,
                                                 const TextSource& texts, int threads) {
  switch (config.kind) {
    case TokenizerKind::character:
      return build(train_char_parts(config, checked(texts)));
    case TokenizerKind::byte:
      return build(byte_parts(config));
    case TokenizerKind::bpe:
      break;
  }
  return build(train_bpe_parts(config, checked(texts), threads));
}

}  // namespace slovo
