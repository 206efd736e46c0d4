#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes of the demo: `send`, `receive`, and `x264` for comparison.

Each prints one line of JSON whenever it has something to tell; {"error": ...} is the last one if it fails.
"""
import argparse
import bisect
import json
import sys
import threading
import time

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

WIDTH, HEIGHT, RATE = 320, 240, 10
FRAME_SIZE = WIDTH * HEIGHT * 3 // 2
RAW_CAPS = 'video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1,pixel-aspect-ratio=1/1' % (WIDTH, HEIGHT, RATE)
CLOCK_RATE = 90000
IP_UDP_HEADERS = 20 + 8
MTU = 1200
FIRST_FRAME_SECONDS = 60  # to find and load decoders and models
SILENCE_SECONDS = 1.5     # after which nothing more is expected


class Failure(Exception):
    pass


def tell(**what):
    print(json.dumps(what), flush=True)


class Pipeline:

    def __init__(self, description):
        try:
            self.bin = Gst.parse_launch(description)
        except gi.repository.GLib.Error as error:
            raise Failure(error.message)
        self.bus = self.bin.get_bus()

    def element(self, name):
        return self.bin.get_by_name(name)

    def wait(self, kinds, seconds):
        """The next message of these kinds, or None. Errors are raised."""
        message = self.bus.timed_pop_filtered(int(seconds * Gst.SECOND), kinds | Gst.MessageType.ERROR)
        if message is not None and message.type == Gst.MessageType.ERROR:
            raise Failure(message.parse_error()[0].message)
        return message

    def pause(self):
        self.bin.set_state(Gst.State.PAUSED)
        if self.wait(Gst.MessageType.ASYNC_DONE, FIRST_FRAME_SECONDS) is None:
            raise Failure('no picture within %d seconds' % FIRST_FRAME_SECONDS)

    def play(self):
        self.bin.set_state(Gst.State.PLAYING)

    def stop(self):
        self.bin.set_state(Gst.State.NULL)


class Stopwatch:
    """Time from a frame's arrival at an element to its departure."""

    def __init__(self, element):
        self.seconds = []
        self.arrival = None
        element.get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, self.arrive)
        element.get_static_pad('src').add_probe(Gst.PadProbeType.BUFFER, self.leave)

    def arrive(self, pad, info):
        self.arrival = time.monotonic()
        return Gst.PadProbeReturn.OK

    def leave(self, pad, info):
        self.seconds.append(time.monotonic() - self.arrival)
        return Gst.PadProbeReturn.OK

    def milliseconds(self):
        return 1000 * sum(self.seconds) / max(len(self.seconds), 1)


class Meter:
    """Buffers and bytes that leave a pad."""

    def __init__(self, pad, measure=lambda buffer: buffer.get_size()):
        self.buffers = 0
        self.bytes = 0
        self.measure = measure
        pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, self.count)

    def count(self, pad, info):
        if info.type & Gst.PadProbeType.BUFFER_LIST:
            buffers = info.get_buffer_list()
            buffers = [buffers.get(i) for i in range(buffers.length())]
        else:
            buffers = [info.get_buffer()]
        self.buffers += len(buffers)
        self.bytes += sum(self.measure(buffer) for buffer in buffers)
        return Gst.PadProbeReturn.OK

    def wire_bytes(self):
        return self.bytes + self.buffers * IP_UDP_HEADERS


def end_after(pad, frames):
    """Lets a number of frames pass, then the end of the stream."""
    passed = 0

    def on_frame(pad, info):
        nonlocal passed
        passed += 1
        if passed == frames + 1:
            pad.push_event(Gst.Event.new_eos())
        return Gst.PadProbeReturn.OK if passed <= frames else Gst.PadProbeReturn.DROP

    pad.add_probe(Gst.PadProbeType.BUFFER, on_frame)


def set_files(element, arguments):
    if arguments.model:
        element.set_property('model', arguments.model)
    if arguments.knowledge_base:
        element.set_property('knowledge-base', arguments.knowledge_base)


def send(arguments):
    pipeline = Pipeline(
        'filesrc name=file ! decodebin ! videoconvert ! videoscale ! videorate ! %s ! identity name=limit ! tee name=t '
        't. ! queue ! filesink name=original '
        't. ! queue ! crlscenc name=encoder bitrate=%d ! rtpcrlscpay name=payloader mtu=%d timestamp-offset=0 ! '
        'udpsink name=network host=127.0.0.1'
        % (RAW_CAPS, arguments.bitrate, MTU))
    pipeline.element('file').set_property('location', arguments.input)
    pipeline.element('original').set_property('location', arguments.output)
    end_after(pipeline.element('limit').get_static_pad('src'), arguments.frames)
    encoder = pipeline.element('encoder')
    set_files(encoder, arguments)
    stopwatch = Stopwatch(encoder)
    media = Meter(encoder.get_static_pad('src'))
    wire = Meter(pipeline.element('payloader').get_static_pad('src'))
    network = pipeline.element('network')
    pipeline.pause()
    tell(caps=network.get_static_pad('sink').get_current_caps().to_string())
    network.set_property('port', int(sys.stdin.readline()))
    began = time.monotonic()
    pipeline.play()
    while pipeline.wait(Gst.MessageType.EOS, 1) is None:
        pass
    took = time.monotonic() - began
    stats = encoder.get_property('stats')
    pipeline.stop()
    tell(media_bytes=media.bytes, wire_bytes=wire.wire_bytes(), packets=wire.buffers, encode_ms=stopwatch.milliseconds(),
         dropped=stats.get_value('dropped'), seconds=took)


