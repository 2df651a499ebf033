// Adapters on a model, and models of quantised weights.
#include <ATen/ATen.h>

#include <map>

#include "model/lora.h"
#include "model_support.h"
#include "ops_support.h"

namespace slovo {
namespace {

using testing::make_ids;
using testing::make_model;
using testing::relative_error;
using testing::small_config;
using testing::small_gpt2_config;
using testing::UseImplementation;

/// On queries and values, so that the keys between them have none, and on all of the MLP.
std::vector<AdapterPlace> places(const ModelConfig& config) {
  const int64_t width = config.num_attention_heads * config.head_size();
  const int64_t kv_width = config.key_value_heads() * config.head_size();
  std::vector<AdapterPlace> out;
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const std::string block = cat("blocks.", i, ".");
    out.push_back({block + "attention.qkv", "q_proj", 0, width});
    out.push_back({block + "attention.qkv", "v_proj", width + kv_width, kv_width});
    out.push_back({block + "attention.output", "o_proj", 0, config.hidden_size});
    if (config.gated()) out.push_back({block + "mlp.up", "gate_proj", 0, config.mlp_size()});
    const int64_t gate = config.gated() ? config.mlp_size() : 0;
    out.push_back({block + "mlp.up", "up_proj", gate, config.mlp_size()});
    out.push_back({block + "mlp.down", "down_proj", 0, config.hidden_size});
  }
  return out;
}

LoraConfig lora_config(bool dora = false) {
  LoraConfig config;
  config.rank = 3;
  config.alpha = 6;
  config.dora = dora;
  return config;
}

/// Adapters that change what the model computes.
void randomise(Transformer& model) {
  const at::NoGradGuard no_grad;
  for (auto& [name, weight] : named_weights(model)) {
    const at::Tensor wave =
        at::sin(at::arange(weight.numel(), weight.options()) * 1.3 + name.size());
    if (name.ends_with("lora_A") || name.ends_with("lora_B"))
      weight.copy_(0.3 * wave.view_as(weight));
    if (name.ends_with("magnitude")) weight.mul_(1 + 0.2 * wave);
  }
}

Transformer adapted_model(const LoraConfig& lora, at::TensorOptions options = at::kFloat,
                          const ModelConfig& config = small_config()) {
  Transformer model = make_model(config, 1, options);
  attach_adapters(model, places(config), lora, 5);
  randomise(model);
  return model;
}

at::Tensor ids() { return make_ids(2, 11, 37); }
at::Tensor logits(Transformer& model) { return model->logits(model->forward({ids(), {}, {}})); }
at::Tensor objective(Transformer& model) {
  const at::Tensor out = logits(model);
  return (out * at::cos(at::arange(out.numel(), out.options())).view_as(out)).sum();
}

std::map<std::string, at::Tensor> gradients(Transformer& model) {
  for (auto& [name, weight] : named_weights(model)) weight.mutable_grad() = at::Tensor();
  objective(model).backward();
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, weight] : named_weights(model)) {
    if (weight.grad().defined()) out[name] = weight.grad().clone();
  }
  return out;
}

TEST(Adapters, FreshOnesChangeNothing) {
  for (const ModelConfig& config : {small_config(), small_gpt2_config()}) {
    Transformer base = make_model(config);
    const at::Tensor before = logits(base).detach();
    Transformer lora = make_model(config);
    attach_adapters(lora, places(config), lora_config(), 5);
    EXPECT_TRUE(at::equal(before, logits(lora).detach()));
    Transformer dora = make_model(config);
    attach_adapters(dora, places(config), lora_config(/*dora=*/true), 5);
    EXPECT_LT(relative_error(logits(dora).detach(), before), 1e-6);
  }
}

TEST(Adapters, BeginUniformBySeedAndName) {
  Transformer model = make_model(small_config());
  attach_adapters(model, places(small_config()), lora_config(), 5);
  Transformer same = make_model(small_config());
  attach_adapters(same, places(small_config()), lora_config(), 5);
  Transformer other = make_model(small_config());
  attach_adapters(other, places(small_config()), lora_config(), 6);
  const auto value = [](const Transformer& of, const std::string& name) {
    return of->named_parameters()[name].detach();
  };
  const std::string first = "blocks.0.attention.qkv.q_proj.lora_A";
  const at::Tensor a = value(model, first);
  EXPECT_EQ(a.sizes(), (std::vector<int64_t>{3, 24}));
  EXPECT_LE(a.abs().max().item<double>(), 1 / std::sqrt(24.0));
  EXPECT_GT(a.abs().max().item<double>(), 0.8 / std::sqrt(24.0));
  EXPECT_TRUE(at::equal(a, value(same, first)));
  EXPECT_FALSE(at::equal(a, value(other, first)));
  EXPECT_FALSE(at::equal(a, value(model, "blocks.1.attention.qkv.q_proj.lora_A")));
}

