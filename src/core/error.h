// The one exception type. A message says where, what was found, what is allowed and what to do, in
// one line, lower-case, without "error:" (main adds it). `main` is the only place that catches.
#pragma once

#include <stdexcept>
#include <string>

#include "core/text.h"

namespace slovo {

enum class ErrorCode {
  config,      ///< a flag or a config field is wrong: exit 2
  data,        ///< a file the user gave is wrong, missing, damaged or does not fit: exit 2
  checkpoint,  ///< a model, run or checkpoint folder is wrong or does not fit: exit 2
  io,          ///< the surroundings fail (disk full, write error, memory): exit 1
  internal,    ///< a defect of slovo: exit 1
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// The process exit code of design: 2 for what the user gave, 1 for everything else.
inline int exit_code(ErrorCode code) {
  return code == ErrorCode::io || code == ErrorCode::internal ? 1 : 2;
}

template <class... Args>
[[noreturn]] void throw_config(const Args&... args) {
  throw Error(ErrorCode::config, cat(args...));
}
template <class... Args>
[[noreturn]] void throw_data(const Args&... args) {
  throw Error(ErrorCode::data, cat(args...));
}
template <class... Args>
[[noreturn]] void throw_checkpoint(const Args&... args) {
  throw Error(ErrorCode::checkpoint, cat(args...));
}
template <class... Args>
[[noreturn]] void throw_io(const Args&... args) {
  throw Error(ErrorCode::io, cat(args...));
}

}  // namespace slovo

/// Guards our own invariants: throws an internal error that names the place.
#define SLOVO_CHECK(condition, ...)                                                                \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      throw ::slovo::Error(                                                                        \
          ::slovo::ErrorCode::internal,                                                            \
          ::slovo::cat(__FILE__, ":", __LINE__, ": " #condition ": ", ::slovo::cat(__VA_ARGS__))); \
    }                                                                                              \
  } while (false)
