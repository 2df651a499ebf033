// The reference of all settings as Markdown: configs/README.md is this text, and a test keeps it
// so.
#pragma once

#include <string>

namespace slovo {

/// One table a section: name, type, what is allowed, default, what it does.
std::string describe_settings();

}  // namespace slovo
