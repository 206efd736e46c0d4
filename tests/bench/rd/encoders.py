# SPDX-License-Identifier: LGPL-2.1-or-later
"""Encoders at real-time, low-delay settings: one picture in, one out, no look-ahead, one key picture, one thread."""
import csv
import dataclasses
import json
import pathlib
import re
import resource
import subprocess

SMALL = (160, 90)  # what some send, and scale up afterwards, where the rate is low
ROOT = pathlib.Path(__file__).resolve().parents[3]
# Ours; what it gains by not refreshing what is lost on the way, which the rivals do not do either; and the small model.
OURS = {'crlsc': [], 'crlsc-no-refresh': ['--refresh-share', 0], 'crlsc-xs': []}
SMALL_MODEL = ROOT / 'models/xs.safetensors'
# Frame threads would delay libx265's pictures.
RIVALS = {
    'x264': ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency'],
    'x265': ['-c:v', 'libx265', '-preset', 'fast', '-tune', 'zerolatency', '-x265-params',
             'keyint=9999:pools=1:frame-threads=1:log-level=none'],
    'vp8': ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '4', '-lag-in-frames', '0'],
    'vp9': ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '6', '-aq-mode', '3', '-lag-in-frames', '0'],
    'av1': ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '7', '-lag-in-frames', '0'],
    'svt-av1': ['-c:v', 'libsvtav1', '-preset', '8', '-svtav1-params', 'pred-struct=1:lp=1'],
}


@dataclasses.dataclass
class Sent:
    """What one run of an encoder gave."""
    sizes: list          # bytes of each access unit
    key_sizes: list      # of key pictures
    decoded: pathlib.Path
    encode_ms: float     # a picture: CPU time of rivals, time by the clock of CRLSC, which runs one thread
    decode_ms: float


def revision(name, model=None):
    """What decides the result beside the arguments. `model`: file; by default the one shipped."""
    if not name.startswith('crlsc'):
        tool = subprocess.run(['ffmpeg', '-version'], stdout=subprocess.PIPE, text=True, check=True).stdout
        return 'ffmpeg ' + tool.split()[2]
    text = subprocess.run(['crlsc', 'inspect', model_of(name, model)], stdout=subprocess.PIPE, text=True, check=True).stdout
    code = subprocess.run(['git', '-C', ROOT, 'log', '-1', '--format=%h', '--', 'gst', 'models', 'tools'],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return '%s %s' % (re.search(r'\b[0-9a-f]{16}\b', text).group(), code)


def model_of(name, model=None):
    """The file that a codec of ours uses; `model` takes the place of the default one."""
    if name == 'crlsc-xs':
        return SMALL_MODEL
    return model or ROOT / 'models/default.safetensors'


class Failure(Exception):
    pass


def names(small):
    """All codecs, ours first; `small` adds those that send pictures of SMALL size."""
    rivals = list(RIVALS)
    return list(OURS) + rivals + ([name + '-small' for name in rivals] if small else [])


def encode(name, video, pictures, rate, fps, size, work, model=None):
    """Sends the .y4m `video` of `size` at `rate` bit/s."""
    if name in OURS:
        return encode_crlsc(video, rate, work, OURS[name] + ['--model', model_of(name, model)])
    small = name.endswith('-small')
    return encode_rival(name[:-6] if small else name, video, pictures, rate, fps, size, work, small)


def run(command):
    """Runs to the end; returns seconds of CPU time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure('%s: %s' % (' '.join(str(c) for c in command), done.stdout.strip()[-400:]))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def encode_crlsc(video, rate, work, more):
    decoded = work / 'crlsc.y4m'
    table = work / 'crlsc.csv'
    run(['crlsc', 'eval', 'codec', video, '--bitrate', rate, '--threads', 1, '--save', decoded, '--csv', table,
         *more])
    with open(table, newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    sizes = [int(row['bytes']) for row in rows]
    keys = [size for row, size in zip(rows, sizes) if row['key'] == '1']
    mean = lambda column: sum(float(row[column]) for row in rows) / len(rows)  # noqa: E731
    return Sent(sizes, keys, decoded, mean('encode_ms'), mean('decode_ms'))


def encode_rival(name, video, pictures, rate, fps, size, work, small, more=()):
    """`more`: options beside those of RIVALS."""
    stream = work / (name + '.mkv')
    decoded = work / (name + '.y4m')
    quiet = ['ffmpeg', '-v', 'error', '-nostdin', '-y']
    limits = ['-b:v', rate, '-maxrate', rate, '-bufsize', rate, '-g', 9999, '-threads', 1]
    if name == 'svt-av1':
        limits = ['-b:v', rate, '-g', 9999]  # refuses -maxrate in this mode
    shrink = ['-vf', 'scale=%d:%d:flags=area' % SMALL] if small else []
    encode_time = run(quiet + ['-i', video] + shrink + RIVALS[name] + limits + list(more) + [stream])
    # A viewer sees the last picture until the next one comes.
    enlarge = ',scale=%d:%d:flags=lanczos' % size if small else ''
    decode_time = run(quiet + ['-threads', 1, '-i', stream, '-vf', 'fps=%d%s' % (fps, enlarge), '-pix_fmt', 'yuv420p',
                               '-frames:v', pictures, decoded])
    probed = subprocess.run(['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=size,flags',
                             '-of', 'json', stream], check=True, stdout=subprocess.PIPE)
    packets = json.loads(probed.stdout)['packets']
    sizes = [int(p['size']) for p in packets]
    keys = [int(p['size']) for p in packets if 'K' in p['flags']]
    return Sent(sizes, keys, decoded, 1000 * encode_time / pictures, 1000 * decode_time / pictures)
