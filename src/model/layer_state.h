// What a block remembers between calls while text is generated: keys and values for attention; later kinds of mixer
// bring states of their own behind the same interface.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace slovo {

/// State of one layer for a batch of rows. Every kind can be copied, reordered, and put back to an earlier moment;
/// cutting back to a length is not offered, since recurrent states cannot do it.
class LayerState {
 public:
  virtual ~LayerState() = default;
  /// A copy that shares nothing.
  virtual std::unique_ptr<LayerState> fork() const = 0;
  /// Row b becomes what row rows[b] was; the number of rows may change (beam search, finished rows dropped).
  virtual void reorder(const std::vector<int64_t>& rows) = 0;
  /// The rows of `other`, a state of the same layer and capacity, follow this state's own (new prompts taken into a batch).
  virtual void append(const LayerState& other) = 0;
  /// The state now; `restore` puts it back, as often as wanted.
  virtual std::unique_ptr<LayerState> snapshot() const = 0;
  virtual void restore(const LayerState& snapshot) = 0;
  virtual int64_t batch() const = 0;
  virtual int64_t bytes() const = 0;
};

/// The states of all layers and how many tokens each row has seen.
struct ModelState {
  std::vector<std::unique_ptr<LayerState>> layers;
  std::vector<int64_t> lengths;

  ModelState fork() const;
  void reorder(const std::vector<int64_t>& rows);
  void append(const ModelState& other);
};

}  // namespace slovo
