#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receives CRLSC from UDP, prints what comes over the bus, and once a second what the elements count.

    receive.py [--port N] [--pictures N]

A sender: gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=10/1 ! crlscenc !
rtpcrlscpay config-interval=1 ! udpsink host=127.0.0.1 port=5004
"""
import argparse
import sys

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

RECEIVER = ('udpsrc name=network port=%d caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=CRLSC,'
            'payload=96 ! rtpjitterbuffer latency=100 do-lost=true ! rtpcrlscdepay name=depayloader ! '
            'crlscdec name=decoder ! fakesink')


def fields(structure):
    """The fields of a Gst.Structure as a dictionary: a property such as `stats` is one."""
    return {structure.nth_field_name(i): structure.get_value(structure.nth_field_name(i))
            for i in range(structure.n_fields())}


class Receiver:
    def __init__(self, port, pictures):
        self.loop = GLib.MainLoop()
        self.wanted = pictures
        self.failed = False
        self.pipeline = Gst.parse_launch(RECEIVER % port)
        self.decoder = self.pipeline.get_by_name('decoder')
        self.depayloader = self.pipeline.get_by_name('depayloader')
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message', self.on_message)
        GLib.timeout_add_seconds(1, self.print_stats)

    def run(self):
        if self.pipeline.set_state(Gst.State.PLAYING) != Gst.StateChangeReturn.FAILURE:
            print('listening at port %d' % self.pipeline.get_by_name('network').get_property('port'), flush=True)
        try:
            self.loop.run()
        except KeyboardInterrupt:
            pass
        self.pipeline.set_state(Gst.State.NULL)
        return 1 if self.failed else 0

    def print_stats(self):
        decoded = fields(self.decoder.get_property('stats'))
        received = fields(self.depayloader.get_property('picture-stats'))
        print('%d pictures, %d corrupted, %d concealed, %d packets lost, %.1f ms to decode' %
              (decoded['frames'], decoded['corrupted'], decoded['concealed'], received['lost-packets'],
               decoded['decode-ms-p50']), flush=True)
        if 0 < self.wanted <= decoded['frames']:
            self.loop.quit()
        return GLib.SOURCE_CONTINUE

    def on_message(self, _bus, message):
        if message.type == Gst.MessageType.ERROR:
            error, _debug = message.parse_error()
            print('%s: %s' % (message.src.get_name(), error.message), flush=True)
            self.failed = True
            self.loop.quit()
        elif message.type == Gst.MessageType.ELEMENT:
            structure = message.get_structure()
            print(message.src.get_name(), structure.get_name(), fields(structure), flush=True)


def main():
    parser = argparse.ArgumentParser(description='Receives CRLSC from UDP and prints statistics.')
    parser.add_argument('--port', type=int, default=5004, help='UDP port, 0 for any that is free (%(default)s)')
    parser.add_argument('--pictures', type=int, default=0, help='ends after so many pictures, 0 for never (%(default)s)')
    options = parser.parse_args()
    Gst.init(None)
    return Receiver(options.port, options.pictures).run()


if __name__ == '__main__':
    sys.exit(main())
