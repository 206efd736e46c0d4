#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the loss benchmark, goes on where it was stopped, and writes the report."""
import argparse
import concurrent.futures
import csv
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import threading

import matrix
import report

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEBIAN = pathlib.Path('/usr/share/doc/opencv-doc/examples/data')
WORK = ROOT / 'bench-output' / 'loss'
RATE = 10
# name, file, size, seconds to leave out
DEFAULT_CLIPS = [('vtest', 'vtest.avi', '320:240', 0), ('mega', 'Megamind.avi', '320:180', 1)]
QUICK_SECONDS = 4
SEED = 1
SETTINGS = ['clip', 'codec', 'protection', 'way_back', 'condition']
RESULTS = ['media_kbps', 'header_kbps', 'protection_kbps', 'wire_kbps', 'packets', 'lost', 'key_pictures',
           'key_requests_per_min', 'loss_reports_per_min', 'bursts']
SEEN = ['put_out', 'shown', 'frozen_s', 'longest_freeze_s', 'ssim', 'ssim_drop', 'psnr', 'recovered', 'recovery_mean_s',
        'recovery_longest_s']
COLUMNS = ['key'] + SETTINGS + RESULTS + SEEN + ['held_' + name for name in SEEN] + ['failure']


class Failure(Exception):
    pass


