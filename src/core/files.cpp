#include "core/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporaryMark = ".slovo-tmp-";

std::string reason() { return std::strerror(errno); }

fs::path temporary_name(const fs::path& target) {
  return target.parent_path() / cat(".", target.filename().string(), kTemporaryMark, getpid());
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags)
      : value_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  bool ok() const { return value_ >= 0; }

 private:
  int value_;
};

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io(path.string(), ": cannot write: ", reason());
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

/// A rename would put a file in the place of a device, a pipe or a folder.
fs::path replaceable(fs::path target) {
  if (fs::exists(target) && !fs::is_regular_file(target)) {
    throw_io(target.string(), ": cannot write: it is there and is not a regular file");
  }
  return target;
}

}  // namespace

std::string read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (!file.ok()) throw_data(path.string(), ": cannot open: ", reason());
  struct stat status{};
  if (fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    throw_data(path.string(), ": is a folder where a file is expected");
  }
  std::string out;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_data(path.string(), ": cannot read: ", reason());
    if (got == 0) return out;
    out.append(buffer, static_cast<size_t>(got));
  }
}

PendingFile::PendingFile(fs::path target)
    : target_(replaceable(std::move(target))),
      temporary_(temporary_name(target_)),
      descriptor_(open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw_io(target_.string(), ": cannot write: ", reason());
}

PendingFile::~PendingFile() {
  if (descriptor_ < 0) return;  // committed
  close(descriptor_);
  unlink(temporary_.c_str());
}

void PendingFile::write(std::string_view bytes) { write_all(descriptor_, bytes, target_); }

void PendingFile::commit() {
  if (fsync(descriptor_) != 0) throw_io(target_.string(), ": cannot write: ", reason());
  if (rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw_io(target_.string(), ": cannot put in place: ", reason());
  }
  close(std::exchange(descriptor_, -1));
}

void write_file(const fs::path& path, std::string_view bytes) {
  PendingFile file(path);
  file.write(bytes);
  file.commit();
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw_io(path.string(), ": cannot make the folder: ", error.message());
}

void sync_path(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (!file.ok() || fsync(file.get()) != 0) throw_io(path.string(), ": cannot sync: ", reason());
}

uint64_t free_space(const fs::path& path) {
  fs::path existing = fs::absolute(path);
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  struct statvfs status{};
  if (statvfs(existing.c_str(), &status) != 0) return UINT64_MAX;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

PendingFolder::PendingFolder(fs::path target)
    : target_(std::move(target)), temporary_(temporary_name(target_)) {
  fs::remove_all(temporary_);
  make_folder(temporary_);
}

PendingFolder::~PendingFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_, ignored);
}

void PendingFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_)) sync_path(entry.path());
  sync_path(temporary_);
  // An existing target changes places with the new folder in one step, so that one of them is there
  // at any moment.
  const unsigned flags = fs::exists(target_) ? RENAME_EXCHANGE : 0;
  if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), flags) != 0) {
    throw_io(target_.string(), ": cannot be put in place: ", reason());
  }
  committed_ = true;
  sync_path(fs::absolute(target_).parent_path());
  std::error_code ignored;
  if (flags != 0) fs::remove_all(temporary_, ignored);
}

void remove_folder(const fs::path& path) {
  const fs::path doomed = temporary_name(path);
  std::error_code error;
  fs::rename(path, doomed, error);
  if (!error) fs::remove_all(doomed, error);
  if (error) throw_io(path.string(), ": cannot be removed: ", error.message());
}

void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().find(kTemporaryMark) != std::string::npos) {
      leftovers.push_back(entry.path());
    }
  }
  for (const auto& path : leftovers) fs::remove_all(path, ignored);
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (!file.ok()) throw_data(path.string(), ": cannot open: ", reason());
  struct stat status{};
  if (fstat(file.get(), &status) != 0) throw_data(path.string(), ": cannot read: ", reason());
  if (S_ISDIR(status.st_mode)) throw_data(path.string(), ": is a folder where a file is expected");
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;
  void* mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) throw_data(path.string(), ": cannot be mapped: ", reason());
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

FileLock::FileLock(const fs::path& path, std::string_view busy_message)
    : descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw_io(path.string(), ": cannot write: ", reason());
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    close(std::exchange(descriptor_, -1));
    throw_config(busy_message);
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace slovo
