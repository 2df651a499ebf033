// What a GPU computes is what a CPU computes: attention, a model with its gradients, the update
// rules, and whole runs with their checkpoints. Skipped where there is no GPU.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/precision.h"
#include "ops_support.h"
#include "optim/optimizer.h"
#include "train/tiny_run.h"

namespace slovo {
namespace {

using namespace slovo::testing;

class Cuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (cuda_devices() == 0) GTEST_SKIP() << "no CUDA device: nothing was tested";
    set_up_computing({});
    at::manual_seed(1);
  }
};

const at::Device kGpu(at::kCUDA, 0);

/// The leaves on a device, and autograd's gradients of them under a fixed probe.
Result attention_on(at::Device device, at::ScalarType type, const Tensors& inputs,
                    const Segments& segments, int64_t window) {
  const Op op = [&](const Tensors& x, const Tensors&) {
    return ops::causal_attention(x[0], x[1], x[2], segments, window);
  };
  Tensors moved;
  for (const Tensor& input : inputs) moved.push_back(input.to(device));
  Result out = run(op, moved, {}, type);
  out.output = out.output.cpu();
  for (Tensor& gradient : out.gradients) gradient = gradient.cpu();
  return out;
}

TEST_F(Cuda, AttentionInRowsDocumentsAndWindows) {
  const Tensors inputs = {at::randn({2, 150, 4, 64}), at::randn({2, 150, 2, 64}),
                          at::randn({2, 150, 2, 64})};
  const Segments documents{2, 150, {0, 1, 18, 150, 233, 299, 300}};
  for (const Segments& segments : {Segments::rows(2, 150), documents}) {
    for (const int64_t window : {0, 2, 40, 500}) {
      const Result cpu = attention_on(at::kCPU, at::kFloat, inputs, segments, window);
      const std::string what = cat("window ", window, ", ", segments.offsets.size(), " offsets");
      expect_close(attention_on(kGpu, at::kFloat, inputs, segments, window), cpu, 1e-3, what);
      expect_close(attention_on(kGpu, at::kBFloat16, inputs, segments, window), cpu, 3e-2, what);
    }
  }
}

ModelConfig modern_model() {
  ModelConfig out = tiny_model();
  out.qk_norm = out.value_embeddings = out.residual_scalars = true;
  out.final_logit_softcapping = 15;
  out.sliding_window = 6;
  return out;
}

/// The flat gradient and the loss of one batch, where a third of the rows is skipped.
struct Step {
  double loss;
  at::Tensor gradient;
};
Step step_on(const ModelConfig& shape, at::Device device, at::ScalarType type) {
  Transformer model(shape, at::TensorOptions(at::kFloat).device(device));
  init_weights(model, 3);
  FlatParameters parameters(*model, type);
  CausalObjective objective(model, {}, tiny_train());
  const at::Tensor loss = objective.loss(counting_batch(8, 16, 5, 0), 0.01);
  loss.backward();
  return {loss.item<double>(), parameters.grad().cpu()};
}

TEST_F(Cuda, LossAndGradientsOfAModel) {
  for (const ModelConfig& shape : {tiny_model(), modern_model()}) {
    const Step cpu = step_on(shape, at::kCPU, at::kFloat);
    const Step exact = step_on(shape, kGpu, at::kFloat);
    EXPECT_NEAR(exact.loss, cpu.loss, 1e-4);
    EXPECT_LT(relative_error(exact.gradient, cpu.gradient), 1e-3);
    const Step rounded = step_on(shape, kGpu, at::kBFloat16);
    EXPECT_NEAR(rounded.loss, cpu.loss, 2e-2);
    EXPECT_LT(relative_error(rounded.gradient, cpu.gradient), 5e-2);
  }
}

