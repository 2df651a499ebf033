// Instruction tuning's arithmetic: neither packing nor accumulation changes what is learned.
#include "data/loader.h"
#include "data/packing.h"
#include "model/grow.h"
#include "tiny_run.h"

namespace slovo {
namespace {

std::shared_ptr<const TokenExamples> made_up_examples() {
  auto out = std::make_shared<TokenExamples>();
  for (const int64_t length : {9, 4, 15, 3, 12, 7, 16, 5}) {
    TokenExample example;
    const auto number = static_cast<uint64_t>(out->size());
    for (int64_t i = 0; i < length; ++i) {
      example.ids.push_back(static_cast<TokenId>(random_bits(4, number, static_cast<uint64_t>(i)) % 17));
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
  for (const Step& other : {step_of(false, 1), step_of(false, 3), step_of(true, 8), step_of(true, 1)}) {
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
    const at::Tensor before = Transformer(model)->logits(Transformer(model)->forward({ids, {}, {}}));
    const at::Tensor after = Transformer(grown)->logits(Transformer(grown)->forward({ids, {}, {}}));
    EXPECT_TRUE(at::equal(before.narrow(2, 0, 15), after.narrow(2, 0, 15)));
    const at::Tensor mean = before.narrow(2, 0, 15).mean(2, true);
    EXPECT_TRUE(at::allclose(mean.expand({1, 12, 5}), after.narrow(2, 15, 5), 1e-4, 1e-5));
  }
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
  EXPECT_TRUE(testing::contains(said, "while the training loss falls: the model learns the examples by heart"));
  EXPECT_TRUE(testing::contains(said, cat("the model is that of step ", 3 * (best - losses.begin() + 1))));
}

TEST(Sft, TheBestModelOfAResumedRunIsTheSame) {
  const testing::TempFolder folder;
  TinyRun whole = over_fitting(folder.path() / "whole");
  whole.run();
  TinyRun cut = over_fitting(folder.path() / "cut");
  cut.stop_after = 40;
  EXPECT_THROW(cut.run(), std::runtime_error);
  cut.stop_after = -1;
  cut.existing = Existing::resume;
  cut.run();
  EXPECT_EQ(whole.final_weights(), cut.final_weights());
  EXPECT_EQ(whole.valid_losses(), cut.valid_losses());
}

}  // namespace
}  // namespace slovo
