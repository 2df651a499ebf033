#include <ATen/ATen.h>

#include <numeric>
#include <set>

#include "model/transformer.h"
#include "model_support.h"
#include "ops/ops.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::make_ids;
using testing::make_model;
using testing::small_config;
using testing::small_gpt2_config;

/// One config of each kind of part.
std::vector<std::pair<std::string, ModelConfig>> variants() {
  ModelConfig qwen = small_config();
  qwen.qk_norm = true;
  qwen.tie_word_embeddings = false;
  ModelConfig mixed = small_config();
  mixed.norm = Norm::layer;
  mixed.mlp = Activation::relu2;
  mixed.attention_bias = true;
  ModelConfig gelu = small_gpt2_config();
  gelu.mlp = Activation::gelu;
  gelu.norm = Norm::rms;
  ModelConfig modern = qwen;
  modern.mlp = Activation::relu2;
  modern.final_logit_softcapping = 5;
  modern.value_embeddings = modern.residual_scalars = true;
  return {{"modern", modern}, {"llama", small_config()},
          {"qwen3", qwen},    {"gpt2", small_gpt2_config()},
          {"mixed", mixed},   {"gelu", gelu}};
}

at::Tensor logits_of(Transformer& model, const ModelInput& input) {
  return model->logits(model->forward(input));
}

/// Sum of weighted logits: a scalar whose gradient reaches every parameter.
at::Tensor objective(Transformer& model, const ModelInput& input) {
  const at::Tensor logits = logits_of(model, input);
  const at::Tensor weights = at::cos(at::arange(logits.numel(), at::kFloat)).view_as(logits);
  return (logits * weights).sum();
}

std::map<std::string, at::Tensor> gradients(Transformer& model, const ModelInput& input) {
  for (auto& [name, weight] : named_weights(model)) weight.mutable_grad() = at::Tensor();
  objective(model, input).backward();
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, weight] : named_weights(model)) out[name] = weight.grad().clone();
  return out;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(Transformer, ListsItsParameters) {
  ModelConfig config = small_config();
  config.num_hidden_layers = 1;
  config.qk_norm = config.attention_bias = true;
  config.tie_word_embeddings = false;
  const std::vector<std::pair<std::string, std::vector<int64_t>>> expected = {
      {"embedding.weight", {37, 24}},
      {"blocks.0.attention_norm.weight", {24}},
      {"blocks.0.attention.qkv.weight", {64, 24}},
      {"blocks.0.attention.qkv.bias", {64}},
      {"blocks.0.attention.q_norm.weight", {8}},
      {"blocks.0.attention.k_norm.weight", {8}},
      {"blocks.0.attention.output.weight", {24, 32}},
      {"blocks.0.attention.output.bias", {24}},
      {"blocks.0.mlp_norm.weight", {24}},
      {"blocks.0.mlp.up.weight", {40, 24}},
      {"blocks.0.mlp.down.weight", {24, 20}},
      {"norm.weight", {24}},
      {"head.weight", {37, 24}}};
  std::vector<std::pair<std::string, std::vector<int64_t>>> found;
  for (const auto& [name, weight] : named_weights(make_model(config))) {
    EXPECT_TRUE(weight.requires_grad()) << name;
    found.emplace_back(name, weight.sizes().vec());
  }
  EXPECT_EQ(found, expected);
  config.tie_word_embeddings = true;
  EXPECT_EQ(named_weights(make_model(config)).size(), expected.size() - 1);
  EXPECT_EQ(named_weights(make_model(small_gpt2_config()))[1].first, "positions.weight");
}

TEST(Transformer, CountsItsParameters) {
  for (const auto& [name, config] : variants()) {
    int64_t counted = 0;
    for (const auto& [part, count] : parameter_counts(config)) counted += count;
    int64_t held = 0;
    for (const auto& [parameter, weight] : named_weights(make_model(config)))
      held += weight.numel();
    EXPECT_EQ(counted, held) << name;
  }
}

TEST(Transformer, CountsItsOperations) {
  const ModelConfig config = small_config();
  const double matrices = 2.0 * (64 * 24 + 24 * 32 + 40 * 24 + 24 * 20) + 37 * 24;
  EXPECT_DOUBLE_EQ(train_flops_per_token(config, 16), 6 * matrices + 6.0 * 2 * 16 * 32);
}

TEST(Transformer, SeesNoLaterToken) {
  for (const auto& [name, config] : variants()) {
    Transformer model = make_model(config);
    const at::Tensor ids = make_ids(2, 10, config.vocab_size);
    at::Tensor changed = ids.clone();
    changed.narrow(1, 6, 4).fill_(1);
    const at::Tensor before = logits_of(model, {ids, {}, {}});
    const at::Tensor after = logits_of(model, {changed, {}, {}});
    EXPECT_LT(largest_difference(before.narrow(1, 0, 6), after.narrow(1, 0, 6)), 1e-6) << name;
    EXPECT_GT(largest_difference(before.narrow(1, 6, 4), after.narrow(1, 6, 4)), 1e-3) << name;
  }
}

