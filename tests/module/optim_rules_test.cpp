// Steps of each rule against the published formulas (scripts/make_fixtures_optim.py).
#include <gtest/gtest.h>

#include <cmath>

#include "io/safetensors.h"
#include "model/transformer.h"
#include "ops/ops.h"
#include "ops_support.h"
#include "optim/muon.h"
#include "optim/optimizer.h"
#include "testing.h"

namespace slovo {
namespace {

constexpr double kRate = 0.02;
constexpr int64_t kSteps = 4;

/// The shapes of the fixture.
ModelConfig fixture_model() {
  ModelConfig out;
  out.vocab_size = 10;
  out.hidden_size = 16;
  out.num_hidden_layers = 1;
  out.num_attention_heads = 2;
  out.num_key_value_heads = 1;
  out.intermediate_size = 24;
  out.max_position_embeddings = 8;
  out.tie_word_embeddings = false;
  return out;
}

struct Case {
  const char* name;
  TrainConfig config;
};

TrainConfig with_own_rates(TrainConfig config) {
  config.embedding_lr_scale = 3;
  config.head_lr_scale = 0.5;
  config.vector_lr_scale = 2;
  config.cautious_decay = true;
  return config;
}

std::vector<Case> cases() {
  TrainConfig adamw, muon, lion, sgd;
  muon.optimizer = OptimizerKind::muon;
  lion.optimizer = OptimizerKind::lion;
  sgd.optimizer = OptimizerKind::sgd;
  sgd.weight_decay = 0.1;
  TrainConfig muon_all = with_own_rates(muon);
  muon_all.muon_method = MuonMethod::polar_express;
  muon_all.muon_scale = MuonScale::spectral;
  muon_all.muon_variance = true;
  return {{"muon", muon},
          {"muon_all", muon_all},
          {"lion", lion},
          {"lion_cautious", with_own_rates(lion)},
          {"adamw_cautious", with_own_rates(adamw)},
          {"sgd", sgd}};
}

/// A model with its optimizer, fed with the fixture's gradients.
struct Trained {
  const SafetensorsFile file{testing::fixture("optim/rules.safetensors")};
  TrainConfig config;
  Transformer model{fixture_model(), at::TensorOptions(at::kFloat)};
  std::optional<FlatParameters> parameters;
  std::unique_ptr<Optimizer> optimizer;

