#include "io/safetensors.h"

#include <ATen/Functions.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/memory.h"
#include "io/checkpoint_json.h"

namespace slovo {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxHeader = 100'000'000;  // the limit of the format's own library
constexpr size_t kAlignment = 8;
constexpr const char* kMetadata = "__metadata__";

constexpr std::pair<std::string_view, at::ScalarType> kDtypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},    {"BOOL", at::kBool},
};

std::optional<at::ScalarType> dtype_of(std::string_view name) {
  for (const auto& [known, type] : kDtypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::string name_of(at::ScalarType type) {
  for (const auto& [name, known] : kDtypes) {
    if (known == type) return std::string(name);
  }
  SLOVO_CHECK(false, "safetensors holds no ", c10::toString(type));
}

std::string known_dtypes() {
  std::vector<std::string> names;
  for (const auto& [name, type] : kDtypes) names.emplace_back(name);
  return join(names);
}

std::string header_text(const std::filesystem::path& path, std::string_view file) {
  const std::string where = path.string();
  if (file.size() < kLengthBytes) {
    throw_checkpoint(where, ": is no safetensors file: it has ", file.size(),
                     " bytes; it may have been cut short");
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  const uint64_t room = file.size() - kLengthBytes;
  if (length > kMaxHeader || length > room || length < 2 || file[kLengthBytes] != '{') {
    throw_checkpoint(where, ": is no safetensors file, or is damaged: the header's length reads ",
                     length, " in a file of ", file.size(), " bytes");
  }
  return std::string(file.substr(kLengthBytes, length));
}

Json parse_header(const std::filesystem::path& path, std::string_view file) {
  return parse_checkpoint_object(header_text(path, file), cat(path.string(), ": header"));
}

std::optional<size_t> unsigned_value(const Json& json) {
  if (!json.is_number_unsigned()) return std::nullopt;
  const auto value = json.get<uint64_t>();
  if (value > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return static_cast<size_t>(value);
}

/// Bytes of a tensor, or nothing when they, or the strides of an empty tensor, do not fit 63 bits.
std::optional<size_t> byte_count(const std::vector<int64_t>& shape, size_t item) {
  int64_t total = static_cast<int64_t>(item);
  bool empty = false;
  for (const int64_t size : shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(total, std::max<int64_t>(size, 1), &total)) return std::nullopt;
  }
  return empty ? 0 : static_cast<size_t>(total);
}

/// One tensor's line of the header; `data` is where the tensors' bytes begin.
TensorEntry parse_entry(const std::string& where, const Json& json, size_t data, size_t file_size) {
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets")) {
    throw_checkpoint(where,
                     " must have exactly dtype, shape and data_offsets; the file is damaged");
  }
  TensorEntry entry;
  const Json& dtype = json["dtype"];
  const auto type =
      dtype.is_string() ? dtype_of(dtype.get_ref<const std::string&>()) : std::nullopt;
  if (!type)
    throw_checkpoint(where, " has the dtype ", dtype.dump(-1, ' ', true), "; slovo reads ",
                     known_dtypes());
  entry.dtype = *type;
  if (!json["shape"].is_array()) throw_checkpoint(where, ": shape is no list; the file is damaged");
  for (const Json& size : json["shape"]) {
    const auto value = unsigned_value(size);
    if (!value)
      throw_checkpoint(where, ": shape holds ", size.dump(-1, ' ', true), "; the file is damaged");
    entry.shape.push_back(static_cast<int64_t>(*value));
  }
  const Json& offsets = json["data_offsets"];
  const auto begin =
      offsets.is_array() && offsets.size() == 2 ? unsigned_value(offsets[0]) : std::nullopt;
  const auto end = begin ? unsigned_value(offsets[1]) : std::nullopt;
  if (!end || *begin > *end || *end > file_size - data) {
    throw_checkpoint(where, ": data_offsets ", offsets.dump(-1, ' ', true),
                     " are outside the file's ", file_size - data,
                     " bytes of data; the file is damaged or cut short");
  }
  entry.begin = data + *begin;
  entry.bytes = *end - *begin;
  const auto expected = byte_count(entry.shape, c10::elementSize(entry.dtype));
  if (expected != entry.bytes) {
    throw_checkpoint(where, ": shape ", json["shape"].dump(), " of ", dtype.dump(),
                     " does not take the ", entry.bytes,
                     " bytes of its data_offsets; the file is damaged");
  }
  return entry;
}

/// Tensors must follow each other without gap or overlap and end where the file ends.
void check_cover(const std::filesystem::path& path, const std::vector<std::string>& order,
                 const std::map<std::string, TensorEntry>& entries, size_t data, size_t file_size) {
  size_t expected = data;
  for (const auto& name : order) {
    const TensorEntry& entry = entries.at(name);
    if (entry.begin != expected) {
      throw_checkpoint(path.string(), ": tensor \"", name, "\" begins at byte ", entry.begin,
                       " where ", expected,
                       " is expected (a gap or an overlap); the file is damaged");
    }
    expected += entry.bytes;
  }
  if (expected != file_size) {
    throw_checkpoint(path.string(), ": its tensors end at byte ", expected, " but the file has ",
                     file_size, "; the file is damaged");
  }
}

std::map<std::string, std::string> parse_metadata(const std::filesystem::path& path,
                                                  const Json& json) {
  std::map<std::string, std::string> out;
  if (!json.is_object())
    throw_checkpoint(path.string(), ": __metadata__ is no object; the file is damaged");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) {
      throw_checkpoint(path.string(),
                       ": __metadata__ holds a value that is no text; the file is damaged");
    }
    out[key] = value.get<std::string>();
  }
  return out;
}

