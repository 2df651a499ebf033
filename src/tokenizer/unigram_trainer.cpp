#include "tokenizer/unigram_trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/parallel.h"
#include "tokenizer/unigram_lattice.h"

namespace slovo {
namespace {

// SentencePiece's own settings.
constexpr size_t kMostSeeds = 1000000;
constexpr int kStepsBetweenPrunings = 2;
constexpr double kShrinking = 0.75;
constexpr double kBeforeLastChoice = 1.1;  // tokens that are left for the last choice
constexpr double kFewestExpected = 0.5;

/// Expected counts as integers of this unit, so that sums do not depend on their order.
constexpr double kUnit = 1.0 / (1 << 20);

/// The derivative of the logarithm of the gamma function.
double digamma(double x) {
  double result = 0;
  for (; x < 7; ++x) result -= 1 / x;
  x -= 0.5;
  const double xx = 1 / (x * x);
  return result + std::log(x) + xx / 24 - 7 * xx * xx / 960 + 31 * xx * xx * xx / 8064 -
         127 * xx * xx * xx * xx / 30720;
}

std::vector<int64_t> added(std::vector<std::vector<int64_t>> parts) {
  std::vector<int64_t> sum = std::move(parts[0]);
  for (size_t part = 1; part < parts.size(); ++part) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += parts[part][i];
  }
  return sum;
}

/// How much likelihood is lost when a piece that occurs `count` times is cut into parts that so far
/// occur `parts` times, where all pieces occur `sum` times.
double loss_without(int64_t count, const std::vector<int64_t>& parts, int64_t sum) {
  const auto n = static_cast<double>(count);
  const auto all = static_cast<double>(sum);
  const double with = std::log(n) - std::log(all);
  const double new_sum = std::log(all + n * static_cast<double>(parts.size() - 1));
  double without = 0;
  for (const int64_t part : parts) without += std::log(static_cast<double>(part) + n) - new_sum;
  return n * (with - without);
}

}  // namespace

template <class Body>
void UnigramTrainer::for_each_word(Body&& body) const {
  const auto stride = static_cast<size_t>(std::max(1, threads_));
  const auto& words = corpus_.words();
  parallel_for(stride, static_cast<int>(stride), [&](size_t worker) {
    for (size_t i = worker; i < words.size(); i += stride) body(words[i], worker);
  });
}

std::vector<UnigramPiece> UnigramTrainer::run(size_t size, size_t other_tokens) const {
  const auto enough =
      static_cast<size_t>(static_cast<double>(size + other_tokens) * kBeforeLastChoice);
  Pieces pieces = corpus_.seeds(kMostSeeds);
  do {
    for (int step = 0; step < kStepsBetweenPrunings; ++step) pieces = improve(pieces);
    const auto shrunk = static_cast<size_t>(static_cast<double>(pieces.size()) * kShrinking);
    pieces = prune(pieces, std::max(enough, shrunk));
  } while (pieces.size() > enough);
  std::vector<UnigramPiece> out;
  for (const SymbolPiece& piece : choose(pieces, size))
    out.push_back({corpus_.text(piece), piece.score});
  std::sort(out.begin(), out.end(), [](const UnigramPiece& a, const UnigramPiece& b) {
    return a.score != b.score ? a.score > b.score : a.text < b.text;
  });
  return out;
}

/// One step of expectation maximisation, with a prior that makes rare pieces rarer. (Liang and
/// Klein 2007)
UnigramTrainer::Pieces UnigramTrainer::improve(const Pieces& pieces) const {
  const PieceTree tree(corpus_, pieces);
  const auto workers = static_cast<size_t>(std::max(1, threads_));
  std::vector<std::vector<int64_t>> parts(workers, std::vector<int64_t>(pieces.size()));
  std::vector<Lattice> lattices(workers, Lattice(tree));
  for_each_word([&](const UnigramCorpus::Word& word, size_t worker) {
    std::vector<int64_t>& expected = parts[worker];
    const double weight = static_cast<double>(word.count) / kUnit;
    lattices[worker].for_each_expected(
        corpus_.symbols(word.begin, word.length), [&](int32_t piece, double number) {
          expected[static_cast<size_t>(piece)] += std::llround(weight * number);
        });
  });
  const std::vector<int64_t> expected = added(std::move(parts));
  Pieces kept;
  double sum = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const double number = static_cast<double>(expected[i]) * kUnit;
    if (number < kFewestExpected) continue;
    kept.push_back(pieces[i]);
    kept.back().score = number;
    sum += number;
  }
  const double log_sum = digamma(sum);
  for (SymbolPiece& piece : kept) piece.score = digamma(piece.score) - log_sum;
  return kept;
}

