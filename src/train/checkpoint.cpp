#include "train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "io/model_folder.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLock = ".lock";

std::string step_name(int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return name;
}

/// Entries that are neither the lock nor leftovers: those begin with a dot.
bool holds_anything(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().front() != '.') return true;
  }
  return false;
}

/// `folder` and its parents as far as they do not exist, the innermost first.
std::vector<fs::path> missing_folders(fs::path folder) {
  std::vector<fs::path> out;
  for (; !folder.empty() && !fs::exists(folder); folder = folder.parent_path())
    out.push_back(folder);
  return out;
}

/// The lines of `text` that belong to the first `step` steps. What follows the last newline was
/// torn.
std::string lines_up_to(std::string_view text, int64_t step) {
  std::string kept;
  while (true) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return kept;
    const Json line = Json::parse(text.substr(0, end), nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.value("step", int64_t{0}) <= step)
      kept.append(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
}

/// Copies what is in `from` into the existing folder `to`.
void copy_into(const fs::path& from, const fs::path& to) {
  std::error_code problem;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, problem);
  if (problem) throw_io(to.string(), ": cannot copy ", from.string(), ": ", problem.message());
}

}  // namespace

Json BranchPoint::record() const { return read_json(run / "run.json"); }

BranchPoint find_branch_point(const fs::path& checkpoint) {
  BranchPoint out;
  out.checkpoint = fs::absolute(checkpoint / "x").lexically_normal().parent_path();
  out.run = out.checkpoint.parent_path().parent_path();
  for (const fs::path& file : {out.checkpoint / "trainer" / "state.json", out.run / "run.json"}) {
    if (fs::exists(file)) continue;
    throw_config(checkpoint.string(), ": is no checkpoint of a run (there is no ", file.string(),
                 "); give RUN/checkpoints/step-N");
  }
  out.step = read_json(out.checkpoint / "trainer" / "state.json").value("step", int64_t{0});
  return out;
}

void check_run_folder(const fs::path& root, Existing existing) {
  if (!fs::exists(root)) return;
  if (!fs::is_directory(root)) throw_config(root.string(), ": is a file; --out must name a folder");
  const bool is_run = fs::exists(root / "run.json");
  if (is_run && existing == Existing::refuse) {
    throw_config(root.string(),
                 ": holds a run already; add --resume to go on with it, or choose another --out");
  }
  if (!is_run && holds_anything(root)) {
    throw_config(root.string(),
                 ": is not empty and holds no run (no run.json); choose another --out");
  }
}

RunFolder::RunFolder(fs::path root, Existing existing) : root_(std::move(root)) {
  check_run_folder(root_, existing);
  made_ = missing_folders(root_);
  make_folder(root_);
  lock_.emplace(root_ / kLock, cat(root_.string(),
                                   ": another process is training in this folder; wait for it, "
                                   "or choose another --out"));
  check_run_folder(root_, existing);  // another run may have come and gone before the lock was had
  remove_leftovers(root_);
  remove_leftovers(root_ / "checkpoints");
}

RunFolder::~RunFolder() {
  if (metrics_ >= 0) close(metrics_);
  if (!lock_ || fs::exists(root_ / "run.json")) return;
  std::error_code ignored;
  fs::remove(root_ / kLock, ignored);
  for (const fs::path& folder : made_) fs::remove(folder, ignored);
}

std::optional<Json> RunFolder::record() const {
  if (!fs::exists(root_ / "run.json")) return std::nullopt;
  return read_json(root_ / "run.json");
}

void RunFolder::write_record(const Json& record) { write_json(root_ / "run.json", record); }

std::vector<fs::path> RunFolder::checkpoints() const {
  return checkpoint_folders(root_ / "checkpoints");
}

std::optional<fs::path> RunFolder::newest_checkpoint() const {
  const auto all = checkpoints();
  return all.empty() ? std::nullopt : std::optional(all.back());
}

fs::path RunFolder::write_checkpoint(int64_t step, const Fill& fill, int64_t keep) {
  // A checkpoint vouches for the lines before it.
  if (metrics_ >= 0) sync_path(metrics_path());
  make_folder(root_ / "checkpoints");
  const fs::path target = root_ / "checkpoints" / step_name(step);
  PendingFolder pending(target);
  fill(pending.path());
  pending.commit();
  const auto all = checkpoints();
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i) remove_folder(all[i]);
  return target;
}

void RunFolder::start_from(const BranchPoint& point) {
  const fs::path metrics = point.run / "metrics.jsonl";
  if (fs::exists(metrics)) write_file(metrics_path(), read_file(metrics));
  write_checkpoint(
      point.step, [&](const fs::path& to) { copy_into(point.checkpoint, to); }, /*keep=*/1);
}

void RunFolder::write_model(const Fill& fill) {
  PendingFolder pending(model_folder());
  fill(pending.path());
  pending.commit();
}

void RunFolder::write_best(const Fill& fill) {
  PendingFolder pending(best_folder());
  fill(pending.path());
  pending.commit();
}

void RunFolder::open_metrics(int64_t step) {
  if (fs::exists(metrics_path())) {
    const std::string before = read_file(metrics_path());
    const std::string kept = lines_up_to(before, step);
    if (kept != before) write_file(metrics_path(), kept);
  }
  metrics_ = open(metrics_path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (metrics_ < 0) throw_io(metrics_path().string(), ": cannot write: ", std::strerror(errno));
}

void RunFolder::append_metrics(const Json& line) {
  const std::string text = line.dump() + "\n";
  const ssize_t written = write(metrics_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return;
  throw_io(metrics_path().string(),
           ": cannot write: ", written < 0 ? std::strerror(errno) : "no space left on device");
}

}  // namespace slovo
