#include "pretrain_job.h"

#include <chrono>
#include <cstdio>

#include "config/load.h"
#include "core/error.h"
#include "core/log.h"
#include "data/corpus.h"
#include "data/pretrain_data.h"
#include "data/shards.h"
#include "decode/generator.h"
#include "decode/loaded_model.h"
#include "model/precision.h"
#include "tokenizer/train.h"
#include "train/device_memory.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kRecordedSections = {"run",  "model", "tokenizer",
                                                    "data", "train", "decode"};

constexpr double kRehearsalSeconds = 4;

/// How often a run of `config` validates.
int64_t validations(const TrainConfig& config) {
  if (config.eval_every == 0) return 1;
  return (config.steps + config.eval_every - 1) / config.eval_every;
}

/// "adamw, two moments", as the plan names what is kept.
std::string optimizer_text(const TrainConfig& config) {
  const bool one =
      config.optimizer == OptimizerKind::lion || config.optimizer == OptimizerKind::sgd;
  const bool muon = config.optimizer == OptimizerKind::muon;
  return cat(to_name(config.optimizer), ", ",
             muon ? "one moment of the blocks' matrices, two of the rest"
                  : (one ? "one moment" : "two moments"),
             config.moment_dtype == MomentDType::bf16 ? " in bf16" : "",
             config.ema_decay > 0 ? ", a mean of the weights" : "");
}

/// The first `count` words of `text`, but for the very first, which may be the rest of one.
std::string whole_words(const std::string& text, size_t count) {
  std::istringstream stream(text);
  std::string word;
  stream >> word;
  std::vector<std::string> words;
  while (words.size() < count && stream >> word) words.push_back(word);
  return join(words, " ");
}

/// The largest number up to `limit` that divides `value`.
int64_t largest_divisor(int64_t value, int64_t limit) {
  int64_t out = std::min(value, limit);
  while (value % out != 0) --out;
  return out;
}

}  // namespace

PretrainJob::PretrainJob(TrainingRequest request, const std::string& budget)
    : TrainingJob(std::move(request), "pretrain", kRecordedSections) {
  if (!budget.empty())
    budget_.emplace(budget, config_, request_.given, BudgetPlanner::Clock::now());
}

int PretrainJob::run() {
  const std::string cache = cache_folder(config_.data).string();
  open_run_folder();
  open_base();
  if (base_config_) generation_ = base_config_->generation;
  const Corpus corpus = open_corpus(config_.data, threads_);
  open_tokenizer(corpus);
  resolve_model();
  open_data(corpus);
  if (budget_) settle_budget(corpus);
  if (request_.dry_run) return dry_run(cache);
  Json record = checked_record(fingerprints(corpus));
  const auto before = folder_->record();
  if (before && before->contains("budget")) budget_record_ = before->at("budget");
  if (!budget_record_.is_null()) record["budget"] = budget_record_;
  check_space();
  check_memory();
  build_model();
  tell_size();
  CausalObjective objective(model_, causal_data(), config_.train);
  return report(train(objective, record));
}

void PretrainJob::open_tokenizer(const Corpus& corpus) {
  const bool named = !config_.tokenizer.path.empty();
  if (named && (base_.empty() || request_.given("tokenizer.path"))) {
    tokenizer_ = Tokenizer::load(config_.tokenizer.path);
  } else if (!base_.empty()) {
    tokenizer_ = Tokenizer::load(base_);
    if (!named && !request_.model.empty())
      config_.tokenizer.path = base_.string();  // for the record
  } else {
    tokenizer_ = train_tokenizer(config_.tokenizer, corpus.training_texts(), threads_).tokenizer;
    log::info(cat("trained a ", tokenizer_->kind(), " tokenizer of ",
                  with_commas(tokenizer_->vocab_size()), " tokens"));
  }
}

void PretrainJob::resolve_model() {
  ModelConfig& model = config_.model;
  const int64_t tokens = tokenizer_->vocab_size();
  if (model.vocab_size == 0) model.vocab_size = tokens;
  if (model.vocab_size < tokens) {
    throw_config("model.vocab_size is ", model.vocab_size, " but the tokenizer has ", tokens,
                 " tokens; leave it out, or give at least as many");
  }
  if (model.max_position_embeddings == 0) model.max_position_embeddings = config_.data.seq_len;
  if (model.max_position_embeddings < config_.data.seq_len) {
    throw_config("data.seq_len is ", config_.data.seq_len, " but the model's longest context is ",
                 model.max_position_embeddings,
                 " (model.max_position_embeddings); lower data.seq_len");
  }
}

