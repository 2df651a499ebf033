#include "report/summary.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace slovo {
namespace {

constexpr size_t kFinalRows = 10;

/// The number at `path` of `json`, or nothing.
Json number_at(const Json& json, const char* pointer) {
  const Json::json_pointer path(pointer);
  return json.contains(path) && json.at(path).is_number() ? json.at(path) : Json();
}

void set_known(Json& out, const char* key, const Json& value) {
  if (!value.is_null()) out[key] = value;
}

void set_known(Json& out, const char* key, double value) {
  if (std::isfinite(value)) out[key] = value;
}

/// The rows of the series that have a value.
std::vector<size_t> known_rows(const Series& series) {
  std::vector<size_t> out;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (std::isfinite(series.values[i])) out.push_back(i);
  }
  return out;
}

void summarise_loss(const Series& loss, Json& out) {
  const auto rows = known_rows(loss);
  const size_t count = std::min(rows.size(), kFinalRows);
  double sum = 0;
  for (size_t i = rows.size() - count; i < rows.size(); ++i) sum += loss.values[rows[i]];
  out["first_loss"] = loss.values[rows.front()];
  out["final_loss"] = sum / static_cast<double>(count);
}

void summarise_validation(const Series& loss, Json& out) {
  const auto rows = known_rows(loss);
  const size_t best = *std::min_element(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    return loss.values[a] < loss.values[b];
  });
  if (rows.size() > 1) out["first_val_loss"] = loss.values[rows.front()];
  out["val_loss"] = loss.values[rows.back()];
  out["best_val_loss"] = loss.values[best];
  out["best_val_step"] = loss.steps[best];
}

/// How well text of the kind the model was pretrained on is predicted, before and after.
void summarise_old_text(const Series& perplexity, Json& out) {
  const auto rows = known_rows(perplexity);
  if (rows.size() > 1) out["first_old_perplexity"] = perplexity.values[rows.front()];
  out["old_perplexity"] = perplexity.values[rows.back()];
}

/// The furthest point that any series reaches.
void summarise_extent(const RunData& run, Json& out) {
  int64_t step = 0;
  double tokens = std::nan(""), seconds = std::nan("");
  for (const Series& series : run.series) {
    step = std::max(step, series.steps.back());
    tokens = std::fmax(tokens, series.tokens.back());
    seconds = std::fmax(seconds, series.seconds.back());
  }
  out["steps"] = step;
  set_known(out, "planned_steps", number_at(run.record, "/config/train/steps"));
  if (std::isfinite(tokens)) out["tokens"] = std::llround(tokens);
  if (seconds > 0) out["seconds"] = seconds;
  set_known(out, "tokens_per_s", seconds > 0 ? tokens / seconds : std::nan(""));
}

std::string losses(const char* name, const Json& summary, const char* first, const char* last) {
  const std::string end = fixed(summary.at(last).get<double>(), 2);
  if (!summary.contains(first)) return cat(name, " ", end);
  return cat(name, " ", fixed(summary.at(first).get<double>(), 2), " → ", end);
}

std::string loss_part(const Json& summary) {
  if (!summary.contains("val_loss")) return losses("loss", summary, "first_loss", "final_loss");
  std::string out = losses("validation loss", summary, "first_val_loss", "val_loss");
  const std::string best = fixed(summary.at("best_val_loss").get<double>(), 2);
  if (best != fixed(summary.at("val_loss").get<double>(), 2)) {
    out += cat(" (best ", best, " at step ", with_commas(summary.at("best_val_step")), ")");
  }
  return out;
}

std::string count_of(const Json& summary, const char* key) {
  return human_count(summary.at(key).get<double>());
}

/// "3.40M parameters on 2.10M tokens", as far as it is known.
std::string subject(const Json& summary) {
  std::string out =
      summary.contains("parameters") ? count_of(summary, "parameters") + " parameters" : "a model";
  if (summary.contains("tokens")) out += cat(" on ", count_of(summary, "tokens"), " tokens");
  return out;
}

}  // namespace

Json summarise(const RunData& run) {
  Json out = Json::object();
  out["finished"] = run.finished;
  set_known(out, "parameters", number_at(run.record, "/parameters"));
  summarise_extent(run, out);
  if (const Series* memory = run.find("memory_bytes")) {
    double peak = 0;
    for (const double value : memory->values) peak = std::fmax(peak, value);
    out["peak_memory_bytes"] = std::llround(peak);
  }
  if (const Series* loss = run.find("loss")) summarise_loss(*loss, out);
  if (const Series* loss = run.find("val_loss")) summarise_validation(*loss, out);
  if (const Series* old = run.find("old_perplexity")) summarise_old_text(*old, out);
  return out;
}

std::string headline(const Json& summary) {
  const int64_t steps = summary.at("steps").get<int64_t>();
  if (!summary.contains("final_loss") && !summary.contains("val_loss")) {
    return "No step is logged yet.";
  }
  const int64_t planned = summary.value("planned_steps", steps);
  const bool whole = summary.at("finished").get<bool>() || steps >= planned;
  std::vector<std::string> parts = {loss_part(summary)};
  if (summary.contains("old_perplexity")) {
    parts.push_back(
        losses("perplexity of old text", summary, "first_old_perplexity", "old_perplexity"));
  }
  if (summary.contains("tokens_per_s"))
    parts.push_back(count_of(summary, "tokens_per_s") + " tok/s");
  if (summary.contains("seconds")) parts.push_back(human_duration(summary.at("seconds")));
  return cat(whole ? cat("Trained ", subject(summary), " for ", with_commas(steps), " steps: ")
                   : cat("At step ", with_commas(steps), " of ", with_commas(planned),
                         ", having trained ", subject(summary), ": "),
             join(parts), ".");
}

}  // namespace slovo
