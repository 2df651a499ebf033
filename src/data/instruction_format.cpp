#include "data/instruction_format.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/hash.h"

namespace slovo {
namespace {

std::string kind_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  if (value.is_object()) return "an object";
  return value.is_string() ? "a string" : cat("a ", value.type_name());
}

std::string keys_text(const Json& row) {
  std::vector<std::string> keys;
  for (const auto& item : row.items()) keys.push_back(item.key());
  return keys.empty() ? "none" : join(keys);
}

/// The value of the first of `names` that the row has and that is not null; or null.
const Json& first_of(const Json& row, std::initializer_list<const char*> names) {
  static const Json none;
  for (const char* name : names) {
    const auto found = row.find(name);
    if (found != row.end() && !found->is_null()) return *found;
  }
  return none;
}

bool has_list(const Json& row, const char* key) { return row.contains(key) && row[key].is_array(); }

std::string text_at(const Json& row, std::initializer_list<const char*> names,
                    const std::string& where) {
  const Json& value = first_of(row, names);
  if (value.is_null()) {
    throw_data(where, ": has no \"", *names.begin(), "\"; it has ", keys_text(row),
               ": name the key that stands for it by --data.columns ", *names.begin(), "=KEY");
  }
  if (!value.is_string()) {
    throw_data(where, ": \"", *names.begin(), "\" is ", kind_of(value), "; it must be a string");
  }
  return value.get<std::string>();
}

std::string text_or_empty(const Json& row, std::initializer_list<const char*> names,
                          const std::string& where) {
  return first_of(row, names).is_null() ? "" : text_at(row, names, where);
}

// ---- messages

struct RoleName {
  const char* name;
  const char* role;
};
constexpr RoleName kRoles[] = {
    {"system", "system"},    {"developer", "developer"},     {"user", "user"},
    {"human", "user"},       {"prompter", "user"},           {"assistant", "assistant"},
    {"gpt", "assistant"},    {"bot", "assistant"},           {"model", "assistant"},
    {"char", "assistant"},   {"function_call", "assistant"}, {"tool", "tool"},
    {"observation", "tool"}, {"function", "tool"},           {"ipython", "tool"}};

std::string role_of(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const RoleName& each : kRoles) {
    if (name == each.name) return each.role;
    names.emplace_back(each.name);
  }
  throw_data(where, ": role \"", name, "\" is not known", did_you_mean(name, names), "; roles are ",
             join(names));
}

Json parse_if_json(const Json& value) {
  if (!value.is_string()) return value;
  Json parsed = Json::parse(value.get<std::string>(), nullptr, false);
  return parsed.is_object() || parsed.is_array() ? parsed : value;
}

/// A call as templates want it: {"type": "function", "function": {"name", "arguments": {...}}}.
Json tool_call(const Json& value, const std::string& where) {
  Json call = parse_if_json(value);
  if (call.is_object() && call.contains("function")) call = call["function"];
  if (!call.is_object() || !call.contains("name") || !call["name"].is_string()) {
    throw_data(where, ": a tool call is ", kind_of(call),
               "; it must be an object with \"name\" and \"arguments\" (or JSON of one)");
  }
  Json function = {{"name", call["name"]}};
  function["arguments"] =
      parse_if_json(call.contains("arguments") ? call["arguments"] : Json::object());
  return {{"type", "function"}, {"function", std::move(function)}};
}

Json tool_calls(const Json& value, const std::string& where) {
  const Json list = parse_if_json(value);
  Json out = Json::array();
  if (!list.is_array()) {
    out.push_back(tool_call(list, where));
    return out;
  }
  for (const Json& each : list) {
    Json call = tool_call(each, where);
    if (each.is_object() && each.contains("id")) call["id"] = each["id"];
    out.push_back(std::move(call));
  }
  return out;
}

/// One part of a content that is a list.
void add_part(Json& message, std::string& content, const Json& part, const std::string& where) {
  if (part.is_string()) {
    content += part.get<std::string>();
    return;
  }
  if (!part.is_object() || !part.contains("type") || !part["type"].is_string()) {
    throw_data(where, ": a part of the content is ", kind_of(part),
               "; it must be a string or an object with \"type\"");
  }
  const auto type = part["type"].get<std::string>();
  if (type == "text") {
    content += text_at(part, {"text", "value"}, where);
  } else if (type == "reasoning" || type == "thinking") {
    message["reasoning_content"] = text_at(part, {type.c_str(), "value", "text"}, where);
  } else if (type == "tool_call") {
    const Json& value = first_of(part, {"value", "tool_call"});
    message["tool_calls"].push_back(tool_call(value, where));
  } else {
    throw_data(where, ": the content has a part of type \"", type,
               "\"; only text, reasoning and tool_call can be learned");
  }
}

