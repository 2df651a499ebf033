// slovo tokenizer train: a tokenizer from text, as a folder that Hugging Face opens too.
#include <chrono>
#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/parallel.h"
#include "data/corpus.h"
#include "tokenizer/train.h"

namespace slovo {
namespace {

int64_t corpus_bytes(const Corpus& corpus) {
  int64_t bytes = 0;
  for (const CorpusSource& source : corpus.train) {
    for (const CorpusFile& file : source.files) bytes += file.bytes;
  }
  return bytes;
}

}  // namespace

int run_tokenizer_train(const Invocation& call) {
  std::string out;
  bool json = false;
  Command command(call);
  command.sections({"run", "tokenizer", "data"})
      .config_argument()
      .option("--out", out, "DIR", "the folder to write tokenizer.json into", Need::required)
      .flag("--json", json, "the result as one JSON object")
      .needs("data.paths")
      .example(
          "slovo tokenizer train --data book.txt --out book-tokenizer --tokenizer.vocab_size 8192",
          "byte-level BPE with 8192 tokens")
      .example("slovo tokenizer train --data book.txt --out chars --tokenizer.kind char",
               "one token a character");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();
  if (!config.tokenizer.path.empty()) {
    throw_config("tokenizer.path names an existing tokenizer (", config.tokenizer.path,
                 "), but tokenizer train makes one; leave it out");
  }
  const int threads = thread_count(config.run.threads);
  const auto start = std::chrono::steady_clock::now();
  const Corpus corpus = open_corpus(config.data, threads);
  const auto tokenizer = train_tokenizer(config.tokenizer, corpus.texts(), threads);
  make_folder(out);
  tokenizer->save(out);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (json) {
    const Json result = {{"out", out},
                         {"kind", tokenizer->kind()},
                         {"vocab_size", tokenizer->vocab_size()},
                         {"bytes", corpus_bytes(corpus)},
                         {"seconds", seconds.count()},
                         {"fingerprint", tokenizer->fingerprint()}};
    std::printf("%s\n", result.dump().c_str());
  } else {
    std::printf("%s: %s tokenizer of %s tokens, from %s in %s\n", out.c_str(),
                tokenizer->kind().c_str(), with_commas(tokenizer->vocab_size()).c_str(),
                human_bytes(static_cast<double>(corpus_bytes(corpus))).c_str(),
                human_duration(seconds.count()).c_str());
  }
  return 0;
}

}  // namespace slovo
