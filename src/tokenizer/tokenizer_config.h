// The files beside tokenizer.json: which special token plays which role. Kept as they were read, so
// that nothing of a foreign tokenizer (chat template, flags) is lost when it is saved again.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slovo {

/// The folder of the chat templates besides the one that is taken by default, NAME.jinja each.
inline constexpr const char* kMoreTemplates = "additional_chat_templates";

struct TokenizerConfigFiles {
  /// Path in the folder to text: tokenizer_config.json and its companions.
  std::map<std::string, std::string> files;
  std::optional<std::string> bos_token;
  std::optional<std::string> eos_token;
};

/// Reads what there is in the folder. Throws Error(data) for a damaged file.
TokenizerConfigFiles read_tokenizer_config(const std::filesystem::path& folder);
/// A tokenizer_config.json of special tokens by role ("bos_token", "eos_token", "unk_token").
TokenizerConfigFiles make_tokenizer_config(
    const std::vector<std::pair<std::string, std::string>>& roles);
/// The files of a tokenizer of our own: BOS and EOS are `separator`, as in GPT-2; nothing is added
/// by itself.
TokenizerConfigFiles make_tokenizer_config(const std::string& separator,
                                           const std::optional<std::string>& unknown);

}  // namespace slovo