/// Only adapters get gradients, with blocks computed again too, where the first has no input that
/// needs one.
TEST(Adapters, AloneAreTrained) {
  for (const bool dora : {false, true}) {
    Transformer model = adapted_model(lora_config(dora));
    const auto kept = gradients(model);
    EXPECT_EQ(kept.size(), places(small_config()).size() * (dora ? 3 : 2));
    for (const auto& [name, gradient] : kept) {
      EXPECT_GT(gradient.abs().max().item<double>(), 0) << name;
      EXPECT_TRUE(name.find("_proj.") != std::string::npos) << name;
    }
    model->recompute_blocks(true);
    for (const auto& [name, gradient] : gradients(model)) {
      EXPECT_LT(relative_error(gradient, kept.at(name)), 1e-6) << name;
    }
  }
}

TEST(Adapters, GradientsEqualFiniteDifferences) {
  const UseImplementation use(ops::Implementation::reference);
  Transformer model = adapted_model(lora_config(), at::kDouble);
  const auto exact = gradients(model);
  const at::NoGradGuard no_grad;
  for (auto& [name, weight] : named_weights(model)) {
    if (!weight.requires_grad()) continue;
    const at::Tensor flat = weight.detach().flatten();
    const int64_t place = flat.numel() / 2;
    constexpr double kStep = 1e-5;
    const auto moved = [&](double by) {
      flat[place] += by;
      const double value = objective(model).item<double>();
      flat[place] -= by;
      return value;
    };
    const double slope = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    const double found = exact.at(name).flatten()[place].item<double>();
    EXPECT_NEAR(slope, found, 1e-5 * (1 + std::abs(slope))) << name;
  }
}

TEST(Adapters, MergedEqualAdapted) {
  for (const bool dora : {false, true}) {
    for (const ModelConfig& config : {small_config(), small_gpt2_config()}) {
      Transformer model = adapted_model(lora_config(dora), at::kFloat, config);
      const at::Tensor before = logits(model).detach();
      merge_adapters(model);
      EXPECT_LT(relative_error(logits(model).detach(), before), 1e-5);
      EXPECT_EQ(named_weights(model).size(), named_weights(make_model(config)).size());
    }
  }
}

/// A model that is opened to be used gets its adapters' weights after the adapters themselves.
TEST(Adapters, FilledAfterEvalTheyAreTheSame) {
  const at::NoGradGuard no_grad;
  Transformer trained = adapted_model(lora_config(/*dora=*/true));
  Transformer used = make_model(small_config(), 1, at::kFloat);
  used->eval();
  attach_adapters(used, places(small_config()), lora_config(/*dora=*/true), 5);
  randomise(used);
  EXPECT_LT((logits(trained) - logits(used)).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(at::equal(logits(used), logits(used))) << "also where norms are kept";
}

TEST(Adapters, StabilisedScaleFollowsTheRootOfTheRank) {
  LoraConfig stable = lora_config();
  stable.rslora = true;
  LoraConfig plain = lora_config();
  plain.alpha = stable.alpha * std::sqrt(3.0);  // 6 sqrt(3) / 3 = 6 / sqrt(3)
  Transformer one = adapted_model(stable);
  Transformer two = adapted_model(plain);
  EXPECT_LT(relative_error(logits(one).detach(), logits(two).detach()), 1e-5);
}

/// Dropped inputs are a function of the pass's number; without gradients nothing is dropped.
TEST(Adapters, DropoutFollowsThePass) {
  for (const bool dora : {false, true}) {
    LoraConfig config = lora_config(dora);
    config.dropout = 0.4;
    Transformer model = adapted_model(config);
    Transformer without = adapted_model(lora_config(dora));
    const auto of_pass = [&](uint64_t number) {
      model->number_pass(number);
      return logits(model).detach();
    };
    const at::Tensor first = of_pass(1);
    EXPECT_FALSE(at::equal(first, of_pass(2)));
    EXPECT_TRUE(at::equal(first, of_pass(1)));
    EXPECT_FALSE(at::equal(first, logits(without).detach()));
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::equal(logits(model), logits(without)));
  }
}

/// A block computed again drops the same, though another pass has been numbered meanwhile.
TEST(Adapters, DropoutIsTheSameWhenComputedAgain) {
  LoraConfig config = lora_config();
  config.dropout = 0.4;
  Transformer model = adapted_model(config);
  model->number_pass(7);
  const auto kept = gradients(model);
  model->recompute_blocks(true);
  for (auto& [name, weight] : named_weights(model)) weight.mutable_grad() = at::Tensor();
  const at::Tensor loss = objective(model);
  model->number_pass(8);
  {
    const at::NoGradGuard no_grad;
    logits(model);
  }
  loss.backward();
  for (const auto& [name, gradient] : kept) {
    const at::Tensor again = model->named_parameters()[name].grad();
    EXPECT_LT(relative_error(again, gradient), 1e-6) << name;
  }
}

