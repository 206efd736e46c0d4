#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream means the same tokens on every machine (docs/bitstream.md), and nearly the same pictures.

Encodes a synthetic clip as this CPU likes best, then decodes it again with the plainest code paths that the libraries
have, and in one thread. What cells refer to counts as well, also where that is pictures of a known scene.
Usage: token_identity.py CRLSC MODEL
"""
import math
import os
import random
import re
import subprocess
import sys
import tempfile

WIDTH, HEIGHT, PICTURES = 160, 96, 300
LEAST_PSNR = 40.0
PLAIN = {'ATEN_CPU_CAPABILITY': 'default', 'ONEDNN_MAX_CPU_ISA': 'SSE41', 'DNNL_MAX_CPU_ISA': 'SSE41',
         'CRLSC_PRECISION': 'fp32'}


def write_clip(path):
    """A textured background, two patches that cross it, and grain."""
    rng = random.Random(7)
    texture = [rng.randrange(60, 200) for _ in range(32 * 32)]
    chroma = bytes([120]) * (WIDTH * HEIGHT // 4) + bytes([136]) * (WIDTH * HEIGHT // 4)
    base = bytearray(texture[(y // 3 % 32) * 32 + x // 4 % 32] for y in range(HEIGHT) for x in range(WIDTH))
    with open(path, 'wb') as out:
        out.write(b'YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n' % (WIDTH, HEIGHT))
        for n in range(PICTURES):
            picture = bytearray(base)
            for left, top, value in ((n * 2 % WIDTH, 20, 230), (WIDTH - 1 - n * 3 % WIDTH, 58, 30)):
                for y in range(top, top + 24):
                    for x in range(left, min(left + 18, WIDTH)):
                        picture[y * WIDTH + x] = value - (x * y) % 23
            for _ in range(200):
                picture[rng.randrange(len(picture))] ^= 3
            out.write(b'FRAME\n' + picture + chroma)


def write_scenes(clip, paths):
    """What the first picture of the clip shows, without colour, and the same in other light."""
    with open(clip, 'rb') as file:
        file.readline(), file.readline()
        luma = file.read(WIDTH * HEIGHT)
    for path, gain in zip(paths, (1, 0.8)):
        with open(path, 'wb') as out:
            out.write(b'P6 %d %d 255\n' % (WIDTH, HEIGHT))
            out.write(bytes(sample for level in luma for sample in (int(max(level - 16, 0) * 255 / 219 * gain),) * 3))


def run(command, extra):
    env = dict(os.environ, **extra)
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit('%s\nexit code %d\n%s' % (' '.join(command), done.returncode, done.stdout))
    return done.stdout


def token_hash(crlsc, stream, model, extra):
    found = re.search(r'\b[0-9a-f]{64}\b', run([crlsc, 'inspect', '--token-hash', stream, '--model', model], extra))
    if not found:
        sys.exit('crlsc inspect printed no token hash')
    return found.group()


def last_picture_psnr(one, other):
    size = WIDTH * HEIGHT * 3 // 2
    with open(one, 'rb') as a, open(other, 'rb') as b:
        x, y = a.read(), b.read()
    if len(x) != len(y):
        sys.exit('the decodings differ in length')
    x, y = x[-size:][:WIDTH * HEIGHT], y[-size:][:WIDTH * HEIGHT]
    error = sum((p - q) ** 2 for p, q in zip(x, y)) / len(x)
    return 99.0 if error == 0 else 10 * math.log10(255 * 255 / error)


def main():
    crlsc, model = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        def at(name):
            return os.path.join(folder, name)
        write_clip(at('clip.y4m'))
        run([crlsc, 'eval', 'codec', at('clip.y4m'), '--model', model, '--bitrate', '20000',
             '--stream', at('best.stream'), '--save', at('best.y4m')], {})
        run([crlsc, 'eval', 'stream', at('best.stream'), '--model', model, '--save', at('plain.y4m'),
             '--threads', '1'], PLAIN)
        best = token_hash(crlsc, at('best.stream'), model, {})
        plain = token_hash(crlsc, at('best.stream'), model, PLAIN)
        psnr = last_picture_psnr(at('best.y4m'), at('plain.y4m'))
        scenes = [at('scene.ppm'), at('darker.ppm')]
        write_scenes(at('clip.y4m'), scenes)
        run([crlsc, 'eval', 'codec', at('clip.y4m'), '--model', model, '--bitrate', '8000', '--seconds', '5', '--scene',
             *scenes, '--stream', at('scene.stream')], {})
        known = [token_hash(crlsc, at('scene.stream'), model, extra) for extra in ({}, PLAIN)]
    print('tokens %s\npicture %d: %.1f dB between the decodings' % (best, PICTURES, psnr))
    if best != plain:
        sys.exit('with plain code paths the tokens are %s' % plain)
    if known[0] != known[1] or known[0] == best:
        sys.exit('of a known scene the tokens are %s; with plain code paths %s' % tuple(known))
    if psnr < LEAST_PSNR:
        sys.exit('the decodings agree to less than %.0f dB' % LEAST_PSNR)


if __name__ == '__main__':
    main()
