// Examples as rows: how they are packed, and that no place of one is lost.
#include "data/packing.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "core/rng.h"
#include "data/loader.h"
#include "testing.h"

namespace slovo {
namespace {

std::vector<int64_t> random_lengths(size_t count, int64_t longest) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < count; ++i)
    out.push_back(1 + static_cast<int64_t>(random_bits(7, 0, i) % static_cast<uint64_t>(longest)));
  return out;
}

TEST(Packing, EveryItemIsInOneRowAndNoRowIsTooLong) {
  const auto lengths = random_lengths(1000, 60);
  const auto rows = pack(lengths, 128, 3);
  std::set<size_t> seen;
  for (const auto& row : rows) {
    int64_t total = 0;
    for (const size_t item : row) {
      total += lengths[item];
      EXPECT_TRUE(seen.insert(item).second);
    }
    EXPECT_LE(total, 128);
  }
  EXPECT_EQ(lengths.size(), seen.size());
  const auto sum = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  EXPECT_LE(std::ssize(rows), sum / 128 * 102 / 100 + 1) << "best fit leaves little room";
}

TEST(Packing, TheLongestGoFirstEachWhereItLeavesTheLeastRoom) {
  // 7 and 6 open rows; 4 fits behind 6 only; 3 behind 7; 2 opens a third.
  const auto rows = pack({3, 6, 2, 7, 4}, 10, 1);
  EXPECT_EQ((std::vector<std::vector<size_t>>{{3, 0}, {1, 4}, {2}}), rows);
}

TEST(Packing, TheSeedDecidesAmongItemsOfEqualLength) {
  const std::vector<int64_t> lengths(40, 5);
  EXPECT_EQ(pack(lengths, 10, 1), pack(lengths, 10, 1));
  EXPECT_NE(pack(lengths, 10, 1), pack(lengths, 10, 2));
}

std::shared_ptr<const TokenExamples> examples(const std::vector<int64_t>& lengths) {
  auto out = std::make_shared<TokenExamples>();
  TokenId next = 1;
  for (const int64_t length : lengths) {
    TokenExample example;
    for (int64_t i = 0; i < length; ++i) {
      example.ids.push_back(next++);
      example.weights.push_back(i == 0 || i % 3 == 1 ? 0 : 1);
    }
    example.source = cat("row ", out->size() + 1);
    out->push_back(std::move(example));
  }
  return out;
}

TEST(Packing, RowsHoldTheExamplesAsDocumentsOfTheirOwn) {
  RowSources sources;
  sources.push_back(std::make_unique<ExampleRows>(examples({6, 4}),
                                                  ExampleRowsOptions{.name = "x", .seq_len = 10}));
  EXPECT_EQ(1, sources[0]->rows());
  EXPECT_EQ(5, sources[0]->tokens());
  TrainLoader loader(std::move(sources), {1, 10, 3});
  const Batch batch = loader.batch(0);
  const auto row = [](const at::Tensor& tensor) {
    const at::Tensor flat = tensor.flatten().to(at::kLong).contiguous();
    return std::vector<int64_t>(flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel());
  };
  EXPECT_EQ((std::vector<int64_t>{1, 2, 3, 4, 5, 7, 8, 9, 0, 0}), row(batch.ids_BT));
  EXPECT_EQ((std::vector<int64_t>{2, 3, 4, 5, 6, 8, 9, 10, 0, 0}), row(batch.targets_BT));
  EXPECT_EQ((std::vector<int64_t>{0, 1, 1, 0, 1, 0, 1, 1, 0, 0}), row(batch.weights_BT));
  EXPECT_EQ((std::vector<int64_t>{0, 1, 2, 3, 4, 0, 1, 2, 0, 1}), row(batch.positions_BT));
  EXPECT_EQ((std::vector<int32_t>{0, 5, 8, 10}), batch.segments.offsets);
  EXPECT_EQ((std::vector<std::string>{"row 1 (and 1 more)"}), loader.describe_rows(0));
}

TEST(Packing, WithoutPaddingTheSamePredictionsAreLearned) {
  RowSources sources;
  sources.push_back(std::make_unique<ExampleRows>(
      examples({6, 90, 31, 4}), ExampleRowsOptions{.name = "x", .seq_len = 100, .packing = false}));
  TrainLoader loader(std::move(sources), {4, 100, 3});
  const Batch padded = loader.batch(0);
  const Batch dense = padded.without_padding();
  ASSERT_EQ(1, dense.rows());
  EXPECT_EQ(150, dense.ids_BT.size(1)) << "127 predictions, filled up to three eighths of 400";
  const auto learned = [](const Batch& batch) {
    const at::Tensor index = batch.weights_BT.flatten().nonzero().flatten();
    return at::stack({batch.ids_BT.flatten().index({index}),
                      batch.targets_BT.flatten().index({index}),
                      batch.positions_BT.flatten().index({index})});
  };
  EXPECT_TRUE(at::equal(learned(padded), learned(dense)));
  for (size_t i = 0; i + 1 < dense.segments.offsets.size(); ++i) {
    EXPECT_EQ(0, dense.positions_BT[0][dense.segments.offsets[i]].item<int64_t>());
  }
  EXPECT_EQ(150, dense.segments.offsets.back());
}

TEST(Packing, FullRowsStayAsTheyAre) {
  Batch batch;
  batch.ids_BT = at::zeros({2, 64}, at::kLong);
  batch.weights_BT = at::ones({2, 64});
  batch.segments = Segments::rows(2, 64);
  EXPECT_TRUE(batch.without_padding().ids_BT.is_same(batch.ids_BT));
}

}  // namespace
}  // namespace slovo
