#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do labels from a stream of meaning alone agree with those from the pictures themselves?

For each clip, `crlsckb` labels every raw picture, and, behind RTP, what `crlscenc mode=semantic` says of the clip. A label
holds until the next one. Prints for each clip how many pictures have the same label, and the rate on the wire.

    meson devenv -C build env -C "$PWD" /usr/bin/python3 tests/bench/kb/labels.py --knowledge-base FILE CLIP...

A knowledge base that knows the clips: a folder of pictures of the first half of each, named like it, for `crlsc pkb build
--images`; then CLIP... are the second halves.
"""
import argparse
import collections
import os
import sys

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

HEADERS = 20 + 8  # IP and UDP
SOURCE = ('filesrc name=file ! decodebin ! videoconvert ! videoscale ! videorate ! '
          'video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1 ! ')


class Labels:
    """Runs a pipeline with a crlsckb `kb`; keeps the first match of each of its messages, by time."""

    def __init__(self, description, clip, knowledge_base):
        self.found = []
        self.wire_bytes = 0
        self.end = 0
        pipeline = Gst.parse_launch(description)
        pipeline.get_by_name('file').set_property('location', clip)
        for name in ('kb', 'encoder'):
            element = pipeline.get_by_name(name)
            if element is not None:
                element.set_property('location' if name == 'kb' else 'knowledge-base', knowledge_base)
        payloader = pipeline.get_by_name('payloader')
        if payloader is not None:
            payloader.get_static_pad('src').add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, self.count)
        pipeline.set_state(Gst.State.PLAYING)
        bus = pipeline.get_bus()
        while True:
            message = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR |
                                             Gst.MessageType.ELEMENT)
            if message.type == Gst.MessageType.ERROR:
                pipeline.set_state(Gst.State.NULL)
                sys.exit('labels: %s: %s' % (clip, message.parse_error()[0].message))
            if message.type == Gst.MessageType.EOS:
                break
            structure = message.get_structure()
            if structure.get_name() == 'crlsckb':
                self.found.append((structure.get_value('timestamp'), first_label(structure)))
        pipeline.set_state(Gst.State.NULL)

    def count(self, _pad, info):
        if info.type & Gst.PadProbeType.BUFFER_LIST:
            packets = info.get_buffer_list()
            packets = [packets.get(i) for i in range(packets.length())]
        else:
            packets = [info.get_buffer()]
        self.wire_bytes += sum(packet.get_size() + HEADERS for packet in packets)
        return Gst.PadProbeReturn.OK

    def at(self, time):
        """The label that holds at this time, None before the first."""
        latest = None
        for when, label in self.found:
            if when > time:
                break
            latest = label
        return latest


def first_label(structure):
    """Of the first match; PyGObject has no way into arrays of structures, so by their text."""
    text = structure.to_string()
    at = text.find('label\\=\\(string\\)')
    if at < 0:
        return None
    return text[at:].split(')', 1)[1].split('\\;')[0].split('\\,')[0].strip('\\"')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--knowledge-base', required=True)
    parser.add_argument('--size', default='320x180')
    parser.add_argument('--rate', type=int, default=10, help='pictures a second')
    parser.add_argument('--interval', type=int, default=1000, help='semantic-interval of the sender, ms')
    parser.add_argument('clips', nargs='+')
    options = parser.parse_args()
    Gst.init(None)
    source = SOURCE % (*(int(n) for n in options.size.split('x')), options.rate)
    shares = collections.Counter()
    total = same = 0
    for clip in options.clips:
        raw = Labels(source + 'crlsckb name=kb interval=0 min-similarity=-1 ! fakesink', clip, options.knowledge_base)
        sent = Labels(source + 'crlscenc name=encoder mode=semantic semantic-interval=%d ! rtpcrlscpay name=payloader ! '
                      'rtpcrlscdepay ! crlsckb name=kb min-similarity=-1 ! fakesink' % options.interval, clip,
                      options.knowledge_base)
        agree = sum(1 for time, label in raw.found if sent.at(time) == label)
        shares.update(label for _, label in raw.found)
        total += len(raw.found)
        same += agree
        print('%-44s %5d pictures  %5.1f %% agree  %5.2f kbit/s on the wire' % (
            os.path.basename(clip), len(raw.found), 100 * agree / len(raw.found),
            sent.wire_bytes * 8 * options.rate / len(raw.found) / 1000), flush=True)
    print('all: %.1f %% of %d pictures; %d labels occur, the commonest in %.0f %%' % (
        100 * same / total, total, len(shares), 100 * max(shares.values()) / total))


if __name__ == '__main__':
    main()
