#include "train/device_memory.h"

#include <ATen/DeviceAccelerator.h>

#include "core/memory.h"

namespace slovo {
namespace {

c10::CachingAllocator::Stat allocated(at::Device device) {
  const auto stats = at::accelerator::getDeviceStats(device.index());
  return stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
}

}  // namespace

int64_t memory_in_use(at::Device device) {
  return device.is_cpu() ? resident_bytes() : allocated(device).current;
}

int64_t peak_memory(at::Device device) {
  return device.is_cpu() ? peak_resident_bytes() : allocated(device).peak;
}

int64_t available_memory(at::Device device) {
  if (device.is_cpu()) return available_bytes();
  return static_cast<int64_t>(at::accelerator::getMemoryInfo(device.index()).first);
}

}  // namespace slovo
