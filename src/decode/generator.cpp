#include "decode/generator.h"

#include "core/error.h"
#include "decode/batch_decoder.h"

namespace slovo {

Generator::Generator(LoadedModel& model, const DecodeConfig& config, int64_t seed)
    : model_(model), config_(config), seed_(static_cast<uint64_t>(seed)) {}

std::vector<TokenId> Generator::encode_prompt(std::string_view prompt) const {
  std::vector<TokenId> ids = model_.tokenizer->encode(prompt, SpecialTokens::add);
  if (ids.empty()) {
    const std::optional<TokenId> start = start_token(*model_.tokenizer);
    if (!start)
      throw_config(
          "the prompt is empty and the tokenizer has neither BOS nor EOS; give the text to go on "
          "from");
    ids.push_back(*start);
  }
  if (static_cast<int64_t>(ids.size()) >= model_.context()) {
    throw_config("a prompt has ", ids.size(),
                 " tokens and leaves no place in the model's context of ", model_.context(),
                 "; give at most ", model_.context() - 1);
  }
  return ids;
}

std::vector<Completion> Generator::generate(const std::vector<std::vector<TokenId>>& prompts,
                                            const TextSink& sink) {
  const InferenceGuard guard(model_);
  std::vector<Completion> out;
  for (size_t prompt = 0; prompt < prompts.size(); ++prompt) {
    for (int64_t sample = 0; sample < config_.num_samples; ++sample) {
      Completion& completion = out.emplace_back();
      completion.prompt = prompt;
      completion.sample = sample;
    }
  }
  detail::BatchDecoder(model_, config_, seed_, sink).run(prompts, out);
  return out;
}

std::vector<Completion> Generator::generate(const std::vector<std::string>& prompts,
                                            const TextSink& sink) {
  std::vector<std::vector<TokenId>> ids;
  for (const std::string& prompt : prompts) ids.push_back(encode_prompt(prompt));
  return generate(ids, sink);
}

}  // namespace slovo
