// The loop behind Generator: which completions are in the batch, what each has so far, and one step
// of all of them.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "decode/generator.h"
#include "decode/logits.h"
#include "decode/stop_matcher.h"
#include "model/layer_state.h"

namespace slovo::detail {

/// A completion in the making.
class Row {
 public:
  Row(const LoadedModel& model, const DecodeConfig& config, const std::vector<TokenId>& prompt,
      Completion& out);

  /// Takes the next token: grows the text, and notes whether this ends it.
  void take(TokenId id, const TextSink& sink);
  bool finished() const { return finished_; }
  bool filled_context() const { return filled_context_; }
  TokenId last() const { return out_.ids.back(); }
  Completion& completion() { return out_; }
  Draw next_draw() const;

 private:
  void show(std::string_view piece, const TextSink& sink);
  void finish(FinishReason reason, const TextSink& sink);

  const LoadedModel& model_;
  int64_t max_tokens_;
  int64_t prompt_tokens_;
  StreamDecoder decoder_;
  StopMatcher stops_;
  Completion& out_;
  bool finished_ = false;
  bool filled_context_ = false;
};

class BatchDecoder {
 public:
  BatchDecoder(LoadedModel& model, const DecodeConfig& config, uint64_t seed, const TextSink& sink);

  /// Completes `out[i].prompt` of `prompts` for every i; `out` names prompt and sample already.
  void run(const std::vector<std::vector<TokenId>>& prompts, std::vector<Completion>& out);

 private:
  /// Takes waiting completions into free rows, as many as have prompts of the first one's length:
  /// they are prefilled together, each different prompt once.
  void admit(const std::vector<std::vector<TokenId>>& prompts);
  /// One token further for every row.
  void step();
  /// Samples a token for rows [first, ...) from hidden states [R,C], one of each.
  void sample(const at::Tensor& hidden_RC, size_t first);
  void drop_finished();

  LoadedModel& model_;
  const DecodeConfig& config_;
  Sampler sampler_;
  const TextSink& sink_;
  std::deque<Completion*> waiting_;
  std::vector<std::unique_ptr<Row>> rows_;  ///< row b of state_
  ModelState state_;
  int64_t capacity_ = 0;
  bool told_context_full_ = false;
};

}  // namespace slovo::detail
