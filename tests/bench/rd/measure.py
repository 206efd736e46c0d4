# SPDX-License-Identifier: LGPL-2.1-or-later
"""Quality of what was decoded, and whether machines still see the same in it."""
import json
import pathlib
import subprocess
import tempfile

import cv2
import numpy

MTU = 1200
HEADERS = 20 + 8 + 12  # IP, UDP, RTP
CASCADE = '/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml'


def wire_bytes(sizes):
    """With RTP, UDP and IP headers; access units above MTU are cut."""
    return sum(size + HEADERS * -(-size // MTU) for size in sizes if size > 0)


def quality(original, decoded, moving, classifiers=(), every=1):
    """Luma metrics of `crlsc eval video`; `classes`, the mean share of every so many pictures that classifiers give the
    same class as the original's."""
    command = ['crlsc', 'eval', 'video', original, decoded, '--json'] + (['--moving'] if moving else [])
    if classifiers:
        command += ['--classify-every', str(every), '--classifier', *classifiers]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    shares = found.pop('same_class', {}).values()
    found['classes'] = sum(shares) / len(shares) if shares else None
    return found


def pictures(path, every=1):
    """BGR pictures of a video."""
    video = cv2.VideoCapture(str(path))
    index = 0
    while True:
        there, picture = video.read()
        if not there:
            return
        if index % every == 0:
            yield picture
        index += 1


def butteraugli(original, decoded, every):
    """Mean 3-norm of butteraugli over every so many pictures; lower is better."""
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in zip(pictures(original, every), pictures(decoded, every)):
            paths = [str(pathlib.Path(folder) / name) for name in ('a.png', 'b.png')]
            for path, picture in zip(paths, pair):
                cv2.imwrite(path, picture)
            done = subprocess.run(['butteraugli_main', *paths], stdout=subprocess.PIPE, text=True, check=True)
            scores.append(float(done.stdout.split('3-norm:')[1].split()[0]))
    return sum(scores) / len(scores)


class Judges:
    """Classical detectors, which no codec was trained with: do they find in the decoded picture what
    they find in the original?"""

    def __init__(self):
        self.people = cv2.HOGDescriptor()
        self.people.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
        self.faces = cv2.CascadeClassifier(CASCADE)
        self.orb = cv2.ORB_create(300)

    def find_people(self, grey):
        boxes, _ = self.people.detectMultiScale(cv2.resize(grey, None, fx=2, fy=2), winStride=(8, 8), scale=1.1)
        return numpy.asarray(boxes, dtype=float).reshape(-1, 4)

    def find_faces(self, grey):
        return numpy.asarray(self.faces.detectMultiScale(grey, 1.1, 3), dtype=float).reshape(-1, 4)

    def matched_corners(self, grey, other):
        """Share of the original's corners that are found again where they were, or None without corners."""
        points, descriptions = self.orb.detectAndCompute(grey, None)
        if not points:
            return None
        other_points, other_descriptions = self.orb.detectAndCompute(other, None)
        if not other_points:
            return 0.0
        matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(descriptions, other_descriptions)
        near = [m for m in matches if numpy.hypot(*numpy.subtract(points[m.queryIdx].pt, other_points[m.trainIdx].pt)) <= 3]
        return len(near) / len(points)

    def agreement(self, original, decoded, every):
        """F1 of people and faces found at the same place, mean share of corners found again; None where the original
        has none."""
        people, faces, corners = Agreement(), Agreement(), []
        for a, b in zip(pictures(original, every), pictures(decoded, every)):
            a, b = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (a, b))
            people.add(self.find_people(a), self.find_people(b))
            faces.add(self.find_faces(a), self.find_faces(b))
            corners.append(self.matched_corners(a, b))
        corners = [c for c in corners if c is not None]
        return {'people': people.f1(), 'faces': faces.f1(), 'corners': sum(corners) / len(corners) if corners else None}


class Agreement:
    """Counts boxes that both have: intersection over union >= 0.5, each used once."""

    def __init__(self):
        self.same = self.expected = self.found = 0

    def add(self, expected, found):
        left = list(found)
        self.expected += len(expected)
        self.found += len(found)
        for box in expected:
            best = max(left, key=lambda other: overlap(box, other), default=None)
            if best is not None and overlap(box, best) >= 0.5:
                self.same += 1
                left = [other for other in left if other is not best]

    def f1(self):
        return None if self.expected == 0 else 2 * self.same / (self.expected + self.found)


def overlap(a, b):
    """Intersection over union of boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a[2] * a[3] + b[2] * b[3] - both)
