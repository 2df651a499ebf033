// Rotary position embedding (arXiv:2104.09864), the halves layout of Hugging Face's Llama.
#pragma once

#include <ATen/core/Tensor.h>

namespace slovo {

/// cos and sin of position x frequency, [positions, d/2] fp32; undefined where the model does not
/// rotate. Plain tensors, neither parameters nor buffers: never saved, never converted to another
/// dtype.
struct RotaryTables {
  at::Tensor cos, sin;
};
/// Frequencies theta^(-2i/d), rounded to fp32 step by step as transformers does, so that long
/// contexts agree too.
RotaryTables rotary_tables(int64_t positions, int64_t head_dim, double theta, at::Device device);

}  // namespace slovo
