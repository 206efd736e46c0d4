#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says what a CRLSC stream shows, from the few bytes a second that tell it: with each picture, by its meta; and as soon
as it comes, by the message of crlsckb, which needs no picture.

    semantic_receive.py --knowledge-base FILE [--port N] [--pictures N] [--messages N]

A sender: gst-launch-1.0 videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=240,framerate=10/1 !
crlscenc knowledge-base=example.crlsckb ! rtpcrlscpay config-interval=1 ! udpsink host=127.0.0.1 port=5004
"""
import argparse
import ctypes
import sys
import warnings

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

RECEIVER = ('udpsrc name=network port=%d caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,'
            'payload=96 ! rtpjitterbuffer latency=100 do-lost=true ! rtpcrlscdepay ! crlsckb name=kb ! crlscdec ! '
            'fakesink name=screen')


class Match(ctypes.Structure):
    """GstCrlscKbMatch of crlsc/kb_meta.h."""
    _fields_ = [('id', ctypes.c_uint64), ('label', ctypes.c_char_p), ('similarity', ctypes.c_double)]


class KbMeta:
    """The functions of crlsc/kb_meta.h: metas have no introspection, so ctypes calls them. Make one once Gst has loaded
    an element of CRLSC, and with it the library."""

    def __init__(self):
        library = ctypes.CDLL('libgstcrlsc-1.0.so.0')
        self._get = library.gst_buffer_get_crlsc_kb_meta
        self._get.argtypes, self._get.restype = [ctypes.c_void_p], ctypes.c_void_p
        self._count = library.gst_crlsc_kb_meta_get_n_matches
        self._count.argtypes, self._count.restype = [ctypes.c_void_p], ctypes.c_uint
        self._match = library.gst_crlsc_kb_meta_get_match
        self._match.argtypes, self._match.restype = [ctypes.c_void_p, ctypes.c_uint], ctypes.POINTER(Match)

    def matches(self, buffer):
        """(id, label, similarity) of each match, the most similar first; None if the buffer was not looked at."""
        meta = self._get(hash(buffer))  # the hash of a Gst.Buffer is its address
        if not meta:
            return None
        found = (self._match(meta, i).contents for i in range(self._count(meta)))
        return [(match.id, match.label.decode(), match.similarity) for match in found]


class Receiver:
    def __init__(self, options):
        self.options = options
        self.pictures = self.messages = 0
        self.failed = False
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(RECEIVER % options.port)
        self.meta = KbMeta()
        self.pipeline.get_by_name('kb').set_property('location', options.knowledge_base)
        screen = self.pipeline.get_by_name('screen').get_static_pad('sink')
        screen.add_probe(Gst.PadProbeType.BUFFER, self.on_picture)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message', self.on_message)

    def run(self):
        if self.pipeline.set_state(Gst.State.PLAYING) != Gst.StateChangeReturn.FAILURE:
            print('listening at port %d' % self.pipeline.get_by_name('network').get_property('port'), flush=True)
        try:
            self.loop.run()
        except KeyboardInterrupt:
            pass
        self.pipeline.set_state(Gst.State.NULL)
        return 1 if self.failed else 0

    # crlsckb puts the meta on the encoded picture, and the decoder takes it along. Pictures without one show what the
    # latest one says.
    def on_picture(self, _pad, info):
        matches = self.meta.matches(info.get_buffer())
        if matches is not None:
            for match in matches:
                print('picture: %s (entry %d, similarity %.2f)' % (match[1], match[0], match[2]), flush=True)
            self.pictures += 1
            if self.pictures == self.options.pictures:
                self.loop.quit()
        return Gst.PadProbeReturn.OK

    def on_message(self, _bus, message):
        if message.type == Gst.MessageType.ERROR:
            error, _debug = message.parse_error()
            print('%s: %s' % (message.src.get_name(), error.message), flush=True)
            self.failed = True
            self.loop.quit()
        elif message.type == Gst.MessageType.ELEMENT:
            self.on_fields(message.get_structure())

    def on_fields(self, fields):
        if fields.has_name('crlsc-knowledge-base-missing'):
            print('the stream needs the knowledge base %s' % fields.get_value('knowledge-base'), flush=True)
        if not fields.has_name('crlsckb'):
            return
        _found, matches = fields.get_array('matches')
        for match in (matches.get_nth(i) for i in range(matches.n_values)):
            print('message: %s (entry %d, similarity %.2f)' %
                  (match.get_value('label'), match.get_value('id'), match.get_value('similarity')), flush=True)
        self.messages += 1
        if self.messages == self.options.messages:
            self.loop.quit()


def main():
    parser = argparse.ArgumentParser(description='Says what a CRLSC stream shows.')
    parser.add_argument('--knowledge-base', required=True, help='where to look things up')
    parser.add_argument('--port', type=int, default=5004, help='UDP port, 0 for any that is free (%(default)s)')
    parser.add_argument('--pictures', type=int, default=0, help='ends after so many that are told of')
    parser.add_argument('--messages', type=int, default=0, help='ends after so many')
    options = parser.parse_args()
    # GObject.ValueArray is deprecated, but arrays in a Gst.Structure come as one unless python3-gst-1.0 is there.
    warnings.simplefilter('ignore', DeprecationWarning)
    Gst.init(None)
    return Receiver(options).run()


if __name__ == '__main__':
    sys.exit(main())
