#include "commands.h"

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "core/parallel.h"
#include "core/processor.h"
#include "model/precision.h"

namespace slovo {
namespace {

bool asks_for_help(const std::string& word) {
  return word == "--help" || word == "-h" || word == "help";
}

/// The commands whose names begin with `prefix` ("" for all), a line each.
std::string list_commands(const std::string& prefix) {
  size_t column = 0;
  for (const CommandSpec& spec : all_commands())
    column = std::max(column, std::string(spec.name).size() + 2);
  std::string out;
  for (const CommandSpec& spec : all_commands()) {
    const std::string name = spec.name;
    if (name.starts_with(prefix))
      out += cat("  ", name, std::string(column - name.size(), ' '), spec.summary, "\n");
  }
  return out;
}

void print_list(const std::string& group) {
  const std::string name = group.empty() ? "" : group + " ";
  std::printf(
      "%susage: slovo %s<command> [options]\n\n%s\nslovo <command> --help explains a command and "
      "its options.\n",
      group.empty() ? "slovo: trains, runs and evaluates language models.\n\n" : "", name.c_str(),
      list_commands(name).c_str());
}

/// The command of two words or of one.
const CommandSpec* find_spec(const std::string& name) {
  const auto& all = all_commands();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const CommandSpec& spec) { return spec.name == name; });
  return found == all.end() ? nullptr : &*found;
}

[[noreturn]] void throw_unknown(const std::string& name, const std::string& prefix) {
  std::vector<std::string> names;
  for (const CommandSpec& spec : all_commands()) {
    if (std::string(spec.name).starts_with(prefix)) names.emplace_back(spec.name);
  }
  throw_config("\"", name, "\" is not a command", did_you_mean(name, names), "; commands are ",
               join(names));
}

/// What a report of a defect must hold.
void print_version() {
  const int64_t gpus = cuda_devices();
  std::printf(
      "slovo %s\nLibTorch   %s\ndevices    cpu%s\nprocessor  %s, %d cores for this "
      "process\nfeatures   %s\n",
      SLOVO_VERSION, SLOVO_TORCH_VERSION,
      gpus > 0 ? cat(", ", gpus, " x cuda").c_str() : "; no CUDA device", processor_name().c_str(),
      available_cores(), join(processor_features(), " ").c_str());
}

int run(const CommandSpec& spec, const std::vector<std::string>& words, size_t used) {
  return spec.run(
      {cat("slovo ", spec.name),
       spec.summary,
       std::vector<std::string>(words.begin() + static_cast<std::ptrdiff_t>(used), words.end()),
       {}});
}

}  // namespace

const std::vector<CommandSpec>& all_commands() {
  static const std::vector<CommandSpec> commands = {
      {"pretrain", "train a model from text, or go on from a model", run_pretrain},
      {"sft", "tune a model to instructions and chats", run_sft},
      {"generate", "text from prompts, or answers of a chat model", run_generate},
      {"eval perplexity", "how well a model predicts text", run_eval_perplexity},
      {"eval score", "log-probabilities of given texts or token ids", run_eval_score},
      {"tokenizer train", "a tokenizer from text", run_tokenizer_train},
      {"tokenizer encode", "text to token ids", run_tokenizer_encode},
      {"tokenizer decode", "token ids to text", run_tokenizer_decode},
      {"tokenizer info", "what a tokenizer is, and bytes per token on a sample",
       run_tokenizer_info},
      {"tokenizer diff", "where two tokenizers cut a text differently", run_tokenizer_diff},
      {"model merge", "a model with an adapter made part of its weights", run_model_merge},
      {"report", "one page of a run's curves, samples, speed and cost; several side by side",
       run_report},
      {"completion", "completion of commands and options for a shell", run_completion},
  };
  return commands;
}

int run_command(const std::vector<std::string>& words) {
  if (words.empty() || asks_for_help(words[0])) {
    print_list("");
    return 0;
  }
  if (words[0] == "--version") {
    print_version();
    return 0;
  }
  if (const CommandSpec* spec = find_spec(words[0])) return run(*spec, words, 1);
  const std::string group = words[0] + " ";
  const bool is_group = std::any_of(
      all_commands().begin(), all_commands().end(),
      [&](const CommandSpec& spec) { return std::string(spec.name).starts_with(group); });
  if (!is_group) throw_unknown(words[0], "");
  if (words.size() == 1 || asks_for_help(words[1])) {
    print_list(words[0]);
    return 0;
  }
  const CommandSpec* spec = find_spec(group + words[1]);
  if (spec == nullptr) throw_unknown(group + words[1], group);
  return run(*spec, words, 2);
}

}  // namespace slovo
