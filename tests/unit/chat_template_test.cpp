// Chat templates against what `transformers` renders (scripts/make_fixtures_chat.py).
#include "tokenizer/chat_template.h"

#include "core/hash.h"
#include "tokenizer/jinja_interpreter.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

const Json& expected() {
  static const Json json = read_json(testing::fixture("chat/expected.json"));
  return json;
}

SpecialTokenMap special_tokens() { return expected()["special_tokens"].get<SpecialTokenMap>(); }

ChatTemplate read_template(const std::filesystem::path& path) {
  return ChatTemplate::from_text(read_file(path), path.filename().string(), special_tokens());
}

/// A template of the fixtures; "default" is the one for models that slovo trains.
ChatTemplate read_fixture(const std::string& file) {
  if (file == "default")
    return ChatTemplate::from_text(kDefaultChatTemplate, file, special_tokens());
  return read_template(testing::fixture("chat/" + file));
}

Chat chat_of(const Json& row) {
  const Json& dialogue = expected()["dialogues"][row["dialogue"].get<size_t>()];
  return {dialogue["messages"], dialogue["tools"], dialogue["variables"],
          row["prompt"].get<bool>()};
}

std::string described(const std::string& file, const Json& row) {
  const Json& dialogue = expected()["dialogues"][row["dialogue"].get<size_t>()];
  return cat(file, ", dialogue \"", dialogue["name"].get<std::string>(), "\"",
             dialogue["tools"].is_null() ? "" : " with tools",
             row["prompt"].get<bool>() ? ", prompt" : "");
}

/// The text, or none where the template or slovo refuses.
std::optional<std::string> render(const ChatTemplate& chat_template, const Chat& chat,
                                  std::string& error) {
  try {
    return chat_template.render(chat);
  } catch (const Error& refused) {
    error = refused.what();
    return std::nullopt;
  }
}

TEST(ChatTemplate, RendersAsTransformersDoes) {
  for (const auto& [file, rows] : expected()["templates"].items()) {
    const ChatTemplate chat_template = read_fixture(file);
    for (const Json& row : rows) {
      std::string error;
      const auto text = render(chat_template, chat_of(row), error);
      ASSERT_EQ(text.has_value(), !row["text"].is_null()) << described(file, row) << ": " << error;
      if (text) {
        EXPECT_EQ(*text, row["text"].get<std::string>()) << described(file, row);
      }
    }
  }
}

TEST(ChatTemplate, RendersSnippetsAsJinjaDoes) {
  const Json first = {{"dialogue", 0}, {"prompt", false}};
  for (const Json& row : expected()["snippets"]) {
    const auto source = row["template"].get<std::string>();
    std::string error;
    std::optional<std::string> text;
    try {
      text = render(ChatTemplate::from_text(source, "snippet", special_tokens()), chat_of(first),
                    error);
    } catch (const Error& refused) {
      error = refused.what();
    }
    EXPECT_EQ(text.has_value(), !row["text"].is_null()) << source << ": " << error;
    if (text && !row["text"].is_null()) {
      EXPECT_EQ(*text, row["text"].get<std::string>()) << source;
    }
  }
}

TEST(ChatTemplate, MarksWhatTheAssistantSays) {
  size_t marked = 0;
  for (const auto& [file, rows] : expected()["templates"].items()) {
    const ChatTemplate chat_template = read_fixture(file);
    for (const Json& row : rows) {
      if (!row.contains("assistant")) continue;
      const ChatText out = chat_template.render_marked(chat_of(row));
      EXPECT_EQ(out.text, row["text"].get<std::string>()) << described(file, row);
      EXPECT_EQ(Json(out.assistant), row["assistant"]) << described(file, row);
      marked += out.assistant.size();
    }
  }
  EXPECT_GT(marked, 50u);
}

