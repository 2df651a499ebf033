// The parameters of a module in flat buffers: one fp32 master, one fp32 gradient and, when training
// in bf16, one bf16 copy that the module computes with. One optimizer call, one norm, one
// all-reduce then serve all of them. Parameters of one role lie together: the matrices inside the
// blocks first, then embeddings, head and vectors. Knows no update rule.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "io/safetensors.h"
#include "ops/update.h"

namespace slovo {

/// What a parameter is for, which decides how it is updated.
enum class ParameterRole {
  matrix,     ///< inside the blocks
  embedding,  ///< of tokens (also where the head reads it) or positions
  head,       ///< a head of its own
  vector,     ///< norms and biases: no weight decay
};

/// A flat range of parameters that the optimizer treats alike.
struct ParameterGroup {
  ParameterRole role = ParameterRole::matrix;
  ops::UpdateBuffers buffers;  ///< [n] each

  bool decays() const { return role != ParameterRole::vector; }
  int64_t size() const { return buffers.master.numel(); }
};

class FlatParameters {
 public:
  /// Takes the parameters of `module` over: those that require a gradient move into the buffers,
  /// and the module's own become views of the compute buffer, with gradients that are views of the
  /// gradient buffer. Frozen ones are only converted to `compute_dtype` (fp32 or bf16). A tensor
  /// registered under two names would be trained twice and is refused (internal error).
  FlatParameters(torch::nn::Module& module, at::ScalarType compute_dtype);

  /// A trained parameter and where it lies in the buffers.
  struct Slot {
    std::string name;
    at::Tensor parameter;
    ParameterRole role;
    int64_t offset;
  };

  /// Those that hold something, in the order in which they lie.
  const std::vector<ParameterGroup>& groups() const { return groups_; }
  const std::vector<Slot>& slots() const { return slots_; }
  /// The gradients of everything, [numel], gaps for alignment included (they are always zero).
  const at::Tensor& grad() const { return grad_; }
  int64_t numel() const { return grad_.numel(); }

  /// All parameters in fp32, by the module's names: views of the master, frozen ones as they are.
  const NamedTensors& masters() const { return masters_; }
  /// The fp32 master of everything, gaps included.
  const at::Tensor& master() const { return master_; }
  /// Views of `flat`, shaped and named as the trained parameters: `prefix` + name. `flat` stands
  /// for the places from `first` on.
  NamedTensors views_of(const at::Tensor& flat, const std::string& prefix, int64_t first = 0) const;
  /// Writes the master into the compute buffer: after the master was filled from a file.
  void master_changed();

 private:
  void lay_out(torch::nn::Module& module, at::ScalarType compute_dtype);
  void bind(const Slot& slot);

  std::vector<Slot> slots_;
  std::vector<ParameterGroup> groups_;
  at::Tensor master_, grad_, compute_;
  NamedTensors masters_;
};

}  // namespace slovo