/// Positions of the tensors in the file: wide dtypes first, else as given.
std::vector<size_t> file_order(const NamedTensors& tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return tensors[a].second.element_size() > tensors[b].second.element_size();
  });
  return order;
}

std::string make_header(const NamedTensors& tensors, const std::vector<size_t>& order,
                        const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  size_t offset = 0;
  for (const size_t i : order) {
    const auto& [name, tensor] = tensors[i];
    SLOVO_CHECK(!header.contains(name), "tensor \"", name, "\" is given twice");
    const size_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", name_of(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::vector<size_t> order = file_order(tensors);
  const std::string header = make_header(tensors, order, metadata);
  const uint64_t length = header.size();
  PendingFile file(path);
  file.write({reinterpret_cast<const char*>(&length), kLengthBytes});
  file.write(header);
  for (const size_t i : order) {
    const at::Tensor bytes = tensors[i].second.detach().to(at::kCPU).contiguous();
    file.write({static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()});
  }
  file.commit();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  const std::string_view file = file_.text();
  const Json header = parse_header(path, file);
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  const size_t data = kLengthBytes + length;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadata) {
      metadata_ = parse_metadata(path, json);
      continue;
    }
    entries_[name] =
        parse_entry(cat(path.string(), ": tensor \"", name, "\""), json, data, file.size());
    order_.push_back(name);
  }
  std::stable_sort(order_.begin(), order_.end(), [&](const std::string& a, const std::string& b) {
    const TensorEntry& left = entries_[a];
    const TensorEntry& right = entries_[b];
    return std::pair(left.begin, left.bytes) < std::pair(right.begin, right.bytes);
  });
  check_cover(path, order_, entries_, data, file.size());
}

const TensorEntry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw_checkpoint(path_.string(), ": has no tensor \"", name, "\"");
  return found->second;
}

at::Tensor SafetensorsFile::view(const std::string& name) const {
  const TensorEntry& found = entry(name);
  const std::byte* bytes = file_.bytes().data() + found.begin;
  if (reinterpret_cast<uintptr_t>(bytes) % c10::elementSize(found.dtype) == 0) {
    return at::from_blob(const_cast<std::byte*>(bytes), found.shape,
                         at::TensorOptions(found.dtype));
  }
  at::Tensor copy = at::empty(found.shape, at::TensorOptions(found.dtype));
  std::memcpy(copy.data_ptr(), bytes, found.bytes);
  return copy;
}

void SafetensorsFile::drop(const std::string& name) const {
  const TensorEntry& found = entry(name);
  drop_pages(file_.bytes().data() + found.begin, found.bytes);
}

}  // namespace slovo
