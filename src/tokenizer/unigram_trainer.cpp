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
constexpr double kBeforeLastCut = 1.2;  // pieces that are left for the last choice
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

/// How much likelihood is lost when a piece's occurrences are cut as `others` instead.
double loss_without(int64_t count, const std::vector<int32_t>& others,
                    const std::vector<int64_t>& counts, double sum) {
  const auto n = static_cast<double>(count);
  const double with = std::log(n) - std::log(sum);
  const double new_sum = std::log(sum + n * static_cast<double>(others.size() - 1));
  double without = 0;
  for (const int32_t other : others)
    without += std::log(static_cast<double>(counts[static_cast<size_t>(other)]) + n) - new_sum;
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

std::vector<UnigramPiece> UnigramTrainer::run(size_t size) const {
  Pieces pieces = corpus_.seeds(kMostSeeds);
  const auto enough = static_cast<size_t>(static_cast<double>(size) * kBeforeLastCut);
  for (size_t before = 0;; before = pieces.size()) {
    for (int step = 0; step < kStepsBetweenPrunings; ++step) pieces = improve(pieces, Rare::drop);
    if (pieces.size() <= enough || pieces.size() == before) break;
    const auto shrunk = static_cast<size_t>(static_cast<double>(pieces.size()) * kShrinking);
    pieces = prune(pieces, std::max(enough, shrunk));
  }
  pieces = choose(pieces, size);
  for (int step = 0; step < kStepsBetweenPrunings; ++step) pieces = improve(pieces, Rare::keep);
  std::vector<UnigramPiece> out;
  for (const SymbolPiece& piece : pieces) out.push_back({corpus_.text(piece), piece.score});
  std::sort(out.begin(), out.end(), [](const UnigramPiece& a, const UnigramPiece& b) {
    return a.score != b.score ? a.score > b.score : a.text < b.text;
  });
  return out;
}

/// One step of expectation maximisation, with a prior that makes rare pieces rarer. (Liang and
/// Klein 2007)
UnigramTrainer::Pieces UnigramTrainer::improve(const Pieces& pieces, Rare rare) const {
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
    const double found = static_cast<double>(expected[i]) * kUnit;
    if (found < kFewestExpected && rare == Rare::drop) continue;
    const double number = std::max(found, kFewestExpected);
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
    for (const int32_t piece : lattices[worker].best_path(symbols, false, score)) {
      if (piece != Lattice::kUnknown) parts[worker][static_cast<size_t>(piece)] += word.count;
    }
  });
  return added(std::move(parts));
}

/// The pieces that best paths use, those first whose loss would cost most likelihood: foremost
/// those that cannot be cut otherwise.
std::vector<size_t> UnigramTrainer::by_loss(const Pieces& pieces) const {
  constexpr double kNeeded = std::numeric_limits<double>::infinity();
  const std::vector<int64_t> counts = best_path_counts(pieces);
  const auto sum = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  const PieceTree tree(corpus_, pieces);
  Lattice lattice(tree);
  std::vector<std::pair<double, size_t>> losses;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (counts[i] == 0) continue;
    double in_parts = 0;
    const auto others = lattice.best_path(corpus_.symbols(pieces[i]), true, in_parts);
    const bool replaceable =
        !others.empty() && std::count(others.begin(), others.end(), Lattice::kUnknown) == 0;
    if (replaceable && in_parts > pieces[i].score) continue;
    losses.emplace_back(replaceable ? loss_without(counts[i], others, counts, sum) : kNeeded, i);
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

/// All characters, and of the other pieces those that matter most, `size` in all.
UnigramTrainer::Pieces UnigramTrainer::choose(const Pieces& pieces, size_t size) const {
  double lowest = 0;
  std::vector<double> scores(corpus_.alphabet_size() + 1, 1);  // above any logarithm: unknown
  for (const SymbolPiece& piece : pieces) {
    lowest = std::min(lowest, piece.score);
    if (piece.length == 1) scores[corpus_.symbols(piece)[0]] = piece.score;
  }
  Pieces out = corpus_.characters();
  for (SymbolPiece& character : out) {
    const double score = scores[corpus_.symbols(character)[0]];
    character.score = score > 0 ? lowest : score;
  }
  for (const size_t i : by_loss(pieces)) {
    if (out.size() >= size) break;
    if (pieces[i].length > 1) out.push_back(pieces[i]);
  }
  corpus_.sort(out);
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
