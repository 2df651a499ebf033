#include "model/freeze.h"

#include "core/error.h"

namespace slovo {

void freeze(const Transformer& model, bool embeddings, int64_t layers) {
  const int64_t blocks = model->config().num_hidden_layers;
  if (layers > blocks) {
    throw_config("sft.freeze_layers is ", layers, ", but the model has ", blocks,
                 " blocks; use at most that");
  }
  for (const auto& [name, weight] : named_weights(model)) {
    const bool embedding = name == "embedding.weight" || name == "positions.weight";
    const std::string prefix = "blocks.";
    const bool block = name.starts_with(prefix) && std::stoll(name.substr(prefix.size())) < layers;
    if ((embeddings && embedding) || block) at::Tensor(weight).requires_grad_(false);
  }
}

}  // namespace slovo
