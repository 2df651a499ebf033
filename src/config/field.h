// One declared config field and the legal values of each kind. Parsing, flags, help, saving and the
// documentation all work on the list of FieldRef that a struct's `visit` yields; nothing else knows names.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/error.h"
#include "core/json.h"

namespace slovo {

/// The legal range of a number, with its text for help and errors.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;  ///< low itself is not allowed
  std::string text() const;
  bool contains(double value) const;
};
Range any_number();
Range at_least(double low);
Range above(double low);
Range between(double low, double high);

/// A field of a live config struct, its type erased.
struct FieldRef {
  std::string section;               ///< "train"
  std::string name;                  ///< "lr"
  std::string help;                  ///< one sentence
  std::string type;                  ///< "integer", "number", "string", "true|false", "list of strings", ...
  std::string allowed;               ///< "> 0", "cosine, linear, wsd", ...; "" when anything goes
  std::vector<std::string> aliases;  ///< short flags: "--out"
  bool is_flag = false;              ///< a boolean: the flag alone means true
  bool is_list = false;              ///< the flag may be repeated and takes several values
  /// Sets the field; returns the problem ("is 7.5; must be an integer >= 1"), or "" when it fits.
  std::function<std::string(const Json&)> assign;
  std::function<Json()> value;       ///< null for an optional that is not set

  std::string key() const { return section + "." + name; }
};

namespace detail {

std::string assign_integer(const Json& json, const Range& range, int64_t& out);
std::string assign_number(const Json& json, const Range& range, double& out);
std::string assign_string(const Json& json, std::string& out);
std::string assign_bool(const Json& json, bool& out);
std::string wrong(const Json& json, const std::string& allowed);

template <class T>
struct FieldType;
template <>
struct FieldType<int64_t> {
  static constexpr const char* name = "integer";
  static std::string assign(const Json& json, const Range& range, int64_t& out) {
    return assign_integer(json, range, out);
  }
};
template <>
struct FieldType<double> {
  static constexpr const char* name = "number";
  static std::string assign(const Json& json, const Range& range, double& out) {
    return assign_number(json, range, out);
  }
};
template <>
struct FieldType<std::string> {
  static constexpr const char* name = "string";
  static std::string assign(const Json& json, const Range&, std::string& out) {
    return assign_string(json, out);
  }
};
template <>
struct FieldType<bool> {
  static constexpr const char* name = "true|false";
  static std::string assign(const Json& json, const Range&, bool& out) {
    return assign_bool(json, out);
  }
};

}  // namespace detail

/// Collects the fields of one section: the visitor that every config struct's `visit` is given.
class FieldCollector {
 public:
  FieldCollector(std::string section, std::vector<FieldRef>& out) : section_(std::move(section)), out_(out) {}

  /// Integers, numbers, strings and booleans.
  template <class T>
    requires requires { detail::FieldType<T>::name; }
  void field(const char* name, T& target, const char* help, Range range = any_number(),
             std::vector<std::string> aliases = {}) {
    FieldRef ref = base(name, help, detail::FieldType<T>::name, range.text(), std::move(aliases));
    ref.is_flag = std::is_same_v<T, bool>;
    ref.assign = [&target, range](const Json& json) {
      return detail::FieldType<T>::assign(json, range, target);
    };
    ref.value = [&target] { return Json(target); };
    out_.push_back(std::move(ref));
  }

  /// An optional of these; null or an absent key leaves it unset.
  template <class T>
  void field(const char* name, std::optional<T>& target, const char* help, Range range = any_number(),
             std::vector<std::string> aliases = {}) {
    FieldRef ref = base(name, help, detail::FieldType<T>::name, range.text(), std::move(aliases));
    ref.is_flag = std::is_same_v<T, bool>;
    ref.assign = [&target, range](const Json& json) -> std::string {
      if (json.is_null()) {
        target.reset();
        return "";
      }
      T parsed{};
      std::string problem = detail::FieldType<T>::assign(json, range, parsed);
      if (problem.empty()) target = parsed;
      return problem;
    };
    ref.value = [&target] { return target ? Json(*target) : Json(nullptr); };
    out_.push_back(std::move(ref));
  }

  /// A list; a single value stands for a list of one.
  template <class T>
  void field(const char* name, std::vector<T>& target, const char* help, Range range = any_number(),
             std::vector<std::string> aliases = {}) {
    FieldRef ref = base(name, help, cat("list of ", detail::FieldType<T>::name, "s"), range.text(),
                        std::move(aliases));
    ref.is_list = true;
    ref.assign = [&target, range](const Json& json) -> std::string {
      std::vector<T> parsed;
      for (const Json& item : json.is_array() ? json : Json::array({json})) {
        T value{};
        std::string problem = detail::FieldType<T>::assign(item, range, value);
        if (!problem.empty()) return problem;
        parsed.push_back(std::move(value));
      }
      target = std::move(parsed);
      return "";
    };
    ref.value = [&target] { return Json(target); };
    out_.push_back(std::move(ref));
  }

  /// An enum with a name table.
  template <class E>
    requires std::is_enum_v<E>
  void field(const char* name, E& target, const char* help, std::vector<std::string> aliases = {}) {
    const std::string allowed = join(all_names<E>());
    FieldRef ref = base(name, help, "name", allowed, std::move(aliases));
    ref.assign = [&target, allowed](const Json& json) -> std::string {
      const auto parsed = json.is_string() ? from_name<E>(json.get<std::string>()) : std::nullopt;
      if (!parsed) return detail::wrong(json, "one of " + allowed);
      target = *parsed;
      return "";
    };
    ref.value = [&target] { return Json(to_name(target)); };
    out_.push_back(std::move(ref));
  }

 private:
  FieldRef base(const char* name, const char* help, std::string type, std::string allowed,
                std::vector<std::string> aliases) const {
    FieldRef ref;
    ref.section = section_;
    ref.name = name;
    ref.help = help;
    ref.type = std::move(type);
    ref.allowed = std::move(allowed);
    ref.aliases = std::move(aliases);
    return ref;
  }

  std::string section_;
  std::vector<FieldRef>& out_;
};

}  // namespace slovo
