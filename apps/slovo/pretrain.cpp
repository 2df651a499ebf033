// slovo pretrain: text files in, a run folder with a trained model out.
#include "command.h"
#include "commands.h"
#include "core/files.h"
#include "pretrain_job.h"

namespace slovo {
namespace {

/// A resumed run goes on with its own settings where the command line and config say nothing else.
std::optional<std::pair<Json, std::string>> earlier_settings(const std::string& out) {
  if (out.empty()) return std::nullopt;
  const std::filesystem::path record = std::filesystem::path(out) / "run.json";
  if (!std::filesystem::exists(record)) {
    log::warn(cat(out, ": holds no run to go on with; starting one"));
    return std::nullopt;
  }
  const Json json = read_json(record);
  return std::pair(json.value("config", Json::object()), record.string());
}

}  // namespace

int run_pretrain(const Invocation& call) {
  PretrainRequest request;
  std::string out;
  Command command(call);
  command.sections({"run", "model", "tokenizer", "data", "train", "decode"})
      .config_argument()
      .option("--model", request.model, "DIR", "go on from this model (continued pretraining)")
      .option("--out", out, "RUN", "the run folder to write", Need::required)
      .flag("--resume", request.resume,
            "go on from the newest checkpoint in RUN, with its settings")
      .flag("--dry-run", request.dry_run, "check everything, say what would be done, write nothing")
      .flag("--json", request.json, "print the result as one JSON object")
      .base([&] { return request.resume ? earlier_settings(out) : std::nullopt; })
      .needs("data.paths")
      .example("slovo pretrain --data book.txt --out runs/book", "a small model from one file")
      .example(
          "slovo pretrain configs/pretrain/shakespeare-char-cpu.json --data input.txt --out "
          "runs/char",
          "settings from a file")
      .example("slovo pretrain --out runs/book --resume", "go on after an interruption");
  if (!command.parse()) return 0;
  request.out = out;
  request.config = command.config();
  request.given = [&](const std::string& key) { return command.given(key); };
  request.command = call.command + " " + join(call.words, " ");
  return PretrainJob(std::move(request)).run();
}

}  // namespace slovo
