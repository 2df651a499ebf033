#include "data/shards.h"

#include <sys/wait.h>

#include <csignal>
#include <set>

#include "core/interrupt.h"
#include "data/pretrain_data.h"
#include "data_helpers.h"

namespace slovo {
namespace {

using testing::ByteTokenizer;
using testing::error_text;
using testing::TempFolder;

std::vector<int64_t> all_tokens(const TokenShards& shards) {
  std::vector<int64_t> out(static_cast<size_t>(shards.tokens()));
  shards.copy(0, shards.tokens(), out.data());
  return out;
}

std::vector<CorpusFile> hashed(const std::string& path) {
  auto files = resolve_files(path);
  hash_files(files, 1);
  return files;
}

/// Quiet tests with a corpus of two files and a cache.
class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    log::set_level(LogLevel::off);
    folder_.write("text/a.txt", "ab|c");
    folder_.write("text/b.jsonl", "\n{\"text\": \"de\"}\n");
  }
  void TearDown() override { log::set_level(LogLevel::info); }

  std::shared_ptr<const TokenShards> open(const Tokenizer& tokenizer,
                                          TextForm form = {"text", "|"}) const {
    return open_shards(folder_ / "cache", hashed(folder_ / "text"), form, tokenizer, 2);
  }
  std::filesystem::path only_shards() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cache"))
      found.push_back(entry.path() / "shards");
    EXPECT_EQ(found.size(), 1U);
    return found.at(0);
  }

  TempFolder folder_;
};

TEST_F(Shards, HoldTokensDocumentsAndPlaces) {
  const ByteTokenizer tokenizer;
  const auto shards = open(tokenizer);
  EXPECT_EQ(all_tokens(*shards), (std::vector<int64_t>{'a', 'b', 256, 'c', 256, 'd', 'e', 256}));
  ASSERT_EQ(shards->documents(), 3);
  EXPECT_EQ(shards->begin(1), 3);
  EXPECT_EQ(shards->end(1), 5);
  EXPECT_EQ(shards->end(2), 8);
  EXPECT_EQ(shards->end_of_text(), 256);
  EXPECT_EQ(shards->describe(1), cat(folder_ / "text/a.txt", ", document 2"));
  EXPECT_EQ(shards->describe(2), cat(folder_ / "text/b.jsonl", ":2"));
}

TEST_F(Shards, WithoutEndOfText) {
  const auto shards = open(ByteTokenizer(false));
  EXPECT_EQ(all_tokens(*shards), (std::vector<int64_t>{'a', 'b', 'c', 'd', 'e'}));
  EXPECT_FALSE(shards->end_of_text());
}

TEST_F(Shards, LargeVocabulariesAreWide) {
  const auto shards = open(ByteTokenizer(true, 65537));
  EXPECT_EQ(all_tokens(*shards),
            (std::vector<int64_t>{'a', 'b', 65536, 'c', 65536, 'd', 'e', 65536}));
  const auto narrow = open(ByteTokenizer(true, 65536));
  EXPECT_EQ(all_tokens(*narrow)[2], 65535);
}

TEST_F(Shards, AreTokenisedOnce) {
  const ByteTokenizer tokenizer;
  const auto first = open(tokenizer);
  EXPECT_EQ(tokenizer.encoded, 3);
  const auto second = open(tokenizer);
  EXPECT_EQ(tokenizer.encoded, 3);
  EXPECT_EQ(all_tokens(*first), all_tokens(*second));
  folder_.write("text/a.txt", "ab|c");  // written anew with the same bytes: still the same text
  open(tokenizer);
  EXPECT_EQ(tokenizer.encoded, 3);
}

