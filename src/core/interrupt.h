// Ctrl-C and SIGTERM: the first asks long work to stop at the next safe place, the second ends at once.
#pragma once

namespace slovo {

constexpr int kInterruptedExit = 130;

/// Handles SIGINT and SIGTERM from here on.
void catch_interrupts();
/// True once a signal has come; long loops look at it between their safe places.
bool interrupted();

}  // namespace slovo
