// Shapes: R rows, U different prompts, T tokens of a prompt, C hidden, V vocabulary.
#include "decode/batch_decoder.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/log.h"
#include "core/text.h"

namespace slovo::detail {
namespace {

at::Tensor id_tensor(const std::vector<int64_t>& ids, int64_t rows, at::Device device) {
  const auto length = static_cast<int64_t>(ids.size()) / rows;
  return at::tensor(ids, at::kLong).view({rows, length}).to(device);
}

}  // namespace

Row::Row(const LoadedModel& model, const DecodeConfig& config, const std::vector<TokenId>& prompt,
         Completion& out)
    : model_(model),
      max_tokens_(config.max_tokens),
      prompt_tokens_(static_cast<int64_t>(prompt.size())),
      decoder_(*model.tokenizer),
      stops_(config.stop),
      out_(out) {
  // The text of a token may depend on those before it (a leading space, a cut character): the
  // prompt goes first.
  for (const TokenId id : prompt) decoder_.push(id);
}

Draw Row::next_draw() const {
  return {out_.prompt, static_cast<uint64_t>(out_.sample), out_.ids.size()};
}

void Row::take(TokenId id, const TextSink& sink) {
  out_.ids.push_back(id);
  if (model_.is_eos(id)) return finish(FinishReason::stop, sink);
  show(decoder_.push(id), sink);
  const auto chosen = static_cast<int64_t>(out_.ids.size());
  filled_context_ =
      !stops_.stopped() && chosen < max_tokens_ && prompt_tokens_ + chosen == model_.context();
  if (stops_.stopped() || chosen == max_tokens_ || filled_context_)
    finish(FinishReason::length, sink);
}

void Row::show(std::string_view piece, const TextSink& sink) {
  const std::string shown = stops_.push(piece);
  out_.text += shown;
  if (sink && !shown.empty()) sink(out_, shown);
}

void Row::finish(FinishReason reason, const TextSink& sink) {
  finished_ = true;
  show(decoder_.finish(), sink);
  const std::string rest = stops_.finish();
  out_.text += rest;
  if (sink && !rest.empty()) sink(out_, rest);
  out_.finish_reason = stops_.stopped() ? FinishReason::stop : reason;
}

BatchDecoder::BatchDecoder(LoadedModel& model, const DecodeConfig& config, uint64_t seed,
                           const TextSink& sink)
    : model_(model), config_(config), sampler_(config, seed), sink_(sink) {}

void BatchDecoder::run(const std::vector<std::vector<TokenId>>& prompts,
                       std::vector<Completion>& out) {
  int64_t longest = 0;
  for (const auto& prompt : prompts)
    longest = std::max(longest, static_cast<int64_t>(prompt.size()));
  capacity_ = std::min(model_.context(), longest + config_.max_tokens);
  for (Completion& completion : out) waiting_.push_back(&completion);
  while (!waiting_.empty() || !rows_.empty()) {
    if (!waiting_.empty() && static_cast<int64_t>(rows_.size()) < config_.batch_size) {
      admit(prompts);
    } else {
      step();
    }
    drop_finished();
  }
}

void BatchDecoder::admit(const std::vector<std::vector<TokenId>>& prompts) {
  const size_t first = rows_.size();
  const size_t length = prompts[waiting_.front()->prompt].size();
  std::vector<const std::vector<TokenId>*> unique_prompts;
  std::vector<int64_t> prompt_of_row;
  while (!waiting_.empty() && static_cast<int64_t>(rows_.size()) < config_.batch_size) {
    const auto& prompt = prompts[waiting_.front()->prompt];
    if (prompt.size() != length) break;
    if (unique_prompts.empty() || *unique_prompts.back() != prompt)
      unique_prompts.push_back(&prompt);
    prompt_of_row.push_back(static_cast<int64_t>(unique_prompts.size()) - 1);
    rows_.push_back(std::make_unique<Row>(model_, config_, prompt, *waiting_.front()));
    waiting_.pop_front();
  }

  const auto count = static_cast<int64_t>(unique_prompts.size());
  std::vector<int64_t> ids;
  for (const auto* prompt : unique_prompts) ids.insert(ids.end(), prompt->begin(), prompt->end());
  ModelState state = model_.model->new_state(count, capacity_);
  const ModelInput input{id_tensor(ids, count, model_.device()), {}, {}};
  const at::Tensor hidden_UTC = model_.model->forward(input, &state);
  const at::Tensor rows_R = at::tensor(prompt_of_row, at::kLong).to(model_.device());
  if (prompt_of_row.size() > unique_prompts.size()) state.reorder(prompt_of_row);
  if (first == 0) {
    state_ = std::move(state);
  } else {
    state_.append(state);
  }
  sample(hidden_UTC.select(1, -1).index_select(0, rows_R), first);
}

void BatchDecoder::step() {
  std::vector<int64_t> ids;
  for (const auto& row : rows_) ids.push_back(row->last());
  const ModelInput input{id_tensor(ids, static_cast<int64_t>(ids.size()), model_.device()), {}, {}};
  sample(model_.model->forward(input, &state_).select(1, -1), 0);
}

void BatchDecoder::sample(const at::Tensor& hidden_RC, size_t first) {
  const at::Tensor logits_RV =
      model_.model->logits(hidden_RC).to(at::kCPU, at::kFloat).contiguous();
  // A vocabulary may be padded: ids that the tokenizer lacks have no text.
  const auto vocabulary =
      static_cast<size_t>(std::min(logits_RV.size(1), model_.tokenizer->vocab_size()));
  for (size_t r = 0; r < rows_.size() - first; ++r) {
    const float* row_logits =
        logits_RV.const_data_ptr<float>() + static_cast<int64_t>(r) * logits_RV.size(1);
    Row& row = *rows_[first + r];
    const TokenId id = sampler_.sample({row_logits, vocabulary}, row.next_draw());
    if (config_.logprobs) {
      const std::span<const float> all(row_logits, static_cast<size_t>(logits_RV.size(1)));
      row.completion().logprobs.push_back(log_prob(all, id));
    }
    row.take(id, sink_);
    if (row.filled_context() && !std::exchange(told_context_full_, true)) {
      log::warn(cat("the model's context of ", model_.context(),
                    " tokens is full: the completion ends there"));
    }
  }
}

void BatchDecoder::drop_finished() {
  std::vector<int64_t> kept;
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (!rows_[r]->finished()) kept.push_back(static_cast<int64_t>(r));
  }
  if (kept.size() == rows_.size()) return;
  std::erase_if(rows_, [](const auto& row) { return row->finished(); });
  if (!kept.empty()) state_.reorder(kept);
}

}  // namespace slovo::detail
