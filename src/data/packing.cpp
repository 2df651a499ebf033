#include "data/packing.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace slovo {

int64_t TokenExample::supervised() const {
  return std::count_if(weights.begin(), weights.end(), [](float weight) { return weight != 0; });
}

std::vector<std::vector<size_t>> pack(const std::vector<int64_t>& lengths, int64_t capacity,
                                      uint64_t seed) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t item) { return random_bits(seed, random_stream("packing"), item); };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return lengths[a] != lengths[b] ? lengths[a] > lengths[b] : key(a) < key(b);
  });
  std::vector<std::vector<size_t>> rows;
  std::multimap<int64_t, size_t> room;  // left in each row
  for (const size_t item : order) {
    SLOVO_CHECK(lengths[item] <= capacity, "an item of ", lengths[item], " in rows of ", capacity);
    auto best = room.lower_bound(lengths[item]);
    if (best == room.end()) {
      rows.emplace_back();
      best = room.emplace(capacity, rows.size() - 1);
    }
    const auto [left, row] = *best;
    room.erase(best);
    rows[row].push_back(item);
    room.emplace(left - lengths[item], row);
  }
  return rows;
}

ExampleRows::ExampleRows(std::shared_ptr<const TokenExamples> examples, ExampleRowsOptions options)
    : examples_(std::move(examples)), options_(std::move(options)) {
  std::vector<int64_t> lengths;
  for (const TokenExample& example : *examples_) lengths.push_back(example.pairs());
  if (options_.packing) {
    rows_ = pack(lengths, options_.seq_len, options_.seed);
  } else {
    for (size_t i = 0; i < lengths.size(); ++i) rows_.push_back({i});
  }
}

int64_t ExampleRows::tokens() const {
  int64_t total = 0;
  for (const TokenExample& example : *examples_) total += example.supervised();
  return total;
}

void ExampleRows::write_row(uint64_t, int64_t place, RowWriter& writer) {
  for (const size_t index : rows_[static_cast<size_t>(place)]) {
    const TokenExample& example = (*examples_)[index];
    const RowWriter::Span span = writer.add(example.pairs());
    std::copy(example.ids.begin(), example.ids.end() - 1, span.inputs);
    std::copy(example.ids.begin() + 1, example.ids.end(), span.targets);
    std::copy(example.weights.begin() + 1, example.weights.end(), span.weights);
  }
}

std::string ExampleRows::describe_row(uint64_t, int64_t place) {
  const auto& row = rows_[static_cast<size_t>(place)];
  const std::string& first = (*examples_)[row.front()].source;
  return row.size() == 1 ? first : cat(first, " (and ", row.size() - 1, " more)");
}

}  // namespace slovo
