#include "data/corpus.h"

#include <random>

#include "data/text_check.h"
#include "data_helpers.h"

namespace slovo {
namespace {

using testing::error_text;
using testing::gzip;
using testing::TempFolder;

using Texts = std::vector<std::string>;

Texts read_all(const std::string& path, const TextForm& form = {}) {
  Texts out;
  read_documents(resolve_files(path), form,
                 [&](std::string_view text, const DocumentSource&) { out.emplace_back(text); });
  return out;
}

std::string read_error(const std::string& path, const TextForm& form = {}) {
  return error_text([&] { read_all(path, form); });
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReadDocuments, AWholeTextFileIsOneDocumentKeptAsItIs) {
  const TempFolder folder;
  const std::string text = "Мороз и солнце;\r\nдень чудесный!\n\n";
  EXPECT_EQ(read_all(folder.write("стихи.txt", text)), Texts{text});
  EXPECT_EQ(read_all(folder.write("стихи.txt.gz", gzip(text))), Texts{text});
}

TEST(ReadDocuments, DropsAByteOrderMark) {
  const TempFolder folder;
  EXPECT_EQ(read_all(folder.write("a.txt", "\xEF\xBB\xBFслово")), Texts{"слово"});
  EXPECT_EQ(read_all(folder.write("a.jsonl", "\xEF\xBB\xBF{\"text\": \"слово\"}\n")),
            Texts{"слово"});
  EXPECT_TRUE(holds(read_error(folder.write("b.txt", "\xEF\xBB\xBF")), "b.txt: holds no text"));
}

TEST(ReadDocuments, SplitsAtTheSeparator) {
  const TempFolder folder;
  const TextForm form{"text", "<|endoftext|>"};
  const std::string path = folder.write(
      "a.txt", "one\n<|endoftext|>\ntwo<|endoftext|><|endoftext|>\n \n<|endoftext|>three");
  EXPECT_EQ(read_all(path, form), (Texts{"one\n", "\ntwo", "three"}));
}

TEST(ReadDocuments, FindsSeparatorsAcrossChunkBorders) {
  const TempFolder folder;
  const std::string separator = "<|конец|>";
  std::string text;
  Texts expected;
  for (int i = 0; i < 3000;
       ++i) {  // 1.2 MB: every position of the separator meets a border of 256 KiB sooner or later
    expected.push_back(cat(i, ":", std::string(static_cast<size_t>(300 + i % 97), 'x')));
    text += expected.back() + separator;
  }
  EXPECT_EQ(read_all(folder.write("a.txt", text), {"text", separator}), expected);
  for (size_t shift = 0; shift <= separator.size(); ++shift) {
    const std::string first((size_t{1} << 18) - shift, 'y');
    EXPECT_EQ(read_all(folder.write("b.txt", first + separator + "end"), {"text", separator}),
              (Texts{first, "end"}))
        << shift;
  }
}

TEST(ReadDocuments, JsonlGivesTheFieldOfEachLine) {
  const TempFolder folder;
  const std::string lines =
      "{\"text\": \"раз\\nдва\", \"id\": 1}\r\n\n{\"id\": 2, \"text\": \"\"}\n{\"text\": "
      "\"\\u0441\\ud83d\\ude00\"}";
  EXPECT_EQ(read_all(folder.write("a.jsonl", lines)), (Texts{"раз\nдва", "с😀"}));
  EXPECT_EQ(read_all(folder.write("a.jsonl.gz", gzip(lines))), (Texts{"раз\nдва", "с😀"}));
  EXPECT_EQ(read_all(folder.write("b.jsonl", "{\"body\": \"x\"}"), {"body", ""}), Texts{"x"});
}

TEST(ReadDocuments, KnowsWhereADocumentCameFrom) {
  const TempFolder folder;
  folder.write("a.txt", "one|two");
  folder.write("b.jsonl", "\n{\"text\": \"three\"}\n");
  const auto files = resolve_files(folder.path());
  Texts places;
  read_documents(files, {"text", "|"}, [&](std::string_view, const DocumentSource& where) {
    places.push_back(describe(files, where));
  });
  EXPECT_EQ(places, (Texts{folder / "a.txt, document 1", folder / "a.txt, document 2",
                           folder / "b.jsonl:2"}));
}

TEST(ReadDocuments, NamesFileLineAndFieldsOfAnUnfitLine) {
  const TempFolder folder;
  const auto error = [&](const std::string& line) {
    const std::string text =
        read_error(folder.write("a.jsonl", "{\"text\": \"fine\"}\n" + line + "\n"));
    EXPECT_TRUE(text.starts_with(cat(folder / "a.jsonl", ":2: "))) << text;
    return text;
  };
  EXPECT_TRUE(holds(error("{\"content\": \"x\", \"id\": 7}"),
                    "has no field \"text\"; it has content, id: name the field of the text by "
                    "--data.text_field"));
  EXPECT_TRUE(holds(error("{\"txet\": \"x\"}"), "(did you mean \"txet\"?)"));
  EXPECT_TRUE(holds(error("{}"), "it has none"));
  EXPECT_TRUE(
      holds(error("{\"text\": 5}"), "field \"text\" is of type number; it must be a string"));
  EXPECT_TRUE(holds(error("{\"text\": null}"), "field \"text\" is null; it must be a string"));
  EXPECT_TRUE(
      holds(error("[1]"),
            "is an array; each line of a .jsonl file must be one object with the field \"text\""));
  EXPECT_TRUE(holds(error("7"), "is a bare value"));
  EXPECT_TRUE(holds(error("{\"text\": \"x\""), "not valid JSON"));
  EXPECT_TRUE(holds(error("{\"text\": \"x\"} {}"), "not valid JSON"));
  EXPECT_TRUE(holds(error("{\"text\": \"\\ud800\"}"), "not valid JSON"));
  EXPECT_TRUE(holds(error("{\"text\": \"x\", \"n\": 1e999}"), "not valid JSON"));
  EXPECT_TRUE(holds(error("{\"text\": \"x\", \"text\": \"y\"}"), "key \"text\" is given twice"));
}

TEST(ReadDocuments, EmptyFiles) {
  const TempFolder folder;
  EXPECT_TRUE(holds(read_error(folder.write("a.txt", "")), "a.txt: holds no text; leave it out"));
  EXPECT_TRUE(holds(read_error(folder.write("b.txt", " \n\t")), "b.txt: holds no text"));
  EXPECT_TRUE(holds(read_error(folder.write("c.jsonl", "\n\n")), "c.jsonl: holds no text"));
  EXPECT_TRUE(holds(read_error(folder.path()), "a.txt and 2 more: hold no text"));
  folder.write("d.txt", "text");
  log::set_level(LogLevel::off);
  EXPECT_EQ(read_all(folder.path()), Texts{"text"});
  log::set_level(LogLevel::info);
}

TEST(ReadDocuments, WarnsOfASeparatorThatDoesNotOccur) {
  const TempFolder folder;
  const std::string path = folder.write("a.txt", "one\n\ntwo");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(read_all(path, {"text", "\n\n"}), (Texts{"one", "two"}));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(read_all(path, {"text", "\n\n\n"}), Texts{"one\n\ntwo"});
  EXPECT_TRUE(holds(::testing::internal::GetCapturedStderr(),
                    "a.txt: data.document_separator \"\\n\\n\\n\" does not occur: the whole file "
                    "is one document"));
}

TEST(ReadDocuments, RefusesAFileThatChangedSinceItWasHashed) {
  const TempFolder folder;
  auto files = resolve_files(folder.write("a.txt", "one"));
  hash_files(files, 1);
  folder.write("a.txt", "two");
  EXPECT_TRUE(holds(error_text([&] {
                      read_documents(files, {}, [](std::string_view, const DocumentSource&) {});
                    }),
                    "a.txt: changed while it was read"));
}

TEST(ReadDocuments, RefusesTextThatIsNotUtf8) {
  const TempFolder folder;
  const std::string cp1251 = "line one\n\xcc\xee\xf0\xee\xe7 \xe8 \xf1\xee\xeb\xed\xf6\xe5\n";
  EXPECT_EQ(
      read_error(folder.write("a.txt", cp1251)),
      cat(folder / "a.txt",
          ":2: byte 10 (0xCC) is not UTF-8; it looks like cp1251 (Windows Cyrillic): convert it by "
          "iconv -f cp1251 -t utf-8 ",
          folder / "a.txt", " > utf8-a.txt"));
  EXPECT_TRUE(holds(read_error(folder.write("b c.txt.gz", gzip(cp1251))),
                    cat("zcat '", folder / "b c.txt.gz",
                        "' | iconv -f cp1251 -t utf-8 | gzip > 'utf8-b c.txt.gz'")));
  const std::string line = read_error(
      folder.write("d.jsonl", "{\"text\": \"\xef\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0\"}\n"));
  EXPECT_TRUE(holds(line, "d.jsonl:1: byte 11 (0xEF) is not UTF-8; it looks like cp1251")) << line;
  const std::string nul =
      read_error(folder.write("e.txt", std::string("binary\0data, more of it", 23)));
  EXPECT_TRUE(
      holds(nul, "e.txt:1: byte 7 (0x00) is NUL, which no text holds; it looks like binary data"))
      << nul;
  const std::string cut = read_error(folder.write("f.txt", "слово и дел\xd0"));
  EXPECT_TRUE(holds(cut,
                    "f.txt:1: byte 21 (0xD0) is not UTF-8; the file ends in the middle of a "
                    "character: it was cut short"))
      << cut;
}

TEST(ReadDocuments, NamesTheByteInALongFile) {
  const TempFolder folder;
  std::string text;
  while (text.size() < 700000) text += "слово за словом\n";
  const size_t bad = text.size();
  const auto lines = std::count(text.begin(), text.end(), '\n');
  text += "\xff и дальше\n";
  const std::string error = read_error(folder.write("a.txt", text));
  EXPECT_TRUE(
      holds(error, cat("a.txt:", lines + 1, ": byte ", with_commas(static_cast<int64_t>(bad) + 1),
                       " (0xFF) is not UTF-8; the rest looks like UTF-8: drop damaged bytes by "
                       "iconv -c -f utf-8")))
      << error;
}

TEST(ReadDocuments, RefusesTheSharedCp1251File) {
  SLOVO_SHARED_DATA(sample, "pretrain/non_utf8_sample");
  const std::string error = read_error(sample);
  EXPECT_TRUE(holds(error,
                    "is not UTF-8; it looks like cp1251 (Windows Cyrillic): convert it by iconv -f "
                    "cp1251 -t utf-8 "))
      << error;
}

TEST(GuessEncoding, TellsEncodingsApart) {
  const auto guess = [](const std::string& bytes) {
    return guess_encoding(std::string_view(bytes).substr(0, 16), bytes).iconv;
  };
  EXPECT_EQ(guess("\xcc\xee\xf0\xee\xe7 \xe8 \xf1\xee\xeb\xed\xf6\xe5"), "cp1251");
  EXPECT_EQ(guess("\xed\xcf\xd2\xcf\xda \xc9 \xd3\xcf\xcc\xce\xc3\xc5"), "koi8-r");
  EXPECT_EQ(guess("\x8c\xae\xe0\xae\xa7 \xa8 \xe1\xae\xab\xad\xe6\xa5"), "cp866");
  EXPECT_EQ(guess("un caf\xe9 tr\xe8s serr\xe9, s'il vous pla\xeet"), "latin1");
  EXPECT_EQ(guess("a \x93quoted\x94 word in a caf\xe9 somewhere"), "cp1252");
  EXPECT_EQ(guess(std::string("\xff\xfeh\0i\0", 6)), "utf-16");
  EXPECT_EQ(guess(std::string("h\0e\0l\0l\0o\0", 10)), "utf-16le");
  EXPECT_EQ(guess(std::string("\0h\0e\0l\0l\0o", 10)), "utf-16be");
  EXPECT_EQ(guess_encoding("\x1f\x8b\x08", "\x1f\x8b\x08").name,
            "gzip data: its name must end in .gz");
  EXPECT_EQ(guess_encoding("PK\x03\x04", "PK\x03\x04\xff").name, "a zip archive: unpack it");
}

TEST(OpenCorpus, LeavesValidationFilesAndRepeatsOut) {
  const TempFolder folder;
  folder.write("a.txt", "train");
  folder.write("b.txt", "held out");
  DataConfig config;
  log::set_level(LogLevel::off);
  config.paths = {folder.path().string(), folder / "a.txt", folder / "c*"};
  EXPECT_TRUE(holds(error_text([&] { open_corpus(config, 1); }), "no text file matches"));
  config.paths = {folder.path().string(), folder / "a.txt"};
  EXPECT_TRUE(holds(error_text([&] { open_corpus(config, 1); }),
                    "a.txt: no file is left of it: is given twice"));
  config.paths = {folder.path().string()};
  config.valid = {folder / "b.txt"};
  const Corpus corpus = open_corpus(config, 1);
  log::set_level(LogLevel::info);
  ASSERT_EQ(corpus.train.at(0).files.size(), 1U);
  EXPECT_EQ(corpus.train[0].files[0].path.filename(), "a.txt");
  EXPECT_EQ(corpus.valid.at(0).files.size(), 1U);
  Texts texts;
  corpus.texts()([&](std::string_view text) { texts.emplace_back(text); });
  EXPECT_EQ(texts, Texts{"train"});
  const Json prints = corpus.fingerprints();
  ASSERT_EQ(prints.size(), 2U);
  EXPECT_EQ(prints[0]["split"], "train");
  EXPECT_EQ(prints[1]["path"], folder / "b.txt");
  EXPECT_EQ(prints[1]["hash"], hash_file(folder / "b.txt"));
}

TEST(OpenCorpus, RefusesNoPathsAndWeightedValidation) {
  const TempFolder folder;
  const std::string path = folder.write("a.txt", "train");
  DataConfig config;
  EXPECT_TRUE(holds(error_text([&] { open_corpus(config, 1); }),
                    "data.paths is empty; give text by --data FILE"));
  config.paths = {path};
  config.valid = {folder.write("b.txt", "valid") + "=2"};
  EXPECT_TRUE(
      holds(error_text([&] { open_corpus(config, 1); }), "b.txt=2: validation text has no weight"));
  config.valid = {path};
  log::set_level(LogLevel::off);
  EXPECT_TRUE(holds(error_text([&] { open_corpus(config, 1); }),
                    "no file is left of it: is validation text too"));
  log::set_level(LogLevel::info);
}

/// Random damage to lines: every input is read, or refused with the file's name; never anything
/// else.
TEST(ReadDocuments, FuzzedLinesAreReadOrRefused) {
  const TempFolder folder;
  const std::string path = folder / "fuzz.jsonl";
  std::mt19937_64 random(20261124);
  const std::vector<std::string> pieces = {"{",
                                           "}",
                                           "\"text\"",
                                           ":",
                                           "\"слово\"",
                                           "\"a\\n\"",
                                           "\\u12",
                                           "\\ud83d",
                                           "\n",
                                           " ",
                                           "[",
                                           "]",
                                           ",",
                                           "1e999",
                                           "-",
                                           "null",
                                           "true",
                                           "\xff",
                                           "\xd0",
                                           std::string(1, '\0'),
                                           "{\"text\":\"x\"}",
                                           "\"",
                                           "\r\n",
                                           "{\"text\":\"да\",\"n\":[{}]}"};
  int read = 0;
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = random() % 2 == 0 ? "{\"text\": \"хорошо\"}\n" : "";
    for (auto n = random() % 8; n > 0; --n) text += pieces[random() % pieces.size()];
    if (!text.empty() && random() % 4 == 0)
      text[random() % text.size()] = static_cast<char>(random());
    std::filesystem::remove(path);  // writing over a file would wait for the disk
    std::FILE* file = std::fopen(path.c_str(), "wb");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    const std::string error = read_error(path);
    error.empty() ? ++read : ++refused;
    ASSERT_TRUE(error.empty() || error.starts_with(path)) << error;
    ASSERT_EQ(error.find('\n'), std::string::npos) << error;
  }
  EXPECT_GT(read, 500);
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace slovo
