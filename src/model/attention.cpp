#include "model/attention.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "ops/ops.h"

namespace slovo {

namespace {

/// Every second block, counted from the last (as nanochat).
bool embeds_values(const ModelConfig& config, int64_t layer) {
  return config.value_embeddings && (config.num_hidden_layers - 1 - layer) % 2 == 0;
}

}  // namespace

AttentionImpl::AttentionImpl(const ModelConfig& config, int64_t layer, RotaryTables rotary,
                             at::TensorOptions options)
    : heads_(config.num_attention_heads),
      kv_heads_(config.key_value_heads()),
      head_dim_(config.head_size()),
      window_(config.sliding_window),
      norm_eps_(config.norm_eps),
      rotary_(std::move(rotary)) {
  const int64_t width = heads_ * head_dim_;
  const int64_t kv_width = kv_heads_ * head_dim_;
  qkv_ = register_module(
      "qkv", Projection(config.hidden_size, width + 2 * kv_width, config.attention_bias, options));
  if (config.qk_norm) {
    q_norm_ = register_module("q_norm", NormLayer(Norm::rms, head_dim_, norm_eps_, options));
    k_norm_ = register_module("k_norm", NormLayer(Norm::rms, head_dim_, norm_eps_, options));
  }
  if (embeds_values(config, layer)) {
    value_embedding_ =
        register_module("value_embedding", Table(config.vocab_size, kv_width, options));
    value_gate_ = register_module(
        "value_gate",
        Projection(std::min(kValueGateInputs, config.hidden_size), kv_heads_, false, options));
  }
  output_ = register_module("output",
                            Projection(width, config.hidden_size, config.attention_bias, options));
}

at::Tensor AttentionImpl::forward(const at::Tensor& x_BTC, const at::Tensor& residual_BTC,
                                  const MixerInput& input) {
  ops::RotaryOptions rotary{rotary_.cos, rotary_.sin, input.positions_BT, {}, {}, norm_eps_};
  if (q_norm_) {
    rotary.q_norm = q_norm_->weight;
    rotary.k_norm = k_norm_->weight;
  }
  auto [q, k, v] = ops::split_qkv(qkv_->forward(x_BTC), heads_, kv_heads_, head_dim_, rotary);
  if (value_embedding_) v = v + embedded_values(x_BTC, input.ids_BT);
  if (input.state == nullptr) {
    return output_->forward(ops::causal_attention(q, k, v, *input.segments, window_), residual_BTC);
  }
  auto* cache = dynamic_cast<KeyValueState*>(input.state);
  SLOVO_CHECK(cache != nullptr, "attention is given the state of another mixer");
  const bool fresh = cache->fresh();
  cache->add(k, v);
  const at::Tensor mixed =
      fresh ? ops::causal_attention(q, k, v, Segments::rows(q.size(0), q.size(1)), window_)
            : ops::cached_attention(q, cache->keys(), cache->values(), cache->lengths(), window_);
  return output_->forward(mixed, residual_BTC);
}

/// 2 sigmoid(gate) * the tokens' value embedding, [B,T,K,d]: a gate of zeros lets it through as it
/// is.
at::Tensor AttentionImpl::embedded_values(const at::Tensor& x_BTC, const at::Tensor& ids_BT) {
  const at::Tensor gate_BTK =
      value_gate_->forward(x_BTC.narrow(-1, 0, value_gate_->weight.size(1)));
  return value_embedding_->forward(ids_BT).unflatten(-1, {kv_heads_, head_dim_}) *
         (2 * gate_BTK.sigmoid()).unsqueeze(-1);
}

std::unique_ptr<LayerState> AttentionImpl::new_state(int64_t batch, int64_t capacity,
                                                     at::TensorOptions options) const {
  return std::make_unique<KeyValueState>(batch, kv_heads_, capacity, head_dim_, options);
}

}  // namespace slovo
