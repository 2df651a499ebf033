// One table of names per enum, shared by config files, flags, help and error texts.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slovo {

/// Specialise with `static constexpr auto names = make_names<E>({{E::a, "a"}, ...})`.
template <class E>
struct EnumNames;

template <class E, size_t N>
constexpr std::array<std::pair<E, std::string_view>, N> make_names(
    const std::pair<E, std::string_view> (&pairs)[N]) {
  std::array<std::pair<E, std::string_view>, N> out{};
  for (size_t i = 0; i < N; ++i) out[i] = pairs[i];
  return out;
}

template <class E>
std::string to_name(E value) {
  for (const auto& [candidate, name] : EnumNames<E>::names) {
    if (candidate == value) return std::string(name);
  }
  return "?";
}

template <class E>
std::optional<E> from_name(std::string_view text) {
  for (const auto& [candidate, name] : EnumNames<E>::names) {
    if (name == text) return candidate;
  }
  return std::nullopt;
}

template <class E>
std::vector<std::string> all_names() {
  std::vector<std::string> out;
  for (const auto& entry : EnumNames<E>::names) out.emplace_back(entry.second);
  return out;
}

}  // namespace slovo
