#include "decode/logits.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/error.h"
#include "core/rng.h"

namespace slovo {
namespace {

class Temperature : public LogitsProcessor {
 public:
  explicit Temperature(double temperature) : temperature_(static_cast<float>(temperature)) {}
  void apply(Candidates& candidates) const override {
    for (Candidate& candidate : candidates) candidate.logit /= temperature_;
  }

 private:
  float temperature_;
};

/// Keeps what is at least as likely as the k-th likeliest: tokens equal to that one all stay, as in
/// Hugging Face.
class TopK : public LogitsProcessor {
 public:
  explicit TopK(int64_t k) : k_(static_cast<size_t>(k)) {}
  void apply(Candidates& candidates) const override {
    if (k_ >= candidates.size()) return;
    std::vector<float> logits;
    logits.reserve(candidates.size());
    for (const Candidate& candidate : candidates) logits.push_back(candidate.logit);
    const auto kth = logits.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(logits.begin(), kth, logits.end(), std::greater<>());
    std::erase_if(candidates,
                  [least = *kth](const Candidate& candidate) { return candidate.logit < least; });
  }

 private:
  size_t k_;
};

bool likelier(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

float highest_logit(const Candidates& candidates) {
  return std::ranges::max(candidates, {}, &Candidate::logit).logit;
}

double weight(const Candidate& candidate, float highest) {
  return std::exp(static_cast<double>(candidate.logit) - highest);
}

double total_weight(const Candidates& candidates, float highest) {
  double total = 0;
  for (const Candidate& candidate : candidates) total += weight(candidate, highest);
  return total;
}

/// Nucleus sampling (arXiv:1904.09751): keeps the likeliest tokens until they hold the probability
/// `p` together.
class TopP : public LogitsProcessor {
 public:
  explicit TopP(double p) : p_(p) {}
  void apply(Candidates& candidates) const override {
    const float highest = highest_logit(candidates);
    const double wanted = p_ * total_weight(candidates, highest);
    double held = 0;
    size_t kept = 0;
    // The nucleus is mostly small, so the vocabulary is sorted only as far as it reaches.
    for (size_t sorted = 0; kept < candidates.size() && (kept == 0 || held < wanted); ++kept) {
      if (kept == sorted) sorted = sort_further(candidates, sorted);
      held += weight(candidates[kept], highest);
    }
    candidates.resize(kept);
  }

 private:
  static size_t sort_further(Candidates& candidates, size_t sorted) {
    const size_t end = std::min(candidates.size(), std::max<size_t>(64, 4 * sorted));
    const auto at = [&](size_t i) { return candidates.begin() + static_cast<std::ptrdiff_t>(i); };
    std::partial_sort(at(sorted), at(end), candidates.end(), likelier);
    return end;
  }

  double p_;
};

/// The largest logit's id, the first among equals. Throws when none is a number.
TokenId likeliest(std::span<const float> logits) {
  const auto best = std::ranges::max_element(logits);
  // A NaN compares false with everything, so the sum finds it where the comparison may not.
  double sum = 0;
  for (const float logit : logits) sum += std::isinf(logit) ? 0.0 : static_cast<double>(logit);
  if (std::isnan(sum) || !std::isfinite(*best)) {
    throw_checkpoint(
        "the model's logits are not finite numbers; its weights are damaged, or overflow in this "
        "precision: try --dtype fp32");
  }
  return static_cast<TokenId>(best - logits.begin());
}

TokenId draw_by_inversion(const Candidates& candidates, double uniform) {
  const float highest = highest_logit(candidates);
  const double target = uniform * total_weight(candidates, highest);
  double reached = 0;
  for (const Candidate& candidate : candidates) {
    reached += weight(candidate, highest);
    if (reached > target) return candidate.id;
  }
  return candidates.back().id;
}

}  // namespace

LogitsProcessors make_processors(const DecodeConfig& config) {
  LogitsProcessors out;
  if (config.temperature != 1.0) out.push_back(std::make_unique<Temperature>(config.temperature));
  if (config.top_k > 0) out.push_back(std::make_unique<TopK>(config.top_k));
  if (config.top_p < 1.0) out.push_back(std::make_unique<TopP>(config.top_p));
  return out;
}

Sampler::Sampler(const DecodeConfig& config, uint64_t seed)
    : greedy_(config.temperature == 0), seed_(seed) {
  if (!greedy_) processors_ = make_processors(config);
}

TokenId Sampler::sample(std::span<const float> logits, const Draw& draw) const {
  const TokenId best = likeliest(logits);
  if (greedy_) return best;
  Candidates candidates;
  candidates.reserve(logits.size());
  for (size_t id = 0; id < logits.size(); ++id)
    candidates.push_back({static_cast<TokenId>(id), logits[id]});
  for (const auto& processor : processors_) processor->apply(candidates);
  const uint64_t stream = random_bits(random_stream("sampling"), draw.prompt, draw.sample);
  return draw_by_inversion(candidates, random_unit(seed_, stream, draw.position));
}

double log_prob(std::span<const float> logits, TokenId id) {
  const double highest = *std::ranges::max_element(logits);
  double total = 0;
  for (const float logit : logits) total += std::exp(logit - highest);
  return logits[static_cast<size_t>(id)] - highest - std::log(total);
}

}  // namespace slovo
