#include "tokenizer/import.h"

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;
using Form = TokenizerFiles::Form;

constexpr const char* kForms =
    "a tokenizer is a tokenizer.json, vocab.json with merges.txt, encoder.json with vocab.bpe, "
    "vocab.txt (BERT), *.model (SentencePiece, or tiktoken's ranks) or *.tiktoken, or a folder "
    "that "
    "holds one of them";

/// The only file in `folder` with that ending; nothing when there is none.
std::optional<fs::path> only_file(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ending)
      found.push_back(entry.path());
  }
  if (found.empty()) return std::nullopt;
  std::sort(found.begin(), found.end());
  if (found.size() > 1) {
    throw_data(folder.string(), ": holds ", found[0].filename().string(), " and ",
               found[1].filename().string(), "; name the one to read");
  }
  return found[0];
}

/// vocab.json with merges.txt, or encoder.json with vocab.bpe.
std::optional<TokenizerFiles> gpt2_files(const fs::path& folder) {
  for (const auto& [vocab, merges] :
       {std::pair{"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"}}) {
    if (fs::exists(folder / vocab) && fs::exists(folder / merges))
      return TokenizerFiles{Form::gpt2, folder / vocab, folder / merges};
  }
  return std::nullopt;
}

TokenizerFiles find_in_folder(const fs::path& folder) {
  if (fs::exists(folder / "tokenizer.json")) return {Form::json, folder / "tokenizer.json", {}};
  if (const auto files = gpt2_files(folder)) return *files;
  for (const char* ending : {".model", ".tiktoken"}) {
    if (const auto file = only_file(folder, ending)) return {Form::model, *file, {}};
  }
  if (fs::exists(folder / "vocab.txt")) return {Form::bert, folder / "vocab.txt", {}};
  throw_data((folder / "tokenizer.json").string(), ": no such file; ", kForms);
}

}  // namespace

TokenizerFiles find_tokenizer_files(const fs::path& path) {
  if (fs::is_directory(path)) return find_in_folder(path);
  if (!fs::exists(path)) throw_data(path.string(), ": no such file; ", kForms);
  const std::string name = path.filename().string();
  if (name == "vocab.json" || name == "merges.txt" || name == "encoder.json" ||
      name == "vocab.bpe") {
    const auto files = gpt2_files(path.parent_path());
    if (files && (files->first == path || files->second == path)) return *files;
    throw_data(path.string(),
               ": needs its other half beside it: vocab.json with merges.txt, or "
               "encoder.json with vocab.bpe");
  }
  if (path.extension() == ".txt") return {Form::bert, path, {}};
  if (path.extension() == ".model" || path.extension() == ".tiktoken")
    return {Form::model, path, {}};
  return {Form::json, path, {}};
}

ImportSettings::ImportSettings(const TokenizerConfigFiles& config, const std::string& folder)
    : name_((fs::path(folder) / "tokenizer_config.json").string()) {
  const auto found = config.files.find("tokenizer_config.json");
  if (found != config.files.end()) json_ = parse_tokenizer_json(found->second, name_);
}

std::optional<std::string> ImportSettings::tokenizer_class() const {
  if (!file().has("tokenizer_class")) return std::nullopt;
  std::string name = file().text_at("tokenizer_class");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

std::vector<Json> ImportSettings::added_tokens() const {
  std::vector<Json> out;
  if (!file().has("added_tokens_decoder")) return out;
  const JsonNode tokens = file().at("added_tokens_decoder");
  if (!tokens.raw().is_object()) tokens.fail("must be an object of ids and tokens");
  for (const auto& [key, value] : tokens.raw().items()) {
    const JsonNode token = tokens.at(key);
    const auto digits = key.find_first_not_of("0123456789");
    if (key.empty() || key.size() > 9 || digits != std::string::npos)
      token.fail("is not under an id; keys must be numbers");
    Json entry = added_token_json(static_cast<TokenId>(std::stoi(key)), token.text_at("content"),
                                  token.flag_at("special", false));
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"})
      entry[flag] = token.flag_at(flag, false);
    out.push_back(std::move(entry));
  }
  std::sort(out.begin(), out.end(), [](const Json& a, const Json& b) {
    return a["id"].get<TokenId>() < b["id"].get<TokenId>();
  });
  return out;
}

void ImportSettings::refuse_class(const std::string& kind,
                                  const std::vector<std::string>& known) const {
  throw_data(name_, ": tokenizer_class ", in_one_line(file().text_at("tokenizer_class")),
             " is not supported with ", kind, "; slovo reads ", join(known),
             "; write a tokenizer.json with transformers (save_pretrained) and give that");
}

std::string_view take_line(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

ImportedTokenizer import_tokenizer(const TokenizerFiles& files, const ImportSettings& settings) {
  const std::string name = files.first.string();
  const std::string text = read_file(files.first);
  if (files.form == Form::gpt2) {
    const std::string merges = read_file(files.second);
    return import_gpt2({text, name}, {merges, files.second.string()}, settings);
  }
  if (files.form == Form::bert) return import_bert(text, name, settings);
  // Ranks are lines of text; a SentencePiece model begins with the tag of its first piece.
  if (text.starts_with('\n')) return import_sentencepiece(text, name, settings);
  return import_tiktoken(text, name, settings);
}

}  // namespace slovo