/// The masters behind three updates from equal gradients.
at::Tensor updated_on(at::Device device, const TrainConfig& train) {
  const ModelConfig shape = tiny_model();
  Transformer model(shape, at::TensorOptions(at::kFloat).device(device));
  init_weights(model, 3);
  FlatParameters parameters(*model, at::kFloat);
  const auto optimizer = make_optimizer(parameters, train, shape);
  for (int64_t step = 1; step <= 3; ++step) {
    const at::Tensor place = at::arange(parameters.numel(), at::kFloat);
    parameters.grad().copy_(at::sin(place * (0.1 * static_cast<double>(step))));
    optimizer->update(step, 1e-2, optimizer->clip(optimizer->grad_norm()));
    EXPECT_TRUE(parameters.grad().eq(0).all().item<bool>());
  }
  return parameters.master().cpu();
}

TEST_F(Cuda, EveryUpdateRule) {
  for (const OptimizerKind kind :
       {OptimizerKind::adamw, OptimizerKind::muon, OptimizerKind::lion, OptimizerKind::sgd}) {
    for (const MomentDType moments : {MomentDType::fp32, MomentDType::bf16}) {
      TrainConfig train;
      train.optimizer = kind;
      train.moment_dtype = moments;
      train.muon_variance = kind == OptimizerKind::muon;
      EXPECT_LT(relative_error(updated_on(kGpu, train), updated_on(at::kCPU, train)), 2e-3)
          << to_name(kind) << " " << to_name(moments);
    }
  }
}

/// Every step's loss of one run within `bound` of the other's.
void expect_losses(const TinyRun& actual, const TinyRun& expected, double bound) {
  const std::vector<double> found = actual.losses();
  const std::vector<double> wanted = expected.losses();
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(found[i], wanted[i], bound) << "step " << i + 1;
}

TEST_F(Cuda, ARunLearnsAsOnACpuAndResumes) {
  const TempFolder folder;
  TinyRun cpu;
  cpu.train.checkpoint_every = 4;
  cpu.train.micro_batch_size = 4;
  cpu.train.activation_checkpointing = true;
  cpu.train.ema_decay = 0.5;
  TinyRun gpu = cpu;
  gpu.device = kGpu;
  cpu.out = folder / "cpu";
  gpu.out = folder / "gpu";
  gpu.run_killed_at(6);
  cpu.run();
  expect_losses(gpu, cpu, 1e-2);
}

/// What is replayed is what would be computed: with accumulation, and with batches between that
/// cannot be replayed, since two of their rows are cut into documents.
TEST_F(Cuda, ARecordedPassIsTheSame) {
  const TempFolder folder;
  TinyRun plain;
  plain.device = kGpu;
  plain.out = folder / "plain";
  plain.train.micro_batch_size = 4;
  plain.batches = [](int64_t step) {
    Batch batch = counting_batch(8, 16, 5, static_cast<uint64_t>(step));
    if (step % 4 == 2) batch.segments.offsets = {0, 7, 16, 32, 48, 64, 71, 80, 96, 112, 128};
    return batch;
  };
  TinyRun recorded = plain;
  recorded.out = folder / "recorded";
  recorded.train.cuda_graph = true;
  plain.run();
  recorded.run();
  expect_losses(recorded, plain, 1e-5);
  EXPECT_NEAR(recorded.valid_losses().back(), plain.valid_losses().back(), 1e-5);
}

/// The loss is read late, but not later than something is made of the weights.
TEST_F(Cuda, ALossThatIsNoNumberStopsTheRunBeforeACheckpoint) {
  const TempFolder folder;
  TinyRun run;
  run.device = kGpu;
  run.out = folder / "run";
  run.train.log_every = 100;
  run.train.checkpoint_every = 8;
  run.batches = [](int64_t step) {
    Batch batch = counting_batch(8, 16, 5, static_cast<uint64_t>(step));
    if (step == 4) batch.weights_BT.fill_(std::nan(""));
    return batch;
  };
  const std::string text = error_of([&] { run.run(); }, ErrorCode::io);
  EXPECT_TRUE(contains(text, "step 5: the loss is")) << text;
  EXPECT_TRUE(contains(text, "there is no checkpoint yet")) << text;
}

}  // namespace
}  // namespace slovo