/// Dropout as PEFT has it with a magnitude: only what the adapter sees is dropped.
TEST(Adapters, DroppedInputsAverageOut) {
  LoraConfig config = lora_config(/*dora=*/true);
  config.dropout = 0.2;
  Projection projection(16, 12, true, at::kFloat);
  const auto pass = std::make_shared<TrainingPass>();
  at::manual_seed(1);
  const at::NoGradGuard no_grad;
  projection->weight.copy_(at::randn({12, 16}));
  projection->bias.copy_(at::randn({12}));
  Adapter adapter(AdapterPlace{"p", "a", 4, 8}, 16, config, pass, at::kFloat);
  adapter->init(3);
  adapter->lora_B.copy_(at::randn({8, 3}));
  projection->add_adapter(adapter);
  projection->init_magnitudes();
  adapter->magnitude.mul_(1.3);
  const at::Tensor x = at::randn({5, 16});
  const at::Tensor plain = projection->forward(x);
  at::Tensor sum = at::zeros_like(plain);
  *pass = {true, 0};
  constexpr int kPasses = 4000;
  for (; pass->number < kPasses; ++pass->number) sum += projection->forward(x);
  EXPECT_LT(relative_error(sum / kPasses, plain), 0.03);
}

/// The rows at which a parameter's parts begin, as Hugging Face's modules divide it, and its end.
std::vector<int64_t> part_bounds(const ModelConfig& config, const std::string& name, int64_t rows) {
  const int64_t width = config.num_attention_heads * config.head_size();
  const int64_t kv_width = config.key_value_heads() * config.head_size();
  if (name.ends_with(".qkv.weight")) return {0, width, width + kv_width, rows};
  if (name.ends_with(".up.weight") && config.gated()) return {0, config.mlp_size(), rows};
  return {0, rows};
}

/// Calls body(name, first row, rows) for each part of each parameter.
void for_parts(const Transformer& model,
               const std::function<void(const std::string&, int64_t, const at::Tensor&)>& body) {
  for (const auto& [name, weight] : named_weights(model)) {
    const auto bounds = part_bounds(model->config(), name, weight.size(0));
    for (size_t i = 0; i + 1 < bounds.size(); ++i)
      body(name, bounds[i], weight.detach().slice(0, bounds[i], bounds[i + 1]));
  }
}

/// The same model with its matrices kept in few bits.
Transformer quantised_model(const Transformer& from, LoraBase form) {
  Transformer model(from->config(), at::kFloat);
  quantize_blocks(model, form);
  for_parts(from, weight_filler(model));
  return model;
}

/// The same model with, in full, the values that such a model has.
Transformer rounded_model(const Transformer& from, LoraBase form) {
  Transformer model(from->config(), at::kFloat);
  const FillRows fill = weight_filler(model);
  for_parts(from, [&](const std::string& name, int64_t begin, const at::Tensor& rows) {
    const bool kept = name.starts_with("blocks.") && rows.dim() == 2;
    fill(name, begin,
         kept ? ops::QuantizedMatrix(form, rows).read(0, rows.size(0), at::kFloat) : rows);
  });
  return model;
}

TEST(QuantizedModel, IsNearTheModelItKeeps) {
  for (const ModelConfig& config : {small_config(), small_gpt2_config()}) {
    Transformer full = make_model(config);
    const at::Tensor expected = logits(full).detach();
    Transformer int8 = quantised_model(full, LoraBase::int8);
    EXPECT_LT(relative_error(logits(int8).detach(), expected), 0.05);
    Transformer nf4 = quantised_model(full, LoraBase::nf4);
    EXPECT_LT(relative_error(logits(nf4).detach(), expected), 0.6);
    EXPECT_GT(relative_error(logits(nf4).detach(), expected), 0.001);
  }
}

TEST(QuantizedModel, TrainsAdaptersAsOnTheSameValuesInFull) {
  for (const bool dora : {false, true}) {
    for (const LoraBase form : {LoraBase::int8, LoraBase::nf4}) {
      LoraConfig lora = lora_config(dora);
      lora.dropout = 0.3;
      const Transformer base = make_model(small_config());
      Transformer quantised = quantised_model(base, form);
      Transformer full = rounded_model(base, form);
      for (Transformer* model : {&quantised, &full}) {
        attach_adapters(*model, places(small_config()), lora, 5);
        randomise(*model);
        (*model)->recompute_blocks(dora);
      }
      const auto expected = gradients(full);
      for (const auto& [name, gradient] : gradients(quantised)) {
        EXPECT_LT(relative_error(gradient, expected.at(name)), 1e-4) << name;
      }
      EXPECT_LT(relative_error(logits(quantised).detach(), logits(full).detach()), 1e-5);
    }
  }
}

TEST(QuantizedModel, GeneratesWithACache) {
  const Transformer full = make_model(small_config());
  Transformer model = quantised_model(full, LoraBase::nf4);
  const at::NoGradGuard no_grad;
  const at::Tensor expected = logits(model);
  ModelState state = model->new_state(2, 11);
  for (const auto& [begin, end] : {std::pair{0, 6}, {6, 7}, {7, 11}}) {
    const at::Tensor part =
        model->logits(model->forward({ids().slice(1, begin, end), {}, {}}, &state));
    EXPECT_LT(relative_error(part, expected.slice(1, begin, end)), 1e-5);
  }
}

}  // namespace
}  // namespace slovo
