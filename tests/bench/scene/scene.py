#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures what a known scene is worth: CRLSC with the scene's picture at both ends, CRLSC and rivals that have been
streaming for as long as the picture took to learn. Each line of scene.csv is one run; runs that are there are not
repeated."""
import argparse
import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import material
import report
import visits

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / 'tests/bench/rd'), str(ROOT / 'tests/bench/common')]
import encoders  # noqa: E402
import measure  # noqa: E402
from runs import Runs  # noqa: E402

RATES = {'crlsc-scene': (3000, 4000, 8000, 16000), 'crlsc-capped': (4000, 8000, 16000), 'crlsc': (4000, 8000, 16000),
         'av1': (4000, 8000, 16000, 32000), 'av1-capped': (8000, 16000), 'vp9': (4000, 8000, 16000, 32000),
         'x264': (8000, 16000)}
MIN_QUANTIZER = 120  # of what is capped
MIN_QUANTIZER_AV1 = 40
COLUMNS = ['scene', 'kind', 'codec', 'revision', 'target', 'kbps', 'first_bytes', 'entry_bytes', 'psnr', 'ssim',
           'ms_ssim', 'gmsd', 'moving_psnr', 'moving_ssim', 'encode_ms', 'decode_ms']


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tests/bench/scene/run', description=__doc__.splitlines()[0])
    parser.add_argument('--clips', metavar='DIR', help='folder with more clips than opencv-doc has (material.py names them)')
    parser.add_argument('--only', nargs='+', metavar='SCENE', help='these scenes alone')
    parser.add_argument('--codecs', nargs='+', default=list(RATES), choices=list(RATES), help='these alone')
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'bench-output' / 'scene', metavar='DIR')
    parser.add_argument('--report', type=pathlib.Path, metavar='FILE', help='where to write the report (.md, .csv beside it)')
    return parser.parse_args()


def learn(videos, name, out):
    """The knowledge base of what teaches, and the bytes of its pictures."""
    path = out / (name + '.crlsckb')
    if not path.exists():
        subprocess.run(['crlsc', 'pkb', 'build', '--video', *videos, '--out', path, '--threads', '1'], check=True,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = subprocess.run(['crlsc', 'pkb', 'info', path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return path, int(re.search(r'reference pictures \((\d+) bytes\)', text).group(1))


def encode_crlsc(video, rate, work, knowledge=None, min_quantizer=0):
    """Of equal resilience as the rivals: without refresh."""
    decoded, table = work / 'decoded.y4m', work / 'pictures.csv'
    command = ['crlsc', 'eval', 'codec', video, '--bitrate', rate, '--threads', 1, '--refresh-share', 0, '--min-quantizer',
               min_quantizer, '--save', decoded, '--csv', table] + (['--knowledge-base', knowledge] if knowledge else [])
    encoders.run(command)
    with open(table, newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    mean = lambda column: sum(float(row[column]) for row in rows) / len(rows)  # noqa: E731
    return encoders.Sent([int(row['bytes']) for row in rows], [], decoded, mean('encode_ms'), mean('decode_ms'))


def run(row, scene, clips, out):
    pictures = material.count(clips['measure'])
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        if row['codec'] in ('crlsc-scene', 'crlsc-capped'):
            knowledge, row['entry_bytes'] = learn([clips['teach']], scene.name, out)
            sent = encode_crlsc(clips['measure'], row['target'], work, knowledge,
                                MIN_QUANTIZER if row['codec'] == 'crlsc-capped' else 0)
            row['first_bytes'] = sent.sizes[0]
        elif row['codec'] == 'crlsc':
            sent = encode_crlsc(clips['whole'], row['target'], work)
        else:
            more = ['-qmin', MIN_QUANTIZER_AV1] if row['codec'] == 'av1-capped' else []
            sent = encoders.encode_rival(row['codec'].split('-')[0], clips['whole'], material.count(clips['whole']),
                                         row['target'], material.RATE, scene.size, work, False, more)
        decoded = work / 'tail.y4m'
        material.tail(sent.decoded, pictures, decoded)
        row.update(measure.quality(clips['measure'], decoded, True))
        row['kbps'] = round(sum(sent.sizes[-pictures:]) * 8 * material.RATE / pictures / 1000, 3)
        row['encode_ms'], row['decode_ms'] = round(sent.encode_ms, 2), round(sent.decode_ms, 2)


def run_visits(table, revision_now, options):
    paths = visits.prepare(options.clips, options.out)
    for target in visits.RATES if paths else ():
        for knowledge in ('no', 'yes'):
            shared = {'scene': visits.NAME, 'revision': revision_now, 'target': target, 'knowledge': knowledge}
            if table.has(shared):
                continue
            with tempfile.TemporaryDirectory() as folder:
                work = pathlib.Path(folder)
                known = learn(paths[:2], visits.NAME, options.out)[0] if knowledge == 'yes' else None
                sent = encode_crlsc(visits.join(paths, work / 'whole.y4m'), target, work, known)
                rows = [dict(shared, **row) for row in visits.measured(paths, sent, measure.quality)]
            for row in rows:
                table.add(row)
                print('%-12s %6d bit/s, known: %-3s visit %d: %4d bytes, MS-SSIM %.4f; first second %.4f' % (
                    visits.NAME, target, knowledge, row['visit'], row['first_bytes'], row['first_ms_ssim'],
                    row['second_ms_ssim']), flush=True)


def main():
    options = parse_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    table = Runs(options.out / 'scene.csv', COLUMNS, ('scene', 'codec', 'revision', 'target'))
    visited = Runs(options.out / 'visits.csv', visits.COLUMNS, ('revision', 'target', 'knowledge'))
    revisions = {codec: encoders.revision(codec) for codec in options.codecs}
    for scene in material.SCENES:
        path = material.find(scene, options.clips)
        if path is None or (options.only and scene.name not in options.only):
            continue
        clips = material.prepare(scene, path, options.out)
        for codec in options.codecs:
            for target in RATES[codec]:
                row = {'scene': scene.name, 'kind': scene.kind, 'codec': codec, 'revision': revisions[codec],
                       'target': target}
                if table.has(row):
                    continue
                run(row, scene, clips, options.out)
                table.add(row)
                print('%-12s %-12s %6d bit/s: %6.2f kbit/s  %5.2f dB  SSIM %.4f  MS-SSIM %.4f; moving %5.2f dB  %.4f' % (
                    scene.name, codec, target, row['kbps'], row['psnr'], row['ssim'], row['ms_ssim'],
                    row.get('moving_psnr', float('nan')), row.get('moving_ssim', float('nan'))), flush=True)
    if 'crlsc-scene' in options.codecs and (not options.only or visits.NAME in options.only):
        run_visits(visited, revisions['crlsc-scene'], options)
    if options.report:
        report.write(table.rows, visited.rows, options.report)
        shutil.copyfile(table.path, options.report.with_suffix('.csv'))
        if visited.rows:
            shutil.copyfile(visited.path, options.report.with_name(options.report.stem + '-visits.csv'))


if __name__ == '__main__':
    try:
        main()
    except (encoders.Failure, subprocess.CalledProcessError) as error:
        sys.exit('scene: %s' % error)
