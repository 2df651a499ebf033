// The table of commands. A command is one file `<name>.cpp` with one function here and one line in
// commands.cpp.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace slovo {

struct CommandSpec {
  const char* name;     ///< "pretrain", "eval perplexity"
  const char* summary;  ///< one line, for the list and the command's own help
  int (*run)(const Invocation&);
};

int run_pretrain(const Invocation& call);
int run_sft(const Invocation& call);
int run_generate(const Invocation& call);
int run_eval_perplexity(const Invocation& call);
int run_eval_score(const Invocation& call);
int run_tokenizer_train(const Invocation& call);
int run_tokenizer_encode(const Invocation& call);
int run_tokenizer_decode(const Invocation& call);
int run_tokenizer_info(const Invocation& call);
int run_tokenizer_diff(const Invocation& call);
int run_model_merge(const Invocation& call);
int run_report(const Invocation& call);
int run_completion(const Invocation& call);

const std::vector<CommandSpec>& all_commands();

/// Runs the command that `words` name; prints the list of commands for none, or for --help. Returns
/// the exit code. Throws Error(config) with the nearest name for an unknown command.
int run_command(const std::vector<std::string>& words);

}  // namespace slovo
