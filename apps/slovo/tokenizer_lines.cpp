#include "tokenizer_lines.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/error.h"

namespace slovo {
namespace {

void read_stream(std::istream& input, const std::string& name,
                 const std::function<void(const std::string&, const std::string&)>& use) {
  std::string line;
  for (int64_t number = 1; std::getline(input, line); ++number) use(line, cat(name, ":", number));
}

}  // namespace

void read_lines(const std::vector<std::string>& files, bool whole,
                const std::function<void(const std::string& text, const std::string& where)>& use) {
  std::string all;
  const std::vector<std::string> from_stdin{"-"};
  const auto& names = files.empty() ? from_stdin : files;
  for (const std::string& name : names) {
    std::ifstream file;
    if (name != "-") {
      file.open(name, std::ios::binary);
      if (!file || std::filesystem::is_directory(name))
        throw_data(name, ": cannot be read; give a text file, or - for stdin");
    }
    std::istream& input = name == "-" ? std::cin : file;
    if (whole) {
      all.append(std::istreambuf_iterator<char>(input), {});
    } else {
      read_stream(input, name == "-" ? "stdin" : name, use);
    }
  }
  if (whole) use(all, names.size() > 1 ? "the input" : names[0] == "-" ? "stdin" : names[0]);
}

}  // namespace slovo