TEST(ChatTemplate, RendersRealTemplatesAsTransformersDoes) {
  SLOVO_SHARED_DATA(folder, "tokenizers/chat_templates");
  EXPECT_EQ(expected()["shared"].size(), 4u);
  for (const auto& [file, rows] : expected()["shared"].items()) {
    const ChatTemplate chat_template = read_template(folder / file);
    for (const Json& row : rows) {
      std::string error;
      const auto text = render(chat_template, chat_of(row), error);
      ASSERT_EQ(text.has_value(), !row["hash"].is_null()) << described(file, row) << ": " << error;
      if (text) {
        EXPECT_EQ(hash_hex(*text), row["hash"].get<std::string>()) << described(file, row) << "\n"
                                                                   << *text;
      }
    }
  }
}

Chat one_message() { return {{{{"role", "user"}, {"content", "Hi"}}}, nullptr, nullptr, false}; }

std::string rendered(std::string_view source) {
  return ChatTemplate::from_text(source, "chat_template").render(one_message());
}

std::string refused(std::string_view source) {
  return testing::error_of([&] { rendered(source); }, ErrorCode::data);
}

TEST(ChatTemplate, RefusesByNameAndLine) {
  EXPECT_EQ(refused("\n\n{{ 1 | trimm }}").substr(0, 68),
            "chat_template:3: filter \"trimm\" is not known (did you mean \"trim\"?);");
  EXPECT_TRUE(
      testing::contains(refused("{{ 1 is ood }}"),
                        "chat_template:1: test \"ood\" is not known (did you mean \"odd\"?);"));
  EXPECT_TRUE(
      testing::contains(refused("{% include 'x' %}"),
                        "chat_template:1: the tag \"include\" is not known; slovo knows for,"));
  EXPECT_TRUE(
      testing::contains(refused("{{ 'x'.zfill(3) }}"),
                        "the method \"zfill\" of a str is not supported; slovo knows capitalize,"));
  EXPECT_EQ(refused("{{ '%s' % 1 }}"),
            "chat_template:1: formatting a string with \"%\" is not supported; join the parts with "
            "\"~\"");
  EXPECT_EQ(refused("{% for x in y recursive %}{% endfor %}"),
            "chat_template:1: loops that call themselves (\"recursive\") are not supported");
  EXPECT_EQ(refused("{{ raise_exception('only two') }}"),
            "chat_template:1: the template refuses the dialogue: only two");
}

TEST(ChatTemplate, SaysWhereATemplateIsWrong) {
  EXPECT_EQ(refused("a\n{{ 1"), "chat_template:2: {{ is not closed by }}");
  EXPECT_EQ(refused("{% if 1 %}\na"),
            "chat_template:2: the template ends where \"endif\" is missing");
  EXPECT_EQ(refused("{% endif %}"),
            "chat_template:1: the tag \"endif\" closes nothing that is open");
  EXPECT_EQ(refused("{{ 1 + }}"), "chat_template:1: expected an expression, found \"}}\"");
  EXPECT_EQ(refused("{{ (1] }}"), "chat_template:1: unexpected \"]\", expected \")\"");
  EXPECT_EQ(refused("{{ 'a }}"), "chat_template:1: a string is not closed by '");
  EXPECT_EQ(refused("{# a"), "chat_template:1: a comment {# is not closed by #}");
  EXPECT_EQ(refused("{% break %}"), "chat_template:1: \"break\" stands outside of a loop");
  EXPECT_EQ(refused("{{ a.b }}"), "chat_template:1: \"a\" is not defined");
  EXPECT_EQ(refused("{{ messages[0].x.y }}"),
            "chat_template:1: the value of type dict has no \"x\"");
  EXPECT_TRUE(testing::contains(refused("a\xff"), "chat_template"));
}

