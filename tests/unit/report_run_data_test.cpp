#include <algorithm>
#include <cmath>

#include "report/run_data.h"
#include "report/summary.h"
#include "report/thin.h"
#include "testing.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::TempFolder;

constexpr const char* kRecord = R"({"parameters": 3400000, "config": {"train": {"steps": 40}}})";

/// A run folder with these metrics, read.
RunData read_metrics(const std::string& metrics) {
  const TempFolder folder;
  folder.write("run/run.json", kRecord);
  folder.write("run/metrics.jsonl", metrics);
  return read_run(folder.path() / "run");
}

std::vector<std::string> names(const RunData& run) {
  std::vector<std::string> out;
  for (const Series& series : run.series) out.push_back(series.name);
  return out;
}

TEST(RunDataTest, EveryNumberIsASeriesAndSamplesAreTexts) {
  const RunData run = read_metrics(
      R"({"step": 10, "tokens": 1000, "loss": 3.5, "reward/margin": 0.25, "note": "x"}
{"step": 10, "tokens": 1000, "val_loss": 3.25}
{"step": 10, "samples": [{"prompt": "To be", "text": " or not"}, {"text": "N"}]}
{"step": 20, "tokens": 2000, "loss": 3}
)");
  EXPECT_EQ((std::vector<std::string>{"loss", "reward/margin", "val_loss"}), names(run));
  const Series& loss = *run.find("loss");
  EXPECT_EQ((std::vector<int64_t>{10, 20}), loss.steps);
  EXPECT_EQ((std::vector<double>{3.5, 3}), loss.values);
  EXPECT_EQ((std::vector<double>{1000, 2000}), loss.tokens);
  ASSERT_EQ(1u, run.samples.size());
  EXPECT_EQ(10, run.samples[0].step);
  EXPECT_EQ("To be", run.samples[0].texts[0].prompt);
  EXPECT_EQ("", run.samples[0].texts[1].prompt);
  EXPECT_EQ(nullptr, run.find("note"));
}

TEST(RunDataTest, NullIsAGapAndASeriesOfGapsIsNone) {
  const RunData run = read_metrics(
      "{\"step\":1,\"loss\":1,\"mfu\":null}\n{\"step\":2,\"loss\":null,\"mfu\":null}\n");
  EXPECT_TRUE(std::isnan(run.find("loss")->values[1]));
  EXPECT_EQ(nullptr, run.find("mfu"));
}

TEST(RunDataTest, TimeComesFromTheRowsOrFromTokensAndSpeed) {
  const RunData told = read_metrics("{\"step\":1,\"loss\":1,\"seconds\":2.5}\n");
  EXPECT_EQ(2.5, told.find("loss")->seconds[0]);
  EXPECT_EQ(nullptr, told.find("seconds"));
  const RunData derived = read_metrics(
      R"({"step": 10, "tokens": 1000, "loss": 3, "tokens_per_s": 500}
{"step": 15, "tokens": 1500, "val_loss": 2}
{"step": 20, "tokens": 2000, "loss": 3, "tokens_per_s": 250}
)");
  EXPECT_EQ((std::vector<double>{2, 6}), derived.find("loss")->seconds);
  EXPECT_EQ(3, derived.find("val_loss")->seconds[0]);
  const RunData unknown = read_metrics("{\"step\":1,\"tokens\":5,\"loss\":1}\n");
  EXPECT_TRUE(std::isnan(unknown.find("loss")->seconds[0]));
}

TEST(RunDataTest, ALastLineThatIsBeingWrittenIsLeftOutUnlessWhole) {
  EXPECT_EQ(1u,
            read_metrics("{\"step\":1,\"loss\":1}\n{\"step\":2,\"lo").find("loss")->steps.size());
  EXPECT_EQ(
      2u,
      read_metrics("{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}").find("loss")->steps.size());
}

TEST(RunDataTest, BrokenLinesAreNamed) {
  const auto error = [](const std::string& metrics) {
    return error_of([&] { read_metrics(metrics); }, ErrorCode::data);
  };
  EXPECT_TRUE(contains(error("{\"step\":1}\n{\"step\":2,\n{\"step\":3}\n"), "metrics.jsonl:2: "));
  EXPECT_TRUE(contains(error("{\"step\":1}\n\n{\"step\":3}\n"), "metrics.jsonl:2: "));
  EXPECT_TRUE(contains(error("{\"loss\":1}\n"), "metrics.jsonl:1: has no step"));
  EXPECT_TRUE(contains(error("[1]\n"), "metrics.jsonl:1: has no step"));
}

TEST(RunDataTest, BytesThatAreNotUtf8AreReplaced) {
  const RunData run =
      read_metrics("{\"step\":1,\"samples\":[{\"prompt\":\"a\xFF\",\"text\":\"b\"}]}\n");
  EXPECT_EQ("a\xEF\xBF\xBD", run.samples[0].texts[0].prompt);
}

