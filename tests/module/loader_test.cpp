#include "data/loader.h"

#include <ATen/ATen.h>

#include <map>

#include "data/pretrain_data.h"
#include "data_helpers.h"

namespace slovo {
namespace {

using testing::ByteTokenizer;
using testing::error_text;
using testing::TempFolder;

std::vector<int64_t> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous().view(-1).to(at::kLong);
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

bool same(const Batch& a, const Batch& b) {
  return at::equal(a.ids_BT, b.ids_BT) && at::equal(a.targets_BT, b.targets_BT) &&
         at::equal(a.weights_BT, b.weights_BT) && at::equal(a.positions_BT, b.positions_BT) &&
         a.segments.offsets == b.segments.offsets;
}

constexpr int64_t kEnd = 256;

TrainLoader text_loader(std::vector<TokenStream> streams, const LoaderOptions& options) {
  return {text_sources(std::move(streams), options), options};
}

/// Documents of distinct letters: document i is made of the byte i only, so that mixing shows.
class Loader : public ::testing::Test {
 protected:
  void SetUp() override { log::set_level(LogLevel::off); }
  void TearDown() override { log::set_level(LogLevel::info); }

  TokenStream stream(const std::string& text, bool with_end = true,
                     const std::string& separator = "|") {
    DataConfig config;
    config.paths = {folder_.write(cat("text", files_++, ".txt"), text)};
    config.valid_share = 0;
    config.document_separator = separator;
    config.cache_dir = folder_ / "cache";
    return std::move(
        open_pretrain_data(open_corpus(config, 1), config, ByteTokenizer(with_end), 1, 1).train[0]);
  }
  /// 40 documents of 1 to 40 letters.
  TokenStream letters(bool with_end = true) {
    std::string text;
    for (int i = 0; i < 40; ++i)
      text += std::string(static_cast<size_t>(1 + (i * 17) % 40), static_cast<char>('0' + i)) + "|";
    return stream(text, with_end);
  }

