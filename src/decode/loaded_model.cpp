#include "decode/loaded_model.h"

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "io/model_folder.h"
#include "model/precision.h"

namespace slovo {
namespace {

/// Appends the ids under "eos_token_id" of `json`: a number, a list, or nothing.
void add_eos(const Json& json, std::vector<TokenId>& out) {
  const auto found = json.find("eos_token_id");
  if (found == json.end()) return;
  for (const Json& id : found->is_array() ? *found : Json::array({*found})) {
    if (id.is_number_integer()) out.push_back(id.get<TokenId>());
  }
}

/// The tokenizer's EOS and those of generation_config.json, else of config.json (a chat model ends
/// turns with more than one token).
std::vector<TokenId> find_eos(const std::filesystem::path& folder, const Json& config,
                              const Tokenizer& tokenizer) {
  std::vector<TokenId> out;
  const auto generation = folder / "generation_config.json";
  if (std::filesystem::exists(generation)) add_eos(read_json(generation), out);
  if (out.empty()) add_eos(config, out);
  if (tokenizer.eos_id()) out.push_back(*tokenizer.eos_id());
  std::ranges::sort(out);
  const auto repeats = std::ranges::unique(out);
  out.erase(repeats.begin(), repeats.end());
  return out;
}

void check_vocabulary(const std::string& folder, const Tokenizer& tokenizer,
                      const ModelConfig& config) {
  if (tokenizer.vocab_size() <= config.vocab_size) return;
  throw_checkpoint(folder, ": the tokenizer has ", tokenizer.vocab_size(),
                   " tokens, but the model's vocab_size is ", config.vocab_size,
                   "; they do not belong together: put the model's own tokenizer.json there");
}

}  // namespace

bool LoadedModel::is_eos(TokenId id) const {
  return std::ranges::find(eos_ids, id) != eos_ids.end();
}

LoadedModel load_for_inference(const std::filesystem::path& given, const RuntimeConfig& run) {
  const std::filesystem::path folder = find_model_folder(given);
  const FolderConfig config = read_folder_config(folder);
  LoadedModel out;
  out.name = folder.string();
  out.tokenizer = Tokenizer::load(folder);
  check_vocabulary(out.name, *out.tokenizer, config.model);
  out.eos_ids = find_eos(folder, config.json, *out.tokenizer);

  const at::Device device = resolve_device(run);
  const c10::InferenceMode inference;
  out.model = Transformer(config.model,
                          at::TensorOptions(device).dtype(inference_dtype(run, config.dtype)));
  out.model->eval();
  NamedTensors parameters;
  for (const auto& item : out.model->named_parameters())
    parameters.emplace_back(item.key(), item.value());
  read_weights(folder, config, parameters);
  return out;
}

std::optional<TokenId> start_token(const Tokenizer& tokenizer) {
  return tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
}

bool adds_bos(const Tokenizer& tokenizer) {
  const std::vector<TokenId> ids = tokenizer.encode("a", SpecialTokens::add);
  return !ids.empty() && tokenizer.bos_id() == ids.front();
}

}  // namespace slovo