void set_content(Json& message, const Json& content, const std::string& where) {
  std::string text;
  if (content.is_array()) {
    for (const Json& part : content) add_part(message, text, part, where);
  } else if (content.is_string()) {
    text = content.get<std::string>();
  } else if (!content.is_null() || !message.contains("tool_calls")) {
    throw_data(where, ": the content is ", kind_of(content), "; it must be a string");
  }
  message["content"] = std::move(text);
}

double message_weight(const Json& message, const std::string& where) {
  const Json& weight = first_of(message, {"weight", "loss_weight", "train"});
  if (weight.is_null()) return 1;
  if (weight.is_boolean()) return weight.get<bool>() ? 1 : 0;
  if (!weight.is_number()) {
    throw_data(where, ": the weight is ", kind_of(weight), "; it must be a number");
  }
  return weight.get<double>();
}

void add_message(Dialogue& out, const Json& given, const std::string& row) {
  const std::string where = cat(row, ", message ", out.messages.size() + 1);
  if (!given.is_object()) {
    throw_data(where, ": is ", kind_of(given), "; it must be an object with a role and content");
  }
  const std::string name = text_at(given, {"role", "from"}, where);
  Json message = {{"role", role_of(name, where)}, {"content", ""}};
  for (const char* key : {"name", "tool_call_id", "reasoning_content", "thinking"}) {
    if (given.contains(key) && !given[key].is_null()) message[key] = given[key];
  }
  const Json& calls = first_of(given, {"tool_calls"});
  if (!calls.is_null() && !(calls.is_array() && calls.empty())) {
    message["tool_calls"] = tool_calls(calls, where);
  }
  const Json& content = first_of(given, {"content", "value"});
  if (name == "function_call") {
    message["tool_calls"] = tool_calls(content, where);
  } else {
    set_content(message, content, where);
  }
  out.weights.push_back(message_weight(given, where));
  out.messages.push_back(std::move(message));
}

void add_text_message(Dialogue& out, const char* role, std::string content) {
  out.messages.push_back({{"role", role}, {"content", std::move(content)}});
  out.weights.push_back(1);
}

/// Schemas of functions, also as JSON in a string, also without the wrapper that templates expect.
Json read_tools(const Json& row, const std::string& where) {
  const Json& value = first_of(row, {"tools", "functions"});
  if (value.is_null() || value == Json("")) return nullptr;
  Json list = parse_if_json(value);
  if (list.is_object()) list = Json::array({list});
  if (!list.is_array()) {
    throw_data(where, ": \"tools\" is ", kind_of(list),
               "; it must be a list of functions, or JSON of one");
  }
  for (Json& tool : list) {
    if (!tool.is_object()) throw_data(where, ": a tool is ", kind_of(tool), "; must be an object");
    if (!tool.contains("function")) tool = {{"type", "function"}, {"function", tool}};
  }
  return list.empty() ? Json() : list;
}

Dialogue chat(const std::string& where) {
  Dialogue out;
  out.messages = Json::array();
  out.source = where;
  return out;
}

bool says_something(const Json& message) {
  return message["role"] == "assistant" &&
         (message["content"] != "" || message.contains("tool_calls"));
}

Dialogue checked(Dialogue dialogue) {
  const Json& messages = dialogue.messages;
  if (std::none_of(messages.begin(), messages.end(), says_something)) {
    throw_data(dialogue.source, ": the assistant says nothing in it, so there is nothing to learn");
  }
  return dialogue;
}

Dialogue read_messages(const Json& row, const char* key, const std::string& where) {
  if (!has_list(row, key)) {
    throw_data(where, ": has no list \"", key, "\"; it has ", keys_text(row));
  }
  Dialogue out = chat(where);
  const std::string system = text_or_empty(row, {"system"}, where);
  if (!system.empty()) add_text_message(out, "system", system);
  for (const Json& message : row[key]) add_message(out, message, where);
  out.tools = read_tools(row, where);
  return checked(std::move(out));
}

// ---- instruction, input, output