/// What a template is refused for that may do little.
std::string refused_early(const std::string& source) {
  return testing::error_of(
      [&] {
        const jinja::Block block = jinja::parse(source, "chat_template");
        jinja::Runtime runtime("chat_template", {.steps = 20'000, .bytes = 1 << 20, .depth = 200});
        jinja::Interpreter(runtime).run(block);
      },
      ErrorCode::data);
}

TEST(ChatTemplate, IsBounded) {
  const std::string endless =
      "chat_template:1: the template does not come to an end; it may take 20,000 steps";
  const std::string large =
      "chat_template:1: the template makes too much text; it may make 1.00 MiB in all";
  const auto grown = [](const std::string& by) {
    return "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = " + by +
           " %}{% endfor %}";
  };
  EXPECT_EQ(refused_early("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
            "chat_template:1: the template nests too deeply; does a macro call itself for ever?");
  EXPECT_EQ(refused_early(
                "{% for i in range(999) %}{% for j in range(99) %}{{ i }}{% endfor %}{% endfor %}"),
            endless);
  EXPECT_EQ(refused_early(
                "{% set s = 'a' * 99999 %}{% for i in range(999) %}{{ s | length }}{% endfor %}"),
            endless);
  EXPECT_EQ(refused_early(grown("n.x ~ n.x")), large);
  EXPECT_EQ(refused_early("{{ 'ab' * 99999999999 }}"), large);
  EXPECT_EQ(refused_early(grown("[n.x, n.x]")),
            "chat_template:1: a list or dict holds more than 50,000,000 values");
  EXPECT_EQ(
      refused_early("{% set n = namespace(x=1) %}{% for i in range(20) %}{% set n.x = [n.x, n.x] %}"
                    "{% endfor %}{{ n.x | tojson }}"),
      endless);
  EXPECT_EQ(refused_early(grown("[n.x]") + grown("[n.x]").substr(28) + grown("[n.x]").substr(28)),
            "chat_template:1: a value is nested more than 200 deep");
  EXPECT_EQ(refused("{{ range(100001) }}"), "chat_template:1: range: more than 100,000 numbers");
  EXPECT_EQ(rendered("{% set n = namespace() %}{% set n.self = n %}"
                     "{% for i in range(2) %}{{ loop.changed(loop) }}{% endfor %}"),
            "TrueFalse")
      << "and nothing leaks";
}

TEST(ChatTemplate, IsBoundedWhereItIsRead) {
  EXPECT_EQ(refused("{{ " + std::string(500, '(') + "1" + std::string(500, ')') + " }}"),
            "chat_template:1: the template is nested too deeply");
  std::string chain = "{{ 1", arguments = "{{ dict(", variables;
  for (int i = 0; i < 500; ++i) chain += " + 1";
  for (int i = 0; i < 300; ++i) arguments += cat("a", i, "=1, ");
  for (int i = 0; i < 1001; ++i) variables += cat("{% set a", i, " = 1 %}");
  EXPECT_EQ(refused(chain + " }}"),
            "chat_template:1: an expression is nested or chained more than 150 deep");
  EXPECT_EQ(refused(arguments + ") }}"), "chat_template:1: more than 255 arguments");
  EXPECT_EQ(refused(variables), "chat_template:1: more than 1,000 variables in one block");
}

TEST(ChatTemplate, RefusesWhatIsNoDialogue) {
  const ChatTemplate chatml = ChatTemplate::from_text(kDefaultChatTemplate, "chat_template");
  const auto error = [&](const Json& messages) {
    return testing::error_of([&] { chatml.render({messages, nullptr, nullptr, false}); },
                             ErrorCode::data);
  };
  EXPECT_EQ(error(Json::array()),
            "chat_template: a dialogue must be a list of one message or more");
  EXPECT_EQ(error({"Hi"}),
            "chat_template: message 1 is string; must be an object with \"role\" and \"content\"");
  EXPECT_TRUE(testing::contains(error({{{"role", "critic"}, {"content", ""}}}),
                                "the role \"critic\" is not one of system, user, assistant, tool"));
}

TEST(ChatTemplate, TellsTheTime) {
  const std::string year = rendered("{{ strftime_now('%Y') }}");
  EXPECT_EQ(year.size(), 4u);
  EXPECT_GE(year, "2025");
}

TEST(ChatTemplate, NeedsMarksThatCanBePlaced) {
  const auto error = [](std::string_view source) {
    return testing::error_of(
        [&] { ChatTemplate::from_text(source, "chat_template").render_marked(one_message()); });
  };
  EXPECT_EQ(error("{{ messages[0].content }}"),
            "chat_template: does not say which text is the assistant's; put that text between "
            "{% generation %} and {% endgeneration %}");
  EXPECT_EQ(error("\n{% set x %}{% generation %}a{% endgeneration %}{% endset %}{{ x }}"),
            "chat_template:2: {% generation %} inside a macro or a variable: where its text will "
            "stand is not known; put it outside");
}

TEST(ChatTemplate, IsFoundInAFolder) {
  const Json& folders = expected()["folders"];
  const testing::TempFolder folder;
  EXPECT_EQ(
      testing::error_of([&] { ChatTemplate::from_folder(folder.path()); }),
      folder.path().string() +
          ": has no chat template; a chat model has chat_template.jinja, or \"chat_template\" in "
          "tokenizer_config.json");
  const auto both = [&](const std::string& plain, const std::string& with_tools) {
    const ChatTemplate found = ChatTemplate::from_folder(folder.path());
    Chat chat = one_message();
    EXPECT_EQ(found.render(chat), plain);
    chat.tools = Json::array();
    EXPECT_EQ(found.render(chat), with_tools);
  };
  const std::string tokens = R"("bos_token": "<s>", "eos_token": {"content": "</s>"})";
  folder.write("tokenizer_config.json", "{" + tokens + R"(, "chat_template": "C{{ bos_token }}"})");
  both("C<s>", "C<s>");
  folder.write("tokenizer_config.json", "{" + tokens + R"(, "chat_template": [
      {"name": "default", "template": "D{{ bos_token }}"}, {"name": "tool_use", "template": "T{{ eos_token }}"}]})");
  both(folders["default"].get<std::string>(), folders["tool_use"].get<std::string>());
  folder.write("chat_template.jinja", "F{{ eos_token }}\n");
  both("F</s>", "F</s>");
  EXPECT_EQ(folders["files"],
            Json({"additional_chat_templates/tool_use.jinja", "chat_template.jinja"}));
  folder.write("additional_chat_templates/tool_use.jinja", "A");
  both("F</s>", "A");
}

TEST(ChatTemplate, DefaultWhereAFolderHasNone) {
  const testing::TempFolder folder;
  folder.write("tokenizer_config.json", R"({"bos_token": "<s>"})");
  const ChatTemplate missing = ChatTemplate::from_folder_or_default(folder.path());
  EXPECT_TRUE(missing.is_default());
  const std::string text = missing.render(one_message());
  EXPECT_EQ(text, ChatTemplate::from_text(kDefaultChatTemplate, "x").render(one_message()));
  folder.write("chat_template.jinja", std::string(kDefaultChatTemplate));
  const ChatTemplate saved = ChatTemplate::from_folder(folder.path());
  EXPECT_FALSE(saved.is_default());
  EXPECT_EQ(saved.render(one_message()), text);
  folder.write("chat_template.jinja", "own{{ bos_token }}");
  const ChatTemplate own = ChatTemplate::from_folder_or_default(folder.path());
  EXPECT_FALSE(own.is_default());
  EXPECT_EQ(own.render(one_message()), "own<s>");
}

/// Whichever way a tokenizer brings its templates, they are beside it when it is saved again.
TEST(ChatTemplate, SurvivesSaving) {
  const std::string list = R"({"eos_token": "</s>", "chat_template": [
      {"name": "default", "template": "D"}, {"name": "tool_use", "template": "T{{ eos_token }}"}]})";
  for (const bool files : {false, true}) {
    const testing::TempFolder folder;
    const testing::TempFolder copy;
    folder.write("tokenizer.json", testing::small_model({"a"}, {}).dump());
    folder.write("tokenizer_config.json", files ? R"({"eos_token": "</s>"})" : list);
    if (files) {
      folder.write("chat_template.jinja", "D");
      folder.write("additional_chat_templates/tool_use.jinja", "T{{ eos_token }}");
      folder.write("additional_chat_templates/notes.txt", "no template");
    }
    Tokenizer::load(folder.path())->save(copy.path());
    const ChatTemplate saved = ChatTemplate::from_folder(copy.path());
    Chat chat = one_message();
    EXPECT_EQ(saved.render(chat), "D") << files;
    chat.tools = Json::array();
    EXPECT_EQ(saved.render(chat), "T</s>") << files;
    EXPECT_FALSE(std::filesystem::exists(copy / "additional_chat_templates/notes.txt"));
  }
}

