#include "core/interrupt.h"

#include <unistd.h>

#include <csignal>

namespace slovo {
namespace {

volatile std::sig_atomic_t signals_seen = 0;

extern "C" void on_signal(int) {
  if (signals_seen != 0) _exit(kInterruptedExit);
  signals_seen = 1;
}

extern "C" void exit_now(int) { _exit(kInterruptedExit); }

void handle_with(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

void exit_on_interrupt() { handle_with(exit_now); }
void catch_interrupts() { handle_with(on_signal); }

bool interrupted() { return signals_seen != 0; }

}  // namespace slovo
