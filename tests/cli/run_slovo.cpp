#include "run_slovo.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

namespace slovo::testing {
namespace {

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

[[noreturn]] void execute(const std::vector<std::string>& arguments) {
  std::vector<char*> words{const_cast<char*>(SLOVO_BINARY)};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(SLOVO_BINARY, words.data());
  _exit(127);
}

/// Starts the binary with the three streams on files.
pid_t start(const std::vector<std::string>& arguments, const std::string& in,
            const std::string& out, const std::string& err) {
  const pid_t child = fork();
  if (child != 0) return child;
  dup2(open(in.c_str(), O_RDONLY), STDIN_FILENO);
  dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
  dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
  execute(arguments);
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

std::string run_on_terminal(const std::vector<std::string>& arguments, int columns,
                            const std::vector<std::string>& variables) {
  const winsize size{24, static_cast<unsigned short>(columns), 0, 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    for (const auto& variable : variables) putenv(const_cast<char*>(variable.c_str()));
    execute(arguments);
  }
  std::string drawn;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(terminal, buffer, sizeof buffer)) > 0;)
    drawn.append(buffer, static_cast<size_t>(count));
  EXPECT_EQ(0, finish_slovo(child, 0)) << drawn;
  close(terminal);
  return drawn;
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
