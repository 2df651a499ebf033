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
#include "tokenizer/unigram_trainer.h"

namespace slovo {
namespace {

/// Ends a document, and begins one: BOS and EOS at once, as in GPT-2.
constexpr const char* kSeparator = "<|endoftext|>";
constexpr const char* kUnknown = "<unk>";

struct Request {
  const TokenizerConfig& config;
  const TextSource& texts;
  int threads;
  int64_t memory_limit;
};

struct Result {
  TokenizerParts parts;
  TokenizerConfigFiles files;
  TrainingReport report;
};

/// The kind's own special tokens, then those of the config.
std::vector<std::string> special_tokens(std::vector<std::string> own,
                                        const TokenizerConfig& config) {
  for (const std::string& token : config.special_tokens) {
    if (token.empty() || !utf8::is_valid(token)) {
      throw_config("tokenizer.special_tokens: \"", utf8::replace_invalid(token),
                   "\" must be a text that is not empty");
    }
    if (std::find(own.begin(), own.end(), token) == own.end()) own.push_back(token);
  }
  return own;
}

TokenId id_of(const std::vector<std::string>& tokens, const std::string& token) {
  return static_cast<TokenId>(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
}

Json numbered(const std::vector<std::string>& tokens) {
  std::vector<std::pair<std::string, TokenId>> vocab;
  for (size_t i = 0; i < tokens.size(); ++i) vocab.emplace_back(tokens[i], static_cast<TokenId>(i));
  return vocab_json(vocab);
}

void mark_special(TokenizerParts& parts, const std::vector<std::string>& tokens,
                  const std::vector<std::string>& specials) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (std::find(specials.begin(), specials.end(), tokens[i]) != specials.end())
      parts.added_tokens.push_back(added_token_json(static_cast<TokenId>(i), tokens[i], true));
  }
}

/// The words that the normalizer and the pre-tokenizer make of the texts.
CountedWords count_words(const Request& request, const TokenizerParts& parts, int64_t& text_bytes) {
  const nlohmann::json normalizer_json = parts.normalizer;
  const nlohmann::json splitter_json = parts.pre_tokenizer;
  std::unique_ptr<Normalizer> normalizer;
  if (!normalizer_json.is_null())
    normalizer = read_normalizer(JsonNode(normalizer_json, "normalizer"));
  const auto splitter = read_pre_tokenizer(JsonNode(splitter_json, "pre_tokenizer"));
  WordCounter counter(normalizer.get(), *splitter, request.threads, request.memory_limit);
  request.texts([&](std::string_view text) {
    text_bytes += std::ssize(text);
    counter.add(text);
  });
  return counter.finish();
}

/// Makes room for learning, which takes `needed` bytes.
void make_room(const Request& request, int64_t needed, CountedWords& words) {
  if (request.memory_limit == 0) return;
  if (needed + words.memory_bytes() > request.memory_limit) words.put_on_disk();
  if (needed <= request.memory_limit) return;
  throw_config("--max-memory ", human_bytes(static_cast<double>(request.memory_limit)),
               " is too little: to learn from the ", with_commas(words.size()),
               " different words of this text takes ", (needed >> 20) + 1,
               " MiB; give at least that, or less text");
}

void require_room(const TokenizerConfig& config, size_t least, const std::string& why) {
  if (static_cast<size_t>(config.vocab_size) >= least) return;
  throw_config("tokenizer.vocab_size is ", config.vocab_size, "; must be at least ", least, ": ",
               why);
}

void require_tokens(const TokenizerConfig& config, size_t learned) {
  if (learned >= static_cast<size_t>(config.vocab_size)) return;
  throw_config("tokenizer.vocab_size is ", config.vocab_size, ", but the text gives only ", learned,
               " tokens; lower it to that or train on more text");
}

TrainingReport measure(const TokenizerParts& parts, bool bytes, const WordSource& words,
                       int64_t text_bytes) {
  const nlohmann::json json = parts.model;
  return measure_words(*read_token_model(JsonNode(json, "model"), bytes), words, text_bytes);
}

Result train_bpe_kind(const Request& request) {
  const TokenizerConfig& config = request.config;
  const auto specials = special_tokens({kSeparator}, config);
  require_room(config, specials.size() + 256,
               cat("256 bytes and ", specials.size(), " special tokens"));
  Result out;
  out.parts.pre_tokenizer = config.pattern == PreTokenization::gpt2
                                ? byte_level_json(false, true)
                                : split_to_bytes_json(kGpt4Pattern);
  out.parts.decoder = byte_level_json(true, true);
  int64_t text_bytes = 0;
  CountedWords words = count_words(request, out.parts, text_bytes);
  make_room(request, bpe_training_bytes(words), words);
  const TrainedBpe trained = train_bpe(words, specials, static_cast<size_t>(config.vocab_size));
  require_tokens(config, trained.tokens.size());
  mark_special(out.parts, trained.tokens, specials);
  out.parts.model = bpe_json(numbered(trained.tokens), trained.merges, {});
  out.files = make_tokenizer_config(kSeparator, std::nullopt);
  out.report = measure(out.parts, true, words.source(), text_bytes);
  return out;
}

/// BERT's form.
Result train_word_piece_kind(const Request& request) {
  const TokenizerConfig& config = request.config;
  const auto specials = special_tokens({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, config);
  Result out;
  out.parts.normalizer = {{"type", "BertNormalizer"},
                          {"clean_text", true},
                          {"handle_chinese_chars", true},
                          {"strip_accents", nullptr},
                          {"lowercase", config.lowercase}};
  out.parts.pre_tokenizer = {{"type", "BertPreTokenizer"}};
  out.parts.decoder = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  int64_t text_bytes = 0;
  CountedWords words = count_words(request, out.parts, text_bytes);
  make_room(request, bpe_training_bytes(words), words);
  const TrainedBpe trained =
      train_word_piece(words, specials, static_cast<size_t>(config.vocab_size));
  require_room(config, trained.tokens.size(),
               "the text's characters, inside words apart, and the special tokens");
  require_tokens(config, trained.tokens.size());
  mark_special(out.parts, trained.tokens, specials);
  out.parts.post_processor =
      template_json({{"[CLS]", id_of(specials, "[CLS]")}}, {{"[SEP]", id_of(specials, "[SEP]")}});
  out.parts.model = {{"type", "WordPiece"},
                     {"unk_token", "[UNK]"},
                     {"continuing_subword_prefix", "##"},
                     {"max_input_chars_per_word", 100},
                     {"vocab", numbered(trained.tokens)}};
  out.files = make_tokenizer_config({{"bos_token", "[CLS]"},
                                     {"eos_token", "[SEP]"},
                                     {"pad_token", "[PAD]"},
                                     {"unk_token", "[UNK]"},
                                     {"cls_token", "[CLS]"},
                                     {"sep_token", "[SEP]"},
                                     {"mask_token", "[MASK]"}});
  out.report = measure(out.parts, false, words.source(), text_bytes);
  return out;
}

/// SentencePiece's normalisation as HF's parts have it: control characters and white space of all
/// kinds, NFKC, single spaces.
Json sentencepiece_normalizer() {
  return sequence_json(
      "normalizers",
      {{{"type", "Nmt"}}, {{"type", "NFKC"}}, replace_json({{"Regex", " {2,}"}}, " ")});
}

std::string line_end() {
  std::string mark;
  utf8::append(mark, kLineEnd);
  return mark;
}

/// `parts` that mark the last word of each line for the Unigram trainer, to which a line is what a
/// sentence is to SentencePiece.
TokenizerParts with_line_ends(TokenizerParts parts) {
  parts.normalizer = sequence_json(
      "normalizers",
      {replace_json({{"Regex", "\\s*\\n\\s*"}}, line_end() + "\n"), parts.normalizer});
  return parts;
}

WordSource without_line_ends(const CountedWords& words) {
  return [&words](const WordVisitor& visit) {
    words.for_each([&visit, mark = line_end()](std::string_view word, int64_t count) {
      if (word.ends_with(mark)) word.remove_suffix(mark.size());
      visit(word, count);
    });
  };
}

/// T5's form, with a token for each byte, so that no character is unknown.
Result train_unigram_kind(const Request& request) {
  const TokenizerConfig& config = request.config;
  const auto specials = special_tokens({"<pad>", "</s>", kUnknown}, config);
  Result out;
  out.parts.normalizer = sentencepiece_normalizer();
  out.parts.pre_tokenizer = {
      {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", true}};
  out.parts.decoder =
      sequence_json("decoders", {replace_json({{"String", "▁"}}, " "),
                                 {{"type", "ByteFallback"}},
                                 {{"type", "Fuse"}},
                                 {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}});
  int64_t text_bytes = 0;
  CountedWords words = count_words(request, with_line_ends(out.parts), text_bytes);
  make_room(request, unigram_training_bytes(words, request.threads), words);
  const size_t fixed_tokens = specials.size() + 256;
  UnigramTrainer trainer(words, request.threads);
  require_room(
      config, fixed_tokens + trainer.characters(),
      cat(trainer.characters(), " characters, 256 bytes and ", specials.size(), " special tokens"));
  const auto pieces =
      trainer.run(static_cast<size_t>(config.vocab_size) - fixed_tokens, fixed_tokens);
  require_tokens(config, fixed_tokens + pieces.size());
  std::vector<std::string> tokens = specials;
  Json vocab = Json::array();
  for (const std::string& token : specials) vocab.push_back({token, 0.0});
  for (int byte = 0; byte < 256; ++byte) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto digit = [&](int value) { return kDigits[static_cast<size_t>(value)]; };
    vocab.push_back({cat("<0x", digit(byte / 16), digit(byte % 16), ">"),
                     pieces.empty() ? 0.0 : pieces.back().score});
  }
  for (const UnigramPiece& piece : pieces) vocab.push_back({piece.text, piece.score});
  mark_special(out.parts, tokens, specials);
  const auto end = id_of(specials, "</s>");
  out.parts.post_processor = template_json({}, {{"</s>", end}});
  out.parts.model = {{"type", "Unigram"},
                     {"unk_id", id_of(specials, kUnknown)},
                     {"vocab", std::move(vocab)},
                     {"byte_fallback", true}};
  out.files = make_tokenizer_config(
      {{"eos_token", "</s>"}, {"pad_token", "<pad>"}, {"unk_token", kUnknown}});
  out.report = measure(out.parts, false, without_line_ends(words), text_bytes);
  return out;
}

/// A BPE model without merges: any other kind would lose white space or join decoded tokens by
/// spaces.
void finish_without_merges(Result& out, const std::vector<std::string>& tokens,
                           const std::vector<std::string>& specials,
                           const std::optional<std::string>& unknown) {
  mark_special(out.parts, tokens, specials);
  BpeOptions options;
  options.unknown = unknown;
  out.parts.model = bpe_json(numbered(tokens), {}, options);
  out.files = make_tokenizer_config(kSeparator, unknown);
}

void append_new(std::vector<std::string>& tokens, const std::vector<std::string>& more) {
  for (const std::string& token : more) {
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  }
}

/// One token a character, numbered by code point; the special tokens come last.
Result train_char_kind(const Request& request) {
  Result out;
  std::set<char32_t> characters;
  std::vector<bool> seen(0x110000);
  request.texts([&](std::string_view text) {
    out.report.text_bytes += std::ssize(text);
    for (size_t at = 0; at < text.size(); ++out.report.tokens) {
      const char32_t c = utf8::next(text, at);
      if (!seen[c]) characters.insert(c);
      seen[c] = true;
    }
  });
  if (characters.empty())
    throw_config("tokenizer.kind is char, but the text is empty; give some text");
  std::vector<std::string> tokens;
  for (const char32_t c : characters) utf8::append(tokens.emplace_back(), c);
  const auto specials = special_tokens({kUnknown, kSeparator}, request.config);
  append_new(tokens, specials);
  out.parts.decoder = {{"type", "Fuse"}};
  finish_without_merges(out, tokens, specials, kUnknown);
  return out;
}

/// One token a byte, numbered by its value.
Result byte_kind(const Request& request) {
  Result out;
  std::vector<std::string> tokens;
  for (unsigned byte = 0; byte < 256; ++byte)
    tokens.push_back(byte_symbol(static_cast<uint8_t>(byte)));
  const auto specials = special_tokens({kSeparator}, request.config);
  append_new(tokens, specials);
  out.parts.pre_tokenizer = byte_level_json(false, false);
  out.parts.decoder = byte_level_json(true, true);
  finish_without_merges(out, tokens, specials, std::nullopt);
  return out;
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

Result train(const Request& request) {
  switch (request.config.kind) {
    case TokenizerKind::character:
      return train_char_kind(request);
    case TokenizerKind::byte:
      return byte_kind(request);
    case TokenizerKind::wordpiece:
      return train_word_piece_kind(request);
    case TokenizerKind::unigram:
      return train_unigram_kind(request);
    case TokenizerKind::bpe:
      break;
  }
  return train_bpe_kind(request);
}

}  // namespace

TrainedTokenizer train_tokenizer(const TokenizerConfig& config, const TextSource& texts,
                                 int threads, int64_t memory_limit) {
  if (memory_limit != 0 && memory_limit < WordCounter::kLeastMemory) {
    throw_config("--max-memory ", human_bytes(static_cast<double>(memory_limit)),
                 " is too little; give at least ",
                 human_bytes(static_cast<double>(WordCounter::kLeastMemory)));
  }
  const TextSource valid = checked(texts);
  Result result = train({config, valid, threads, memory_limit});
  auto tokenizer = std::make_shared<Pipeline>(result.parts.to_text(), "the trained tokenizer.json",
                                              std::move(result.files));
  return {std::move(tokenizer), std::move(result.report)};
}

}  // namespace slovo
