#include "model/transformer.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "config/validate.h"
#include "core/error.h"
#include "ops/ops.h"
#include "ops/recompute.h"

namespace slovo {
namespace {

bool is_trained(const BlockImpl& block) {
  const auto parameters = block.parameters();
  return std::any_of(parameters.begin(), parameters.end(),
                     [](const at::Tensor& each) { return each.requires_grad(); });
}

/// Places counted from each document's start: [B,T] int64.
at::Tensor document_positions(const Segments& segments, at::Device device) {
  if (segments.whole_rows()) {
    return at::arange(segments.length, at::TensorOptions(at::kLong).device(device))
        .expand({segments.batch, segments.length});
  }
  at::Tensor positions = at::empty({segments.batch, segments.length}, at::kLong);
  auto* out = positions.mutable_data_ptr<int64_t>();
  for (size_t i = 0; i + 1 < segments.offsets.size(); ++i) {
    for (int32_t place = segments.offsets[i]; place < segments.offsets[i + 1]; ++place) {
      out[place] = place - segments.offsets[i];
    }
  }
  return positions.to(device);
}

/// Places behind what each row has seen: [B,T] int64.
at::Tensor next_positions(const ModelState& state, int64_t length, at::Device device) {
  at::Tensor positions = at::empty({state.batch(), length}, at::kLong);
  auto* out = positions.mutable_data_ptr<int64_t>();
  for (const int64_t seen : state.lengths) {
    for (int64_t t = 0; t < length; ++t) *out++ = seen + t;
  }
  return positions.to(device);
}

int64_t longest_document(const Segments& segments) {
  int32_t longest = 0;
  for (size_t i = 0; i + 1 < segments.offsets.size(); ++i) {
    longest = std::max(longest, segments.offsets[i + 1] - segments.offsets[i]);
  }
  return longest;
}

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> named_weights(const Transformer& model) {
  std::vector<std::pair<std::string, at::Tensor>> out;
  for (const auto& parameter : model->named_parameters())
    out.emplace_back(parameter.key(), parameter.value());
  return out;
}

TransformerImpl::TransformerImpl(const ModelConfig& config, at::TensorOptions options)
    : config_(config) {
  for (const Conflict& conflict : find_conflicts(config)) throw_config(conflict.text);
  SLOVO_CHECK(config.vocab_size > 0 && config.max_position_embeddings > 0, "an incomplete config");
  options = options.requires_grad(false);  // registering a parameter turns it on
  embedding_ = register_module("embedding", Table(config.vocab_size, config.hidden_size, options));
  RotaryTables rotary;
  if (config.position == Position::learned) {
    positions_ = register_module(
        "positions", Table(config.max_position_embeddings, config.hidden_size, options));
  } else {
    rotary = rotary_tables(config.max_position_embeddings, config.head_size(), config.rope_theta,
                           options.device());
  }
  for (int64_t i = 0; i < config.num_hidden_layers; ++i)
    blocks_->push_back(Block(config, i, rotary, options));
  register_module("blocks", blocks_);
  norm_ =
      register_module("norm", NormLayer(config.norm, config.hidden_size, config.norm_eps, options));
  if (!config.tie_word_embeddings) {
    head_ =
        register_module("head", Projection(config.hidden_size, config.vocab_size, false, options));
  }
}

at::Tensor TransformerImpl::input_positions(const ModelInput& input, const Segments& segments,
                                            const ModelState* state) const {
  const int64_t length = input.ids_BT.size(1);
  const int64_t longest =
      state == nullptr ? longest_document(segments)
                       : *std::max_element(state->lengths.begin(), state->lengths.end()) + length;
  if (longest > config_.max_position_embeddings) {
    throw_data("a text of ", longest, " tokens is longer than the model's context of ",
               config_.max_position_embeddings,
               " (max_position_embeddings); give a shorter text or ask for fewer tokens");
  }
  if (state != nullptr) return next_positions(*state, length, input.ids_BT.device());
  return input.positions_BT.defined() ? input.positions_BT
                                      : document_positions(segments, input.ids_BT.device());
}

at::Tensor TransformerImpl::forward(const ModelInput& input, ModelState* state) {
  const int64_t batch = input.ids_BT.size(0);
  const int64_t length = input.ids_BT.size(1);
  const Segments segments =
      input.segments.offsets.empty() ? Segments::rows(batch, length) : input.segments;
  SLOVO_CHECK(segments.batch == batch && segments.length == length, "segments of another batch");
  SLOVO_CHECK(state == nullptr || state->batch() == batch, batch, " rows for a state of ",
              state->batch());

  *pass_ = {at::GradMode::is_enabled(), pass_number_};
  MixerInput mixer{input_positions(input, segments, state), input.ids_BT, &segments, nullptr};
  at::Tensor x_BTC = embedding_->forward(input.ids_BT);
  if (positions_) x_BTC = x_BTC + positions_->forward(mixer.positions_BT);
  if (noise_.alpha > 0 && pass_->on) {
    x_BTC = x_BTC + noise_.draw(segments, config_.hidden_size, pass_->number, x_BTC.options());
  }
  const at::Tensor first_BTC = x_BTC;
  for (size_t i = 0; i < blocks_->size(); ++i) {
    if (state != nullptr) mixer.state = state->layers[i].get();
    auto& block = blocks_->at<BlockImpl>(i);
    if (!recompute_blocks_ || !(x_BTC.requires_grad() || is_trained(block))) {
      x_BTC = block.forward(x_BTC, first_BTC, mixer);
      continue;
    }
    // The backward pass comes after this function: what the block reads is copied.
    x_BTC = ops::recompute(
        [this, &block, mixer, segments, pass = *pass_](const at::Tensor& x,
                                                       const at::Tensor& first) {
          MixerInput own = mixer;
          own.segments = &segments;
          *pass_ = pass;
          return block.forward(x, first, own);
        },
        x_BTC, first_BTC);
  }
  if (state != nullptr) {
    for (int64_t& seen : state->lengths) seen += length;
  }
  return norm_->forward(x_BTC);
}

at::Tensor TransformerImpl::logits(const at::Tensor& hidden) {
  const at::Tensor out = ops::linear(hidden, head_weight());
  const double cap = config_.final_logit_softcapping;
  return cap > 0 ? ops::softcap(out, cap) : out;
}

const at::Tensor& TransformerImpl::head_weight() const {
  return head_ ? head_->weight : embedding_->weight;
}

ModelState TransformerImpl::new_state(int64_t batch, int64_t capacity) const {
  ModelState state{{}, std::vector<int64_t>(static_cast<size_t>(batch), 0)};
  const at::TensorOptions options = norm_->weight.options().requires_grad(false);
  for (size_t i = 0; i < blocks_->size(); ++i) {
    state.layers.push_back(blocks_->at<BlockImpl>(i).new_state(batch, capacity, options));
  }
  return state;
}

}  // namespace slovo
