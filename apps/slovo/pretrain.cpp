// slovo pretrain: text files in, a run folder with a trained model out.
#include "command.h"
#include "commands.h"
#include "core/error.h"
#include "pretrain_job.h"

namespace slovo {
namespace {

/// A run that goes on has its own settings where the command line and config say nothing else; a
/// branch those of the run that it comes from.
Settings earlier_settings(TrainingRequest& request, const std::string& out,
                          const std::string& branch) {
  if (!branch.empty()) {
    if (request.resume || !request.model.empty()) {
      throw_config("--branch starts a run from a checkpoint; leave out ",
                   request.resume ? "--resume, which goes on with one" : "--model");
    }
    request.branch = find_branch_point(branch);
    return recorded_settings(request.branch->run);
  }
  return resumed_settings(request, out);
}

/// A budget is for a new model.
void check_budget(const TrainingRequest& request, const std::string& budget) {
  if (budget.empty()) return;
  const std::string other = request.resume   ? "--resume, which goes on with settings that are made"
                            : request.branch ? "--branch, which goes on with settings that are made"
                            : !request.model.empty() ? "--model, which has its shape"
                                                     : "";
  if (!other.empty()) throw_config("--budget chooses a new model: it does not go with ", other);
}

}  // namespace

int run_pretrain(const Invocation& call) {
  TrainingRequest request;
  std::string out;
  std::string branch;
  std::string budget;
  Command command(call);
  command.sections({"run", "model", "tokenizer", "data", "train", "decode"})
      .config_argument()
      .option("--model", request.model, "DIR", "go on from this model (continued pretraining)")
      .option("--out", out, "RUN", "the run folder to write", Need::required)
      .flag("--resume", request.resume,
            "go on from the newest checkpoint in RUN, with its settings")
      .option("--branch", branch, "CHECKPOINT",
              "start RUN from a checkpoint of another run, with its settings, moments and place in "
              "the text: to let the rate fall from there")
      .option(
          "--budget", budget, "AMOUNT",
          "choose model, batch, rate and length for so much time or arithmetic (10m, 1e16flop), "
          "but for what is given")
      .flag("--dry-run", request.dry_run, "check everything, say what would be done, write nothing")
      .flag("--json", request.json, "print the result as one JSON object")
      .base([&] { return earlier_settings(request, out, branch); })
      .needs("data.paths")
      .example("slovo pretrain --data book.txt --out runs/book", "a small model from one file")
      .example(
          "slovo pretrain configs/pretrain/shakespeare-char-cpu.json --data input.txt --out "
          "runs/char",
          "settings from a file")
      .example("slovo pretrain --data book.txt --out runs/book --budget 10m",
               "the model that ten minutes can make")
      .example("slovo pretrain --out runs/book --resume", "go on after an interruption")
      .example(
          "slovo pretrain --branch runs/long/checkpoints/step-00004000 --out runs/short "
          "--train.schedule wsd --train.steps 5000 --train.decay_steps 1000",
          "let the rate fall from step 4000 on");
  if (!command.parse()) return 0;
  for (const char* key : {"data.format", "data.columns", "data.on_error"}) {
    if (command.given(key)) {
      throw_config(key, " is about instruction data, which slovo sft learns from; leave it out");
    }
  }
  check_budget(request, budget);
  request.out = out;
  request.config = command.config();
  request.given = [&](const std::string& key) { return command.given(key); };
  request.command = call.command + " " + join(call.words, " ");
  return PretrainJob(std::move(request), budget).run();
}

}  // namespace slovo
