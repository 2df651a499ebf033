// An adapter as a folder in PEFT's layout: adapter_config.json and adapter_model.safetensors, so
// that PEFT opens what slovo made and slovo opens what PEFT made. Adapters are on the linear maps
// inside the blocks, in the model's own parameters "PROJECTION.END.lora_A", lora_B and magnitude,
// where END is the end of the module's Hugging Face name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "io/model_folder.h"
#include "io/safetensors.h"
#include "io/weight_names.h"

namespace slovo {

/// Has adapter_config.json and is no model at the same time.
bool is_adapter_folder(const std::filesystem::path& folder);

struct AdapterConfig {
  LoraConfig lora;   ///< targets: the modules that the folder holds weights of, by full name
  std::string base;  ///< the model that it belongs to, as the folder names it; may be ""
};
/// Reads adapter_config.json and the names of the weights. Throws Error(checkpoint) naming file and
/// key when it is damaged, or of a kind or with an option that slovo does not compute.
AdapterConfig read_adapter_config(const std::filesystem::path& folder);

/// The linear maps of the model that `lora.targets` names, in the model's order. Throws
/// Error(config), led by `where`, with the names there are for a target that is none of them. Of
/// `parameters`, names and shapes are read.
std::vector<StoredTensor> adapted_maps(const LoraConfig& lora, const FolderConfig& model,
                                       const NamedTensors& parameters,
                                       const std::string& where = "lora.targets");

/// Fills the adapters among `parameters` from the folder. Throws Error(checkpoint) with all names
/// that are missing, unexpected or of another shape.
void read_adapter(const std::filesystem::path& folder, const FolderConfig& model,
                  const NamedTensors& parameters);
/// Writes the adapters among `parameters`, in fp32, into an existing folder. `base`: what the model
/// was opened from.
void write_adapter(const std::filesystem::path& folder, const LoraConfig& lora,
                   const FolderConfig& model, const std::string& base,
                   const NamedTensors& parameters);

}  // namespace slovo
