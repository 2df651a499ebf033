// Tokenizers in other files than tokenizer.json: each is read into the tokenizer.json that says the
// same, so that it works and is saved as any other.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/json_node.h"
#include "tokenizer/tokenizer_config.h"
#include "tokenizer/tokenizer_parts.h"

namespace slovo {

/// A tokenizer of another form.
struct ImportedTokenizer {
  TokenizerParts parts;
  /// Special tokens by role ("bos_token", "unk_token"), for a tokenizer_config.json where there is
  /// none.
  std::vector<std::pair<std::string, std::string>> roles;
};

/// The settings of a tokenizer_config.json that such files need beside them.
class ImportSettings {
 public:
  /// `config` may be without a tokenizer_config.json: then everything has its default.
  ImportSettings(const TokenizerConfigFiles& config, const std::string& folder);

  /// "tokenizer_class" without "Fast" at its end; nothing when it is not told.
  std::optional<std::string> tokenizer_class() const;
  bool is_set(const std::string& key) const { return file().has(key); }
  bool flag(const std::string& key, bool fallback) const { return file().flag_at(key, fallback); }
  /// The tokens of "added_tokens_decoder" by rising id; empty when it is not told.
  std::vector<Json> added_tokens() const;
  /// Refuses the tokenizer class: `known` are those that slovo reads `kind` for.
  [[noreturn]] void refuse_class(const std::string& kind,
                                 const std::vector<std::string>& known) const;

 private:
  JsonNode file() const { return {json_, name_}; }

  nlohmann::json json_ = nlohmann::json::object();
  std::string name_;
};

/// The next line of `rest`, without its "\n" or "\r\n"; `rest` is left behind it.
std::string_view take_line(std::string_view& rest);

/// The text of a file, and its name in messages.
struct NamedText {
  std::string_view text;
  std::string name;
};
/// GPT-2's vocabulary and merges.
ImportedTokenizer import_gpt2(const NamedText& vocab, const NamedText& merges,
                              const ImportSettings& settings);
/// BERT's vocabulary, a token a line.
ImportedTokenizer import_bert(std::string_view text, const std::string& name,
                              const ImportSettings& settings);
/// A family of tiktoken's rank files. The file holds neither its pattern nor its special tokens.
struct RankFamily {
  const char* name;
  size_t ranks;
  const char* pattern;
  std::vector<NamedId> special;
  const char* bos;  ///< put before texts; null: nothing is
  const char* eos;
};
/// Lines of "base64 rank". The family follows from the number of ranks where it is not given.
ImportedTokenizer import_tiktoken(std::string_view text, const std::string& name,
                                  const ImportSettings& settings,
                                  const RankFamily* family = nullptr);
/// A SentencePiece model, BPE or unigram.
ImportedTokenizer import_sentencepiece(std::string_view bytes, const std::string& name,
                                       const ImportSettings& settings);

/// What a tokenizer is read from: itself, or files of which `first` decides the form.
struct TokenizerFiles {
  enum class Form { json, gpt2, bert, model };
  Form form = Form::json;
  std::filesystem::path first;
  std::filesystem::path second;  ///< the merges of gpt2
};
/// Finds a tokenizer in a folder, or by one of its files. Throws Error(data) when there is none.
TokenizerFiles find_tokenizer_files(const std::filesystem::path& path);
/// Reads files that are not a tokenizer.json.
ImportedTokenizer import_tokenizer(const TokenizerFiles& files, const ImportSettings& settings);

}  // namespace slovo
