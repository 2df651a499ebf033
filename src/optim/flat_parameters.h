// The parameters of a module in flat buffers: one fp32 master, one fp32 gradient and, when training
// in bf16, one bf16 copy that the module computes with. One optimizer call, one norm, one
// all-reduce then serve all of them. Matrices, which decay, come first; vectors follow. Knows no
// update rule.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "io/safetensors.h"

namespace slovo {

/// A flat range of parameters that the optimizer treats alike.
struct ParameterGroup {
  bool decay = false;  ///< weight decay: matrices and embeddings only
  at::Tensor master;   ///< [n] fp32
  at::Tensor grad;     ///< [n] fp32
  at::Tensor compute;  ///< [n] bf16, undefined when the module computes with the master itself
  int64_t offset = 0;  ///< of the group in the whole buffer
};

class FlatParameters {
 public:
  /// Takes the parameters of `module` over: those that require a gradient move into the buffers,
  /// and the module's own become views of the compute buffer, with gradients that are views of the
  /// gradient buffer. Frozen ones are only converted to `compute_dtype` (fp32 or bf16). A tensor
  /// registered under two names would be trained twice and is refused (internal error).
  FlatParameters(torch::nn::Module& module, at::ScalarType compute_dtype);

  const std::vector<ParameterGroup>& groups() const { return groups_; }
  /// The gradients of everything, [numel], gaps for alignment included (they are always zero).
  const at::Tensor& grad() const { return grad_; }
  int64_t numel() const { return grad_.numel(); }

  /// All parameters in fp32, by the module's names: views of the master, frozen ones as they are.
  const NamedTensors& masters() const { return masters_; }
  /// Views of `flat` [numel], shaped and named as the trained parameters: `prefix` + name.
  NamedTensors views_of(const at::Tensor& flat, const std::string& prefix) const;
  /// Writes the master into the compute buffer: after the master was filled from a file.
  void master_changed();

 private:
  struct Slot {
    std::string name;
    at::Tensor parameter;
    int64_t offset;
  };
  void lay_out(torch::nn::Module& module, at::ScalarType compute_dtype);
  void bind(const Slot& slot);

  std::vector<Slot> slots_;
  std::vector<ParameterGroup> groups_;
  at::Tensor master_, grad_, compute_;
  NamedTensors masters_;
};

}  // namespace slovo
