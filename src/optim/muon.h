// Muon for the matrices inside the blocks, AdamW for embeddings, head and vectors.
#pragma once

#include <string>
#include <vector>

#include "ops/muon.h"
#include "optim/adamw.h"

namespace slovo {

/// Rows of the matrices that lie together in one parameter, in order. Queries, keys and values, and
/// a gate and what it gates, are maps of their own: made orthogonal together, the directions of one
/// would be bent away from those of the other.
std::vector<int64_t> joined_rows(const std::string& name, int64_t rows, const ModelConfig& model);

class Muon : public Optimizer {
 public:
  Muon(FlatParameters& parameters, const TrainConfig& config, const ModelConfig& model);

  void update(int64_t step, double lr, double scale) override;
  /// "momentum.NAME", "row_squares.NAME" with train.muon_variance, and AdamW's.
  NamedTensors state() const override;

 private:
  /// Matrices of one shape, as many as are computed together.
  using Batch = std::vector<ops::MuonMatrix>;
  void add_matrix(const ops::MuonMatrix& matrix);

  int64_t width_;
  AdamW rest_;
  at::Tensor momentum_;
  NamedTensors row_squares_;
  std::vector<Batch> batches_;
};

}  // namespace slovo
