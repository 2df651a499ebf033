#include "model/lora.h"

#include <ATen/ATen.h>

#include <map>

#include "core/error.h"

namespace slovo {
namespace {

/// The blocks' projections by name. A gate of value embeddings, which is tiny, is not among them.
std::map<std::string, std::shared_ptr<ProjectionImpl>> block_projections(Transformer& model) {
  std::map<std::string, std::shared_ptr<ProjectionImpl>> out;
  for (const auto& item : model->named_modules()) {
    const auto projection = std::dynamic_pointer_cast<ProjectionImpl>(item.value());
    if (projection && item.key().starts_with("blocks.") && !item.key().ends_with(".value_gate"))
      out.emplace(item.key(), projection);
  }
  return out;
}

}  // namespace

void quantize_blocks(Transformer& model, LoraBase form) {
  if (form == LoraBase::full) return;
  for (const auto& [name, projection] : block_projections(model)) projection->quantize(form);
}

FillRows weight_filler(Transformer& model) {
  return [projections = block_projections(model), named = model->named_parameters()](
             const std::string& name, int64_t begin, const at::Tensor& rows) {
    const at::NoGradGuard no_grad;
    const size_t dot = name.rfind('.');
    const auto projection = projections.find(name.substr(0, dot));
    if (projection != projections.end() && name.substr(dot + 1) == "weight") {
      projection->second->set_rows(begin, rows);
      return;
    }
    const at::Tensor* const parameter = named.find(name);
    SLOVO_CHECK(parameter != nullptr, "the model has no parameter ", name);
    parameter->narrow(0, begin, rows.size(0)).copy_(rows);
  };
}

void attach_adapters(Transformer& model, const std::vector<AdapterPlace>& places,
                     const LoraConfig& config, uint64_t seed) {
  for (const at::Tensor& parameter : model->parameters()) {
    parameter.set_requires_grad(false);
  }
  const auto projections = block_projections(model);
  const at::TensorOptions options = model->head_weight().options();
  for (const AdapterPlace& place : places) {
    const auto found = projections.find(place.projection);
    SLOVO_CHECK(found != projections.end(), "the model has no projection ", place.projection);
    Adapter adapter(place, found->second->weight.size(1), config, model->training_pass(), options);
    adapter->init(seed);
    adapter->train(model->is_training());
    found->second->add_adapter(adapter);
  }
  for (const auto& [name, projection] : projections) projection->init_magnitudes();
}

void merge_adapters(Transformer& model) {
  for (const auto& [name, projection] : block_projections(model)) projection->merge_adapters();
}

}  // namespace slovo
