#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test: the quick benchmark of a small clip runs to its end, goes on where it was stopped, and reports everything."""
import csv
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import matrix

HERE = pathlib.Path(__file__).resolve().parent
PICTURES, RATE = 40, 10
CLIP = ('gst-launch-1.0 -q videotestsrc num-buffers=%d pattern=ball ! video/x-raw,format=I420,width=96,height=64,'
        'framerate=%d/1 ! y4menc ! filesink location=' % (PICTURES, RATE))
IMAGES = ['loss-one-way.svg', 'loss-two-ways.svg', 'loss-radio.svg']


def bench(program, folder):
    done = subprocess.run([sys.executable, str(HERE / 'loss.py'), '--quick', '--program', program, '--clips', str(folder),
                           '--title', 'ball=test picture', '--out', str(folder / 'out')], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, 'the benchmark failed'
    return done.stdout.splitlines()


def check_rows(rows):
    assert len(rows) == sum(len(run.conditions) for run in matrix.runs(True))
    for row in rows:
        name = '%s, %s, %s' % (row['codec'], row['protection'], row['condition'])
        assert not row['failure'] or row['codec'] != 'crlsc', name + ': ' + row['failure']
        if row['failure']:
            continue
        assert float(row['wire_kbps']) > 0, name
        if row['condition'] == 'loss:0':
            assert float(row['put_out']) == 1, name + ': pictures are missing without a loss'
            assert float(row['lost']) == 0 and float(row['ssim_drop']) == 0, name
            assert float(row['key_requests_per_min']) == 0, name
        if row['condition'] in ('loss:0.2', matrix.BURSTS):
            assert float(row['lost']) > 0, name + ': nothing was lost'
        repeated = row['protection'] == 'rtx' and float(row['lost']) > 0
        assert (float(row['protection_kbps']) > 0) == (row['protection'] == 'ulpfec' or repeated), name
        assert (row['bursts'] != '0') == (row['condition'] == matrix.BURSTS), name
        if row['codec'] == 'crlsc' and not row['condition'].startswith('snr'):
            assert float(row['put_out']) == 1, name + ': a picture was neither decoded nor concealed'
        if row['way_back'] == '0':
            assert float(row['key_requests_per_min']) == 0 and float(row['loss_reports_per_min']) == 0, name
    asked = [r for r in rows if r['way_back'] == '1' and r['protection'] == 'none' and r['condition'] == 'loss:0.2']
    for row in asked:
        column = 'loss_reports_per_min' if row['codec'] == 'crlsc' else 'key_requests_per_min'
        assert float(row[column]) > 0, row['codec'] + ': nothing came back'


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run((CLIP + str(folder / 'ball.y4m')).split(), check=True)
        first = bench(program, folder)
        out = folder / 'out'
        with open(out / 'loss.csv', newline='', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        check_rows(rows)
        assert len(first) == len(rows), 'one line tells of each row'
        text = (out / 'loss.md').read_text(encoding='utf-8')
        for word in ['test picture', '## What is demanded', '## One way', '## Two ways', '## Radio', '## Settings'] + IMAGES:
            assert word in text, 'loss.md lacks "%s"' % word
        for image in IMAGES:
            lines = xml.etree.ElementTree.parse(out / image).iter('{http://www.w3.org/2000/svg}polyline')
            assert sum(1 for _ in lines) >= len(matrix.RADIO_CODECS), image
        before = (out / 'loss.csv').read_bytes()
        kept = before.splitlines(keepends=True)
        (out / 'loss.csv').write_bytes(b''.join(kept[:-2]))
        assert len(bench(program, folder)) == 2, 'what is in the table is not measured again'
        assert (out / 'loss.csv').read_bytes() == before, 'the same settings give the same figures'


if __name__ == '__main__':
    main()
