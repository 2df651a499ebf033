#include <gtest/gtest.h>

#include "core/error.h"
#include "decode/stop_matcher.h"

namespace slovo {
namespace {

using Pieces = std::vector<std::string>;

/// What is shown for each piece; the last entry is what finish() gives.
Pieces shown(StopMatcher matcher, const Pieces& pieces) {
  Pieces out;
  for (const std::string& piece : pieces) out.push_back(matcher.push(piece));
  out.push_back(matcher.finish());
  return out;
}

TEST(StopMatcher, WithoutStopsNothingIsHeldBack) {
  EXPECT_EQ(shown(StopMatcher({}), {"ab", "c"}), (Pieces{"ab", "c", ""}));
}

TEST(StopMatcher, FindsAStopAcrossPieces) {
  StopMatcher matcher({"###"});
  EXPECT_EQ(matcher.push("one #"), "one ");
  EXPECT_EQ(matcher.push("#"), "");
  EXPECT_FALSE(matcher.stopped());
  EXPECT_EQ(matcher.push("# two"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.push("more"), "");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcher, ReleasesWhatTurnsOutNotToBeAStop) {
  EXPECT_EQ(shown(StopMatcher({"abc"}), {"xab", "d", "ab"}), (Pieces{"x", "abd", "", "ab"}));
}

TEST(StopMatcher, HoldsTheLongestPossibleBeginning) {
  EXPECT_EQ(shown(StopMatcher({"aab"}), {"aaa", "b"}), (Pieces{"a", "", ""}));
}

TEST(StopMatcher, TheEarliestStopEndsTheText) {
  EXPECT_EQ(shown(StopMatcher({"two", "one"}), {"zero one two"}), (Pieces{"zero ", ""}));
}

TEST(StopMatcher, AnEmptyStopIsRefused) {
  try {
    StopMatcher({"a", ""});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_NE(std::string(error.what()).find("decode.stop"), std::string::npos);
  }
}

}  // namespace
}  // namespace slovo
