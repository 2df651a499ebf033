#include "eval/perplexity.h"

#include <cmath>
#include <numbers>
#include <optional>

#include "core/error.h"
#include "core/progress.h"
#include "eval/white_space.h"

namespace slovo {
namespace {

/// The token that begins each document. Rolling always has one, as in lm-evaluation-harness.
std::optional<TokenId> document_start(const Tokenizer& tokenizer, AddBos bos, Protocol protocol) {
  if (protocol == Protocol::rolling && bos == AddBos::no) {
    throw_config(
        "eval.bos=no does not go with eval.protocol=rolling, which begins each document with BOS "
        "or EOS; use "
        "--protocol windows");
  }
  if (bos == AddBos::no) return std::nullopt;
  if (bos == AddBos::automatic && protocol != Protocol::rolling && !adds_bos(tokenizer))
    return std::nullopt;
  const std::optional<TokenId> start = start_token(tokenizer);
  if (!start)
    throw_config("the tokenizer has neither BOS nor EOS to begin documents with; use --bos no");
  return start;
}

/// Collects windows and scores them many at a time, so that memory is bounded and batches are full.
class WindowPool {
 public:
  WindowPool(LoadedModel& model, int64_t batch_size)
      : model_(model), batch_size_(batch_size), progress_("scoring", 0, "tokens") {}

  void add(const std::vector<TokenId>& ids, const Window& window) {
    const auto at = [&](int64_t i) { return ids.begin() + static_cast<std::ptrdiff_t>(i); };
    items_.push_back({{at(window.begin), at(window.end)}, window.first - window.begin});
    if (items_.size() >= static_cast<size_t>(batch_size_) * kBatches) flush();
  }

  void flush() {
    for (const TokenScores& scores : score_tokens(model_, items_, batch_size_)) {
      for (const double logprob : scores.logprobs) nll_ -= logprob;
      tokens_ += static_cast<int64_t>(scores.logprobs.size());
      progress_.advance(static_cast<int64_t>(scores.logprobs.size()));
    }
    items_.clear();
  }

  int64_t tokens() const { return tokens_; }
  double nll() const { return nll_; }

 private:
  static constexpr size_t kBatches = 16;

  LoadedModel& model_;
  int64_t batch_size_;
  Progress progress_;
  std::vector<ScoreItem> items_;
  int64_t tokens_ = 0;
  double nll_ = 0;
};

}  // namespace

double Perplexity::nll_per_token() const { return nll / static_cast<double>(tokens); }
double Perplexity::token_perplexity() const { return std::exp(nll_per_token()); }
double Perplexity::word_perplexity() const { return std::exp(nll / static_cast<double>(words)); }
double Perplexity::byte_perplexity() const { return std::exp(nll / static_cast<double>(bytes)); }
double Perplexity::bits_per_byte() const {
  return nll / static_cast<double>(bytes) / std::numbers::ln2;
}

Json Perplexity::to_json() const {
  return {{"protocol", to_name(plan.protocol)},
          {"tokens", tokens},
          {"nll_per_token", nll_per_token()},
          {"token_perplexity", token_perplexity()},
          {"word_perplexity", word_perplexity()},
          {"byte_perplexity", byte_perplexity()},
          {"bits_per_byte", bits_per_byte()},
          {"window", plan.window},
          {"stride", plan.stride},
          {"bos", bos.empty() ? Json(nullptr) : Json(bos)},
          {"documents", documents},
          {"words", words},
          {"bytes", bytes}};
}

Perplexity measure_perplexity(LoadedModel& model, const TextSource& texts,
                              const EvalConfig& config) {
  const Tokenizer& tokenizer = *model.tokenizer;
  Perplexity out;
  out.plan = plan_windows(config, model.context());
  const std::optional<TokenId> start = document_start(tokenizer, config.bos, out.plan.protocol);
  if (start) out.bos = tokenizer.token(*start);

  WindowPool pool(model, config.batch_size);
  texts([&](std::string_view text) {
    std::vector<TokenId> ids = tokenizer.encode(text, SpecialTokens::none);
    if (start) ids.insert(ids.begin(), *start);
    for (const Window& window : make_windows(out.plan, static_cast<int64_t>(ids.size())))
      pool.add(ids, window);
    ++out.documents;
    out.words += count_words(text);
    out.bytes += static_cast<int64_t>(text.size());
  });
  pool.flush();
  out.tokens = pool.tokens();
  out.nll = pool.nll();
  if (out.tokens == 0)
    throw_data("no token to score: a document needs two tokens, or one behind BOS (--bos yes)");
  return out;
}

}  // namespace slovo
