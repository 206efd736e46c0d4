# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the table of runs to docs/results: who leads where, BD-rates, all figures, curves."""
import collections
import csv

import matplotlib
import numpy
from scipy.interpolate import PchipInterpolator

import encoders

matplotlib.use('svg')
import matplotlib.pyplot as plot  # noqa: E402

METRICS = [('psnr', 'PSNR-Y', 1), ('ssim', 'SSIM', 1), ('ms_ssim', 'MS-SSIM', 1), ('gmsd', 'GMSD', -1)]  # 1: more is better
MOVING = [('moving_psnr', 'PSNR-Y', 1), ('moving_ssim', 'SSIM', 1)]
JUDGED = ['people', 'faces', 'corners', 'classes']
LEAD = 3  # of the four metrics


class Curve:
    """The runs of one codec on one clip, by rising real rate."""

    def __init__(self, rows):
        self.rows = sorted(rows, key=lambda row: float(row['kbps']))

    @property
    def rates(self):
        return [float(row['kbps']) for row in self.rows]

    def values(self, metric):
        return [float(row[metric]) for row in self.rows]

    def at(self, rate, metric):
        """Linear over the logarithm of the rate; below the lowest rate its value there, which flatters the codec."""
        return float(numpy.interp(numpy.log(rate), numpy.log(self.rates), self.values(metric)))


def bd_rate(ours, theirs, metric, sign):
    """Bjøntegaard (VCEG-M33) with piecewise cubic interpolation: how many per cent of bits `ours` takes more than
    `theirs` at equal quality, and the share of our range of quality that both have. None below 6 rates or 1/4 of it."""
    curves = []
    for curve in (ours, theirs):
        points = {}
        for quality, rate in zip(curve.values(metric), curve.rates):
            quality = round(sign * quality, 5)
            points[quality] = min(rate, points.get(quality, rate))
        if len(points) < 6:
            return None
        quality = sorted(points)
        curves.append((quality, PchipInterpolator(quality, [numpy.log(points[q]) for q in quality])))
    (a, ours_of), (b, theirs_of) = curves
    low, high = max(a[0], b[0]), min(a[-1], b[-1])
    share = (high - low) / (a[-1] - a[0])
    if share < 0.25:
        return None
    mean = (ours_of.integrate(low, high) - theirs_of.integrate(low, high)) / (high - low)
    return 100 * (numpy.exp(mean) - 1), share


def by_codec(rows):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row['codec']].append(row)
    return {codec: Curve(group) for codec, group in groups.items()}


def leads(row, curve):
    """In how many metrics a run of ours is better than a rival at our real rate."""
    rate = float(row['kbps'])
    return sum(sign * float(row[m]) > sign * curve.at(rate, m) for m, _, sign in METRICS)


def table(header, rows):
    lines = ['| ' + ' | '.join(header) + ' |', '|' + ' --- |' * len(header)]
    return lines + ['| ' + ' | '.join(str(cell) for cell in row) + ' |' for row in rows] + ['']


def rivals_of(clips):
    return [codec for codec in next(iter(clips.values())) if codec not in encoders.OURS]


def who_leads(clips, ours):
    """For each target the clips on which `ours` leads each rival."""
    rivals = rivals_of(clips)
    targets = sorted({int(row['target']) for curves in clips.values() for row in curves[ours].rows})
    out = []
    for target in targets:
        cells = ['%g' % (target / 1000)]
        for rival in rivals:
            won = below = count = 0
            for curves in clips.values():
                row = next((r for r in curves[ours].rows if int(r['target']) == target), None)
                if row is None or rival not in curves:
                    continue
                count += 1
                won += leads(row, curves[rival]) >= LEAD
                below += float(row['kbps']) < curves[rival].rates[0] * 0.98
            cells.append('%d of %d%s' % (won, count, ' (%d)' % below if below else '') if count else '')
        out.append(cells)
    return table(['kbit/s'] + rivals, out)


def bd_rates(clips, ours):
    out = []
    for rival in rivals_of(clips):
        for metric, label, sign in METRICS:
            cells = [rival, label]
            for curves in clips.values():
                found = bd_rate(curves[ours], curves[rival], metric, sign) if rival in curves else None
                cells.append('%+.0f %% (%.0f %%)' % (found[0], 100 * found[1]) if found else '-')
            out.append(cells)
    return table(['against', 'metric'] + list(clips), out)


def agreement(clips, target):
    """What judges find in the decoded pictures as in the original ones: means over the clips where they find it there."""
    out = []
    for codec in next(iter(clips.values())):
        rows = [row for curves in clips.values() if codec in curves for row in curves[codec].rows if int(row['target']) == target]
        cells = [codec, '%.2f' % (sum(float(row['kbps']) for row in rows) / len(rows)) if rows else '']
        for column in JUDGED:
            found = [float(row[column]) for row in rows if row.get(column)]
            cells.append('%.3f' % (sum(found) / len(found)) if found else '')
        if any(cells[2:]):
            out.append(cells)
    return table(['codec', 'kbit/s'] + JUDGED, out) if out else []


def number(row, column, digits):
    return '%.*f' % (digits, float(row[column])) if row.get(column) else ''


