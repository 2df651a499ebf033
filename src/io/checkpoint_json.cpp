#include "io/checkpoint_json.h"

#include "core/error.h"
#include "core/files.h"

namespace slovo {

Json parse_checkpoint_object(std::string_view text, std::string_view where) {
  try {
    Json json = parse_json(text, where);
    if (!json.is_object()) throw_checkpoint(where, ": holds no JSON object; the file is damaged");
    return json;
  } catch (const Error& error) {
    throw Error(ErrorCode::checkpoint, error.what());
  } catch (const Json::exception& error) {  // a number beyond double
    throw_checkpoint(where, ": not valid JSON: ", error.what());
  }
}

Json read_checkpoint_object(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) throw_checkpoint(path.string(), ": is missing");
  return parse_checkpoint_object(read_file(path), path.string());
}

}  // namespace slovo
