// All ways to cut a word into pieces, and how likely each is: the expectation step of the Unigram
// trainer, and its best paths.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/unigram_corpus.h"

namespace slovo {

/// A prefix tree of pieces. Children lie side by side, by symbol.
class PieceTree {
 public:
  /// `pieces` in the order of their symbols; they must outlive the tree.
  PieceTree(const UnigramCorpus& corpus, const std::vector<SymbolPiece>& pieces);

  /// Calls visit(length, piece) for each piece that `word` begins with, the shortest first.
  template <class Visit>
  void for_each_prefix(std::span<const uint32_t> word, Visit&& visit) const {
    const Node* node = roots_[word[0]] == 0 ? nullptr : &nodes_[roots_[word[0]]];
    for (size_t length = 1; node != nullptr; ++length) {
      if (node->piece >= 0) visit(length, node->piece);
      node = length < word.size() ? child(*node, word[length]) : nullptr;
    }
  }
  double score(int32_t piece) const { return pieces_[static_cast<size_t>(piece)].score; }
  double lowest_score() const { return lowest_score_; }
  /// The piece that stands for a symbol that is none: the most frequent character that is one, as
  /// in SentencePiece.
  int32_t unknown() const { return unknown_; }

 private:
  struct Node {
    uint32_t symbol = 0;
    uint32_t first_child = 0;
    uint32_t children = 0;
    int32_t piece = -1;
  };

  void build(const UnigramCorpus& corpus);
  void choose_unknown(const UnigramCorpus& corpus);
  const Node* child(const Node& node, uint32_t symbol) const;

  const std::vector<SymbolPiece>& pieces_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> roots_;  // by symbol; 0: none
  double lowest_score_ = 0;
  int32_t unknown_ = 0;
};

/// One for each thread: its memory is used again from word to word.
class Lattice {
 public:
  explicit Lattice(const PieceTree& tree) : tree_(tree) {}

  /// Gives each piece's expected number of occurrences in `word` to `visit(piece, number)`; of one
  /// that could be in two places, twice.
  template <class Visit>
  void for_each_expected(std::span<const uint32_t> word, Visit&& visit) {
    connect(word);
    sum_paths(word.size());
    const double all = before_[word.size()];
    for (const Edge& edge : edges_)
      visit(edge.piece, std::exp(before_[edge.begin] + edge.score + behind_[edge.end] - all));
  }
  /// The likeliest pieces of `word`; without the one that is the whole word when `in_parts`. Empty
  /// when there is no such path.
  std::vector<int32_t> best_path(std::span<const uint32_t> word, bool in_parts, double& score);

 private:
  struct Edge {
    uint32_t begin;
    uint32_t end;
    int32_t piece;
    double score;
  };

  void connect(std::span<const uint32_t> word);
  void sum_paths(size_t size);

  const PieceTree& tree_;
  std::vector<Edge> edges_;     // by their begins
  std::vector<double> before_;  // logarithm of the sum over all paths from the begin to a place
  std::vector<double> behind_;  // and from there to the end
  std::vector<int32_t> last_;   // the edge by which the best path comes to a place
};

}  // namespace slovo
