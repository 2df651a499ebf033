// What users get wrong, and what breaks around them: each case is a command, its exit code, what
// its one message must say, and that no file was changed. Grouped by what is wrong; a line a kind.
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "tiny_commands.h"

namespace slovo::testing {
namespace {

namespace fs = std::filesystem;

/// Every file below `folder` with its content and time of change, but for the cache: what was
/// tokenised may stay there.
std::map<std::string, std::string> snapshot(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (auto entry = fs::recursive_directory_iterator(folder);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->path() == folder / "cache") {
      entry.disable_recursion_pending();
      continue;
    }
    const auto time = fs::last_write_time(entry->path()).time_since_epoch().count();
    out[entry->path().string()] =
        entry->is_regular_file() ? cat(time, " ", read_file(entry->path())) : "folder";
  }
  return out;
}

/// Paths that are new, gone or changed.
Words changed(const std::map<std::string, std::string>& before,
              const std::map<std::string, std::string>& after) {
  Words out;
  for (const auto& [path, content] : after) {
    const auto found = before.find(path);
    if (found == before.end() || found->second != content) out.push_back(path);
  }
  for (const auto& [path, content] : before) {
    if (after.count(path) == 0) out.push_back(path);
  }
  return out;
}

struct Case {
  std::string what;
  Words command;
  Words says;
  int exit_code = 2;
};

class Errors : public TinyCommands {
 protected:
  void check(const std::vector<Case>& cases) {
    for (const Case& mistake : cases) {
      SCOPED_TRACE(cat(mistake.what, ": slovo ", join(mistake.command, " ")));
      const auto before = snapshot(folder_.path());
      const RunResult result = run_slovo(mistake.command, "");
      EXPECT_EQ(mistake.exit_code, result.exit_code) << result.err;
      EXPECT_EQ("", result.out);
      for (const std::string& part : mistake.says) EXPECT_TRUE(contains(result.err, part));
      EXPECT_TRUE(result.err.find("defect") == std::string::npos) << result.err;
      EXPECT_EQ(Words(), changed(before, snapshot(folder_.path())));
    }
  }

