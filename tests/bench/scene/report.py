# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/results/scene-memory.md out of the table."""
import visits

NAMES = {'crlsc-scene': 'CRLSC, scene', 'crlsc-capped': 'CRLSC, scene, capped', 'crlsc': 'CRLSC', 'av1': 'AV1',
         'av1-capped': 'AV1, capped', 'vp9': 'VP9', 'x264': 'x264'}
RIVALS = ('av1', 'vp9')
HEAD = """# What a known scene is worth

Written by `tests/bench/scene/run --report`. The first part of each clip teaches a scene; the second is measured. *CRLSC, scene*
begins with the second part, and both ends have the picture that `crlsc pkb build --video` made of the first. All others have
been streaming since the start of the first part: their key picture is long past, and what the scene looks like has been
sent. Rates are those of the measured part. No one refreshes (`refresh-share=0`). *moving* is what differs by more than
25 from the background of the measured part, dilated by 9. *Capped* is `crlscenc min-quantizer=120` and libaom's `-qmin 40`:
what is good enough gets no more bits. %s.

"""


def number(row, name):
    return float(row[name]) if row[name] not in ('', None) else None


def show(value, digits):
    return '' if value is None else '%.*f' % (digits, value)


def at_quality(rows, quality):
    """The rate at which a codec reaches this MS-SSIM, between two of its runs; None beyond them."""
    points = sorted((number(r, 'kbps'), number(r, 'ms_ssim')) for r in rows)
    for (r0, q0), (r1, q1) in zip(points, points[1:]):
        if q0 <= quality <= q1:
            return r0 + (r1 - r0) * (quality - q0) / (q1 - q0) if q1 > q0 else r0
    return None


def break_even(rows, scene_row):
    """For each rival: its rate at equal MS-SSIM, and seconds after which the scene's picture has paid for itself."""
    lines = []
    for rival in RIVALS:
        curve = [r for r in rows if r['codec'] == rival]
        if not curve:
            continue
        quality, rate = number(scene_row, 'ms_ssim'), number(scene_row, 'kbps')
        theirs = at_quality(curve, quality)
        best = max(curve, key=lambda r: number(r, 'kbps'))
        bound = ''
        if theirs is None and quality > number(best, 'ms_ssim'):
            theirs, bound = number(best, 'kbps'), 'more than '
        if theirs is None:
            lines.append('%s is better already at its lowest rate' % NAMES[rival])
            continue
        if theirs <= rate:
            lines.append('%s needs %.1f kbit/s for that' % (NAMES[rival], theirs))
            continue
        seconds = int(scene_row['entry_bytes']) * 8 / 1000 / (theirs - rate)
        lines.append('%s needs %s%.1f kbit/s for that, %.1f times as much: the picture has paid for itself after %.0f s' % (
            NAMES[rival], bound, theirs, theirs / rate, seconds))
    return '; '.join(lines)


def section(name, rows):
    scene_rows = [r for r in rows if r['codec'] == 'crlsc-scene']
    lines = ['## %s (%s)' % (name, rows[0]['kind']), '']
    if scene_rows:
        lines += ['The picture has %s bytes; the first access unit %s.' % (
            scene_rows[0]['entry_bytes'], ', '.join('%s at %g kbit/s' % (r['first_bytes'], int(r['target']) / 1000)
                                                    for r in scene_rows)), '']
    lines += ['| | kbit/s | PSNR-Y | SSIM | MS-SSIM | GMSD | moving: PSNR-Y | SSIM |', '|---|---|---|---|---|---|---|---|']
    for r in rows:
        lines.append('| %s | %s | %s | %s | %s | %s | %s | %s |' % (
            NAMES[r['codec']], show(number(r, 'kbps'), 1), show(number(r, 'psnr'), 1), show(number(r, 'ssim'), 3),
            show(number(r, 'ms_ssim'), 3), show(number(r, 'gmsd'), 3), show(number(r, 'moving_psnr'), 1),
            show(number(r, 'moving_ssim'), 3)))
    for codec, target in (('crlsc-scene', '4000'), ('crlsc-capped', '8000')):
        for row in rows:
            if row['codec'] == codec and row['target'] == target:
                lines += ['', 'At the quality of *%s* at %.1f kbit/s (MS-SSIM): %s.' % (
                    NAMES[codec], number(row, 'kbps'), break_even(rows, row))]
    return lines + ['']


def write(rows, visited, path):
    latest = {}
    for r in rows:
        latest[(r['scene'], r['codec'], r['target'])] = r  # the last revision measured
    rows = sorted(latest.values(), key=lambda r: (list(NAMES).index(r['codec']), int(r['target'])))
    revisions = sorted({r['revision'] for r in rows})
    text = HEAD % ('Revisions: ' + ', '.join(revisions))
    for name in dict.fromkeys(name for name, _, _ in latest):
        text += '\n'.join(section(name, [r for r in rows if r['scene'] == name])) + '\n'
    newest = [r for r in visited if r['revision'] == visited[-1]['revision']]
    if newest:
        text += '\n'.join(visits.section(newest)) + '\n'
    path.write_text(text, encoding='utf-8')
