#include "train/budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/error.h"
#include "model/transformer.h"
#include "testing.h"

namespace slovo {
namespace {

RunConfig small_vocabulary() {
  RunConfig out;
  out.model.vocab_size = 65;
  return out;
}

/// What derive_run asks: these fields are given.
std::function<bool(const std::string&)> given(std::set<std::string> keys) {
  return [keys = std::move(keys)](const std::string& key) { return keys.count(key) > 0; };
}

double tokens(const RunConfig& config) {
  return static_cast<double>(config.train.rows_before(config.train.steps) * config.data.seq_len);
}

double operations(const RunConfig& config) {
  return tokens(config) * train_flops_per_token(config.model, config.data.seq_len);
}

constexpr int64_t kMuchText = int64_t{1} << 40;

TEST(Budget, IsATimeOrAnAmountOfArithmetic) {
  EXPECT_EQ(parse_budget("90s").seconds, 90);
  EXPECT_EQ(parse_budget("1.5m").seconds, 90);
  EXPECT_EQ(parse_budget("2h").seconds, 7200);
  EXPECT_EQ(parse_budget("1e16flop").flops, 1e16);
  EXPECT_EQ(parse_budget("1e16flop").seconds, 0);
  for (const char* text :
       {"", "10", "m", "10 minutes", "-3m", "0s", "1e16", "nan m", "infm", "3d"}) {
    const std::string error = testing::error_of([&] { parse_budget(text); }, ErrorCode::config);
    EXPECT_TRUE(testing::contains(error, cat("--budget is \"", text, "\"; must be a time such as")))
        << error;
  }
}

TEST(Budget, LargerOnesGiveLargerModelsLongerRunsAndLowerRates) {
  RunConfig before;
  before.model.hidden_size = 0;
  before.train.lr = 1;
  before.train.batch_size = 0;
  for (const double flops : {1e14, 1e16, 1e18, 1e20}) {
    RunConfig config = small_vocabulary();
    const double used = derive_run(config, given({}), flops, kMuchText);
    EXPECT_NEAR(used / flops, 1, 1e-9);
    EXPECT_NEAR(operations(config) / flops, 1, 0.05);
    const double ratio = tokens(config) / static_cast<double>(product_parameters(config.model));
    EXPECT_GT(ratio, 4) << flops;
    EXPECT_LT(ratio, 36) << flops;
    EXPECT_GT(config.model.hidden_size, before.model.hidden_size);
    EXPECT_GT(config.train.batch_size, before.train.batch_size);
    EXPECT_LT(*config.train.lr, *before.train.lr);
    EXPECT_EQ(config.model.hidden_size, 64 * config.model.num_hidden_layers);
    EXPECT_EQ(config.model.head_size(), 64);
    EXPECT_EQ(config.train.optimizer, OptimizerKind::muon);
    before = config;
  }
}

TEST(Budget, WhatIsGivenStays) {
  RunConfig config = small_vocabulary();
  config.model.num_hidden_layers = 3;
  config.model.num_attention_heads = 7;
  config.train.lr = 0.5;
  config.train.optimizer = OptimizerKind::adamw;
  config.train.batch_size = 5;
  derive_run(config,
             given({"model.num_hidden_layers", "model.num_attention_heads", "train.lr",
                    "train.optimizer", "train.batch_size"}),
             1e16, kMuchText);
  EXPECT_EQ(config.model.num_hidden_layers, 3);
  EXPECT_EQ(config.model.num_attention_heads, 7);
  EXPECT_EQ(config.model.hidden_size % 14, 0);  // heads of even size
  EXPECT_EQ(config.train.lr, 0.5);
  EXPECT_EQ(config.train.optimizer, OptimizerKind::adamw);
  EXPECT_EQ(config.train.batch_size, 5);
  EXPECT_NEAR(operations(config) / 1e16, 1, 0.05);
}

TEST(Budget, ALengthThatIsGivenDecidesTheSize) {
  RunConfig config = small_vocabulary();
  config.train.steps = 1000;
  config.train.batch_size = 64;
  derive_run(config, given({"train.steps", "train.batch_size"}), 1e15, kMuchText);
  EXPECT_EQ(config.train.steps, 1000);
  EXPECT_EQ(config.train.batch_size, 64);
  EXPECT_LT(std::abs(std::log(operations(config) / 1e15)), std::log(2.0));
}

TEST(Budget, AShortTextIsNotSeenForEver) {
  RunConfig config = small_vocabulary();
  const int64_t text = 1000000;
  const double used = derive_run(config, given({}), 1e18, text);
  EXPECT_LT(used, 1e16);
  EXPECT_NEAR(tokens(config) / static_cast<double>(text), 16, 0.5);
}

TEST(Budget, HeadsDivideAWidthThatIsGiven) {
  for (const int64_t width : {32, 100, 320, 770}) {
    RunConfig config = small_vocabulary();
    config.model.hidden_size = width;
    derive_run(config, given({"model.hidden_size"}), 1e15, kMuchText);
    EXPECT_EQ(config.model.hidden_size, width);
    EXPECT_EQ(width % (2 * config.model.num_attention_heads), 0) << width;
  }
}

TEST(Budget, TokensSeenAgainAreWorthLess) {
  EXPECT_EQ(effective_tokens(5, 10), 5);
  EXPECT_NEAR(effective_tokens(20, 10), 19.7, 0.1);
  EXPECT_LT(effective_tokens(1e9, 10), 164);
}

TEST(Budget, PredictsAPowerLawAndHoldsItInTheRange) {
  for (const double exponent : {0.2, 0.3, 0.45}) {
    const auto loss = [&](double t) { return 1.2 + 8 * std::pow(t / 1e4, -exponent); };
    const Prediction found =
        predict_loss({{1e5, loss(1e5)}, {2e5, loss(2e5)}, {4e5, loss(4e5)}}, 3.2e6);
    EXPECT_NEAR(found.loss, loss(3.2e6), 0.3) << exponent;
    EXPECT_LT(found.low, loss(3.2e6));
    EXPECT_GT(found.high, loss(3.2e6));
    EXPECT_LT(found.high - found.low, 1.5);
  }
}

/// Trials of a made-up text of few patterns, whose loss fell steeply and came to stand at 0.834.
TEST(Budget, ASteepCurveThatComesToStandIsInTheRange) {
  const Prediction found =
      predict_loss({{409600, 3.8323}, {819200, 2.5058}, {1635488, 1.4814}}, 1.02e7);
  EXPECT_LT(found.low, 0.834);
  EXPECT_GT(found.high, 0.834);
  EXPECT_GE(found.low, 0);
}

TEST(Budget, ALossThatDoesNotFallIsPredictedToStay) {
  const Prediction found = predict_loss({{1e5, 2.0}, {2e5, 2.0}, {4e5, 2.0}}, 3.2e6);
  EXPECT_NEAR(found.loss, 2, 0.03);
}

}  // namespace
}  // namespace slovo
