// The safetensors format, the only weight format of slovo: a header of names, dtypes and shapes, then raw bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"

namespace slovo {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Writes the file whole or not at all (through core/files), in the order given; tensors may be on any device.
/// `metadata` goes into "__metadata__". Throws Error(io).
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

/// A memory-mapped safetensors file, its header checked in full when opened: offsets inside the file, no overlap, known
/// dtypes, sizes that match shapes. Throws Error(checkpoint) that names the file and the tensor.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const;
  at::ScalarType dtype(const std::string& name) const;
  std::vector<int64_t> shape(const std::string& name) const;
  /// A read-only view of the mapped bytes, valid as long as this object.
  at::Tensor view(const std::string& name) const;

 private:
  struct Entry;
  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> order_;
};

}  // namespace slovo
