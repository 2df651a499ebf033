#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/error.h"
#include "decode/logits.h"

namespace slovo {
namespace {

DecodeConfig sampling(double temperature, int64_t top_k, double top_p) {
  DecodeConfig config;
  config.temperature = temperature;
  config.top_k = top_k;
  config.top_p = top_p;
  return config;
}

/// Ids that are left after the chain, in ascending order.
std::vector<TokenId> survivors(const DecodeConfig& config, const std::vector<float>& logits) {
  Candidates candidates;
  for (size_t id = 0; id < logits.size(); ++id) {
    candidates.push_back({static_cast<TokenId>(id), logits[id]});
  }
  for (const auto& processor : make_processors(config)) processor->apply(candidates);
  std::vector<TokenId> ids;
  for (const Candidate& candidate : candidates) ids.push_back(candidate.id);
  std::ranges::sort(ids);
  return ids;
}

/// Logits whose softmax is `probabilities`.
std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> out;
  for (const double p : probabilities) out.push_back(static_cast<float>(std::log(p)));
  return out;
}

using Ids = std::vector<TokenId>;

TEST(Processors, NeutralSettingsAreLeftOut) {
  EXPECT_TRUE(make_processors(sampling(1.0, 0, 1.0)).empty());
  EXPECT_EQ(make_processors(sampling(0.5, 3, 0.9)).size(), 3U);
}

TEST(Processors, TopKKeepsTheLikeliestAndTheirEquals) {
  EXPECT_EQ(survivors(sampling(1, 2, 1), {1, 4, 3, 2}), (Ids{1, 2}));
  EXPECT_EQ(survivors(sampling(1, 2, 1), {3, 4, 3, 2}), (Ids{0, 1, 2}));
  EXPECT_EQ(survivors(sampling(1, 9, 1), {3, 4}), (Ids{0, 1}));
}

TEST(Processors, TopPKeepsTheSmallestSetThatHoldsTheProbability) {
  const auto logits = logits_of({0.1, 0.5, 0.05, 0.35});
  EXPECT_EQ(survivors(sampling(1, 0, 0.4), logits), (Ids{1}));
  EXPECT_EQ(survivors(sampling(1, 0, 0.6), logits), (Ids{1, 3}));
  EXPECT_EQ(survivors(sampling(1, 0, 0.9), logits), (Ids{0, 1, 3}));
  EXPECT_EQ(survivors(sampling(1, 0, 0), logits), (Ids{1}));
}

TEST(Processors, TopPTakesTheLowerIdAmongEquals) {
  EXPECT_EQ(survivors(sampling(1, 0, 0.4), logits_of({0.25, 0.25, 0.25, 0.25})), (Ids{0, 1}));
}

TEST(Processors, TopPReachesPastTheFirstSortedPart) {
  const std::vector<float> flat(1000, 0.5F);
  EXPECT_EQ(survivors(sampling(1, 0, 0.5), flat).size(), 500U);
}

TEST(Processors, TemperatureComesBeforeTopP) {
  const auto logits = logits_of({0.6, 0.4});
  EXPECT_EQ(survivors(sampling(1, 0, 0.7), logits), (Ids{0, 1}));
  // At temperature 1/4 the first holds 0.6^4 / (0.6^4 + 0.4^4) = 0.835.
  EXPECT_EQ(survivors(sampling(0.25, 0, 0.7), logits), (Ids{0}));
}

TEST(Sampler, GreedyTakesTheFirstOfTheLikeliest) {
  const Sampler sampler(sampling(0, 0, 1), 1);
  const std::vector<float> logits{0.5F, 2.0F, -1.0F, 2.0F};
  EXPECT_EQ(sampler.sample(logits, {}), 1);
}

TEST(Sampler, FrequenciesFollowTheDistribution) {
  const Sampler sampler(sampling(1, 0, 1), 7);
  const std::vector<double> expected{0.1, 0.5, 0.05, 0.35};
  const auto logits = logits_of(expected);
  constexpr uint64_t kDraws = 20000;
  std::map<TokenId, double> counts;
  for (uint64_t position = 0; position < kDraws; ++position) {
    ++counts[sampler.sample(logits, {.position = position})];
  }
  for (size_t id = 0; id < expected.size(); ++id) {
    const double sigma = std::sqrt(expected[id] * (1 - expected[id]) / kDraws);
    EXPECT_NEAR(counts[static_cast<TokenId>(id)] / kDraws, expected[id], 4 * sigma) << id;
  }
}

TEST(Sampler, ADrawDependsOnItsNameOnly) {
  const std::vector<float> logits(500, 0.0F);
  const auto draw = [&](uint64_t seed, const Draw& where) {
    return Sampler(sampling(1, 0, 1), seed).sample(logits, where);
  };
  const TokenId first = draw(1, {3, 2, 5});
  EXPECT_EQ(draw(1, {3, 2, 5}), first);
  EXPECT_NE(draw(2, {3, 2, 5}), first);
  EXPECT_NE(draw(1, {4, 2, 5}), first);
  EXPECT_NE(draw(1, {3, 3, 5}), first);
  EXPECT_NE(draw(1, {3, 2, 6}), first);
}

TEST(Sampler, LogitsThatAreNoNumbersAreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const auto& logits :
       {std::vector<float>{1, nan}, {nan, 1}, {infinity, 1}, {-infinity, -infinity}}) {
    try {
      Sampler(sampling(0, 0, 1), 1).sample(logits, {});
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint);
      EXPECT_NE(std::string(error.what()).find("--dtype fp32"), std::string::npos) << error.what();
    }
  }
}

TEST(LogProb, IsTheLogOfTheSoftmax) {
  const auto logits = logits_of({0.1, 0.5, 0.4});
  EXPECT_NEAR(log_prob(logits, 1), std::log(0.5), 1e-6);
  EXPECT_NEAR(log_prob(std::vector<float>{1000, 1000}, 0), std::log(0.5), 1e-9);
}

}  // namespace
}  // namespace slovo
