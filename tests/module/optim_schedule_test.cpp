#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "config/load.h"
#include "core/files.h"
#include "optim/schedule.h"
#include "testing.h"

namespace slovo {
namespace {

constexpr double kTolerance = 1e-12;

TrainConfig config(Schedule schedule) {
  TrainConfig out;
  out.steps = 101;
  out.warmup_steps = 10;
  out.lr = 0.5;
  out.min_lr = 0.1;
  out.schedule = schedule;
  out.decay_share = 0.2;
  return out;
}

TEST(Schedule, WarmsUpInEqualStepsToTheFullRate) {
  for (const Schedule schedule : {Schedule::cosine, Schedule::linear, Schedule::wsd,
                                  Schedule::inverse_sqrt, Schedule::constant}) {
    const TrainConfig c = config(schedule);
    EXPECT_NEAR(learning_rate(c, 0), 0.05, kTolerance);
    EXPECT_NEAR(learning_rate(c, 4), 0.25, kTolerance);
    EXPECT_NEAR(learning_rate(c, 9), 0.5, kTolerance);
    if (schedule == Schedule::inverse_sqrt) continue;  // falls at once
    EXPECT_NEAR(learning_rate(c, 10), 0.5, kTolerance);
  }
}

TEST(Schedule, CosineFollowsHalfAWaveAndEndsAtTheLeastRate) {
  const TrainConfig c = config(Schedule::cosine);
  EXPECT_NEAR(learning_rate(c, 55), 0.3, kTolerance);  // half of the 90 steps from 10 to 100
  EXPECT_NEAR(learning_rate(c, 40), 0.1 + 0.2 * (1 + std::cos(std::numbers::pi / 3)), kTolerance);
  EXPECT_NEAR(learning_rate(c, 100), 0.1, kTolerance);
}

TEST(Schedule, LinearFallsEvenly) {
  const TrainConfig c = config(Schedule::linear);
  EXPECT_NEAR(learning_rate(c, 19), 0.5 - 0.4 * 0.1, kTolerance);
  EXPECT_NEAR(learning_rate(c, 55), 0.3, kTolerance);
  EXPECT_NEAR(learning_rate(c, 100), 0.1, kTolerance);
}

TEST(Schedule, WsdStaysLevelThenFallsOverItsShare) {
  TrainConfig c = config(Schedule::wsd);
  c.steps = 100;  // the last 20 steps, 80 ... 99, fall
  EXPECT_NEAR(learning_rate(c, 79), 0.5, kTolerance);
  EXPECT_NEAR(learning_rate(c, 80), 0.5 - 0.4 / 20, kTolerance);
  EXPECT_NEAR(learning_rate(c, 89), 0.3, kTolerance);
  EXPECT_NEAR(learning_rate(c, 99), 0.1, kTolerance);
  c.decay_share = 0;
  EXPECT_NEAR(learning_rate(c, 99), 0.5, kTolerance);
}

TEST(Schedule, ConstantStays) { EXPECT_EQ(learning_rate(config(Schedule::constant), 100), 0.5); }

TEST(Schedule, LeastRateIsATenthWhenUnset) {
  TrainConfig c = config(Schedule::linear);
  c.min_lr.reset();
  EXPECT_NEAR(learning_rate(c, 100), 0.05, kTolerance);
}

TEST(Schedule, RunsShorterThanTheWarmUpNeverLeaveIt) {
  TrainConfig c = config(Schedule::cosine);
  c.steps = 5;
  EXPECT_NEAR(learning_rate(c, 4), 0.25, kTolerance);
  c.steps = 11;  // one step behind the warm-up
  EXPECT_NEAR(learning_rate(c, 10), 0.5, kTolerance);
}

/// The settings of a case of scripts/make_fixtures_optim.py.
TrainConfig fixture_config(const Json& settings) {
  ConfigBuilder builder;
  builder.apply_json({{"train", settings}}, "fixture");
  builder.finish({"train"});
  return builder.config().train;
}

TEST(Schedule, EqualsTheFormulasInPython) {
  const Json fixture = Json::parse(read_file(testing::fixture("optim/schedules.json")));
  for (const Json& each : fixture.at("rates")) {
    const TrainConfig c = fixture_config(each.at("config"));
    for (int64_t step = 0; step < c.steps; ++step) {
      const double wanted = each.at("values")[static_cast<size_t>(step)].get<double>();
      EXPECT_NEAR(learning_rate(c, step), wanted, kTolerance * wanted) << each.at("config") << step;
    }
  }
}

TEST(Schedule, BatchesGrowInWholeMicroBatches) {
  const Json fixture = Json::parse(read_file(testing::fixture("optim/schedules.json")));
  for (const Json& each : fixture.at("rows")) {
    const TrainConfig c = fixture_config(each.at("config"));
    int64_t total = 0;
    for (int64_t step = 0; step < 15; ++step) {
      EXPECT_EQ(c.rows_before(step), total) << each.at("config") << step;
      EXPECT_EQ(c.rows(step), each.at("values")[static_cast<size_t>(step)].get<int64_t>());
      total += c.rows(step);
    }
  }
  EXPECT_EQ(TrainConfig().rows_before(7), 7 * TrainConfig().batch_size);
}

}  // namespace
}  // namespace slovo
