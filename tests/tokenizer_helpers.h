// Shared by the tokenizer tests: fixtures, the shared data, scratch folders, JSON documents of tokenizers.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/train.h"

namespace slovo::testing {

inline Json tokenizer_fixture(const std::string& name) {
  return read_json(std::filesystem::path(SLOVO_SOURCE_DIR) / "tests/fixtures" / name);
}

/// A path in the shared data folder; empty when the folder is not there.
inline std::filesystem::path shared_data(const std::string& name) {
  const char* set = std::getenv("SLOVO_SHARED");
  const std::filesystem::path shared = set ? set : std::filesystem::path(SLOVO_SOURCE_DIR) / "../shared";
  return std::filesystem::exists(shared / "data" / name) ? shared / "data" / name : std::filesystem::path();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "slovo-tokenizer-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::shared_ptr<const Tokenizer> make_tokenizer(const Json& json) {
  return std::make_shared<Pipeline>(json.dump(), "tokenizer.json", TokenizerConfigFiles{});
}

inline TextSource one_text(const std::string& text) {
  return [text](const std::function<void(std::string_view)>& use) { use(text); };
}

/// A bpe whose words are whole texts: vocabulary and merges, no other stage.
inline Json small_model(const std::vector<std::string>& tokens, const std::vector<std::string>& merges) {
  Json vocab = Json::object();
  for (size_t i = 0; i < tokens.size(); ++i) vocab[tokens[i]] = i;
  return {{"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}, {"decoder", {{"type", "Fuse"}}}};
}

/// The message of the Error that `call` throws, "" when it throws none.
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace slovo::testing
