// slovo eval score: log-probabilities of given texts or token ids, JSONL to JSONL.
#include <cstdio>
#include <fstream>
#include <iostream>

#include "commands.h"
#include "core/error.h"
#include "core/log.h"
#include "eval/score_request.h"
#include "model/precision.h"

namespace slovo {
namespace {

/// Scores `input` line by line, a few batches at a time, so that any number of lines fits into
/// memory.
class LineScorer {
 public:
  LineScorer(LoadedModel& model, const EvalConfig& config) : model_(model), config_(config) {}

  void run(std::istream& input, const std::string& name) {
    std::string line;
    for (int64_t number = 1; std::getline(input, line); ++number) {
      const std::string where = cat(name, ":", number);
      items_.push_back(read_score_request(parse_json(line, where), where, model_, config_.bos));
      if (items_.size() == static_cast<size_t>(config_.batch_size) * kBatches) flush();
    }
    flush();
    log::info(cat(lines_, " lines scored (", model_.name, ", ", dtype_name(model_.dtype()), ")"));
  }

 private:
  void flush() {
    const std::vector<TokenScores> scores = score_tokens(model_, items_, config_.batch_size);
    for (size_t i = 0; i < items_.size(); ++i)
      std::printf("%s\n", score_result(items_[i], scores[i]).dump().c_str());
    std::fflush(stdout);
    lines_ += items_.size();
    items_.clear();
  }

  static constexpr size_t kBatches = 16;

  LoadedModel& model_;
  const EvalConfig& config_;
  std::vector<ScoreItem> items_;
  size_t lines_ = 0;
};

/// Scoring has no windows: their settings would be passed over in silence.
void refuse_windows(const Command& command) {
  for (const char* key : {"eval.protocol", "eval.window", "eval.stride"}) {
    if (command.given(key))
      throw_config(
          key, " is a setting of eval perplexity; eval score reads each line whole: leave it out");
  }
}

}  // namespace

int run_eval_score(const Invocation& call) {
  std::string model_path, adapter, data;
  bool json = false;
  Command command(call);
  command.sections({"run", "eval"})
      .option("--model", model_path, "DIR", "a model, run or checkpoint folder", Need::required)
      .option("--adapter", adapter, "DIR", "an adapter that goes on the model")
      .option("--data", data, "FILE",
              "JSON lines, each {\"context\", \"continuation\"} or {\"ids\"} (the first id is "
              "given, not scored); - is stdin",
              Need::required)
      .flag("--json", json, "taken, but not needed: the output is always JSON, one object a line")
      .example("slovo eval score --model runs/book --data pairs.jsonl > scores.jsonl",
               "for each line: ids, logprobs, sum_logprob, is_greedy");
  if (!command.parse()) return 0;
  refuse_windows(command);
  const RunConfig& config = command.config();

  std::ifstream file;
  if (data != "-") {
    file.open(data);
    if (!file) throw_data(data, ": cannot be read; give a file of JSON lines, or - for stdin");
  }
  set_up_computing(config.run);
  LoadedModel model = load_for_inference(model_path, config.run, adapter);
  LineScorer(model, config.eval).run(data == "-" ? std::cin : file, data == "-" ? "stdin" : data);
  return 0;
}

}  // namespace slovo