class Screen:
    """Writes the pictures that are shown, and which pictures of the sender they are.

    The sender counts RTP time from its first frame, so that the time of a packet says which frame it belongs to.
    """

    def __init__(self, path):
        self.file = open(path, 'wb')
        self.indices = []
        self.times = []    # of packets here, ascending
        self.packets = {}  # time here -> RTP time
        self.latest = time.monotonic()

    def on_packet(self, pad, info):
        packet = info.get_buffer()
        if packet.pts not in self.packets:
            self.packets[packet.pts] = int.from_bytes(packet.extract_dup(4, 4), 'big')
            bisect.insort(self.times, packet.pts)
        return Gst.PadProbeReturn.OK

    def index_of(self, pts):
        # Concealed pictures have no packet: they are as far behind the packet before as their times say.
        before = self.times[max(bisect.bisect_right(self.times, pts) - 1, 0)]
        return round(self.packets[before] * RATE / CLOCK_RATE + (pts - before) * RATE / Gst.SECOND)

    def on_picture(self, sink, picture, pad):
        self.latest = time.monotonic()
        self.indices.append(self.index_of(picture.pts))
        self.file.write(picture.extract_dup(0, picture.get_size()))


def receive(arguments):
    pipeline = Pipeline(
        'udpsrc name=network address=127.0.0.1 port=0 ! rtpjitterbuffer latency=200 ! rtpcrlscdepay name=depayloader ! '
        'crlscdec name=decoder ! video/x-raw,format=I420 ! fakesink name=screen sync=true signal-handoffs=true')
    screen = Screen(arguments.output)
    pipeline.element('screen').connect('handoff', screen.on_picture)
    pipeline.element('depayloader').get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, screen.on_packet)
    decoder = pipeline.element('decoder')
    set_files(decoder, arguments)
    stopwatch = Stopwatch(decoder)
    network = pipeline.element('network')
    network.set_property('caps', Gst.Caps.from_string(sys.stdin.readline().strip()))
    pipeline.play()
    # The port is known and the model is loaded once READY is left behind.
    pipeline.bin.get_state(FIRST_FRAME_SECONDS * Gst.SECOND)
    pipeline.wait(Gst.MessageType.STREAM_START, 0)
    tell(port=network.get_property('port'))
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    while not ended.is_set() or time.monotonic() - screen.latest < SILENCE_SECONDS:
        pipeline.wait(Gst.MessageType.EOS, 0.1)
    pipeline.stop()
    screen.file.close()
    tell(indices=screen.indices, decode_ms=stopwatch.milliseconds())


def bytes_without_comment(buffer):
    """Bytes of H.264 without supplemental information: x264 puts its version and options into its first frame."""
    data = buffer.extract_dup(0, buffer.get_size())
    size = 0
    for unit in data.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')[1:]:
        if unit[0] & 0x1f != 6:
            size += len(unit) + 4
    return size


def x264(arguments):
    pipeline = Pipeline(
        'filesrc name=file ! y4mdec ! x264enc name=encoder speed-preset=veryfast tune=zerolatency aud=false '
        'bitrate=%d ! video/x-h264,stream-format=byte-stream ! tee name=t '
        't. ! queue ! rtph264pay name=payloader aggregate-mode=zero-latency mtu=%d ! fakesink '
        't. ! queue ! avdec_h264 name=decoder max-threads=1 ! video/x-raw,format=I420 ! filesink name=decoded'
        % (arguments.kilobits, MTU))
    pipeline.element('file').set_property('location', arguments.input)
    pipeline.element('decoded').set_property('location', arguments.output)
    encoder = pipeline.element('encoder')
    encoding, decoding = Stopwatch(encoder), Stopwatch(pipeline.element('decoder'))
    media = Meter(encoder.get_static_pad('src'), bytes_without_comment)
    whole = Meter(encoder.get_static_pad('src'))
    wire = Meter(pipeline.element('payloader').get_static_pad('src'))
    pipeline.play()
    while pipeline.wait(Gst.MessageType.EOS, 1) is None:
        pass
    pipeline.stop()
    tell(media_bytes=media.bytes, wire_bytes=wire.wire_bytes() - (whole.bytes - media.bytes), packets=wire.buffers,
         encode_ms=encoding.milliseconds(), decode_ms=decoding.milliseconds())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for command in (send, receive, x264):
        sub = commands.add_parser(command.__name__)
        sub.set_defaults(command=command)
        sub.add_argument('--input')
        sub.add_argument('--output', required=True)
        sub.add_argument('--model')
        sub.add_argument('--knowledge-base')
        sub.add_argument('--frames', type=int)
        sub.add_argument('--bitrate', type=int)
        sub.add_argument('--kilobits', type=int)
    arguments = parser.parse_args()
    Gst.init(None)
    try:
        arguments.command(arguments)
    except Failure as failure:
        tell(error=str(failure))
        sys.exit(1)


if __name__ == '__main__':
    main()
