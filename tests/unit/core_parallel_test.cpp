#include <atomic>
#include <set>
#include <stdexcept>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/rng.h"
#include "testing.h"

namespace slovo {
namespace {

TEST(ParallelFor, CallsEachIndexOnce) {
  std::vector<std::atomic<int>> seen(1000);
  parallel_for(seen.size(), 8, [&](size_t i) { ++seen[i]; });
  for (const auto& count : seen) EXPECT_EQ(1, count);
  parallel_for(0, 8, [](size_t) { FAIL() << "nothing to do"; });
}

TEST(ParallelFor, PassesAnErrorOnAndStops) {
  for (const int threads : {1, 4}) {
    std::atomic<int> calls{0};
    EXPECT_THROW(parallel_for(100000, threads,
                              [&](size_t i) {
                                ++calls;
                                if (i == 3) throw std::runtime_error("three");
                              }),
                 std::runtime_error);
    EXPECT_LT(calls, 100000);
  }
}

TEST(ParallelFor, KnowsTheCores) { EXPECT_GE(available_cores(), 1); }

TEST(Rng, ValuesDependOnSeedStreamAndIndexOnly) {
  EXPECT_EQ(random_bits(1, 2, 3), random_bits(1, 2, 3));
  const std::set<uint64_t> values = {random_bits(1, 2, 3), random_bits(2, 2, 3),
                                     random_bits(1, 3, 3), random_bits(1, 2, 4),
                                     random_bits(3, 2, 1)};
  EXPECT_EQ(5u, values.size());
  EXPECT_NE(random_stream("shuffle"), random_stream("sampling"));
}

TEST(Rng, UnitsFillTheInterval) {
  double sum = 0;
  double least = 1;
  double most = 0;
  constexpr int kCount = 20000;
  for (uint64_t i = 0; i < kCount; ++i) {
    const double value = random_unit(7, random_stream("test"), i);
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_NEAR(0.5, sum / kCount, 0.01);
  EXPECT_LT(least, 0.001);
  EXPECT_GT(most, 0.999);
}

TEST(PermutationTest, MeetsEveryIndexOnce) {
  for (const uint64_t size : {1u, 2u, 3u, 16u, 17u, 1000u}) {
    const Permutation permutation(size, 42, random_stream("shuffle"));
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < size; ++i) seen.insert(permutation[i]);
    EXPECT_EQ(size, seen.size());
    EXPECT_LT(*seen.rbegin(), size);
  }
}

TEST(PermutationTest, ShufflesAndDependsOnTheSeed) {
  const Permutation one(1000, 1, 0);
  const Permutation two(1000, 2, 0);
  int fixed_points = 0;
  int equal = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    fixed_points += one[i] == i;
    equal += one[i] == two[i];
  }
  EXPECT_LT(fixed_points, 10);
  EXPECT_LT(equal, 10);
}

TEST(ProgressTest, BarFillsFromEmptyToFull) {
  EXPECT_EQ("[....]", progress_bar(0, 4));
  EXPECT_EQ("[##..]", progress_bar(0.5, 4));
  EXPECT_EQ("[####]", progress_bar(1.5, 4));
}

TEST(InterruptTest, NotBeforeASignal) { EXPECT_FALSE(interrupted()); }

}  // namespace
}  // namespace slovo
