#include "decode/loaded_model.h"

#include <algorithm>

#include "io/model_folder.h"
#include "model/precision.h"

namespace slovo {
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
  check_vocab_size(folder, config.model, out.tokenizer->vocab_size());
  out.eos_ids = end_ids(config, *out.tokenizer);

  const at::Device device = resolve_device(run);
  const c10::InferenceMode inference;
  out.model = Transformer(config.model,
                          at::TensorOptions(device).dtype(inference_dtype(run, config.dtype)));
  out.model->eval();
  read_weights(folder, config, named_weights(out.model));
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
