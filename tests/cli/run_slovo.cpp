#include "run_slovo.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

namespace slovo::testing {
namespace {

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

/// Starts the binary with the three streams on files.
pid_t start(const std::vector<std::string>& arguments, const std::string& in,
            const std::string& out, const std::string& err) {
  const pid_t child = fork();
  if (child != 0) return child;
  dup2(open(in.c_str(), O_RDONLY), STDIN_FILENO);
  dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
  dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
  std::vector<char*> words{const_cast<char*>(SLOVO_BINARY)};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(SLOVO_BINARY, words.data());
  _exit(127);
}

}  // namespace

RunResult run_slovo(const std::vector<std::string>& arguments, const std::string& input) {
  const TempFolder folder;
  const std::string in = folder.write("in", input);
  const pid_t child = start(arguments, in, folder / "out", folder / "err");
  RunResult result;
  result.exit_code = finish_slovo(child, 0);
  result.out = read_file(folder / "out");
  result.err = read_file(folder / "err");
  return result;
}

int start_slovo(const std::vector<std::string>& arguments) {
  return start(arguments, "/dev/null", "/dev/null", "/dev/null");
}

int finish_slovo(int process, int signal) {
  if (signal != 0) kill(process, signal);
  int status = 0;
  waitpid(process, &status, 0);
  return code_of(status);
}

}  // namespace slovo::testing
