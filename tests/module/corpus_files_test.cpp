#include "data/corpus_files.h"

#include "data_helpers.h"

namespace slovo {
namespace {

using testing::error_text;
using testing::gzip;
using testing::TempFolder;
using ::testing::Test;

std::vector<std::string> names(const std::vector<CorpusFile>& files, const TempFolder& folder) {
  std::vector<std::string> out;
  for (const CorpusFile& file : files) {
    out.push_back(std::filesystem::relative(file.path, folder.path()).string());
  }
  return out;
}

TEST(SourceSpec, OnlyANumberAtTheEndIsAWeight) {
  EXPECT_EQ(parse_source_spec("a.txt").path, "a.txt");
  EXPECT_FALSE(parse_source_spec("a.txt").weight);
  EXPECT_EQ(parse_source_spec("a.txt=0.3").path, "a.txt");
  EXPECT_DOUBLE_EQ(*parse_source_spec("a.txt=0.3").weight, 0.3);
  EXPECT_EQ(parse_source_spec("year=1837/a.txt").path, "year=1837/a.txt");
  EXPECT_EQ(parse_source_spec("year=1837/a.txt=2").path, "year=1837/a.txt");
  EXPECT_EQ(parse_source_spec("a=b=2e-1").path, "a=b");
  EXPECT_EQ(parse_source_spec("a=1x").path, "a=1x");
  EXPECT_EQ(parse_source_spec("=3").path, "=3");
  EXPECT_EQ(parse_source_spec("a=").path, "a=");
}

TEST(SourceSpec, APathThatExistsIsAPath) {
  const TempFolder folder;
  folder.write("shard=7", "text");
  EXPECT_EQ(parse_source_spec(folder / "shard=7").path, folder / "shard=7");
}

TEST(SourceSpec, RefusesWeightsThatAreNotAboveZero) {
  for (const char* weight : {"0", "-1", "inf", "nan"}) {
    const std::string text = error_text([&] { parse_source_spec(cat("a.txt=", weight)); });
    EXPECT_NE(text.find(cat("--data a.txt=", weight, ": a weight must be a number above 0")),
              std::string::npos)
        << text;
  }
}

TEST(GlobMatch, StarsAndQuestionMarks) {
  EXPECT_TRUE(glob_match("*.txt", "a.txt"));
  EXPECT_TRUE(glob_match("*.txt", ".txt"));
  EXPECT_FALSE(glob_match("*.txt", "a.txt.gz"));
  EXPECT_TRUE(glob_match("a*b*c", "aXbXbXc"));
  EXPECT_FALSE(glob_match("a*b*c", "aXbXbX"));
  EXPECT_TRUE(glob_match("??", "да"));
  EXPECT_FALSE(glob_match("??", "дай"));
  EXPECT_TRUE(glob_match("*й", "дай"));
  EXPECT_TRUE(glob_match("**", ""));
}

TEST(ResolveFiles, AFolderIsSearchedInOrder) {
  const TempFolder folder;
  for (const char* name : {"б/в.txt", "б/а.jsonl", "a.txt", "z.txt.gz", "w.raw", ".hidden.txt",
                           ".git/x.txt", "README.md", "table.csv", "B.TXT"}) {
    folder.write(name, "x");
  }
  EXPECT_EQ(
      names(resolve_files(folder.path()), folder),
      (std::vector<std::string>{"B.TXT", "a.txt", "w.raw", "z.txt.gz", "б/а.jsonl", "б/в.txt"}));
  const auto files = resolve_files(folder / "б");
  EXPECT_EQ(files[0].format, TextFormat::jsonl);
  EXPECT_EQ(files[1].format, TextFormat::text);
  EXPECT_FALSE(files[0].named);
}

TEST(ResolveFiles, EndingsDecideTheForm) {
  const TempFolder folder;
  const CorpusFile jsonl = resolve_files(folder.write("a.jsonl.gz", "x")).at(0);
  EXPECT_EQ(jsonl.format, TextFormat::jsonl);
  EXPECT_EQ(jsonl.compression, Compression::gzip);
  EXPECT_TRUE(jsonl.named);
  for (const char* name : {"a.md", "notes", "a.txt", "история.raw"}) {
    const CorpusFile text = resolve_files(folder.write(name, "x")).at(0);
    EXPECT_EQ(text.format, TextFormat::text) << name;
    EXPECT_EQ(text.compression, Compression::none) << name;
  }
}

TEST(ResolveFiles, Globs) {
  const TempFolder folder;
  for (const char* name : {"a/1.txt", "a/2.txt", "a/b/3.txt", "a/b/c/4.jsonl", "a/doc.md",
                           "a/table.csv", "a/.x/5.txt"}) {
    folder.write(name, "x");
  }
  const auto match = [&](const char* pattern) {
    return names(resolve_files(folder / pattern), folder);
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(match("a/*.txt"), (Names{"a/1.txt", "a/2.txt"}));
  EXPECT_EQ(match("a/?.txt"), (Names{"a/1.txt", "a/2.txt"}));
  EXPECT_EQ(match("a/**/*.txt"), (Names{"a/1.txt", "a/2.txt", "a/b/3.txt"}));
  EXPECT_EQ(match("a/**"), (Names{"a/1.txt", "a/2.txt", "a/b/3.txt", "a/b/c/4.jsonl"}));
  EXPECT_EQ(match("*/b"), (Names{"a/b/3.txt", "a/b/c/4.jsonl"}));
  EXPECT_EQ(match("a/*"), (Names{"a/1.txt", "a/2.txt", "a/b/3.txt", "a/b/c/4.jsonl"}));
  EXPECT_EQ(match("a/*.md"), (Names{"a/doc.md"}));
}

TEST(ResolveFiles, AGlobCharacterInANameIsTakenAsItStands) {
  const TempFolder folder;
  folder.write("what?.txt", "x");
  folder.write("whatX.txt", "x");
  EXPECT_EQ(names(resolve_files(folder / "what?.txt"), folder),
            (std::vector<std::string>{"what?.txt"}));
}

TEST(ResolveFiles, SaysWhatIsMissing) {
  const TempFolder folder;
  folder.write("input.txt", "x");
  EXPECT_EQ(error_text([&] { resolve_files(folder / "imput.txt"); }),
            cat(folder / "imput.txt", ": no such file or folder (did you mean \"input.txt\"?)"));
  EXPECT_EQ(error_text([&] { resolve_files(folder / "none/input.txt"); }),
            cat(folder / "none/input.txt", ": no such file: there is no folder ", folder / "none"));
  EXPECT_NE(error_text([&] {
              resolve_files(folder / "*.jsonl");
            }).find("/*.jsonl: no text file matches (a glob takes"),
            std::string::npos);
  make_folder(folder / "empty");
  EXPECT_NE(error_text([&] {
              resolve_files(folder / "empty");
            }).find("empty: the folder holds no .txt or .jsonl"),
            std::string::npos);
  EXPECT_NE(error_text([&] {
              resolve_files(folder.write("a.csv", "x"));
            }).find("a.csv: .csv is not a text form slovo reads; convert"),
            std::string::npos);
  EXPECT_NE(error_text([&] {
              resolve_files("/dev/null");
            }).find("/dev/null: is neither a file nor a folder"),
            std::string::npos);
  EXPECT_NE(error_text([&] { resolve_files(""); }).find("an empty path"), std::string::npos);
}

TEST(HashFiles, DependsOnBytesOnly) {
  const TempFolder folder;
  folder.write("a.txt", "слово");
  folder.write("b.txt", "слово");
  folder.write("c.txt", "слова");
  auto files = resolve_files(folder.path());
  hash_files(files, 2);
  EXPECT_EQ(files[0].hash, files[1].hash);
  EXPECT_NE(files[0].hash, files[2].hash);
  EXPECT_EQ(files[0].bytes, 10);
}

TEST(ByteStream, ReadsSeveralMembersAndLongFiles) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 200000; ++i) text += cat(i, " ");
  const std::string path = folder.write("a.gz", gzip(text) + gzip("") + gzip("end"));
  ByteStream stream(path, Compression::gzip);
  std::string out;
  while (stream.read(out)) {
  }
  EXPECT_EQ(out, text + "end");
  EXPECT_EQ(stream.hash(), hash_file(path));
  EXPECT_EQ(stream.consumed(), static_cast<int64_t>(std::filesystem::file_size(path)));
}

TEST(ByteStream, RefusesDamagedGzip) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += cat(i * i, " ");
  const std::string whole = gzip(text);
  const auto read_all = [&](const std::string& bytes) {
    const std::string path = folder.write("a.gz", bytes);
    return error_text([&] {
      ByteStream stream(path, Compression::gzip);
      std::string out;
      while (stream.read(out)) {
      }
    });
  };
  EXPECT_EQ(read_all(whole), "");
  for (size_t kept : {size_t{1}, size_t{12}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_NE(read_all(whole.substr(0, kept)).find("the gzip data is cut short after"),
              std::string::npos)
        << kept;
  }
  std::string flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // inside the checksum
  EXPECT_NE(read_all(flipped).find("damaged gzip data near byte"), std::string::npos);
  EXPECT_NE(read_all("just text").find("drop .gz from its name"), std::string::npos);
  EXPECT_NE(read_all(whole + "tail").find("damaged gzip data"), std::string::npos);
}

}  // namespace
}  // namespace slovo
