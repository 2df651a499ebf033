// The safetensors format, the only weight format of slovo: a header of names, dtypes and shapes,
// then raw bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/files.h"

namespace slovo {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Writes the file whole or not at all, one tensor at a time; tensors may be on any device. Wide
/// dtypes come first, so that every tensor is aligned; otherwise the order given. `metadata` goes
/// into "__metadata__". Throws Error(io).
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

/// What the header says of one tensor.
struct TensorEntry {
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;
  size_t begin = 0;  ///< first byte, counted from the start of the file
  size_t bytes = 0;
};

/// A memory-mapped safetensors file, its header checked in full when opened: known dtypes, sizes
/// that match shapes, tensors that fill the file without gap or overlap. Throws Error(checkpoint)
/// that names the file and the tensor.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// In the order of their bytes.
  const std::vector<std::string>& names() const { return order_; }
  bool contains(const std::string& name) const { return entries_.count(name) > 0; }
  at::ScalarType dtype(const std::string& name) const { return entry(name).dtype; }
  const std::vector<int64_t>& shape(const std::string& name) const { return entry(name).shape; }
  /// The mapped bytes, read-only, valid as long as this object; a copy where they are not aligned
  /// for the dtype.
  at::Tensor view(const std::string& name) const;
  /// Drops the tensor's bytes from memory; a view of it reads them from the file again.
  void drop(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  const TensorEntry& entry(const std::string& name) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, TensorEntry> entries_;
  std::vector<std::string> order_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace slovo
