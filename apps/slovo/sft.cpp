// slovo sft: a model and instructions in, a run folder with a tuned model out.
#include "command.h"
#include "commands.h"
#include "sft_job.h"

namespace slovo {
namespace {

/// What suits tuning where it differs from what suits pretraining.
const Json kDefaults = {{"train",
                         {{"epochs", 3},
                          {"lr", 5e-5},
                          {"weight_decay", 0},
                          {"keep_best", true},
                          {"checkpoint_every", 0}}},
                        {"data", {{"seq_len", 512}}}};

}  // namespace

int run_sft(const Invocation& call) {
  TrainingRequest request;
  std::string out;
  std::optional<int64_t> show_mask;
  Command command(call);
  command.sections({"run", "data", "sft", "lora", "distill", "train", "decode"})
      .config_argument()
      .defaults(kDefaults)
      .option("--model", request.model, "DIR", "the model to tune")
      .option("--out", out, "RUN", "the run folder to write")
      .flag("--resume", request.resume,
            "go on from the newest checkpoint in RUN, with its settings")
      .option("--show-mask", show_mask, "N",
              "print N examples with what is learned of them set off, and train nothing", 1)
      .flag("--dry-run", request.dry_run, "read and check everything, train nothing")
      .flag("--json", request.json, "print the result as one JSON object")
      .base([&] { return resumed_settings(request, out); })
      .needs("data.paths")
      .example("slovo sft --model runs/base --data chats.jsonl --out runs/chat",
               "a model that answers")
      .example("slovo sft --model runs/base --data chats.jsonl --show-mask 3",
               "what would be learned of three examples")
      .example("slovo sft --model runs/base --data chats.jsonl --out runs/chat --replay corpus.txt",
               "mix in a tenth of old text, against forgetting")
      .example("slovo sft --model llama --data alpaca.json --out runs/lora --lora.rank 16",
               "train adapters only");
  if (!command.parse()) return 0;
  if (out.empty() && !show_mask && !request.dry_run) {
    throw_config("--out is required; it names the run folder to write");
  }
  request.out = out;
  request.config = command.config();
  request.given = [&](const std::string& key) { return command.given(key); };
  request.command = call.command + " " + join(call.words, " ");
  return SftJob(std::move(request), show_mask.value_or(0)).run();
}

}  // namespace slovo
