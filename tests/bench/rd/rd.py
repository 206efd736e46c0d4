#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures CRLSC and its rivals at the same rates on the same clips; writes rd.csv and, from it, the report.

Each line of rd.csv is one run. Runs that are there already are not repeated, so the benchmark goes on where it was
stopped; lines of CRLSC count only for the model and the revision that they name.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import clips
import encoders
import measure
import report

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / 'tests/bench/common'))
from machine import machine  # noqa: E402
from runs import Runs  # noqa: E402

RATES = [3000, 5000, 8000, 12000, 16000, 20000, 40000, 100000]
SMALL_UP_TO = 20000
JUDGED = (8000, 16000)  # bit/s
JUDGE_EVERY = 5         # pictures
CLASSIFY_EVERY = 2
BUTTERAUGLI_EVERY = 25
COLUMNS = ['size', 'clip', 'kind', 'codec', 'revision', 'target', 'kbps', 'wire_kbps', 'key_bytes', 'largest_bytes',
           'worst_5s', 'shown', 'pictures', 'psnr', 'ssim', 'ms_ssim', 'gmsd', 'butteraugli', 'moving_psnr',
           'moving_ssim', 'people', 'faces', 'corners', 'classes', 'encode_ms', 'decode_ms', 'cpu']


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tests/bench/rd/run', description=__doc__.splitlines()[0])
    parser.add_argument('--clips', metavar='DIR', help='folder with more clips than opencv-doc has (clips.py names them)')
    parser.add_argument('--only', nargs='+', metavar='CLIP', help='these clips alone')
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'bench-output' / 'rd', metavar='DIR')
    parser.add_argument('--report', type=pathlib.Path, metavar='FILE', help='where to write the report (.md, with .svg beside it)')
    parser.add_argument('--sizes', nargs='+', default=['320x180', '640x360'], metavar='WxH')
    parser.add_argument('--rates', nargs='+', type=int, default=RATES, metavar='BIT/S')
    parser.add_argument('--codecs', nargs='+', metavar='NAME', help='these alone: ' + ' '.join(encoders.names(True)))
    parser.add_argument('--seconds', type=float, default=10)
    parser.add_argument('--classifiers', nargs='+', default=[], metavar='FILE',
                        help='image classifiers as judges: TorchScript, made by tools/teacher/efficientnet_lite.py --classifier')
    parser.add_argument('--model', help='model file of CRLSC; default: the one shipped')
    return parser.parse_args()


def worst_five_seconds(sizes, target):
    """Most bytes of any 5 s after the first second, by what the rate allows."""
    window = 5 * clips.RATE
    sums = [sum(sizes[i:i + window]) for i in range(clips.RATE, len(sizes) - window + 1)]
    return max(sums) * 8 / (5 * target) if sums else None


def measure_run(row, clip, video, size, options, judges):
    pictures = round(options.seconds * clips.RATE)
    with tempfile.TemporaryDirectory() as folder:
        sent = encoders.encode(row['codec'], video, pictures, row['target'], clips.RATE, size, pathlib.Path(folder),
                             options.model)
        seconds = pictures / clips.RATE
        judged = row['target'] in JUDGED
        found = measure.quality(video, sent.decoded, clip.fixed, options.classifiers if judged else [], CLASSIFY_EVERY)
        found.update(
            kbps=round(sum(sent.sizes) * 8 / seconds / 1000, 3),
            wire_kbps=round(measure.wire_bytes(sent.sizes) * 8 / seconds / 1000, 3),
            key_bytes=sent.key_sizes[0] if sent.key_sizes else None, largest_bytes=max(sent.sizes[1:]),
            worst_5s=worst_five_seconds(sent.sizes, row['target']), shown=sum(1 for s in sent.sizes if s > 0),
            encode_ms=round(sent.encode_ms, 2), decode_ms=round(sent.decode_ms, 2), cpu=machine(),
            butteraugli=measure.butteraugli(video, sent.decoded, BUTTERAUGLI_EVERY))
        if judged:
            found.update(judges.agreement(video, sent.decoded, JUDGE_EVERY))
        row.update(found)


def main():
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    table = Runs(options.out / 'rd.csv', COLUMNS, ('size', 'clip', 'codec', 'revision', 'target'))
    judges = measure.Judges()
    chosen = [(clip, path) for clip, path in clips.available(options.clips) if not options.only or clip.name in options.only]
    if not chosen:
        sys.exit('rd: no clip; install opencv-doc or give --clips')
    revisions = {}
    for text in options.sizes:
        size = tuple(int(n) for n in text.split('x'))
        for clip, path in chosen:
            video = clips.prepare(clip, path, *size, options.seconds, options.out)
            for target in options.rates:
                for name in encoders.names(target <= SMALL_UP_TO):
                    if options.codecs and name not in options.codecs:
                        continue
                    row = {'size': text, 'clip': clip.name, 'kind': clip.kind, 'codec': name, 'target': target}
                    if name not in revisions:
                        revisions[name] = encoders.revision(name, options.model)
                    row['revision'] = revisions[name]
                    if table.has(row):
                        continue
                    measure_run(row, clip, video, size, options, judges)
                    table.add(row)
                    print('%s %-12s %-14s %6d bit/s: %8.2f kbit/s  %6.2f dB  SSIM %.4f  MS-SSIM %.4f  GMSD %.4f' % (
                        text, clip.name, name, target, row['kbps'], row['psnr'], row['ssim'], row['ms_ssim'], row['gmsd']),
                        flush=True)
    if options.report:
        report.write(table.rows, revisions, options.report)


if __name__ == '__main__':
    try:
        main()
    except (encoders.Failure, subprocess.CalledProcessError) as error:
        sys.exit('rd: %s' % error)
