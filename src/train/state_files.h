// A checkpoint's trainer/ folder: the optimizer's tensors by parameter name, and everything else as
// JSON.
#pragma once

#include <filesystem>

#include "core/json.h"
#include "io/safetensors.h"

namespace slovo {

/// Makes `folder` with optimizer.safetensors and state.json. Throws Error(io).
void write_trainer_state(const std::filesystem::path& folder, const NamedTensors& optimizer,
                         const Json& state);
/// Fills `optimizer` from the folder and returns state.json. Throws Error(checkpoint) when tensors
/// are missing, of other names or shapes, or the files are damaged.
Json read_trainer_state(const std::filesystem::path& folder, const NamedTensors& optimizer);

}  // namespace slovo
