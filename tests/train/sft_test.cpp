// Instruction tuning's arithmetic: neither packing nor accumulation changes what is learned.
#include <map>

#include "data/loader.h"
#include "data/packing.h"
#include "model/freeze.h"
#include "model/grow.h"
#include "tiny_run.h"
#include "train/distill.h"

namespace slovo {
namespace {

std::shared_ptr<const TokenExamples> made_up_examples() {
  auto out = std::make_shared<TokenExamples>();
  for (const int64_t length : {9, 4, 15, 3, 12, 7, 16, 5}) {
    TokenExample example;
    const auto number = static_cast<uint64_t>(out->size());
    for (int64_t i = 0; i < length; ++i) {
      example.ids.push_back(
          static_cast<TokenId>(random_bits(4, number, static_cast<uint64_t>(i)) % 17));
      // The first half is a question; one example is of half weight, one is to be unlearned.
      const float weight = number == 2 ? 0.5F : (number == 5 ? -0.25F : 1.0F);
      example.weights.push_back(i * 2 < length ? 0.0F : weight);
    }
    out->push_back(std::move(example));
  }
  return out;
}

struct Step {
  double loss = 0;
  at::Tensor grad;
};

/// Loss and gradient of a step that holds every example.
Step step_of(bool packing, int64_t micro_batch) {
  Transformer model(tiny_model(), at::TensorOptions(at::kFloat));
  init_weights(model, 3);
  FlatParameters parameters(*model, at::kFloat);
  RowSources sources;
  sources.push_back(std::make_unique<ExampleRows>(
      made_up_examples(), ExampleRowsOptions{.name = "x", .seq_len = 16, .packing = packing}));
  TrainConfig train = tiny_train();
  train.batch_size = sources[0]->rows();
  train.micro_batch_size = micro_batch;
  TrainLoader loader(std::move(sources), {train.batch_size, 16, 3});
  CausalData data;
  data.train = [&](int64_t step) { return loader.batch(step); };
  CausalObjective objective(model, data, train);
  const StepWork work = objective.prepare(0);
  Step out;
  for (const Batch& batch : work.micro_batches) {
    const at::Tensor loss = objective.loss(batch, 1 / work.weight);
    loss.backward();
    out.loss += loss.item<double>();
  }
  out.grad = parameters.grad().clone();
  return out;
}

TEST(Sft, EightRowsAreEightTimesOneAndThePackedRows) {
  const Step eight = step_of(false, 8);
  ASSERT_GT(eight.grad.abs().max().item<double>(), 1e-3);
  for (const Step& other :
       {step_of(false, 1), step_of(false, 3), step_of(true, 8), step_of(true, 1)}) {
    EXPECT_NEAR(eight.loss, other.loss, 1e-6 * std::abs(eight.loss));
    EXPECT_LT((eight.grad - other.grad).abs().max().item<double>(), 2e-6);
  }
}

TEST(Sft, NewTokensBeginAsTheMeanOfThoseThatAreKnown) {
  const at::NoGradGuard no_grad;
  for (const bool tied : {true, false}) {
    ModelConfig config = tiny_model();
    config.tie_word_embeddings = tied;
    Transformer model(config, at::TensorOptions(at::kFloat));
    init_weights(model, 3);
    const Transformer grown = with_vocabulary(model, 20, 15);
    EXPECT_EQ(20, grown->config().vocab_size);
    const at::Tensor ids = at::arange(12).view({1, 12});
    const at::Tensor before =
        Transformer(model)->logits(Transformer(model)->forward({ids, {}, {}}));
    const at::Tensor after = Transformer(grown)->logits(Transformer(grown)->forward({ids, {}, {}}));
    EXPECT_TRUE(at::equal(before.narrow(2, 0, 15), after.narrow(2, 0, 15)));
    const at::Tensor mean = before.narrow(2, 0, 15).mean(2, true);
    EXPECT_TRUE(at::allclose(mean.expand({1, 12, 5}), after.narrow(2, 15, 5), 1e-4, 1e-5));
  }
}

/// Gradients by name of a step on one batch.
std::map<std::string, at::Tensor> gradients(Transformer& model, Objective& objective) {
  FlatParameters parameters(*model, at::kFloat);
  const StepWork work = objective.prepare(0);
  for (const Batch& batch : work.micro_batches) objective.loss(batch, 1 / work.weight).backward();
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, gradient] : parameters.views_of(parameters.grad().clone(), "")) {
    out.emplace(name, gradient);
  }
  return out;
}

