// The page of one run or several: curves, samples, settings and cost in one HTML file that needs no
// network. Its layout and script lie in src/report/page/ and are built in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/run_data.h"

namespace slovo {

/// What the page shows, as its script reads it: series made short, names, summaries, records.
Json page_data(const std::vector<RunData>& runs);

/// The whole page. Texts of the runs stand in it as JSON that no HTML parser takes for markup.
std::string render_page(const std::vector<RunData>& runs);

/// Reads the runs and writes their page whole or not at all. Throws Error(data) for a folder that
/// is no run or is damaged, Error(config) for one that is given twice, Error(io).
void write_report(const std::vector<std::filesystem::path>& run_folders,
                  const std::filesystem::path& out_file);

/// The same for runs that are read already.
void write_report(const std::vector<RunData>& runs, const std::filesystem::path& out_file);

/// Reads several runs. Throws as write_report does.
std::vector<RunData> read_runs(const std::vector<std::filesystem::path>& run_folders);

}  // namespace slovo
