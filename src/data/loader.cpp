#include "data/loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace slovo {
namespace {

/// Fills the tensors of a batch row by row.
class BatchWriter {
 public:
  BatchWriter(int64_t rows, const LoaderOptions& options)
      : length_(options.seq_len), across_(options.attend_across_documents) {
    const auto integers = at::TensorOptions().dtype(at::kLong);
    batch_.ids_BT = at::empty({rows, length_}, integers);
    batch_.targets_BT = at::empty({rows, length_}, integers);
    batch_.positions_BT = at::empty({rows, length_}, integers);
    batch_.weights_BT = at::empty({rows, length_}, at::TensorOptions().dtype(at::kFloat));
    batch_.segments.batch = rows;
    batch_.segments.length = length_;
  }

  /// Writes the pairs [start, start + count) of `order` as the next row.
  void add_row(const TokenStream& stream, const StreamOrder& order, int64_t start, int64_t count) {
    const int64_t row_begin = at_;
    order.spans(start, count, [&](const StreamPiece& piece, int64_t from, int64_t take) {
      stream.copy(piece, from, take, batch_.ids_BT.data_ptr<int64_t>() + at_,
                  batch_.targets_BT.data_ptr<int64_t>() + at_);
      segment(take, row_begin, 1);
    });
    const int64_t missing = row_begin + length_ - at_;
    if (missing == 0) return;
    std::fill_n(batch_.ids_BT.data_ptr<int64_t>() + at_, missing, 0);
    std::fill_n(batch_.targets_BT.data_ptr<int64_t>() + at_, missing, 0);
    segment(missing, row_begin, 0);
  }

  Batch finish() {
    batch_.segments.offsets.push_back(static_cast<int32_t>(at_));
    return std::move(batch_);
  }

 private:
  /// Positions, weights and the segment of the next `count` places.
  void segment(int64_t count, int64_t row_begin, float weight) {
    const bool continues = across_ && at_ > row_begin;
    if (!continues) batch_.segments.offsets.push_back(static_cast<int32_t>(at_));
    int64_t* positions = batch_.positions_BT.data_ptr<int64_t>() + at_;
    std::iota(positions, positions + count, continues ? at_ - row_begin : 0);
    std::fill_n(batch_.weights_BT.data_ptr<float>() + at_, count, weight);
    at_ += count;
  }

  Batch batch_;
  int64_t length_;
  bool across_;
  int64_t at_ = 0;  ///< the next place in the flattened [B*T]
};

constexpr int kShareBits = 32;

/// How many of the first `rows` rows go to a component with this share: evenly spread, known
/// without counting.
uint64_t rows_taken(uint64_t rows, uint64_t share) {
  __extension__ using Wide =
      unsigned __int128;  // rows * share does not fit 64 bits in a very long run
  return static_cast<uint64_t>((static_cast<Wide>(rows) * share) >> kShareBits);
}

}  // namespace

TrainLoader::TrainLoader(std::vector<TokenStream> streams, const LoaderOptions& options)
    : options_(options) {
  SLOVO_CHECK(!streams.empty(), "no training stream");
  double rest = 0;
  for (const TokenStream& stream : streams) rest += stream.weight;
  for (TokenStream& stream : streams) {
    Component component;
    const int64_t pairs = stream.pairs();
    component.rows = pairs / options.seq_len;
    if (component.rows == 0) {
      throw_data(stream.name, ": has ", pairs,
                 " tokens to learn, less than one row of data.seq_len=", options.seq_len,
                 "; give more text or a smaller data.seq_len");
    }
    component.share = static_cast<uint64_t>(
        std::ceil(std::ldexp(std::min(1.0, stream.weight / rest), kShareBits)));
    rest -= stream.weight;
    component.stream = std::move(stream);
    components_.push_back(std::move(component));
  }
  components_.back().share = uint64_t{1} << kShareBits;
}

const StreamOrder& TrainLoader::order(size_t component, uint64_t epoch) {
  auto& orders = components_[component].orders;
  const auto found = std::find_if(orders.begin(), orders.end(),
                                  [&](const auto& entry) { return entry.first == epoch; });
  if (found != orders.end()) return *found->second;
  const uint64_t seed = random_bits(options_.seed, random_stream("stream"), component);
  // A batch may need an epoch and the next one. Rows of a batch are written one at a time, so older
  // ones may go.
  if (orders.size() == 2) orders.erase(orders.begin());
  orders.emplace_back(epoch, std::make_unique<StreamOrder>(components_[component].stream, seed,
                                                           epoch, options_.seq_len));
  return *orders.back().second;
}

