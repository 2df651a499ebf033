// Shared by the tokenizer tests: fixtures, and small tokenizer files.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "testing.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/train.h"

namespace slovo::testing {

inline Json tokenizer_fixture(const std::string& name) { return read_json(fixture(name)); }

inline std::shared_ptr<const Tokenizer> make_tokenizer(const Json& json) {
  return std::make_shared<Pipeline>(json.dump(), "tokenizer.json", TokenizerConfigFiles{});
}

inline TextSource one_text(const std::string& text) {
  return [text](const std::function<void(std::string_view)>& use) { use(text); };
}

/// A bpe whose words are whole texts: vocabulary and merges, no other stage.
inline Json small_model(const std::vector<std::string>& tokens,
                        const std::vector<std::string>& merges) {
  Json vocab = Json::object();
  for (size_t i = 0; i < tokens.size(); ++i) vocab[tokens[i]] = i;
  return {{"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}},
          {"decoder", {{"type", "Fuse"}}}};
}

}  // namespace slovo::testing
