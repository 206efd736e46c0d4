// SPDX-License-Identifier: LGPL-2.1-or-later
// Byte streams in any pieces, cut, damaged, hostile; and how they are told from other files.
#include <gst/base/gsttypefindhelper.h>

#include <random>

#include "core/bitstream/crc.h"
#include "parse_support.h"

using namespace crlsc::test;  // NOLINT: a test of one namespace
using crlsc::Bytes;
using crlsc::ByteView;

namespace {

// Key pictures every four; 300 bytes a picture and less.
const char* const kKeys = "bitrate=30000 gop-size=4";
constexpr const char* kPackets = "video/x-crlsc, stream-format=packetized";

Bytes with_inserted(Bytes bytes, size_t at, const Bytes& garbage) {
  bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(at), garbage.begin(), garbage.end());
  return bytes;
}

Bytes garbage(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

// Puts the checksum behind what it covers.
void seal(Bytes& bytes, size_t begin, size_t end) {
  const uint16_t crc = crlsc::crc16(ByteView(bytes).sub(begin, end - begin));
  bytes[end] = static_cast<uint8_t>(crc >> 8);
  bytes[end + 1] = static_cast<uint8_t>(crc);
}

// Changes the version in the head that a file begins with: that of the byte stream, or that of the bitstream in the
// sequence header.
Bytes of_version_2(Bytes file, bool bitstream) {
  constexpr size_t kPayload = 11;                     // behind the magic and one byte of size
  constexpr size_t kUnit = kPayload + 1 + 3 + 6 + 2;  // version, timescale, time and square samples
  constexpr size_t kUnitPayload = kUnit + 2;
  const size_t end = kPayload + file[kPayload - 1];
  file[bitstream ? kUnitPayload : kPayload] = 2;
  if (bitstream) seal(file, kUnit, kUnitPayload + file[kUnitPayload - 1]);
  seal(file, kPayload - 11, end);
  return file;
}

// A file whose picture `at` is this one. No writer would write it if it is of another version.
Bytes make_file_with(const Stream& stream, size_t at, GstBuffer* picture) {
  const Bytes units = to_bytes(picture);
  Buffers buffers;
  for (size_t i = 0; i < stream.buffers().size(); ++i) {
    buffers.add(i == at ? to_buffer(Bytes(units.size(), 0xFF), i * kInterval, false) : stream.copy(i));
  }
  File file = make_file(buffers);
  std::copy(units.begin(), units.end(), file.bytes.begin() + static_cast<ptrdiff_t>(file.ends[at] - units.size()));
  return file.bytes;
}

GstTypeFindProbability probability(ByteView bytes) {
  GstTypeFindProbability found = GST_TYPE_FIND_NONE;
  GstCaps* caps = gst_type_find_helper_for_data(nullptr, bytes.data(), bytes.size(), &found);
  if (caps == nullptr) return GST_TYPE_FIND_NONE;
  gchar* text = gst_caps_to_string(caps);
  fail_unless_equals_string(text, "video/x-crlsc, stream-format=(string)byte-stream");
  g_free(text);
  gst_caps_unref(caps);
  return found;
}

}  // namespace

GST_START_TEST(b5_splits_at_any_chunk_size) {
  const size_t sizes[] = {1, 2, 3, 9, 10, 57, 1000};
  const Stream stream(12, kKeys);
  expect_buffers(parse(make_file(stream.buffers()).bytes, sizes[__i__]), stream.buffers());
}
GST_END_TEST;

// No picture waits for the one behind it.
GST_START_TEST(b5_a_picture_goes_out_when_it_is_complete) {
  const Stream stream(8, kKeys);
  const File file = make_file(stream.buffers());
  Parser parser;
  parser.begin_bytes();
  for (size_t i = 0; i < 8; ++i) {
    const size_t size = file.ends[i] - file.begin(i);
    fail_unless_equals_int(parser.push_bytes({file.bytes.data() + file.begin(i), size - 1}), GST_FLOW_OK);
    fail_unless(parser.pull().empty());
    fail_unless_equals_int(parser.push_bytes({file.bytes.data() + file.ends[i] - 1, 1}), GST_FLOW_OK);
    fail_unless_equals_int(parser.pull().size(), 1);
  }
}
GST_END_TEST;

