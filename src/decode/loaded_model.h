// A model folder opened to be used: weights on their device and in their dtype, the tokenizer, and
// the tokens that end a text. The one place where generate, eval and samples during training get
// this from.
#pragma once

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "model/transformer.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

struct LoadedModel {
  std::string name;  ///< the folder, and the adapter's, for results and errors
  Transformer model{nullptr};
  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<TokenId> eos_ids;  ///< tokens that end a text, without repeats

  at::Device device() const { return model->head_weight().device(); }
  at::ScalarType dtype() const { return model->head_weight().scalar_type(); }
  int64_t context() const { return model->config().max_position_embeddings; }
  bool is_eos(TokenId id) const;
};

/// A model's folder, and that of an adapter to go on it, or "".
struct ModelSource {
  std::filesystem::path model, adapter;

  /// The folder whose tokenizer is used: the adapter's, where it has one.
  std::filesystem::path tokenizer() const;
};
/// What the user means: `given` is a model, run or checkpoint folder; where that holds an adapter,
/// the model is the one that the adapter names. Throws Error(checkpoint) that says what was looked
/// for.
ModelSource find_model(const std::filesystem::path& given,
                       const std::filesystem::path& adapter = {});

/// Opens what the user gave on the device and in the dtype that `run` asks for. Throws
/// Error(checkpoint) when parts are missing or the tokenizer has ids that the model lacks.
LoadedModel load_for_inference(const std::filesystem::path& given, const RuntimeConfig& run,
                               const std::filesystem::path& adapter = {});

/// The token that stands for an empty context: BOS, else EOS, as in lm-evaluation-harness.
std::optional<TokenId> start_token(const Tokenizer& tokenizer);

/// No gradients, and no autograd bookkeeping at all where the weights were made for inference. A
/// model in training must not be run in inference mode: tables it builds there could not be used by
/// its next training step.
class InferenceGuard {
 public:
  explicit InferenceGuard(const LoadedModel& loaded)
      : inference_(loaded.model->head_weight().is_inference()) {}

 private:
  c10::InferenceMode inference_;  // first: InferenceMode(false) turns gradients on
  at::NoGradGuard no_grad_;
};

}  // namespace slovo