class Table:
    """The rows that are done. Every row is on disk as soon as it is known."""

    def __init__(self, path):
        self.path = path
        self.rows = {}
        self.lock = threading.Lock()
        if path.exists():
            with open(path, newline='', encoding='utf-8') as file:
                self.rows = {row['key']: row for row in csv.DictReader(file)}

    def add(self, row):
        row = {name: '%.4f' % row[name] if isinstance(row.get(name), float) else str(row.get(name, ''))
               for name in COLUMNS}
        with self.lock:
            fresh = not self.path.exists()
            with open(self.path, 'a', newline='', encoding='utf-8') as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
                if fresh:
                    writer.writeheader()
                writer.writerow(row)
            self.rows[row['key']] = row

    def keep(self, keys):
        """Leaves these rows only, in this order."""
        part = self.path.with_suffix('.part')
        with open(part, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
            writer.writeheader()
            writer.writerows(self.rows[key] for key in keys)
        part.rename(self.path)


class Bench:

    def __init__(self, options):
        self.options = options
        self.settings = json.loads(self.output(['--describe']))
        self.code = subprocess.run(['git', '-C', str(ROOT), 'log', '-1', '--format=%h', '--', 'gst', 'plugins', 'models'],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
        self.clips = find_clips(options)
        self.table = Table(options.out / 'loss.csv')
        self.jobs = [(clip, run) for clip in self.clips for run in matrix.runs(options.quick)]
        self.total = sum(len(run.conditions) for _, run in self.jobs)
        self.stop = threading.Event()

    def command(self, more):
        command = [str(self.options.program), '--bitrate', str(self.options.bitrate)]
        return command + (['--model', self.options.model] if self.options.model else []) + more

    def output(self, more):
        done = subprocess.run(self.command(more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failure(done.stderr.strip())
        return done.stdout

    def key(self, clip, run, condition):
        settings = {name: value for name, value in self.settings.items() if name not in ('codecs', 'model')}
        settings.update(self.settings['codecs'][run.codec], clip=clip.digest, seconds=self.options.seconds, seed=SEED,
                        burst_interval=self.options.burst_interval, protection=run.protection, way_back=run.way_back,
                        condition=condition, bitrate=self.options.bitrate)
        if run.codec == 'crlsc':
            settings.update(model=self.settings['model'], code=self.code)
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]

    def do(self, job):
        clip, run = job
        left = [c for c in run.conditions if self.key(clip, run, c) not in self.table.rows]
        while left and not self.stop.is_set():
            done, failure = self.measure(clip, run, left)
            left = left[done:]
            if failure and (run.codec == 'crlsc' or not left or left[0] == 'loss:0'):
                self.stop.set()
                raise Failure('%s, %s: %s' % (clip.name, run.codec, failure))
            if failure:
                # A rival's decoder that ends over what it was sent shows nothing more: that is a result.
                self.add(clip, run, left.pop(0), {'failure': failure.replace('\n', ' ')[:200]})

    def measure(self, clip, run, conditions):
        """How many of the conditions could be measured, and why the next one could not."""
        command = self.command(['--clip', str(clip.path), '--seconds', str(self.options.seconds), '--codec', run.codec,
                                '--protection', run.protection, '--seed', str(SEED), '--burst-interval',
                                str(self.options.burst_interval)] + (['--way-back'] if run.way_back else []) +
                               [word for condition in conditions for word in ('--condition', condition)])
        done = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            complaints = []
            reader = threading.Thread(target=lambda: complaints.extend(process.stderr), daemon=True)
            reader.start()
            for line in process.stdout:
                self.add(clip, run, conditions[done], json.loads(line))
                done += 1
        reader.join()
        if process.returncode == 0:
            return done, None
        return done, complaints[-1].strip() if complaints else 'ended by signal %d' % -process.returncode

    def add(self, clip, run, condition, result):
        row = dict(result, key=self.key(clip, run, condition), clip=clip.name, codec=run.codec, protection=run.protection,
                   way_back=int(run.way_back), condition=condition)
        self.table.add(row)
        text = row.get('failure') or '%6.2f kbit/s  shown %5.1f %%  SSIM %.4f  drop %.4f' % (
            row['wire_kbps'], 100 * row['shown'], row['ssim'], row['ssim_drop'])
        print('%d/%d %-8s %-13s %-7s %-9s %-24s %s' % (self.finished(), self.total, clip.name, run.codec, run.protection,
                                                    'two ways' if run.way_back else 'one way', condition, text), flush=True)

    def keys(self):
        return [self.key(clip, run, condition) for clip, run in self.jobs for condition in run.conditions]

    def finished(self):
        return sum(key in self.table.rows for key in self.keys())

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for future in [pool.submit(self.do, job) for job in self.jobs]:
                future.result()
        self.table.keep(self.keys())
        rows = [self.table.rows[key] for key in self.keys()]
        report.write(rows, self.clips, self.settings, self.code, self.options)


class Clip:

    def __init__(self, path, title):
        self.path = path
        self.name = path.stem
        self.title = title
        with open(path, 'rb') as file:
            self.header = file.readline().decode('ascii', 'replace')
            file.seek(0)
            self.digest = hashlib.file_digest(file, 'sha256').hexdigest()

    def description(self):
        field = {word[0]: word[1:] for word in self.header.split()[1:]}
        return '%s (%s), %sx%s at %s pictures a second' % (self.name, self.title, field.get('W'), field.get('H'),
                                                           field.get('F', '25:1').removesuffix(':1'))


def find_clips(options):
    if options.clips:
        titles = dict(title.split('=', 1) for title in options.title if '=' in title)
        paths = sorted(options.clips.glob('*.y4m'))
        if not paths:
            raise Failure('%s holds no .y4m file' % options.clips)
        clips = [Clip(path, titles.get(path.stem, path.name)) for path in paths]
    else:
        clips = [Clip(make_clip(*clip), '%s of opencv-doc' % clip[1]) for clip in DEFAULT_CLIPS]
    return clips[:1] if options.quick else clips


def make_clip(name, file, size, start):
    path = WORK / (name + '.y4m')
    if not path.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix('.part.y4m')
        done = subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-y', '-ss', str(start), '-i', str(DEBIAN / file), '-vf',
                               'fps=%d,scale=%s:flags=area,setsar=1' % (RATE, size), '-pix_fmt', 'yuv420p', str(part)],
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failure('%s; install opencv-doc and ffmpeg, or give --clips' % done.stderr.strip())
        part.rename(path)
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/bench-loss', description=__doc__)
    parser.add_argument('--clips', type=pathlib.Path, help='folder of .y4m files; default: two videos of opencv-doc')
    parser.add_argument('--title', action='append', default=[], metavar='NAME=TEXT', help='what NAME.y4m is, for the report')
    parser.add_argument('--out', type=pathlib.Path, help='folder of the report; default: docs/results')
    parser.add_argument('--quick', action='store_true', help='a few conditions, seconds and one clip, into bench-output/loss')
    parser.add_argument('--seconds', type=float, default=15, help='of each clip')
    parser.add_argument('--bitrate', type=int, default=20000, help='bit/s')
    parser.add_argument('--model', help='other weights than the default ones')
    parser.add_argument('--jobs', type=int, default=min(2, os.cpu_count()), help='processes at a time, of one thread each')
    parser.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/tests/bench/loss/bench-loss',
                        help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.burst_interval = 1.5 if options.quick else 3
    if options.quick:
        options.seconds = min(options.seconds, QUICK_SECONDS)
    options.out = options.out or (WORK if options.quick else ROOT / 'docs' / 'results')
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def main():
    try:
        Bench(parse_arguments()).run()
    except (Failure, OSError) as error:
        sys.exit('bench-loss: %s' % error)


if __name__ == '__main__':
    main()
