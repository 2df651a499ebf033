// slovo tokenizer info: what a tokenizer is, and how far it compresses a sample.
#include <chrono>
#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "core/json.h"
#include "core/parallel.h"
#include "data/corpus.h"
#include "tokenizer/tokenizer.h"

namespace slovo {
namespace {

Json role(const Tokenizer& tokenizer, std::optional<TokenId> id) {
  return id ? Json(tokenizer.token(*id)) : Json(nullptr);
}

Json describe(const Tokenizer& tokenizer) {
  Json special = Json::object();
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_special(id)) special[tokenizer.token(id)] = id;
  }
  return {{"kind", tokenizer.kind()},
          {"vocab_size", tokenizer.vocab_size()},
          {"normalizer", tokenizer.stage("normalizer")},
          {"pre_tokenizer", tokenizer.stage("pre_tokenizer")},
          {"post_processor", tokenizer.stage("post_processor")},
          {"decoder", tokenizer.stage("decoder")},
          {"special_tokens", std::move(special)},
          {"bos_token", role(tokenizer, tokenizer.bos_id())},
          {"eos_token", role(tokenizer, tokenizer.eos_id())},
          {"added_to_texts", tokenizer.encode("", SpecialTokens::add)},
          {"fingerprint", tokenizer.fingerprint()}};
}

/// Bytes and tokens of the sample text, special tokens not counted, and how fast it is encoded.
Json measure(const Tokenizer& tokenizer, const DataConfig& data, int threads) {
  const Corpus corpus = open_corpus(data, threads);
  int64_t bytes = 0;
  int64_t tokens = 0;
  std::chrono::duration<double> encoding{};
  corpus.texts()([&](std::string_view text) {
    const auto start = std::chrono::steady_clock::now();
    const auto ids = tokenizer.encode_ordinary(text, threads);
    encoding += std::chrono::steady_clock::now() - start;
    bytes += static_cast<int64_t>(text.size());
    tokens += std::ssize(ids);
  });
  return {{"bytes", bytes},
          {"tokens", tokens},
          {"bytes_per_token",
           static_cast<double>(bytes) / static_cast<double>(std::max<int64_t>(tokens, 1))},
          {"mb_per_s", static_cast<double>(bytes) / 1e6 / std::max(encoding.count(), 1e-9)}};
}

void print_table(const Json& info) {
  for (const auto& [key, value] : info.items()) {
    const bool number = value.is_number_float();
    const std::string text = value.is_string() ? value.get<std::string>()
                             : number          ? fixed(value.get<double>(), 3)
                                               : value.dump();
    std::printf("%-16s %s\n", key.c_str(), text.c_str());
  }
}

}  // namespace

int run_tokenizer_info(const Invocation& call) {
  bool json = false;
  Command command(call);
  command.sections({"run", "tokenizer", "data"})
      .flag("--json", json, "one JSON object")
      .needs("tokenizer.path")
      .example("slovo tokenizer info --tokenizer runs/book/model --data book.txt",
               "its kind and special tokens, and bytes per token and speed on a text");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();
  const auto tokenizer = Tokenizer::load(config.tokenizer.path);
  Json info = describe(*tokenizer);
  if (!config.data.paths.empty()) {
    const int threads = thread_count(config.run.threads);
    info.update(measure(*tokenizer, config.data, threads));
  }
  if (json) {
    std::printf("%s\n", info.dump().c_str());
  } else {
    print_table(info);
  }
  return 0;
}

}  // namespace slovo
