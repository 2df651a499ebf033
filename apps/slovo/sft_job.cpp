#include "sft_job.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "config/load.h"
#include "core/error.h"
#include "core/log.h"
#include "core/terminal.h"
#include "data/pretrain_data.h"
#include "decode/adapters.h"
#include "decode/generator.h"
#include "decode/loaded_model.h"
#include "io/adapter_folder.h"
#include "masked_text.h"
#include "model/freeze.h"
#include "model/grow.h"
#include "model/precision.h"
#include "tokenizer/chat_templates.h"
#include "train/distill.h"

namespace slovo {
namespace {

/// Share of the replayed text that is kept to be measured.
constexpr double kOldTextShare = 0.05;
/// Adapters want a higher rate than whole models (arXiv:2106.09685, table 11).
constexpr double kAdapterRate = 2e-4;

}  // namespace

SftJob::SftJob(TrainingRequest request, int64_t show_mask)
    : TrainingJob(std::move(request), "sft",
                  {"run", "model", "data", "train", "sft", "lora", "distill", "decode"}),
      show_mask_(show_mask) {
  request_.dry_run = request_.dry_run || show_mask_ > 0;  // either trains nothing
  look_first_ = true;
}

int SftJob::run() {
  open_run_folder();
  if (adapts()) {
    open_adapted_base();
  } else {
    open_base();
  }
  if (base_.empty()) {
    throw_config(
        "--model is required; it names the model to tune (a model, run or checkpoint folder)");
  }
  settle_lengths();
  open_tokenizer();
  open_data();
  if (show_mask_ > 0) return show_mask();
  settle_vocabulary();
  settle_end_of_turn();
  settle_steps();
  if (request_.dry_run) return dry_run();
  const Json record = checked_record(fingerprints());
  if (!adapts()) check_space();
  check_memory();
  build_model();
  log::info(cat(human_count(static_cast<double>(parameter_total(config_.model))), " parameters, ",
                counted(config_.train.steps, "step"), "; ", device_.str(), ", ", dtype_name(dtype_),
                ", ", counted(threads_, "thread")));
  return report(train(*make_objective(), record));
}

std::unique_ptr<Objective> SftJob::make_objective() {
  model_->set_embedding_noise({config_.sft.neftune_alpha, static_cast<uint64_t>(config_.run.seed)});
  if (config_.distill.teacher.empty()) {
    return std::make_unique<CausalObjective>(model_, causal_data(), config_.train, &config_.sft);
  }
  return std::make_unique<DistillObjective>(model_, causal_data(), config_.train, config_.sft,
                                            open_teacher(), config_.distill);
}

/// The teacher must read and write the same tokens, those of the chat template too.
Transformer SftJob::open_teacher() const {
  RuntimeConfig run = config_.run;
  run.dtype = dtype_ == at::kBFloat16 ? DType::bf16 : DType::fp32;
  LoadedModel teacher = load_for_inference(config_.distill.teacher, run);
  const int64_t rows = teacher.model->config().vocab_size;
  if (teacher.tokenizer->fingerprint() != tokenizer_->fingerprint()) {
    throw_config("distill.teacher ", config_.distill.teacher,
                 " has another tokenizer than the model; give a teacher with the same one, tuned "
                 "with the same chat template where the model gets one");
  }
  if (rows != config_.model.vocab_size) {
    throw_config("distill.teacher ", config_.distill.teacher, " has ", rows,
                 " rows in its embedding, but the model has ", config_.model.vocab_size,
                 "; they must be as many");
  }
  if (teacher.context() < config_.data.seq_len) {
    throw_config("data.seq_len is ", config_.data.seq_len, " but the longest context of ",
                 config_.distill.teacher, " is ", teacher.context(), "; use at most that");
  }
  return teacher.model;
}

/// The weights are always those of the model that the adapters belong to; a checkpoint holds the
/// adapters only.
void SftJob::open_adapted_base() {
  take_recorded_model();
  if (request_.model.empty()) return;
  base_ = find_model_folder(request_.model);
  if (is_adapter_folder(base_)) {
    throw_config("--model ", request_.model,
                 " is an adapter; make it part of its model first: slovo model merge --adapter ",
                 request_.model, " --out DIR");
  }
  base_config_ = read_folder_config(base_);
  config_.model = base_config_->model;
  if (!request_.given("train.lr") && !earlier_record()) config_.train.lr = kAdapterRate;
}

void SftJob::settle_lengths() {
  const int64_t context = config_.model.max_position_embeddings;
  if (!request_.given("data.seq_len")) {
    config_.data.seq_len = std::min(config_.data.seq_len, context);
  }
  if (config_.data.seq_len <= context) return;
  throw_config("data.seq_len is ", config_.data.seq_len, " but the model's longest context is ",
               context, " (max_position_embeddings); use at most that");
}

void SftJob::open_tokenizer() {
  tokenizer_ = Tokenizer::load(base_);
  known_tokens_ = tokenizer_->vocab_size();
  check_vocab_size(base_, base_config_->model, known_tokens_);
}

/// The model's own template, or the one that is asked for; a model without one gets chatml where
/// there are conversations.
std::shared_ptr<const DialogueEncoder> SftJob::make_encoder(bool chats) {
  ChatTemplateName name = config_.sft.chat_template;
  template_ = std::make_shared<const ChatTemplate>(ChatTemplate::from_folder_or_default(base_));
  if (name == ChatTemplateName::automatic && template_->is_default() && chats) {
    name = adapts() ? ChatTemplateName::plain : ChatTemplateName::chatml;
    log::info(cat("the model has no chat template; it gets ", to_name(name)));
  }
  if (name != ChatTemplateName::automatic) {
    const NamedChatTemplate& named = named_chat_template(name);
    if (adapts()) check_learnable(named);
    tokenizer_ = with_chat_template(tokenizer_, named);
    SpecialTokenMap tokens;
    const auto add = [&](const char* role, std::optional<TokenId> id) {
      if (id) tokens.emplace(role, tokenizer_->token(*id));
    };
    add("bos_token", tokenizer_->bos_id());
    add("eos_token", tokenizer_->eos_id());
    template_ = std::make_shared<const ChatTemplate>(
        ChatTemplate::from_text(named.text, cat("template ", to_name(name)), tokens));
  }
  return std::make_shared<const DialogueEncoder>(tokenizer_, template_, config_.sft.learn);
}

/// Adapters leave the embeddings as they are.
void SftJob::check_learnable(const NamedChatTemplate& chosen) const {
  for (const std::string& token : chosen.special_tokens) {
    if (tokenizer_->find(token)) continue;
    throw_config("sft.template=", to_name(chosen.name), " writes ", token,
                 ", which the model does not know and adapters cannot learn; take plain or zephyr, "
                 "or train the whole model (lora.rank=0)");
  }
}

void SftJob::open_data() {
  const auto seed = static_cast<uint64_t>(config_.run.seed);
  data_ = open_sft_data({config_.data, config_.sft,
                         [this](bool chats) { return make_encoder(chats); }, seed, threads_});
  LoaderOptions options{config_.train.batch_size, config_.data.seq_len, seed, false,
                        [this](int64_t step) { return config_.train.rows_before(step); }};
  RowSources sources;
  double weight = 0;
  for (const SftData::Part& part : data_.train) {
    sources.push_back(std::make_unique<ExampleRows>(
        part.examples, ExampleRowsOptions{part.name, part.weight, config_.data.seq_len,
                                          config_.sft.packing, seed}));
    epoch_rows_ += sources.back()->rows();
    weight += part.weight;
  }
  if (!config_.sft.replay.empty() && show_mask_ == 0) add_replay(sources, weight, options);
  train_.emplace(std::move(sources), options);
  if (!data_.valid.empty())
    valid_.emplace(std::move(data_.valid), validation_rows(), config_.data.seq_len);
}

/// Text to be replayed beside examples whose weights add up to `weight`; a part of it is kept to
/// watch what the model forgets.
void SftJob::add_replay(RowSources& sources, double weight, const LoaderOptions& options) {
  DataConfig text = config_.data;
  text.paths = config_.sft.replay;
  text.valid.clear();
  text.valid_share = kOldTextShare;
  PretrainData old =
      open_pretrain_data(open_corpus(text, threads_), text, *tokenizer_, options.seed, threads_);
  LoaderOptions windows = options;
  windows.batch_size = validation_rows();
  old_text_.emplace(std::move(old.valid), windows);
  const double share = config_.sft.replay_share;
  if (share == 0) return;
  double given = 0;
  for (const TokenStream& stream : old.train) given += stream.weight;
  for (TokenStream& stream : old.train) stream.weight *= weight / given * share / (1 - share);
  for (auto& source : text_sources(std::move(old.train), options)) {
    sources.push_back(std::move(source));
  }
}

void SftJob::settle_vocabulary() {
  config_.model.vocab_size = std::max(config_.model.vocab_size, tokenizer_->vocab_size());
}

void SftJob::settle_end_of_turn() {
  generation_ = base_config_->generation;
  for (const int64_t id : base_config_->eos_ids) eos_ids_.push_back(static_cast<TokenId>(id));
  if (eos_ids_.empty() && tokenizer_->eos_id()) eos_ids_.push_back(*tokenizer_->eos_id());
  const auto most =
      std::max_element(data_.last_learned.begin(), data_.last_learned.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == data_.last_learned.end()) return;
  const TokenId end = most->first;
  if (!tokenizer_->is_special(end)) {
    log::warn(cat("the assistant's turns end in ", Json(tokenizer_->token(end)).dump(),
                  ", which is no special token: the model cannot be told to stop there"));
    return;
  }
  if (std::find(eos_ids_.begin(), eos_ids_.end(), end) != eos_ids_.end()) return;
  eos_ids_.insert(eos_ids_.begin(), end);
  if (generation_.is_null()) generation_ = Json::object();
  if (tokenizer_->bos_id() && !generation_.contains("bos_token_id")) {
    generation_["bos_token_id"] = *tokenizer_->bos_id();
  }
  generation_["eos_token_id"] = eos_ids_;
}

/// Steps in which the examples are seen `epochs` times, what is replayed beside them included.
int64_t SftJob::steps_of(double epochs) const {
  const double share = old_text_ ? config_.sft.replay_share : 0;
  return train_->steps_of_rows(epochs * static_cast<double>(epoch_rows_) / (1 - share));
}

void SftJob::settle_steps() {
  const auto& given = request_.given;
  if (given("train.steps") && !given("train.epochs")) config_.train.epochs.reset();
  if (config_.train.epochs) config_.train.steps = steps_of(*config_.train.epochs);
  // Twice an epoch, so that over-fitting shows.
  if (!given("train.eval_every")) config_.train.eval_every = steps_of(0.5);
  if (!given("train.sample_every")) config_.train.sample_every = config_.train.steps;
}

void SftJob::build_adapted_model() {
  model_ = Transformer(config_.model, at::TensorOptions().dtype(at::kFloat).device(device_));
  fill_model(model_, base_, *base_config_, config_.lora.base);
  add_adapters(model_, config_.lora, *base_config_, static_cast<uint64_t>(config_.run.seed));
  parameters_.emplace(*model_, dtype_);
  log::info(cat(human_count(static_cast<double>(parameters_->numel())),
                " parameters are trained, in adapters of rank ", config_.lora.rank));
}

void SftJob::save_model(const std::filesystem::path& folder) {
  if (!adapts()) return TrainingJob::save_model(folder);
  write_adapter(folder, config_.lora, *base_config_, std::filesystem::absolute(base_).string(),
                parameters_->masters());
  tokenizer_->save(folder);
}

void SftJob::load_model(const std::filesystem::path& folder) {
  if (!adapts()) return TrainingJob::load_model(folder);
  read_adapter(folder, *base_config_, parameters_->masters());
}

int64_t SftJob::state_bytes() const {
  if (!adapts()) return TrainingJob::state_bytes();
  return parameter_total(config_.model) * (dtype_ == at::kBFloat16 ? 2 : 4);
}

void SftJob::build_model() {
  if (adapts()) {
    build_adapted_model();
    model_->recompute_blocks(config_.train.activation_checkpointing);
    return;
  }
  ModelConfig base = base_config_->model;
  model_ = Transformer(base, at::TensorOptions().dtype(at::kFloat).device(device_));
  read_weights(base_, *base_config_, named_weights(model_));
  const int64_t added = tokenizer_->vocab_size() - known_tokens_;
  if (added > 0) {
    model_ = with_vocabulary(model_, config_.model.vocab_size, known_tokens_);
    log::info(cat(added, " tokens of the chat template are new to the model"));
  }
  model_->recompute_blocks(config_.train.activation_checkpointing);
  freeze(model_, config_.sft.freeze_embeddings, config_.sft.freeze_layers);
  keep_frozen();
  parameters_.emplace(*model_, dtype_);
}

/// Frozen weights are computed with in dtype_, but saved as they were.
void SftJob::keep_frozen() {
  if (dtype_ == at::kFloat) return;
  for (const auto& [name, weight] : named_weights(model_)) {
    if (!weight.requires_grad()) frozen_.emplace(name, weight.detach().clone());
  }
}

NamedTensors SftJob::saved_weights() const {
  NamedTensors out = TrainingJob::saved_weights();
  for (auto& [name, weight] : out) {
    if (const auto kept = frozen_.find(name); kept != frozen_.end()) weight = kept->second;
  }
  return out;
}

CausalData SftJob::causal_data() {
  CausalData data;
  data.train = [this](int64_t step) { return train_->batch(step); };
  data.sources = [this](int64_t step) { return train_->describe_rows(step); };
  if (valid_) {
    data.valid_batches = valid_->batches();
    data.valid = [this](int64_t index) { return valid_->batch(index); };
  }
  if (old_text_) {
    data.old_batches = old_text_->batches();
    data.old_text = [this](int64_t index) { return old_text_->batch(index); };
  }
  return data;
}

/// Answers to questions that are held out, as likely as the model finds them.
Json SftJob::sample(int64_t step) {
  Json out = Json::array();
  if (data_.prompts.empty()) return out;
  LoadedModel loaded{request_.out.string(), model_, tokenizer_, eos_ids_};
  DecodeConfig decode = config_.decode;
  decode.num_samples = 1;
  decode.temperature = 0;
  decode.max_tokens = config_.train.sample_tokens;
  std::vector<std::vector<TokenId>> prompts;
  std::vector<const ExamplePrompt*> asked;
  for (const ExamplePrompt& prompt : data_.prompts) {
    auto ids =
        encode_chat(*tokenizer_, template_->render({prompt.messages, prompt.tools, nullptr, true}));
    if (std::ssize(ids) >= loaded.context()) continue;
    prompts.push_back(std::move(ids));
    asked.push_back(&prompt);
  }
  for (const Completion& done : Generator(loaded, decode, config_.run.seed).generate(prompts)) {
    const ExamplePrompt& prompt = *asked[done.prompt];
    const auto question = prompt.messages.back()["content"].get<std::string>();
    log::info(cat("step ", step, prompt.kind.empty() ? "" : cat(", ", prompt.kind), ": ", question,
                  " -> ", done.text));
    out.push_back({{"prompt", question + "\n"}, {"text", done.text}});
  }
  return out;
}

Json SftJob::fingerprints() const {
  Json out = data_.fingerprints();
  for (const SftData::Part& part : data_.train) {
    if (data_.train.size() > 1) out.push_back({{"path", part.name}, {"weight", part.weight}});
  }
  return out;
}

Json SftJob::summary() const {
  Json files = Json::array();
  for (const InstructionFile& each : data_.files) {
    files.push_back({{"path", each.file.path.string()},
                     {"split", each.split},
                     {"format", to_name(each.format)},
                     {"rows", each.rows},
                     {"examples", each.examples},
                     {"skipped", each.skipped},
                     {"duplicates", each.duplicates},
                     {"too_long", each.too_long},
                     {"tokens", each.tokens},
                     {"supervised_tokens", each.supervised}});
  }
  return {{"files", std::move(files)},
          {"problems", data_.problems},
          {"examples", data_.examples()},
          {"tokens", data_.tokens()},
          {"supervised_tokens", data_.supervised()},
          {"supervised_share",
           static_cast<double>(data_.supervised()) / static_cast<double>(data_.tokens())},
          {"rows_per_epoch", epoch_rows_},
          {"steps", config_.train.steps},
          {"parameters", parameter_total(config_.model)},
          {"device", device_.str()},
          {"dtype", dtype_name(dtype_)},
          {"threads", threads_}};
}

/// The examples as the model is given them, what is learned set off by colour or by marks.
int SftJob::show_mask() const {
  int64_t left = show_mask_;
  for (const SftData::Part& part : data_.train) {
    for (const TokenExample& example : *part.examples) {
      if (left-- <= 0) return 0;
      if (request_.json) {
        const Json line = {
            {"source", example.source}, {"ids", example.ids}, {"weights", example.weights}};
        std::printf("%s\n", line.dump().c_str());
      } else {
        std::printf("%s\n", masked_text(*tokenizer_, example, use_color(Stream::out)).c_str());
      }
    }
  }
  return 0;
}

int SftJob::dry_run() {
  if (request_.json) {
    Json out = summary();
    out["config"] = resolved();
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  std::printf("%s\n\n", resolved().dump(2).c_str());
  std::printf("parameters   %s\nsteps        %s of %lld rows of up to %lld tokens\n",
              with_commas(parameter_total(config_.model)).c_str(),
              with_commas(config_.train.steps).c_str(),
              static_cast<long long>(config_.train.batch_size),
              static_cast<long long>(config_.data.seq_len));
  std::printf("memory       %s for weights, gradients and moments\n",
              human_bytes(static_cast<double>(state_bytes())).c_str());
  for (const InstructionFile& each : data_.files)
    std::printf("data         %s\n", describe(each).c_str());
  return 0;
}

int SftJob::report(const TrainOutcome& outcome) {
  if (outcome.interrupted) return interrupted(outcome);
  const std::string run = request_.out.string();
  if (request_.json) {
    Json out = summary();
    out["out"] = run;
    out["model"] = folder_->model_folder().string();
    out["steps_done"] = outcome.step;
    out["val_loss"] = outcome.valid_loss ? Json(*outcome.valid_loss) : Json();
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  if (outcome.early) {
    std::printf("ended at step %lld: %lld validations without a better loss\n",
                static_cast<long long>(outcome.step),
                static_cast<long long>(config_.train.patience));
  }
  if (outcome.valid_loss) std::printf("validation loss %.4f\n", *outcome.valid_loss);
  const std::string question =
      data_.prompts.empty() ? ""
                            : data_.prompts.front().messages.back()["content"].get<std::string>();
  std::printf("model in %s, its page in %s\ntry it: slovo generate --model %s --chat %s\n",
              folder_->model_folder().c_str(), folder_->report_path().c_str(),
              shell_quoted(run).c_str(), shell_quoted(question).c_str());
  return 0;
}

}  // namespace slovo
