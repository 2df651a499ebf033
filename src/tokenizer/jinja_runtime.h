// What every part of the Jinja interpreter shares: the place that messages name, and how much a
// template may still do. Templates come with models, so nothing of theirs may hang or fill memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace slovo::jinja {

/// What one rendering may use.
struct Limits {
  int64_t steps = 10'000'000;   ///< expressions and statements evaluated
  int64_t bytes = 256LL << 20;  ///< all strings and lists made, the output among them
  int depth = 1000;             ///< nested expressions, blocks and macro calls
};

/// Values nest at most so deep: printing, comparing and freeing them recurse.
constexpr int kDeepestValue = 200;
/// Values weigh at most so much: one that holds another twice is small, but long to go through.
constexpr int64_t kHeaviestValue = 50'000'000;

class Runtime {
 public:
  Runtime(std::string where, Limits limits)
      : where_(std::move(where)), limits_(limits), left_(limits) {}

  int line = 1;  ///< of the expression at work

  /// Throws Error(data): "WHERE:LINE: ...".
  template <class... Args>
  [[noreturn]] void fail(const Args&... args) const {
    throw_data(where_, ":", line, ": ", args...);
  }
  void step() {
    if (--left_.steps < 0)
      fail("the template does not come to an end; it may take ", with_commas(limits_.steps),
           " steps");
  }
  /// Counts going through something of that many units (see Value::weight).
  void work(int64_t units) {
    left_.steps -= units / 4;
    step();
  }
  /// Counts memory that is about to be made.
  void make(size_t bytes) {
    left_.bytes -= static_cast<int64_t>(bytes);
    if (left_.bytes < 0)
      fail("the template makes too much text; it may make ",
           human_bytes(static_cast<double>(limits_.bytes)), " in all");
  }
  void enter() {
    if (--left_.depth < 0)
      fail("the template nests too deeply; does a macro call itself for ever?");
  }
  void leave() { ++left_.depth; }

 private:
  std::string where_;
  Limits limits_;
  Limits left_;
};

/// Counts one level of nesting while it lives.
class Nested {
 public:
  explicit Nested(Runtime& runtime) : runtime_(runtime) { runtime_.enter(); }
  ~Nested() { runtime_.leave(); }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Runtime& runtime_;
};

}  // namespace slovo::jinja
