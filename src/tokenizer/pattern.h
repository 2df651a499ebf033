// A "pattern" of tokenizer.json: {"String": "..."} or {"Regex": "..."}.
#pragma once

#include "tokenizer/json_node.h"
#include "tokenizer/regex.h"

namespace slovo {

/// The pattern under node["pattern"].
Regex read_pattern(const JsonNode& node);
/// `text` with every match of `pattern` replaced by `content`, taken literally.
std::string replace_matches(std::string_view text, const Regex& pattern, std::string_view content);

/// Deepest nesting of "Sequence" that is read: a damaged file must not exhaust the stack.
constexpr int kDeepestSequence = 16;

}  // namespace slovo