TEST_F(Shards, AnythingThatDecidesTheTokensMakesAnotherKey) {
  const ByteTokenizer tokenizer;
  const auto files = hashed(folder_ / "text");
  const TextForm form{"text", "|"};
  std::set<std::string> keys{shards_key(files, form, tokenizer)};
  const auto differs = [&](const std::string& key) { return keys.insert(key).second; };
  EXPECT_FALSE(differs(shards_key(files, form, ByteTokenizer())));
  EXPECT_TRUE(differs(shards_key(files, {"body", "|"}, tokenizer)));
  EXPECT_TRUE(differs(shards_key(files, {"text", ""}, tokenizer)));
  EXPECT_TRUE(differs(shards_key(files, form, ByteTokenizer(false))));
  EXPECT_TRUE(differs(shards_key({files[1], files[0]}, form, tokenizer)));
  EXPECT_TRUE(differs(shards_key({files[0]}, form, tokenizer)));
  auto as_text = files;
  as_text[1].format = TextFormat::text;
  EXPECT_TRUE(differs(shards_key(as_text, form, tokenizer)));
  folder_.write("text/a.txt", "ab|d");
  EXPECT_TRUE(differs(shards_key(hashed(folder_ / "text"), form, tokenizer)));
}

TEST_F(Shards, ADamagedCacheIsNeverUsed) {
  const ByteTokenizer tokenizer;
  const auto expected = all_tokens(*open(tokenizer));
  const std::filesystem::path place = only_shards();
  int encoded = tokenizer.encoded;
  for (const char* name : {"tokens.bin", "documents.bin", "header.json"}) {
    const std::string whole = read_file(place / name);
    std::string flipped = whole;
    flipped[whole.size() / 2] ^= 4;
    for (const std::string& damaged :
         {flipped, whole.substr(0, whole.size() - 3), whole + "more", std::string()}) {
      write_file(place / name, damaged);
      const std::string key = place.parent_path().filename().string();
      EXPECT_EQ(all_tokens(*open(tokenizer)), expected);
      if (std::string(name) != "header.json" || damaged != flipped) {
        EXPECT_GT(tokenizer.encoded, encoded)
            << name << " of " << damaged.size() << " bytes was used";
      }
      encoded = tokenizer.encoded;
    }
    std::filesystem::remove(place / name);
    EXPECT_EQ(all_tokens(*open(tokenizer)), expected);
    EXPECT_GT(tokenizer.encoded, encoded) << "without " << name;
    encoded = tokenizer.encoded;
  }
}

TEST_F(Shards, SaysWhatIsWrongWithACache) {
  const ByteTokenizer tokenizer;
  open(tokenizer);
  const std::filesystem::path place = only_shards();
  const auto problem = [&](const std::string& key) {
    return error_text([&] { TokenShards(place, key, hashed(folder_ / "text")); });
  };
  const std::string key = place.parent_path().filename().string();
  EXPECT_EQ(problem(key), "");
  EXPECT_EQ(problem("other"),
            cat(place.string(), ": cached tokens are of other text or another tokenizer"));
  const std::string tokens = read_file(place / "tokens.bin");
  write_file(place / "tokens.bin", tokens.substr(2));
  EXPECT_EQ(problem(key), cat(place.string(), ": cached tokens are cut short"));
  write_file(place / "tokens.bin", std::string(tokens.size(), 'x'));
  EXPECT_EQ(problem(key), cat(place.string(), ": cached tokens are damaged"));
}

TEST_F(Shards, AnErrorOfTheTokenizerNamesTheDocument) {
  folder_.write("text/b.jsonl", "{\"text\": \"fine\"}\n{\"text\": \"☃\"}\n");
  EXPECT_EQ(error_text([&] { open(ByteTokenizer()); }),
            cat(folder_ / "text/b.jsonl", ":2: no token for it"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "cache")) {
    EXPECT_EQ(entry.path().string().find("slovo-tmp"), std::string::npos) << entry.path();
  }
}

/// Runs `body` in a process of its own; its exit status.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Shards, AKilledWriterLeavesNothingThatIsUsed) {
  class Stuck : public ByteTokenizer {
    std::vector<TokenId> encode_ordinary(std::string_view text, int threads) const override {
      if (text == "de") raise(SIGKILL);
      return ByteTokenizer::encode_ordinary(text, threads);
    }
  };
  ASSERT_EQ(in_child([&] { return open(Stuck())->documents() > 0 ? 0 : 1; }), -1);
  const ByteTokenizer tokenizer;
  EXPECT_EQ(open(tokenizer)->tokens(), 8);
  EXPECT_EQ(tokenizer.encoded, 3);
  for (const auto& entry : std::filesystem::directory_iterator(only_shards().parent_path())) {
    EXPECT_EQ(entry.path().string().find("slovo-tmp"), std::string::npos) << entry.path();
  }
}

