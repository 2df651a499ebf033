// Which library gives a function that several of them export.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace slovo::testing {
namespace {

/// LibTorch's libraries export parts of an old std::filesystem, some of which crash.
TEST(Libraries, FileSystemIsTheCxxLibrarys) {
  using RemoveAll = std::uintmax_t(const std::filesystem::path&, std::error_code&);
  RemoveAll* const remove_all = &std::filesystem::remove_all;
  Dl_info info{};
  ASSERT_NE(0, dladdr(reinterpret_cast<void*>(remove_all), &info));
  EXPECT_NE(std::string::npos, std::string(info.dli_fname).find("libstdc++")) << info.dli_fname;
}

}  // namespace
}  // namespace slovo::testing