Transformer tiny_transformer(uint64_t seed = 3) {
  Transformer model(tiny_model(), at::TensorOptions(at::kFloat));
  init_weights(model, seed);
  return model;
}

CausalData counting_data() {
  CausalData data;
  data.train = [](int64_t step) { return counting_batch(4, 16, 5, static_cast<uint64_t>(step)); };
  data.valid_batches = 1;
  data.valid = [](int64_t) { return counting_batch(4, 16, 99, 0); };
  return data;
}

TEST(Sft, FrozenPartsHaveNoGradientAndTheOthersTheSame) {
  for (const bool recompute : {false, true}) {
    Transformer whole = tiny_transformer();
    CausalObjective objective(whole, counting_data(), tiny_train());
    const auto all = gradients(whole, objective);
    Transformer frozen = tiny_transformer();
    frozen->recompute_blocks(recompute);
    freeze(frozen, true, 1);
    CausalObjective frozen_objective(frozen, counting_data(), tiny_train());
    const auto some = gradients(frozen, frozen_objective);
    EXPECT_FALSE(some.contains("embedding.weight"));
    EXPECT_TRUE(some.contains("norm.weight"));
    for (const auto& [name, gradient] : all) {
      const bool stays = name == "embedding.weight" || name.starts_with("blocks.0.");
      ASSERT_NE(stays, some.contains(name)) << name;
      if (stays) continue;
      EXPECT_TRUE(at::equal(gradient, some.at(name))) << name;
    }
  }
  EXPECT_TRUE(testing::contains(testing::error_of([] { freeze(tiny_transformer(), false, 3); }),
                                "sft.freeze_layers is 3, but the model has 2 blocks"));
}

TEST(Sft, EmbeddingNoiseIsOfTheSizeOfThePaperAndOfThePass) {
  Segments segments;
  segments.batch = 1;
  segments.length = 600;
  segments.offsets = {0, 100, 600};
  const EmbeddingNoise noise{5, 7};
  const at::Tensor drawn = noise.draw(segments, 64, 1, at::kFloat);
  const auto check = [&](int64_t begin, int64_t count) {
    const double most = 5 / std::sqrt(static_cast<double>(count) * 64);
    const at::Tensor part = drawn.narrow(1, begin, count);
    EXPECT_LE(part.abs().max().item<double>(), most);
    EXPECT_NEAR(most / std::sqrt(3.0), part.std().item<double>(), 0.02 * most) << "uniform";
    EXPECT_NEAR(0, part.mean().item<double>(), 0.02 * most);
  };
  check(0, 100);
  check(100, 500);
  EXPECT_TRUE(at::equal(drawn, noise.draw(segments, 64, 1, at::kFloat)));
  EXPECT_FALSE(at::equal(drawn, noise.draw(segments, 64, 2, at::kFloat)));
}

TEST(Sft, EmbeddingNoiseIsOnWhileTrainingOnly) {
  Transformer plain = tiny_transformer(), noisy = tiny_transformer();
  noisy->set_embedding_noise({50, 7});
  CausalObjective a(plain, counting_data(), tiny_train()), b(noisy, counting_data(), tiny_train());
  EXPECT_EQ(*a.validate(), *b.validate());
  const auto with = gradients(noisy, b);
  EXPECT_FALSE(at::equal(gradients(plain, a).at("norm.weight"), with.at("norm.weight")));
  Transformer again = tiny_transformer();
  again->set_embedding_noise({50, 7});
  again->recompute_blocks(true);
  CausalObjective c(again, counting_data(), tiny_train());
  const auto repeated = gradients(again, c);
  for (const auto& [name, gradient] : with) {
    EXPECT_TRUE(at::allclose(gradient, repeated.at(name), 1e-5, 1e-7)) << name;
  }
}

TEST(Sft, ARunWithNoiseResumesToTheSameBytes) {
  const testing::TempFolder folder;
  TinyRun straight;
  straight.out = folder.path() / "straight";
  straight.noise = {50, 7};
  straight.train.micro_batch_size = 3;
  straight.train.checkpoint_every = 4;
  straight.train.activation_checkpointing = true;
  straight.run();
  TinyRun killed = straight;
  killed.out = folder.path() / "killed";
  killed.run_killed_at(6);
  EXPECT_EQ(straight.final_weights(), killed.final_weights());
  EXPECT_EQ(straight.losses(), killed.losses());
  TinyRun plain = straight;
  plain.out = folder.path() / "plain";
  plain.noise = {};
  plain.run();
  EXPECT_NE(plain.losses(), straight.losses());
}

