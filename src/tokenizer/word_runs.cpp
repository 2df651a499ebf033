#include "tokenizer/word_runs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <queue>

#include "core/error.h"

namespace slovo {
namespace {

std::filesystem::path folder() { return std::filesystem::temp_directory_path(); }

[[noreturn]] void throw_failed(const char* what) {
  throw_io(folder().string(), ": cannot ", what,
           " word counts that do not fit in --max-memory: ", std::strerror(errno),
           "; free space there, or set TMPDIR to a folder with more");
}

}  // namespace

struct RunRecord {
  uint32_t size;
  int64_t count;
};

class WordRuns::Writer {
 public:
  explicit Writer(std::FILE* file) : file_(file) {}
  void write(std::string_view word, int64_t count) {
    const RunRecord record{static_cast<uint32_t>(word.size()), count};
    if (std::fwrite(&record, sizeof record, 1, file_) != 1 ||
        std::fwrite(word.data(), 1, word.size(), file_) != word.size())
      throw_failed("write");
  }
  void finish() {
    if (std::fflush(file_) != 0) throw_failed("write");
  }

 private:
  std::FILE* file_;
};

class WordRuns::Reader {
 public:
  explicit Reader(std::FILE* file) : file_(file) { std::rewind(file_); }
  /// Goes to the next word; false at the end.
  bool next() {
    RunRecord record{};
    if (std::fread(&record, sizeof record, 1, file_) != 1) {
      if (std::ferror(file_) != 0) throw_failed("read");
      return false;
    }
    word_.resize(record.size);
    count_ = record.count;
    if (std::fread(word_.data(), 1, word_.size(), file_) != word_.size()) throw_failed("read");
    return true;
  }
  const std::string& word() const { return word_; }
  int64_t count() const { return count_; }

 private:
  std::FILE* file_;
  std::string word_;
  int64_t count_ = 0;
};

WordRuns::File WordRuns::temporary_file() {
  std::string name = (folder() / "slovo-words-XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) throw_failed("write");
  ::unlink(name.c_str());  // gone with the process, however it ends
  File file(::fdopen(descriptor, "w+b"));
  if (!file) throw_failed("write");
  std::setvbuf(file.get(), nullptr, _IOFBF, kReadingBytes / kMostFiles);
  return file;
}

void WordRuns::add(const WordCounts& words) {
  if (files_.size() + 1 >= kMostFiles) join();
  File file = temporary_file();
  Writer writer(file.get());
  words.for_each_sorted([&](std::string_view word, int64_t count) { writer.write(word, count); });
  writer.finish();
  files_.push_back(std::move(file));
}

void WordRuns::join() {
  File file = temporary_file();
  Writer writer(file.get());
  for_each([&](std::string_view word, int64_t count) { writer.write(word, count); });
  writer.finish();
  files_.clear();
  files_.push_back(std::move(file));
}

void WordRuns::for_each(const WordVisitor& visit) {
  std::vector<Reader> readers;
  for (const File& file : files_) readers.emplace_back(file.get());
  const auto later = [](const Reader* a, const Reader* b) { return a->word() > b->word(); };
  std::priority_queue<Reader*, std::vector<Reader*>, decltype(later)> queue(later);
  for (Reader& reader : readers) {
    if (reader.next()) queue.push(&reader);
  }
  std::string word;
  while (!queue.empty()) {
    word = queue.top()->word();
    int64_t count = 0;
    while (!queue.empty() && queue.top()->word() == word) {
      Reader* reader = queue.top();
      queue.pop();
      count += reader->count();
      if (reader->next()) queue.push(reader);
    }
    visit(word, count);
  }
}

}  // namespace slovo
