// The work behind `slovo sft`: from a model and instruction data to a run folder.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "data/loader.h"
#include "data/sft_data.h"
#include "tokenizer/chat_template.h"
#include "tokenizer/chat_templates.h"
#include "train/causal.h"
#include "training_job.h"

namespace slovo {

class SftJob : public TrainingJob {
 public:
  /// `show_mask`: print so many examples with what is learned of them, instead of training.
  SftJob(TrainingRequest request, int64_t show_mask);
  /// Returns the exit code.
  int run();

 private:
  /// Trains adapters on the model instead of the model.
  bool adapts() const { return config_.lora.rank > 0; }
  void open_adapted_base();
  void open_tokenizer();
  std::shared_ptr<const DialogueEncoder> make_encoder(bool chats);
  void open_data();
  void add_replay(RowSources& sources, double weight, const LoaderOptions& options);
  void settle_lengths();
  void settle_vocabulary();
  int64_t steps_of(double epochs) const;
  void settle_steps();
  /// Lets the model end its text where the assistant's turns end in the data.
  void settle_end_of_turn();
  void check_learnable(const NamedChatTemplate& chosen) const;
  void build_model() override;
  void build_adapted_model();
  void save_model(const std::filesystem::path& folder) override;
  void load_model(const std::filesystem::path& folder) override;
  int64_t state_bytes() const override;
  void keep_frozen();
  NamedTensors saved_weights() const override;
  CausalData causal_data();
  std::unique_ptr<Objective> make_objective();
  Transformer open_teacher() const;
  Json sample(int64_t step) override;
  Json fingerprints() const;
  Json summary() const;
  int show_mask() const;
  int dry_run();
  int report(const TrainOutcome& outcome);

  int64_t show_mask_;
  std::shared_ptr<const ChatTemplate> template_;
  std::vector<TokenId> eos_ids_;
  int64_t known_tokens_ = 0;  ///< of the model, before a chat template brings more
  SftData data_;
  int64_t epoch_rows_ = 0;                    ///< in which every example is seen once
  std::map<std::string, at::Tensor> frozen_;  ///< as they were, by name
  std::optional<TrainLoader> train_;
  std::optional<ExampleValidation> valid_;
  std::optional<ValidLoader> old_text_;
};

}  // namespace slovo
