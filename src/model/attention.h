// Causal self-attention with grouped key and value heads (arXiv:2305.13245).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "config/config.h"
#include "model/layer_state.h"
#include "model/norm.h"
#include "model/projection.h"
#include "model/rope.h"
#include "ops/segments.h"

namespace slovo {

/// What a mixer is given beside its input: where the tokens stand, and the layer's memory while
/// generating.
struct MixerInput {
  at::Tensor positions_BT;
  at::Tensor ids_BT;                   ///< the tokens themselves, for value embeddings
  const Segments* segments = nullptr;  ///< documents of the rows; without a state only
  LayerState* state = nullptr;
};

/// Channels of its input that the gate of a value embedding reads.
constexpr int64_t kValueGateInputs = 32;

class AttentionImpl : public torch::nn::Module {
 public:
  /// Of block number `layer`, counted from 0. `rotary` holds undefined tensors where positions are
  /// learned.
  AttentionImpl(const ModelConfig& config, int64_t layer, RotaryTables rotary,
                at::TensorOptions options);
  /// residual + attention(x); both [B,T,C].
  at::Tensor forward(const at::Tensor& x_BTC, const at::Tensor& residual_BTC,
                     const MixerInput& input);
  std::unique_ptr<LayerState> new_state(int64_t batch, int64_t capacity,
                                        at::TensorOptions options) const;

 private:
  at::Tensor embedded_values(const at::Tensor& x_BTC, const at::Tensor& ids_BT);

  int64_t heads_, kv_heads_, head_dim_;
  int64_t window_;  ///< tokens that a token sees; 0: all before it
  double norm_eps_;
  RotaryTables rotary_;
  Projection qkv_{nullptr};     ///< [(H+2K)*d, C]: queries, keys, values
  Projection output_{nullptr};  ///< [C, H*d]
  NormLayer q_norm_{nullptr}, k_norm_{nullptr};
  Table value_embedding_{nullptr};  ///< [V, K*d], or empty
  Projection value_gate_{nullptr};  ///< [K, kValueGateInputs]
};
TORCH_MODULE(Attention);

}  // namespace slovo
