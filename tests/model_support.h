// What tests of models share: small configs, models of random weights, folders that vanish.
#pragma once

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/text.h"
#include "model/transformer.h"

namespace slovo::test {

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

/// The code and text of the Error that `f` throws; fails the test when it throws none.
template <class F>
std::string error_text(ErrorCode code, const F& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

/// A fresh folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "slovo-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace slovo::test