void PretrainJob::open_data(const Corpus& corpus) {
  const auto seed = static_cast<uint64_t>(config_.run.seed);
  PretrainData data = open_pretrain_data(corpus, config_.data, *tokenizer_, seed, threads_);
  LoaderOptions options{config_.train.batch_size, config_.data.seq_len, seed,
                        config_.data.attend_across_documents,
                        [this](int64_t step) { return config_.train.rows_before(step); }};
  train_.emplace(text_sources(std::move(data.train), options), options);
  options.batch_size = validation_rows();
  valid_.emplace(std::move(data.valid), options);
  const auto& given = request_.given;
  if (given("train.steps") && !given("train.epochs"))
    config_.train.epochs.reset();  // a resumed run's
  if (config_.train.epochs) config_.train.steps = train_->steps(*config_.train.epochs);
}

Json PretrainJob::fingerprints(const Corpus& corpus) const {
  Json out = corpus.fingerprints();
  for (const CorpusSource& source : corpus.train) {
    if (source.weight) out.push_back({{"path", source.spec}, {"weight", *source.weight}});
  }
  return out;
}

void PretrainJob::tell_size() const {
  log::info(cat(human_count(static_cast<double>(parameter_total(config_.model))), " parameters, ",
                human_count(static_cast<double>(train_->tokens())), " training tokens, ",
                human_count(static_cast<double>(valid_->tokens())), " for validation; ",
                device_.str(), ", ", dtype_name(dtype_), ", ", counted(threads_, "thread")));
}

Json PretrainJob::sample(int64_t step) {
  LoadedModel loaded{request_.out.string(), model_, tokenizer_, {}};
  if (const auto eos = tokenizer_->eos_id()) loaded.eos_ids = {*eos};
  DecodeConfig decode = config_.decode;
  decode.num_samples = 1;
  decode.max_tokens = config_.train.sample_tokens;
  std::vector<std::string> prompts = config_.train.sample_prompts;
  if (prompts.empty()) prompts = {""};
  Json out = Json::array();
  for (const Completion& done :
       Generator(loaded, decode, config_.run.seed + step).generate(prompts)) {
    const std::string& prompt = prompts[done.prompt];
    log::info(cat("step ", step, ", sample: ", prompt, done.text));
    out.push_back({{"prompt", prompt}, {"text", done.text}});
  }
  return out;
}

CausalData PretrainJob::causal_data() {
  CausalData data;
  data.train = [this](int64_t step) { return train_->batch(step); };
  data.sources = [this](int64_t step) { return train_->describe_rows(step); };
  data.valid_batches = valid_->batches();
  data.valid = [this](int64_t index) { return valid_->batch(index); };
  return data;
}

double PretrainJob::epochs() const {
  const auto rows = static_cast<double>(config_.train.rows_before(config_.train.steps));
  return rows / static_cast<double>(train_->rows_per_epoch());
}

Json PretrainJob::summary() const {
  return {{"parameters", parameter_total(config_.model)},
          {"train_tokens", train_->tokens()},
          {"valid_tokens", valid_->tokens()},
          {"steps", config_.train.steps},
          {"tokens_per_step", config_.train.batch_size * config_.data.seq_len},
          {"epochs", epochs()},
          {"device", device_.str()},
          {"dtype", dtype_name(dtype_)},
          {"threads", threads_},
          {"model_type", folder_model_type(config_.model)}};
}

PretrainPlan PretrainJob::plan() const {
  PretrainPlan out;
  out.parameters = parameter_counts(config_.model);
  out.device = device_.str();
  out.dtype = dtype_name(dtype_);
  out.model_type = folder_model_type(config_.model);
  out.threads = threads_;
  out.bf16 = dtype_ == at::kBFloat16;
  out.optimizer = optimizer_text(config_.train);
  out.optimizer_bytes = moment_bytes();
  out.train_tokens = train_->tokens();
  out.valid_tokens = valid_->tokens();
  out.steps = config_.train.steps;
  out.tokens_per_step = config_.train.batch_size * config_.data.seq_len;
  out.tokens = config_.train.rows_before(config_.train.steps) * config_.data.seq_len;
  out.epochs = epochs();
  if (valid_->batches() > 0) out.validations = validations(config_.train);
  out.out = request_.out.string();
  out.checkpoints_kept = config_.train.keep;
  const int64_t token_bytes = tokenizer_->vocab_size() > 65536 ? 4 : 2;
  out.cache_bytes = token_bytes * (out.train_tokens + out.valid_tokens);
  return out;
}

void PretrainJob::settle_budget(const Corpus& corpus) {
  budget_record_ =
      budget_->settle(train_->tokens(), {[this](double seconds) { return measure(seconds); },
                                         [this](int64_t steps) { return try_run(steps); }});
  if (budget_record_.contains("predicted_loss"))
    log::info(cat("predicted validation loss: ", prediction_text(budget_record_)));
  if (config_.train.epochs) open_data(corpus);  // a batch of another size takes other steps
}

