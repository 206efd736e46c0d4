// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inspect/stream_report.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <map>
#include <memory>

#include "core/bitstream/semantic_unit.h"
#include "core/bitstream/sequence_header.h"
#include "core/bitstream/unit.h"
#include "core/codec/picture_reader.h"
#include "core/codec/shown.h"
#include "core/entropy/cost.h"
#include "core/error.h"
#include "core/picture.h"
#include "core/token/token_hash.h"
#include "core/token/token_meter.h"
#include "stream_file.h"

namespace crlsc::tools {
namespace {

const char* type_name(UnitType type) {
  switch (type) {
    case UnitType::kSequenceHeader:
      return "sequence header";
    case UnitType::kSemantic:
      return "semantic";
    case UnitType::kToken:
      return "token";
    case UnitType::kKnowledgeUpdate:
      return "knowledge update";
    case UnitType::kScene:
      return "scene";
  }
  return "reserved";
}

int cells(int samples) { return padded(samples) / kCellSize; }

// Follows the sequence headers of a stream, and reads pictures by them.
class Follower {
 public:
  explicit Follower(const ModelFile* model) : model_(model) {}

  // Nothing is readable before the first sequence header, nor without a model.
  PictureTokens read(const Bytes& access_unit) {
    for (const UnitView& unit : parse_access_unit(access_unit).units) {
      if (unit.header.type == UnitType::kSequenceHeader) adopt(parse_sequence_header(unit.payload));
    }
    return reader_ ? reader_->read(access_unit, kMaxLayers) : PictureTokens{};
  }
  int rows() const { return sequence_.width == 0 ? 0 : cells(sequence_.height); }
  const PictureReader* reader() const { return reader_.get(); }

 private:
  void adopt(const SequenceHeader& sequence) {
    if (model_ != nullptr && sequence.model_id != model_->id()) {
      throw Error(ErrorKind::kWrongType, "the stream was made with model " + to_hex(sequence.model_id) + ", but \"" +
                                             model_->path() + "\" is " + to_hex(model_->id()));
    }
    const bool resized = sequence.width != sequence_.width || sequence.height != sequence_.height;
    if (model_ != nullptr && resized) {
      reader_ = std::make_unique<PictureReader>(*model_, cells(sequence.width), cells(sequence.height));
    }
    sequence_ = sequence;
  }

  const ModelFile* model_;
  SequenceHeader sequence_;
  std::unique_ptr<PictureReader> reader_;
};

struct Sums {
  int access_units = 0;
  int unreadable = 0;
  size_t bytes = 0;
  std::map<std::string, size_t> by_type;  // bytes
  std::array<int64_t, 3> cells{};         // still, copied, coded
  TokenBits bits{};
};

class StreamReport {
 public:
  StreamReport(const ModelFile* model, std::ostream& out) : follower_(model), out_(out) {}

  void add(const Bytes& access_unit) {
    const PictureTokens picture = follower_.read(access_unit);
    const AccessUnitView view = parse_access_unit(access_unit);
    out_ << "access unit " << sums_.access_units++ << "  " << access_unit.size() << " bytes"
         << (access_unit.empty() ? "  missing"
             : view.damaged      ? "  damaged"
                                 : "")
         << (picture.key ? "  key" : "") << '\n';
    sums_.bytes += access_unit.size();
    if (follower_.reader() != nullptr && !picture.readable) ++sums_.unreadable;
    for (const UnitView& unit : view.units) {
      std::string name = type_name(unit.header.type);
      if (unit.header.joined) {
        name += " all layers";
      } else if (unit.header.type == UnitType::kToken) {
        name += " layer " + std::to_string(unit.header.layer);
      }
      sums_.by_type[name] += unit.bytes.size();
      out_ << "  " << std::left << std::setw(17) << name << std::right << std::setw(7) << unit.bytes.size() << " bytes"
           << (unit.header.key ? "  key" : "") << (unit.header.half ? "  half size" : "");
      if (unit.header.type == UnitType::kSequenceHeader) describe_sequence(unit);
      if (unit.header.type == UnitType::kSemantic) describe_semantic(unit);
      if (unit.header.type == UnitType::kToken) describe_token_unit(unit, picture);
      out_ << '\n';
    }
  }

  void finish(uint64_t skipped) {
    out_ << sums_.access_units << " access units, " << sums_.bytes << " bytes";
    if (sums_.unreadable > 0) out_ << ", " << sums_.unreadable << " without a readable picture";
    if (skipped > 0) out_ << "; " << skipped << " damaged bytes skipped";
    out_ << '\n';
    for (const auto& [name, bytes] : sums_.by_type) out_ << "  " << name << ": " << bytes << " bytes\n";
    if (follower_.reader() == nullptr) return;
    out_ << "  cells: " << sums_.cells[0] << " still, " << sums_.cells[1] << " copied, " << sums_.cells[2]
         << " coded\n ";
    print_bits(sums_.bits);
    out_ << '\n';
  }