void add_history(Dialogue& out, const Json& history, const std::string& where) {
  if (history.is_null()) return;
  const auto is_turn = [](const Json& turn) {
    return turn.is_array() && turn.size() == 2 && turn[0].is_string() && turn[1].is_string();
  };
  if (!history.is_array() || !std::all_of(history.begin(), history.end(), is_turn)) {
    throw_data(where, ": \"history\" must be a list of [question, answer] pairs of strings");
  }
  for (const Json& turn : history) {
    add_text_message(out, "user", turn[0].get<std::string>());
    add_text_message(out, "assistant", turn[1].get<std::string>());
  }
}

Dialogue read_alpaca(const Json& row, const std::string& where) {
  Dialogue out = chat(where);
  const std::string system = text_or_empty(row, {"system", "system_prompt"}, where);
  if (!system.empty()) add_text_message(out, "system", system);
  add_history(out, first_of(row, {"history"}), where);
  std::string question = text_at(row, {"instruction"}, where);
  const std::string input = text_or_empty(row, {"input"}, where);
  if (!input.empty()) question += "\n" + input;
  add_text_message(out, "user", std::move(question));
  add_text_message(out, "assistant", text_at(row, {"output", "response"}, where));
  out.tools = read_tools(row, where);
  return checked(std::move(out));
}

std::vector<Dialogue> read_self_instruct(const Json& row, const std::string& where) {
  if (!has_list(row, "instances") || row["instances"].empty()) {
    throw_data(where, ": has no list \"instances\" with an instance in it");
  }
  std::vector<Dialogue> out;
  for (const Json& instance : row["instances"]) {
    const std::string place = cat(where, ", instance ", out.size() + 1);
    if (!instance.is_object()) throw_data(place, ": is ", kind_of(instance), "; must be an object");
    Json merged = instance;
    merged["instruction"] = row.contains("instruction") ? row["instruction"] : Json();
    out.push_back(read_alpaca(merged, place));
  }
  return out;
}

// ---- prompt, completion

Dialogue read_completion(const Json& row, const std::string& where) {
  const Json& prompt = first_of(row, {"prompt"});
  const Json& completion = first_of(row, {"completion"});
  if (prompt.is_array() && completion.is_array()) {
    Dialogue out = chat(where);
    for (const Json& message : prompt) add_message(out, message, where);
    std::fill(out.weights.begin(), out.weights.end(), 0);
    for (const Json& message : completion) add_message(out, message, where);
    out.tools = read_tools(row, where);
    return checked(std::move(out));
  }
  Dialogue out;
  out.source = where;
  out.prompt = text_at(row, {"prompt"}, where);
  out.text = text_at(row, {"completion"}, where);
  if (out.text.empty()) throw_data(where, ": \"completion\" is empty: there is nothing to learn");
  return out;
}

Dialogue read_text(const Json& row, const std::string& where) {
  Dialogue out;
  out.source = where;
  out.text = text_at(row, {"text"}, where);
  if (out.text.empty()) throw_data(where, ": \"text\" is empty: there is nothing to learn");
  return out;
}

// ---- trees of replies

/// Walks an OASST tree: each path from the root to a last reply of the assistant is a dialogue. A
/// reply that stands in several is learned in the first of them only.
class TreeReader {
 public:
  explicit TreeReader(std::string where) : where_(std::move(where)) {}

  std::vector<Dialogue> read(const Json& root) {
    path_ = chat(where_);
    walk(root);
    if (out_.empty()) {
      throw_data(where_, ": the tree has no reply of the assistant, so there is nothing to learn");
    }
    return std::move(out_);
  }

 private:
  void walk(const Json& node) {
    if (!node.is_object()) throw_data(where_, ": a reply is ", kind_of(node));
    if (node.value("deleted", false)) return;
    const std::string role = role_of(text_at(node, {"role"}, where_), where_);
    path_.messages.push_back({{"role", role}, {"content", text_at(node, {"text"}, where_)}});
    path_.weights.push_back(1);
    const size_t found = out_.size();
    const auto replies = node.find("replies");
    if (replies != node.end() && replies->is_array()) {
      for (const Json& reply : *replies) walk(reply);
    }
    if (out_.size() == found && role == "assistant") take();
    path_.messages.erase(path_.messages.size() - 1);
    path_.weights.pop_back();
  }

  void take() {
    Dialogue dialogue = path_;
    dialogue.source = cat(where_, ", thread ", out_.size() + 1);
    out_.push_back(std::move(dialogue));
    std::fill(path_.weights.begin(), path_.weights.end(), 0);
  }

