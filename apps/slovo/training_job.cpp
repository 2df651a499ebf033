#include "training_job.h"

#include <unistd.h>

#include <cstdlib>

#include "config/load.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "model/precision.h"
#include "train/device_memory.h"
#include "train/run_record.h"

namespace slovo {
namespace fs = std::filesystem;

Settings recorded_settings(const fs::path& run) {
  const fs::path record = run / "run.json";
  return std::pair(read_json(record).value("config", Json::object()), record.string());
}

Settings resumed_settings(const TrainingRequest& request, const std::string& out) {
  if (!request.resume || out.empty()) return std::nullopt;
  if (fs::exists(fs::path(out) / "run.json")) return recorded_settings(out);
  log::warn(cat(out, ": holds no run to go on with; starting one"));
  return std::nullopt;
}

ScratchFolder::ScratchFolder() {
  std::string name = (fs::temp_directory_path() / "slovo-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw_io(name, ": cannot make a temporary folder");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

int64_t parameter_total(const ModelConfig& config) {
  int64_t total = 0;
  for (const auto& [part, count] : parameter_counts(config)) total += count;
  return total;
}

TrainingJob::TrainingJob(TrainingRequest request, std::string name,
                         std::vector<std::string> sections)
    : request_(std::move(request)),
      config_(request_.config),
      name_(std::move(name)),
      sections_(std::move(sections)),
      device_(resolve_device(config_.run)),
      dtype_(training_dtype(config_.run, device_)),
      threads_(set_up_computing(config_.run)) {
  if (config_.train.cuda_graph && !device_.is_cuda()) {
    throw_config("train.cuda_graph=true needs a CUDA device, but the run is on ", device_.str(),
                 "; use train.cuda_graph=false");
  }
}

void TrainingJob::open_run_folder() {
  const Existing existing = request_.resume ? Existing::resume : Existing::refuse;
  if (!request_.out.empty()) check_run_folder(request_.out, existing);
  if (!request_.dry_run) {
    folder_.emplace(request_.out, existing);
    return;
  }
  config_.data.cache_dir = scratch_.emplace().path() / "cache";
  folder_.emplace(scratch_->path() / "run", Existing::refuse);
}

std::optional<Json> TrainingJob::earlier_record() const {
  return request_.branch ? request_.branch->record() : folder_->record();
}

std::optional<fs::path> TrainingJob::start_checkpoint() const {
  return request_.branch ? request_.branch->checkpoint : folder_->newest_checkpoint();
}

void TrainingJob::take_recorded_model() {
  const auto before = earlier_record();
  if (request_.resume && request_.model.empty() && before) {
    request_.model = before->value("base_model", std::string());
  }
}

void TrainingJob::open_base() {
  take_recorded_model();
  const auto checkpoint = start_checkpoint();
  if (checkpoint) {  // the run's own settings stand, and are compared by checked_record
    base_ = *checkpoint;
    base_config_ = read_folder_config(base_);
    return;
  }
  if (request_.model.empty()) return;
  base_ = find_model_folder(request_.model);
  base_config_ = read_folder_config(base_);
  RunConfig with_base = config_;
  with_base.model = base_config_->model;
  std::vector<std::string> problems;
  for (const Difference& difference : differences(with_base, config_, {"model"})) {
    if (!request_.given(difference.key) || difference.after == Json(0)) continue;
    problems.push_back(cat(difference.key, " is ", difference.after.dump(), " but ",
                           (base_ / "config.json").string(), " has ", difference.before.dump()));
  }
  if (!problems.empty())
    throw_config(join(problems, "; "), "; leave out model.* to take the folder's");
  config_.model = base_config_->model;
}

int64_t TrainingJob::validation_rows() const {
  return std::max<int64_t>(config_.train.micro_batch(), 4096 / config_.data.seq_len);
}

Json TrainingJob::resolved() const { return resolved_json(config_, sections_); }

Json TrainingJob::checked_record(const Json& fingerprints) const {
  RunRecord now;
  now.config = resolved();
  now.data = fingerprints;
  now.tokenizer = tokenizer_->fingerprint();
  now.device = device_.str();
  now.dtype = dtype_name(dtype_);
  now.threads = threads_;
  now.command = request_.command;
  Json record = make_run_record(now);
  record["base_model"] = request_.model;
  record["parameters"] = parameter_total(config_.model);
  const fs::path root = request_.branch ? request_.branch->run : request_.out;
  if (const auto before = earlier_record()) check_same_run(root.string(), *before, record);
  return record;
}

/// As optim/optimizer.h counts it: biases of the blocks, which are few, are taken for matrices.
int64_t TrainingJob::moment_bytes() const {
  int64_t matrices = 0;
  for (const auto& [part, count] : parameter_counts(config_.model)) {
    if (part == "attention" || part == "mlp") matrices += count;
  }
  return optimizer_bytes(config_.train, matrices, parameter_total(config_.model) - matrices);
}

int64_t TrainingJob::state_bytes() const {
  return parameter_total(config_.model) * (dtype_ == at::kBFloat16 ? 10 : 8) + moment_bytes();
}

/// Checkpoints hold weights and what the optimizer keeps; one more than are kept exists while it is
/// written.
void TrainingJob::check_space() const {
  const auto weights = 4 * static_cast<double>(parameter_total(config_.model));
  const double checkpoint = weights + static_cast<double>(moment_bytes());
  const double needed = checkpoint * static_cast<double>(config_.train.keep + 1) + weights;
  const auto free = static_cast<double>(free_space(request_.out));
  if (free >= needed) return;
  log::warn(cat(request_.out.string(), ": ", human_bytes(free), " free, but ", config_.train.keep,
                " checkpoints and the model take up to ", human_bytes(needed),
                "; free some, or lower --train.keep"));
}

void TrainingJob::check_memory() const {
  const int64_t needed = state_bytes();
  const int64_t available = available_memory(device_);
  if (needed <= available) return;
  throw_io("out of memory: weights, gradients and moments of ",
           human_count(static_cast<double>(parameter_total(config_.model))), " parameters take ",
           human_bytes(static_cast<double>(needed)), ", but ", device_.str(), " has ",
           human_bytes(static_cast<double>(available)),
           " left; lower model.hidden_size, model.num_hidden_layers or the vocabulary");
}

void TrainingJob::build_model() {
  model_ = Transformer(config_.model, at::TensorOptions().dtype(at::kFloat).device(device_));
  model_->recompute_blocks(config_.train.activation_checkpointing);
  if (base_config_) {
    read_weights(base_, *base_config_, named_weights(model_));
  } else {
    init_weights(model_, static_cast<uint64_t>(config_.run.seed));
  }
  parameters_.emplace(*model_, dtype_);
  if (folder_model_type(config_.model) == "slovo") {
    log::warn(
        "no model class of transformers computes this model: its config.json says model_type "
        "slovo");
  }
}

void TrainingJob::save_model(const fs::path& folder) {
  const Json config_json =
      make_folder_config(config_.model, at::kFloat, tokenizer_->bos_id(), tokenizer_->eos_id(),
                         base_config_ ? base_config_->json : Json());
  WriteModelOptions options;
  options.generation = generation_;
  write_model(folder, config_json, config_.model, saved_weights(), at::kFloat, options);
  tokenizer_->save(folder);
}

void TrainingJob::load_model(const fs::path& folder) {
  read_weights(folder, read_folder_config(folder), parameters_->masters());
}

TrainHooks TrainingJob::hooks() {
  TrainHooks out;
  out.save_model = [this](const fs::path& folder) { save_model(folder); };
  out.load_model = [this](const fs::path& folder) { load_model(folder); };
  out.look_first = look_first_;
  out.sample = [this](int64_t step) { return sample(step); };
  return out;
}

TrainOutcome TrainingJob::train(Objective& objective, const Json& record) {
  if (request_.branch) folder_->start_from(*request_.branch);
  TrainLoop loop(config_.train, objective, *parameters_, *folder_, hooks(), resolved());
  folder_->write_record(record);
  log::info(repeatability(device_.str()));
  catch_interrupts();
  return loop.run();
}

int TrainingJob::interrupted(const TrainOutcome& outcome) const {
  log::info(cat("stopped at step ", outcome.step, "; go on with: slovo ", name_, " --out ",
                request_.out.string(), " --resume"));
  return kInterruptedExit;
}

}  // namespace slovo
