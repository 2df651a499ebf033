#include <ATen/ATen.h>

#include <cmath>

#include "model/transformer.h"
#include "model_support.h"

namespace slovo {
namespace {

ModelConfig wide_config() {
  ModelConfig config = testing::small_config();
  config.hidden_size = 128;
  config.vocab_size = 301;
  config.attention_bias = true;
  return config;
}

Transformer initialised(const ModelConfig& config, uint64_t seed,
                        at::ScalarType dtype = at::kFloat) {
  Transformer model(config, dtype);
  init_weights(model, seed);
  return model;
}

TEST(InitWeights, DeviationsFollowTheRule) {
  const ModelConfig config = wide_config();
  for (const auto& [name, weight] : named_weights(initialised(config, 5))) {
    if (weight.dim() == 1) {
      const double value = name.find("bias") == std::string::npos ? 1 : 0;
      EXPECT_TRUE(at::all(weight == value).item<bool>()) << name;
      continue;
    }
    const bool into_residual =
        name.find("output") != std::string::npos || name.find("down") != std::string::npos;
    const double expected = into_residual ? 0.02 / std::sqrt(4.0) : 0.02;
    const double count = static_cast<double>(weight.numel());
    EXPECT_NEAR(weight.std().item<double>(), expected, 5 * expected / std::sqrt(2 * count)) << name;
    EXPECT_NEAR(weight.mean().item<double>(), 0, 5 * expected / std::sqrt(count)) << name;
  }
}

TEST(InitWeights, DependOnSeedAndNameOnly) {
  const ModelConfig config = wide_config();
  ModelConfig deeper = config;
  deeper.num_hidden_layers = 2;
  deeper.mlp = Activation::relu2;
  const auto first = named_weights(initialised(config, 5));
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto again = named_weights(initialised(config, 5));
  at::set_num_threads(threads);
  const auto other = named_weights(initialised(config, 6));
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(at::equal(first[i].second, again[i].second)) << first[i].first;
    if (first[i].second.dim() > 1) {
      EXPECT_FALSE(at::equal(first[i].second, other[i].second)) << first[i].first;
    }
  }
  EXPECT_TRUE(at::equal(first[0].second, named_weights(initialised(deeper, 5))[0].second));
  EXPECT_FALSE(at::equal(
      named_weights(initialised(config, 5))[2].second.narrow(0, 0, 24).flatten().narrow(0, 0, 99),
      first[0].second.flatten().narrow(0, 0, 99)));
}

TEST(InitWeights, Bf16IsFp32Rounded) {
  const auto exact = named_weights(initialised(wide_config(), 5));
  const auto rounded = named_weights(initialised(wide_config(), 5, at::kBFloat16));
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_TRUE(at::equal(exact[i].second.to(at::kBFloat16), rounded[i].second)) << exact[i].first;
  }
}

}  // namespace
}  // namespace slovo
