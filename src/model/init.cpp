// Initial weights, a pure function of seed and parameter name: any number of threads and any device
// gives the same bits.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <numbers>

#include "core/rng.h"
#include "model/transformer.h"

namespace slovo {
namespace {

bool ends_with(const std::string& name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// Two independent normal numbers from two uniform ones (Box and Muller, 1958).
std::pair<double, double> normal_pair(uint64_t seed, uint64_t stream, uint64_t pair) {
  const double radius =
      std::sqrt(-2 * std::log(1 - random_unit(seed, stream, 2 * pair)));  // 1 - u lies in (0, 1]
  const double angle = 2 * std::numbers::pi * random_unit(seed, stream, 2 * pair + 1);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void fill_normal(const at::Tensor& parameter, double deviation, uint64_t seed, uint64_t stream) {
  at::Tensor values = at::empty(parameter.sizes(), at::TensorOptions(at::kFloat));
  auto* out = values.mutable_data_ptr<float>();
  const int64_t count = values.numel();
  constexpr int64_t kGrain = 4096;
  at::parallel_for(0, (count + 1) / 2, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto [first, second] = normal_pair(seed, stream, static_cast<uint64_t>(i));
      out[2 * i] = static_cast<float>(deviation * first);
      if (2 * i + 1 < count) out[2 * i + 1] = static_cast<float>(deviation * second);
    }
  });
  parameter.copy_(values);
}

}  // namespace

void init_weights(Transformer& model, uint64_t seed) {
  const at::NoGradGuard no_grad;
  const ModelConfig& config = model->config();
  const double residual_scale = 1 / std::sqrt(2.0 * static_cast<double>(config.num_hidden_layers));
  for (const auto& parameter : model->named_parameters()) {
    const std::string& name = parameter.key();
    const bool into_residual = ends_with(name, ".output.weight") || ends_with(name, ".down.weight");
    if (ends_with(name, ".bias") || ends_with(name, ".value_gate.weight") ||
        (into_residual && config.zero_init_outputs)) {
      parameter.value().zero_();
    } else if (ends_with(name, ".residual_scale")) {
      parameter.value().copy_(at::tensor({1.0, 0.1}));  // as nanochat
    } else if (parameter.value().dim() == 1) {
      parameter.value().fill_(1);
    } else {
      fill_normal(parameter.value(),
                  config.initializer_range * (into_residual ? residual_scale : 1), seed,
                  random_stream(name));
    }
  }
}

}  // namespace slovo