TEST(Transformer, GroupedHeadsEqualRepeatedHeads) {
  ModelConfig grouped = small_config();
  ModelConfig full = grouped;
  full.num_key_value_heads = 4;
  Transformer a = make_model(grouped);
  Transformer b(full, at::kFloat);
  {
    const at::NoGradGuard no_grad;
    const auto source = named_weights(a);
    auto target = named_weights(b);
    for (size_t i = 0; i < source.size(); ++i) {
      at::Tensor values = source[i].second;
      if (source[i].first.find("qkv") != std::string::npos) {
        const auto repeat = [&](int64_t begin) {
          return values.narrow(0, begin, 16)
              .view({2, 8, 24})
              .repeat_interleave(2, 0)
              .reshape({32, 24});
        };
        values = at::cat({values.narrow(0, 0, 32), repeat(32), repeat(48)});
      }
      target[i].second.copy_(values);
    }
  }
  const ModelInput input{make_ids(2, 9, grouped.vocab_size), {}, {}};
  EXPECT_LT(largest_difference(logits_of(a, input), logits_of(b, input)), 1e-5);
}

TEST(Transformer, RotaryPositionsAreRelative) {
  const ModelConfig config = small_config();
  Transformer model = make_model(config);
  const at::Tensor ids = make_ids(1, 8, config.vocab_size);
  const at::Tensor places = at::arange(8).view({1, 8});
  const at::Tensor here = logits_of(model, {ids, places, {}});
  EXPECT_LT(largest_difference(here, logits_of(model, {ids, places + 40, {}})), 1e-4);
  EXPECT_GT(largest_difference(here, logits_of(model, {ids, places * 3, {}})), 1e-3);
}

TEST(Transformer, PackedDocumentsEqualSeparateRows) {
  for (const auto& [name, config] : variants()) {
    Transformer model = make_model(config);
    const at::Tensor ids = make_ids(2, 12, config.vocab_size);
    // Rows of [5, 7] and [12] tokens; apart: three documents padded by nothing.
    const Segments packed{2, 12, {0, 5, 12, 24}};
    const at::Tensor together = logits_of(model, {ids, {}, packed}).view({24, -1});
    const at::Tensor flat = ids.view({24});
    const std::vector<std::pair<int64_t, int64_t>> documents = {{0, 5}, {5, 12}, {12, 24}};
    for (const auto& [begin, end] : documents) {
      const at::Tensor alone = logits_of(model, {flat.slice(0, begin, end).view({1, -1}), {}, {}});
      EXPECT_LT(largest_difference(together.slice(0, begin, end), alone.squeeze(0)), 1e-5)
          << name << " " << begin;
    }
  }
}

TEST(Transformer, PackedGradientsEqualSeparateRows) {
  for (const auto& [name, config] : variants()) {
    Transformer model = make_model(config);
    const at::Tensor ids = make_ids(1, 12, config.vocab_size);
    const auto weighted = [&](const at::Tensor& logits, int64_t begin) {
      const at::Tensor waves =
          at::cos(at::arange(12 * config.vocab_size, at::kFloat)).view({12, -1});
      return (logits.squeeze(0) * waves.narrow(0, begin, logits.size(1))).sum();
    };
    weighted(logits_of(model, {ids, {}, {1, 12, {0, 5, 12}}}), 0).backward();
    std::map<std::string, at::Tensor> packed;
    for (auto& [parameter, weight] : named_weights(model)) {
      packed[parameter] = weight.grad().clone();
      weight.mutable_grad().zero_();
    }
    weighted(logits_of(model, {ids.narrow(1, 0, 5), {}, {}}), 0).backward();
    weighted(logits_of(model, {ids.narrow(1, 5, 7), {}, {}}), 5).backward();
    for (const auto& [parameter, weight] : named_weights(model)) {
      const double scale = 1 + weight.grad().abs().max().item<double>();
      EXPECT_LT(largest_difference(packed[parameter], weight.grad()) / scale, 2e-5)
          << name << " " << parameter;
    }
  }
}

