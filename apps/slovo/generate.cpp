// slovo generate: text from prompts.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/utf8.h"
#include "decode/generator.h"
#include "model/precision.h"
#include "tokenizer/chat_template.h"

namespace slovo {
namespace {

/// The text without the one newline that editors and `echo` put at its end.
std::string as_prompt(std::string text, const std::string& source) {
  utf8::require_valid(text, source);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> read_prompts(const std::vector<std::string>& words,
                                      const std::vector<std::string>& files) {
  std::vector<std::string> prompts;
  for (const std::string& word : words) {
    if (word == "-") {
      prompts.push_back(as_prompt({std::istreambuf_iterator<char>(std::cin), {}}, "stdin"));
    } else {
      as_prompt(word, "a prompt");  // checked, but taken as it is given
      prompts.push_back(word);
    }
  }
  for (const std::string& file : files) prompts.push_back(as_prompt(read_file(file), file));
  if (prompts.empty()) prompts.emplace_back();
  return prompts;
}

Json completion_json(const Completion& completion, const std::string& prompt, bool logprobs,
                     const std::string& dtype) {
  Json out{{"prompt", prompt},
           {"text", completion.text},
           {"ids", completion.ids},
           {"finish_reason", to_name(completion.finish_reason)}};
  if (logprobs) out["logprobs"] = completion.logprobs;
  out["dtype"] = dtype;
  return out;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// `before`, then the text as it comes.
std::vector<Completion> stream(Generator& generator, const std::vector<TokenId>& prompt,
                               const std::string& before) {
  bool begun = false;  // a prompt that is refused is not printed
  const auto write = [&](std::string_view piece) {
    if (!begun) print(before);
    begun = true;
    print(piece);
    std::fflush(stdout);
  };
  const auto completions =
      generator.generate(std::vector<std::vector<TokenId>>{prompt},
                         [&](const Completion&, std::string_view piece) { write(piece); });
  write("\n");
  return completions;
}

/// How prompts are given to the model: as they are, or as dialogues.
class PromptEncoder {
 public:
  PromptEncoder(const Generator& generator, const LoadedModel& model,
                std::optional<ChatTemplate> chat, std::string system)
      : generator_(generator),
        model_(model),
        template_(std::move(chat)),
        messages_(system.empty() ? Json::array()
                                 : Json{{{"role", "system"}, {"content", system}}}) {}

  bool is_chat() const { return template_.has_value(); }

  std::vector<TokenId> encode(const std::string& prompt) const {
    return template_ ? encode_dialogue(with("user", prompt)) : generator_.encode_prompt(prompt);
  }
  /// The next question of a dialogue that goes on.
  std::vector<TokenId> ask(const std::string& question) {
    messages_ = with("user", question);
    return encode_dialogue(messages_);
  }
  void answered(const std::string& answer) { messages_ = with("assistant", answer); }

 private:
  Json with(const char* role, const std::string& content) const {
    Json out = messages_;
    out.push_back({{"role", role}, {"content", content}});
    return out;
  }

  std::vector<TokenId> encode_dialogue(const Json& messages) const {
    auto ids =
        encode_chat(*model_.tokenizer, template_->render({messages, nullptr, nullptr, true}));
    if (std::ssize(ids) >= model_.context()) {
      throw_config("the dialogue has ", ids.size(), " tokens, but the model's context is ",
                   model_.context(), "; ask something shorter, or begin anew");
    }
    return ids;
  }

  const Generator& generator_;
  const LoadedModel& model_;
  std::optional<ChatTemplate> template_;
  Json messages_;  ///< what every dialogue begins with
};

/// A dialogue on stdin: a line is a question, until the end of the input.
int converse(Generator& generator, PromptEncoder& encoder) {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  if (terminal) log::info("ask something; Ctrl-D ends");
  std::string line;
  for (;;) {
    if (terminal) std::fputs("> ", stderr);
    if (!std::getline(std::cin, line)) break;
    utf8::require_valid(line, "stdin");
    if (line.empty()) continue;
    const auto done = stream(generator, encoder.ask(line), "");
    encoder.answered(done.front().text);
  }
  if (terminal) std::fputs("\n", stderr);
  return 0;
}

void print_all(const std::vector<Completion>& completions, const std::vector<std::string>& prompts,
               int64_t samples, bool chat) {
  for (const Completion& completion : completions) {
    const std::string sample = samples > 1 ? cat(", completion ", completion.sample + 1) : "";
    print(cat("--- prompt ", completion.prompt + 1, sample, " ---\n", prompts[completion.prompt],
              chat ? "\n\n" : "", completion.text, "\n"));
  }
}

/// To stderr, once what was printed is out.
void log_speed(const std::vector<Completion>& completions, const LoadedModel& model,
               double seconds) {
  std::fflush(stdout);
  int64_t tokens = 0;
  for (const Completion& completion : completions)
    tokens += static_cast<int64_t>(completion.ids.size());
  log::info(cat(tokens, " tokens in ", human_duration(seconds), ", ",
                fixed(static_cast<double>(tokens) / seconds, 0), " a second (", model.name, ", ",
                dtype_name(model.dtype()), ")"));
}

}  // namespace

int run_generate(const Invocation& call) {
  std::string model_path, adapter, system;
  std::vector<std::string> words, files;
  bool json = false, chat = false;
  Command command(call);
  command.sections({"run", "decode"})
      .words("PROMPT", words,
             "texts to go on from; - reads one from stdin; none: a text from its beginning")
      .option("--model", model_path, "DIR", "a model, run or checkpoint folder", Need::required)
      .option("--adapter", adapter, "DIR", "an adapter that goes on the model")
      .option("--prompt-file", files, "FILE",
              "a file that is one prompt (a newline at its end is left out)")
      .flag("--chat", chat,
            "each prompt is a question to a chat model, written by its template; none: a dialogue "
            "on stdin")
      .option("--system", system, "TEXT", "with --chat, a system message before it")
      .flag("--json", json, "one JSON object a completion: prompt, text, ids, finish_reason, ...")
      .example("slovo generate --model runs/book \"Once upon a time\"", "goes on from a text")
      .example("slovo generate --model runs/chat --chat \"Who are you?\"", "asks a chat model")
      .example("slovo generate --model runs/book --temperature 0 --json \"Once\"",
               "the likeliest text, as JSON");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();

  if (!system.empty() && !chat)
    throw_config("--system needs --chat; a plain text has no system message");
  const bool dialogue = chat && words.empty() && files.empty();
  if (dialogue && json) throw_config("--json needs a PROMPT; a dialogue on stdin is text");
  const std::vector<std::string> prompts =
      dialogue ? std::vector<std::string>() : read_prompts(words, files);
  set_up_computing(config.run);
  LoadedModel model = load_for_inference(model_path, config.run, adapter);
  Generator generator(model, config.decode, config.run.seed);
  std::optional<ChatTemplate> chat_template;
  if (chat) chat_template = ChatTemplate::from_folder(find_model(model_path, adapter).tokenizer());
  PromptEncoder encoder(generator, model, std::move(chat_template), system);
  if (dialogue) return converse(generator, encoder);
  std::vector<std::vector<TokenId>> ids;
  for (const std::string& prompt : prompts) ids.push_back(encoder.encode(prompt));
  const auto start = std::chrono::steady_clock::now();
  const bool single = prompts.size() == 1 && config.decode.num_samples == 1;
  const auto completions =
      single && !json ? stream(generator, ids[0], chat ? "" : prompts[0]) : generator.generate(ids);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  if (json) {
    for (const Completion& completion : completions) {
      const auto& prompt = prompts[completion.prompt];
      print(completion_json(completion, prompt, config.decode.logprobs, dtype_name(model.dtype()))
                .dump() +
            "\n");
    }
  } else if (!single) {
    print_all(completions, prompts, config.decode.num_samples, chat);
  }
  log_speed(completions, model, spent.count());
  return 0;
}

}  // namespace slovo
