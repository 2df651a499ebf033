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
#include "tokenizer/tokenizer_parts.h"

namespace slovo {
namespace {

/// Ends a document, and begins one: BOS and EOS at once, as in GPT-2.
constexpr const char* kSeparator = "<|endoftext|>";
constexpr const char* kUnknown = "<unk>";

using Merges = std::vector<std::pair<std::string, std::string>>;

/// What a kind of tokenizer is made of.
struct Parts {
  std::vector<std::string> tokens;  ///< by id
  Merges merges;
  std::vector<std::string> special_tokens;
  Json pre_tokenizer;
  Json decoder;
  std::optional<std::string> unknown;
};

std::string tokenizer_json(const Parts& parts) {
  std::vector<std::pair<std::string, TokenId>> vocab;
  TokenizerParts json;
  for (size_t i = 0; i < parts.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const auto& special = parts.special_tokens;
    vocab.emplace_back(parts.tokens[i], id);
    if (std::find(special.begin(), special.end(), parts.tokens[i]) != special.end())
      json.added_tokens.push_back(added_token_json(id, parts.tokens[i], true));
  }
  BpeOptions options;
  options.unknown = parts.unknown;
  json.pre_tokenizer = parts.pre_tokenizer;
  json.decoder = parts.decoder;
  json.model = bpe_json(vocab_json(vocab), parts.merges, options);
  return json.to_text();
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

Parts train_bpe_parts(const TokenizerConfig& config, const TextSource& texts, int threads) {
  Parts parts;
  parts.special_tokens = special_tokens(config);
  const auto vocab_size = static_cast<size_t>(config.vocab_size);
  const size_t least = parts.special_tokens.size() + 256;
  if (vocab_size < least) {
    throw_config("tokenizer.vocab_size is ", vocab_size, "; must be at least ", least,
                 ": 256 bytes and ", parts.special_tokens.size(), " special tokens");
  }
  parts.pre_tokenizer = config.pattern == PreTokenization::gpt2 ? byte_level_json(false, true)
                                                                : split_to_bytes_json(kGpt4Pattern);
  parts.decoder = byte_level_json(true, true);
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
  parts.pre_tokenizer = byte_level_json(false, false);
  parts.decoder = byte_level_json(true, true);
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
