#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures how many pictures a second crlscenc ! queue ! crlscdec manage, one thread each."""
import argparse
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / 'tests/bench/rd'), str(ROOT / 'tests/bench/common')]
import clips  # noqa: E402
from machine import machine  # noqa: E402

MODELS = ['default', 'xs']
WARM_UP = 20  # pictures: starting, and the first ones, count for nothing


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tests/bench/speed/run', description=__doc__)
    parser.add_argument('--clips', metavar='DIR', help='folder with more clips than opencv-doc has (rd/clips.py names them)')
    parser.add_argument('--only', nargs='+', metavar='CLIP', help='these clips alone')
    parser.add_argument('--sizes', nargs='+', default=['320x180', '640x360'], metavar='WxH')
    parser.add_argument('--rates', nargs='+', type=int, default=[8000, 20000, 40000, 80000], metavar='BIT/S')
    parser.add_argument('--models', nargs='+', default=MODELS, choices=MODELS)
    parser.add_argument('--repeat', type=int, default=3, metavar='N', help='runs, of which the median counts')
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'bench-output' / 'speed', metavar='DIR')
    return parser.parse_args()


def seconds_for(video, rate, model, pictures):
    """By the clock, from starting the pipeline to its end."""
    command = ['gst-launch-1.0', '-q', 'filesrc', 'location=%s' % video, '!', 'y4mdec', '!', 'identity', 'eos-after=%d' % pictures,
               '!', 'crlscenc', 'bitrate=%d' % rate, 'threads=1', 'model=%s.safetensors' % model, '!', 'queue', '!',
               'crlscdec', 'threads=1', '!', 'fakesink', 'sync=false']
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def pictures_a_second(video, rate, model, pictures, repeat):
    values = [(pictures - WARM_UP) / (seconds_for(video, rate, model, pictures) - seconds_for(video, rate, model, WARM_UP))
              for _ in range(repeat)]
    return statistics.median(values)


def main():
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    chosen = [(clip, path) for clip, path in clips.available(options.clips) if not options.only or clip.name in options.only]
    if not chosen:
        sys.exit('speed: no clip; install opencv-doc or give --clips')
    print('Pictures a second of `crlscenc threads=1 ! queue ! crlscdec threads=1`, medians of %d runs; %s\n' % (
        options.repeat, machine()))
    print('| clip | model | %s |' % ' | '.join('%g kbit/s' % (rate / 1000) for rate in options.rates))
    print('| --- | --- |%s' % (' --- |' * len(options.rates)))
    for size in options.sizes:
        for clip, path in chosen:
            video = clips.prepare(clip, path, *(int(n) for n in size.split('x')), 10, options.out)
            for model in options.models:
                cells = ['%.1f' % pictures_a_second(video, rate, model, 10 * clips.RATE, options.repeat) for rate in options.rates]
                print('| %s %s | %s | %s |' % (clip.name, size, model, ' | '.join(cells)), flush=True)


if __name__ == '__main__':
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit('speed: %s' % error)
