# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clips of the benchmark: none of them trained the shipped weights (models/default.md)."""
import dataclasses
import pathlib
import subprocess

DEBIAN = pathlib.Path('/usr/share/doc/opencv-doc/examples/data')
RATE = 10  # pictures a second


@dataclasses.dataclass(frozen=True)
class Clip:
    name: str
    file: str    # in the folder of opencv-doc, or in --clips
    kind: str
    start: float = 0  # seconds

    @property
    def fixed(self):
        return self.kind.startswith('fixed')


CLIPS = [
    Clip('vtest', 'vtest.avi', 'fixed street camera'),
    Clip('megamind', 'Megamind.avi', 'film', 1),
    Clip('traffic', 'fixed_traffic-simple-vehicle-counting.avi', 'fixed traffic camera'),
    Clip('talking-d10', 'talking_lp-d10.mp4', 'talking head'),
    Clip('carphone', 'talking_carphone-qcif.mp4', 'talking head, moving car'),
    Clip('street', 'handheld_street-openpose.avi', 'hand-held'),
    Clip('dog', 'nature_dog-sam2.mp4', 'nature, moving camera'),
]


def available(folder):
    """(clip, path) of those that are there."""
    for clip in CLIPS:
        for parent in filter(None, (DEBIAN, folder)):
            path = pathlib.Path(parent) / clip.file
            if path.is_file():
                yield clip, path
                break


def prepare(clip, path, width, height, seconds, work):
    """The clip as .y4m of this size: scaled to cover it, cut in the middle, RATE pictures a second. Clips that are
    shorter run forward and backward."""
    out = work / ('%s-%dx%d-%gs.y4m' % (clip.name, width, height, seconds))
    if out.exists():
        return out
    scale = 'fps=%d,scale=%d:%d:force_original_aspect_ratio=increase:flags=area,crop=%d:%d,setsar=1' % (
        RATE, width, height, width, height)
    there_and_back = 'split[a][b];[b]reverse[c];[a][c]concat,loop=-1:size=2000'
    part = out.with_suffix('.part.y4m')
    subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-ss', str(clip.start), '-t', str(seconds), '-i', path,
                    '-vf', scale + ',' + there_and_back, '-frames:v', str(round(seconds * RATE)), '-pix_fmt', 'yuv420p',
                    part], check=True)
    part.rename(out)
    return out
