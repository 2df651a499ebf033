#include "decode/loaded_model.h"

#include <algorithm>

#include "core/error.h"
#include "decode/adapters.h"
#include "io/adapter_folder.h"
#include "io/model_folder.h"
#include "model/precision.h"

namespace slovo {

namespace fs = std::filesystem;

namespace {

/// The tokenizer's EOS and those of the folder (a chat model ends turns with more than one token).
std::vector<TokenId> end_ids(const FolderConfig& config, const Tokenizer& tokenizer) {
  std::vector<TokenId> out(config.eos_ids.begin(), config.eos_ids.end());
  if (tokenizer.eos_id()) out.push_back(*tokenizer.eos_id());
  std::ranges::sort(out);
  const auto repeats = std::ranges::unique(out);
  out.erase(repeats.begin(), repeats.end());
  return out;
}

/// The folder that an adapter names as its model: as it is written, or beside the adapter.
fs::path model_of(const fs::path& adapter) {
  const std::string name = read_adapter_config(adapter).base;
  for (const fs::path& folder : {fs::path(name), adapter / name}) {
    if (!name.empty() && fs::is_directory(folder)) return find_model_folder(folder);
  }
  throw_checkpoint(adapter.string(), ": the adapter's model, \"", name,
                   "\" (base_model_name_or_path), is no folder here; give it: --model MODEL "
                   "--adapter ",
                   adapter.string());
}

}  // namespace

fs::path ModelSource::tokenizer() const {
  return !adapter.empty() && fs::exists(adapter / "tokenizer.json") ? adapter : model;
}

ModelSource find_model(const fs::path& given, const fs::path& adapter) {
  const fs::path folder = find_model_folder(given);
  if (adapter.empty()) {
    return is_adapter_folder(folder) ? ModelSource{model_of(folder), folder}
                                     : ModelSource{folder, {}};
  }
  const ModelSource out{folder, find_model_folder(adapter)};
  if (is_adapter_folder(folder)) {
    throw_config("--model ", given.string(), " is an adapter itself; give the model it belongs to");
  }
  if (!is_adapter_folder(out.adapter)) {
    throw_config("--adapter ", adapter.string(),
                 " is a model, not an adapter: ", out.adapter.string(),
                 " has no adapter_config.json");
  }
  return out;
}

bool LoadedModel::is_eos(TokenId id) const {
  return std::ranges::find(eos_ids, id) != eos_ids.end();
}

LoadedModel load_for_inference(const fs::path& given, const RuntimeConfig& run,
                               const fs::path& adapter) {
  const ModelSource source = find_model(given, adapter);
  const FolderConfig config = read_folder_config(source.model);
  const bool adapted = !source.adapter.empty();
  LoadedModel out;
  out.name = source.model.string() + (adapted ? " with " + source.adapter.string() : "");
  out.tokenizer = Tokenizer::load(source.tokenizer());
  check_vocab_size(source.tokenizer(), config.model, out.tokenizer->vocab_size());
  out.eos_ids = end_ids(config, *out.tokenizer);

  const at::Device device = resolve_device(run);
  const c10::InferenceMode inference;
  out.model = Transformer(config.model,
                          at::TensorOptions(device).dtype(inference_dtype(run, config.dtype)));
  out.model->eval();
  read_weights(source.model, config, named_weights(out.model));
  if (adapted) load_adapters(out.model, source.adapter, config);
  return out;
}

std::optional<TokenId> start_token(const Tokenizer& tokenizer) {
  return tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
}

}  // namespace slovo
