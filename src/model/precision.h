// The one place that decides in which dtype and where to compute.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "config/config.h"

namespace slovo {

/// How many there are; 0 in a CPU build too.
int64_t cuda_devices();
/// The device of `run.device`; auto takes CUDA where there is one. Throws Error(config) when it is
/// not there.
at::Device resolve_device(const RuntimeConfig& run);
/// For training: auto is bf16 where the processor (or GPU) multiplies bf16 natively, else fp32.
at::ScalarType training_dtype(const RuntimeConfig& run, at::Device device);
/// For eval and generate: auto is the dtype that the folder stores; fp16 is computed in fp32.
at::ScalarType inference_dtype(const RuntimeConfig& run, at::ScalarType stored);
/// "fp32", "bf16": the name used in results.
std::string dtype_name(at::ScalarType type);
/// Sets the form of the operations and, once, before the first operation, the number of threads of
/// LibTorch; returns the latter.
int set_up_computing(const RuntimeConfig& run);

}  // namespace slovo
