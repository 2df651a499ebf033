// What a block remembers between calls while text is generated: keys and values for attention;
// later kinds of mixer bring states of their own behind the same interface.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace slovo {

/// State of one layer for a batch of rows. Every kind can be copied, reordered, and put back to an
/// earlier moment; cutting back to a length is not offered, since recurrent states cannot do it.
class LayerState {
 public:
  virtual ~LayerState() = default;
  /// A copy that shares nothing.
  virtual std::unique_ptr<LayerState> fork() const = 0;
  /// Row b becomes what row rows[b] was; the number of rows may change (beam search, finished rows
  /// dropped).
  virtual void reorder(const std::vector<int64_t>& rows) = 0;
  /// The rows of `other`, a state of the same layer and capacity, follow this state's own (new
  /// prompts taken into a batch).
  virtual void append(const LayerState& other) = 0;
  /// The state now; `restore` puts it back, as often as wanted.
  virtual std::unique_ptr<LayerState> snapshot() const = 0;
  virtual void restore(const LayerState& snapshot) = 0;
  virtual int64_t batch() const = 0;
  virtual int64_t bytes() const = 0;
};

/// Keys and values of the tokens seen, after QK-norm and rotation; rows may differ in length.
class KeyValueState final : public LayerState {
 public:
  /// Room for `capacity` tokens in each of `batch` rows of `kv_heads` heads of `head_dim`.
  KeyValueState(int64_t batch, int64_t kv_heads, int64_t capacity, int64_t head_dim,
                at::TensorOptions options);

  /// Puts k, v [B,T,K,d] behind each row's own last token.
  void add(const at::Tensor& k_BTKd, const at::Tensor& v_BTKd);
  /// [B,K,capacity,d]; what lies behind a row's length is undefined.
  const at::Tensor& keys() const { return keys_; }
  const at::Tensor& values() const { return values_; }
  /// Tokens each row has seen.
  const std::vector<int64_t>& lengths() const { return lengths_; }
  int64_t capacity() const { return keys_.size(2); }
  /// No row has seen a token.
  bool fresh() const;

  std::unique_ptr<LayerState> fork() const override;
  void reorder(const std::vector<int64_t>& rows) override;
  void append(const LayerState& other) override;
  std::unique_ptr<LayerState> snapshot() const override;
  void restore(const LayerState& snapshot) override;
  int64_t batch() const override { return keys_.size(0); }
  int64_t bytes() const override;

 private:
  KeyValueState() = default;
  int64_t longest() const;

  at::Tensor keys_, values_;
  std::vector<int64_t> lengths_;
};

/// The states of all layers and how many tokens each row has seen.
///
/// Prompts of different lengths become one batch row by row: prefill each in a state of one row,
/// then `append` it to the batch's state.
struct ModelState {
  std::vector<std::unique_ptr<LayerState>> layers;
  std::vector<int64_t> lengths;

  int64_t batch() const { return static_cast<int64_t>(lengths.size()); }
  int64_t bytes() const;
  ModelState fork() const;
  void reorder(const std::vector<int64_t>& rows);
  void append(const ModelState& other);
  ModelState snapshot() const;
  void restore(const ModelState& snapshot);
};

}  // namespace slovo