TEST(ChatTemplate, NamesWhatIsWrongInAFolder) {
  const testing::TempFolder folder;
  folder.write("tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_TRUE(testing::contains(
      testing::error_of([&] { ChatTemplate::from_folder(folder.path()); }),
      "tokenizer_config.json: chat_template: is number; must be a string or a list"));
  folder.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "x"}]})");
  const ChatTemplate other = ChatTemplate::from_folder(folder.path());
  EXPECT_TRUE(testing::contains(testing::error_of([&] { other.render(one_message()); }),
                                "no chat template is named \"default\"; there is rag"));
  folder.write("chat_template.jinja", "a\n{{");
  EXPECT_TRUE(
      testing::contains(testing::error_of([&] { ChatTemplate::from_folder(folder.path()); }),
                        "chat_template.jinja:2: {{ is not closed by }}"));
}

TEST(ChatTemplate, OwnTemplateMarksTurns) {
  const ChatTemplate chatml = ChatTemplate::from_text(kDefaultChatTemplate, "chat_template");
  Chat chat;
  chat.messages = {{{"role", "system"}, {"content", "Be brief."}},
                   {{"role", "user"}, {"content", "2+2?"}},
                   {{"role", "assistant"}, {"content", "4"}}};
  const ChatText out = chatml.render_marked(chat);
  EXPECT_EQ(out.text,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n"
            "<|im_start|>assistant\n4<|im_end|>\n");
  ASSERT_EQ(out.assistant.size(), 1u);
  const auto [begin, end] = out.assistant[0];
  EXPECT_EQ(out.text.substr(begin, end - begin), "4<|im_end|>");
  chat.tools = {{{"name", "clock"}}};
  chat.messages.push_back(
      {{"role", "assistant"},
       {"tool_calls", {{{"function", {{"name", "clock"}, {"arguments", Json::object()}}}}}}});
  chat.add_generation_prompt = true;
  EXPECT_TRUE(
      chatml.render(chat).ends_with("<|im_start|>assistant\n<tool_call>\n{\"name\": \"clock\", "
                                    "\"arguments\": {}}\n</tool_call><|im_end|>\n"
                                    "<|im_start|>assistant\n"));
}

TEST(ChatTemplate, NeverASecondBos) {
  Json json = testing::small_model({"<s>", "H", "i"}, {});
  json["added_tokens"] = {{{"id", 0}, {"content", "<s>"}, {"special", true}}};
  json["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single",
       {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}},
        {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
      {"pair", Json::array()},
      {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {0}}, {"tokens", {"<s>"}}}}}}};
  const auto tokenizer = testing::make_tokenizer(json);
  using Ids = std::vector<TokenId>;
  EXPECT_EQ(tokenizer->encode("<s>Hi", SpecialTokens::add), (Ids{0, 0, 1, 2}));
  EXPECT_EQ(encode_chat(*tokenizer, "<s>Hi"), (Ids{0, 1, 2}));
}

}  // namespace
}  // namespace slovo
