// Adapters and quantised weights of a whole model: what `slovo sft` trains in place of the weights
// themselves (QLoRA, arXiv:2305.14314). Knows the model's own names only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/adapter.h"
#include "model/transformer.h"

namespace slovo {

/// Keeps the matrices of all blocks in few bits. For a model that is not filled yet: weight_filler
/// then quantises each part as it comes, and nothing of them ever lies there in full.
void quantize_blocks(Transformer& model, LoraBase form);
/// Fills rows from `begin` on of the parameter `name`. Those of a quantised one come in order.
using FillRows =
    std::function<void(const std::string& name, int64_t begin, const at::Tensor& rows)>;
FillRows weight_filler(Transformer& model);

/// Freezes the whole model and puts fresh adapters on it, which change nothing yet. The model is
/// filled. Dropout draws from the model's training pass.
void attach_adapters(Transformer& model, const std::vector<AdapterPlace>& places,
                     const LoraConfig& config, uint64_t seed);
/// Makes what the adapters change part of the weights, and drops them.
void merge_adapters(Transformer& model);

}  // namespace slovo
