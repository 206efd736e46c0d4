// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder with the integer backend. Checksums are put right first, or nothing would get past them.
#include "core/codec/decoder.h"

#include "fuzz.h"
#include "script.h"
#include "unit/codec/codec_testing.h"

using namespace crlsc;

namespace {

constexpr int kSide = 48;

TestModel model_of(bool scalar) { return scalar ? scalar_model() : test_model(); }

SequenceHeader header(const TestModel& model) {
  SequenceHeader h;
  h.width = kSide - 3;
  h.height = kSide;
  h.layers = 3;
  h.model_id = model->file.id();
  return h;
}

}  // namespace

// An input is the length of the first of two access units (2 bytes, of which the highest bit chooses the model) and
// both of them.
std::vector<Bytes> crlsc::fuzz_seeds() {
  std::vector<Bytes> seeds;
  for (const bool scalar : {false, true}) {
    for (const Clip::Kind kind : {Clip::Kind::kBlock, Clip::Kind::kPan, Clip::Kind::kNoise}) {
      for (const size_t unit_size : {60U, 1000U}) {
        const Clip clip{kind, kSide - 3, kSide};
        EncoderConfig config = config_for(clip, 30000);
        config.target_unit_size = unit_size;
        const std::vector<Bytes> stream = encode_clip(clip, config, 3, model_of(scalar));
        Bytes seed;
        ByteWriter writer(seed);
        writer.u16(static_cast<uint16_t>(stream[0].size() | (scalar ? 0x8000 : 0)));
        writer.bytes(stream[0]);
        writer.bytes(stream[2]);
        seeds.push_back(seed);
      }
    }
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const ByteView rest(data + 2, size - 2);
  const size_t first = static_cast<size_t>(data[0] & 0x7F) << 8 | data[1];
  const TestModel model = model_of((data[0] & 0x80) != 0);
  Decoder decoder(model, header(model));
  for (const ByteView part : {rest.sub(0, first), rest.sub(first)}) {
    try {
      const DecodedPicture picture = decoder.decode(with_checksums(part));
      require(picture.layers >= 1 && picture.layers <= 3, "layers");
    } catch (const Error& error) {
      require(error.kind() == ErrorKind::kCorrupt, "the kind of error");
    }
    require(samples(decoder.picture()).size() == Picture(kSide - 3, kSide).data().size(), "the picture's size");
  }
  return 0;
}
