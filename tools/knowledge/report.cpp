// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knowledge/report.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "core/error.h"
#include "core/kb/reference_picture.h"
#include "core/kb/scene_pictures.h"
#include "core/kb/transfer_entry.h"

namespace crlsc::tools {
namespace {

constexpr int kThumbnail = 96;  // samples
constexpr size_t kSheetRows = 100;

std::string time_text(int64_t milliseconds) {
  if (milliseconds == 0) return "unknown";
  const std::time_t seconds = milliseconds / 1000;
  std::tm parts{};
  char text[32];
  gmtime_r(&seconds, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

struct SceneLine {
  int64_t last_seen = 0;
  std::string text;
};

std::string label_text(const std::string& label) { return label.empty() ? "(no label)" : label; }

SceneLine scene_line(const StoredEntry& entry) {
  std::ostringstream line;
  line << "  " << std::setw(8) << entry.id << "  " << to_hex(name_of(entry.content_hash)) << "  ";
  try {
    const PictureSize size = reference_picture_size(entry.picture);
    line << size.width << 'x' << size.height;
  } catch (const Error&) {
    line << "unfit";
  }
  line << ", " << entry.picture.size() << " bytes  " << time_text(entry.last_seen) << "  " << label_text(entry.label)
       << (entry.source.empty() ? "" : "  " + entry.source) << '\n';
  return {entry.last_seen, line.str()};
}

// Those that streams may refer to, the one that was seen last first.
void describe_scenes(std::vector<SceneLine> scenes, std::ostream& out) {
  if (scenes.empty()) return;
  std::stable_sort(scenes.begin(), scenes.end(),
                   [](const SceneLine& a, const SceneLine& b) { return a.last_seen > b.last_seen; });
  out << "scenes (entry, its name in streams, size and bytes of the picture, last seen, label, source)\n";
  for (size_t i = 0; i < std::min(scenes.size(), kMostScenePictures); ++i) out << scenes[i].text;
  if (scenes.size() > kMostScenePictures) out << "  and " << scenes.size() - kMostScenePictures << " older ones\n";
}

// A square of kThumbnail with the whole picture in the middle; grey for none.
cv::Mat thumbnail(const cv::Mat& picture) {
  cv::Mat square(kThumbnail, kThumbnail, CV_8UC3, cv::Scalar::all(128));
  if (picture.empty()) return square;
  const double scale = static_cast<double>(kThumbnail) / std::max(picture.cols, picture.rows);
  const int width = std::clamp(static_cast<int>(std::lround(scale * picture.cols)), 1, kThumbnail);
  const int height = std::clamp(static_cast<int>(std::lround(scale * picture.rows)), 1, kThumbnail);
  cv::Mat small;
  cv::resize(picture, small, {width, height}, 0, 0, cv::INTER_AREA);
  small.copyTo(square(cv::Rect((kThumbnail - width) / 2, (kThumbnail - height) / 2, width, height)));
  return square;
}

cv::Mat decoded(const Bytes& webp) {
  if (webp.empty()) return {};
  try {
    return cv::imdecode(webp, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {
    return {};
  }
}

}  // namespace

void describe_knowledge_base(KnowledgeBaseFile& file, std::ostream& out) {
  const KnowledgeBaseInfo info = file.info();
  const KnowledgeBaseHeader& header = info.header;
  out << (header.kind == KnowledgeBaseKind::kShared ? "shared" : "private") << " knowledge base " << file.path()
      << "\n  id " << to_hex(info.id) << "\n  made " << time_text(header.created) << "\n  teacher "
      << (header.teacher.empty() ? "unknown" : header.teacher) << '\n';
  if (header.teacher_hash) out << "  teacher's hash " << to_hex(*header.teacher_hash) << '\n';
  if (header.encoder) out << "  vectors by the semantic head " << to_hex(*header.encoder) << '\n';
  if (header.base) out << "  codebooks of the shared knowledge base " << to_hex(*header.base) << '\n';
  out << "  vectors of " << info.shape.dimension << " numbers, codes of " << info.shape.code_size() << " bytes ("
      << info.shape.subvectors << "x" << info.shape.bits << ")\n  codebooks " << to_hex(info.quantiser_hash)
      << (file.quantiser() ? "" : " (not in this file)") << '\n';
  if (const auto projection = file.projection()) {
    out << "  projection from the " << projection->teacher_dimension() << " numbers of the teacher\n";
  }
  size_t vectors = 0;
  size_t pictures = 0;
  size_t picture_bytes = 0;
  std::map<std::string, size_t> labels;
  std::vector<SceneLine> scenes;
  file.for_each(
      [&](const StoredEntry& entry) {
        const bool scene = header.kind == KnowledgeBaseKind::kPrivate && !entry.picture.empty();
        if (scene) scenes.push_back(scene_line(entry));
        ++labels[entry.label];
        vectors += entry.sq8.empty() ? 0 : 1;
        pictures += entry.picture.empty() ? 0 : 1;
        picture_bytes += entry.picture.size();
      },
      {true, true});
  out << "  " << info.entries << " entries, " << vectors << " with vectors for re-ranking, " << pictures
      << " with reference pictures (" << picture_bytes << " bytes)\n  " << std::filesystem::file_size(file.path())
      << " bytes\nlabels\n";
  for (const auto& [label, count] : labels) {
    out << "  " << std::setw(8) << count << "  " << label_text(label) << '\n';
  }
  describe_scenes(std::move(scenes), out);
}

std::vector<EntryId> select_entries(KnowledgeBaseFile& file, const std::vector<EntryId>& ids,
                                    const std::vector<std::string>& labels) {
  if (ids.empty() && labels.empty()) throw Error(ErrorKind::kSettings, "say which entries: --id, --label, or both");
  std::vector<EntryId> selected = ids;
  file.for_each([&](const StoredEntry& entry) {
    if (std::find(labels.begin(), labels.end(), entry.label) != labels.end()) selected.push_back(entry.id);
  });
  std::sort(selected.begin(), selected.end());
  selected.erase(std::unique(selected.begin(), selected.end()), selected.end());
  return selected;
}

void search_pictures(KnowledgeBaseFile& file, const PictureEncoder& encoder, const std::vector<std::string>& paths,
                     const SearchSettings& settings, const std::string& sheet, std::ostream& out) {
  LoadSettings load;
  load.vectors = settings.rerank > 0;
  const auto base = file.load(load);
  std::vector<PictureFile> files;
  for (const std::string& path : paths) {
    if (std::filesystem::is_directory(path)) {
      for (PictureFile& found : list_pictures({path})) files.push_back(std::move(found));
    } else {
      files.push_back({path, path, ""});
    }
  }
  std::vector<cv::Mat> rows;
  for (const PictureFile& picture : files) {
    const cv::Mat image = read_picture(picture.path);
    out << picture.path << '\n';
    if (image.cols < 2 || image.rows < 2) {
      out << "  cannot be read as a picture\n";
      continue;
    }
    std::vector<cv::Mat> row{thumbnail(image)};
    for (const Match& match : base->search(encoder.embed({image}).at(0), settings)) {
      const auto entry = file.find(match.id, {false, !sheet.empty()});
      out << "  " << std::fixed << std::setprecision(3) << std::setw(6) << match.similarity << std::setw(8) << match.id
          << "  " << std::setw(20) << std::left << label_text(match.label) << std::right
          << (entry ? entry->source : std::string()) << '\n';
      row.push_back(thumbnail(entry ? decoded(entry->picture) : cv::Mat()));
    }
    row.resize(settings.k + 1, thumbnail({}));
    if (sheet.empty() || rows.size() >= kSheetRows) continue;
    rows.emplace_back();
    cv::hconcat(row, rows.back());
  }
  if (sheet.empty() || rows.empty()) return;
  cv::Mat all;
  cv::vconcat(rows, all);
  write_picture(sheet, all);
}

size_t export_pictures(KnowledgeBaseFile& file, const std::string& folder) {
  std::filesystem::create_directories(folder);
  size_t count = 0;
  file.for_each(
      [&](const StoredEntry& entry) {
        if (entry.picture.empty()) return;
        const std::string path = folder + "/" + std::to_string(entry.id) + ".webp";
        std::ofstream out(path, std::ios::binary);
        out.write(reinterpret_cast<const char*>(entry.picture.data()),
                  static_cast<std::streamsize>(entry.picture.size()));
        if (!out.flush()) throw Error(ErrorKind::kWrite, "cannot write \"" + path + "\"");
        ++count;
      },
      {false, true});
  return count;
}

}  // namespace crlsc::tools
