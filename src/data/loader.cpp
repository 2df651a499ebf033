#include "data/loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace slovo {
namespace {

/// Writes the pairs [start, start + count) of `order` as the next row; with `across` as one
/// document.
void write_pairs(const TokenStream& stream, const StreamOrder& order, int64_t start, int64_t count,
                 bool across, RowWriter& writer) {
  order.spans(start, count, [&](const StreamPiece& piece, int64_t from, int64_t take) {
    const RowWriter::Span span = writer.add(take, across);
    stream.copy(piece, from, take, span.inputs, span.targets);
  });
}

/// Rows of running text.
class TextRows : public RowSource {
 public:
  TextRows(TokenStream stream, size_t number, const LoaderOptions& options)
      : stream_(std::move(stream)),
        length_(options.seq_len),
        across_(options.attend_across_documents),
        seed_(random_bits(options.seed, random_stream("stream"), number)) {
    if (rows() == 0) {
      throw_data(stream_.name, ": has ", tokens(),
                 " tokens to learn, less than one row of data.seq_len=", length_,
                 "; give more text or a smaller data.seq_len");
    }
  }

  std::string name() const override { return stream_.name; }
  double weight() const override { return stream_.weight; }
  int64_t rows() const override { return tokens() / length_; }
  int64_t tokens() const override { return stream_.pairs(); }

  void write_row(uint64_t epoch, int64_t place, RowWriter& writer) override {
    write_pairs(stream_, order(epoch), place * length_, length_, across_, writer);
  }

  std::string describe_row(uint64_t epoch, int64_t place) override {
    std::string first;
    int64_t more = -1;
    order(epoch).spans(place * length_, length_,
                       [&](const StreamPiece& piece, int64_t from, int64_t) {
                         if (++more == 0) first = stream_.describe(piece, from);
                       });
    if (more == 0) return first;
    return cat(first, " (and ", more, more == 1 ? " more document)" : " more documents)");
  }

 private:
  const StreamOrder& order(uint64_t epoch) {
    const auto found = std::find_if(orders_.begin(), orders_.end(),
                                    [&](const auto& entry) { return entry.first == epoch; });
    if (found != orders_.end()) return *found->second;
    // A batch may need an epoch and the next one. Rows of a batch are written one at a time, so
    // older ones may go.
    if (orders_.size() == 2) orders_.erase(orders_.begin());
    orders_.emplace_back(epoch, std::make_unique<StreamOrder>(stream_, seed_, epoch, length_));
    return *orders_.back().second;
  }

  TokenStream stream_;
  int64_t length_;
  bool across_;
  uint64_t seed_;
  std::vector<std::pair<uint64_t, std::unique_ptr<StreamOrder>>> orders_;  ///< the last used
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

RowSources text_sources(std::vector<TokenStream> streams, const LoaderOptions& options) {
  RowSources out;
  for (TokenStream& stream : streams) {
    out.push_back(std::make_unique<TextRows>(std::move(stream), out.size(), options));
  }
  return out;
}

TrainLoader::TrainLoader(RowSources sources, const LoaderOptions& options) : options_(options) {
  SLOVO_CHECK(!sources.empty(), "no training data");
  double rest = 0;
  for (const auto& source : sources) rest += source->weight();
  for (auto& source : sources) {
    const double part = std::min(1.0, source->weight() / rest);
    rest -= source->weight();
    components_.push_back(
        {std::move(source), static_cast<uint64_t>(std::ceil(std::ldexp(part, kShareBits)))});
  }
  components_.back().share = uint64_t{1} << kShareBits;
}

TrainLoader::Row TrainLoader::row(int64_t index) const {
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
  const auto rows = static_cast<uint64_t>(components_[c].source->rows());
  const uint64_t epoch = rest / rows;
  const uint64_t seed = random_bits(options_.seed, random_stream("rows"), c);
  const uint64_t place =
      Permutation(rows, random_bits(seed, random_stream("epoch"), epoch), 0)[rest % rows];
  return {components_[c].source.get(), epoch, static_cast<int64_t>(place)};
}

int64_t TrainLoader::rows_before(int64_t step) const {
  return options_.rows_before ? options_.rows_before(step) : step * options_.batch_size;
}

Batch TrainLoader::batch(int64_t step) {
  const int64_t first = rows_before(step);
  const int64_t end = rows_before(step + 1);
  RowWriter writer(end - first, options_.seq_len);
  for (int64_t index = first; index < end; ++index) {
    const Row place = row(index);
    place.source->write_row(place.epoch, place.place, writer);
    writer.end_row();
  }
  return writer.finish();
}

std::vector<std::string> TrainLoader::describe_rows(int64_t step) {
  std::vector<std::string> out;
  for (int64_t index = rows_before(step); index < rows_before(step + 1); ++index) {
    const Row place = row(index);
    out.push_back(place.source->describe_row(place.epoch, place.place));
  }
  return out;
}

int64_t TrainLoader::tokens() const {
  int64_t total = 0;
  for (const Component& component : components_) total += component.source->tokens();
  return total;
}

int64_t TrainLoader::rows_per_epoch() const {
  int64_t total = 0;
  for (const Component& component : components_) total += component.source->rows();
  return total;
}

int64_t TrainLoader::steps(double epochs) const {
  return steps_of_rows(epochs * static_cast<double>(rows_per_epoch()));
}

int64_t TrainLoader::steps_of_rows(double wanted) const {
  const auto rows = static_cast<int64_t>(std::ceil(wanted));
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
  RowWriter writer(windows, options_.seq_len);
  for (int64_t i = 0; i < windows; ++i) {
    const int64_t start = first + i * options_.seq_len;
    write_pairs(*stream_, *order_, start, std::min(options_.seq_len, pairs_ - start),
                options_.attend_across_documents, writer);
    writer.end_row(options_.attend_across_documents);
  }
  return writer.finish();
}

}  // namespace slovo
