#include "tokenizer/unigram_lattice.h"

#include <algorithm>
#include <limits>

namespace slovo {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
/// How much less likely than any piece a symbol is that is none. (SentencePiece's kUnkPenalty)
constexpr double kUnknownPenalty = 10;

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace

PieceTree::PieceTree(const UnigramCorpus& corpus, const std::vector<SymbolPiece>& pieces)
    : pieces_(pieces), roots_(corpus.symbol_count()) {
  build(corpus);
  choose_unknown(corpus);
  lowest_score_ = std::numeric_limits<double>::max();
  for (const SymbolPiece& piece : pieces_) lowest_score_ = std::min(lowest_score_, piece.score);
}

void PieceTree::build(const UnigramCorpus& corpus) {
  struct Open {
    uint32_t node;
    size_t first, last;  // its pieces
    uint32_t depth;
  };
  nodes_.push_back({});
  std::vector<Open> open{{0, 0, pieces_.size(), 0}};
  for (size_t at = 0; at < open.size(); ++at) {
    const auto [node, first, last, depth] = open[at];
    nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
    size_t i = first;
    if (depth > 0 && pieces_[i].length == depth) nodes_[node].piece = static_cast<int32_t>(i++);
    while (i < last) {
      const uint32_t symbol = corpus.symbols(pieces_[i])[depth];
      const size_t begin = i;
      while (i < last && corpus.symbols(pieces_[i])[depth] == symbol) ++i;
      open.push_back({static_cast<uint32_t>(nodes_.size()), begin, i, depth + 1});
      nodes_.push_back({symbol, 0, 0, -1});
      ++nodes_[node].children;
    }
  }
  for (uint32_t i = 0; i < nodes_[0].children; ++i) {
    const uint32_t node = nodes_[0].first_child + i;
    roots_[nodes_[node].symbol] = node;
  }
}

void PieceTree::choose_unknown(const UnigramCorpus& corpus) {
  for (const SymbolPiece& character : corpus.characters()) {
    const uint32_t root = roots_[corpus.symbols(character)[0]];
    if (root == 0 || nodes_[root].piece < 0) continue;
    unknown_ = nodes_[root].piece;
    return;
  }
}

const PieceTree::Node* PieceTree::child(const Node& node, uint32_t symbol) const {
  const Node* const first = nodes_.data() + node.first_child;
  const Node* const last = first + node.children;
  const Node* const found = std::lower_bound(
      first, last, symbol, [](const Node& a, uint32_t wanted) { return a.symbol < wanted; });
  return found != last && found->symbol == symbol ? found : nullptr;
}

void Lattice::connect(std::span<const uint32_t> word) {
  edges_.clear();
  for (size_t begin = 0; begin < word.size(); ++begin) {
    bool single = false;
    const auto from = static_cast<uint32_t>(begin);
    tree_.for_each_prefix(word.subspan(begin), [&](size_t length, int32_t piece) {
      single = single || length == 1;
      edges_.push_back({from, static_cast<uint32_t>(begin + length), piece, tree_.score(piece)});
    });
    if (single) continue;
    edges_.push_back({from, from + 1, tree_.unknown(), tree_.lowest_score() - kUnknownPenalty});
  }
}

void Lattice::sum_paths(size_t size) {
  before_.assign(size + 1, kNever);
  behind_.assign(size + 1, kNever);
  before_[0] = 0;
  behind_[size] = 0;
  for (const Edge& edge : edges_)
    before_[edge.end] = log_add(before_[edge.end], before_[edge.begin] + edge.score);
  for (auto edge = edges_.rbegin(); edge != edges_.rend(); ++edge)
    behind_[edge->begin] = log_add(behind_[edge->begin], behind_[edge->end] + edge->score);
}

std::vector<int32_t> Lattice::best_path(std::span<const uint32_t> word, bool in_parts,
                                        double& score) {
  connect(word);
  before_.assign(word.size() + 1, kNever);
  last_.assign(word.size() + 1, -1);
  before_[0] = 0;
  for (size_t i = 0; i < edges_.size(); ++i) {
    const Edge& edge = edges_[i];
    if (in_parts && edge.begin == 0 && edge.end == word.size()) continue;
    const double reached = before_[edge.begin] + edge.score;
    if (reached <= before_[edge.end]) continue;
    before_[edge.end] = reached;
    last_[edge.end] = static_cast<int32_t>(i);
  }
  score = before_[word.size()];
  std::vector<int32_t> path;
  for (size_t at = word.size(); at > 0 && score != kNever;) {
    const Edge& edge = edges_[static_cast<size_t>(last_[at])];
    path.push_back(edge.piece);
    at = edge.begin;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace slovo
