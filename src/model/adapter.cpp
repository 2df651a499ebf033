#include "model/adapter.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/rng.h"
#include "ops/ops.h"

namespace slovo {
namespace {

double scale_of(const LoraConfig& config) {
  const auto rank = static_cast<double>(config.rank);
  return config.alpha / (config.rslora ? std::sqrt(rank) : rank);
}

}  // namespace

AdapterImpl::AdapterImpl(const AdapterPlace& place, int64_t inputs, const LoraConfig& config,
                         std::shared_ptr<const TrainingPass> pass, at::TensorOptions options)
    : place_(place), scale_(scale_of(config)), dropout_(config.dropout), pass_(std::move(pass)) {
  options = options.requires_grad(false);  // registering a parameter turns it on
  lora_A = register_parameter("lora_A", at::empty({config.rank, inputs}, options));
  lora_B = register_parameter("lora_B", at::empty({place.rows, config.rank}, options));
  if (config.dora) magnitude = register_parameter("magnitude", at::empty({place.rows}, options));
}

void AdapterImpl::init(uint64_t seed) {
  const at::NoGradGuard no_grad;
  seed_ = seed;
  const uint64_t stream = random_stream(place_.full_name() + ".lora_A");
  const double bound = 1 / std::sqrt(static_cast<double>(lora_A.size(1)));
  at::Tensor values = at::empty(lora_A.sizes(), at::kFloat);
  auto* const out = values.mutable_data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    const double unit = random_unit(seed, stream, static_cast<uint64_t>(i));
    out[i] = static_cast<float>(bound * (2 * unit - 1));
  }
  lora_A.copy_(values);
  lora_B.zero_();
}

at::Tensor AdapterImpl::dropped(const at::Tensor& x) const {
  if (dropout_ == 0 || !pass_->on) return x;
  const uint64_t drawing = random_bits(seed_, random_stream("adapter dropout"), pass_->number);
  return ops::dropout(x, dropout_, drawing, random_stream(place_.full_name()));
}

at::Tensor AdapterImpl::low_rank(const at::Tensor& x) const {
  return ops::linear(ops::linear(x, lora_A) * scale_, lora_B);
}

at::Tensor AdapterImpl::changed(const at::Tensor& weight, int64_t begin) const {
  const at::NoGradGuard no_grad;
  const at::Tensor rows = lora_B.narrow(0, begin, weight.size(0));
  return at::addmm(weight.to(at::kFloat), rows.to(at::kFloat), lora_A.to(at::kFloat), 1, scale_);
}

void AdapterImpl::train(bool on) {
  norms = at::Tensor();
  Module::train(on);
}

}  // namespace slovo
