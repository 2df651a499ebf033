#include "model/attention.h"

#include "core/error.h"
#include "ops/ops.h"

namespace slovo {

AttentionImpl::AttentionImpl(const ModelConfig& config, RotaryTables rotary,
                             at::TensorOptions options)
    : heads_(config.num_attention_heads),
      kv_heads_(config.key_value_heads()),
      head_dim_(config.head_size()),
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
  const auto [q, k, v] = ops::split_qkv(qkv_->forward(x_BTC), heads_, kv_heads_, head_dim_, rotary);
  if (input.state == nullptr) {
    return output_->forward(ops::causal_attention(q, k, v, *input.segments), residual_BTC);
  }
  auto* cache = dynamic_cast<KeyValueState*>(input.state);
  SLOVO_CHECK(cache != nullptr, "attention is given the state of another mixer");
  const bool fresh = cache->fresh();
  cache->add(k, v);
  const at::Tensor mixed =
      fresh ? ops::causal_attention(q, k, v, Segments::rows(q.size(0), q.size(1)))
            : ops::cached_attention(q, cache->keys(), cache->values(), cache->lengths());
  return output_->forward(mixed, residual_BTC);
}

std::unique_ptr<LayerState> AttentionImpl::new_state(int64_t batch, int64_t capacity) const {
  return std::make_unique<KeyValueState>(batch, kv_heads_, capacity, head_dim_,
                                         qkv_->weight.options().requires_grad(false));
}

}  // namespace slovo
