#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`crlsc adapt` at toy size: from a camera's video to a delta that encoder and decoder take.

Usage: adapt.py CRLSC MODEL
"""
import os
import random
import re
import subprocess
import sys
import tempfile

from post_filter_training import write_picture

WIDTH, HEIGHT, PICTURES = 64, 48, 120
KNOWN = 'which knows 16 features of 16x12 places'


def write_video(path, seed, pictures=PICTURES):
    """YUV4MPEG2, twenty pictures a second: a square moves over a ground of noise that rests."""
    rng = random.Random(seed)
    ground = bytes(rng.randrange(60, 180) for _ in range(WIDTH * HEIGHT))
    with open(path, 'wb') as out:
        out.write(b'YUV4MPEG2 W%d H%d F20:1 Ip A1:1 C420jpeg\n' % (WIDTH, HEIGHT))
        for t in range(pictures):
            luma = bytearray(ground)
            for y in range(16, 32):
                x = t % (WIDTH - 16)
                luma[y * WIDTH + x:y * WIDTH + x + 16] = bytes([220]) * 16
            out.write(b'FRAME\n' + bytes(luma) + bytes([120]) * (WIDTH * HEIGHT // 2))


class Tool:
    def __init__(self, path):
        self.path = path

    def run(self, *arguments, fails=False):
        done = subprocess.run([self.path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if (done.returncode != 0) != fails or (fails and done.returncode != 1):
            sys.exit('crlsc %s\n%s\nexit code %d' % (' '.join(arguments), done.stdout, done.returncode))
        return done.stdout


def need(found, what, text):
    if not found:
        sys.exit('%s:\n%s' % (what, text))


def check_report(text, guarded):
    need(re.search(r'48 pictures to learn from, 48 in between, 12 in the part held out, 10 a second', text), 'parted wrongly', text)
    names = ['held out', 'drawn: moving patches', 'drawn: pan', 'drawn: noise', guarded]
    for name in names:
        need('\n%s\n' % name in text, '"%s" was not looked at' % name, text)
    for what in ('before', 'after'):
        need(len(re.findall(r'^  %s +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$' % what, text, re.M)) == 3 * len(names),
             'rows of "%s" are missing' % what, text)
    need(text.count('bits at equal MS-SSIM') == len(names), 'no bits at equal quality', text)


def check_delta(crlsc, at, model):
    """The delta is small, holds tables and the camera's filter, and works on its base alone."""
    need(os.path.getsize(at('cam')) <= 1500000, 'the delta is large', str(os.path.getsize(at('cam'))))
    info = crlsc.run('inspect', at('cam'))
    held = re.findall(r'^  (\S+) +\w+ +\d+ bytes', info, re.M)
    for part in ('priors.', 'camera_filter.out', 'camera_filter.places'):
        need(any(name.startswith(part) for name in held), 'nothing was learnt of ' + part, info)
    for name in held:
        need(name.startswith(('priors.', 'camera_filter.')), name + ' has no place here', info)
    base = crlsc.run('inspect', model)
    need(re.search('of the model with the sha256 ' + re.search(r'sha256 (\w+)', base).group(1), info),
         'the base is not named', info)
    both = model + '+' + at('cam')
    whole = crlsc.run('inspect', both)
    need(KNOWN in whole, 'the places are not told', whole)
    need(re.search('both are the model with the sha256 ' + re.search(r'sha256 (\w+)', whole).group(1), info),
         'the whole has another hash', whole)
    need('is the delta of a model' in crlsc.run('eval', 'codec', at('video.y4m'), '--model', at('cam'), fails=True),
         'a delta alone was taken', '')
    # Whoever goes on to train the model's post-filter leaves the camera's alone.
    write_picture(at('picture.png'), 1)
    crlsc.run('train', 'post-filter', '--model', both, '--data', at('picture.png'), '--out', at('filter'), '--batch', '2',
              '--minutes', '0.01', '--threads', '1')
    more = crlsc.run('inspect', at('filter/model.safetensors'))
    need(KNOWN in more, 'the places are gone', more)
    # A stream of the whole is one of neither part.
    crlsc.run('eval', 'codec', at('video.y4m'), '--model', both, '--stream', at('s.crlsc'), '--seconds', '1')
    crlsc.run('eval', 'stream', at('s.crlsc'), '--model', both, '--save', at('s.y4m'))
    crlsc.run('eval', 'stream', at('s.crlsc'), '--model', model, '--save', at('s.y4m'), fails=True)
    text = crlsc.run('adapt', '--video', at('video.y4m'), '--from', both, '--out', at('more'), fails=True)
    need('a model with a delta' in text, 'a delta of a delta was begun', text)


def main():
    crlsc, model = Tool(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        def at(name):
            return os.path.join(folder, name)
        write_video(at('video.y4m'), 1)
        os.mkdir(at('others'))
        write_video(at('others/other.y4m'), 2, 24)
        adapt = ['adapt', '--video', at('video.y4m'), '--from', model, '--batch', '2', '--threads', '1',
                 '--guard', at('others')]
        out = ['--out', at('cam'), '--work', at('work')]

        # Nothing gains as much as this asks for, however far the training gets: the guard refuses, and tables stay.
        text = crlsc.run(*adapt, *out, '--minutes', '0.02', '--most-loss', '-9', fails=True)
        check_report(text, at('others/other.y4m'))
        need('became worse by more than -9 dB' in text and '--force' in text, 'a loss was not seen', text)
        need(not os.path.exists(at('cam')), 'a delta was written all the same', text)
        need('exists' in crlsc.run(*adapt, *out, fails=True), 'a checkpoint was overwritten', '')
        need('tables: taken 0 %' in text, 'tables were taken', text)
        text = crlsc.run(*adapt, *out, '--minutes', '0.04', '--most-loss', '-9', '--force', '--resume')
        need(re.search(r'from step [1-9]', text) and 'written all the same' in text, 'it began anew', text)
        text = crlsc.run(*adapt, *out, '--minutes', '0.04', '--most-loss', '9', '--resume')
        need('tables: taken 50 %' in text and 'worse' not in text, 'nothing was worse', text)
        check_delta(crlsc, at, model)

        write_video(at('short.y4m'), 3, 20)
        text = crlsc.run('adapt', '--video', at('short.y4m'), '--from', model, '--out', at('short'), fails=True)
        need('has 10 pictures' in text, 'a video that is too short was taken', text)
        text = crlsc.run(*adapt[:-1], at('nowhere'), '--out', at('none'), fails=True)
        need('check --guard' in text, 'a guard that is missing was not told', text)


if __name__ == '__main__':
    main()
