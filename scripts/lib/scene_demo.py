# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo of a known scene: the start of the clip teaches it, what follows is sent at a fraction of the rivals' rates.

The rivals stream the clip from its start, so that their key picture is long past; their figures are those of the part
that CRLSC sends.
"""
import pathlib
import sys

import demo
from stream import FRAME_SIZE, HEIGHT, RATE, WIDTH

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tests/bench/rd'))
import encoders  # noqa: E402

TEACH_SECONDS = 60
RIVALS = {'x264': 8000, 'vp9': 16000, 'av1': 16000}  # bit/s
NAMES = {'crlsc': 'CRLSC', 'x264': 'x264', 'vp9': 'VP9', 'av1': 'AV1'}


def cut(source, out, start, seconds=None):
    limit = ['-t', str(seconds)] if seconds else []
    demo.run_ffmpeg('-ss', str(start), *limit, '-i', source, '-vf', 'fps=%d,scale=%d:%d' % (RATE, WIDTH, HEIGHT),
                    '-pix_fmt', 'yuv420p', str(out))


def learn(options, work):
    cut(options.file, work / 'teach.y4m', 0, TEACH_SECONDS)
    base = demo.OUTPUT / 'scene.crlsckb'
    base.unlink(missing_ok=True)
    print('demo: learning the scene from the first %d s' % TEACH_SECONDS, flush=True)
    done = demo.subprocess.run(['crlsc', 'pkb', 'build', '--video', str(work / 'teach.y4m'), '--out', str(base)]
                               + (['--model', options.model] if options.model else []), capture_output=True, text=True)
    if done.returncode != 0:
        demo.fail('cannot learn the scene: ' + done.stderr.strip())
    return base


def tail_of(path, count):
    """The last pictures of a .y4m with plain frame headers."""
    data = path.read_bytes()
    frame = len(b'FRAME\n') + FRAME_SIZE
    for i in range(count):
        at = len(data) - (count - i) * frame
        yield data[at + len(b'FRAME\n'):at + frame]


def run_rival(name, whole, count, total, work):
    """Kilobits a second of the last `count` pictures; their decoding is left in NAME.y4m."""
    folder = work / (name + '-run')
    folder.mkdir()
    sent = encoders.encode_rival(name, whole, total, RIVALS[name], RATE, (WIDTH, HEIGHT), folder, False)
    demo.write_y4m(work / (name + '.y4m'), tail_of(sent.decoded, count))
    return sum(sent.sizes[-count:]) * 8 * RATE / count / 1000


def run(options, work):
    options.knowledge_base = str(learn(options, work))
    cut(options.file, work / 'rest.y4m', TEACH_SECONDS, options.seconds)
    source, options.file = options.file, str(work / 'rest.y4m')
    sent, received = demo.stream(options, work)
    originals = list(demo.read_pictures(work / 'original.raw'))
    count = len(originals)
    if count == 0:
        demo.fail('%s is not longer than the %d s that teach' % (source, TEACH_SECONDS))
    demo.write_y4m(work / 'original.y4m', originals)
    demo.write_y4m(work / 'crlsc.y4m', demo.shown(work / 'crlsc.raw', received['indices'], count))
    whole = work / 'whole.y4m'
    demo.write_y4m(whole, list(tail_of(work / 'teach.y4m', TEACH_SECONDS * RATE)) + originals)
    rates = {'crlsc': sent['media_bytes'] * 8 * RATE / count / 1000}
    for name in RIVALS:
        print('demo: %s from the start of the clip' % NAMES[name], flush=True)
        rates[name] = run_rival(name, whole, count, TEACH_SECONDS * RATE + count, work)
    titles = {name: '%s  %.1f kbit/s' % (NAMES[name], rate) for name, rate in rates.items()}
    demo.make_pictures(work, {'original': 'original', **titles}, count)
    print('\n%s from second %d, %dx%d at %d frames/s, %.1f s; %s' % (pathlib.Path(source).name, TEACH_SECONDS, WIDTH, HEIGHT,
                                                                   RATE, count / RATE, demo.cpu_name()))
    print('%-6s %8s %8s %7s %8s %7s   %s' % ('', 'kbit/s', 'PSNR-Y', 'SSIM', 'MS-SSIM', 'GMSD', 'what moves: PSNR-Y, SSIM'))
    for name, rate in rates.items():
        quality = demo.measure_quality(work, name, '--moving')
        print('%-6s %8.2f %8.2f %7.4f %8.4f %7.4f   %6.2f %.4f' % (NAMES[name], rate, *quality))
    print('Both ends of CRLSC have the scene in %s; the rivals have been streaming for %d s'
          % (options.knowledge_base, TEACH_SECONDS))
    print('demo: wrote %s and %s' % (demo.OUTPUT / 'side-by-side.mp4', demo.OUTPUT / 'frames.png'))