std::vector<int64_t> UnigramTrainer::best_path_counts(const Pieces& pieces) const {
  const PieceTree tree(corpus_, pieces);
  const auto workers = static_cast<size_t>(std::max(1, threads_));
  std::vector<std::vector<int64_t>> parts(workers, std::vector<int64_t>(pieces.size()));
  std::vector<Lattice> lattices(workers, Lattice(tree));
  for_each_word([&](const UnigramCorpus::Word& word, size_t worker) {
    double score = 0;
    const auto symbols = corpus_.symbols(word.begin, word.length);
    for (const int32_t piece : lattices[worker].best_path(symbols, false, score))
      parts[worker][static_cast<size_t>(piece)] += word.count;
  });
  return added(std::move(parts));
}

/// The pieces that best paths use, those first whose loss would cost most likelihood: foremost
/// those that cannot be cut otherwise.
std::vector<size_t> UnigramTrainer::by_loss(const Pieces& pieces) const {
  constexpr double kNeeded = std::numeric_limits<double>::infinity();
  const std::vector<int64_t> counts = best_path_counts(pieces);
  const int64_t sum = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  const PieceTree tree(corpus_, pieces);
  Lattice lattice(tree);
  std::vector<std::pair<double, size_t>> losses;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (counts[i] == 0) continue;
    double in_parts = 0;
    std::vector<int64_t> parts;
    for (const int32_t part : lattice.best_path(corpus_.symbols(pieces[i]), true, in_parts))
      parts.push_back(counts[static_cast<size_t>(part)]);
    if (!parts.empty() && in_parts > pieces[i].score) continue;
    losses.emplace_back(parts.empty() ? kNeeded : loss_without(counts[i], parts, sum), i);
  }
  std::sort(losses.begin(), losses.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<size_t> order;
  for (const auto& [loss, i] : losses) order.push_back(i);
  return order;
}

UnigramTrainer::Pieces UnigramTrainer::prune(const Pieces& pieces, size_t wanted) const {
  std::vector<size_t> kept = by_loss(pieces);
  if (kept.size() > wanted) kept.resize(wanted);
  std::sort(kept.begin(), kept.end());
  Pieces out;
  for (const size_t i : kept) out.push_back(pieces[i]);
  return out;
}

/// All characters, and of the other pieces the likeliest, `size` in all.
UnigramTrainer::Pieces UnigramTrainer::choose(const Pieces& pieces, size_t size) const {
  constexpr double kUnscored = 1;  // above any logarithm of a probability
  constexpr double kApart = 1e-4;
  double lowest = 0;
  Pieces longer;
  std::vector<double> scores(corpus_.symbol_count(), kUnscored);
  for (const SymbolPiece& piece : pieces) {
    lowest = std::min(lowest, piece.score);
    if (piece.length == 1) {
      scores[corpus_.symbols(piece)[0]] = piece.score;
    } else {
      longer.push_back(piece);
    }
  }
  Pieces out = corpus_.characters();
  for (SymbolPiece& character : out) {
    character.score = scores[corpus_.symbols(character)[0]];
    if (character.score != kUnscored) continue;
    character.score = lowest;
    lowest += kApart;
  }
  std::stable_sort(longer.begin(), longer.end(),
                   [](const SymbolPiece& a, const SymbolPiece& b) { return a.score > b.score; });
  longer.resize(std::min(longer.size(), size - out.size()));
  out.insert(out.end(), longer.begin(), longer.end());
  return out;
}

int64_t unigram_training_bytes(const CountedWords& words, int threads) {
  // A symbol and its place among the sorted suffixes; about one seed for three symbols, each with
  // nodes of the tree and a count for each thread.
  constexpr int64_t kByte = 40;
  constexpr int64_t kWord = 24;
  constexpr int64_t kTables = int64_t{24} << 20;
  return kTables + kWord * words.size() +
         (kByte + 3 * int64_t{std::max(1, threads)}) * words.text_bytes();
}

}  // namespace slovo