def all_figures(curves):
    moving = any(row.get('moving_psnr') for curve in curves.values() for row in curve.rows)
    header = ['codec', 'target', 'kbit/s', 'on the wire', 'worst 5 s', 'key picture', 'shown', 'PSNR-Y', 'SSIM', 'MS-SSIM',
              'GMSD', 'butteraugli'] + (['moving PSNR-Y', 'SSIM'] if moving else []) + [
                  *JUDGED, 'encode ms', 'decode ms']
    out = []
    for codec, curve in curves.items():
        for row in curve.rows:
            cells = [codec, '%g' % (int(row['target']) / 1000), number(row, 'kbps', 2), number(row, 'wire_kbps', 2),
                     number(row, 'worst_5s', 2), row['key_bytes'], row['shown'], number(row, 'psnr', 2),
                     number(row, 'ssim', 4), number(row, 'ms_ssim', 4), number(row, 'gmsd', 4), number(row, 'butteraugli', 2)]
            if moving:
                cells += [number(row, 'moving_psnr', 2), number(row, 'moving_ssim', 3)]
            out.append(cells + [number(row, name, 3) for name in JUDGED] + [number(row, 'encode_ms', 1),
                                                                              number(row, 'decode_ms', 1)])
    return table(header, out)


def draw(size, clips, path):
    columns = 2
    lines = -(-len(clips) // columns)
    figure, axes = plot.subplots(lines, columns, figsize=(11, 3.6 * lines), squeeze=False)
    for axis in axes.flat[len(clips):]:
        axis.set_visible(False)
    for axis, (clip, curves) in zip(axes.flat, clips.items()):
        for codec, curve in curves.items():
            if codec.endswith('-small'):
                continue
            axis.plot(curve.rates, curve.values('ms_ssim'), marker='.', label=codec, linewidth=2.2 if codec in encoders.OURS else 1,
                      color={'crlsc': 'black', 'crlsc-no-refresh': 'grey', 'crlsc-xs': 'silver'}.get(codec))
        axis.set_xscale('log')
        axis.set_xticks([3, 5, 10, 20, 50, 100])
        axis.get_xaxis().set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axis.set_title('%s, %s at 10 pictures/s' % (clip, size), fontsize=10)
        axis.set_xlabel('kbit/s')
        axis.set_ylabel('MS-SSIM')
        axis.grid(alpha=0.3)
    axes.flat[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})
    plot.close(figure)


def cpus(rows):
    """Those that measured, and how much: times of different ones do not compare."""
    count = collections.Counter(row.get('cpu') or 'unknown CPU' for row in rows)
    return ['%s (%d runs)' % found for found in sorted(count.items())]


def write(rows, revisions, path):
    """The report of the runs of these revisions."""
    rows = [row for row in rows if revisions.get(row['codec']) == row['revision']]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ['# Rate and distortion', '', 'Written by `tests/bench/rd/run`; `%s` holds every run.' % path.with_suffix('.csv').name,
             'CPU: %s; one thread each. ' % ', '.join(cpus(rows)) + '; '.join(
                 '%s: %s' % (name, text) for name, text in revisions.items() if name in ('crlsc', 'crlsc-xs', 'x264')) +
             ' (all rivals). Rates are bits of the access units that were really sent; "on the wire" adds RTP, UDP and IP',
             'headers at an MTU of 1200. Encode and decode, a picture: of CRLSC time by the clock, which other programs lengthen; of',
             'the rivals CPU time, with starting the program. crlsc sends 30 % of its bits to refresh what a lossy network may',
             'have damaged, as is its default; crlsc-no-refresh and the rivals do not.%s'
             % (' crlsc-xs is crlsc with the model XS.' if 'crlsc-xs' in revisions else ''), '']
    for size in sorted({row['size'] for row in rows}):
        clips = collections.OrderedDict()
        for row in rows:
            if row['size'] == size:
                clips.setdefault(row['clip'], []).append(row)
        clips = {clip: by_codec(group) for clip, group in clips.items()}
        own = [name for name in encoders.OURS if any(name in curves for curves in clips.values())]
        clips = {clip: curves for clip, curves in clips.items() if own and all(name in curves for name in own)}
        if not clips:
            continue
        image = path.with_name('%s-%s.svg' % (path.stem, size))
        draw(size, clips, image)
        lines += ['## %s' % size, '', '![MS-SSIM by rate](%s)' % image.name, '',
                  'Clips on which CRLSC leads in at least %d of PSNR-Y, SSIM, MS-SSIM, GMSD at its own real rate. The'
                  % LEAD, 'rival\'s figures are interpolated over its rates; in brackets, how many of the clips it cannot send '
                  'at so low a rate,', 'so that its lowest rate was taken. "-small": 160x90, scaled up (Lanczos).', '']
        for ours in own:
            lines += ['%s:' % ours, ''] + who_leads(clips, ours)
        lines += ['BD-rate: bits that CRLSC takes more (+) or less (-) at equal quality; in brackets the share of its range of',
                  'quality over which both were compared.', '']
        for ours in own:
            lines += ['%s:' % ours, ''] + bd_rates(clips, ours)
        for target in sorted({int(row['target']) for row in rows}):
            judged = agreement(clips, target)
            if judged:
                lines += ['Semantic agreement at %g kbit/s, means over the clips: of people (HOG) and faces (Haar) found at the same'
                          % (target / 1000), 'place (F1), share of corners found again (ORB), and of pictures that classifiers give the '
                          'same class as', 'the original. Judges are no part of any codec.', ''] + judged
        for clip, curves in clips.items():
            lines += ['### %s, %s' % (clip, size), ''] + all_figures(curves)
    path.write_text('\n'.join(lines).rstrip() + '\n', encoding='utf-8')
    write_csv(rows, path.with_suffix('.csv'))


def write_csv(rows, path):
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
