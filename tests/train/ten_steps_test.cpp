// Ten steps against PyTorch and transformers (scripts/make_fixtures_train.py).
#include "optim/schedule.h"
#include "tiny_run.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = testing::fixture("train");

/// Tensors of the module's names as files of Hugging Face's names.
SafetensorsFile as_folder(const fs::path& folder, const FolderConfig& config,
                          const NamedTensors& tensors) {
  make_folder(folder);
  write_model(folder, config.json, config.model, tensors, at::kFloat);
  return SafetensorsFile(folder / "model.safetensors");
}

void expect_near(const SafetensorsFile& found, const SafetensorsFile& wanted,
                 const std::string& prefix, double tolerance) {
  for (const std::string& name : found.names()) {
    const at::Tensor reference = wanted.view(prefix + name);
    const double error =
        ((found.view(name) - reference).abs().max() / reference.abs().max()).item<double>();
    EXPECT_LT(error, tolerance) << prefix << name;
  }
}

Batch fixture_batch(const SafetensorsFile& file, int64_t step) {
  const at::Tensor tokens = file.view("ids")[step];
  Batch out;
  const int64_t length = tokens.size(1) - 1;
  out.ids_BT = tokens.narrow(1, 0, length).contiguous();
  out.targets_BT = tokens.narrow(1, 1, length).contiguous();
  out.weights_BT = file.view("weights")[step].clone();
  out.positions_BT = at::arange(length).expand_as(out.ids_BT).contiguous();
  out.segments = Segments::rows(out.rows(), length);
  return out;
}

TEST(TenSteps, LossesGradientsAndWeightsEqualPyTorch) {
  const SafetensorsFile file(kFixtures / "ten_steps.safetensors");
  const FolderConfig config = read_folder_config(kFixtures / "llama");
  Transformer model(config.model, at::TensorOptions(at::kFloat));
  FlatParameters parameters(*model, at::kFloat);
  read_weights(kFixtures / "llama", config, parameters.masters());
  TrainConfig train;
  train.steps = 10;
  train.warmup_steps = 3;
  train.lr = 1e-2;
  const auto optimizer = make_optimizer(parameters, train, config.model);
  CausalData data;
  data.train = [&](int64_t step) { return fixture_batch(file, step); };
  train.micro_batch_size = 3;
  CausalObjective objective(model, std::move(data), train);
  const testing::TempFolder folder;
  for (int64_t step = 0; step < train.steps; ++step) {
    const StepWork work = objective.prepare(step);
    double loss = 0;
    for (const Batch& part : work.micro_batches) {
      const at::Tensor scaled = objective.loss(part, 1 / work.weight);
      scaled.backward();
      loss += scaled.item<double>();
    }
    if (step == 0) {
      expect_near(as_folder(folder / "grad", config, parameters.views_of(parameters.grad(), "")),
                  file, "grad.", 2e-5);
    }
    EXPECT_NEAR(loss, file.view("losses")[step].item<double>(), 2e-5) << "step " << step;
    const at::Tensor norm = optimizer->grad_norm();
    EXPECT_NEAR(norm.item<double>(), file.view("grad_norms")[step].item<double>(), 1e-4)
        << "step " << step;
    optimizer->update(step + 1, learning_rate(train, step), optimizer->clip(norm));
  }
  expect_near(as_folder(folder / "final", config, parameters.masters()), file, "final.", 1e-3);
}

}  // namespace
}  // namespace slovo
