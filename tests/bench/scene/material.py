# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clips of scenes: what teaches a scene, and what is measured behind it. None of them trained the shipped weights."""
import dataclasses
import pathlib
import subprocess

DEBIAN = pathlib.Path('/usr/share/doc/opencv-doc/examples/data')
RATE = 10  # pictures a second


@dataclasses.dataclass(frozen=True)
class Scene:
    name: str
    file: str       # in the folder of opencv-doc, or in --clips
    kind: str
    size: tuple
    teach: float    # seconds from the start of the clip
    measure: float  # seconds from the end of these
    taught: str = ''        # filter of what teaches
    seen: str = ''          # and of the measured part; both before it is scaled


# Of the clip's 768x576: 3 samples of 320x240.
REST = 'crop=iw-16:ih-16:8:8'
SHAKE = 'crop=iw-16:ih-16:8+7.2*sin(n*1.9):8+7.2*cos(n*1.3)'
LIGHT = "eq=brightness=0:contrast='1+0.15*sin(n/12)':eval=frame"
SMALL = (320, 180)
SCENES = [
    Scene('vtest', 'vtest.avi', 'street camera', (320, 240), 60, 15),
    Scene('people', 'fixed_people-intel-one-by-one.mp4', 'corridor', SMALL, 20, 20),
    Scene('junction', 'fixed_traffic-haar-video1.avi', 'road', SMALL, 16, 16),
    Scene('traffic', 'fixed_traffic-simple-vehicle-counting.avi', 'motorway', SMALL, 10.3, 2),
    Scene('talking-d6', 'talking_lp-d6.mp4', 'talking head', SMALL, 16, 16),
    Scene('talking-d10', 'talking_lp-d10.mp4', 'talking head', SMALL, 10.3, 4.5),
    Scene('vtest-shake', 'vtest.avi', 'synthetic: shaken by 3 pixels', (320, 240), 60, 15, taught=REST, seen=SHAKE),
    Scene('vtest-light', 'vtest.avi', 'synthetic: 15 % lighter and darker', (320, 240), 60, 15, seen=LIGHT),
]


def find(scene, folder):
    for parent in filter(None, (DEBIAN, folder)):
        path = pathlib.Path(parent) / scene.file
        if path.is_file():
            return path
    return None


def prepare(scene, path, work):
    """Three .y4m by name: what teaches, what is measured, and the whole of both."""
    width, height = scene.size
    teach, measure = scene.teach, scene.measure
    fit = 'scale=%d:%d:force_original_aspect_ratio=increase:flags=area,crop=%d:%d,setsar=1' % (width, height, width, height)
    parts = {'teach': (0, teach, scene.taught), 'measure': (teach, measure, scene.seen)}
    out = {}
    for name, (start, seconds, change) in parts.items():
        out[name] = work / ('%s-%s.y4m' % (scene.name, name))
        if not out[name].exists():
            part = out[name].with_suffix('.part.y4m')
            subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-ss', str(start), '-t', str(seconds), '-i', path,
                            '-vf', ','.join(filter(None, ('fps=%d' % RATE, change, fit))), '-pix_fmt', 'yuv420p', part], check=True)
            part.rename(out[name])
    out['whole'] = work / ('%s-whole.y4m' % scene.name)
    if not out['whole'].exists():
        out['whole'].write_bytes(join(out['teach'], out['measure']))
    return out


def header_and_pictures(path):
    data = path.read_bytes()
    end = data.index(b'\n') + 1
    return data[:end], data[end:]


def join(first, second):
    header, pictures = header_and_pictures(first)
    return header + pictures + header_and_pictures(second)[1]


def count(path):
    header, pictures = header_and_pictures(path)
    fields = {field[:1]: field[1:] for field in header.split()[1:]}
    width, height = int(fields[b'W']), int(fields[b'H'])
    return len(pictures) // (len(b'FRAME\n') + width * height * 3 // 2)


def part(path, first, pictures, out):
    """So many pictures of a .y4m with plain frame headers."""
    header, data = header_and_pictures(path)
    size = len(data) // count(path)
    out.write_bytes(header + data[first * size:(first + pictures) * size])


def tail(path, pictures, out):
    part(path, count(path) - pictures, pictures, out)
