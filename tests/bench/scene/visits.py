# SPDX-License-Identifier: LGPL-2.1-or-later
"""A camera that looks at two places in turn: what the first picture of each visit takes, from nothing and where both ends
know the places. The first visits teach them."""
import dataclasses
import pathlib
import tempfile

import material

NAME = 'alternating'
RATES = (8000, 20000)
SIZE = (320, 240)
SECOND = material.RATE  # pictures
COLUMNS = ['scene', 'revision', 'target', 'knowledge', 'visit', 'first_bytes', 'first_ms_ssim', 'second_bytes',
           'second_ms_ssim', 'kbps']


@dataclasses.dataclass(frozen=True)
class Visit:
    place: str
    part: str  # of the place's clip, as material.prepare() names them


VISITS = (Visit('vtest', 'teach'), Visit('junction', 'teach'), Visit('vtest', 'measure'), Visit('junction', 'measure'))
PLACES = (material.Scene('visit-vtest', 'vtest.avi', '', SIZE, 24, 10),
          material.Scene('visit-junction', 'fixed_traffic-haar-video1.avi', '', SIZE, 16, 10))


def prepare(folder, work):
    """The visits in their order, as paths; nothing if a clip is not there."""
    paths = [material.find(place, folder) for place in PLACES]
    if None in paths:
        return None
    clips = {place.name[len('visit-'):]: material.prepare(place, path, work) for place, path in zip(PLACES, paths)}
    return [clips[visit.place][visit.part] for visit in VISITS]


def join(visits, out):
    header, data = material.header_and_pictures(visits[0])
    out.write_bytes(header + data + b''.join(material.header_and_pictures(path)[1] for path in visits[1:]))
    return out


def measured(visits, sent, quality):
    """A row for each visit: bytes and quality of its first picture and of its first second."""
    start = 0
    with tempfile.TemporaryDirectory() as folder:
        parts = [pathlib.Path(folder, name) for name in ('original.y4m', 'decoded.y4m')]
        for number, visit in enumerate(visits):
            count = material.count(visit)
            row = {'visit': number + 1}
            for name, length in (('first', 1), ('second', SECOND)):
                material.part(visit, 0, length, parts[0])
                material.part(sent.decoded, start, length, parts[1])
                row[name + '_bytes'] = sum(sent.sizes[start:start + length])
                row[name + '_ms_ssim'] = quality(*parts, False)['ms_ssim']
            row['kbps'] = round(sum(sent.sizes[start:start + count]) * 8 * material.RATE / count / 1000, 3)
            yield row
            start += count


def section(rows):
    lines = ['## %s (%s and %s in turn, %dx%d)' % (NAME, *dict.fromkeys(visit.place for visit in VISITS), *SIZE), '',
             'What the first picture of each visit takes, and how good it and the first second are (MS-SSIM): *from nothing* as '
             'a stream that knows no scene, *known* where both ends have the pictures that `crlsc pkb build --video` made of '
             'the first two visits. *Saved*: of the first picture, against the first visit from nothing.', '',
             '| kbit/s | visit | from nothing: bytes | MS-SSIM | first second | known: bytes | MS-SSIM | first second | saved |',
             '|---|---|---|---|---|---|---|---|---|']
    by = {(row['target'], row['knowledge'], int(row['visit'])): row for row in rows}
    for target in dict.fromkeys(row['target'] for row in rows):
        for number, visit in enumerate(VISITS, 1):
            nothing, known = by[target, 'no', number], by[target, 'yes', number]
            first = next(i for i, v in enumerate(VISITS, 1) if v.place == visit.place)
            saved = 1 - int(known['first_bytes']) / int(by[target, 'no', first]['first_bytes'])
            cells = [show for row in (nothing, known) for show in
                     (row['first_bytes'], '%.3f' % float(row['first_ms_ssim']), '%.3f' % float(row['second_ms_ssim']))]
            lines.append('| %g | %d, %s | %s | %.0f %% |' % (int(target) / 1000, number, visit.place, ' | '.join(cells),
                                                            100 * saved))
    return lines + ['']
