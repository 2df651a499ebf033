#include "tokenizer/chat_template.h"

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "tokenizer/jinja_interpreter.h"
#include "tokenizer/tokenizer_config.h"

namespace slovo {
namespace {

constexpr const char* kRoles[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};

/// A token in tokenizer_config.json: "<s>", or {"content": "<s>", ...}.
void add_token(SpecialTokenMap& out, const std::string& name, const Json& value) {
  if (value.is_string()) out.emplace(name, value.get<std::string>());
  if (value.is_object() && value.contains("content") && value["content"].is_string())
    out.emplace(name, value["content"].get<std::string>());
}

void add_special_tokens(SpecialTokenMap& out, const Json& file) {
  for (const char* role : kRoles)
    if (file.contains(role)) add_token(out, role, file[role]);
  const auto more = file.find("extra_special_tokens");  // {"image_token": "<image>"}
  if (more == file.end() || !more->is_object()) return;
  for (const auto& [name, value] : more->items()) add_token(out, name, value);
}

/// A file of the folder as an object; an empty one when it is not there.
Json read_object(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return Json::object();
  Json out = read_json(path);
  if (!out.is_object()) throw_data(path.string(), ": is ", out.type_name(), "; must be an object");
  return out;
}

struct Source {
  std::string text;
  std::string where;
};
using Sources = std::map<std::string, Source>;

/// The templates that are files of their own.
Sources template_files(const std::filesystem::path& folder) {
  Sources out;
  const auto add = [&out](const std::string& name, const std::filesystem::path& path) {
    out[name] = {read_file(path), path.string()};
  };
  if (std::filesystem::is_regular_file(folder / "chat_template.jinja"))
    add("default", folder / "chat_template.jinja");
  const auto more = folder / kMoreTemplates;
  if (!std::filesystem::is_directory(more)) return out;
  for (const auto& entry : std::filesystem::directory_iterator(more))
    if (entry.path().extension() == ".jinja") add(entry.path().stem().string(), entry.path());
  return out;
}

/// The value of "chat_template": a text, or a list of {"name", "template"}.
Sources config_templates(const Json& value, const std::string& where) {
  if (value.is_string()) return {{"default", {value.get<std::string>(), where}}};
  Sources out;
  if (!value.is_array())
    throw_data(where, ": is ", value.type_name(), "; must be a string or a list");
  for (const Json& item : value) {
    const bool whole = item.is_object() && item.contains("name") && item["name"].is_string() &&
                       item.contains("template") && item["template"].is_string();
    if (!whole) throw_data(where, ": each item needs \"name\" and \"template\", both strings");
    const auto name = item["name"].get<std::string>();
    out[name] = {item["template"].get<std::string>(), where + "." + name};
  }
  return out;
}

Sources find_templates(const std::filesystem::path& folder, const Json& config) {
  Sources out = template_files(folder);
  if (!out.empty() || !config.contains("chat_template") || config["chat_template"].is_null())
    return out;
  return config_templates(config["chat_template"],
                          (folder / "tokenizer_config.json").string() + ": chat_template");
}

/// Reasoning under both names that templates read, whichever the message gives.
Json with_reasoning(Json message) {
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    if (!message.contains(name)) continue;
    const Json reasoning = message[name];
    Json out = {{"thinking", reasoning}};
    for (const auto& [key, value] : message.items()) out[key] = value;
    out["reasoning_content"] = reasoning;
    return out;
  }
  return message;
}

/// The messages as `transformers` hands them on: keys without a value are left out.
Json plain_messages(const Json& messages, const std::string& where) {
  if (!messages.is_array() || messages.empty())
    throw_data(where, ": a dialogue must be a list of one message or more");
  Json out = Json::array();
  for (const Json& message : messages) {
    if (!message.is_object())
      throw_data(where, ": message ", out.size() + 1, " is ", message.type_name(),
                 "; must be an object with \"role\" and \"content\"");
    Json kept = Json::object();
    for (const auto& [key, value] : message.items())
      if (!value.is_null()) kept[key] = value;
    out.push_back(with_reasoning(std::move(kept)));
  }
  return out;
}

bool has_generation(const jinja::Block& block) {
  return std::any_of(block.begin(), block.end(), [](const jinja::NodePtr& node) {
    if (node->kind == jinja::Node::Kind::generation) return true;
    return std::any_of(node->blocks.begin(), node->blocks.end(), has_generation);
  });
}

}  // namespace

