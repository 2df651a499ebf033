#include "model/precision.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include "core/error.h"
#include "core/parallel.h"
#include "ops/ops.h"

namespace slovo {
namespace {

at::Device cuda_device(const std::string& name) {
  const int64_t count = cuda_devices();
  if (count == 0) {
    throw_config("--device ", name,
                 ": no CUDA device was found; use cpu or auto, or check the driver (nvidia-smi)");
  }
  const std::string digits = name.size() > 5 ? name.substr(5) : "0";
  const bool number =
      digits.size() <= 3 && digits.find_first_not_of("0123456789") == std::string::npos;
  const int64_t index = number ? std::stoll(digits) : count;
  if (index >= count) {
    throw_config("--device ", name, ": there ", count == 1 ? "is" : "are", " ", count,
                 " CUDA device", count == 1 ? "" : "s", "; use cuda:0",
                 count == 1 ? "" : cat(" to cuda:", count - 1));
  }
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

/// Whether products of bf16 matrices run on units made for them; elsewhere they are emulated,
/// slower than fp32.
bool cpu_multiplies_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0 || __builtin_cpu_supports("amx-bf16") != 0;
#else
  return false;
#endif
}

}  // namespace

int64_t cuda_devices() { return at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; }

at::Device resolve_device(const RuntimeConfig& run) {
  const std::string& name = run.device;
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return cuda_devices() > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  if (name == "cuda" || name.rfind("cuda:", 0) == 0) return cuda_device(name);
  throw_config("--device ", name, " is not known; use auto, cpu, cuda or cuda:N");
}

at::ScalarType training_dtype(const RuntimeConfig& run, at::Device device) {
  if (run.dtype == DType::fp32) return at::kFloat;
  if (run.dtype == DType::bf16) return at::kBFloat16;
  return device.is_cuda() || cpu_multiplies_bf16() ? at::kBFloat16 : at::kFloat;
}

at::ScalarType inference_dtype(const RuntimeConfig& run, at::ScalarType stored) {
  if (run.dtype == DType::fp32) return at::kFloat;
  if (run.dtype == DType::bf16) return at::kBFloat16;
  return stored == at::kBFloat16 ? at::kBFloat16 : at::kFloat;  // fp32 holds every fp16 value
}

std::string dtype_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "fp32";
    case at::kBFloat16:
      return "bf16";
    case at::kHalf:
      return "fp16";
    case at::kDouble:
      return "fp64";
    default:
      return c10::toString(type);
  }
}

int set_up_computing(const RuntimeConfig& run) {
  ops::set_implementation(run.ops == OpsForm::fast ? ops::Implementation::fast
                                                   : ops::Implementation::reference);
  const int threads = thread_count(run.threads);
  static const bool interop_set = [] {  // LibTorch allows it once, before its pool exists
    at::set_num_interop_threads(1);
    return true;
  }();
  static_cast<void>(interop_set);
  at::set_num_threads(threads);
  // With a mask its gradients can be NaN (pytorch#196678); flash is as fast.
  at::globalContext().setSDPUseCuDNN(false);
  return threads;
}

}  // namespace slovo
