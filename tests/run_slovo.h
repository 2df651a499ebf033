// Runs the built binary as a user does: its own process, stdin from a text, stdout and stderr
// caught apart.
#pragma once

#include <string>
#include <vector>

namespace slovo::testing {

struct RunResult {
  int exit_code = -1;  ///< 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

RunResult run_slovo(const std::vector<std::string>& arguments, const std::string& input = "");

/// Runs it on a terminal of `columns`, with variables "NAME=value" set; returns everything it draws.
std::string run_on_terminal(const std::vector<std::string>& arguments, int columns,
                            const std::vector<std::string>& variables = {});

/// Starts the binary without waiting; its output is thrown away.
int start_slovo(const std::vector<std::string>& arguments);
/// Sends the signal (0 for none), waits, and returns the exit code as in RunResult.
int finish_slovo(int process, int signal);

}  // namespace slovo::testing