TrainLoader::Row TrainLoader::row(int64_t index) {
  auto rest = static_cast<uint64_t>(index);
  size_t c = 0;
  for (; c + 1 < components_.size(); ++c) {
    const uint64_t before = rows_taken(rest, components_[c].share);
    if (rows_taken(rest + 1, components_[c].share) > before) {
      rest = before;
      break;
    }
    rest -= before;
  }
  const auto rows = static_cast<uint64_t>(components_[c].rows);
  const uint64_t epoch = rest / rows;
  const uint64_t seed = random_bits(options_.seed, random_stream("rows"), c);
  const uint64_t place =
      Permutation(rows, random_bits(seed, random_stream("epoch"), epoch), 0)[rest % rows];
  return {&components_[c].stream, &order(c, epoch), static_cast<int64_t>(place) * options_.seq_len};
}

int64_t TrainLoader::rows_before(int64_t step) const {
  return options_.rows_before ? options_.rows_before(step) : step * options_.batch_size;
}

Batch TrainLoader::batch(int64_t step) {
  const int64_t first = rows_before(step);
  const int64_t end = rows_before(step + 1);
  BatchWriter writer(end - first, options_);
  for (int64_t index = first; index < end; ++index) {
    const Row place = row(index);
    writer.add_row(*place.stream, *place.order, place.start, options_.seq_len);
  }
  return writer.finish();
}

std::vector<std::string> TrainLoader::describe_rows(int64_t step) {
  std::vector<std::string> out;
  for (int64_t index = rows_before(step); index < rows_before(step + 1); ++index) {
    const Row place = row(index);
    std::string first;
    int64_t more = -1;
    place.order->spans(place.start, options_.seq_len,
                       [&](const StreamPiece& piece, int64_t from, int64_t) {
                         if (++more == 0) first = place.stream->describe(piece, from);
                       });
    out.push_back(
        more == 0 ? first
                  : cat(first, " (and ", more, more == 1 ? " more document)" : " more documents)"));
  }
  return out;
}

int64_t TrainLoader::tokens() const {
  int64_t total = 0;
  for (const Component& component : components_) total += component.stream.pairs();
  return total;
}

int64_t TrainLoader::rows_per_epoch() const {
  int64_t total = 0;
  for (const Component& component : components_) total += component.rows;
  return total;
}

int64_t TrainLoader::steps(double epochs) const {
  const auto rows = static_cast<int64_t>(std::ceil(epochs * static_cast<double>(rows_per_epoch())));
  // A batch never shrinks and ends at batch_size, so this many steps hold the rows or lack some.
  int64_t step = std::max<int64_t>(1, (rows + options_.batch_size - 1) / options_.batch_size);
  while (rows_before(step) < rows) {
    const int64_t missing = rows - rows_before(step);
    step += (missing + options_.batch_size - 1) / options_.batch_size;
  }
  return step;
}

ValidLoader::ValidLoader(TokenStream stream, const LoaderOptions& options)
    : stream_(std::make_unique<const TokenStream>(std::move(stream))),
      options_(options),
      pairs_(stream_->pairs()) {
  if (pairs_ > 0) order_ = std::make_unique<const StreamOrder>(*stream_);
}

int64_t ValidLoader::batches() const {
  const int64_t windows = (pairs_ + options_.seq_len - 1) / options_.seq_len;
  return (windows + options_.batch_size - 1) / options_.batch_size;
}

Batch ValidLoader::batch(int64_t index) const {
  SLOVO_CHECK(index >= 0 && index < batches(), "batch ", index, " of ", batches());
  const int64_t first = index * options_.batch_size * options_.seq_len;
  const int64_t windows =
      std::min(options_.batch_size, (pairs_ - first + options_.seq_len - 1) / options_.seq_len);
  BatchWriter writer(windows, options_);
  for (int64_t i = 0; i < windows; ++i) {
    const int64_t start = first + i * options_.seq_len;
    writer.add_row(*stream_, *order_, start, std::min(options_.seq_len, pairs_ - start));
  }
  return writer.finish();
}

}  // namespace slovo
