#include "pretrain_plan.h"

#include <algorithm>

#include "core/text.h"

namespace slovo {
namespace {

constexpr size_t kColumn = 24;

std::string line(const std::string& name, const std::string& text) {
  return cat(name, std::string(name.size() < kColumn ? kColumn - name.size() : 1, ' '), text, "\n");
}

// What is assumed of power where it cannot be measured: between a server's 4 W a core and a
// desktop's 15; a GPU of a workstation or a data centre at work.
constexpr double kCoreWatts = 10;
constexpr double kGpuWatts = 400;

std::string bytes(int64_t count) { return human_bytes(static_cast<double>(count)); }

std::string parameters_text(const PretrainPlan& plan) {
  std::vector<std::string> parts;
  for (const auto& [part, count] : plan.parameters) {
    if (count > 0) parts.push_back(cat(part, " ", human_count(static_cast<double>(count))));
  }
  return cat(with_commas(plan.parameter_total()), " (", join(parts), ")");
}

std::string fit_text(const PretrainPlan& plan) {
  if (plan.fits())
    return cat("of ", bytes(plan.process_bytes + plan.available_bytes), " that can be had");
  const int64_t rows = plan.largest_micro_batch();
  return cat("but only ", bytes(plan.process_bytes + plan.available_bytes),
             " can be had: it does NOT fit; ",
             rows > 0 ? cat("use --train.micro_batch_size ", rows)
                      : "take a smaller model or data.seq_len");
}

std::string memory_text(const PretrainPlan& plan) {
  const int64_t count = plan.parameter_total();
  std::string out =
      line("memory", cat(bytes(plan.memory_bytes()), " at the peak, ", fit_text(plan)));
  out += line("  program and text", bytes(plan.process_bytes));
  out += line("  weights", cat(bytes(4 * count), " in fp32",
                               plan.bf16 ? cat(", ", bytes(2 * count), " in bf16") : ""));
  out += line("  gradients", bytes(4 * count));
  out += line("  optimizer", cat(bytes(plan.optimizer_bytes), ", ", plan.optimizer));
  const Rehearsal& tried = plan.rehearsal;
  if (tried.rows == 0) return out;
  out += line("  activations",
              cat(bytes(plan.memory_bytes() - plan.process_bytes - plan.state_bytes()), " for ",
                  tried.rows, " rows at once, ", bytes(tried.bytes_per_row), " each"));
  if (plan.fits())
    out += line("  largest micro-batch", cat(plan.largest_micro_batch(), " rows would fit"));
  return out;
}

std::string time_text(const PretrainPlan& plan) {
  if (plan.rehearsal.steps == 0) return "";
  const double rate = static_cast<double>(plan.tokens_per_step) / plan.rehearsal.step_seconds;
  std::string out =
      line("speed", cat(human_count(rate), " tokens/s (", plan.rehearsal.steps, " steps timed)"));
  const double validating = plan.validation_seconds * static_cast<double>(plan.validations);
  return out + line("time",
                    cat("about ", human_duration(plan.seconds()),
                        plan.validations > 0 ? cat(", ", human_duration(validating), " of it for ",
                                                   plan.validations, " validations")
                                             : ""));
}

std::string energy_text(const PretrainPlan& plan) {
  if (plan.rehearsal.steps == 0) return "";
  const double hours = plan.seconds() / 3600;
  const double watt_hours = plan.watts() * hours;
  const std::string amount = watt_hours < 1000
                                 ? cat(fixed(watt_hours, watt_hours < 10 ? 2 : 0), " Wh")
                                 : cat(fixed(watt_hours / 1000, 1), " kWh");
  const std::string source =
      plan.power_measured() ? " that the processors' meters showed while the steps were timed"
      : plan.on_gpu()       ? " assumed for the GPU, whose power slovo does not measure"
                            : cat(" assumed, ", kCoreWatts,
                                  " for each thread: this machine has no meter that can be read");
  return line("energy", cat("about ", amount, ", at ", fixed(plan.watts(), 0), " W", source));
}

std::string written_text(const PretrainPlan& plan) {
  const int64_t count = plan.parameter_total();
  return cat(line("would write", cat(plan.out, ": run.json, metrics.jsonl, report.html, tb/")),
             line("", cat("  up to ", plan.checkpoints_kept, " checkpoints of ",
                          bytes(4 * count + plan.optimizer_bytes))),
             line("", cat("  the model, ", bytes(4 * count))),
             line("", cat(plan.cache, ": the text as tokens, ", bytes(plan.cache_bytes))));
}

}  // namespace

int64_t PretrainPlan::parameter_total() const {
  int64_t total = 0;
  for (const auto& [part, count] : parameters) total += count;
  return total;
}

int64_t PretrainPlan::memory_bytes() const {
  return std::max(peak_bytes, process_bytes + state_bytes() + rehearsal.activation_bytes);
}

int64_t PretrainPlan::largest_micro_batch() const {
  if (rehearsal.bytes_per_row == 0) return 0;
  const int64_t beside = memory_bytes() - rehearsal.rows * rehearsal.bytes_per_row;
  return std::max<int64_t>(0, (process_bytes + available_bytes - beside) / rehearsal.bytes_per_row);
}

double PretrainPlan::seconds() const {
  const double token_seconds = rehearsal.step_seconds / static_cast<double>(tokens_per_step);
  return static_cast<double>(tokens) * token_seconds +
         static_cast<double>(validations) * validation_seconds;
}

bool PretrainPlan::power_measured() const { return !on_gpu() && rehearsal.watts > 0; }

double PretrainPlan::watts() const {
  if (power_measured()) return rehearsal.watts;
  return on_gpu() ? kGpuWatts : kCoreWatts * threads;
}

Json plan_json(const PretrainPlan& plan) {
  Json parts = Json::object();
  for (const auto& [part, count] : plan.parameters) parts[part] = count;
  const int64_t count = plan.parameter_total();
  Json memory = {{"peak", plan.memory_bytes()},
                 {"program_and_text", plan.process_bytes},
                 {"weights", (plan.bf16 ? 6 : 4) * count},
                 {"gradients", 4 * count},
                 {"optimizer", plan.optimizer_bytes},
                 {"activations", plan.rehearsal.activation_bytes},
                 {"available", plan.process_bytes + plan.available_bytes},
                 {"fits", plan.fits()},
                 {"largest_micro_batch_size", plan.largest_micro_batch()}};
  Json out = {{"parameters", count},
              {"parameters_by_part", parts},
              {"memory", memory},
              {"train_tokens", plan.train_tokens},
              {"valid_tokens", plan.valid_tokens},
              {"steps", plan.steps},
              {"tokens_per_step", plan.tokens_per_step},
              {"tokens", plan.tokens},
              {"epochs", plan.epochs},
              {"device", plan.device},
              {"dtype", plan.dtype},
              {"threads", plan.threads},
              {"model_type", plan.model_type}};
  if (plan.rehearsal.steps > 0) {
    out["tokens_per_s"] = static_cast<double>(plan.tokens_per_step) / plan.rehearsal.step_seconds;
    out["seconds"] = plan.seconds();
    out["energy"] = {{"watt_hours", plan.watts() * plan.seconds() / 3600},
                     {"watts", plan.watts()},
                     {"measured", plan.power_measured()}};
  }
  return out;
}

std::string plan_text(const PretrainPlan& plan) {
  return cat(line("model", cat(plan.model_type, " on ", plan.device, " in ", plan.dtype, ", ",
                               counted(plan.threads, "thread"))),
             line("parameters", parameters_text(plan)), memory_text(plan),
             line("text", cat(with_commas(plan.train_tokens), " tokens to train on, ",
                              with_commas(plan.valid_tokens), " for validation")),
             line("training", cat(with_commas(plan.steps), " steps of ",
                                  plan.tokens < plan.steps * plan.tokens_per_step ? "up to " : "",
                                  with_commas(plan.tokens_per_step),
                                  " tokens: ", human_count(static_cast<double>(plan.tokens)),
                                  " tokens, ", fixed(plan.epochs, 2), " epochs")),
             time_text(plan), energy_text(plan), written_text(plan), "\nnothing was written\n");
}

}  // namespace slovo
