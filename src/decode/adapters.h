// Adapters brought together with the model they belong to: names of Hugging Face's modules on one
// side, the model's own parts on the other.
#pragma once

#include <cstdint>
#include <filesystem>

#include "config/config.h"
#include "io/adapter_folder.h"
#include "io/model_folder.h"
#include "model/transformer.h"

namespace slovo {

/// Fills a model that was made for `config` from its folder. With `form` other than full the
/// blocks' matrices are kept in few bits, quantised one by one as they are read.
void fill_model(Transformer& model, const std::filesystem::path& folder, const FolderConfig& config,
                LoraBase form = LoraBase::full);

/// Freezes a filled model and puts fresh adapters on the linear maps that `lora.targets` names;
/// they change nothing yet. Throws Error(config) for a target that is not there.
void add_adapters(Transformer& model, const LoraConfig& lora, const FolderConfig& config,
                  uint64_t seed);
/// The same with the adapters of a folder, as they are there.
void load_adapters(Transformer& model, const std::filesystem::path& adapter,
                   const FolderConfig& config);

}  // namespace slovo
