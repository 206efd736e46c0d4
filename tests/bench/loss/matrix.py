# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured: which codec with which protection under which conditions."""
import dataclasses

SHARES = [0, 0.01, 0.05, 0.1, 0.2]
BURSTS = 'bursts:3'
SINGLES = 'bursts:1'
LOSSES = ['loss:%g' % share for share in SHARES] + [BURSTS]
ONE_WAY_LOSSES = LOSSES + [SINGLES]
DECIBELS = [0, 5, 10, 15, 20]
FADINGS = ['awgn', 'rayleigh']
ACTIONS = ['drop', 'deliver']
RADIO = ['snr:%g:%s:%s' % (snr, fading, action) for fading in FADINGS for action in ACTIONS for snr in DECIBELS]

ONE_WAY = ['crlsc', 'x264-refresh', 'vp9', 'vp9-keys', 'av1', 'av1-keys']
RADIO_CODECS = ['crlsc', 'x264-refresh', 'vp9-keys', 'av1-keys']
# av1enc of GStreamer 1.22 answers no request for a key picture.
TWO_WAY = ['crlsc', 'x264', 'vp9', 'av1-keys']
QUICK_LOSSES = ['loss:0', 'loss:0.05', 'loss:0.2', BURSTS]
QUICK_RADIO = ['snr:10:rayleigh:drop', 'snr:10:rayleigh:deliver']


@dataclasses.dataclass(frozen=True)
class Run:
    """One process: a codec under some conditions."""
    codec: str
    protection: str
    way_back: bool
    conditions: tuple


def runs(quick):
    losses = tuple(QUICK_LOSSES if quick else LOSSES)
    radio = tuple(QUICK_RADIO if quick else RADIO)
    one_way = losses if quick else tuple(ONE_WAY_LOSSES)
    out = [Run(codec, protection, False, one_way) for codec in ONE_WAY for protection in ('none', 'ulpfec')]
    out += [Run(codec, protection, True, losses) for codec in TWO_WAY for protection in ('none', 'ulpfec', 'rtx')]
    out += [Run(codec, 'none', False, radio) for codec in RADIO_CODECS]
    return out


def label(condition):
    """For people."""
    words = condition.split(':')
    if words[0] == 'loss':
        return '%g %%' % (100 * float(words[1]))
    if condition == SINGLES:
        return 'single losses'
    if words[0] == 'bursts':
        return 'bursts of %s' % words[1]
    return '%s dB' % words[1]
