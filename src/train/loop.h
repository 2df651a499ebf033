// The one training loop. Every objective runs in it; nothing else makes optimizer steps. It owns
// accumulation, clipping, the schedule, validation, checkpoints, resuming, and stopping: on a
// signal, or when the loss is no number any more. Knows neither tokenizer nor decoding: hooks bring
// them.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "optim/flat_parameters.h"
#include "optim/optimizer.h"
#include "optim/weight_average.h"
#include "train/checkpoint.h"
#include "train/objective.h"
#include "train/rehearsal.h"
#include "train/step_graph.h"
#include "train/watch.h"

namespace slovo {

struct TrainHooks {
  /// Fills a folder with the model as it is now, its tokenizer too.
  std::function<void(const std::filesystem::path& folder)> save_model;
  /// Fills the masters from such a folder.
  std::function<void(const std::filesystem::path& folder)> load_model;
  /// Texts of the model as it is now: [{"prompt", "text"}, ...]; shown to the user by the hook
  /// itself.
  std::function<Json(int64_t step)> sample;
  /// Validate and sample before the first step too: to tell what the run changed.
  bool look_first = false;
};

struct TrainOutcome {
  bool interrupted = false;  ///< stopped by a signal, its checkpoint written
  bool early = false;        ///< ended by train.patience
  int64_t step = 0;          ///< steps done
  int64_t tokens = 0;
  std::optional<double> valid_loss;  ///< of the model that is written
};

class TrainLoop {
 public:
  /// All must outlive it. `config.steps` is what is run; `resolved` goes into each checkpoint. Goes
  /// on from the newest checkpoint of the run, if there is one; throws Error(checkpoint) when it is
  /// damaged or of another model. Writes nothing.
  TrainLoop(const TrainConfig& config, Objective& objective, FlatParameters& parameters,
            RunFolder& run, TrainHooks hooks, Json resolved);

  /// Trains to the end, which leaves RUN/model; or to an interruption. Throws Error(io) when loss
  /// or gradient are not finite (naming step, texts and the last good checkpoint) and when writing
  /// fails.
  TrainOutcome run();
  /// Makes a few steps, for about `seconds`, to learn what the run costs, where the activations fit
  /// in `available` bytes; writes nothing.
  Rehearsal rehearse(int64_t available, double seconds);

 private:
  int64_t micro_batch_bytes(const Batch& rows);
  void resume_from(const std::filesystem::path& checkpoint);
  void make_step();
  at::Tensor accumulate(const StepWork& work);
  bool must_read() const;
  std::vector<StepReport> read_steps();
  void show_steps();
  void check_finite(int64_t step, double value, const char* what) const;
  void after_step();
  /// No step is left to make.
  bool finished() const;
  bool due(int64_t every) const;
  void evaluate();
  void sample();
  void compare(double loss);
  void write_model();
  void write_checkpoint();
  /// The model is what is evaluated and saved while the result lives: the mean, where there is one.
  std::unique_ptr<WeightAverage::Shown> show_average();
  /// What the checkpoint of such a model holds beside it.
  NamedTensors trainer_tensors() const;

  const TrainConfig& config_;
  Objective& objective_;
  FlatParameters& parameters_;
  RunFolder& run_;
  TrainHooks hooks_;
  Json resolved_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<WeightAverage> average_;  ///< with train.ema_decay
  std::optional<StepGraph> graph_;        ///< with train.cuda_graph
  Watch watch_;
  using Clock = std::chrono::steady_clock;
  /// A step whose numbers may still lie on a GPU that is busy with it.
  struct Unread {
    StepReport report;
    at::Tensor loss, grad_norm;
  };
  std::vector<Unread> unread_;
  Clock::time_point unread_since_;  ///< when the first of them began
  int64_t step_ = 0;                ///< steps done
  int64_t evaluated_at_ = 0;        ///< step of the last validation
  int64_t checkpoint_at_ = 0;       ///< step of the last checkpoint; 0 needs none
  /// The best validation so far.
  struct Best {
    double loss = 0;
    int64_t step = 0;
    double train_loss = 0;  ///< smoothed
    int64_t since = 0;      ///< validations after it
  };
  std::optional<Best> best_;
};

}  // namespace slovo