TEST(RunDataTest, WhatIsNoRunIsRefused) {
  const TempFolder folder;
  folder.write("model/config.json", "{}");
  folder.write("empty/x", "");
  folder.write("broken/run.json", "{");
  const auto error = [&](const char* name) {
    return error_of([&] { read_run(folder.path() / name); }, ErrorCode::data);
  };
  EXPECT_TRUE(contains(error("nothing"), "no such folder"));
  EXPECT_TRUE(contains(error("model/config.json"), "is a file"));
  EXPECT_TRUE(contains(error("model"), "is a model folder, not a run"));
  EXPECT_TRUE(contains(error("empty"), "holds no run (no run.json)"));
  EXPECT_TRUE(contains(error("broken"), "run.json"));
}

TEST(Summary, SaysInASentenceWhatHappened) {
  const std::string rows =
      R"({"step": 20, "tokens": 1050000, "loss": 5, "tokens_per_s": 21000, "memory_bytes": 5}
{"step": 20, "tokens": 1050000, "val_loss": 4.987}
{"step": 40, "tokens": 2100000, "loss": 3, "tokens_per_s": 21000, "memory_bytes": 4}
)";
  const RunData run = read_metrics(rows + R"({"step": 40, "tokens": 2100000, "val_loss": 2.31})"
                                          "\n");
  EXPECT_EQ(
      "Trained 3.40M parameters on 2.10M tokens for 40 steps: validation loss 4.99 → 2.31, 21.0K "
      "tok/s, 1m 40s.",
      headline(summarise(run)));
  EXPECT_EQ(5, summarise(run)["peak_memory_bytes"]);
  EXPECT_EQ(4, summarise(run)["final_loss"]) << "the mean of the last rows";
  const RunData worse = read_metrics(rows + R"({"step": 30, "val_loss": 2}
{"step": 39, "val_loss": 2.5})"
                                            "\n");
  EXPECT_TRUE(contains(headline(summarise(worse)), "4.99 → 2.50 (best 2.00 at step 30)"));
  const RunData going_on = read_metrics("{\"step\":10,\"loss\":5}\n{\"step\":20,\"loss\":4}\n");
  EXPECT_EQ("At step 20 of 40, having trained 3.40M parameters: loss 5.00 → 4.50.",
            headline(summarise(going_on)));
  EXPECT_EQ("No step is logged yet.", headline(summarise(read_metrics(""))));
}

Series wave(size_t rows) {
  Series out{"loss", {}, {}, {}, {}};
  for (size_t i = 0; i < rows; ++i) {
    out.steps.push_back(static_cast<int64_t>(i));
    out.tokens.push_back(static_cast<double>(i) * 10);
    out.seconds.push_back(static_cast<double>(i) / 10);
    out.values.push_back(std::sin(static_cast<double>(i)));
  }
  return out;
}

TEST(Thin, KeepsEveryStretchsExtremesAndTheEnds) {
  Series series = wave(40'000);
  series.values[12'345] = 100;
  series.values[30'001] = -100;
  const ThinSeries out = thin(series, 4000);
  const Series& short_one = out.series;
  EXPECT_LE(short_one.values.size(), 4000u);
  EXPECT_GE(short_one.values.size(), 3900u);
  EXPECT_EQ(short_one.values.size(), out.means.size());
  EXPECT_EQ(0, short_one.steps.front());
  EXPECT_EQ(39'999, short_one.steps.back());
  EXPECT_TRUE(std::is_sorted(short_one.steps.begin(), short_one.steps.end()));
  for (size_t i = 0; i < short_one.steps.size(); ++i) {
    const auto row = static_cast<size_t>(short_one.steps[i]);
    EXPECT_EQ(series.values[row], short_one.values[i]);
    EXPECT_EQ(series.tokens[row], short_one.tokens[i]);
  }
  EXPECT_EQ(100, *std::max_element(short_one.values.begin(), short_one.values.end()));
  EXPECT_EQ(-100, *std::min_element(short_one.values.begin(), short_one.values.end()));
}

TEST(Thin, MeansAreOfAllRows) {
  Series series = wave(100);
  for (size_t i = 0; i < 100; ++i) series.values[i] = i % 10 == 0 ? 10 : 0;
  const ThinSeries out = thin(series, 22);  // ten stretches of ten rows
  for (const double mean : out.means) EXPECT_DOUBLE_EQ(1, mean);
}

TEST(Thin, GapsStayGapsAndShortSeriesStayAsTheyAre) {
  Series series = wave(1000);
  for (size_t i = 500; i < 600; ++i) series.values[i] = std::nan("");
  const ThinSeries out = thin(series, 100);
  EXPECT_LE(out.series.values.size(), 100u);
  const auto gaps = std::count_if(out.series.values.begin(), out.series.values.end(),
                                  [](double v) { return std::isnan(v); });
  EXPECT_GT(gaps, 2);
  EXPECT_EQ(series.values.size(), thin(series, 1000).series.values.size());
  EXPECT_TRUE(thin(series, 1000).means.empty());
}

}  // namespace
}  // namespace slovo
