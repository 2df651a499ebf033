#include "core/processor.h"

#include <fstream>
#include <set>
#include <sstream>

namespace slovo {
namespace {

/// What stands behind the first line "name : ..." of /proc/cpuinfo; "" when there is none.
std::string cpu_line(const std::string& name) {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind(name, 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

}  // namespace

std::string processor_name() {
  const std::string name = cpu_line("model name");
  return name.empty() ? "unknown" : name;
}

std::vector<std::string> processor_features() {
  std::istringstream words(cpu_line("flags") + " " + cpu_line("Features"));  // x86 and ARM
  std::set<std::string> all;
  for (std::string word; words >> word;) all.insert(word);
  std::vector<std::string> out;
  for (const char* name : {"avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16",
                           "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm", "sve"}) {
    if (all.count(name) != 0) out.emplace_back(name);
  }
  return out;
}

}  // namespace slovo
