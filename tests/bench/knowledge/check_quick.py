#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test: the experiments at toy size run to their end, go on where they were stopped, and report everything.

Usage: check_quick.py CRLSC MODEL TEACHER
"""
import csv
import pathlib
import random
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import plan

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'neural'))
import knowledge  # noqa: E402  (the pictures of the other test)

IMAGES = ['knowledge-labels.svg', 'knowledge-channel.svg']


def write_data(folder):
    rng = random.Random(5)
    for part, each in (('train', 12), ('test', 3)):
        knowledge.write_pictures(folder / 'animals' / part, each, rng)
    for place, count in (('faces/train', 12), ('faces/test', 4), ('general', 12)):
        (folder / place).mkdir(parents=True)
        for i in range(count):
            knowledge.write_picture(folder / place / ('%03d.bmp' % i), (120, 160, 220), rng)


def run(program, model, teacher, folder):
    done = subprocess.run([sys.executable, str(HERE / 'experiments.py'), '--quick', '--program', program, '--model', model,
                           '--teacher', teacher, '--data', str(folder), '--work', str(folder / 'work'), '--out',
                           str(folder / 'out'), '--threads', '1'], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, 'the experiments failed'
    return done.stdout.splitlines()


def check_rows(rows):
    size = plan.QUICK
    for part in plan.PARTS:
        assert any(row['part'] == part for row in rows), 'nothing is known of part ' + part
    for row in rows:
        if row['measure'] in ('knn', 'linear', 'accuracy', 'accuracy_checked'):
            assert 0 <= float(row['value']) <= 1, row
    for arm in size.arms:
        kinds = {(row['tested_on'], row['measure'], row['label_share']) for row in rows if row['part'] == 'a' and
                 row['arm'] == arm and row['measure'] in ('knn', 'linear')}
        assert len(kinds) == len(size.sets) * 2 * len(size.shares), 'figures are missing of ' + arm
    channel = {tuple(row['vectors'].split()[:3]): float(row['value']) for row in rows
               if row['part'] == 'f' and row['measure'] == 'psnr'}
    assert channel['awgn', '16-qam', '20'] > channel['awgn', '16-qam', '0'], 'noise makes pictures no worse'


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_data(folder)
        run(*sys.argv[1:4], folder)
        out = folder / 'out'
        with open(out / 'knowledge.csv', newline='', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        check_rows(rows)
        text = (out / 'knowledge.md').read_text(encoding='utf-8')
        for word in ['## What is demanded', '## a. Acc', '## b. Gen', '## c. Lab', '## d. Cost', '## e. Bytes', '## f. Chan',
                     '## g. Rec'] + IMAGES:
            assert word in text, 'knowledge.md lacks "%s"' % word
        for image in IMAGES:
            lines = xml.etree.ElementTree.parse(out / image).iter('{http://www.w3.org/2000/svg}polyline')
            assert sum(1 for _ in lines) >= len(plan.QUICK.arms), image
        for coder in ('frozen', 'joint', 'codec'):
            assert (out / 'knowledge-sheets' / ('animals-%s.png' % coder)).stat().st_size > 1000, coder
        before = (out / 'knowledge.csv').read_bytes()
        last = rows[-1]['key']
        kept = [line for line in before.splitlines(keepends=True) if not line.startswith(last.encode())]
        (out / 'knowledge.csv').write_bytes(b''.join(kept))
        again = run(*sys.argv[1:4], folder)
        assert len(again) == 1, 'what is in the table is not measured again: %s' % again
        assert (out / 'knowledge.csv').read_bytes() == before, 'the same settings give the same figures'


if __name__ == '__main__':
    main()
