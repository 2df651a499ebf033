// Softmax and cross-entropy over rows of logits, loss and gradient in two passes.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

/// 1 - p is taken for no less than this where a row is to be unlearned.
constexpr float kLeastRest = 1e-5f;

/// T: float or Bf16. What ops::LossOptions says.
template <class T>
struct CrossEntropy {
  int64_t rows, vocabulary;
  T* logits;               ///< [rows, vocabulary]; becomes the gradient where `gradient` is set
  const int64_t* targets;  ///< [rows]
  const float* weights;    ///< [rows]: factors of loss and gradient
  float* losses;           ///< [rows]
  bool gradient;
  float softcap, z_loss, label_smoothing;
  bool dft, unlikelihood;
};
void cross_entropy(const CrossEntropy<float>& c);
void cross_entropy(const CrossEntropy<Bf16>& c);

}  // namespace slovo::kernels
