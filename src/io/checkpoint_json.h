// JSON inside model folders: where a config file's damage is the user's data, here it is a damaged
// checkpoint.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/json.h"

namespace slovo {

/// Parses an object; `where` leads the text of the Error(checkpoint) that anything else throws.
Json parse_checkpoint_object(std::string_view text, std::string_view where);
Json read_checkpoint_object(const std::filesystem::path& path);

}  // namespace slovo
