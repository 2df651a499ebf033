#include "tokenizer/json_node.h"

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "core/utf8.h"

namespace slovo {

void JsonNode::fail(std::string_view problem) const {
  throw_data(where_, ": ", in_one_line(problem));
}

void JsonNode::refuse_type(const std::vector<std::string>& known) const {
  fail(cat("type \"", text_at("type"), "\" is not supported; slovo reads ", join(known)));
}

bool JsonNode::has(const std::string& key) const {
  if (!value_->is_object()) fail(cat("is ", value_->type_name(), "; must be an object"));
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

JsonNode JsonNode::at(const std::string& key) const {
  if (!has(key)) fail(cat("\"", key, "\" is missing"));
  const bool top = where_.find(": ") == std::string::npos;
  return {(*value_)[key], cat(where_, top ? ": " : ".", key)};
}

std::vector<JsonNode> JsonNode::items() const {
  if (!value_->is_array()) fail(cat("is ", value_->type_name(), "; must be a list"));
  std::vector<JsonNode> out;
  out.reserve(value_->size());
  for (size_t i = 0; i < value_->size(); ++i)
    out.emplace_back((*value_)[i], cat(where_, "[", i, "]"));
  return out;
}

std::string JsonNode::text() const {
  if (!value_->is_string()) fail(cat("is ", value_->type_name(), "; must be a string"));
  return value_->get<std::string>();
}

bool JsonNode::flag() const {
  if (!value_->is_boolean()) fail(cat("is ", value_->type_name(), "; must be true or false"));
  return value_->get<bool>();
}

int64_t JsonNode::integer(int64_t low, int64_t high) const {
  const bool fits = value_->is_number_integer() &&
                    !(value_->is_number_unsigned() && value_->get<uint64_t>() > INT64_MAX);
  const int64_t number = fits ? value_->get<int64_t>() : 0;
  if (!fits || number < low || number > high) {
    fail(cat("is ", value_->is_number() ? value_->dump() : value_->type_name(),
             "; must be an integer between ", low, " and ", high));
  }
  return number;
}

char32_t JsonNode::character() const {
  const std::string value = text();
  if (utf8::count(value) != 1) fail(cat("is \"", value, "\"; must be one character"));
  size_t at = 0;
  return utf8::next(value, at);
}

nlohmann::json parse_tokenizer_json(std::string_view text, std::string_view file) {
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& error) {
    throw_not_json(text, file, error);
  } catch (const nlohmann::json::out_of_range& error) {  // a number that no double holds
    throw_data(file, ": not valid JSON: ", error.what());
  }
}

}  // namespace slovo
