// Routes to the commands.
#include <cstdio>

int main() {
  std::puts("slovo " SLOVO_VERSION);
  return 0;
}