TEST(Transformer, TiedHeadAddsToTheEmbeddingsGradient) {
  ModelConfig config = small_config();
  Transformer tied = make_model(config);
  config.tie_word_embeddings = false;
  Transformer apart = make_model(config);
  {
    const at::NoGradGuard no_grad;
    auto target = named_weights(apart);
    const auto source = named_weights(tied);
    for (size_t i = 0; i < source.size(); ++i) target[i].second.copy_(source[i].second);
    target.back().second.copy_(source.front().second);
  }
  const ModelInput input{make_ids(2, 9, config.vocab_size), {}, {}};
  const auto both = gradients(tied, input);
  const auto split = gradients(apart, input);
  EXPECT_EQ(both.count("head.weight"), 0U);
  EXPECT_GT(split.at("embedding.weight").abs().max().item<double>(), 0.1);
  EXPECT_LT(largest_difference(both.at("embedding.weight"),
                               split.at("embedding.weight") + split.at("head.weight")),
            1e-4);
}

/// Central differences in the direction of each parameter's gradient, in double precision where ops
/// allow it not: fp32 with a step that balances rounding and curvature.
TEST(Transformer, GradientsMatchFiniteDifferences) {
  for (const auto& [name, config] : variants()) {
    Transformer model = make_model(config);
    const ModelInput input{make_ids(2, 6, config.vocab_size), {}, {2, 6, {0, 4, 6, 12}}};
    const auto grads = gradients(model, input);
    const at::NoGradGuard no_grad;
    for (auto& [parameter, weight] : named_weights(model)) {
      const at::Tensor& grad = grads.at(parameter);
      const at::Tensor direction = grad / grad.norm();
      const double step = 2e-3;
      const at::Tensor saved = weight.clone();
      weight.copy_(saved + step * direction);
      const double above = objective(model, input).item<double>();
      weight.copy_(saved - step * direction);
      const double below = objective(model, input).item<double>();
      weight.copy_(saved);
      const double slope = grad.norm().item<double>();
      EXPECT_NEAR((above - below) / (2 * step) / slope, 1, 2e-2)
          << name << " " << parameter << " slope " << slope;
    }
  }
}

TEST(Transformer, FastOperationsAgreeWithPlainOnes) {
  for (const auto& [name, config] : variants()) {
    Transformer model = make_model(config);
    const ModelInput input{make_ids(2, 12, config.vocab_size), {}, {2, 12, {0, 5, 12, 24}}};
    ops::set_implementation(ops::Implementation::reference);
    const at::Tensor plain = logits_of(model, input);
    const auto plain_grads = gradients(model, input);
    ops::set_implementation(ops::Implementation::fast);
    EXPECT_LT(largest_difference(plain, logits_of(model, input)), 1e-5) << name;
    for (const auto& [parameter, grad] : gradients(model, input)) {
      const double scale = 1 + grad.abs().max().item<double>();
      EXPECT_LT(largest_difference(plain_grads.at(parameter), grad) / scale, 1e-4)
          << name << " " << parameter;
    }
  }
}

TEST(Transformer, RecomputedBlocksGiveTheSameGradients) {
  for (const auto& [name, config] : variants()) {
    Transformer model = make_model(config);
    const ModelInput input{make_ids(2, 12, config.vocab_size), {}, {2, 12, {0, 5, 12, 24}}};
    const auto kept = gradients(model, input);
    model->recompute_blocks(true);
    for (const auto& [parameter, grad] : gradients(model, input))
      EXPECT_TRUE(grad.equal(kept.at(parameter))) << name << " " << parameter;
  }
}

TEST(Transformer, Bf16WeightsHaveFp32Gradients) {
  Transformer model = make_model(small_config(), 1, at::kBFloat16);
  Transformer exact = make_model(small_config());
  const ModelInput input{make_ids(2, 9, 37), {}, {}};
  const at::Tensor logits = logits_of(model, input);
  EXPECT_EQ(logits.scalar_type(), at::kBFloat16);
  const at::Tensor expected = logits_of(exact, input);
  EXPECT_LT(largest_difference(logits.to(at::kFloat), expected),
            0.05 * expected.abs().max().item<double>());
  logits.sum().backward();
  for (const auto& [name, weight] : named_weights(model))
    EXPECT_EQ(weight.grad().scalar_type(), at::kFloat) << name;
}

TEST(Transformer, RefusesATextLongerThanItsContext) {
  Transformer model = make_model(small_config());
  const std::string text =
      error_of([&] { model->forward({make_ids(1, 65, 37), {}, {}}); }, ErrorCode::data);
  EXPECT_TRUE(contains(text, "65 tokens")) << text;
  EXPECT_TRUE(contains(text, "context of 64 (max_position_embeddings)")) << text;
  model->forward({make_ids(1, 128, 37), {}, {1, 128, {0, 64, 128}}});  // two documents that fit
}

TEST(Transformer, RefusesFieldsThatDoNotFit) {
  ModelConfig config = small_config();
  config.num_key_value_heads = 3;
  const std::string text = error_of([&] { Transformer(config, at::kFloat); }, ErrorCode::config);
  EXPECT_TRUE(contains(text, "model.num_key_value_heads=3 does not divide")) << text;
}

}  // namespace
}  // namespace slovo
