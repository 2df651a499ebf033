#include "model/layer_state.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace slovo {
namespace {

const KeyValueState& as_key_values(const LayerState& state) {
  const auto* key_values = dynamic_cast<const KeyValueState*>(&state);
  SLOVO_CHECK(key_values != nullptr, "states of different kinds");
  return *key_values;
}

/// new [B,T,K,d] into cache [B,K,capacity,d], row b at place starts[b]. On a CPU by plain copies of
/// d values: a step of decoding writes a few hundred bytes a row, less than the cost of one tensor
/// operation.
void copy_heads(const at::Tensor& cache, const at::Tensor& fresh,
                const std::vector<int64_t>& starts) {
  const int64_t batch = fresh.size(0), length = fresh.size(1), heads = fresh.size(2);
  if (!cache.device().is_cpu() || fresh.stride(3) != 1 ||
      fresh.scalar_type() != cache.scalar_type()) {
    for (int64_t b = 0; b < batch; ++b) {
      cache[b].narrow(1, starts[static_cast<size_t>(b)], length).copy_(fresh[b].transpose(0, 1));
    }
    return;
  }
  const auto item = static_cast<int64_t>(cache.element_size());
  const auto head_bytes = static_cast<size_t>(fresh.size(3) * item);
  auto* to = static_cast<std::byte*>(cache.data_ptr());
  const auto* from = static_cast<const std::byte*>(fresh.const_data_ptr());
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t t = 0; t < length; ++t) {
        const int64_t place = starts[static_cast<size_t>(b)] + t;
        std::memcpy(
            to + (b * cache.stride(0) + h * cache.stride(1) + place * cache.stride(2)) * item,
            from + (b * fresh.stride(0) + t * fresh.stride(1) + h * fresh.stride(2)) * item,
            head_bytes);
      }
    }
  }
}

template <class T>
std::vector<T> picked(const std::vector<T>& values, const std::vector<int64_t>& rows) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const int64_t row : rows) out.push_back(values.at(static_cast<size_t>(row)));
  return out;
}

}  // namespace

KeyValueState::KeyValueState(int64_t batch, int64_t kv_heads, int64_t capacity, int64_t head_dim,
                             at::TensorOptions options)
    : keys_(at::empty({batch, kv_heads, capacity, head_dim}, options)),
      values_(at::empty({batch, kv_heads, capacity, head_dim}, options)),
      lengths_(static_cast<size_t>(batch), 0) {}

void KeyValueState::add(const at::Tensor& k_BTKd, const at::Tensor& v_BTKd) {
  SLOVO_CHECK(k_BTKd.size(0) == batch(), k_BTKd.size(0), " rows for a state of ", batch());
  SLOVO_CHECK(longest() + k_BTKd.size(1) <= capacity(), "a state of ", capacity(),
              " tokens is full");
  copy_heads(keys_, k_BTKd, lengths_);
  copy_heads(values_, v_BTKd, lengths_);
  for (int64_t& length : lengths_) length += k_BTKd.size(1);
}

int64_t KeyValueState::longest() const {
  return lengths_.empty() ? 0 : *std::max_element(lengths_.begin(), lengths_.end());
}

bool KeyValueState::fresh() const { return longest() == 0; }

std::unique_ptr<LayerState> KeyValueState::fork() const {
  auto copy = std::unique_ptr<KeyValueState>(new KeyValueState());
  copy->keys_ = keys_.clone();
  copy->values_ = values_.clone();
  copy->lengths_ = lengths_;
  return copy;
}

void KeyValueState::reorder(const std::vector<int64_t>& rows) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(keys_.device());
  keys_ = keys_.index_select(0, index);
  values_ = values_.index_select(0, index);
  lengths_ = picked(lengths_, rows);
}

void KeyValueState::append(const LayerState& other) {
  const KeyValueState& added = as_key_values(other);
  SLOVO_CHECK(added.capacity() == capacity(), "rows of ", added.capacity(),
              " tokens for a state of ", capacity());
  keys_ = at::cat({keys_, added.keys_});
  values_ = at::cat({values_, added.values_});
  lengths_.insert(lengths_.end(), added.lengths_.begin(), added.lengths_.end());
}

/// Only what is filled: a snapshot of a short text in a large cache is small.
std::unique_ptr<LayerState> KeyValueState::snapshot() const {
  auto copy = std::unique_ptr<KeyValueState>(new KeyValueState());
  copy->keys_ = keys_.narrow(2, 0, longest()).clone(at::MemoryFormat::Contiguous);
  copy->values_ = values_.narrow(2, 0, longest()).clone(at::MemoryFormat::Contiguous);
  copy->lengths_ = lengths_;
  return copy;
}

void KeyValueState::restore(const LayerState& snapshot) {
  const KeyValueState& saved = as_key_values(snapshot);
  if (saved.batch() != batch()) {  // rows were dropped or added since
    const auto shape = {saved.batch(), keys_.size(1), capacity(), keys_.size(3)};
    keys_ = at::empty(shape, keys_.options());
    values_ = at::empty(shape, values_.options());
  }
  keys_.narrow(2, 0, saved.capacity()).copy_(saved.keys_);
  values_.narrow(2, 0, saved.capacity()).copy_(saved.values_);
  lengths_ = saved.lengths_;
}

int64_t KeyValueState::bytes() const {
  return static_cast<int64_t>(keys_.nbytes() + values_.nbytes());
}

int64_t ModelState::bytes() const {
  int64_t total = 0;
  for (const auto& layer : layers) total += layer->bytes();
  return total;
}

ModelState ModelState::fork() const {
  ModelState out{{}, lengths};
  for (const auto& layer : layers) out.layers.push_back(layer->fork());
  return out;
}

void ModelState::reorder(const std::vector<int64_t>& rows) {
  for (auto& layer : layers) layer->reorder(rows);
  lengths = picked(lengths, rows);
}

void ModelState::append(const ModelState& other) {
  SLOVO_CHECK(layers.size() == other.layers.size(), "states of different models");
  for (size_t i = 0; i < layers.size(); ++i) layers[i]->append(*other.layers[i]);
  lengths.insert(lengths.end(), other.lengths.begin(), other.lengths.end());
}

ModelState ModelState::snapshot() const {
  ModelState out{{}, lengths};
  for (const auto& layer : layers) out.layers.push_back(layer->snapshot());
  return out;
}

void ModelState::restore(const ModelState& snapshot) {
  SLOVO_CHECK(layers.size() == snapshot.layers.size(), "states of different models");
  for (size_t i = 0; i < layers.size(); ++i) layers[i]->restore(*snapshot.layers[i]);
  lengths = snapshot.lengths;
}

}  // namespace slovo
