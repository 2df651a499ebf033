// slovo generate: text from prompts.
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

/// The prompt, then the text as it comes.
std::vector<Completion> stream(Generator& generator, const std::string& prompt) {
  bool begun = false;  // a prompt that is refused is not printed
  const auto write = [&](std::string_view piece) {
    if (!begun) print(prompt);
    begun = true;
    print(piece);
    std::fflush(stdout);
  };
  const auto completions = generator.generate(
      std::vector{prompt}, [&](const Completion&, std::string_view piece) { write(piece); });
  write("\n");
  return completions;
}

void print_all(const std::vector<Completion>& completions, const std::vector<std::string>& prompts,
               int64_t samples) {
  for (const Completion& completion : completions) {
    const std::string sample = samples > 1 ? cat(", completion ", completion.sample + 1) : "";
    print(cat("--- prompt ", completion.prompt + 1, sample, " ---\n", prompts[completion.prompt],
              completion.text, "\n"));
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
  std::string model_path;
  std::vector<std::string> words, files;
  bool json = false;
  Command command(call);
  command.sections({"run", "decode"})
      .words("PROMPT", words,
             "texts to go on from; - reads one from stdin; none: a text from its beginning")
      .option("--model", model_path, "DIR", "a model, run or checkpoint folder", Need::required)
      .option("--prompt-file", files, "FILE",
              "a file that is one prompt (a newline at its end is left out)")
      .flag("--json", json, "one JSON object a completion: prompt, text, ids, finish_reason, ...")
      .example("slovo generate --model runs/book \"Once upon a time\"", "goes on from a text")
      .example("slovo generate --model runs/book --temperature 0 --json \"Once\"",
               "the likeliest text, as JSON");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();

  const std::vector<std::string> prompts = read_prompts(words, files);
  set_up_computing(config.run);
  LoadedModel model = load_for_inference(model_path, config.run);
  Generator generator(model, config.decode, config.run.seed);
  const auto start = std::chrono::steady_clock::now();
  const bool single = prompts.size() == 1 && config.decode.num_samples == 1;
  const auto completions =
      single && !json ? stream(generator, prompts[0]) : generator.generate(prompts);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  if (json) {
    for (const Completion& completion : completions) {
      const auto& prompt = prompts[completion.prompt];
      print(completion_json(completion, prompt, config.decode.logprobs, dtype_name(model.dtype()))
                .dump() +
            "\n");
    }
  } else if (!single) {
    print_all(completions, prompts, config.decode.num_samples);
  }
  log_speed(completions, model, spent.count());
  return 0;
}

}  // namespace slovo