TEST(Sft, AStepLeavesTheBitsOfFrozenWeights) {
  Transformer model = tiny_transformer();
  freeze(model, true, 1);
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, weight] : named_weights(model)) {
    before.emplace(name, weight.detach().clone());
  }
  FlatParameters parameters(*model, at::kFloat);
  CausalObjective objective(model, counting_data(), tiny_train());
  const auto optimizer = make_optimizer(parameters, tiny_train(), tiny_model());
  const StepWork work = objective.prepare(0);
  for (const Batch& batch : work.micro_batches) objective.loss(batch, 1 / work.weight).backward();
  optimizer->update(1, 1e-2, optimizer->clip(optimizer->grad_norm()));
  for (const auto& [name, weight] : named_weights(model)) {
    const bool stays = name == "embedding.weight" || name.starts_with("blocks.0.");
    EXPECT_EQ(stays, at::equal(before.at(name), weight)) << name;
  }
}

DistillObjective distilling(Transformer& model, const Transformer& teacher, double weight) {
  DistillConfig distill;
  distill.weight = weight;
  return {model, counting_data(), tiny_train(), SftConfig(), teacher, distill};
}

TEST(Sft, ATeacherThatIsTheModelTeachesNothing) {
  Transformer model = tiny_transformer();
  DistillObjective objective = distilling(model, tiny_transformer(), 1);
  for (const auto& [name, gradient] : gradients(model, objective)) {
    EXPECT_LT(gradient.abs().max().item<double>(), 1e-6) << name;
  }
  EXPECT_NEAR(0, objective.metrics().at(0).second, 1e-6);
}

TEST(Sft, TheLossIsSharedBetweenTextAndTeacher) {
  const auto mixed = [](double weight) {
    Transformer model = tiny_transformer();
    DistillObjective objective = distilling(model, tiny_transformer(11), weight);
    return gradients(model, objective).at("blocks.0.mlp.up.weight");
  };
  Transformer model = tiny_transformer();
  CausalObjective text(model, counting_data(), tiny_train());
  const at::Tensor of_text = gradients(model, text).at("blocks.0.mlp.up.weight");
  EXPECT_TRUE(at::allclose(0.75 * of_text + 0.25 * mixed(1), mixed(0.25), 1e-4, 1e-7));
}

/// A run that learns three rows by heart: its validation loss falls, then rises.
TinyRun over_fitting(const std::filesystem::path& out) {
  TinyRun tiny;
  tiny.out = out;
  tiny.train.steps = 60;
  tiny.train.batch_size = 3;
  tiny.train.eval_every = 3;
  tiny.train.checkpoint_every = 6;
  tiny.train.schedule = Schedule::constant;
  tiny.train.keep_best = true;
  tiny.batches = [](int64_t) { return counting_batch(3, 16, 5, 1); };
  return tiny;
}

TEST(Sft, TheBestModelIsKeptAndPatienceEnds) {
  const testing::TempFolder folder;
  TinyRun tiny = over_fitting(folder.path() / "run");
  tiny.train.patience = 3;
  ::testing::internal::CaptureStderr();
  const TrainOutcome outcome = tiny.run();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(outcome.early);
  EXPECT_FALSE(outcome.interrupted);
  const auto losses = tiny.valid_losses();
  const auto best = std::min_element(losses.begin(), losses.end());
  EXPECT_EQ(3, losses.end() - best - 1) << "three more after the best, then it ends";
  EXPECT_EQ(outcome.step, 3 * std::ssize(losses));
  EXPECT_EQ(read_file(tiny.out / "best/model.safetensors"), tiny.final_weights());
  EXPECT_TRUE(testing::contains(
      said, "while the training loss falls: the model learns the examples by heart"));
  EXPECT_TRUE(
      testing::contains(said, cat("the model is that of step ", 3 * (best - losses.begin() + 1))));
}

TEST(Sft, TheBestModelOfAResumedRunIsTheSame) {
  const testing::TempFolder folder;
  TinyRun whole = over_fitting(folder.path() / "whole");
  whole.run();
  TinyRun cut = over_fitting(folder.path() / "cut");
  cut.run_killed_at(40);
  EXPECT_EQ(whole.final_weights(), cut.final_weights());
  EXPECT_EQ(whole.valid_losses(), cut.valid_losses());
}

}  // namespace
}  // namespace slovo
