#include "optim/optimizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "optim/adamw.h"
#include "optim/momentum.h"
#include "optim/muon.h"

namespace slovo {
namespace {

double own_scale(const TrainConfig& config, ParameterRole role) {
  switch (role) {
    case ParameterRole::embedding:
      return config.embedding_lr_scale;
    case ParameterRole::head:
      return config.head_lr_scale;
    case ParameterRole::vector:
      return config.vector_lr_scale;
    case ParameterRole::matrix:
      break;
  }
  return 1;
}

double width_scale(const TrainConfig& config, ParameterRole role, int64_t width) {
  const bool read_by_width = role == ParameterRole::matrix || role == ParameterRole::head;
  if (!config.base_width || !read_by_width) return 1;
  const double ratio = static_cast<double>(*config.base_width) / static_cast<double>(width);
  const bool orthogonal = config.optimizer == OptimizerKind::muon && role == ParameterRole::matrix;
  if (!orthogonal) return ratio;
  return config.muon_scale == MuonScale::rms ? std::sqrt(ratio) : 1;
}

}  // namespace

at::Tensor Optimizer::grad_norm() const { return ops::squared_norm(parameters_.grad()).sqrt_(); }

double Optimizer::clip(const at::Tensor& norm) const {
  if (config_.grad_clip == 0) return 1;
  if (norm.is_cpu()) return std::min(1.0, config_.grad_clip / (norm.item<double>() + 1e-6));
  parameters_.grad().mul_(norm.add(1e-6).reciprocal_().mul_(config_.grad_clip).clamp_max_(1));
  return 1;
}

at::Tensor Optimizer::new_moment(int64_t size) const {
  const auto dtype = config_.moment_dtype == MomentDType::bf16 ? at::kBFloat16 : at::kFloat;
  return at::zeros({size}, parameters_.grad().options().dtype(dtype));
}

std::unique_ptr<Optimizer> make_optimizer(FlatParameters& parameters, const TrainConfig& config,
                                          const ModelConfig& model) {
  switch (config.optimizer) {
    case OptimizerKind::adamw:
      return std::make_unique<AdamW>(parameters, config, model.hidden_size, parameters.groups());
    case OptimizerKind::muon:
      return std::make_unique<Muon>(parameters, config, model);
    case OptimizerKind::lion:
      return std::make_unique<Lion>(parameters, config, model.hidden_size);
    case OptimizerKind::sgd:
      return std::make_unique<Sgd>(parameters, config, model.hidden_size);
  }
  SLOVO_CHECK(false, "an optimizer without a rule");
}

double rate_scale(const TrainConfig& config, ParameterRole role, int64_t width) {
  return own_scale(config, role) * width_scale(config, role, width);
}

int64_t optimizer_bytes(const TrainConfig& config, int64_t matrices, int64_t others) {
  const int64_t moment = config.moment_dtype == MomentDType::bf16 ? 2 : 4;
  const int64_t mean = config.ema_decay > 0 ? 4 * (matrices + others) : 0;
  switch (config.optimizer) {
    case OptimizerKind::adamw:
      return mean + 2 * moment * (matrices + others);
    case OptimizerKind::muon:
      return mean + moment * (matrices + 2 * others);
    case OptimizerKind::lion:
    case OptimizerKind::sgd:
      break;
  }
  return mean + moment * (matrices + others);
}

}  // namespace slovo
