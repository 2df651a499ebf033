// Log lines on stderr. The only user of spdlog is log.cpp: its fmt clashes with LibTorch's in one
// file.
#pragma once

#include <string>
#include <string_view>

#include "core/enum_names.h"

namespace slovo {

enum class LogLevel { debug, info, warn, error, off };

template <>
struct EnumNames<LogLevel> {
  static constexpr auto names = make_names<LogLevel>({{LogLevel::debug, "debug"},
                                                      {LogLevel::info, "info"},
                                                      {LogLevel::warn, "warn"},
                                                      {LogLevel::error, "error"},
                                                      {LogLevel::off, "off"}});
};

namespace log {

/// Least level that is printed; the default is info.
void set_level(LogLevel level);
void debug(std::string_view message);
void info(std::string_view message);
void warn(std::string_view message);
void error(std::string_view message);

}  // namespace log
}  // namespace slovo
