#include "tokenizer/tokenizer.h"

#include "core/files.h"
#include "core/utf8.h"
#include "tokenizer/import.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/tokenizer_config.h"

namespace slovo {

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::filesystem::path& path) {
  const TokenizerFiles files = find_tokenizer_files(path);
  const auto folder = files.first.parent_path();
  TokenizerConfigFiles config = read_tokenizer_config(folder);
  if (files.form == TokenizerFiles::Form::json) {
    return std::make_shared<Pipeline>(read_file(files.first), files.first.string(),
                                      std::move(config));
  }
  const ImportedTokenizer imported =
      import_tokenizer(files, ImportSettings(config, folder.string()));
  const TokenizerConfigFiles told = make_tokenizer_config(imported.roles);
  if (!config.files.contains("tokenizer_config.json")) config.files.insert(*told.files.begin());
  if (!config.bos_token) config.bos_token = told.bos_token;
  if (!config.eos_token) config.eos_token = told.eos_token;
  return std::make_shared<Pipeline>(imported.parts.to_text(), files.first.string(),
                                    std::move(config));
}

bool adds_bos(const Tokenizer& tokenizer) {
  const std::vector<TokenId> ids = tokenizer.encode("a", SpecialTokens::add);
  return !ids.empty() && tokenizer.bos_id() == ids.front();
}

std::string StreamDecoder::push(TokenId id) {
  if (skip_special_ && tokenizer_.is_special(id)) return "";
  ids_.push_back(id);
  const std::string text = tokenizer_.decode(ids_, skip_special_);
  const size_t ready = text.size() - utf8::incomplete_tail(text);
  if (ready <= written_) return "";
  std::string out =
      utf8::replace_invalid(std::string_view(text).substr(written_, ready - written_));
  written_ = ready;
  if (ready < text.size()) return out;
  // Everything is written: what comes next depends on the tokens since the last such place at most.
  std::vector<TokenId> recent(ids_.begin() + static_cast<ptrdiff_t>(group_), ids_.end());
  if (const std::string alone = tokenizer_.decode(recent, skip_special_); !alone.empty()) {
    ids_ = std::move(recent);
    written_ = alone.size();
  }
  group_ = ids_.size();
  return out;
}

std::string StreamDecoder::finish() {
  const std::string text = tokenizer_.decode(ids_, skip_special_);
  std::string out =
      utf8::replace_invalid(std::string_view(text).substr(std::min(written_, text.size())));
  ids_.clear();
  written_ = 0;
  group_ = 0;
  return out;
}

}  // namespace slovo
