# SPDX-License-Identifier: LGPL-2.1-or-later
"""Curves as SVG, readable on light and on dark ground."""
import dataclasses
from xml.sax.saxutils import escape

# Light, dark; each of about equal contrast to its ground.
COLOURS = {'crlsc': ('#c2185b', '#ff6ea1'), 'x264': ('#1f6fb4', '#6cb6ff'), 'vp9': ('#2e7d32', '#7ee787'),
           'av1': ('#8a5a00', '#e3b341')}
PANEL_WIDTH, PANEL_HEIGHT = 300, 190
LEFT, TOP, GAP_X, GAP_Y, BOTTOM = 52, 26, 66, 62, 74


@dataclasses.dataclass
class Line:
    name: str
    values: list  # one for each place on the axis; None leaves it out


@dataclasses.dataclass
class Panel:
    title: str
    places: list  # labels of the axis
    unit: str     # what they are
    lines: list


def style(colours):
    def rules(index):
        return ''.join('.%s{stroke:%s;fill:%s}' % (name, c[index], c[index]) for name, c in colours.items())

    return ('<style>text{font:11px sans-serif;fill:#1f2328}.title{font-weight:bold}.grid{stroke:#1f2328;stroke-opacity:.18}'
            'polyline{fill:none!important;stroke-width:1.6}.crlsc{stroke-width:2.6!important}.dashed{stroke-dasharray:5 3}'
            '%s@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#e6edf3}%s}</style>' % (rules(0), rules(1)))


def ticks(low, high):
    """Round values that cover low..high."""
    step = 10.0 ** -3
    while (high - low) / step > 5:
        step *= 2.5 if str(step).strip('0.').startswith('2') else 2
    first = int(low // step)
    last = -int(-high // step)
    return [round(i * step, 6) for i in range(first, last + 1)]


def classes(name):
    """crlsc, or the codec's family; a codec's other variant is dashed."""
    family = name.split('-')[0].split(',')[0]
    return family + (' dashed' if name != family else '')


def draw_panel(panel, x, y):
    values = [v for line in panel.lines for v in line.values if v is not None]
    marks = ticks(min(values), max(values)) if values else [0, 1]
    low, high = marks[0], marks[-1] if marks[-1] > marks[0] else marks[0] + 1

    def px(i):
        return x + PANEL_WIDTH * (i + 0.5) / len(panel.places)

    def py(value):
        return y + PANEL_HEIGHT * (1 - (value - low) / (high - low))

    out = ['<text class="title" x="%g" y="%g">%s</text>' % (x, y - 10, escape(panel.title))]
    for mark in marks:
        out.append('<path class="grid" d="M%g %.1fh%g"/><text x="%g" y="%.1f" text-anchor="end">%g</text>'
                   % (x, py(mark), PANEL_WIDTH, x - 6, py(mark) + 4, mark))
    for i, label in enumerate(panel.places):
        out.append('<text x="%.1f" y="%g" text-anchor="middle">%s</text>' % (px(i), y + PANEL_HEIGHT + 16, escape(label)))
    out.append('<text x="%g" y="%g" text-anchor="middle">%s</text>'
               % (x + PANEL_WIDTH / 2, y + PANEL_HEIGHT + 32, escape(panel.unit)))
    for line in reversed(panel.lines):  # the first on top
        points = [(px(i), py(v)) for i, v in enumerate(line.values) if v is not None]
        out.append('<polyline class="%s" points="%s"/>'
                   % (classes(line.name), ' '.join('%.1f,%.1f' % point for point in points)))
        out += ['<circle class="%s" cx="%.1f" cy="%.1f" r="2.2"/>' % (classes(line.name).split()[0], *p) for p in points]
    return out


def draw_legend(names, width, y):
    out = []
    columns = max(1, (width - 2 * LEFT) // 170)
    for i, name in enumerate(names):
        x, row = LEFT + 170 * (i % columns), y + 18 * (i // columns)
        out.append('<polyline class="%s" points="%g,%g %g,%g"/><text x="%g" y="%g">%s</text>'
                   % (classes(name), x, row - 4, x + 30, row - 4, x + 36, row, escape(name)))
    return out


def draw(rows, path, colours=None):
    """`rows` of panels. `colours` by the first word of the lines' names, as COLOURS."""
    columns = max(len(row) for row in rows)
    width = LEFT + columns * PANEL_WIDTH + (columns - 1) * GAP_X + 20
    height = TOP + len(rows) * PANEL_HEIGHT + (len(rows) - 1) * GAP_Y + BOTTOM + 20
    names = list(dict.fromkeys(line.name for row in rows for panel in row for line in panel.lines))
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">'
           % (width, height, width, height), style(colours or COLOURS)]
    for i, row in enumerate(rows):
        for k, panel in enumerate(row):
            out += draw_panel(panel, LEFT + k * (PANEL_WIDTH + GAP_X), TOP + i * (PANEL_HEIGHT + GAP_Y))
    out += draw_legend(names, width, height - 26) + ['</svg>']
    path.write_text('\n'.join(out) + '\n', encoding='utf-8')
