// Input of the tokenizer commands: files, or stdin with "-" or without any, line by line or whole.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace slovo {

/// Calls `use(text, where)` for every line (without its "\n"), or once with all that is read when
/// `whole`. Throws Error(data) for a file that cannot be read.
void read_lines(const std::vector<std::string>& files, bool whole,
                const std::function<void(const std::string& text, const std::string& where)>& use);

}  // namespace slovo
