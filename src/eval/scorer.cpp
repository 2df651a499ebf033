// Shapes: B items, T tokens read, C hidden, N tokens scored.
#include "eval/scorer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "ops/ops.h"

namespace slovo {
namespace {

int64_t tokens_read(const ScoreItem& item) { return static_cast<int64_t>(item.ids.size()) - 1; }

/// The ids of a batch and which of its places are scored.
struct Request {
  at::Tensor ids_BT;
  std::vector<int64_t> places;   ///< in the flattened [B*T], item after item
  std::vector<int64_t> targets;  ///< the token each place is to predict
};

/// Shorter items are filled up with id 0 at their ends, which no place before can see.
Request make_request(std::span<const ScoreItem* const> items) {
  int64_t length = 0;
  for (const ScoreItem* item : items) length = std::max(length, tokens_read(*item));
  Request out;
  out.ids_BT = at::zeros({static_cast<int64_t>(items.size()), length}, at::kLong);
  auto* ids = out.ids_BT.mutable_data_ptr<int64_t>();
  for (size_t b = 0; b < items.size(); ++b) {
    const ScoreItem& item = *items[b];
    const int64_t row = static_cast<int64_t>(b) * length;
    std::copy(item.ids.begin(), item.ids.end() - 1, ids + row);
    for (int64_t place = item.first - 1; place < tokens_read(item); ++place) {
      out.places.push_back(row + place);
      out.targets.push_back(item.ids[static_cast<size_t>(place + 1)]);
    }
  }
  return out;
}

void score_batch(LoadedModel& model, std::span<const ScoreItem* const> items,
                 std::span<TokenScores* const> out) {
  const Request request = make_request(items);
  const auto on_device = [&](const at::Tensor& tensor) { return tensor.to(model.device()); };
  const at::Tensor hidden_BTC = model.model->forward({on_device(request.ids_BT), {}, {}});
  const at::Tensor hidden_NC =
      hidden_BTC.flatten(0, 1).index_select(0, on_device(at::tensor(request.places, at::kLong)));
  at::Tensor greedy_N;
  const at::Tensor targets_N = on_device(at::tensor(request.targets, at::kLong));
  const at::Tensor scores_N =
      ops::linear_log_probs(hidden_NC, model.model->head_weight(), targets_N,
                            model.model->config().final_logit_softcapping, &greedy_N)
          .to(at::kCPU, at::kDouble);
  greedy_N = greedy_N.to(at::kCPU);
  const auto* score = scores_N.const_data_ptr<double>();
  const auto* greedy = greedy_N.const_data_ptr<bool>();
  for (size_t b = 0; b < items.size(); ++b) {
    const int64_t count = tokens_read(*items[b]) - items[b]->first + 1;
    out[b]->logprobs.assign(score, score + count);
    out[b]->is_greedy =
        std::all_of(greedy, greedy + count, [](bool likeliest) { return likeliest; });
    score += count;
    greedy += count;
  }
}

}  // namespace

std::vector<TokenScores> score_tokens(LoadedModel& model, std::span<const ScoreItem> items,
                                      int64_t batch_size) {
  const InferenceGuard guard(model);
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // The longest first: what does not fit into memory shows at once.
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t i) { return items[i].ids.size(); });
  std::vector<TokenScores> out(items.size());
  for (size_t begin = 0; begin < order.size(); begin += static_cast<size_t>(batch_size)) {
    const size_t end = std::min(order.size(), begin + static_cast<size_t>(batch_size));
    std::vector<const ScoreItem*> batch;
    std::vector<TokenScores*> results;
    for (size_t i = begin; i < end; ++i) {
      const ScoreItem& item = items[order[i]];
      SLOVO_CHECK(item.first >= 1 && item.first < static_cast<int64_t>(item.ids.size()),
                  "nothing to score");
      batch.push_back(&item);
      results.push_back(&out[order[i]]);
    }
    score_batch(model, batch, results);
  }
  return out;
}

}  // namespace slovo
