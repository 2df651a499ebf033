#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/files.h"
#include "core/hash.h"
#include "testing.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::error_of;
using testing::TempFolder;

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Files, WritingReplacesWholeAndLeavesNothingBeside) {
  const TempFolder folder;
  const fs::path path = folder.path() / "a.txt";
  write_file(path, "first");
  write_file(path, std::string("second\0third", 12));
  EXPECT_EQ(std::string("second\0third", 12), read_file(path));
  EXPECT_EQ(1u, entries(folder.path()));
}

TEST(Files, APendingFileWithoutCommitLeavesTheOldOne) {
  const TempFolder folder;
  const fs::path path = folder.path() / "a.txt";
  write_file(path, "old");
  {
    PendingFile file(path);
    file.write("new");
  }
  EXPECT_EQ("old", read_file(path));
  EXPECT_EQ(1u, entries(folder.path()));
}

TEST(Files, ErrorsNameThePathAndTheReason) {
  EXPECT_TRUE(contains(error_of([] { read_file("/nowhere/a"); }, ErrorCode::data),
                       "/nowhere/a: cannot open: No such"));
  EXPECT_TRUE(contains(error_of([] { read_file("/tmp"); }, ErrorCode::data), "/tmp: is a folder"));
  EXPECT_TRUE(contains(error_of([] { write_file("/nowhere/a", "x"); }, ErrorCode::io),
                       "/nowhere/a: cannot write"));
  EXPECT_TRUE(contains(error_of([] { make_folder("/dev/null/a"); }, ErrorCode::io),
                       "/dev/null/a: cannot make"));
}

TEST(Files, OnlyRegularFilesAreReplaced) {
  const TempFolder folder;
  ASSERT_EQ(0, mkfifo((folder / "pipe").c_str(), 0600));
  EXPECT_TRUE(contains(error_of([&] { write_file(folder / "pipe", "x"); }, ErrorCode::io),
                       "not a regular file"));
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
}

TEST(PendingFolderTest, AppearsWholeOnCommit) {
  const TempFolder folder;
  const fs::path target = folder.path() / "model";
  PendingFolder pending(target);
  write_file(pending.path() / "weights", "w");
  EXPECT_FALSE(fs::exists(target));
  pending.commit();
  EXPECT_EQ("w", read_file(target / "weights"));
  EXPECT_EQ(1u, entries(folder.path()));
}

TEST(PendingFolderTest, ReplacesAnOlderOneWithAllItsFiles) {
  const TempFolder folder;
  const fs::path target = folder.path() / "model";
  folder.write("model/old", "x");
  PendingFolder pending(target);
  write_file(pending.path() / "new", "y");
  pending.commit();
  EXPECT_FALSE(fs::exists(target / "old"));
  EXPECT_EQ("y", read_file(target / "new"));
  EXPECT_EQ(1u, entries(folder.path()));
}

TEST(PendingFolderTest, WithoutCommitNothingStays) {
  const TempFolder folder;
  {
    PendingFolder pending(folder.path() / "model");
    write_file(pending.path() / "weights", "w");
  }
  EXPECT_EQ(0u, entries(folder.path()));
}

TEST(PendingFolderTest, WhatAKilledProcessLeftIsRemoved) {
  const TempFolder folder;
  folder.write("keep", "x");
  const pid_t child = fork();
  if (child == 0) {
    PendingFolder pending(folder.path() / "model");
    write_file(pending.path() / "weights", "w");
    _exit(0);  // as a kill would: no destructor runs
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(2u, entries(folder.path()));
  remove_leftovers(folder.path());
  EXPECT_EQ(1u, entries(folder.path()));
  EXPECT_EQ("x", read_file(folder / "keep"));
}

TEST(MappedFileTest, ShowsTheBytes) {
  const TempFolder folder;
  const MappedFile file(folder.write("a", "mapped"));
  EXPECT_EQ("mapped", file.text());
  EXPECT_EQ("", MappedFile(folder.write("empty", "")).text());
  EXPECT_TRUE(contains(error_of([] { MappedFile("/nowhere/a"); }, ErrorCode::data), "/nowhere/a"));
}

TEST(FileLockTest, ASecondHolderIsRefused) {
  const TempFolder folder;
  {
    const FileLock lock(folder / "lock", "busy");
    EXPECT_EQ("in use", error_of([&] { FileLock(folder / "lock", "in use"); }, ErrorCode::config));
  }
  EXPECT_NO_THROW(FileLock(folder / "lock", "in use"));
}

TEST(Hash, FieldsAreKeptApart) {
  const auto of = [](std::initializer_list<const char*> fields) {
    Hasher hasher;
    for (const char* field : fields) hasher.add_field(field);
    return hasher.hex();
  };
  EXPECT_NE(of({"ab", "c"}), of({"a", "bc"}));
  EXPECT_EQ(of({"ab", "c"}), of({"ab", "c"}));
  EXPECT_EQ(32u, hash_hex("x").size());
  EXPECT_EQ("99aa06d3014798d86001c324468d497f", hash_hex(""))
      << "XXH3-128 of nothing, as its specification has it";
}

}  // namespace
}  // namespace slovo