TEST_F(Shards, ProcessesThatNeedTheSameTextWaitForEachOther) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += cat("document ", i, "|");
  folder_.write("text/a.txt", text);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      const ByteTokenizer tokenizer;
      const auto shards = open(tokenizer);
      // 1: made the shards, 0: found those of another process.
      _exit(shards->documents() != 5001 ? 2 : tokenizer.encoded > 0 ? 1 : 0);
    }
  }
  int made = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    made += WEXITSTATUS(status);
  }
  EXPECT_EQ(made, 1);
}

TEST_F(Shards, AnInterruptStopsTokenisingAndKeepsNothing) {
  const int status = in_child([&] {
    catch_interrupts();
    raise(SIGINT);
    const std::string error = error_text([&] { open(ByteTokenizer()); });
    return error == "interrupted while the text was tokenised; nothing of it is kept" ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(std::filesystem::exists(only_shards()));
}

TEST_F(Shards, ManyDocumentsKeepTheirOrder) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += cat(i, "|");
  folder_.write("text/a.txt", text);
  const auto shards = open(ByteTokenizer());
  ASSERT_EQ(shards->documents(), 20001);
  for (int64_t i = 0; i < 20000; i += 77) {
    const std::string digits = std::to_string(i);
    std::vector<int64_t> ids(static_cast<size_t>(shards->end(i) - shards->begin(i)));
    shards->copy(shards->begin(i), std::ssize(ids), ids.data());
    std::vector<int64_t> expected(digits.begin(), digits.end());
    expected.push_back(256);
    ASSERT_EQ(ids, expected);
  }
}

TEST_F(Shards, CacheFolderOfTheConfig) {
  DataConfig config;
  config.cache_dir = "/somewhere";
  EXPECT_EQ(cache_folder(config), "/somewhere/tokens");
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  setenv("HOME", "/home/you", 1);
  config.cache_dir = "~/x";
  EXPECT_EQ(cache_folder(config), "/home/you/x/tokens");
  config.cache_dir = "";
  EXPECT_EQ(cache_folder(config), "/home/you/.cache/slovo/tokens");
  unsetenv("HOME");
  EXPECT_NE(
      error_text([&] { cache_folder(config); }).find("data.cache_dir: there is no home folder"),
      std::string::npos);
  if (!home.empty()) setenv("HOME", home.c_str(), 1);
}

/// The split between training and validation text.
class Split : public Shards {
 protected:
  PretrainData split(const std::vector<std::string>& paths,
                     const std::vector<std::string>& valid = {}, double share = 0.05,
                     bool with_end = true, uint64_t seed = 1) {
    DataConfig config;
    config.paths = paths;
    config.valid = valid;
    config.valid_share = share;
    config.document_separator = "|";
    config.cache_dir = folder_ / "cache";
    corpus_ = open_corpus(config, 1);
    return open_pretrain_data(corpus_, config, ByteTokenizer(with_end), seed, 1);
  }
  static std::set<int64_t> documents(const TokenStream& stream) {
    std::set<int64_t> out;
    for (const StreamPiece& piece : stream.pieces) out.insert(piece.document);
    return out;
  }

  Corpus corpus_;
};

TEST_F(Split, ALoneDocumentGivesItsLastTenth) {
  std::string text;
  for (int i = 0; i < 1003; ++i) text += static_cast<char>('a' + i % 26);
  const std::string path = folder_.write("one.txt", text);
  for (const bool with_end : {true, false}) {
    const PretrainData data = split({path}, {}, 0.05, with_end);
    ASSERT_EQ(data.train.size(), 1U);
    const StreamPiece& train = data.train[0].pieces.at(0);
    const StreamPiece& valid = data.valid.pieces.at(0);
    EXPECT_EQ(train.begin, 0);
    EXPECT_EQ(train.end, 902);  // int(0.9 * 1003)
    EXPECT_EQ(valid.begin, 902);
    EXPECT_EQ(valid.end, 1003);
    EXPECT_EQ(data.train[0].pairs(), 901);
    EXPECT_EQ(data.valid.pairs(), 100);
  }
}

TEST_F(Split, AShareOfTheDocumentsIsHeldOut) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += cat("document ", i, "|");
  const std::string path = folder_.write("many.txt", text);
  const PretrainData data = split({path});
  EXPECT_EQ(data.valid.pieces.size(), 10U);
  EXPECT_EQ(data.train[0].pieces.size(), 190U);
  EXPECT_TRUE(data.train[0].pieces[0].after_end);
  EXPECT_EQ(documents(split({path}).valid), documents(data.valid));
  EXPECT_NE(documents(split({path}, {}, 0.05, true, 2).valid), documents(data.valid));
  EXPECT_EQ(split({path}, {}, 0.0001).valid.pieces.size(), 1U);
  EXPECT_TRUE(split({path}, {}, 0).valid.pieces.empty());
}