  TempFolder folder_;
  int files_ = 0;
};

TEST_F(Loader, RowsOfALoneDocumentAreItsText) {
  std::string text;
  for (int i = 0; i < 90; ++i) text += static_cast<char>(' ' + i);
  TokenStream plain = stream(text, false, "");
  ASSERT_EQ(plain.pairs(), 89);
  TrainLoader loader = text_loader({plain}, {3, 8, 7, false});
  EXPECT_EQ(loader.rows_per_epoch(), 11);
  EXPECT_EQ(loader.steps(1), 4);
  for (int64_t step = 0; step < 8; ++step) {
    const Batch batch = loader.batch(step);
    const auto ids = values(batch.ids_BT);
    const auto targets = values(batch.targets_BT);
    for (size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(targets[i], ids[i] + 1);
    EXPECT_EQ(batch.weights_BT.sum().item<float>(), 24);
  }
}

TEST_F(Loader, AnEpochPredictsEveryTokenOnce) {
  for (const bool with_end : {true, false}) {
    TokenStream all = letters(with_end);
    std::map<int64_t, int64_t> expected;
    for (const StreamPiece& piece : all.pieces) {
      const auto letter = '0' + piece.document;
      const int64_t count = piece.pairs() - (with_end ? 1 : 0);
      if (count > 0) expected[letter] += count;
      if (with_end) ++expected[kEnd];
    }
    const int64_t pairs = all.pairs();
    TrainLoader loader = text_loader({all}, {1, 16, 3, false});
    std::set<std::vector<int64_t>> epochs;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      std::map<int64_t, int64_t> seen;
      std::vector<int64_t> order;
      for (int64_t step = 0; step < loader.rows_per_epoch(); ++step) {
        for (const int64_t id :
             values(loader.batch(epoch * loader.rows_per_epoch() + step).targets_BT)) {
          ++seen[id];
          order.push_back(id);
        }
      }
      int64_t missed = 0;
      for (const auto& [id, count] : expected) {
        ASSERT_LE(seen[id], count);
        missed += count - seen[id];
      }
      EXPECT_EQ(missed, pairs % 16);
      EXPECT_TRUE(epochs.insert(order).second) << "epochs are in different order";
    }
  }
}

TEST_F(Loader, AnyStepIsFoundDirectlyAndTheSameAgain) {
  const TokenStream all = letters();
  TrainLoader straight = text_loader({all}, {5, 16, 3, false});
  std::vector<Batch> batches;
  for (int64_t step = 0; step < 60; ++step) batches.push_back(straight.batch(step));
  for (const int64_t step : {int64_t{59}, int64_t{0}, int64_t{31}, int64_t{30}, int64_t{1}}) {
    TrainLoader fresh = text_loader({all}, {5, 16, 3, false});
    EXPECT_TRUE(same(fresh.batch(step), batches[static_cast<size_t>(step)])) << step;
    EXPECT_TRUE(same(straight.batch(step), batches[static_cast<size_t>(step)])) << step;
  }
  TrainLoader other = text_loader({all}, {5, 16, 4, false});
  EXPECT_FALSE(same(other.batch(0), batches[0]));
}

TEST_F(Loader, TheBatchSizeOnlyGroupsRows) {
  const TokenStream all = letters();
  TrainLoader one = text_loader({all}, {1, 16, 3, false});
  TrainLoader four = text_loader({all}, {4, 16, 3, false});
  for (int64_t step = 0; step < 30; ++step) {
    const Batch batch = four.batch(step);
    for (int64_t row = 0; row < 4; ++row)
      ASSERT_TRUE(same(batch.slice(row, row + 1), one.batch(4 * step + row)));
  }
}

TEST_F(Loader, NoDocumentSeesAnother) {
  TrainLoader loader = text_loader({letters()}, {4, 16, 3, false});
  for (int64_t step = 0; step < 40; ++step) {
    const Batch batch = loader.batch(step);
    const auto ids = values(batch.ids_BT);
    const auto targets = values(batch.targets_BT);
    const auto positions = values(batch.positions_BT);
    const auto& offsets = batch.segments.offsets;
    ASSERT_EQ(offsets.front(), 0);
    ASSERT_EQ(offsets.back(), 64);
    for (int32_t row = 0; row <= 4; ++row)
      ASSERT_TRUE(std::binary_search(offsets.begin(), offsets.end(), row * 16));
    for (size_t s = 0; s + 1 < offsets.size(); ++s) {
      ASSERT_LT(offsets[s], offsets[s + 1]);
      std::set<int64_t> letters_seen;
      for (int32_t at = offsets[s]; at < offsets[s + 1]; ++at) {
        const auto i = static_cast<size_t>(at);
        ASSERT_EQ(positions[i], at - offsets[s]);
        if (ids[i] != kEnd) letters_seen.insert(ids[i]);
        if (targets[i] != kEnd) letters_seen.insert(targets[i]);
        // End-of-text is an input only where a document begins, and a target only where it ends.
        ASSERT_TRUE(ids[i] != kEnd || at == offsets[s]);
        ASSERT_TRUE(targets[i] != kEnd || at + 1 == offsets[s + 1]);
      }
      ASSERT_LE(letters_seen.size(), 1U);
    }
  }
}

TEST_F(Loader, DocumentsBeginAndEndWithEndOfText) {
  ValidLoader loader(stream("ab|cde|f"), {8, 9, 0, false});
  ASSERT_EQ(loader.batches(), 1);
  const Batch batch = loader.batch(0);
  EXPECT_EQ(values(batch.ids_BT),
            (std::vector<int64_t>{kEnd, 'a', 'b', kEnd, 'c', 'd', 'e', kEnd, 'f'}));
  EXPECT_EQ(values(batch.targets_BT),
            (std::vector<int64_t>{'a', 'b', kEnd, 'c', 'd', 'e', kEnd, 'f', kEnd}));
  EXPECT_EQ(values(batch.positions_BT), (std::vector<int64_t>{0, 1, 2, 0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(batch.segments.offsets, (std::vector<int32_t>{0, 3, 7, 9}));
}

TEST_F(Loader, AttentionAcrossDocumentsMakesRowsWhole) {
  ValidLoader loader(stream("ab|cde|f"), {8, 4, 0, true});
  const Batch batch = loader.batch(0);
  EXPECT_EQ(batch.segments.offsets, (std::vector<int32_t>{0, 4, 8, 12}));
  EXPECT_TRUE(batch.segments.batch == 3 &&
              static_cast<int64_t>(batch.segments.offsets.size()) == batch.rows() + 1);
  EXPECT_EQ(values(batch.positions_BT), (std::vector<int64_t>{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(values(batch.ids_BT),
            (std::vector<int64_t>{kEnd, 'a', 'b', kEnd, 'c', 'd', 'e', kEnd, 'f', 0, 0, 0}));
  EXPECT_EQ(values(batch.weights_BT), (std::vector<int64_t>{1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0}));
}

TEST_F(Loader, ValidationScoresEveryTokenOnce) {
  TokenStream all = letters();
  const int64_t pairs = all.pairs();
  std::vector<int64_t> expected;
  for (const StreamPiece& piece : all.pieces) {
    for (int64_t i = 1; i < piece.pairs(); ++i) expected.push_back('0' + piece.document);
    expected.push_back(kEnd);
  }
  ValidLoader loader(std::move(all), {3, 16, 0, false});
  EXPECT_EQ(loader.tokens(), pairs);
  std::vector<int64_t> scored;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const Batch batch = loader.batch(i);
    const auto targets = values(batch.targets_BT);
    const auto weights = values(batch.weights_BT);
    for (size_t k = 0; k < targets.size(); ++k) {
      if (weights[k] != 0) scored.push_back(targets[k]);
    }
    for (const int64_t position : values(batch.positions_BT)) ASSERT_LT(position, 16);
  }
  EXPECT_EQ(scored, expected);
}

TEST_F(Loader, NothingHeldOutIsNoBatch) {
  const ValidLoader loader(TokenStream{}, {3, 16, 0, false});
  EXPECT_EQ(loader.batches(), 0);
  EXPECT_EQ(loader.tokens(), 0);
}

TEST_F(Loader, WeightsAreKeptWithinRounding) {
  std::vector<TokenStream> streams;
  const double weights[] = {0.5, 3, 1.5};
  for (size_t i = 0; i < 3; ++i) {
    streams.push_back(stream(std::string(200, static_cast<char>('a' + i)), false, ""));
    streams.back().weight = weights[i];
  }
  TrainLoader loader = text_loader(streams, {10, 8, 5, false});
  std::map<int64_t, double> rows;
  for (int64_t step = 0; step < 50; ++step) {
    for (const int64_t id : values(loader.batch(step).ids_BT.select(1, 0))) rows[id] += 1;
    for (size_t i = 0; i < 3; ++i) {
      const double expected = static_cast<double>(10 * (step + 1)) * weights[i] / 5;
      ASSERT_NEAR(rows[static_cast<int64_t>('a' + i)], expected, 2.0) << "after step " << step;
    }
  }
}

TEST_F(Loader, EachStreamOfAMixtureIsSeenWhole) {
  std::string text;
  for (int i = 0; i < 81; ++i) text += static_cast<char>(' ' + i);
  std::vector<TokenStream> streams = {stream(text, false, ""),
                                      stream(std::string(200, '~'), false, "")};
  streams[0].weight = 1;
  streams[1].weight = 2;
  TrainLoader loader = text_loader(streams, {1, 8, 5, false});
  std::map<int64_t, int> seen;
  for (int64_t step = 0; step < 30; ++step) {
    for (const int64_t id : values(loader.batch(step).targets_BT)) ++seen[id];
  }
  for (int i = 1; i < 81; ++i)
    EXPECT_EQ(seen[' ' + i], 1) << "80 pairs are exactly the ten rows of one epoch";
  EXPECT_EQ(seen['~'], 160);
}

TEST_F(Loader, DescribesRows) {
  TrainLoader loader = text_loader({stream("ab|cde|f")}, {1, 9, 3, false});
  const std::string row = loader.describe_rows(0).at(0);
  EXPECT_TRUE(row.starts_with(cat(folder_ / "text0.txt", ", document "))) << row;
  EXPECT_NE(row.find(", token "), std::string::npos) << row;
  EXPECT_NE(row.find(" more documents)"), std::string::npos) << row;
}

TEST_F(Loader, SaysWhenTextDoesNotFillARow) {
  const std::string error =
      error_text([&] { text_loader({stream("ab|cde|f")}, {1, 10, 3, false}); });
  EXPECT_NE(error.find("text0.txt: has 9 tokens to learn, less than one row of data.seq_len=10; "
                       "give more text or a smaller data.seq_len"),
            std::string::npos)
      << error;
}

TEST_F(Loader, SlicesOfABatch) {
  TrainLoader loader = text_loader({letters()}, {4, 16, 3, false});
  const Batch batch = loader.batch(2);
  const Batch part = batch.slice(1, 3);
  EXPECT_EQ(part.rows(), 2);
  EXPECT_TRUE(at::equal(part.ids_BT, batch.ids_BT.slice(0, 1, 3)));
  EXPECT_EQ(part.segments.batch, 2);
  EXPECT_EQ(part.segments.offsets.front(), 0);
  EXPECT_EQ(part.segments.offsets.back(), 32);
  EXPECT_TRUE(same(batch.to(at::kCPU), batch));
}

TEST_F(Loader, ShakespeareSplitsAsNanoGpt) {
  SLOVO_SHARED_DATA(input, "pretrain/tinyshakespeare/input.txt");
  DataConfig config;
  config.paths = {input.string()};
  config.cache_dir = folder_ / "cache";
  const PretrainData data =
      open_pretrain_data(open_corpus(config, 1), config, ByteTokenizer(), 1, 2);
  EXPECT_EQ(data.train[0].pairs(), 1003854 - 1);
  EXPECT_EQ(data.valid.pairs(), 111540 - 1);
}

TEST_F(Loader, ABatchThatGrowsTakesTheSameRowsInTheSameOrder) {
  TrainConfig train;
  train.batch_size = 8;
  train.batch_start = 2;
  train.batch_ramp_steps = 4;
  LoaderOptions options{8, 16, 3};
  TrainLoader even = text_loader({letters()}, {1, 16, 3});
  options.rows_before = [&](int64_t step) { return train.rows_before(step); };
  TrainLoader growing = text_loader({letters()}, options);
  int64_t row = 0;
  for (int64_t step = 0; step < 6; ++step) {
    const Batch batch = growing.batch(step);
    ASSERT_EQ(batch.rows(), train.rows(step));
    EXPECT_EQ(growing.describe_rows(step).size(), static_cast<size_t>(batch.rows()));
    for (int64_t i = 0; i < batch.rows(); ++i, ++row) {
      EXPECT_TRUE(same(batch.slice(i, i + 1), even.batch(row))) << "row " << row;
    }
  }
  const int64_t steps = growing.steps(3);
  const int64_t rows = 3 * growing.rows_per_epoch();
  EXPECT_GE(train.rows_before(steps), rows);
  EXPECT_LT(train.rows_before(steps - 1), rows);
}

}  // namespace
}  // namespace slovo