GST_START_TEST(b5_drains_at_the_end) {
  const Stream stream(8, kKeys);
  const File file = make_file(stream.buffers());
  for (const size_t size : {file.ends[7], file.ends[7] - 1, file.begin(7) + 3}) {
    Parser parser;
    parser.begin_bytes();
    fail_unless_equals_int(parser.push_bytes({file.bytes.data(), size}), GST_FLOW_OK);
    parser.end();
    fail_unless_equals_int(parser.pull().size(), size == file.ends[7] ? 8 : 7);
    fail_unless_equals_int(parser.pop().domain, 0);
  }
}
GST_END_TEST;

GST_START_TEST(b5_skips_garbage_before) {
  const Stream stream(8, kKeys);
  const File file = make_file(stream.buffers());
  for (const size_t size : {1, 500, 5000}) {
    LogCounter counter("crlsc");
    const Buffers out = parse(with_inserted(file.bytes, 0, garbage(size, 7)), __i__ == 0 ? SIZE_MAX : 100);
    fail_unless_equals_int(counter.lines(), 1);
    expect_buffers(out, stream.buffers());
    fail_unless(has_flag(out[0], GST_BUFFER_FLAG_DISCONT));
  }
}
GST_END_TEST;

GST_START_TEST(b5_skips_garbage_between) {
  const Stream stream(8, kKeys);
  const File file = make_file(stream.buffers());
  for (size_t i = 1; i < 8; ++i) {
    LogCounter counter("crlsc");
    Parser parser;
    parser.begin_bytes();
    parser.push_in_pieces(with_inserted(file.bytes, file.begin(i), garbage(300 * i, 3)), __i__ == 0 ? 100000 : 50);
    const Buffers out = parser.pull();
    expect_buffers(out, stream.buffers());
    for (size_t n = 1; n < 8; ++n) fail_unless(has_flag(out[n], GST_BUFFER_FLAG_DISCONT) == (n == i));
    fail_unless(parser.gaps().empty(), "nothing is missing");
    fail_unless_equals_int(counter.lines(), 1);
  }
}
GST_END_TEST;

// The base class would give up after two.
GST_START_TEST(b5_skips_five_megabytes_of_garbage) {
  const Stream stream(8, kKeys);
  const File file = make_file(stream.buffers());
  expect_buffers(parse(with_inserted(file.bytes, file.begin(4), garbage(5 << 20, 1)), 65536), stream.buffers());
}
GST_END_TEST;

GST_START_TEST(b5_lost_records_become_gaps) {
  const Stream stream(10, "bitrate=30000");
  const File file = make_file(stream.buffers());
  Bytes damaged = file.bytes;
  for (const size_t i : {3, 4, 7}) damaged[file.begin(i) + 4] ^= 0x40;
  Parser parser;
  parser.begin_bytes();
  parser.push_in_pieces(damaged, 1000);
  const Buffers out = parser.pull();
  fail_unless_equals_int(out.size(), 7);
  fail_unless(has_flag(out[3], GST_BUFFER_FLAG_DISCONT) && has_flag(out[5], GST_BUFFER_FLAG_DISCONT));
  const auto gaps = parser.gaps();
  fail_unless_equals_int(gaps.size(), 3);
  const GstClockTime times[] = {3 * kInterval, 4 * kInterval, 7 * kInterval};
  for (size_t i = 0; i < 3; ++i) {
    fail_unless(gaps[i].missing);
    fail_unless_equals_uint64(gaps[i].time, times[i]);
    fail_unless_equals_uint64(gaps[i].duration, kInterval);
  }
}
GST_END_TEST;

// The decoder shows as many pictures as there were.
GST_START_TEST(b5_lost_records_are_concealed) {
  const Stream stream(10, "bitrate=30000");
  const File file = make_file(stream.buffers());
  Bytes damaged = file.bytes;
  for (const size_t i : {3, 4, 7}) damaged[file.begin(i) + 4] ^= 0x40;
  Harness whole(std::string("crlscparse ! crlscdec model=") + kModel);
  gst_harness_set_src_caps_str(whole.h(), kByteStreamCaps);
  fail_unless_equals_int(whole.push(gst_buffer_new_memdup(damaged.data(), damaged.size())), GST_FLOW_OK);
  const Buffers out = whole.pull();
  fail_unless_equals_int(out.size(), 10);
  for (size_t i = 0; i < 10; ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(out[i]), i * kInterval);
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_CORRUPTED) == (i >= 3));
  }
}
GST_END_TEST;

