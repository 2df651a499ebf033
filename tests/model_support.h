// What tests of models share: small configs, models of random weights.
#pragma once

#include <ATen/Functions.h>

#include "model/transformer.h"
#include "testing.h"

namespace slovo::testing {

/// Two layers of four query and two key/value heads: the shape that modern models have, in small.
inline ModelConfig small_config() {
  ModelConfig config;
  config.vocab_size = 37;
  config.hidden_size = 24;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 8;
  config.intermediate_size = 20;
  config.max_position_embeddings = 64;
  return config;
}

/// As GPT-2 is: learned positions, LayerNorm, biases.
inline ModelConfig small_gpt2_config() {
  ModelConfig config = small_config();
  config.num_key_value_heads.reset();
  config.head_dim.reset();
  config.norm = Norm::layer;
  config.position = Position::learned;
  config.mlp = Activation::gelu_tanh;
  config.attention_bias = config.mlp_bias = true;
  return config;
}

/// Every weight random, norms and biases too, so that none can be left out unnoticed.
inline Transformer make_model(const ModelConfig& config, uint64_t seed = 1,
                              at::TensorOptions options = at::kFloat) {
  Transformer model(config, options);
  init_weights(model, seed);
  const at::NoGradGuard no_grad;
  for (auto& [name, weight] : named_weights(model)) {
    weight.mul_(6);
    if (name.find("value_gate") != std::string::npos)
      weight.copy_(at::sin(at::arange(weight.numel(), at::kFloat)).view_as(weight));
    if (weight.dim() != 1) continue;
    const at::Tensor wave = at::sin(at::arange(weight.numel(), at::kFloat) * 1.7 + name.size());
    weight.copy_(name.find("bias") == std::string::npos ? 1 + 0.3 * wave : 0.2 * wave);
  }
  return model;
}

/// Ids that look random: [rows,length].
inline at::Tensor make_ids(int64_t rows, int64_t length, int64_t vocab_size, int64_t salt = 0) {
  const at::Tensor index = at::arange(rows * length, at::kLong) + salt;
  return at::remainder(index * index * 7 + index * 3 + 5, vocab_size).view({rows, length});
}

}  // namespace slovo::testing
