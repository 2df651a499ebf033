// The one model: a stack of blocks, each a mixer and an MLP, described by ModelConfig. Takes a
// config and tensors and returns tensors; knows no data, no tokenizer, no files.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <memory>

#include "config/config.h"
#include "model/block.h"
#include "model/embedding_noise.h"
#include "model/layer_state.h"
#include "model/norm.h"
#include "model/projection.h"
#include "model/training_pass.h"
#include "ops/segments.h"

namespace slovo {

struct ModelInput {
  at::Tensor ids_BT;  ///< int64
  at::Tensor
      positions_BT;   ///< int64; undefined: counted from each document's start; unused with a state
  Segments segments;  ///< documents of each row; empty: each row is one; unused with a state
};

class TransformerImpl : public torch::nn::Module {
 public:
  /// Parameters are made on `options`' device and dtype, not yet filled (see init_weights and
  /// io/model_folder.h). `config` must be complete: vocab_size and max_position_embeddings are not
  /// 0. Throws Error(config), which names the fields, where they do not fit each other
  /// (model_config_problems).
  TransformerImpl(const ModelConfig& config, at::TensorOptions options);

  /// Hidden states after the last norm, [B,T,C]. With `state`, the ids continue each row of it and
  /// the state moves on (inference only). Throws Error(data) when a row is or grows longer than
  /// max_position_embeddings.
  at::Tensor forward(const ModelInput& input, ModelState* state = nullptr);
  /// Logits of hidden states, soft-capped where the config says so: [...,C] -> [...,V].
  at::Tensor logits(const at::Tensor& hidden);
  /// The head's matrix [V,C]: the embedding when tied.
  const at::Tensor& head_weight() const;

  /// Whether the backward pass runs each block again instead of keeping what it computed; off at
  /// first.
  void recompute_blocks(bool on) { recompute_blocks_ = on; }

  /// Noise on the embeddings where gradients are recorded; none at first.
  void set_embedding_noise(const EmbeddingNoise& noise) { noise_ = noise; }

  /// Numbers the next pass, for what is drawn at random where gradients are recorded. Each pass of
  /// a run should have a number of its own.
  void number_pass(uint64_t number) { pass_number_ = number; }
  /// The pass that is computed, as the model's parts see it.
  std::shared_ptr<const TrainingPass> training_pass() const { return pass_; }

  /// An empty state for `batch` rows of up to `capacity` tokens each.
  ModelState new_state(int64_t batch, int64_t capacity) const;
  const ModelConfig& config() const { return config_; }

 private:
  at::Tensor input_positions(const ModelInput& input, const Segments& segments,
                             const ModelState* state) const;

  ModelConfig config_;
  bool recompute_blocks_ = false;
  EmbeddingNoise noise_;
  uint64_t pass_number_ = 0;
  std::shared_ptr<TrainingPass> pass_ = std::make_shared<TrainingPass>();
  Table embedding_{nullptr};
  Table positions_{nullptr};  ///< learned positions, else empty
  torch::nn::ModuleList blocks_;
  NormLayer norm_{nullptr};
  Projection head_{nullptr};  ///< empty when tied: a head that shares the embedding's tensor would
                              ///< be listed twice
};
TORCH_MODULE(Transformer);

/// The parameters by name, in order of declaration: what io/model_folder.h reads into and writes.
std::vector<std::pair<std::string, at::Tensor>> named_weights(const Transformer& model);

/// Fills the weights: N(0, initializer_range), projections back into the residual stream scaled by
/// 1/sqrt(2 L) as GPT-2 or 0 as the config asks, norms 1, biases and value gates 0, residual
/// scalars 1 and 0.1. The bits depend on the seed and on the parameter's name and size only.
void init_weights(Transformer& model, uint64_t seed);

/// Parameters by part ("embedding", "attention", "mlp", "norm", "head"), in elements; a tied weight
/// counts once.
std::vector<std::pair<std::string, int64_t>> parameter_counts(const ModelConfig& config);
/// Floating-point operations of one token's forward and backward pass at context T: 6 x matrix
/// parameters plus the causal half of attention, or its window.
double train_flops_per_token(const ModelConfig& config, int64_t seq_len);

}  // namespace slovo