GST_START_TEST(b5_damaged_units_are_told) {
  const Stream stream(6, "bitrate=30000");
  const File file = make_file(stream.buffers());
  Bytes damaged = file.bytes;
  damaged[file.ends[2] - 1] ^= 1;  // the checksum of the last unit
  const Buffers out = parse(damaged);
  fail_unless_equals_int(out.size(), 6);
  for (size_t i = 0; i < 6; ++i) fail_unless(has_flag(out[i], GST_BUFFER_FLAG_CORRUPTED) == (i == 2));
}
GST_END_TEST;

// Whatever is cut off: what is behind the next head comes out.
GST_START_TEST(b5_begins_anywhere) {
  const Stream stream(12, kKeys);
  const File file = make_file(stream.buffers());
  for (size_t from = 1; from < file.begin(8); from += 11) {
    const Bytes cut(file.bytes.begin() + static_cast<ptrdiff_t>(from), file.bytes.end());
    const Buffers out = parse(cut);
    fail_unless(out.size() >= (from <= file.begin(4) ? 8 : 4), "%d buffers", static_cast<int>(out.size()));
    fail_unless(is_key(out[0]));
    fail_unless_equals_uint64(GST_BUFFER_PTS(out[0]), 0);
    fail_unless(to_bytes(out.back()) == to_bytes(stream.buffers().back()));
  }
}
GST_END_TEST;

GST_START_TEST(b5_plays_on_with_one_percent_flipped) {
  const Stream stream(200, "bitrate=30000 gop-size=10");
  Bytes damaged = make_file(stream.buffers()).bytes;
  std::mt19937 random(static_cast<unsigned>(__i__));
  for (size_t i = 0; i < damaged.size() / 100; ++i) {
    damaged[random() % damaged.size()] ^= static_cast<uint8_t>(1 + random() % 255);
  }
  Harness whole(std::string("crlscparse ! crlscdec model=") + kModel);
  gst_harness_set_src_caps_str(whole.h(), kByteStreamCaps);
  for (size_t at = 0; at < damaged.size(); at += 4096) {
    const ByteView block = ByteView(damaged).sub(at, 4096);
    fail_unless_equals_int(whole.push(gst_buffer_new_memdup(block.data(), block.size())), GST_FLOW_OK);
  }
  fail_unless(whole.push(gst_event_new_eos()));
  const Buffers out = whole.pull();
  fail_unless(out.size() > 150 && out.size() <= 200, "%d pictures", static_cast<int>(out.size()));
  for (size_t i = 1; i < out.size(); ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(out[i]), GST_BUFFER_PTS(out[i - 1]) + kInterval);
  }
  fail_unless(GST_BUFFER_PTS(out.back()) > 195 * kInterval);
}
GST_END_TEST;

// One percent of all bytes, but all of them in two groups of pictures: the others are shown as if nothing had happened.
GST_START_TEST(b5_damage_stays_where_the_flips_are) {
  constexpr size_t kGroup = 10;
  const Stream stream(200, "bitrate=30000 gop-size=10");
  const File file = make_file(stream.buffers());
  Bytes damaged = file.bytes;
  std::mt19937 random(3);
  for (const size_t group : {5, 12}) {
    const size_t begin = file.begin(group * kGroup);
    const size_t size = file.begin((group + 1) * kGroup) - begin;
    for (size_t i = 0; i < damaged.size() / 200; ++i) {
      damaged[begin + random() % size] ^= static_cast<uint8_t>(1 + random() % 255);
    }
  }
  std::vector<Buffers> shown(2);
  for (size_t i = 0; i < 2; ++i) {
    Harness whole(std::string("crlscparse ! crlscdec model=") + kModel);
    gst_harness_set_src_caps_str(whole.h(), kByteStreamCaps);
    const Bytes& bytes = i == 0 ? file.bytes : damaged;
    fail_unless_equals_int(whole.push(gst_buffer_new_memdup(bytes.data(), bytes.size())), GST_FLOW_OK);
    fail_unless(whole.push(gst_event_new_eos()));
    shown[i] = whole.pull();
  }
  fail_unless_equals_int(shown[0].size(), 200);
  fail_unless_equals_int(shown[1].size(), 200);
  size_t different = 0;
  for (size_t i = 0; i < 200; ++i) {
    const bool hit = i / kGroup == 5 || i / kGroup == 12;
    const bool same = to_bytes(shown[1][i]) == to_bytes(shown[0][i]);
    fail_unless(hit || same, "picture %d differs", static_cast<int>(i));
    fail_unless(hit || !has_flag(shown[1][i], GST_BUFFER_FLAG_CORRUPTED), "picture %d", static_cast<int>(i));
    fail_unless_equals_uint64(GST_BUFFER_PTS(shown[1][i]), i * kInterval);
    different += same ? 0 : 1;
  }
  fail_unless(different > 0);
}
GST_END_TEST;

