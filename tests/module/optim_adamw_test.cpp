// Legend: the fixture holds ten steps of torch.optim.AdamW (scripts/make_fixtures_train.py).
#include <gtest/gtest.h>

#include "io/safetensors.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "testing.h"

namespace slovo {
namespace {

struct Parts : torch::nn::Module {
  explicit Parts(const SafetensorsFile& file)
      : matrix(register_parameter("matrix", file.view("start.matrix").clone())),
        vector(register_parameter("vector", file.view("start.vector").clone())) {}
  at::Tensor matrix, vector;
};

TrainConfig fixture_config() {
  TrainConfig out;
  out.steps = 10;
  out.warmup_steps = 3;
  out.lr = 1e-2;
  out.min_lr = 1e-3;
  out.beta2 = 0.95;
  out.weight_decay = 0.1;
  out.grad_clip = 1.0;
  return out;
}

double relative_error(const at::Tensor& found, const at::Tensor& wanted) {
  return ((found - wanted).abs().max() / wanted.abs().max()).item<double>();
}

class AdamWTest : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(AdamWTest, TenStepsEqualPyTorch) {
  const SafetensorsFile file(testing::fixture("train/adamw.safetensors"));
  Parts parts(file);
  FlatParameters flat(parts, GetParam());
  const TrainConfig config = fixture_config();
  const auto optimizer = make_optimizer(flat, config, ModelConfig());
  for (int64_t step = 0; step < config.steps; ++step) {
    const std::string prefix = cat("grad.", step, ".");
    parts.matrix.mutable_grad().copy_(file.view(prefix + "matrix"));
    parts.vector.mutable_grad().copy_(file.view(prefix + "vector"));
    optimizer->update(step + 1, learning_rate(config, step), optimizer->clip(optimizer->grad_norm()));
    EXPECT_TRUE(flat.grad().eq(0).all().item<bool>());
  }
  for (const auto& [name, master] : flat.masters()) {
    EXPECT_LT(relative_error(master, file.view("final." + name)), 1e-5) << name;
  }
  for (const auto& [name, moment] : optimizer->state()) {
    EXPECT_LT(relative_error(moment, file.view(name)), 1e-5) << name;
  }
  if (GetParam() == at::kBFloat16) {
    EXPECT_TRUE(parts.matrix.equal(flat.masters()[0].second.to(at::kBFloat16)))
        << "the copy follows the master";
  }
}
INSTANTIATE_TEST_SUITE_P(Dtypes, AdamWTest, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& test) {
                           return test.param == at::kFloat ? "fp32" : "bf16";
                         });

TEST(AdamW, StateIsNamedByParameter) {
  const SafetensorsFile file(testing::fixture("train/adamw.safetensors"));
  Parts parts(file);
  FlatParameters flat(parts, at::kFloat);
  const TrainConfig config;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : make_optimizer(flat, config, ModelConfig())->state())
    names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"exp_avg.matrix", "exp_avg.vector",
                                             "exp_avg_sq.matrix", "exp_avg_sq.vector"}));
}

}  // namespace
}  // namespace slovo
