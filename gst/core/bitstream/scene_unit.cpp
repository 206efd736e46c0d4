// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/bitstream/scene_unit.h"

#include <algorithm>
#include <string>

#include "core/bitstream/unit.h"
#include "core/error.h"
#include "core/token/grid.h"

namespace crlsc {
namespace {

constexpr int kFormShift = 4;
constexpr unsigned kNamesForm = 0;
constexpr unsigned kCountMask = kMaxKnowledge - 1;
constexpr size_t kHead = 2;  // bytes before the names

}  // namespace

void append_scene_unit(Bytes& out, const SceneUnit& unit, bool key) {
  if (unit.pictures.empty() || unit.pictures.size() > kMaxKnowledge) {
    throw Error(ErrorKind::kSettings, "a scene has 1 to " + std::to_string(kMaxKnowledge) + " pictures, not " +
                                          std::to_string(unit.pictures.size()));
  }
  if (unit.number >= kSceneNumbers) {
    throw Error(ErrorKind::kSettings,
                "scene number " + std::to_string(unit.number) + " is above " + std::to_string(kSceneNumbers - 1));
  }
  Bytes payload{static_cast<uint8_t>(kNamesForm << kFormShift | (unit.pictures.size() - 1)), unit.number};
  for (const PictureName& name : unit.pictures) payload.insert(payload.end(), name.begin(), name.end());
  append_unit(out, {UnitType::kScene, 0, key, false}, payload);
}

std::optional<SceneUnit> parse_scene_unit(ByteView payload) {
  if (payload.size() < kHead || payload[0] >> kFormShift != kNamesForm || payload[1] >= kSceneNumbers) {
    return std::nullopt;
  }
  SceneUnit unit;
  unit.number = payload[1];
  unit.pictures.resize((payload[0] & kCountMask) + 1);
  if (payload.size() != kHead + unit.pictures.size() * sizeof(PictureName)) return std::nullopt;
  const uint8_t* from = payload.data() + kHead;
  for (PictureName& name : unit.pictures) {
    std::copy_n(from, name.size(), name.begin());
    from += name.size();
  }
  return unit;
}

}  // namespace crlsc
