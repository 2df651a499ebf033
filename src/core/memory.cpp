#include "core/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace slovo {
namespace {

/// The number behind `name` in a file of lines "Name:  123 kB", in bytes; 0 when it is not there.
int64_t kib_field(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    int64_t kib = 0;
    if (word == name && file >> kib) return kib * 1024;
  }
  return 0;
}

/// What the control group's limit leaves; its cache can be reclaimed.
int64_t group_available() {
  int64_t limit = 0;
  int64_t used = 0;
  std::ifstream limit_file("/sys/fs/cgroup/memory.max");
  std::ifstream used_file("/sys/fs/cgroup/memory.current");
  if (!(limit_file >> limit) || !(used_file >> used)) return std::numeric_limits<int64_t>::max();
  std::ifstream stat("/sys/fs/cgroup/memory.stat");
  int64_t cache = 0;
  for (std::string word; stat >> word;) {
    if (word == "inactive_file") stat >> cache;
  }
  return std::max<int64_t>(0, limit - used + cache);
}

/// Tells the kernel about the whole pages of this size among these bytes.
void advise_pages(const void* begin, size_t bytes, uintptr_t page, int advice) {
  const auto address = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t first = (address + page - 1) / page * page;
  const uintptr_t last = (address + bytes) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, advice);
}

}  // namespace

int64_t resident_bytes() { return kib_field("/proc/self/status", "VmRSS:"); }
int64_t peak_resident_bytes() { return kib_field("/proc/self/status", "VmHWM:"); }

int64_t available_bytes() {
  const int64_t machine =
      kib_field("/proc/meminfo", "MemAvailable:") + kib_field("/proc/meminfo", "SwapFree:");
  return std::min(machine, group_available());
}

void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest it takes
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void prefer_large_pages(void* begin, size_t bytes) {
  constexpr uintptr_t kPage = uintptr_t{2} << 20;
  advise_pages(begin, bytes, kPage, MADV_HUGEPAGE);
}

void drop_pages(const void* begin, size_t bytes) {
  advise_pages(begin, bytes, static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)), MADV_DONTNEED);
}

}  // namespace slovo
