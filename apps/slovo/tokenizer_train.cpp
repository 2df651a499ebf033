// slovo tokenizer train: a tokenizer from text, as a folder that Hugging Face opens too.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
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

/// 0 where none is given.
int64_t parse_memory(const std::string& text) {
  if (text.empty()) return 0;
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0) {
    throw_config("--max-memory ", text,
                 ": must be a size above 0, in bytes or with a unit: 500M, 2G, 1.5 GiB");
  }
  return *bytes;
}

struct Result {
  std::string out;
  TrainedTokenizer trained;
  int64_t bytes;  ///< of the files, as stored
  double seconds;
  int64_t memory;  ///< the most that was taken beside what the program took before
};

double mb_per_s(const Result& r) {
  const int64_t bytes = r.trained.report.text_bytes != 0 ? r.trained.report.text_bytes : r.bytes;
  return static_cast<double>(bytes) / 1e6 / std::max(r.seconds, 1e-9);
}

void print_json(const Result& r) {
  Json result = {{"out", r.out},
                 {"kind", r.trained.tokenizer->kind()},
                 {"vocab_size", r.trained.tokenizer->vocab_size()},
                 {"bytes", r.bytes},
                 {"seconds", r.seconds},
                 {"mb_per_s", mb_per_s(r)},
                 {"memory", r.memory},
                 {"fingerprint", r.trained.tokenizer->fingerprint()}};
  result.update(r.trained.report.to_json());
  std::printf("%s\n", result.dump().c_str());
}

void print_lines(const Result& r) {
  std::printf("%s: %s tokenizer of %s tokens, from %s in %s\n", r.out.c_str(),
              r.trained.tokenizer->kind().c_str(),
              with_commas(r.trained.tokenizer->vocab_size()).c_str(),
              human_bytes(static_cast<double>(r.bytes)).c_str(), human_duration(r.seconds).c_str());
  for (const std::string& line : r.trained.report.lines()) std::printf("  %s\n", line.c_str());
  std::printf("  speed            %s MB/s\n  memory           %s\n", fixed(mb_per_s(r), 1).c_str(),
              human_bytes(static_cast<double>(r.memory)).c_str());
}

}  // namespace

int run_tokenizer_train(const Invocation& call) {
  std::string out;
  std::string max_memory;
  bool json = false;
  Command command(call);
  command.sections({"run", "tokenizer", "data"})
      .config_argument()
      .option("--out", out, "DIR", "the folder to write tokenizer.json into", Need::required)
      .option("--max-memory", max_memory, "SIZE",
              "the most that training may take beside the program, such as 500M or 2G; counted "
              "words that do not fit wait on disk (in TMPDIR), the result is the same")
      .flag("--json", json, "the result as one JSON object")
      .needs("data.paths")
      .example(
          "slovo tokenizer train --data book.txt --out book-tokenizer --tokenizer.vocab_size 8192",
          "byte-level BPE with 8192 tokens")
      .example("slovo tokenizer train --data book.txt --out chars --tokenizer.kind char",
               "one token a character")
      .example(
          "slovo tokenizer train --data corpus --out bert --tokenizer.kind wordpiece "
          "--tokenizer.lowercase --max-memory 2G",
          "a vocabulary for an encoder, in bounded memory");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();
  if (!config.tokenizer.path.empty()) {
    throw_config("tokenizer.path names an existing tokenizer (", config.tokenizer.path,
                 "), but tokenizer train makes one; leave it out");
  }
  const int threads = thread_count(config.run.threads);
  const int64_t memory_limit = parse_memory(max_memory);
  const auto start = std::chrono::steady_clock::now();
  const int64_t before = resident_bytes();
  const Corpus corpus = open_corpus(config.data, threads);
  Result result{out, {}, corpus_bytes(corpus), 0, 0};
  result.trained =
      train_tokenizer(config.tokenizer, corpus.training_texts(), threads, memory_limit);
  make_folder(out);
  result.trained.tokenizer->save(out);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.memory = std::max<int64_t>(0, peak_resident_bytes() - before);
  if (json) {
    print_json(result);
  } else {
    print_lines(result);
  }
  return 0;
}

}  // namespace slovo
