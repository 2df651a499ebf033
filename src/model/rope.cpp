#include "model/rope.h"

#include <ATen/Functions.h>

namespace slovo {

RotaryTables rotary_tables(int64_t positions, int64_t head_dim, double theta, at::Device device) {
  const auto fp32 = at::TensorOptions(at::kFloat);
  const at::Tensor exponents = at::arange(0, head_dim, 2, fp32) / static_cast<double>(head_dim);
  const at::Tensor frequencies = at::reciprocal(at::pow(theta, exponents));
  const at::Tensor angles = at::outer(at::arange(positions, fp32), frequencies);
  return {angles.cos().to(device), angles.sin().to(device)};
}

}  // namespace slovo