  Trained(TrainConfig train, at::ScalarType dtype) : config(std::move(train)) {
    parameters.emplace(*model, dtype);
    at::NoGradGuard no_grad;
    for (const auto& [name, master] : parameters->masters())
      master.copy_(file.view("start." + name));
    parameters->master_changed();
    optimizer = make_optimizer(*parameters, config, fixture_model());
  }
  void step(int64_t index) {
    for (const auto& item : model->named_parameters()) {
      item.value().mutable_grad().copy_(file.view(cat("grad.", index, ".", item.key())));
    }
    optimizer->update(index + 1, kRate, optimizer->clip(optimizer->grad_norm()));
  }
  void run() {
    for (int64_t i = 0; i < kSteps; ++i) step(i);
  }
  /// The largest difference of a weight from the fixture's, as a share of how far it moved.
  double error(const std::string& rule) const {
    double worst = 0;
    for (const auto& [name, master] : parameters->masters()) {
      const at::Tensor wanted = file.view(rule + "." + name);
      const at::Tensor moved = (wanted - file.view("start." + name)).abs().max();
      worst = std::max(worst, ((master - wanted).abs().max() / moved).item<double>());
    }
    return worst;
  }
};

TEST(Rules, EqualThePublishedFormulas) {
  for (const auto form : {ops::Implementation::fast, ops::Implementation::reference}) {
    const testing::UseImplementation use(form);
    for (const Case& each : cases()) {
      Trained trained(each.config, at::kFloat);
      trained.run();
      EXPECT_LT(trained.error(each.name), 1e-4) << each.name;
      EXPECT_EQ(trained.parameters->grad().count_nonzero().item<int64_t>(), 0) << each.name;
    }
  }
}

TEST(Rules, Bf16ProductsStayNearTheFormulasAndTheCopyFollows) {
  for (const Case& each : cases()) {
    Trained trained(each.config, at::kBFloat16);
    trained.run();
    EXPECT_LT(trained.error(each.name), 0.2) << each.name;
    for (const auto& item : trained.model->named_parameters()) {
      for (const auto& [name, master] : trained.parameters->masters()) {
        if (name != item.key()) continue;
        EXPECT_TRUE(item.value().equal(master.to(at::kBFloat16))) << name;
      }
    }
  }
}

TEST(Rules, Bf16MomentsStayNearTheFormulas) {
  for (Case each : cases()) {
    each.config.moment_dtype = MomentDType::bf16;
    Trained trained(each.config, at::kFloat);
    trained.run();
    const bool signs = each.config.optimizer == OptimizerKind::lion;  // some may flip near zero
    EXPECT_LT(trained.error(each.name), signs ? 1.01 : 0.05) << each.name;
    EXPECT_GT(trained.error(each.name), 1e-6) << each.name << ": moments are not rounded";
    for (const auto& [name, moment] : trained.optimizer->state()) {
      const bool rows = name.rfind("row_squares.", 0) == 0;
      EXPECT_EQ(moment.scalar_type(), rows ? at::kFloat : at::kBFloat16) << name;
    }
  }
}

TEST(Rules, StateIsNamedByParameter) {
  const auto names = [](const TrainConfig& config) {
    std::set<std::string> out;
    for (const auto& [name, moment] : Trained(config, at::kFloat).optimizer->state()) {
      EXPECT_TRUE(out.insert(name).second) << name;
    }
    return out;
  };
  for (const Case& each : cases()) {
    const auto found = names(each.config);
    const bool muon = each.config.optimizer == OptimizerKind::muon;
    EXPECT_EQ(found.count("exp_avg_sq.blocks.0.mlp.up.weight"),
              each.config.optimizer == OptimizerKind::adamw);
    EXPECT_EQ(found.count("exp_avg_sq.embedding.weight"),
              muon || each.config.optimizer == OptimizerKind::adamw);
    EXPECT_EQ(found.count("momentum.blocks.0.mlp.up.weight"),
              muon || each.config.optimizer == OptimizerKind::sgd);
    EXPECT_EQ(found.count("row_squares.blocks.0.attention.qkv.weight"), each.config.muon_variance);
  }
}

TEST(Rules, TheBytesOfTheStateAreKnownBeforehand) {
  int64_t matrices = 0;
  int64_t others = 0;
  for (const auto& [part, count] : parameter_counts(fixture_model())) {
    (part == "attention" || part == "mlp" ? matrices : others) += count;
  }
  for (const auto dtype : {MomentDType::fp32, MomentDType::bf16}) {
    for (Case each : cases()) {
      each.config.moment_dtype = dtype;
      int64_t bytes = 0;
      for (const auto& [name, moment] : Trained(each.config, at::kFloat).optimizer->state()) {
        if (name.rfind("row_squares.", 0) != 0) bytes += static_cast<int64_t>(moment.nbytes());
      }
      EXPECT_EQ(bytes, optimizer_bytes(each.config, matrices, others)) << each.name;
    }
  }
}

TEST(Rules, JoinedMatricesAreTakenApart) {
  const ModelConfig model = fixture_model();
  using Rows = std::vector<int64_t>;
  EXPECT_EQ(joined_rows("blocks.3.attention.qkv.weight", 32, model), (Rows{16, 8, 8}));
  EXPECT_EQ(joined_rows("blocks.3.mlp.up.weight", 48, model), (Rows{24, 24}));
  EXPECT_EQ(joined_rows("blocks.3.mlp.down.weight", 16, model), (Rows{16}));
  ModelConfig plain = model;
  plain.mlp = Activation::gelu;
  EXPECT_EQ(joined_rows("blocks.3.mlp.up.weight", 24, plain), (Rows{24}));
}

TEST(Rules, RatesFollowTheWidth) {
  TrainConfig config;
  EXPECT_EQ(rate_scale(config, ParameterRole::matrix, 512), 1);
  config.base_width = 128;
  config.head_lr_scale = 3;
  for (const auto kind : {OptimizerKind::adamw, OptimizerKind::lion, OptimizerKind::muon}) {
    config.optimizer = kind;
    EXPECT_EQ(rate_scale(config, ParameterRole::head, 512), 3 * 0.25);
    EXPECT_EQ(rate_scale(config, ParameterRole::embedding, 512), 1);
    EXPECT_EQ(rate_scale(config, ParameterRole::vector, 512), 1);
    EXPECT_EQ(rate_scale(config, ParameterRole::matrix, 512),
              kind == OptimizerKind::muon ? 0.5 : 0.25);
  }
  config.optimizer = OptimizerKind::muon;
  config.muon_scale = MuonScale::spectral;
  EXPECT_EQ(rate_scale(config, ParameterRole::matrix, 512), 1);
}

}  // namespace
}  // namespace slovo
