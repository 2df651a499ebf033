// The one model: a stack of blocks, each a mixer and an MLP, described by ModelConfig. Takes a config and tensors and
// returns tensors; knows no data, no tokenizer, no files.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "config/config.h"
#include "model/layer_state.h"
#include "ops/segments.h"

namespace slovo {

struct ModelInput {
  at::Tensor ids_BT;         ///< int64
  at::Tensor positions_BT;   ///< int64; undefined: counted from each document's start (or from the state's length)
  Segments segments;         ///< documents of each row; unused with a state
};

class TransformerImpl : public torch::nn::Module {
 public:
  /// Parameters are made on `options`' device and dtype, not yet filled (see init_weights and io/model_folder.h).
  /// `config` must be complete: vocab_size and max_position_embeddings are not 0.
  TransformerImpl(const ModelConfig& config, at::TensorOptions options);

  /// Hidden states after the last norm, [B,T,C]. With `state`, the ids continue each row of it and the state moves on
  /// (inference only). Throws Error(data) when a row grows past max_position_embeddings.
  at::Tensor forward(const ModelInput& input, ModelState* state = nullptr);
  /// Logits of hidden states: [...,C] -> [...,V].
  at::Tensor logits(const at::Tensor& hidden);
  /// The head's matrix [V,C]: the embedding when tied.
  const at::Tensor& head_weight() const;

  /// An empty state for `batch` rows of up to `capacity` tokens each.
  ModelState new_state(int64_t batch, int64_t capacity) const;
  const ModelConfig& config() const;
};
TORCH_MODULE(Transformer);

/// Fills the weights: N(0, initializer_range), projections back into the residual stream scaled by 1/sqrt(2 L) as GPT-2,
/// norms 1, biases 0. The bits depend on the seed and the parameter's name only.
void init_weights(Transformer& model, uint64_t seed);

/// Parameters by part ("embedding", "attention", "mlp", "norm", "head"), in elements; a tied weight counts once.
std::vector<std::pair<std::string, int64_t>> parameter_counts(const ModelConfig& config);
/// Floating-point operations of one token's forward and backward pass at context T: 6 x matrix parameters plus the
/// causal half of attention.
double train_flops_per_token(const ModelConfig& config, int64_t seq_len);

}  // namespace slovo
