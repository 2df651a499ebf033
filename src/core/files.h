// Files that are whole or absent: atomic writes, folders renamed into place, memory-mapped reading.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slovo {

/// The file's bytes. Throws Error(data) when it is missing or cannot be read.
std::string read_file(const std::filesystem::path& path);
/// Writes through a temporary file in the same folder, synced, then renamed. Throws Error(io).
void write_file(const std::filesystem::path& path, std::string_view bytes);
/// A file written piece by piece that appears whole or not at all: `commit()` syncs it and renames
/// it to the target. Without a commit nothing stays. Throws Error(io).
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(std::string_view bytes);
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};
/// Makes the folder and its parents. Throws Error(io), which names the folder and the reason.
void make_folder(const std::filesystem::path& path);
/// Flushes a file or a folder's entries to disk. Throws Error(io).
void sync_path(const std::filesystem::path& path);
/// Bytes free for this user on the file system of `path` (or of its nearest existing parent).
uint64_t free_space(const std::filesystem::path& path);

/// A folder that appears whole or not at all: fill `path()`, then `commit()` syncs every file in it
/// and renames it to the target. An existing target is replaced. Without a commit nothing stays.
class PendingFolder {
 public:
  explicit PendingFolder(std::filesystem::path target);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

/// Removes a folder so that it is never seen half-removed: renamed to a leftover first.
void remove_folder(const std::filesystem::path& path);

/// Removes what killed runs left in `folder`: the temporary files and folders of write_file and
/// PendingFolder.
void remove_leftovers(const std::filesystem::path& folder);

/// A file mapped read-only. Throws Error(data) when it is missing or cannot be mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// Holds an exclusive lock on a file for as long as it lives (released by the kernel when the
/// process dies).
class FileLock {
 public:
  /// Throws Error(config) with `busy_message` when another process holds it.
  FileLock(const std::filesystem::path& path, std::string_view busy_message);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace slovo
