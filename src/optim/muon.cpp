#include "optim/muon.h"

#include <ATen/ATen.h>

#include <cmath>

namespace slovo {
namespace {

/// Elements of matrices that are computed together: bounds the memory of a step.
constexpr int64_t kBatchElements = int64_t{1} << 22;

std::vector<ParameterGroup> groups_where(const FlatParameters& parameters, bool matrices) {
  std::vector<ParameterGroup> out;
  for (const ParameterGroup& group : parameters.groups()) {
    if ((group.role == ParameterRole::matrix) == matrices) out.push_back(group);
  }
  return out;
}

bool ends_with(const std::string& name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// rms: an orthogonal matrix has elements of size 1 / sqrt(longer side); AdamW's updates are of
/// size 0.2 to 0.4 times the rate, so that this factor lets both share a rate (arXiv:2502.16982).
double shape_scale(MuonScale scale, double rows, double columns) {
  return scale == MuonScale::rms ? 0.2 * std::sqrt(std::max(rows, columns))
                                 : std::sqrt(std::max(1.0, rows / columns));
}

}  // namespace

std::vector<int64_t> joined_rows(const std::string& name, int64_t rows, const ModelConfig& model) {
  if (ends_with(name, ".attention.qkv.weight")) {
    const int64_t keys = model.key_value_heads() * model.head_size();
    return {model.num_attention_heads * model.head_size(), keys, keys};
  }
  if (ends_with(name, ".mlp.up.weight") && model.gated()) return {rows / 2, rows / 2};
  return {rows};
}

Muon::Muon(FlatParameters& parameters, const TrainConfig& config, const ModelConfig& model)
    : Optimizer(parameters, config),
      width_(model.hidden_size),
      rest_(parameters, config, model.hidden_size, groups_where(parameters, false)) {
  const std::vector<ParameterGroup> groups = groups_where(parameters, true);
  momentum_ = new_moment(groups.empty() ? 0 : groups.front().size());
  for (const FlatParameters::Slot& slot : parameters.slots()) {
    if (slot.role != ParameterRole::matrix) continue;
    const int64_t rows = slot.parameter.size(0);
    const int64_t columns = slot.parameter.numel() / rows;
    at::Tensor squares;
    if (config.muon_variance) {
      squares = at::zeros({rows}, parameters.grad().options());
      row_squares_.emplace_back("row_squares." + slot.name, squares);
    }
    int64_t row = 0;
    for (const int64_t count : joined_rows(slot.name, rows, model)) {
      const int64_t first = slot.offset + row * columns;
      const auto part = [&](const at::Tensor& flat) {
        return flat.defined() ? flat.narrow(0, first, count * columns).view({count, columns})
                              : flat;
      };
      const ops::UpdateBuffers& all = groups.front().buffers;
      add_matrix({{part(all.master), part(all.grad), part(all.compute), first},
                  part(momentum_),
                  squares.defined() ? squares.narrow(0, row, count) : squares});
      row += count;
    }
  }
}

void Muon::add_matrix(const ops::MuonMatrix& matrix) {
  const at::Tensor& master = matrix.buffers.master;
  for (Batch& batch : batches_) {
    const int64_t elements = master.numel() * static_cast<int64_t>(batch.size() + 1);
    if (batch.front().buffers.master.sizes() != master.sizes() || elements > kBatchElements)
      continue;
    batch.push_back(matrix);
    return;
  }
  batches_.push_back({matrix});
}

void Muon::update(int64_t step, double lr, double scale) {
  const double rate = lr * rate_scale(config_, ParameterRole::matrix, width_);
  ops::MuonOptions options;
  options.decay = 1 - rate * config_.decay();
  options.cautious = config_.cautious_decay;
  options.momentum = config_.momentum_decay();
  options.grad_scale = scale;
  options.step = step;
  options.method = config_.muon_method;
  options.iterations = config_.muon_steps;
  for (const Batch& batch : batches_) {
    const ops::UpdateBuffers& like = batch.front().buffers;
    options.move = rate * shape_scale(config_.muon_scale, static_cast<double>(like.master.size(0)),
                                      static_cast<double>(like.master.size(1)));
    // The precision that the model computes in: bf16 where the processor is made for it.
    options.product_dtype = like.compute.defined() ? at::kBFloat16 : at::kFloat;
    ops::muon_step(batch, options);
  }
  rest_.update(step, lr, scale);
}

NamedTensors Muon::state() const {
  NamedTensors out = parameters_.views_of(momentum_, "momentum.");
  for (const auto& named : row_squares_) out.push_back(named);
  for (auto& named : rest_.state()) out.push_back(std::move(named));
  return out;
}

}  // namespace slovo