TEST_F(Split, DocumentsKeepTheirSideWhenTheOrderChanges) {
  std::string forth;
  std::string back;
  for (int i = 0; i < 100; ++i) {
    forth += cat("document ", i, "|");
    back += cat("document ", 99 - i, "|");
  }
  const auto chosen = documents(split({folder_.write("f.txt", forth)}).valid);
  std::set<int64_t> mirrored;
  for (const int64_t i : documents(split({folder_.write("b.txt", back)}).valid))
    mirrored.insert(99 - i);
  EXPECT_EQ(chosen, mirrored);
}

TEST_F(Split, EqualDocumentsAreOnTheSameSide) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += cat("document ", i % 5, "|");
  const PretrainData data = split({folder_.write("f.txt", text)});
  std::set<int64_t> train;
  for (const int64_t i : documents(data.train[0])) train.insert(i % 5);
  for (const int64_t i : documents(data.valid)) EXPECT_EQ(train.count(i % 5), 0U);
  const std::string error = error_text([&] { split({folder_.write("g.txt", "same|same|same")}); });
  EXPECT_NE(error.find("g.txt: all 3 documents are equal"), std::string::npos) << error;
}

TEST_F(Split, EverySourceContributes) {
  const std::string one = folder_.write("one.txt", std::string(100, 'x'));
  const std::string two = folder_.write("two.txt", "a1|b2|c3");
  const PretrainData data = split({one, two});
  ASSERT_EQ(data.train.size(), 1U);
  EXPECT_EQ(data.train[0].shards.size(), 2U);
  EXPECT_EQ(data.train[0].pieces.size(), 3U);
  EXPECT_EQ(data.valid.pieces.size(), 2U);
  const PretrainData weighted = split({one + "=3", two});
  ASSERT_EQ(weighted.train.size(), 2U);
  EXPECT_DOUBLE_EQ(weighted.train[0].weight, 3);
  EXPECT_DOUBLE_EQ(weighted.train[1].weight, 1);
}

TEST_F(Split, GivenValidationTextIsUsedWhole) {
  const std::string one = folder_.write("one.txt", std::string(100, 'x'));
  const PretrainData data = split({one}, {folder_ / "text"});
  EXPECT_EQ(data.train[0].pairs(), 101);
  EXPECT_EQ(data.valid.pairs(), 8);
}

TEST_F(Split, ATinyDocumentCannotBeSplit) {
  const std::string error = error_text([&] { split({folder_.write("one.txt", "0123456789")}); });
  EXPECT_NE(error.find("one.txt, document 1: 10 tokens are too few to hold a tenth out; give more "
                       "text, or --data.valid FILE"),
            std::string::npos)
      << error;
}

}  // namespace
}  // namespace slovo
