// An update rule on flat parameters: what the training loop calls, and which rule a config asks
// for.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "config/config.h"
#include "optim/flat_parameters.h"

namespace slovo {

class Optimizer {
 public:
  /// Both must outlive it.
  Optimizer(FlatParameters& parameters, const TrainConfig& config)
      : parameters_(parameters), config_(config) {}
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// The norm of all gradients together, a scalar on their device; on a CPU its bits do not depend
  /// on the number of threads.
  at::Tensor grad_norm() const;
  /// What gradients of this norm are to be multiplied by so that they do not exceed
  /// train.grad_clip, as torch's clip_grad_norm_. On a GPU they are multiplied here and now, and
  /// the result is 1: to learn the norm, the processor would have to wait for it.
  double clip(const at::Tensor& norm) const;
  /// Update number `step`, counted from 1, with rate `lr`, from the gradients times `scale`, which
  /// are zero afterwards.
  virtual void update(int64_t step, double lr, double scale) = 0;
  /// The moments by parameter name ("exp_avg.NAME"): views to save or to fill.
  virtual NamedTensors state() const = 0;

 protected:
  /// Zeros in train.moment_dtype.
  at::Tensor new_moment(int64_t size) const;

  FlatParameters& parameters_;
  const TrainConfig& config_;
};

/// The rule of train.optimizer for the parameters of a model of this shape.
std::unique_ptr<Optimizer> make_optimizer(FlatParameters& parameters, const TrainConfig& config,
                                          const ModelConfig& model);

/// The rate of a role as a multiple of the run's rate, in a model `width` wide: the role's own
/// multiple, and where train.base_width is set what keeps a rate right over width. The update of a
/// matrix should change what it puts out by as much in any width (arXiv:2203.03466,
/// arXiv:2310.17813): adamw's and lion's by base_width / width, also the head's; muon's by the root
/// of that with muon_scale=rms, not at all with spectral, which follows the shape already.
double rate_scale(const TrainConfig& config, ParameterRole role, int64_t width);

/// What the optimizer keeps for `matrices` elements of matrices inside the blocks and `others`
/// beside, the mean of the weights included.
int64_t optimizer_bytes(const TrainConfig& config, int64_t matrices, int64_t others);

}  // namespace slovo
