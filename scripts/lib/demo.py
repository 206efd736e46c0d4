#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the demo: sender and receiver, then x264 at the same rate; measures both and shows them side by side."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from stream import FRAME_SIZE, HEIGHT, RATE, WIDTH

HERE = pathlib.Path(__file__).resolve().parent
OUTPUT = pathlib.Path('demo-output')
DEFAULT_INPUT = '/usr/share/doc/opencv-doc/examples/data/vtest.avi'
FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'
SHEET_ROWS = 4
BLACK = bytes([16]) * (WIDTH * HEIGHT) + bytes([128]) * (WIDTH * HEIGHT // 2)


def fail(text):
    sys.exit('demo: ' + text)


class Peer:
    """One process of the demo."""

    def __init__(self, log, *arguments):
        self.log = log
        self.process = subprocess.Popen([sys.executable, str(HERE / 'stream.py'), *arguments], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, 'w'))

    def tell(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            return {'error': 'it ended without a word; see %s' % self.log}
        return json.loads(line)

    def stop(self):
        self.process.kill()
        self.process.wait()


def stream(options, work):
    """Sends the input from one process to another; returns what both measured."""
    files = ['--model', options.model] if options.model else []
    files += ['--knowledge-base', options.knowledge_base] if options.knowledge_base else []
    frames = round(options.seconds * RATE)
    sender = Peer(OUTPUT / 'sender.log', 'send', '--input', options.file, '--output', str(work / 'original.raw'),
                  '--frames', str(frames), '--bitrate', str(options.bitrate), *files)
    receiver = Peer(OUTPUT / 'receiver.log', 'receive', '--output', str(work / 'crlsc.raw'), *files)
    try:
        said = sender.hear()
        if 'error' in said:
            fail('cannot send %s: %s' % (options.file, said['error']))
        receiver.tell(said['caps'])
        said = receiver.hear()
        if 'error' in said:
            fail('the receiver failed: ' + said['error'])
        print('demo: streaming %g s at %g kbit/s from one process to another' % (options.seconds, options.bitrate / 1000),
              flush=True)
        sender.tell(str(said['port']))
        sent = sender.hear()
        if 'error' in sent:
            fail('cannot send %s: %s' % (options.file, sent['error']))
        receiver.tell('that was all')
        received = receiver.hear()
        if 'error' in received:
            fail('the receiver failed: ' + received['error'])
        return sent, received
    finally:
        sender.stop()
        receiver.stop()


def write_y4m(path, pictures):
    with open(path, 'wb') as file:
        file.write(b'YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n' % (WIDTH, HEIGHT, RATE))
        for picture in pictures:
            file.write(b'FRAME\n' + picture)


def read_pictures(path):
    with open(path, 'rb') as file:
        while len(picture := file.read(FRAME_SIZE)) == FRAME_SIZE:
            yield picture


def shown(path, indices, count):
    """What a viewer saw at the time of each of `count` frames: the latest that had come, black before the first."""
    pictures = dict(zip(indices, read_pictures(path)))
    latest = BLACK
    for i in range(count):
        latest = pictures.get(i, latest)
        yield latest


def run_x264(kilobits, work):
    path = work / ('x264-%d.raw' % kilobits)
    peer = Peer(OUTPUT / 'x264.log', 'x264', '--input', str(work / 'original.y4m'), '--output', str(path), '--kilobits',
                str(kilobits))
    said = peer.hear()
    peer.stop()
    if 'error' in said:
        fail('x264 failed: ' + said['error'])
    return {**said, 'path': path}


def match_x264(media_bytes, seconds, work):
    """x264 with the lowest target (kbit/s) with which it really sends at least as much."""
    target = max(1, round(media_bytes * 8 / seconds / 1000))
    best = run_x264(target, work)
    while best['media_bytes'] < media_bytes:
        target += 1
        best = run_x264(target, work)
    while target > 1:
        target -= 1
        result = run_x264(target, work)
        if result['media_bytes'] < media_bytes:
            break
        best = result
    return best


def measure_quality(work, name, *options):
    result = subprocess.run(['crlsc', 'eval', 'video', str(work / 'original.y4m'), str(work / (name + '.y4m')), *options],
                            capture_output=True, text=True)
    if result.returncode != 0:
        fail('cannot measure: ' + result.stderr.strip())
    return [float(value) for value in re.findall(r'(?:PSNR-Y|SSIM|MS-SSIM|GMSD) ([\d.]+|inf)', result.stdout)]


def run_ffmpeg(*arguments):
    result = subprocess.run(['ffmpeg', '-y', '-v', 'error', '-nostdin', *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        fail('ffmpeg failed: ' + result.stderr.strip())


def make_pictures(work, titles, count):
    inputs, filters = [], ''
    for i, (name, title) in enumerate(titles.items()):
        inputs += ['-i', str(work / (name + '.y4m'))]
        filters += ("[%d]pad=iw:ih+28:0:28,drawtext=fontfile=%s:text='%s':x=8:y=6:fontsize=16:fontcolor=white[v%d];"
                    % (i, FONT, title, i))
    filters += ''.join('[v%d]' % i for i in range(len(titles))) + 'hstack=%d' % len(titles)
    run_ffmpeg(*inputs, '-filter_complex', filters, '-c:v', 'libx264', '-crf', '16', '-pix_fmt', 'yuv420p',
               str(OUTPUT / 'side-by-side.mp4'))
    rows = min(SHEET_ROWS, count)
    chosen = '+'.join('eq(n,%d)' % ((2 * row + 1) * count // (2 * rows)) for row in range(rows))
    run_ffmpeg(*inputs, '-filter_complex', "%s,select='%s',tile=1x%d" % (filters, chosen, rows), '-frames:v', '1',
               str(OUTPUT / 'frames.png'))


def cpu_name():
    for line in open('/proc/cpuinfo', encoding='utf-8'):
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return 'unknown CPU'


def print_table(options, seconds, rows):
    print('\n%s, %dx%d at %d frames/s, %.1f s; %s, %d cores'
          % (os.path.basename(options.file), WIDTH, HEIGHT, RATE, seconds, cpu_name(), len(os.sched_getaffinity(0))))
    print('%-6s %8s %8s %8s %7s %8s %7s %8s %8s %8s' % ('', 'media', 'wire', 'PSNR-Y', 'SSIM', 'MS-SSIM', 'GMSD', 'encode',
                                                     'decode', 'dropped'))
    print('%-6s %8s %8s %8s %7s %8s %7s %8s %8s %8s' % ('', 'kbit/s', 'kbit/s', 'dB', '', '', '', 'ms/frame', 'ms/frame',
                                                     'frames'))
    for name, result, quality, dropped in rows:
        print('%-6s %8.2f %8.2f %8.2f %7.4f %8.4f %7.4f %8.1f %8.1f %8d'
              % (name, result['media_bytes'] * 8 / seconds / 1000, result['wire_bytes'] * 8 / seconds / 1000, *quality,
                 result['encode_ms'], result['decode_ms'], dropped))
    print('media: what the encoder puts out; wire: with RTP, UDP and IP headers; a dropped frame counts as the last one '
          'shown')


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/demo')
    parser.add_argument('file', nargs='?', default=DEFAULT_INPUT)
    parser.add_argument('--seconds', type=float, default=15)
    parser.add_argument('--bitrate', type=int, help='bit/s')
    parser.add_argument('--model', help='other weights than the default ones')
    parser.add_argument('--scene-memory', action='store_true',
                        help='learn the scene from the first 60 s, then send what follows at 4 kbit/s')
    options = parser.parse_args()
    options.knowledge_base = None
    if options.bitrate is None:
        options.bitrate = 4000 if options.scene_memory else 20000
    if not 1 <= options.seconds <= 3600:
        fail('--seconds takes 1 to 3600')
    if not 1000 <= options.bitrate <= 10000000:
        fail('--bitrate takes 1000 to 10000000')
    if not os.path.isfile(options.file):
        fail('%s: no such file' % options.file)
    return options


def main():
    options = parse_arguments()
    OUTPUT.mkdir(exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=OUTPUT))
    try:
        if options.scene_memory:
            import scene_demo
            scene_demo.run(options, work)
            return
        sent, received = stream(options, work)
        originals = list(read_pictures(work / 'original.raw'))
        count = len(originals)
        if count == 0:
            fail('cannot send %s: it holds no picture' % options.file)
        seconds = count / RATE
        write_y4m(work / 'original.y4m', originals)
        write_y4m(work / 'crlsc.y4m', shown(work / 'crlsc.raw', received['indices'], count))
        print('demo: encoding with x264 at the same rate', flush=True)
        x264 = match_x264(sent['media_bytes'], seconds, work)
        write_y4m(work / 'x264.y4m', shown(x264['path'], range(count), count))
        rate = '%.1f kbit/s'
        make_pictures(work, {'original': 'original',
                             'crlsc': 'CRLSC  ' + rate % (sent['media_bytes'] * 8 / seconds / 1000),
                             'x264': 'x264  ' + rate % (x264['media_bytes'] * 8 / seconds / 1000)}, count)
        lost = count - len(set(received['indices']) & set(range(count)))
        print_table(options, seconds, [('CRLSC', {**sent, **received}, measure_quality(work, 'crlsc'), lost),
                                       ('x264', x264, measure_quality(work, 'x264'), 0)])
        if sent['seconds'] > 1.1 * seconds:
            print('demo: not real time: this machine, as busy as it is, took %.1f s to send that' % sent['seconds'])
        print('demo: wrote %s and %s' % (OUTPUT / 'side-by-side.mp4', OUTPUT / 'frames.png'))
    finally:
        shutil.rmtree(work)


if __name__ == '__main__':
    main()
