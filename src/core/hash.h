// 128-bit content hashes (XXH3) as 32 hex digits: cache keys and fingerprints, not security.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace slovo {

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void add(std::string_view bytes);
  /// Adds the length too, so that ("ab","c") and ("a","bc") differ.
  void add_field(std::string_view bytes);
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string hash_hex(std::string_view bytes);

}  // namespace slovo
