#include <gtest/gtest.h>

#include "core/error.h"
#include "eval/white_space.h"
#include "eval/windows.h"

namespace slovo {

bool operator==(const Window& a, const Window& b) {
  return a.begin == b.begin && a.first == b.first && a.end == b.end;
}
std::ostream& operator<<(std::ostream& out, const Window& w) {
  return out << "{" << w.begin << ", " << w.first << ", " << w.end << "}";
}

namespace {

using Windows = std::vector<Window>;

EvalConfig asked(std::optional<int64_t> window, std::optional<int64_t> stride,
                 Protocol protocol = Protocol::automatic) {
  EvalConfig config;
  config.window = window;
  config.stride = stride;
  config.protocol = protocol;
  return config;
}

std::string problem(const EvalConfig& config) {
  try {
    plan_windows(config, 128);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    return error.what();
  }
  return "";
}

TEST(PlanWindows, DefaultsToTheContextWithoutOverlap) {
  const WindowPlan plan = plan_windows({}, 128);
  EXPECT_EQ(plan.protocol, Protocol::windows);
  EXPECT_EQ(plan.window, 128);
  EXPECT_EQ(plan.stride, 128);
}

TEST(PlanWindows, AStrideBelowTheWindowIsStrided) {
  const WindowPlan plan = plan_windows(asked(64, 16), 128);
  EXPECT_EQ(plan.protocol, Protocol::strided);
  EXPECT_EQ(plan.stride, 16);
  EXPECT_EQ(plan_windows(asked(64, {}, Protocol::strided), 128).stride, 32);
}

TEST(PlanWindows, RefusesWhatCannotBe) {
  EXPECT_NE(problem(asked(129, {})).find("eval.window=129"), std::string::npos);
  EXPECT_NE(problem(asked(64, 65)).find("eval.stride=65"), std::string::npos);
  EXPECT_NE(problem(asked(64, 64, Protocol::strided)).find("--protocol windows"),
            std::string::npos);
  EXPECT_NE(problem(asked(64, 32, Protocol::rolling)).find("eval.protocol=rolling"),
            std::string::npos);
}

TEST(MakeWindows, WithoutOverlap) {
  const WindowPlan plan{Protocol::windows, 4, 4};
  EXPECT_EQ(make_windows(plan, 0), Windows{});
  EXPECT_EQ(make_windows(plan, 1), Windows{});
  EXPECT_EQ(make_windows(plan, 5), (Windows{{0, 1, 5}}));
  EXPECT_EQ(make_windows(plan, 11), (Windows{{0, 1, 5}, {4, 5, 9}, {8, 9, 11}}));
}

TEST(MakeWindows, RollingFillsTheLastWindow) {
  const WindowPlan plan{Protocol::rolling, 4, 4};
  EXPECT_EQ(make_windows(plan, 3), (Windows{{0, 1, 3}}));
  EXPECT_EQ(make_windows(plan, 11), (Windows{{0, 1, 5}, {4, 5, 9}, {6, 9, 11}}));
}

TEST(MakeWindows, Strided) {
  const WindowPlan plan{Protocol::strided, 4, 2};
  EXPECT_EQ(make_windows(plan, 3), (Windows{{0, 1, 3}}));
  EXPECT_EQ(make_windows(plan, 7), (Windows{{0, 1, 4}, {2, 4, 6}, {4, 6, 7}}));
}

TEST(MakeWindows, EveryTokenIsScoredOnceWithTheContextPromised) {
  for (int64_t n = 0; n < 40; ++n) {
    for (const int64_t stride : {1, 2, 3, 5, 7}) {
      const WindowPlan plan{Protocol::strided, 8, stride};
      int64_t next = 1;
      for (const Window& window : make_windows(plan, n)) {
        EXPECT_EQ(window.first, next);
        EXPECT_LE(window.end - window.begin, plan.window);
        EXPECT_GE(window.first - window.begin, window.begin == 0 ? 1 : plan.window - stride);
        next = window.end;
      }
      EXPECT_EQ(next, std::max<int64_t>(n, 1));
    }
  }
}

TEST(WhiteSpace, CountsAsPythonSplits) {
  EXPECT_EQ(count_words(""), 1);
  EXPECT_EQ(count_words("one"), 1);
  EXPECT_EQ(count_words("one  two\n"), 3);
  EXPECT_EQ(count_words(" one"), 2);
  EXPECT_EQ(count_words("раз\u00A0два\u3000три"), 3);
}

TEST(WhiteSpace, TrimsTheEnd) {
  EXPECT_EQ(trimmed_size("one \u2003\n"), 3U);
  EXPECT_EQ(trimmed_size(" \t"), 0U);
  EXPECT_EQ(trimmed_size("да"), 4U);
}

}  // namespace
}  // namespace slovo
