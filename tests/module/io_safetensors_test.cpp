#include <ATen/ATen.h>

#include <cstring>
#include <fstream>

#include "core/rng.h"
#include "io/safetensors.h"
#include "model_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::TempFolder;

/// Removed first: file systems that guard overwritten files would sync each one.
void put(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// A file with this header text and `data` bytes behind it.
std::string file_of(const std::string& header, size_t data) {
  const uint64_t length = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  return out + header + std::string(data, '\1');
}

/// The error of opening a file with these bytes.
std::string refusal(const std::string& bytes) {
  const TempFolder folder;
  put(folder / "m.safetensors", bytes);
  const std::string text =
      error_of([&] { SafetensorsFile(folder / "m.safetensors"); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "m.safetensors")) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  return text;
}

TEST(Safetensors, KeepsEveryDtypeAndShape) {
  const TempFolder folder;
  NamedTensors tensors;
  for (const auto type : {at::kBool, at::kByte, at::kChar, at::kShort, at::kInt, at::kLong,
                          at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    tensors.emplace_back(c10::toString(type), at::arange(15).remainder(2).view({3, 5}).to(type));
  }
  tensors.emplace_back("scalar", at::scalar_tensor(2.5));
  tensors.emplace_back("empty", at::empty({0, 4}));
  tensors.emplace_back("transposed", at::arange(6).view({2, 3}).t());
  write_safetensors(folder / "a.safetensors", tensors, {{"format", "pt"}, {"step", "7"}});

  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.names().size(), tensors.size());
  EXPECT_EQ(file.metadata().at("step"), "7");
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(file.dtype(name), tensor.scalar_type()) << name;
    EXPECT_EQ(at::IntArrayRef(file.shape(name)), tensor.sizes()) << name;
    const at::Tensor view = file.view(name);
    EXPECT_TRUE(at::equal(view, tensor)) << name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.const_data_ptr()) % view.element_size(), 0U) << name;
  }
  EXPECT_FALSE(file.contains("other"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Safetensors, ReadsTensorsThatAreNotAligned) {
  const TempFolder folder;
  put(folder / "a.safetensors",
      file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} )", 8));
  const SafetensorsFile file(folder / "a.safetensors");
  const at::Tensor x = file.view("x");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(x.const_data_ptr()) % 4, 0U);
  EXPECT_EQ(x.view(at::kInt)[1].item<int>(), 0x01010101);
}

TEST(Safetensors, NamesTheFileOfAMissingTensor) {
  const TempFolder folder;
  write_safetensors(folder / "a.safetensors", {{"x", at::ones({1})}});
  const SafetensorsFile file(folder / "a.safetensors");
  const std::string text = error_of([&] { file.view("y"); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "has no tensor \"y\"")) << text;
}

TEST(Safetensors, RefusesForeignFiles) {
  EXPECT_TRUE(contains(refusal(""), "cut short"));
  EXPECT_TRUE(contains(refusal("abc"), "cut short"));
  EXPECT_TRUE(
      contains(refusal("PK\3\4 a zip archive, as torch.save writes"), "is no safetensors file"));
  EXPECT_TRUE(contains(refusal(file_of("[1, 2]", 0)), "is no safetensors file"));
  EXPECT_TRUE(contains(refusal(file_of("{\"a\":", 0)), "not valid JSON"));
  EXPECT_TRUE(contains(refusal(file_of("{\"a\":1e999}", 0)), "not valid JSON"));
}

TEST(Safetensors, NamesTheTensorWhoseEntryIsWrong) {
  const auto entry = [](const std::string& body, size_t data = 8) {
    return refusal(file_of("{\"w\":" + body + "}", data));
  };
  EXPECT_TRUE(contains(entry("3"), "tensor \"w\" must have exactly"));
  EXPECT_TRUE(contains(entry(R"({"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"),
                       "tensor \"w\" has the dtype \"F8_E4M3\"; slovo reads F64, F32"));
  EXPECT_TRUE(
      contains(entry(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), "shape holds -2"));
  EXPECT_TRUE(contains(entry(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
                       "shape [3] of \"F32\" does not take the 8 bytes"));
  EXPECT_TRUE(contains(entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 6),
                       "are outside the file's 6 bytes of data"));
  EXPECT_TRUE(
      contains(entry(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), "are outside"));
  EXPECT_TRUE(
      contains(entry(R"({"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]})"),
               "does not take"));
  EXPECT_TRUE(contains(entry(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"),
                       "a gap or an overlap"));
  EXPECT_TRUE(
      contains(entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), "end at byte"));
  const std::string overlap =
      refusal(file_of(R"({"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},)"
                      R"("b":{"dtype":"I32","shape":[1],"data_offsets":[4,8]}})",
                      8));
  EXPECT_TRUE(contains(overlap, "tensor \"b\" begins at byte")) << overlap;
}

/// A valid file with a few bytes changed, cut, doubled or dropped.
std::string mutated(std::string bytes, uint64_t round) {
  uint64_t draw = 0;
  const auto random = [&](uint64_t below) { return random_bits(42, round, draw++) % below; };
  for (uint64_t edits = 1 + random(4); edits > 0 && !bytes.empty(); --edits) {
    // Most edits hit the header: it is what is parsed.
    const size_t place =
        random(4) == 0 ? random(bytes.size()) : random(std::min<size_t>(bytes.size(), 320));
    switch (random(5)) {
      case 0:
        bytes[place] = static_cast<char>(random(256));
        break;
      case 1:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << random(8)));
        break;
      case 2:
        bytes[place] = "0123456789[]{},:\"-eF"[random(20)];
        break;
      case 3:
        bytes.erase(place, 1 + random(9));
        break;
      default:
        bytes.insert(place, bytes.substr(random(bytes.size()), 1 + random(9)));
    }
  }
  return bytes;
}

TEST(Safetensors, SurvivesDamage) {
  const TempFolder folder;
  const auto path = folder / "f.safetensors";
  write_safetensors(path, {{"a", at::ones({2, 3})},
                           {"b", at::ones({4}, at::kLong)},
                           {"c", at::ones({5}, at::kBFloat16)}});
  const std::string whole = read_file(path);
  int refused = 0;
  int read = 0;
  for (uint64_t round = 0; round < 20000; ++round) {
    put(path, mutated(whole, round));
    try {
      const SafetensorsFile file(path);
      for (const auto& name : file.names()) {
        const at::Tensor bytes = file.view(name).contiguous();
        read += static_cast<const char*>(bytes.const_data_ptr()) == nullptr && bytes.numel() > 0
                    ? 1
                    : 0;
        if (bytes.nbytes() > 0)
          std::string(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes());
      }
    } catch (const Error& error) {
      ASSERT_EQ(static_cast<int>(error.code()), static_cast<int>(ErrorCode::checkpoint))
          << error.what();
      ++refused;
    }
  }
  EXPECT_EQ(read, 0);
  EXPECT_GT(refused, 10000);
}

}  // namespace
}  // namespace slovo