// Without its only key picture, a file is shown from two seconds on: on grey, better with every cell that is refreshed.
GST_START_TEST(b5_a_file_without_its_key_picture) {
  const Stream stream(60, "bitrate=30000 gop-size=0");
  const File file = make_file(stream.buffers());
  Bytes damaged = file.bytes;
  const size_t begin = file.ends[0] - to_bytes(stream.buffers()[0]).size();
  for (size_t i = begin - 4; i < file.ends[0]; ++i) damaged[i] ^= 0x55;
  Harness whole(std::string("crlscparse ! crlscdec model=") + kModel);
  gst_harness_set_src_caps_str(whole.h(), kByteStreamCaps);
  fail_unless_equals_int(whole.push(gst_buffer_new_memdup(damaged.data(), damaged.size())), GST_FLOW_OK);
  fail_unless(whole.push(gst_event_new_eos()));
  const Buffers out = whole.pull();
  fail_unless_equals_int(out.size(), 60 - 1 - 20);
  for (size_t i = 0; i < out.size(); ++i) {
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_CORRUPTED));
    fail_unless_equals_uint64(GST_BUFFER_PTS(out[i]), (20 + i) * kInterval);
  }
}
GST_END_TEST;

// The usual mistake is named: access units without what makes a byte stream of them.
GST_START_TEST(b5_files_written_without_a_parser_are_told) {
  const Stream stream(6, "bitrate=30000");
  Parser parser;
  parser.begin_bytes();
  parser.push_in_pieces(joined(stream.buffers()), 1000);
  const Posted warning = parser.pop(GST_MESSAGE_WARNING);
  fail_unless(warning.is(GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE));
  fail_unless(warning.says("without crlscparse"));
  fail_unless(parser.pull().empty());
}
GST_END_TEST;

// A recording of another version between two that are known: it is left out, with one warning.
GST_START_TEST(b5_another_version_in_mid_stream) {
  const Stream stream(8, kKeys);
  const File file = make_file(stream.buffers());
  // Up to its next head.
  const Bytes other =
      of_version_2({file.bytes.begin(), file.bytes.begin() + static_cast<ptrdiff_t>(file.begin(4))}, __i__ == 1);
  for (const size_t piece : {size_t{3}, SIZE_MAX}) {
    Bytes bytes = with_inserted(file.bytes, file.bytes.size(), other);
    bytes = with_inserted(bytes, bytes.size(), file.bytes);
    Parser parser;
    parser.begin_bytes();
    parser.push_in_pieces(bytes, std::min(piece, bytes.size()));
    parser.end();
    const Buffers out = parser.pull();
    fail_unless_equals_int(out.size(), 16);
    for (size_t i = 0; i < 16; ++i) {
      fail_unless(to_bytes(out[i]) == to_bytes(stream.buffers()[i % 8]));
      fail_unless(has_flag(out[i], GST_BUFFER_FLAG_DISCONT) == (i % 8 == 0));
    }
    const Posted warning = parser.pop(GST_MESSAGE_WARNING);
    fail_unless(warning.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE));
    fail_unless(warning.says("version 2"), "%s", warning.text.c_str());
    fail_unless_equals_int(parser.pop(GST_MESSAGE_WARNING).domain, 0);
    fail_unless_equals_int(parser.pop().domain, 0);
  }
}
GST_END_TEST;

GST_START_TEST(b5_another_version_from_the_start_is_an_error) {
  const Stream stream(8, kKeys);
  Parser parser;
  parser.begin_bytes();
  const Bytes other = of_version_2(make_file(stream.buffers()).bytes, __i__ == 1);
  fail_unless_equals_int(parser.push_bytes(other), GST_FLOW_ERROR);
  const Posted posted = parser.pop();
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
  fail_unless(posted.says("version 2"), "%s", posted.text.c_str());
}
GST_END_TEST;

