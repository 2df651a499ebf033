// Learning from another model's distribution over the vocabulary (arXiv:1503.02531,
// arXiv:2306.08543).
#pragma once

#include <ATen/core/Tensor.h>

namespace slovo::ops {

enum class Divergence {
  forward_kl,  ///< KL(teacher | student): the student covers what the teacher says
  reverse_kl,  ///< KL(student | teacher): the student says nothing that the teacher does not
};

/// Where logits come from: hidden [N,C] with the head [V,C] they go through, soft-capped as
/// LossOptions::softcap says.
struct HeadInput {
  at::Tensor hidden, head;
  double softcap = 0;
};

struct DistillOptions {
  Divergence divergence = Divergence::forward_kl;
  double temperature = 1;  ///< divides both logits; the divergence is multiplied by its square
  int64_t top_k = 0;       ///< compare on the teacher's k likeliest words alone, both made to sum to 1
};

/// Sum over rows of weights[n] * temperature^2 * divergence, times `scale`; rows of weight 0 are
/// skipped whole. A scalar in fp32, differentiable with respect to the student's hidden states; the
/// head's gradient is added to its .grad(), as in linear_cross_entropy. [N,V] never exists.
at::Tensor linear_distillation(const HeadInput& student, const HeadInput& teacher,
                               const at::Tensor& weights, double scale,
                               const DistillOptions& options);

}  // namespace slovo::ops
