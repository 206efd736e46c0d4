#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`crlsc train post-filter` at toy size: goes on from its checkpoint, and keeps all else of the model.

Usage: post_filter_training.py CRLSC MODEL
"""
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import zlib

SIDE = 176


def write_picture(path, seed):
    """A PNG file of flat squares of any colour, with grain."""
    rng = random.Random(seed)
    colours = [[rng.randrange(30, 220) for _ in range(3)] for _ in range(64)]
    lines = b''.join(b'\0' + bytes(sample + rng.randrange(12) for x in range(SIDE)
                                   for sample in colours[y // 22 * 8 + x // 22]) for y in range(SIDE))
    with open(path, 'wb') as out:
        out.write(b'\x89PNG\r\n\x1a\n')
        for kind, data in ((b'IHDR', struct.pack('>2I5B', SIDE, SIDE, 8, 2, 0, 0, 0)), (b'IDAT', zlib.compress(lines)),
                           (b'IEND', b'')):
            out.write(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)))


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit('%s\n%s\nexit code %d' % (' '.join(command), done.stdout, done.returncode))
    return done.stdout


def main():
    crlsc, model = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        pictures = os.path.join(folder, 'pictures')
        out = os.path.join(folder, 'out')
        os.mkdir(pictures)
        for seed in range(3):
            write_picture(os.path.join(pictures, '%d.png' % seed), seed)
        train = [crlsc, 'train', 'post-filter', '--model', model, '--data', pictures, '--out', out, '--batch', '2',
                 '--threads', '1']
        run(*train, '--minutes', '0.02')
        steps = int(open(os.path.join(out, 'log.csv')).read().split('\n')[-2].split(',')[0])
        text = run(*train, '--minutes', '0.05', '--resume')
        if steps < 1 or 'from step %d,' % steps not in text:
            sys.exit('%d steps first, and then:\n%s' % (steps, text))
        before = run(crlsc, 'inspect', model)
        after = run(crlsc, 'inspect', os.path.join(out, 'model.safetensors'))
        for what in (r'^.*networks of .*$', r'^.*post-filter of .*$'):
            lines = [re.search(what, text, re.M) for text in (before, after)]
            if not all(lines) or lines[0][0] != lines[1][0]:
                sys.exit('inspected before:\n%s\nafter:\n%s' % (before, after))


if __name__ == '__main__':
    main()