// One picture of a running stream, in a file or in packets, has a sequence header of another version.
GST_START_TEST(b5_a_picture_of_another_version_is_missing) {
  const Stream stream(8, "bitrate=30000");
  Buffers forged;
  forged.add(with_header(header_unit(64, 48, true), stream.buffers()[4]));
  Parser parser("", kPackets);
  if (__i__ == 0) {
    parser.begin_bytes();
    parser.push_in_pieces(make_file_with(stream, 4, forged[0]), 100);
  } else {
    parser.begin_packets(stream);
    for (size_t i = 0; i < 8; ++i) {
      fail_unless_equals_int(parser.push(i == 4 ? forged.copy(0) : stream.copy(i)), GST_FLOW_OK);
    }
  }
  const Buffers out = parser.pull();
  fail_unless_equals_int(out.size(), 7);
  for (size_t i = 1; i < 7; ++i) fail_unless(has_flag(out[i], GST_BUFFER_FLAG_DISCONT) == (i == 4));
  const auto gaps = parser.gaps();
  fail_unless_equals_int(gaps.size(), 1);
  fail_unless(gaps[0].missing && gaps[0].time == 4 * kInterval && gaps[0].duration == kInterval);
  fail_unless(parser.pop(GST_MESSAGE_WARNING).is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE));
  fail_unless_equals_int(parser.pop().domain, 0);
}
GST_END_TEST;

// The key bit of a header that is repeated says nothing of the picture, nor does a flag that upstream forgot.
GST_START_TEST(b5_headers_do_not_make_key_pictures) {
  const Stream stream(8, "bitrate=30000");
  const Bytes key_picture = to_bytes(stream.buffers()[0]);
  const crlsc::AccessUnitView units = crlsc::parse_access_unit(key_picture);
  Buffers changed;
  for (size_t i = 0; i < 8; ++i) {
    changed.add(i == 0 ? stream.copy(0) : with_header(units.sequence_header()->bytes, stream.buffers()[i]));
    if (__i__ == 2) GST_BUFFER_FLAG_UNSET(changed[i], GST_BUFFER_FLAG_DELTA_UNIT);
  }
  Parser parser("", kPackets);
  if (__i__ == 0) {
    parser.begin_bytes();
    parser.push_in_pieces(make_file(changed).bytes, 100);
  } else {
    parser.begin_packets(stream);
    for (size_t i = 0; i < 8; ++i) fail_unless_equals_int(parser.push(changed.copy(i)), GST_FLOW_OK);
  }
  const Buffers out = parser.pull();
  fail_unless_equals_int(out.size(), 8);
  for (size_t i = 0; i < 8; ++i) {
    fail_unless(has_flag(out[i], GST_BUFFER_FLAG_HEADER));
    fail_unless(is_key(out[i]) == (i == 0), "picture %d", static_cast<int>(i));
  }
}
GST_END_TEST;

GST_START_TEST(b5_hostile_bytes) {
  const Stream stream(4, kKeys);
  const Bytes bytes = make_file(stream.buffers()).bytes;
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Bytes changed = bytes;
    for (unsigned i = 0; i <= random() % 8; ++i) {
      const size_t at = random() % changed.size();
      if (random() % 2 == 0) changed[at] = static_cast<uint8_t>(random());
      if (random() % 4 == 0) changed = with_inserted(changed, at, garbage(random() % 40, random()));
      if (random() % 8 == 0) changed.resize(at + 1);
    }
    Parser parser;
    parser.begin_bytes();
    parser.push_in_pieces(changed, 1 + random() % 2000);
    parser.end();
    parser.pull();
  }
}
GST_END_TEST;

// A record of 2 MiB that never ends, then the end.
GST_START_TEST(b5_hostile_length) {
  const Stream stream(4, kKeys);
  const File file = make_file(stream.buffers());
  Bytes header = {0xE4, 0x9B, 0, 0, 0, 0, 0xFF, 0xFF, 0x7F};
  const uint16_t crc = crlsc::crc16(header);
  header.insert(header.end(), {static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)});
  Parser parser;
  parser.begin_bytes();
  parser.push_in_pieces(with_inserted(file.bytes, file.begin(2), header), 100);
  parser.end();
  expect_buffers(parser.pull(), stream.buffers());
}
GST_END_TEST;

GST_START_TEST(b5_nothing_but_garbage_is_an_error) {
  Parser parser;
  parser.begin_bytes();
  parser.push_in_pieces(garbage(10000, 5), 1000);
  parser.end();
  const Posted posted = parser.pop();
  fail_unless(posted.is(GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE), "%s", posted.text.c_str());
}
GST_END_TEST;

