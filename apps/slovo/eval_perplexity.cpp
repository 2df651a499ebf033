// slovo eval perplexity: how well a model predicts text.
#include <chrono>
#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "data/corpus.h"
#include "data/corpus_files.h"
#include "eval/perplexity.h"
#include "model/precision.h"

namespace slovo {
namespace {

/// The documents of all `--data` entries in order.
TextSource open_texts(const DataConfig& config) {
  std::vector<CorpusFile> files;
  for (const std::string& entry : config.paths) {
    const SourceSpec spec = parse_source_spec(entry);
    if (spec.weight)
      throw_config("data.paths: ", entry, " has a weight; evaluation reads all text once: give ",
                   spec.path);
    for (CorpusFile& file : resolve_files(spec.path)) files.push_back(std::move(file));
  }
  const TextForm form{config.text_field, config.document_separator};
  return [files, form](const std::function<void(std::string_view)>& take) {
    read_documents(files, form, [&](std::string_view text, const DocumentSource&) { take(text); });
  };
}

std::string protocol_text(const WindowPlan& plan) {
  switch (plan.protocol) {
    case Protocol::strided:
      return cat("strided, windows of ", plan.window, " tokens every ", plan.stride);
    case Protocol::rolling:
      return cat("rolling windows of ", plan.window, " tokens, as lm-evaluation-harness");
    default:
      return cat("windows of ", plan.window, " tokens without overlap");
  }
}

void print_table(const Perplexity& result, const LoadedModel& model, double seconds) {
  const auto line = [](const char* name, const std::string& value) {
    std::printf("%-18s %s\n", name, value.c_str());
  };
  line("model", cat(model.name, " (", dtype_name(model.dtype()), ")"));
  line("protocol", protocol_text(result.plan));
  line("BOS",
       result.bos.empty() ? "none; the first token of a document is not scored" : result.bos);
  line("documents", with_commas(result.documents));
  line("tokens", cat(with_commas(result.tokens), " in ", human_duration(seconds)));
  line("words", with_commas(result.words));
  line("bytes", with_commas(result.bytes));
  line("NLL per token", fixed(result.nll_per_token(), 6));
  line("token perplexity", fixed(result.token_perplexity(), 4));
  line("word perplexity", fixed(result.word_perplexity(), 4));
  line("byte perplexity", fixed(result.byte_perplexity(), 4));
  line("bits per byte", fixed(result.bits_per_byte(), 4));
}

}  // namespace

int run_eval_perplexity(const Invocation& call) {
  std::string model_path, adapter;
  bool json = false;
  Command command(call);
  command.sections({"run", "data", "eval"})
      .option("--model", model_path, "DIR", "a model, run or checkpoint folder", Need::required)
      .option("--adapter", adapter, "DIR", "an adapter that goes on the model")
      .flag("--json", json, "one JSON object on stdout")
      .needs("data.paths")
      .example("slovo eval perplexity --model runs/book --data test.txt",
               "windows of the model's context, no overlap")
      .example("slovo eval perplexity --model runs/book --data test.txt --window 1024 --stride 512",
               "overlapping windows: each token has at least 512 before it");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();

  const TextSource texts = open_texts(config.data);
  set_up_computing(config.run);
  LoadedModel model = load_for_inference(model_path, config.run, adapter);
  const auto start = std::chrono::steady_clock::now();
  const Perplexity result = measure_perplexity(model, texts, config.eval);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  if (!json) {
    print_table(result, model, spent.count());
    return 0;
  }
  Json out = result.to_json();
  out["dtype"] = dtype_name(model.dtype());
  out["model"] = model.name;
  out["seconds"] = spent.count();
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace slovo
