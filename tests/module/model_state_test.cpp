#include <ATen/ATen.h>

#include "model/transformer.h"
#include "model_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::make_ids;
using testing::make_model;

ModelConfig qk_norm_config() {
  ModelConfig config = testing::small_config();
  config.qk_norm = true;
  return config;
}

/// Logits of the last token of `ids` [B,T] continued in `state`.
at::Tensor step(Transformer& model, ModelState& state, const at::Tensor& ids) {
  const at::NoGradGuard no_grad;
  return model->logits(model->forward({ids, {}, {}}, &state)).select(1, -1);
}

/// The same from the whole text at once.
at::Tensor whole(Transformer& model, const at::Tensor& ids) {
  const at::NoGradGuard no_grad;
  return model->logits(model->forward({ids, {}, {}})).select(1, -1);
}

ModelConfig modern_config() {
  ModelConfig config = qk_norm_config();
  config.final_logit_softcapping = 5;
  config.value_embeddings = config.residual_scalars = true;
  return config;
}

ModelConfig window_config() {
  ModelConfig config = testing::small_config();
  config.sliding_window = 4;
  return config;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(ModelState, CachedDecodingEqualsFullRecomputation) {
  for (const ModelConfig& config :
       {testing::small_config(), qk_norm_config(), testing::small_gpt2_config(), modern_config(),
        window_config()}) {
    Transformer model = make_model(config);
    ModelState state = model->new_state(2, 24);
    at::Tensor ids = make_ids(2, 5, config.vocab_size);
    at::Tensor logits = step(model, state, ids);
    for (int i = 0; i < 15; ++i) {
      const at::Tensor expected = whole(model, ids);
      ASSERT_LT(difference(logits, expected), 1e-5) << i;
      const at::Tensor next = logits.argmax(-1, true);
      ASSERT_TRUE(at::equal(next, expected.argmax(-1, true))) << i;
      ids = at::cat({ids, next}, 1);
      logits = step(model, state, next);
    }
    EXPECT_EQ(state.lengths, (std::vector<int64_t>{20, 20}));
  }
}

TEST(ModelState, ContinuesBySeveralTokens) {
  for (const ModelConfig& config : {testing::small_config(), window_config()}) {
    Transformer model = make_model(config);
    const at::Tensor ids = make_ids(2, 17, 37);
    ModelState state = model->new_state(2, 17);
    step(model, state, ids.narrow(1, 0, 4));
    step(model, state, ids.narrow(1, 4, 6));
    EXPECT_LT(difference(step(model, state, ids.narrow(1, 10, 7)), whole(model, ids)), 1e-5);
  }
}

TEST(ModelState, RowsOfDifferentLengthsDecodeTogether) {
  Transformer model = make_model(qk_norm_config());
  const at::Tensor a = make_ids(1, 3, 37), b = make_ids(1, 9, 37, 50), c = make_ids(1, 6, 37, 90);
  ModelState state = model->new_state(1, 20);
  step(model, state, a);
  for (const at::Tensor& prompt : {b, c}) {
    ModelState one = model->new_state(1, 20);
    step(model, one, prompt);
    state.append(one);
  }
  EXPECT_EQ(state.batch(), 3);
  EXPECT_EQ(state.lengths, (std::vector<int64_t>{3, 9, 6}));
  const at::Tensor next = make_ids(3, 1, 37, 7);
  const at::Tensor logits = step(model, state, next);
  const std::vector<at::Tensor> prompts = {a, b, c};
  for (int64_t row = 0; row < 3; ++row) {
    const at::Tensor alone =
        whole(model, at::cat({prompts[static_cast<size_t>(row)], next.narrow(0, row, 1)}, 1));
    EXPECT_LT(difference(logits[row], alone[0]), 1e-5) << row;
  }
}

TEST(ModelState, ReorderDropsAndRepeatsRows) {
  Transformer model = make_model(testing::small_config());
  const at::Tensor ids = make_ids(3, 5, 37);
  ModelState state = model->new_state(3, 10);
  step(model, state, ids);
  state.reorder({2, 0, 2, 2});
  const at::Tensor chosen = ids.index_select(0, at::tensor(std::vector<int64_t>{2, 0, 2, 2}));
  const at::Tensor next = make_ids(4, 1, 37, 11);
  EXPECT_LT(difference(step(model, state, next), whole(model, at::cat({chosen, next}, 1))), 1e-5);
}

TEST(ModelState, ForkSharesNothing) {
  Transformer model = make_model(testing::small_config());
  const at::Tensor ids = make_ids(2, 5, 37);
  ModelState state = model->new_state(2, 10);
  step(model, state, ids);
  ModelState other = state.fork();
  const at::Tensor left = make_ids(2, 2, 37, 3), right = make_ids(2, 2, 37, 13);
  step(model, other, left.narrow(1, 0, 1));
  step(model, state, right.narrow(1, 0, 1));
  EXPECT_LT(
      difference(step(model, other, left.narrow(1, 1, 1)), whole(model, at::cat({ids, left}, 1))),
      1e-5);
  EXPECT_LT(
      difference(step(model, state, right.narrow(1, 1, 1)), whole(model, at::cat({ids, right}, 1))),
      1e-5);
}

TEST(ModelState, RestoresASnapshotAsOftenAsWanted) {
  Transformer model = make_model(testing::small_config());
  const at::Tensor ids = make_ids(2, 5, 37);
  ModelState state = model->new_state(2, 10);
  step(model, state, ids);
  const ModelState saved = state.snapshot();
  EXPECT_LT(saved.bytes(), state.bytes());
  const at::Tensor next = make_ids(2, 1, 37, 3);
  const at::Tensor expected = whole(model, at::cat({ids, next}, 1));
  step(model, state, make_ids(2, 4, 37, 8));
  state.reorder({1});
  for (int i = 0; i < 2; ++i) {
    state.restore(saved);
    EXPECT_LT(difference(step(model, state, next), expected), 1e-5) << i;
    EXPECT_EQ(state.lengths, (std::vector<int64_t>{6, 6}));
  }
}

TEST(ModelState, RefusesToGrowPastTheContext) {
  Transformer model = make_model(testing::small_config());
  ModelState state = model->new_state(1, 70);
  step(model, state, make_ids(1, 60, 37));
  const std::string text =
      error_of([&] { step(model, state, make_ids(1, 5, 37)); }, ErrorCode::data);
  EXPECT_TRUE(contains(text, "65 tokens")) << text;
  EXPECT_EQ(state.lengths[0], 60);
}

}  // namespace
}  // namespace slovo
