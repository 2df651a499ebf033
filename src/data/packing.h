// Examples of instruction data as rows: several of them in one, or each by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/row_source.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// What is learned of a text, token by token.
struct TokenExample {
  std::vector<TokenId> ids;
  std::vector<float> weights;  ///< of each id, as the token to be predicted; that of the first is 0
  std::string source;          ///< "chats.json, row 3"

  /// Predictions, each of the token behind another.
  int64_t pairs() const { return static_cast<int64_t>(ids.size()) - 1; }
  /// Tokens that are learned.
  int64_t supervised() const;
};
using TokenExamples = std::vector<TokenExample>;

/// Puts items of these lengths into as few rows of `capacity` as best-fit decreasing finds: the
/// longest first, each where it leaves the least room. Items of equal length are taken in an order
/// that the seed decides. Every length is at most `capacity`.
std::vector<std::vector<size_t>> pack(const std::vector<int64_t>& lengths, int64_t capacity,
                                      uint64_t seed);

struct ExampleRowsOptions {
  std::string name;
  double weight = 1;
  int64_t seq_len = 256;  ///< of a row
  bool packing = true;    ///< several examples in a row
  uint64_t seed = 0;
};

/// Rows of examples, none longer than a row. Each example is a document of its own: it sees no
/// other one.
class ExampleRows : public RowSource {
 public:
  ExampleRows(std::shared_ptr<const TokenExamples> examples, ExampleRowsOptions options);

  std::string name() const override { return options_.name; }
  double weight() const override { return options_.weight; }
  int64_t rows() const override { return static_cast<int64_t>(rows_.size()); }
  int64_t tokens() const override;
  void write_row(uint64_t epoch, int64_t place, RowWriter& writer) override;
  std::string describe_row(uint64_t epoch, int64_t place) override;

 private:
  std::shared_ptr<const TokenExamples> examples_;
  ExampleRowsOptions options_;
  std::vector<std::vector<size_t>> rows_;
};

}  // namespace slovo
