// What the processor is called and can do.
#pragma once

#include <string>
#include <vector>

namespace slovo {

/// "AMD EPYC 9B14"; "unknown" where the system does not say.
std::string processor_name();
/// Those of its instruction sets that decide how fast slovo is: "avx2", "avx512_bf16", ...
std::vector<std::string> processor_features();

}  // namespace slovo
