#include "decode/adapters.h"

#include "model/lora.h"

namespace slovo {
namespace {

void attach(Transformer& model, const LoraConfig& lora, const std::vector<StoredTensor>& maps,
            uint64_t seed) {
  std::vector<AdapterPlace> places;
  for (const StoredTensor& map : maps) {
    const std::string projection = map.parameter.substr(0, map.parameter.rfind('.'));
    places.push_back({projection, map.module_end(), map.begin, map.rows()});
  }
  attach_adapters(model, places, lora, seed);
}

}  // namespace

void fill_model(Transformer& model, const std::filesystem::path& folder, const FolderConfig& config,
                LoraBase form) {
  quantize_blocks(model, form);
  read_weights(folder, config, named_weights(model), weight_filler(model));
}

void add_adapters(Transformer& model, const LoraConfig& lora, const FolderConfig& config,
                  uint64_t seed) {
  attach(model, lora, adapted_maps(lora, config, named_weights(model)), seed);
}

void load_adapters(Transformer& model, const std::filesystem::path& adapter,
                   const FolderConfig& config) {
  const LoraConfig lora = read_adapter_config(adapter).lora;
  attach(model, lora, adapted_maps(lora, config, named_weights(model), adapter.string()), 0);
  read_adapter(adapter, config, named_weights(model));
}

}  // namespace slovo
