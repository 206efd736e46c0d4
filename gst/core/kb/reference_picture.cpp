// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/reference_picture.h"

#include <webp/decode.h>
#include <webp/encode.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "core/kb/entry.h"

namespace crlsc {
namespace {

constexpr int kLossy = 1;       // WebPBitstreamFeatures::format
constexpr int kBestEffort = 6;  // WebPConfig::method

struct WriterDeleter {
  void operator()(WebPMemoryWriter* writer) const { WebPMemoryWriterClear(writer); }
};

[[noreturn]] void unfit(const std::string& why) { throw Error(ErrorKind::kCorrupt, "a reference picture " + why); }

}  // namespace

PictureSize reference_picture_size(ByteView webp) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(webp.data(), webp.size(), &features) != VP8_STATUS_OK) unfit("is no WebP file");
  if (features.format != kLossy || features.has_alpha != 0 || features.has_animation != 0) {
    unfit("is lossless, transparent or animated WebP, whose samples no standard prescribes");
  }
  if (features.width > kMaxReferenceSide || features.height > kMaxReferenceSide) {
    unfit("of " + std::to_string(features.width) + "x" + std::to_string(features.height) + " is too large");
  }
  return {features.width, features.height};
}

Picture decode_reference_picture(ByteView webp) {
  const PictureSize picture = reference_picture_size(webp);
  Picture out(picture.width, picture.height);
  const auto size = [&out](int plane) {
    return static_cast<size_t>(out.plane_width(plane)) * static_cast<size_t>(out.plane_height(plane));
  };
  if (WebPDecodeYUVInto(webp.data(), webp.size(), out.plane(0), size(0), out.plane_width(0), out.plane(1), size(1),
                        out.plane_width(1), out.plane(2), size(2), out.plane_width(2)) == nullptr) {
    unfit("is damaged");
  }
  return out;
}

Bytes encode_reference_picture(const Picture& picture, float quality) {
  if (picture.width() > kMaxReferenceSide || picture.height() > kMaxReferenceSide) {
    throw Error(ErrorKind::kSettings, "a picture of " + std::to_string(picture.width()) + "x" +
                                          std::to_string(picture.height()) + " is too large for a reference picture, " +
                                          "whose sides are at most " + std::to_string(kMaxReferenceSide));
  }
  WebPConfig config;
  WebPPicture source;
  if (WebPConfigInit(&config) == 0 || WebPPictureInit(&source) == 0) {
    throw Error(ErrorKind::kSettings, "libwebp is of another version than its headers");
  }
  config.quality = quality;
  config.method = kBestEffort;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  const std::unique_ptr<WebPMemoryWriter, WriterDeleter> owner(&writer);
  source.width = picture.width();
  source.height = picture.height();
  source.y = const_cast<uint8_t*>(picture.plane(0));  // only read
  source.u = const_cast<uint8_t*>(picture.plane(1));
  source.v = const_cast<uint8_t*>(picture.plane(2));
  source.y_stride = picture.plane_width(0);
  source.uv_stride = picture.plane_width(1);
  source.writer = WebPMemoryWrite;
  source.custom_ptr = &writer;
  if (WebPEncode(&config, &source) == 0) {
    throw Error(ErrorKind::kSettings, "libwebp cannot encode a picture of " + std::to_string(source.width) + "x" +
                                          std::to_string(source.height) + ": error " +
                                          std::to_string(static_cast<int>(source.error_code)));
  }
  if (writer.size > kMaxPictureSize) {
    throw Error(ErrorKind::kSettings, "a reference picture takes " + std::to_string(writer.size) +
                                          " bytes, more than " + std::to_string(kMaxPictureSize));
  }
  return Bytes(writer.mem, writer.mem + writer.size);
}

}  // namespace crlsc