struct ChatTemplate::Parsed {
  explicit Parsed(const Source& source)
      : where(source.where),
        block(jinja::parse(source.text, where)),
        marked(has_generation(block)) {}

  /// Runs the template; the caller reads text and marks from the interpreter.
  void run(jinja::Runtime& runtime, jinja::Interpreter& interpreter, const Chat& chat,
           const SpecialTokenMap& special_tokens) const;

  std::string where;
  jinja::Block block;
  bool marked = false;  ///< has {% generation %} blocks
};

void ChatTemplate::Parsed::run(jinja::Runtime& runtime, jinja::Interpreter& interpreter,
                               const Chat& chat, const SpecialTokenMap& special_tokens) const {
  interpreter.set("documents", {});
  for (const auto& [name, token] : special_tokens) interpreter.set(name, jinja::Value::text(token));
  for (const auto& [name, value] : chat.variables.items())
    interpreter.set(name, from_json(runtime, value));
  interpreter.set("messages", from_json(runtime, plain_messages(chat.messages, where)));
  interpreter.set("tools", from_json(runtime, chat.tools));
  interpreter.set("add_generation_prompt", jinja::Value::boolean(chat.add_generation_prompt));
  interpreter.run(block);
}

ChatTemplate ChatTemplate::from_folder(const std::filesystem::path& folder) {
  ChatTemplate out = from_folder_or_default(folder);
  if (out.is_default_)
    throw_data(folder.string(),
               ": has no chat template; a chat model has chat_template.jinja, or \"chat_template\" "
               "in tokenizer_config.json");
  return out;
}

ChatTemplate ChatTemplate::from_folder_or_default(const std::filesystem::path& folder) {
  const Json config = read_object(folder / "tokenizer_config.json");
  Sources sources = find_templates(folder, config);
  const bool is_default = sources.empty();
  if (is_default)
    sources["default"] = {std::string(kDefaultChatTemplate), "slovo's own chat template"};
  Templates templates;
  for (const auto& [name, source] : sources)
    templates[name] = std::make_shared<const Parsed>(source);
  SpecialTokenMap tokens;
  add_special_tokens(tokens, config);
  add_special_tokens(tokens, read_object(folder / "special_tokens_map.json"));
  return {std::move(templates), std::move(tokens), is_default};
}

ChatTemplate ChatTemplate::from_text(std::string_view text, const std::string& where,
                                     SpecialTokenMap special_tokens) {
  const Source source{std::string(text), where};
  return {{{"default", std::make_shared<const Parsed>(source)}}, std::move(special_tokens), false};
}

const ChatTemplate::Parsed& ChatTemplate::pick(bool with_tools) const {
  const auto tool_use = templates_.find("tool_use");
  if (with_tools && tool_use != templates_.end()) return *tool_use->second;
  const auto found = templates_.find("default");
  if (found != templates_.end()) return *found->second;
  std::vector<std::string> names;
  for (const auto& item : templates_) names.push_back(item.first);
  throw_data(templates_.begin()->second->where,
             ": no chat template is named \"default\"; there is ", join(names));
}

std::string ChatTemplate::render(const Chat& chat) const {
  const Parsed& parsed = pick(!chat.tools.is_null());
  jinja::Runtime runtime(parsed.where, {});
  jinja::Interpreter interpreter(runtime);
  parsed.run(runtime, interpreter, chat, special_tokens_);
  return std::move(interpreter.output);
}

bool ChatTemplate::marks_assistant(bool with_tools) const { return pick(with_tools).marked; }

ChatText ChatTemplate::render_marked(const Chat& chat) const {
  const Parsed& parsed = pick(!chat.tools.is_null());
  if (!parsed.marked)
    throw_data(
        parsed.where,
        ": does not say which text is the assistant's; put that text between {% generation %} "
        "and {% endgeneration %}");
  jinja::Runtime runtime(parsed.where, {});
  jinja::Interpreter interpreter(runtime);
  parsed.run(runtime, interpreter, chat, special_tokens_);
  if (interpreter.lost_generation > 0)
    throw_data(parsed.where, ":", interpreter.lost_generation,
               ": {% generation %} inside a macro or a variable: where its text will stand is not "
               "known; put it outside");
  return {std::move(interpreter.output), std::move(interpreter.generated)};
}

std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, SpecialTokens::none);
}

}  // namespace slovo
