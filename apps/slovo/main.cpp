// Routes to the command, and is the only place that catches: every failure becomes a line on stderr
// and an exit code.
#include <c10/util/Exception.h>

#include <cstdio>
#include <new>

#include "commands.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/terminal.h"

namespace {

constexpr const char* kMemoryAdvice =
    "out of memory; lower train.micro_batch_size, data.seq_len, decode.batch_size or "
    "eval.batch_size, or take a smaller "
    "model";

/// Each line of `message` on stderr, led by the program's name.
void complain(const std::string& message) {
  slovo::LiveLine::clear();
  size_t begin = 0;
  while (begin <= message.size()) {
    const size_t end = std::min(message.find('\n', begin), message.size());
    std::fprintf(stderr, "slovo: %s\n", message.substr(begin, end - begin).c_str());
    begin = end + 1;
  }
}

int complain_of_torch(const c10::Error& error) {
  slovo::log::debug(error.what());
  const std::string what = error.what_without_backtrace();
  const bool memory = what.find("allocate memory") != std::string::npos ||
                      what.find("out of memory") != std::string::npos;
  complain(memory ? slovo::cat(kMemoryAdvice, " (", what, ")") : what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  slovo::exit_on_interrupt();
  slovo::keep_freed_memory();
  try {
    return slovo::run_command(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const slovo::Error& error) {
    complain(error.code() == slovo::ErrorCode::internal
                 ? slovo::cat("a defect of slovo: ", error.what())
                 : error.what());
    return slovo::exit_code(error.code());
  } catch (const c10::Error& error) {
    return complain_of_torch(error);
  } catch (const std::bad_alloc&) {
    complain(kMemoryAdvice);
    return 1;
  } catch (const std::exception& error) {
    complain(error.what());
    return 1;
  }
}