  /// pretrain on a file made of `text`.
  Words on(const std::string& name, const std::string& text, const Words& more = {}) {
    Words words = {"pretrain", config_,        "--data", folder_.write(name, text),
                   "--out",    folder_ / "new"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  /// pretrain with a config file of its own.
  Words with_config(const std::string& json) {
    return {"pretrain", folder_.write(cat("c", ++configs_, ".json"), json),
            "--data",   text_,
            "--out",    folder_ / "new"};
  }

  Words generate(const std::string& model, const Words& more = {"x"}) {
    Words words = {"generate", "--model", folder_ / model, "--max-tokens", "2"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  /// A copy of the tiny model in tests/fixtures/eval that is spoilt by `spoil`.
  std::string model(const std::string& name, const std::function<void(const fs::path&)>& spoil) {
    fs::copy(fixture("eval"), folder_.path() / name);
    spoil(folder_.path() / name);
    return name;
  }

  /// The same, with one key of config.json changed.
  std::string model_with(const std::string& name, const std::string& key, const Json& value) {
    return model(name, [&](const fs::path& at) {
      Json json = read_json(at / "config.json");
      json[key] = value;
      write_json(at / "config.json", json);
    });
  }

  int configs_ = 0;
};

TEST_F(Errors, OfTheCommandLine) {
  check({
      {"unknown command",
       {"pretrian"},
       {"\"pretrian\" is not a command (did you mean \"pretrain\"?)"}},
      {"unknown command of a group",
       {"eval", "perplexty"},
       {"(did you mean \"eval perplexity\"?)"}},
      {"unknown option",
       {"generate", "--model", "m", "--temprature", "1"},
       {"--temprature is not an option of slovo generate (did you mean \"--temperature\"?)"}},
      {"option without its value", {"generate", "--model"}, {"--model needs a value"}},
      {"option given twice", pretrain("a", {"--out", "b"}), {"--out is given twice"}},
      {"required option missing",
       {"pretrain", "--data", text_},
       {"--out RUN is missing: the run folder to write"}},
      {"required setting missing",
       {"pretrain", "--out", "a"},
       {"--data) is missing: training text"}},
      {"a word too many",
       {"eval", "perplexity", "--model", "m", "--data", text_, "--json", "again.txt"},
       {"unexpected word \"again.txt\""}},
      {"setting of another command",
       {"generate", "--model", "m", "--train.lr", "1"},
       {"--train.lr is a setting of train, which slovo generate does not use"}},
      {"no truth value",
       pretrain("a", {"--data.attend_across_documents=perhaps"}),
       {"data.attend_across_documents", "must be true or false"}},
      {"no number",
       pretrain("a", {"--train.lr", "fast"}),
       {"train.lr", "\"fast\"", "must be a number > 0"}},
      {"out of range",
       pretrain("a", {"--train.steps", "0"}),
       {"train.steps", "is 0; must be an integer >= 1"}},
      {"no whole number",
       pretrain("a", {"--train.batch_size", "7.5"}),
       {"train.batch_size", "7.5", "must be an integer >= 1"}},
      {"unknown name of a value",
       pretrain("a", {"--train.schedule", "cosinus"}),
       {"train.schedule", "one of cosine, linear, wsd, inverse_sqrt, constant"}},
      {"two configs",
       {"pretrain", config_, "--config", config_, "--data", text_, "--out", "a"},
       {"two config files"}},
      {"unknown shell",
       {"completion", "tcsh"},
       {"\"tcsh\" is not a shell that slovo knows; use bash, zsh or fish"}},
      {"unknown device",
       pretrain("a", {"--device", "tpu"}),
       {"--device tpu is not known; use auto, cpu, cuda or cuda:N"}},
  });
  if (fs::exists("/dev/nvidia0")) return;
  check({{"CUDA asked for and absent",
          pretrain("a", {"--device", "cuda"}),
          {"--device cuda: no CUDA device was found; use cpu or auto"}},
         {"a CUDA graph on a CPU",
          pretrain("a", {"--train.cuda_graph"}),
          {"train.cuda_graph=true needs a CUDA device, but the run is on cpu; use "
           "train.cuda_graph=false"}}});
}

TEST_F(Errors, OfConfigFiles) {
  check({
      {"absent",
       {"pretrain", folder_ / "absent.json", "--data", text_, "--out", folder_ / "new"},
       {"absent.json: cannot open: No such file"}},
      {"a folder",
       {"pretrain", "--config", folder_.path().string(), "--data", text_, "--out", folder_ / "new"},
       {"is a folder"}},
      {"no JSON",
       with_config("{\"train\": {\"lr\": }}"),
       {".json: line 1, column 18: not valid JSON"}},
      {"no object", with_config("[1]"), {"must be an object of sections"}},
      {"unknown section",
       with_config(R"({"trian": {"lr": 1}})"),
       {"trian is not a section (did you mean \"train\"?)"}},
      {"unknown key",
       with_config(R"({"train": {"learning_rate": 1}})"),
       {"train.learning_rate is not a setting"}},
      {"misspelt key",
       with_config(R"({"train": {"warmup_step": 1}})"),
       {"train.warmup_step is not a setting (did you mean \"warmup_steps\"?)"}},
      {"wrong type",
       with_config(R"({"train": {"steps": "many"}})"),
       {"train.steps is \"many\"; must be an integer >= 1"}},
      {"null where a value must be",
       with_config(R"({"train": {"eps": null}})"),
       {"train.eps is null; must be a number > 0"}},
      {"several at once",
       with_config(R"({"train": {"lr": -1, "steps": 0}, "model": {"size": 3}})"),
       {"train.lr", "train.steps", "model.size"}},
      {"heads that do not divide",
       with_config(R"({"model": {"hidden_size": 130}})"),
       {"num_attention_heads=4 does not divide model.hidden_size=130"}},
      {"key heads that do not divide",
       with_config(R"({"model": {"num_key_value_heads": 3}})"),
       {"num_key_value_heads=3 does not divide model.num_attention_heads=4"}},
      {"heads that cannot be rotated",
       with_config(R"({"model": {"head_dim": 7}})"),
       {"head_dim", "even"}},
  });
}

TEST_F(Errors, OfText) {
  const std::string sentence = "the cat sees the moon.\n";
  std::string gzip("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\xc9\x48",
                   13);  // begins well and breaks off
  make_folder(folder_ / "pictures");
  folder_.write("pictures/a.png", "x");
  check({
      {"absent",
       {"pretrain", "--data", folder_ / "no.txt", "--out", folder_ / "new"},
       {"no.txt", "no such file"}},
      {"folder without text",
       {"pretrain", "--data", folder_ / "pictures", "--out", folder_ / "new"},
       {"pictures", "holds no .txt or .jsonl"}},
      {"glob that matches nothing",
       {"pretrain", "--data", folder_ / "*.text", "--out", folder_ / "new"},
       {"*.text: no text file matches"}},
      {"unknown kind of file",
       on("book.pdf", "%PDF"),
       {"book.pdf: .pdf is not a text form slovo reads; convert it to .txt, or to .jsonl"}},
      {"cp1251",
       on("cp1251.txt", "\xD1\xEB\xEE\xE2\xEE \xE8 \xE4\xE5\xEB\xEE \xE1\xFB\xEB\xEE"),
       {"cp1251.txt:1: byte 1 (0xD1) is not UTF-8; it looks like cp1251",
        "iconv -f cp1251 -t utf-8"}},
      {"UTF-16",
       on("utf16.txt", std::string("\xFF\xFE"
                                   "a\0b\0",
                                   6)),
       {"utf16.txt", "UTF-16", "iconv"}},
      {"binary",
       on("binary.txt", std::string("ab\0cd", 5)),
       {"binary.txt", "NUL, which no text holds"}},
      {"gzip cut short", on("cut.txt.gz", gzip), {"cut.txt.gz", "gzip"}},
      {"no gzip", on("plain.txt.gz", "plain text"), {"plain.txt.gz", "gzip"}},
      {"broken JSON line",
       on("a.jsonl", "{\"text\": \"good\"}\n{\"text\": \n"),
       {"a.jsonl:2", "JSON"}},
      {"line without the field",
       on("b.jsonl", "{\"body\": \"good\"}\n"),
       {"b.jsonl:1", "\"text\"", "data.text_field"}},
      {"field that is no text", on("c.jsonl", "{\"text\": 5}\n"), {"c.jsonl:1", "\"text\""}},
      {"empty", on("empty.txt", ""), {"empty.txt", "no text"}},
      {"white space only", on("space.txt", " \n\n\t\n"), {"space.txt", "no text"}},
      {"too little for a row", on("short.txt", sentence), {"short.txt", "data.seq_len"}},
      {"too little to hold out", on("tiny.txt", "ab"), {"too few to hold a tenth out"}},
      {"a weight that is none",
       {"pretrain", "--data", text_ + "=-1", "--out", folder_ / "new"},
       {"-1", "weight"}},
      {"context longer than the model's",
       pretrain("new", {"--model.max_position_embeddings", "16"}),
       {"data.seq_len=32 is more than model.max_position_embeddings=16; use at most that"}},
  });
}

TEST_F(Errors, OfTokenizers) {
  const auto tokenizer = [&](const std::string& name, const std::string& json) {
    return pretrain("new", {"--tokenizer", folder_.write(name, json)});
  };
  check({
      {"absent", pretrain("new", {"--tokenizer", folder_ / "no-such"}), {"no-such", "no such"}},
      {"no JSON",
       tokenizer("a/tokenizer.json", "{"),
       {"a/tokenizer.json: line 1, column 2: not valid JSON"}},
      {"no model", tokenizer("b/tokenizer.json", "{}"), {"b/tokenizer.json", "model"}},
      {"unknown kind",
       tokenizer("c/tokenizer.json", R"({"model": {"type": "Oracle", "vocab": {}}})"),
       {"c/tokenizer.json", "Oracle"}},
      {"vocabulary below the bytes",
       pretrain("new", {"--tokenizer.kind", "bpe", "--tokenizer.vocab_size", "100"}),
       {"tokenizer.vocab_size", "100", "must be an integer from 257"}},
      {"vocabulary larger than the text allows",
       pretrain("new", {"--tokenizer.kind", "bpe", "--tokenizer.vocab_size", "50000"}),
       {"tokenizer.vocab_size is 50000", "the text gives only"}},
      {"model smaller than the vocabulary",
       pretrain("new", {"--model.vocab_size", "3"}),
       {"model.vocab_size is 3 but the tokenizer has"}},
      {"an id that is none",
       {"tokenizer", "decode", "--tokenizer", fixture("eval").string(),
        folder_.write("ids.txt", "1 2 900000\n")},
       {"ids.txt:1", "900000"}},
      {"ids that are no numbers",
       {"tokenizer", "decode", "--tokenizer", fixture("eval").string(),
        folder_.write("words.txt", "1 two\n")},
       {"words.txt:1", "two"}},
      {"text to encode that is no text",
       {"tokenizer", "encode", "--tokenizer", fixture("eval").string(),
        folder_.write("bad.txt", "\xFF\n")},
       {"bad.txt:1: not UTF-8 at byte 0"}},
  });
}

TEST_F(Errors, OfModels) {
  const auto weights_of = [](const fs::path& at) { return at / "model.safetensors"; };
  check({
      {"absent", generate("no-such"), {"no-such", "no such folder"}},
      {"foreign folder", generate("cache-of-another"), {"cache-of-another"}},
      {"config without weights",
       generate(model("m1", [&](const fs::path& at) { fs::remove(weights_of(at)); })),
       {"m1", "model.safetensors"}},
      {"damaged config",
       generate(model("m2", [](const fs::path& at) { write_file(at / "config.json", "{\"a\""); })),
       {"m2/config.json: line 1, column 5: not valid JSON"}},
      {"unknown architecture",
       generate(model_with("m3", "model_type", "rwkv9")),
       {"m3/config.json", "model_type", "rwkv9", "llama"}},
      {"option that is not computed",
       generate(model_with("m4", "rope_scaling", {{"rope_type", "yarn"}, {"factor", 4}})),
       {"m4/config.json: rotary positions of type \"yarn\" are not computed by slovo"}},
      {"weights cut short",
       generate(model("m5",
                      [&](const fs::path& at) {
                        fs::resize_file(weights_of(at), fs::file_size(weights_of(at)) - 100);
                      })),
       {"m5/model.safetensors", "damaged"}},
      {"no safetensors",
       generate(model(
           "m6", [&](const fs::path& at) { write_file(weights_of(at), std::string(300, 'x')); })),
       {"m6/model.safetensors"}},
      {"another shape",
       generate(model_with("m7", "intermediate_size", 999)),
       {"m7: the weights are not those of its config.json; 6 mismatched: "
        "model.layers.0.mlp.gate_proj.weight",
        "[999, 32]"}},
      {"a tensor missing",
       generate(model_with("m8", "num_hidden_layers", 9)),
       {"m8: the weights are not those of its config.json; 63 missing: "
        "model.layers.2.input_layernorm.weight",
        "the files may come from different models"}},
      {"a shard missing",
       generate(model(
           "m9",
           [&](const fs::path& at) {
             fs::remove(weights_of(at));
             write_file(
                 at / "model.safetensors.index.json",
                 R"({"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}})");
           })),
       {"model-00001-of-00002.safetensors"}},
      {"no tokenizer",
       generate(model("m10", [](const fs::path& at) { fs::remove(at / "tokenizer.json"); })),
       {"m10", "tokenizer"}},
      {"tokenizer larger than the model",
       generate(model_with("m11", "vocab_size", 40)),
       {"m11", "40"}},
  });
}

TEST_F(Errors, OfPromptsAndRequests) {
  const std::string tiny = fixture("eval").string();
  const Words score = {"eval", "score", "--model", tiny, "--data"};
  const auto scored = [&](const std::string& name, const std::string& text) {
    Words words = score;
    words.push_back(folder_.write(name, text));
    return words;
  };
  std::string longest;
  for (int i = 0; i < 3000; ++i) longest += "word ";
  check({
      {"prompt longer than the context", {"generate", "--model", tiny, longest}, {"context"}},
      {"prompt that is no text",
       {"generate", "--model", tiny, "\xFF"},
       {"a prompt: not UTF-8 at byte 0"}},
      {"prompt file absent",
       {"generate", "--model", tiny, "--prompt-file", folder_ / "no.txt"},
       {"no.txt"}},
      {"temperature",
       {"generate", "--model", tiny, "--temperature", "-1", "x"},
       {"decode.temperature (--temperature)", "must be a number >= 0"}},
      {"top-p",
       {"generate", "--model", tiny, "--top-p", "2", "x"},
       {"must be a number from 0 to 1"}},
      {"broken request", scored("a.jsonl", "{\"context\": \n"), {"a.jsonl:1", "JSON"}},
      {"request without its fields",
       scored("b.jsonl", "{\"prompt\": \"x\"}\n"),
       {"b.jsonl:1", "needs \"context\" and \"continuation\" as texts, or \"ids\""}},
      {"request with unknown ids",
       scored("c.jsonl", "{\"ids\": [1, 900000]}\n"),
       {"c.jsonl:1", "ids[1] is 900000"}},
      {"request with nothing to score",
       scored("d.jsonl", "{\"ids\": [1]}\n"),
       {"d.jsonl:1", "nothing to score"}},
      {"requests absent",
       {"eval", "score", "--model", tiny, "--data", folder_ / "none.jsonl"},
       {"none.jsonl: cannot be read; give a file of JSON lines"}},
      {"window longer than the context",
       {"eval", "perplexity", "--model", tiny, "--data", text_, "--window", "100000"},
       {"window", "100000"}},
      {"stride longer than the window",
       {"eval", "perplexity", "--model", tiny, "--data", text_, "--window", "16", "--stride", "32"},
       {"stride", "32", "16"}},
  });
}

TEST_F(Errors, OfRunFolders) {
  run(pretrain("run"));
  folder_.write("letters/dear.txt", "dear");
  const std::string other = folder_.write("other.txt", tiny_text(500));
  run({"tokenizer", "train", "--data", other, "--tokenizer.kind", "byte", "--out",
       folder_ / "bytes"});
  const auto resume = [&](const Words& more) {
    Words words = {"pretrain", "--out", folder_ / "run", "--resume"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  check({
      {"a run is there", pretrain("run"), {"holds a run already; add --resume"}},
      {"a file is there",
       {"pretrain", config_, "--data", text_, "--out", text_},
       {"is a file; --out must name a folder"}},
      {"other things are there", pretrain("letters"), {"is not empty and holds no run"}},
      {"resumed with another model",
       resume({"--model.hidden_size", "64"}),
       {"model.hidden_size was 32 and is 64"}},
      {"resumed with another tokenizer", resume({"--tokenizer", folder_ / "bytes"}), {"tokenizer"}},
      {"resumed with other text", resume({"--data", other}), {"other.txt is not the run's"}},
      {"resumed with other rows",
       resume({"--data.seq_len", "16"}),
       {"data.seq_len was 32 and is 16"}},
      {"resumed where there is no run",
       {"pretrain", "--out", folder_ / "none", "--resume"},
       {"holds no run to go on with"}},
  });
  write_file(folder_.path() / "run/run.json", "{");
  check({{"damaged record", resume({}), {"run/run.json: line 1, column 2: not valid JSON"}}});
}

TEST_F(Errors, OfCheckpoints) {
  run(pretrain("run"));
  const fs::path checkpoint = folder_.path() / "run/checkpoints/step-00000040";
  const Words resume = {"pretrain", "--out", folder_ / "run", "--resume", "--train.steps", "50"};
  const std::string moments = read_file(checkpoint / "trainer/optimizer.safetensors");
  write_file(checkpoint / "trainer/optimizer.safetensors", moments.substr(0, moments.size() - 10));
  check({{"moments cut short", resume, {"step-00000040/trainer/optimizer.safetensors"}}});
  write_file(checkpoint / "trainer/optimizer.safetensors", moments);
  write_file(checkpoint / "trainer/state.json", "[");
  check({{"damaged state",
          resume,
          {"step-00000040/trainer/state.json: line 1, column 2: not valid JSON"}}});
}

TEST_F(Errors, OfARunThatAnotherProcessHolds) {
  const int process =
      start_slovo(pretrain("run", {"--train.steps", "1000000", "--train.schedule", "constant"}));
  for (int i = 0; i < 4000 && !fs::exists(folder_.path() / "run/run.json"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const RunResult result = run_slovo({"pretrain", "--out", folder_ / "run", "--resume"});
  EXPECT_EQ(2, result.exit_code);
  EXPECT_TRUE(contains(result.err, "another process is training in this folder"));
  EXPECT_EQ(130, finish_slovo(process, SIGTERM)) << "the run that was there goes on";
}

TEST_F(Errors, OfSurroundings) {
  check({
      {"memory",
       pretrain("new", {"--model.hidden_size", "131072", "--model.num_hidden_layers", "100"}),
       {"out of memory: weights, gradients and moments of", "lower model.hidden_size"},
       1},
      {"a folder that cannot be made",
       {"pretrain", config_, "--data", text_, "--out", "/proc/slovo"},
       {"/proc/slovo"},
       1},
      {"a tokenizer that cannot be written",
       {"tokenizer", "train", "--data", text_, "--tokenizer.kind", "char", "--out", "/proc/slovo"},
       {"/proc/slovo"},
       1},
  });
}

/// A file system of its own, of `bytes`.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, int bytes) : folder_(folder) {
    make_folder(folder);
    mounted_ = mount("tmpfs", folder.c_str(), "tmpfs", 0, cat("size=", bytes).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST_F(Errors, OfAFullDisk) {
  const SmallDisk disk(folder_.path() / "disk", 1 << 20);
  if (!disk.mounted())
    GTEST_SKIP() << "a small file system cannot be mounted here (root is needed)";
  const Words words = pretrain("disk/run", {"--train.keep", "1", "--train.checkpoint_every", "10",
                                            "--model.hidden_size", "48"});
  const RunResult result = run_slovo(words);
  EXPECT_EQ(1, result.exit_code) << result.err;
  EXPECT_TRUE(contains(result.err, "checkpoints and the model take up to")) << "warned before";
  EXPECT_TRUE(contains(result.err, "No space left on device"));
  for (const auto& entry :
       fs::recursive_directory_iterator(folder_.path() / "disk/run/checkpoints")) {
    EXPECT_TRUE(entry.path().filename().string().front() != '.')
        << entry.path() << " is half-written";
  }
  run(pretrain("elsewhere"));
}

}  // namespace
}  // namespace slovo::testing