GST_START_TEST(b5_typefind) {
  const Bytes bytes = make_file(Stream(4).buffers()).bytes;
  fail_unless_equals_int(probability(bytes), GST_TYPE_FIND_MAXIMUM);
  fail_unless_equals_int(probability({bytes.data(), 200}), GST_TYPE_FIND_MAXIMUM);
  Bytes damaged = bytes;
  damaged[12] ^= 1;
  fail_unless_equals_int(probability(damaged), GST_TYPE_FIND_LIKELY);
  const auto within = probability(with_inserted(bytes, 0, garbage(5000, 2)));
  fail_unless(within > GST_TYPE_FIND_MINIMUM && within < GST_TYPE_FIND_POSSIBLE);
  damaged[3] ^= 1;
  fail_unless_equals_int(probability(damaged), GST_TYPE_FIND_NONE);
}
GST_END_TEST;

// So many times 1 MiB as $CRLSC_RANDOM_FILES says; tests/unit/bitstream has the core of it look at a thousand.
GST_START_TEST(b5_typefind_is_not_fooled) {
  const gchar* wanted = g_getenv("CRLSC_RANDOM_FILES");
  const unsigned files = wanted != nullptr ? static_cast<unsigned>(std::atoi(wanted)) : 20;
  fail_unless(files > 0);
  for (unsigned seed = 0; seed < files; ++seed) {
    fail_unless_equals_int(probability(garbage(1 << 20, seed)), GST_TYPE_FIND_NONE);
  }
  const char* text = "9C 43 52 4C 53 43 CRLSC\r\n\x1A\n and nothing else, but long enough to be looked at as a whole";
  fail_unless_equals_int(probability({reinterpret_cast<const uint8_t*>(text), std::strlen(text)}), GST_TYPE_FIND_NONE);
}
GST_END_TEST;

GST_START_TEST(b5_typefind_knows_the_extension) {
  GList* factories = gst_type_find_factory_get_list();
  bool found = false;
  for (GList* item = factories; item != nullptr; item = item->next) {
    const gchar* const* extensions = gst_type_find_factory_get_extensions(GST_TYPE_FIND_FACTORY(item->data));
    found |= extensions != nullptr && g_strv_contains(extensions, "crlsc");
  }
  gst_plugin_feature_list_free(factories);
  fail_unless(found);
}
GST_END_TEST;

static Suite* crlscparse_damage_suite(void) {
  Suite* suite = suite_create("crlscparse_damage");
  TCase* tests = tcase_create("general");
  suite_add_tcase(suite, tests);
  tcase_add_loop_test(tests, b5_splits_at_any_chunk_size, 0, 7);
  tcase_add_test(tests, b5_a_picture_goes_out_when_it_is_complete);
  tcase_add_test(tests, b5_drains_at_the_end);
  tcase_add_loop_test(tests, b5_skips_garbage_before, 0, 2);
  tcase_add_loop_test(tests, b5_skips_garbage_between, 0, 2);
  tcase_add_test(tests, b5_skips_five_megabytes_of_garbage);
  tcase_add_test(tests, b5_lost_records_become_gaps);
  tcase_add_test(tests, b5_lost_records_are_concealed);
  tcase_add_test(tests, b5_damaged_units_are_told);
  tcase_add_test(tests, b5_begins_anywhere);
  tcase_add_loop_test(tests, b5_plays_on_with_one_percent_flipped, 0, 3);
  tcase_add_test(tests, b5_damage_stays_where_the_flips_are);
  tcase_add_test(tests, b5_a_file_without_its_key_picture);
  tcase_add_test(tests, b5_files_written_without_a_parser_are_told);
  tcase_add_loop_test(tests, b5_another_version_in_mid_stream, 0, 2);
  tcase_add_loop_test(tests, b5_another_version_from_the_start_is_an_error, 0, 2);
  tcase_add_loop_test(tests, b5_a_picture_of_another_version_is_missing, 0, 2);
  tcase_add_loop_test(tests, b5_headers_do_not_make_key_pictures, 0, 3);
  tcase_add_test(tests, b5_hostile_bytes);
  tcase_add_test(tests, b5_hostile_length);
  tcase_add_test(tests, b5_nothing_but_garbage_is_an_error);
  tcase_add_test(tests, b5_typefind);
  tcase_add_test(tests, b5_typefind_is_not_fooled);
  tcase_add_test(tests, b5_typefind_knows_the_extension);
  return suite;
}

GST_CHECK_MAIN(crlscparse_damage)
