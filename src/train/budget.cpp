#include "train/budget.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "core/error.h"
#include "model/transformer.h"

namespace slovo {
namespace {

using Given = std::function<bool(const std::string& key)>;

constexpr int64_t kMostLayers = 64;

template <class T>
void settle(const Given& given, const char* key, T& field, const std::common_type_t<T>& value) {
  if (!given(key)) field = value;
}

void settle_recipe(RunConfig& config, const Given& given) {
  settle(given, "model.qk_norm", config.model.qk_norm, true);
  settle(given, "model.zero_init_outputs", config.model.zero_init_outputs, true);
  settle(given, "train.optimizer", config.train.optimizer, OptimizerKind::muon);
  settle(given, "train.schedule", config.train.schedule, Schedule::wsd);
  settle(given, "train.decay_share", config.train.decay_share, 0.65);
  settle(given, "train.min_lr", config.train.min_lr, 0.0);
}

/// The most heads of about `size` that cut `width` evenly into heads of even size.
int64_t heads_for(int64_t width, int64_t size) {
  for (int64_t heads = std::max<int64_t>(1, width / size); heads > 1; --heads) {
    if (width % (2 * heads) == 0) return heads;
  }
  return 1;
}

/// The model at place `dial` of the scale: so many layers, each adding to the width.
ModelConfig shape_at(ModelConfig model, const Given& given, int64_t dial,
                     const BudgetRules& rules) {
  settle(given, "model.num_hidden_layers", model.num_hidden_layers, dial);
  if (given("model.hidden_size")) {
    settle(given, "model.num_attention_heads", model.num_attention_heads,
           heads_for(model.hidden_size, rules.head_size));
    return model;
  }
  settle(given, "model.num_attention_heads", model.num_attention_heads, dial);
  const int64_t step = 2 * model.num_attention_heads;  // heads of even size
  model.hidden_size = std::max(step, (dial * rules.head_size + step / 2) / step * step);
  return model;
}

/// Tokens of the run that the user has settled already; 0: not settled.
double settled_tokens(const RunConfig& config, const Given& given, int64_t text_tokens) {
  const TrainConfig& train = config.train;
  if (given("train.epochs") && train.epochs)
    return *train.epochs * static_cast<double>(text_tokens);
  if (!given("train.steps") || !given("train.batch_size")) return 0;
  return static_cast<double>(train.rows_before(train.steps) * config.data.seq_len);
}

double distance(double a, double b) { return std::abs(std::log(a / b)); }

void settle_batch(RunConfig& config, const Given& given, double flops, double tokens) {
  const double best = given("train.steps") ? tokens / static_cast<double>(config.train.steps)
                                           : 0.292 * std::pow(flops, 0.3271);
  const auto rows = std::llround(best / static_cast<double>(config.data.seq_len));
  // Many rows are a number that micro-batches can divide.
  const int64_t whole =
      given("train.micro_batch_size") ? config.train.micro_batch() : (rows > 16 ? 8 : 1);
  settle(given, "train.batch_size", config.train.batch_size,
         std::max<int64_t>(1, (rows + whole / 2) / whole) * whole);
}

}  // namespace

Budget parse_budget(const std::string& text) {
  char* end = nullptr;
  const double amount = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  Budget out;
  if (unit == "s") out.seconds = amount;
  if (unit == "m") out.seconds = 60 * amount;
  if (unit == "h") out.seconds = 3600 * amount;
  if (unit == "flop") out.flops = amount;
  const double found = out.seconds + out.flops;
  if (found > 0 && std::isfinite(found)) return out;
  throw_config("--budget is \"", text,
               "\"; must be a time such as 90s, 10m or 2h, or operations such as 1e16flop");
}

int64_t product_parameters(const ModelConfig& model) {
  int64_t out = model.vocab_size * model.hidden_size;
  for (const auto& [part, count] : parameter_counts(model)) {
    if (part == "attention" || part == "mlp") out += count;
  }
  return out;
}

double derive_run(RunConfig& config, const Given& given, double flops, int64_t text_tokens,
                  const BudgetRules& rules) {
  settle_recipe(config, given);
  const double settled = settled_tokens(config, given, text_tokens);
  const double most = rules.most_epochs * static_cast<double>(text_tokens);
  double nearest = std::numeric_limits<double>::max();
  double tokens = 0;
  double used = 0;
  const ModelConfig start = config.model;
  for (int64_t dial = 1; dial <= kMostLayers; ++dial) {
    const ModelConfig model = shape_at(start, given, dial, rules);
    const double cost = train_flops_per_token(model, config.data.seq_len);
    const double seen = settled > 0 ? settled : std::min(flops / cost, most);
    const double away = settled > 0
                            ? distance(seen * cost, flops)
                            : distance(seen / static_cast<double>(product_parameters(model)),
                                       rules.tokens_per_parameter);
    if (away >= nearest) continue;
    nearest = away;
    config.model = model;
    tokens = seen;
    used = seen * cost;
  }
  settle_batch(config, given, used, tokens);
  if (!given("train.steps") && !given("train.epochs")) {
    const auto step = static_cast<double>(config.train.batch_size * config.data.seq_len);
    config.train.steps = std::max<int64_t>(1, std::llround(tokens / step));
  }
  const bool like_adam = config.train.optimizer == OptimizerKind::adamw ||
                         config.train.optimizer == OptimizerKind::muon;
  if (like_adam) settle(given, "train.lr", config.train.lr, 0.3118 * std::pow(used, -0.125));
  return used;
}

double effective_tokens(double tokens, double text_tokens) {
  if (tokens <= text_tokens) return tokens;
  constexpr double kWorth = 15.39;  // epochs after which more are worth nothing
  const double again = tokens / text_tokens - 1;
  return text_tokens * (1 + kWorth * (1 - std::exp(-again / kWorth)));
}

namespace {

/// The line loss = a + b x by least squares, and the sum of its squared errors.
struct Line {
  double a, b, error;
};
Line fit_line(const std::vector<std::pair<double, double>>& points) {
  const auto n = static_cast<double>(points.size());
  double x_mean = 0, y_mean = 0, xx = 0, xy = 0;
  for (const auto& [x, y] : points) {
    x_mean += x / n;
    y_mean += y / n;
  }
  for (const auto& [x, y] : points) {
    xx += (x - x_mean) * (x - x_mean);
    xy += (x - x_mean) * (y - y_mean);
  }
  Line out{0, xy / xx, 0};
  out.a = y_mean - out.b * x_mean;
  for (const auto& [x, y] : points) out.error += std::pow(y - out.a - out.b * x, 2);
  return out;
}

}  // namespace

Prediction predict_loss(const std::vector<Trial>& trials, double tokens) {
  SLOVO_CHECK(trials.size() >= 2, trials.size(), " trials");
  // How far a trial may lie off the curve, and which exponents losses of language models have had.
  const double noise = 0.01 * trials.back().loss;
  constexpr double kUsual = 0.35, kSpread = 0.25;
  struct Candidate {
    double loss, doubt;
  };
  std::vector<Candidate> candidates;
  for (double exponent = 0.05; exponent < 1.0; exponent += 0.01) {
    std::vector<std::pair<double, double>> points;
    for (const Trial& trial : trials)
      points.emplace_back(std::pow(trial.tokens / tokens, -exponent), trial.loss);
    const Line line = fit_line(points);
    if (line.a < 0) continue;
    candidates.push_back({line.a + line.b, line.error / (noise * noise) +
                                               std::pow((exponent - kUsual) / kSpread, 2)});
  }
  const double last = trials.back().loss;
  if (candidates.empty()) return {last, last, last};
  const auto best =
      std::min_element(candidates.begin(), candidates.end(),
                       [](const auto& a, const auto& b) { return a.doubt < b.doubt; });
  Prediction out{best->loss, best->loss, best->loss};
  for (const Candidate& each : candidates) {
    if (each.doubt > best->doubt + 4) continue;  // two standard deviations
    out.low = std::min(out.low, each.loss);
    out.high = std::max(out.high, each.loss);
  }
  // The trials end long before the run does: what is still to come may be off by two fifths of
  // itself, as with texts of few patterns, whose loss falls steeply and then stands.
  const double doubt = std::max(noise, 0.4 * (last - out.loss));
  out.low = std::max(0.0, std::min(out.low - noise, out.loss - doubt));
  out.high = std::max(out.high + noise, out.loss + doubt);
  return out;
}

}  // namespace slovo
