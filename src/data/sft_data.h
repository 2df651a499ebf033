// From instruction files to examples: read, checked, without repeats, encoded, split.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "data/corpus_files.h"
#include "data/dialogue_encoder.h"
#include "data/packing.h"

namespace slovo {

/// What became of a file.
struct InstructionFile {
  CorpusFile file;
  std::string split;  ///< "train" or "valid"
  InstructionFormat format = InstructionFormat::automatic;
  int64_t rows = 0;
  int64_t skipped = 0;     ///< unfit rows, with data.on_error=skip
  int64_t duplicates = 0;  ///< examples that stood in the data before
  int64_t too_long = 0;    ///< examples that sft.too_long was about
  int64_t examples = 0;    ///< that are left
  int64_t tokens = 0, supervised = 0;
};

/// "chats.json: sharegpt, 500 rows, 500 examples, 3 left out as repeats".
std::string describe(const InstructionFile& file);

/// What a model is asked and answers in the data, to be shown before and after training.
struct ExamplePrompt {
  Json messages, tools;  ///< up to the answer
  std::string answer;
  std::string kind;  ///< Dialogue::kind
  std::string file;
};

struct SftData {
  /// Of one entry of data.paths where entries have weights, else of all.
  struct Part {
    std::string name;
    double weight = 1;
    std::shared_ptr<TokenExamples> examples;
  };
  std::vector<Part> train;
  TokenExamples valid;
  std::vector<InstructionFile> files;
  std::vector<std::string> problems;   ///< of the rows that were skipped
  std::vector<ExamplePrompt> prompts;  ///< held out, some of each file
  /// How often conversations end, as far as they are learned, in each token.
  std::map<TokenId, int64_t> last_learned;

  int64_t examples() const;
  int64_t tokens() const;
  int64_t supervised() const;
  Json fingerprints() const;
};

struct SftDataRequest {
  const DataConfig& data;
  const SftConfig& sft;
  /// Told whether there are conversations.
  std::function<std::shared_ptr<const DialogueEncoder>(bool chats)> make_encoder;
  uint64_t seed = 0;
  int threads = 1;
};

/// Reads data.paths and data.valid. Held out for validation is what data.valid gives, else
/// data.valid_share of the examples, at least one, chosen by the seed and what they say. An example
/// that is held out is never trained on. Throws Error(data), led by file and row, for an unfit row
/// (with data.on_error=skip these are counted instead) and when nothing is left to learn.
SftData open_sft_data(const SftDataRequest& request);

/// Windows over held-out examples, in order.
class ExampleValidation {
 public:
  ExampleValidation(TokenExamples examples, int64_t batch_size, int64_t seq_len);
  int64_t batches() const { return (rows_->rows() + batch_size_ - 1) / batch_size_; }
  Batch batch(int64_t index) const;
  int64_t tokens() const { return rows_->tokens(); }

 private:
  int64_t batch_size_, seq_len_;
  std::unique_ptr<ExampleRows> rows_;
};

}  // namespace slovo
