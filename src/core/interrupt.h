// Ctrl-C and SIGTERM: the first asks long work to stop at the next safe place, the second ends at
// once.
#pragma once

namespace slovo {

constexpr int kInterruptedExit = 130;

/// From here on SIGINT and SIGTERM end the process at once with kInterruptedExit: right for work
/// that leaves nothing half-written.
void exit_on_interrupt();
/// Handles SIGINT and SIGTERM from here on, for work that looks at interrupted().
void catch_interrupts();
/// True once a signal has come; long loops look at it between their safe places.
bool interrupted();

}  // namespace slovo
