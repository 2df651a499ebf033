#include "tokenizer/tokenizer_config.h"

#include "core/files.h"
#include "core/json.h"
#include "tokenizer/json_node.h"

namespace slovo {
namespace {

/// A role's token: "<s>", or {"content": "<s>", ...}.
std::optional<std::string> read_role(const JsonNode& file, const std::string& key) {
  if (!file.has(key)) return std::nullopt;
  const JsonNode role = file.at(key);
  return role.raw().is_object() ? role.text_at("content") : role.text();
}

/// The chat templates that lie in a folder of their own.
void read_more_templates(const std::filesystem::path& folder, TokenizerConfigFiles& out) {
  const auto more = folder / kMoreTemplates;
  if (!std::filesystem::is_directory(more)) return;
  for (const auto& entry : std::filesystem::directory_iterator(more)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".jinja") continue;
    const auto name = std::filesystem::path(kMoreTemplates) / entry.path().filename();
    out.files[name.string()] = read_file(entry.path());
  }
}

}  // namespace

TokenizerConfigFiles read_tokenizer_config(const std::filesystem::path& folder) {
  TokenizerConfigFiles out;
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json",
                           "chat_template.jinja", "chat_template.json"}) {
    const auto path = folder / name;
    if (!std::filesystem::is_regular_file(path)) continue;
    out.files[name] = read_file(path);
    if (!path.string().ends_with("_config.json") && !path.string().ends_with("_map.json")) continue;
    const auto json = parse_tokenizer_json(out.files[name], path.string());
    const JsonNode file(json, path.string());
    if (!out.bos_token) out.bos_token = read_role(file, "bos_token");
    if (!out.eos_token) out.eos_token = read_role(file, "eos_token");
  }
  read_more_templates(folder, out);
  return out;
}

TokenizerConfigFiles make_tokenizer_config(
    const std::vector<std::pair<std::string, std::string>>& roles) {
  Json json;
  json["tokenizer_class"] = "PreTrainedTokenizerFast";
  TokenizerConfigFiles out;
  for (const auto& [role, token] : roles) {
    json[role] = token;
    if (role == "bos_token") out.bos_token = token;
    if (role == "eos_token") out.eos_token = token;
  }
  json["clean_up_tokenization_spaces"] = false;
  out.files["tokenizer_config.json"] = json.dump(2) + "\n";
  return out;
}

TokenizerConfigFiles make_tokenizer_config(const std::string& separator,
                                           const std::optional<std::string>& unknown) {
  std::vector<std::pair<std::string, std::string>> roles{{"bos_token", separator},
                                                         {"eos_token", separator}};
  if (unknown) roles.emplace_back("unk_token", *unknown);
  return make_tokenizer_config(roles);
}

}  // namespace slovo
