#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "core/parallel.h"
#include "model/precision.h"
#include "model_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
TEST(Precision, ResolvesDevices) {
  RuntimeConfig run;
  run.device = "cpu";
  EXPECT_TRUE(resolve_device(run).is_cpu());
  run.device = "tpu";
  EXPECT_EQ(error_of([&] { resolve_device(run); }, ErrorCode::config),
            "--device tpu is not known; use auto, cpu, cuda or cuda:N");
  if (at::hasCUDA()) GTEST_SKIP() << "the rest is about machines without a GPU";
  run.device = "auto";
  EXPECT_TRUE(resolve_device(run).is_cpu());
  run.device = "cuda:1";
  EXPECT_TRUE(contains(error_of([&] { resolve_device(run); }, ErrorCode::config),
                       "--device cuda:1: no CUDA device was found"));
}

TEST(Precision, ChoosesDtypes) {
  RuntimeConfig run;
  const at::Device cpu = at::kCPU;
  const at::ScalarType automatic = training_dtype(run, cpu);
  EXPECT_TRUE(automatic == at::kFloat || automatic == at::kBFloat16);
#if defined(__x86_64__)
  EXPECT_TRUE(automatic == at::kFloat || __builtin_cpu_supports("avx512f"));
#endif
  EXPECT_EQ(inference_dtype(run, at::kBFloat16), at::kBFloat16);
  EXPECT_EQ(inference_dtype(run, at::kFloat), at::kFloat);
  EXPECT_EQ(inference_dtype(run, at::kHalf), at::kFloat);
  run.dtype = DType::bf16;
  EXPECT_EQ(training_dtype(run, cpu), at::kBFloat16);
  EXPECT_EQ(inference_dtype(run, at::kFloat), at::kBFloat16);
  run.dtype = DType::fp32;
  EXPECT_EQ(training_dtype(run, cpu), at::kFloat);
  EXPECT_EQ(inference_dtype(run, at::kBFloat16), at::kFloat);
  EXPECT_EQ(dtype_name(at::kFloat), "fp32");
  EXPECT_EQ(dtype_name(at::kBFloat16), "bf16");
}

TEST(Precision, SetsThreads) {
  RuntimeConfig run;
  run.threads = 1;
  EXPECT_EQ(set_up_computing(run), 1);
  EXPECT_EQ(at::get_num_threads(), 1);
  run.threads = 0;
  EXPECT_EQ(set_up_computing(run), available_cores());
  EXPECT_EQ(at::get_num_threads(), available_cores());
}

}  // namespace
}  // namespace slovo
