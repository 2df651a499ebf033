// Word counts that do not fit in memory: sorted runs in temporary files, merged when they are read.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/word_counts.h"

namespace slovo {

using WordVisitor = std::function<void(std::string_view word, int64_t count)>;
using WordSource = std::function<void(const WordVisitor& visit)>;

class WordRuns {
 public:
  /// Most bytes that reading the runs takes.
  static constexpr size_t kReadingBytes = size_t{2} << 20;

  bool empty() const { return files_.empty(); }
  /// Writes the words as one more run. Throws Error(io) when the disk is full.
  void add(const WordCounts& words);
  /// Visits every word once, in the order of their bytes, with its count over all runs.
  void for_each(const WordVisitor& visit);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, CloseFile>;
  class Reader;
  class Writer;

  /// Joins all runs to one, so that no more files than kMostFiles are open.
  void join();
  static File temporary_file();

  static constexpr size_t kMostFiles = 32;
  std::vector<File> files_;
};

}  // namespace slovo