  std::string where_;
  Dialogue path_;
  std::vector<Dialogue> out_;
};

constexpr const char* kColumns[] = {"messages", "conversations", "tools",  "instruction",
                                    "input",    "output",        "system", "history",
                                    "prompt",   "completion",    "text",   "instances"};

}  // namespace

std::string Dialogue::content_hash() const {
  Hasher hasher;
  hasher.add_field(messages.dump());
  hasher.add_field(tools.dump());
  hasher.add_field(prompt);
  hasher.add_field(text);
  return hasher.hex();
}

ColumnNames parse_columns(const std::vector<std::string>& entries) {
  const std::vector<std::string> known(std::begin(kColumns), std::end(kColumns));
  ColumnNames out;
  for (const std::string& entry : entries) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == entry.size()) {
      throw_config("data.columns is \"", entry, "\"; write NAME=KEY, such as output=answer");
    }
    const std::string name = entry.substr(0, equals);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw_config("data.columns: \"", name, "\" is not a name that slovo looks for",
                   did_you_mean(name, known), "; names are ", join(known));
    }
    out[name] = entry.substr(equals + 1);
  }
  return out;
}

void rename_columns(Json& row, const ColumnNames& columns, const std::string& where) {
  if (!row.is_object()) return;
  for (const auto& [name, key] : columns) {
    const auto found = row.find(key);
    if (found == row.end()) {
      throw_data(where, ": has no key \"", key, "\", which data.columns gives for ", name,
                 "; it has ", keys_text(row));
    }
    Json value = std::move(*found);
    row.erase(key);
    row[name] = std::move(value);
  }
}

InstructionFormat recognise_format(const Json& row, const std::string& where) {
  if (!row.is_object()) {
    throw_data(where, ": is ", kind_of(row),
               "; each row must be an object with messages, conversations, instruction and output, "
               "prompt and completion, or text");
  }
  const auto has = [&](const char* key) { return row.contains(key) && !row[key].is_null(); };
  if (has_list(row, "messages")) return InstructionFormat::messages;
  if (has_list(row, "conversations")) return InstructionFormat::sharegpt;
  if (has("prompt") && row["prompt"].is_object()) return InstructionFormat::oasst;
  if (has_list(row, "instances")) return InstructionFormat::self_instruct;
  if (has("instruction") && (has("output") || has("response"))) return InstructionFormat::alpaca;
  if (has("prompt") && has("completion")) return InstructionFormat::prompt_completion;
  if (has("text")) return InstructionFormat::text;
  const bool asks = has("turns") || has("instruction") || has("prompt") || has("question");
  const bool answers = has("choices") || has("output") || has("completion");
  throw_data(
      where, ": is of no known form; it has ", keys_text(row),
      asks && !answers ? ". It seems to hold questions without answers, which teach nothing" : "",
      !asks && answers ? ". It seems to hold answers without their questions" : "",
      ". Known are rows with messages, conversations, instruction and output, instances, "
      "prompt and completion, or text; --data.columns NAME=KEY gives other keys these "
      "names");
}

namespace {

std::vector<Dialogue> dialogues_of(const Json& row, InstructionFormat format,
                                   const std::string& where) {
  switch (format) {
    case InstructionFormat::messages:
      return {read_messages(row, "messages", where)};
    case InstructionFormat::sharegpt:
      return {read_messages(row, "conversations", where)};
    case InstructionFormat::alpaca:
      return {read_alpaca(row, where)};
    case InstructionFormat::self_instruct:
      return read_self_instruct(row, where);
    case InstructionFormat::prompt_completion:
      return {read_completion(row, where)};
    case InstructionFormat::oasst:
      return TreeReader(where).read(row.contains("prompt") ? row["prompt"] : Json());
    case InstructionFormat::text:
      return {read_text(row, where)};
    case InstructionFormat::automatic:
      break;
  }
  SLOVO_CHECK(false, "a format that was not recognised");
}

}  // namespace

std::vector<Dialogue> read_dialogues(const Json& row, InstructionFormat format,
                                     const std::string& where) {
  if (!row.is_object()) throw_data(where, ": is ", kind_of(row), "; a row must be an object");
  std::vector<Dialogue> out = dialogues_of(row, format, where);
  const Json& kind = first_of(row, {"kind", "category"});
  for (Dialogue& dialogue : out) {
    if (kind.is_string()) dialogue.kind = kind.get<std::string>();
  }
  return out;
}

}  // namespace slovo