RunCost PretrainJob::measure(double seconds) {
  if (!request_.given("train.micro_batch_size")) config_.train.micro_batch_size.reset();
  PretrainPlan tried = plan();
  rehearse(tried, seconds);
  const int64_t rows = tried.largest_micro_batch();
  if (!tried.fits() && rows > 0 && !request_.given("train.micro_batch_size")) {
    config_.train.micro_batch_size = largest_divisor(config_.train.batch_size, rows);
    tried = plan();
    rehearse(tried, seconds);
  }
  if (!tried.fits()) {
    throw_io("out of memory: the model of ",
             human_count(static_cast<double>(parameter_total(config_.model))),
             " parameters that suits this budget does not fit; give model.hidden_size or a "
             "smaller train.micro_batch_size");
  }
  return {tried.rehearsal.step_seconds, tried.validation_seconds};
}

/// A run of its own in a folder that is thrown away.
std::optional<double> PretrainJob::try_run(int64_t steps) {
  const ScratchFolder scratch;
  RunFolder folder(scratch.path() / "run", Existing::refuse);
  folder.write_record(Json::object());
  TrainConfig train = config_.train;
  train.steps = steps;
  train.eval_every = train.checkpoint_every = train.sample_every = 0;
  build_model();
  CausalObjective objective(model_, causal_data(), train);
  return TrainLoop(train, objective, *parameters_, folder, hooks(), resolved()).run().valid_loss;
}

/// Makes a few steps for about `seconds`, if there is memory for them.
void PretrainJob::rehearse(PretrainPlan& plan, double seconds) {
  plan.process_bytes = memory_in_use(device_);
  plan.available_bytes = available_memory(device_);
  const int64_t left = plan.available_bytes - plan.state_bytes();
  plan.rehearsal.fits = left > 0;
  if (left <= 0) return;
  build_model();
  CausalData data = causal_data();
  const int64_t grown = config_.train.batch_ramp_steps;  // what is timed is the largest batch
  data.train = [this, grown](int64_t step) { return train_->batch(grown + step); };
  data.valid_batches = std::min<int64_t>(1, data.valid_batches);
  CausalObjective objective(model_, std::move(data), config_.train);
  TrainLoop loop(config_.train, objective, *parameters_, *folder_, hooks(), resolved());
  plan.rehearsal = loop.rehearse(left, seconds);
  if (!plan.rehearsal.fits) return;
  const auto start = std::chrono::steady_clock::now();
  objective.validate();
  const std::chrono::duration<double> one = std::chrono::steady_clock::now() - start;
  plan.validation_seconds = one.count() * static_cast<double>(valid_->batches());
  plan.peak_bytes = peak_memory(device_);
}

int PretrainJob::dry_run(const std::string& cache) {
  PretrainPlan out = plan();
  out.cache = cache;
  tell_size();
  rehearse(out, kRehearsalSeconds);
  if (request_.json) {
    Json json = plan_json(out);
    json["config"] = resolved();
    if (!budget_record_.is_null()) json["budget"] = budget_record_;
    std::printf("%s\n", json.dump().c_str());
    return 0;
  }
  std::printf("%s\n\n%s", resolved().dump(2).c_str(), plan_text(out).c_str());
  return 0;
}

/// A beginning that the tokenizer surely knows: words of the training text.
std::string PretrainJob::example_prompt() {
  if (!config_.train.sample_prompts.empty()) return config_.train.sample_prompts.front();
  const at::Tensor row = train_->batch(0).ids_BT[0];
  std::vector<TokenId> ids;
  for (int64_t i = 0; i < std::min<int64_t>(row.size(0), 64); ++i) {
    ids.push_back(static_cast<TokenId>(row[i].item<int64_t>()));
  }
  return whole_words(tokenizer_->decode(ids), 2);
}

int PretrainJob::report(const TrainOutcome& outcome) {
  const std::string run = request_.out.string();
  if (outcome.interrupted) return interrupted(outcome);
  if (request_.json) {
    Json out = summary();
    out["out"] = run;
    out["model"] = folder_->model_folder().string();
    out["tokens"] = outcome.tokens;
    out["val_loss"] = outcome.valid_loss ? Json(*outcome.valid_loss) : Json();
    if (!budget_record_.is_null()) out["budget"] = budget_record_;
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  if (outcome.valid_loss) {
    const bool predicted = budget_record_.contains("predicted_loss");
    std::printf("validation loss %.4f%s\n", *outcome.valid_loss,
                predicted ? cat(", predicted ", prediction_text(budget_record_)).c_str() : "");
  }
  std::printf("model in %s, its page in %s\ntry it: slovo generate --model %s %s\n",
              folder_->model_folder().c_str(), folder_->report_path().c_str(),
              shell_quoted(run).c_str(), shell_quoted(example_prompt()).c_str());
  return 0;
}

}  // namespace slovo