 private:
  void describe_sequence(const UnitView& unit) {
    const SequenceHeader h = parse_sequence_header(unit.payload);
    out_ << "  " << h.width << 'x' << h.height << ", " << h.framerate_num << '/' << h.framerate_den << " pictures/s, "
         << h.layers << " layers, model " << to_hex(h.model_id);
    if (h.knowledge) out_ << ", knowledge base " << to_hex(h.knowledge->id) << " epoch " << +h.knowledge->epoch;
  }

  void describe_semantic(const UnitView& unit) {
    try {
      const auto semantic = parse_semantic_unit(unit.payload);
      if (!semantic) {
        out_ << "  of an unknown form";
        return;
      }
      out_ << (semantic->scene_change ? "  scene change" : "") << "  code ";
      for (const uint8_t byte : semantic->code) out_ << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
    } catch (const Error&) {
      out_ << "  corrupt";
    }
  }

  void describe_token_unit(const UnitView& unit, const PictureTokens& picture) {
    const int rows = unit.header.half ? halved(follower_.rows()) : follower_.rows();
    if (rows == 0) return;
    const auto read = std::find_if(picture.units.begin(), picture.units.end(), [&unit](const TokenUnit& t) {
      return t.bits.data() >= unit.payload.data() && t.bits.data() <= unit.payload.data() + unit.payload.size() &&
             t.layer == unit.header.layer;
    });
    if (read == picture.units.end()) {
      const auto parsed = parse_token_unit(unit, rows);
      if (!parsed) {
        out_ << "  corrupt";
      } else {
        out_ << "  from row " << parsed->slice.first_row;
        if (follower_.reader() != nullptr) out_ << "  left aside";
      }
      return;
    }
    out_ << "  rows " << read->slice.first_row << ".." << read->slice.first_row + read->slice.rows - 1;
    if (read->layer == 0) {
      out_ << "  picture " << read->picture_number << "  " << read->layers << " layers sent";
      describe_cells(read->slice);
    } else {
      describe_stages(*read);
    }
    print_bits(measure(*read));
  }

  TokenBits measure(const TokenUnit& unit) {
    const PictureReader& reader = *follower_.reader();
    TokenBits bits{};
    const int end = unit.joined ? std::min(unit.layers, reader.layout().layers()) : unit.layer + 1;
    for (int layer = unit.layer; layer < end; ++layer) {
      const TokenBits more = measure_layer(reader.grid(), reader.layout(), unit.slice, layer, reader.priors());
      for (size_t i = 0; i < bits.size(); ++i) bits[i] += more[i];
    }
    for (size_t i = 0; i < bits.size(); ++i) sums_.bits[i] += bits[i];
    return bits;
  }

  void describe_cells(Slice slice) {
    std::array<int, 3> counts{};
    const TokenGrid& grid = follower_.reader()->grid();
    for (int i = slice.first_row * grid.cols(); i < (slice.first_row + slice.rows) * grid.cols(); ++i) {
      const Cell& c = grid.cells[static_cast<size_t>(i)];
      ++counts[c.still() ? 0 : c.coded ? 2 : 1];
    }
    for (size_t i = 0; i < counts.size(); ++i) sums_.cells[i] += counts[i];
    out_ << "  cells " << counts[0] << " still " << counts[1] << " copied " << counts[2] << " coded";
  }

  // How many of the coded cells have each number of stages, as far as this layer goes.
  void describe_stages(const TokenUnit& unit) {
    const TokenGrid& grid = follower_.reader()->grid();
    const int most = follower_.reader()->layout().stages_up_to(unit.layer);
    std::vector<int> counts(static_cast<size_t>(most) + 1);
    for (int i = unit.slice.first_row * grid.cols(); i < (unit.slice.first_row + unit.slice.rows) * grid.cols(); ++i) {
      const Cell& c = grid.cells[static_cast<size_t>(i)];
      if (c.coded) ++counts[static_cast<size_t>(std::min<int>(c.stages, most))];
    }
    out_ << "  cells by stages";
    for (size_t n = 0; n < counts.size(); ++n) out_ << ' ' << n << ':' << counts[n];
  }

  void print_bits(const TokenBits& bits) {
    out_ << "  bits" << std::fixed << std::setprecision(1);
    for (size_t i = 0; i < bits.size(); ++i) {
      if (bits[i] == 0) continue;
      out_ << ' ' << token_kind_name(static_cast<TokenKind>(i)) << ' ' << static_cast<double>(bits[i]) / kCostPerBit;
    }
  }

  Follower follower_;
  std::ostream& out_;
  Sums sums_;
};

}  // namespace

void describe_stream(const std::string& path, const ModelFile* model, std::ostream& out) {
  StreamReader reader(path);
  StreamReport report(model, out);
  for (Bytes access_unit; reader.read(access_unit);) report.add(access_unit);
  report.finish(reader.skipped());
}

std::string stream_token_hash(const std::string& path, const ModelFile& model) {
  StreamReader reader(path);
  Follower follower(&model);
  TokenHash hash;
  for (Bytes access_unit; reader.read(access_unit);) {
    if (follower.read(access_unit).readable) hash.add(follower.reader()->grid());
  }
  return to_hex(hash.finish());
}

}  // namespace crlsc::tools
