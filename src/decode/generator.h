// Text from prompts: prefill, then one token a step for all rows of a batch, with a key-value
// cache. Rows that end make place for prompts that wait. Knows neither the command line nor how
// results are printed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/enum_names.h"
#include "decode/loaded_model.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

enum class FinishReason {
  stop,    ///< an end-of-text token or a stop text
  length,  ///< max_tokens, or the model's context is full
};
template <>
struct EnumNames<FinishReason> {
  static constexpr auto names =
      make_names<FinishReason>({{FinishReason::stop, "stop"}, {FinishReason::length, "length"}});
};

struct Completion {
  size_t prompt = 0;   ///< number of its prompt
  int64_t sample = 0;  ///< number among the completions of that prompt
  std::string
      text;  ///< what follows the prompt, without stop texts and special tokens; well-formed UTF-8
  std::vector<TokenId> ids;      ///< every token chosen, the one that ended the text included
  std::vector<double> logprobs;  ///< log-probability of each under the model itself (before
                                 ///< temperature and the like)
  FinishReason finish_reason = FinishReason::length;
};

/// Called as text grows with a completion and its new piece: whole characters, nothing that a stop
/// text may still eat.
using TextSink = std::function<void(const Completion& completion, std::string_view piece)>;

class Generator {
 public:
  /// `model` must outlive the generator.
  Generator(LoadedModel& model, const DecodeConfig& config, int64_t seed);

  /// The ids that a prompt is given to the model as: special tokens as the tokenizer adds them; an
  /// empty prompt is BOS, else EOS. Throws Error(config) when an empty prompt has neither, or when
  /// the prompt leaves no place in the context.
  std::vector<TokenId> encode_prompt(std::string_view prompt) const;

  /// `num_samples` completions of each prompt, in the order of the prompts. A prompt's text depends
  /// on the seed and its number among the prompts, not on the batch. Prompts that share their ids
  /// share one prefill.
  std::vector<Completion> generate(const std::vector<std::vector<TokenId>>& prompts,
                                   const TextSink& sink = {});
  std::vector<Completion> generate(const std::vector<std::string>& prompts,
                                   const TextSink& sink = {});

 private:
  LoadedModel& model_;
  DecodeConfig config_;
  uint64_t seed_;
};

}  // namespace slovo
