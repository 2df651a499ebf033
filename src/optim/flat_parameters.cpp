#include "optim/flat_parameters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "core/error.h"

namespace slovo {
namespace {

/// 64 bytes of bf16, 128 of fp32: every slot starts a cache line in each buffer.
constexpr int64_t kAlignment = 32;

int64_t aligned(int64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

at::Tensor view_at(const at::Tensor& flat, int64_t offset, const at::Tensor& like) {
  return flat.narrow(0, offset, like.numel()).view(like.sizes());
}

/// By the names that src/model gives.
ParameterRole role_of(const std::string& name, const at::Tensor& parameter) {
  if (parameter.dim() < 2) return ParameterRole::vector;
  if (name == "head.weight") return ParameterRole::head;
  const bool table = name.find("embedding") != std::string::npos || name == "positions.weight";
  return table ? ParameterRole::embedding : ParameterRole::matrix;
}

}  // namespace

FlatParameters::FlatParameters(torch::nn::Module& module, at::ScalarType compute_dtype) {
  at::NoGradGuard no_grad;
  lay_out(module, compute_dtype);
  for (const Slot& slot : slots_) bind(slot);
  const auto named = module.named_parameters();
  for (const auto& item : named) {
    const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                   [&](const Slot& s) { return s.name == item.key(); });
    masters_.emplace_back(item.key(), slot == slots_.end()
                                          ? item.value().detach()
                                          : view_at(master_, slot->offset, slot->parameter));
  }
}

void FlatParameters::lay_out(torch::nn::Module& module, at::ScalarType compute_dtype) {
  const auto named = module.named_parameters();
  constexpr ParameterRole kRoles[] = {ParameterRole::matrix, ParameterRole::embedding,
                                      ParameterRole::head, ParameterRole::vector};
  std::set<const void*> seen;
  int64_t end = 0;
  std::vector<int64_t> ends;
  for (const ParameterRole role : kRoles) {
    for (const auto& item : named) {
      at::Tensor parameter = item.value();
      if (!parameter.requires_grad() || role_of(item.key(), parameter) != role) continue;
      SLOVO_CHECK(seen.insert(parameter.unsafeGetTensorImpl()).second, item.key(),
                  " is registered twice");
      slots_.push_back({item.key(), parameter, role, end});
      end += aligned(parameter.numel());
    }
    ends.push_back(end);
  }
  for (const auto& item : named) {
    at::Tensor parameter = item.value();
    if (!parameter.requires_grad()) parameter.set_data(parameter.to(compute_dtype));
  }
  const auto device = named.is_empty() ? at::Device(at::kCPU) : named.front().value().device();
  const auto options = at::TensorOptions().device(device).dtype(at::kFloat);
  master_ = at::zeros({end}, options);
  grad_ = at::zeros({end}, options);
  if (compute_dtype != at::kFloat) compute_ = at::zeros({end}, options.dtype(compute_dtype));
  int64_t begin = 0;
  for (size_t i = 0; i < ends.size(); begin = ends[i++]) {
    const int64_t size = ends[i] - begin;
    if (size == 0) continue;
    const auto range = [&](const at::Tensor& flat) {
      return flat.defined() ? flat.narrow(0, begin, size) : flat;
    };
    groups_.push_back({kRoles[i], {range(master_), range(grad_), range(compute_), begin}});
  }
}

void FlatParameters::bind(const Slot& slot) {
  at::Tensor parameter = slot.parameter;
  const at::Tensor master = view_at(master_, slot.offset, parameter);
  master.copy_(parameter);
  const at::Tensor compute =
      compute_.defined() ? view_at(compute_, slot.offset, parameter) : master;
  compute.copy_(master);
  parameter.set_data(compute);
  parameter.mutable_grad() = view_at(grad_, slot.offset, parameter);
}

NamedTensors FlatParameters::views_of(const at::Tensor& flat, const std::string& prefix,
                                      int64_t first) const {
  const int64_t end = first + flat.numel();
  SLOVO_CHECK(first >= 0 && end <= numel(), "a flat buffer of ", flat.numel(), " elements");
  NamedTensors out;
  for (const Slot& slot : slots_) {
    if (slot.offset < first || slot.offset >= end) continue;
    out.emplace_back(prefix + slot.name, view_at(flat, slot.offset - first, slot.parameter));
  }
  return out;
}

void FlatParameters::master_changed() {
  at::NoGradGuard no_grad;
  if (compute_.defined()) compute_.copy_(master_);
}

}  // namespace slovo
