#include "tokenizer/tokenizer.h"

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/tokenizer_config.h"

namespace slovo {

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::filesystem::path& path) {
  const auto file = std::filesystem::is_directory(path) ? path / "tokenizer.json" : path;
  if (!std::filesystem::exists(file)) {
    throw_data(file.string(),
               ": no such file; a tokenizer is a tokenizer.json, or a folder that holds one");
  }
  return std::make_shared<Pipeline>(read_file(file), file.string(),
                                    read_tokenizer_config(file.parent_path()));
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
