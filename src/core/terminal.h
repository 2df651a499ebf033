// What the terminal can do, and the one live line at its foot. Progress bars and the training line
// go through LiveLine, so that a log line never tears them.
#pragma once

#include <string>
#include <string_view>

namespace slovo {

enum class Stream { out, err };

bool is_terminal(Stream stream);
/// True on a terminal that takes colour and where NO_COLOR is not set.
bool use_color(Stream stream);
/// Columns of the terminal on `stream`, 80 when unknown.
int terminal_width(Stream stream);

/// The line at the foot of stderr, redrawn in place. Only drawn on a terminal.
class LiveLine {
 public:
  /// Replaces the line; cut to the terminal's width (columns, not bytes).
  static void draw(std::string_view text);
  /// Wipes the line, if one is drawn.
  static void clear();
};

}  // namespace slovo
