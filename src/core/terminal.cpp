#include "core/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "core/utf8.h"

namespace slovo {
namespace {

int descriptor(Stream stream) { return stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO; }

std::mutex live_mutex;
bool live_drawn = false;

}  // namespace

bool is_terminal(Stream stream) { return isatty(descriptor(stream)) != 0; }

bool use_color(Stream stream) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return is_terminal(stream) && (no_color == nullptr || *no_color == '\0') && !dumb;
}

int terminal_width(Stream stream) {
  winsize size{};
  if (ioctl(descriptor(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void LiveLine::draw(std::string_view text) {
  if (!is_terminal(Stream::err)) return;
  const std::lock_guard lock(live_mutex);
  const auto columns = static_cast<size_t>(terminal_width(Stream::err) - 1);
  const std::string_view cut = text.substr(0, utf8::prefix_bytes(text, columns));
  std::fprintf(stderr, "\r%.*s\x1b[K", static_cast<int>(cut.size()), cut.data());
  std::fflush(stderr);
  live_drawn = true;
}

void LiveLine::clear() {
  const std::lock_guard lock(live_mutex);
  if (!live_drawn) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  live_drawn = false;
}

}  // namespace slovo
