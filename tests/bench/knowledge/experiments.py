#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the experiments of the CRLSC paper on folders of pictures, goes on where it was stopped, and writes the report."""
import argparse
import csv
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import plan
import report
import table

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORK = ROOT / 'bench-output' / 'knowledge'


class Failure(Exception):
    pass


def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def pictures_below(folder):
    """Names and sizes: enough to notice other pictures."""
    folder = pathlib.Path(folder.split('=')[0])
    return sorted((str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob('*') if path.is_file())


class Experiments:

    def __init__(self, options):
        self.options = options
        self.size = options.size
        self.sets = plan.find_sets(options.data, self.size.sets)
        self.check_folders()
        self.options.out.mkdir(parents=True, exist_ok=True)
        self.skb = options.work / 'skb.crlsckb'
        # What every figure depends on. Parts of the size that a figure does not depend on are not in here.
        self.base = {'teacher': file_digest(options.teacher), 'model': file_digest(options.model),
                     'dimension': self.size.dimension, 'pq': self.size.pq,
                     'pictures': digest([pictures_below(folder) for folder in self.sets[plan.ALL].train])}
        self.training = dict(self.base, steps=self.size.steps, batch=self.size.batch,
                             augmentations=self.size.augmentations)
        self.table = table.Table(options.out / 'knowledge.csv')
        self.keys = set()
        self.use_work_folder()

    def check_folders(self):
        for name, one in self.sets.items():
            for folder in one.train + one.test:
                if not pathlib.Path(folder.split('=')[0]).is_dir():
                    raise Failure('%s: there is no folder %s' % (name, folder.split('=')[0]))

    def use_work_folder(self):
        """Of other settings, nothing there is of use."""
        self.options.work.mkdir(parents=True, exist_ok=True)
        stamp = self.options.work / 'settings.json'
        text = json.dumps(self.training, sort_keys=True)
        if stamp.exists() and stamp.read_text(encoding='utf-8') != text:
            raise Failure('%s holds what other settings have made; remove it, or give another --work' % self.options.work)
        stamp.write_text(text, encoding='utf-8')

    # Commands

    def crlsc(self, *arguments):
        command = [str(self.options.program)] + [str(a) for a in arguments] + ['--threads', str(self.options.threads)]
        if self.options.verbose:
            print('+ ' + ' '.join(command), flush=True)
        with tempfile.TemporaryFile('w+') as output:
            stdout = None if self.options.verbose else output
            done = subprocess.run(command, stdout=stdout, stderr=subprocess.STDOUT, check=False)
            output.seek(0)
            if done.returncode != 0:
                raise Failure('%s\n%s' % (' '.join(command), output.read()[-2000:]))

    def describe(self, path):
        done = subprocess.run([str(self.options.program), 'inspect', str(path)], stdout=subprocess.PIPE, text=True,
                              check=True)
        return done.stdout

    def job(self, key, what, work, **columns):
        """Does `work`, which returns rows, unless they are known."""
        self.keys.add(key)
        if self.table.has(key):
            return
        print(what, flush=True)
        rows = [dict(columns, **row) for row in work()]
        self.table.add([dict(row, key=key) for row in rows])

    def build_skb(self):
        if self.skb.exists():
            return
        print('shared knowledge base', flush=True)
        self.crlsc('skb', 'build', '--teacher', self.options.teacher, '--images', *self.sets[plan.ALL].train, '--dim',
                   self.size.dimension, '--pq', self.size.pq, '--near-duplicate', 1, '--out', self.skb)

    def model(self, arm, trained_on, seed, share=1):
        """The file of the encoder that was trained so; it is trained if it is not there."""
        self.build_skb()
        name = '%s-%s-%d' % (arm, trained_on, seed) + ('-%g' % share if share < 1 else '')
        folder = self.options.work / 'encoders' / name
        done = folder / 'done'
        if not done.exists():
            print('train ' + name, flush=True)
            mode = plan.ARMS[arm][0]
            how = ['--mode', mode]
            if mode == 'guided':
                how += ['--skb', self.skb]
            if arm == 'guided':
                how += ['--teacher', self.options.teacher, '--cache', str(self.skb) + '.cache', '--augmentations',
                        self.size.augmentations]
            self.crlsc('train', 'encoder', *how, '--images', *self.sets[trained_on].train, '--dim', self.size.dimension,
                       '--label-share', share, '--model', self.options.model, '--steps', self.size.steps, '--minutes', 0,
                       '--batch', self.size.batch, '--seed', seed, '--out', folder, '--resume')
            (folder / 'checkpoint.pt').unlink()
            done.touch()
        return folder / 'model.safetensors'

    def figures(self, *arguments):
        """The table that `crlsc` adds lines to with --csv."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'figures.csv')
            self.crlsc(*arguments, '--csv', path)
            with open(path, newline='', encoding='utf-8') as file:
                return list(csv.DictReader(file))

    def judge(self, part, arm, trained_on, tested_on, seed, shares=None, trained_share=1):
        """Accuracy of an encoder on a set, by neighbours and linearly, with these shares of the set's labels."""
        shares = shares or self.size.shares
        key = digest(dict(self.training, arm=arm, trained_on=trained_on, tested_on=tested_on, seed=seed, shares=shares,
                          trained_share=trained_share, part=part,
                          tests=[pictures_below(folder) for folder in self.sets[tested_on].test]))
        name = arm if trained_share == 1 else '%s, %g %%' % (arm, 100 * trained_share)

        def work():
            model = self.model(arm, trained_on, seed, trained_share)
            rows = self.figures('eval', 'knowledge', '--model', model, '--train', *self.sets[tested_on].train, '--test',
                                *self.sets[tested_on].test, '--kind', 'knn', 'linear', '--label-shares', *shares,
                                '--seed', seed)
            minutes = training_minutes(model.parent / 'log.csv')
            return rows + [{'measure': 'training_seconds', 'value': 60 * minutes}]

        self.job(key, 'judge %s of %s, seed %d, on %s' % (name, trained_on, seed, tested_on), work, part=part, arm=name,
                 trained_on=trained_on, tested_on=tested_on, seed=seed)

    def seeds(self):
        return range(1, self.size.seeds + 1)

    # Parts

    def part_a(self):
        for seed in self.seeds():
            for name in self.size.sets:
                for arm in self.size.arms_of(name):
                    self.judge('a', arm, name, name, seed)
        for name in self.size.sets:
            self.judge_teacher(name)

    def judge_teacher(self, name):
        key = digest(dict(self.base, teacher_on=name, shares=self.size.shares))

        def work():
            self.build_skb()
            return self.figures('eval', 'knowledge', '--skb', self.skb, '--teacher', self.options.teacher, '--train',
                                *self.sets[name].train, '--test', *self.sets[name].test, '--kind', 'knn', 'linear',
                                '--label-shares', *self.size.shares)

        self.job(key, 'judge the teacher on ' + name, work, part='a', arm='teacher', trained_on='', tested_on=name, seed=1)

    def part_b(self):
        for seed in self.seeds():
            for tested_on in self.size.sets:
                for trained_on in self.size.sets:
                    for arm in self.size.arms_of(trained_on):
                        if trained_on != tested_on:
                            self.judge('b', arm, trained_on, tested_on, seed, (1,))
                for arm in plan.GENERAL:
                    self.judge('b', arm, plan.ALL, tested_on, seed, (1,))

    def part_c(self):
        name = self.size.sets[0]
        for seed in self.seeds():
            for share in self.size.shares:
                if share < 1:
                    self.judge('c', 'supervised', name, name, seed, (share,), share)

    def part_d(self):
        key = digest(dict(self.training, cost=True))
        self.job(key, 'cost', self.costs, part='d', arm='', trained_on='', tested_on='', seed=1)

    def costs(self):
        model = self.model('guided', plan.ALL, 1)
        name = self.size.sets[0]
        one = self.sets[name]
        work = self.options.work
        files = {}
        for what, command in (
                ('skb_bytes', ['skb', 'build', '--teacher', self.options.teacher, '--images', *self.sets[plan.ALL].train,
                               '--dim', self.size.dimension, '--pq', self.size.pq, '--near-duplicate', 1, '--cache',
                               str(self.skb) + '.cache', '--no-vectors']),
                ('pkb_bytes', ['pkb', 'build', '--skb', self.skb, '--model', model, '--images', *one.train, '--no-vectors',
                               '--no-codebooks'])):
            path = work / (what + '.crlsckb')
            path.unlink(missing_ok=True)
            self.crlsc(*command, '--out', path)
            files[what] = path.stat().st_size
            path.unlink()
        files['skb_with_vectors_bytes'] = self.skb.stat().st_size
        files['teacher_bytes'] = self.options.teacher.stat().st_size
        files['encoder_bytes'] = tensor_bytes(model, 'semantic.')
        files['skb_picture_bytes'] = sum(size for folder in self.sets[plan.ALL].train for _, size in pictures_below(folder))
        files['skb_pictures'] = sum(len(pictures_below(folder)) for folder in self.sets[plan.ALL].train)
        files['pkb_pictures'] = sum(len(pictures_below(folder)) for folder in one.train)
        files['pkb_picture_bytes'] = sum(size for folder in one.train for _, size in pictures_below(folder))
        files['encoder_mmac'] = mmac_of_head(self.describe(model))
        rows = [{'measure': what, 'value': value} for what, value in files.items()]
        times = self.figures('eval', 'knowledge', '--skb', self.skb, '--teacher', self.options.teacher, '--model', model,
                             '--train', *one.train, '--test', *one.test)
        return rows + [row for row in times if row['measure'] == 'milliseconds']

    def part_e(self):
        model = self.model('guided', plan.ALL, 1)
        for name in self.size.sets:
            key = digest(dict(self.training, codes=self.size.codes, tested_on=name, seed=1))

            def work(name=name):
                return self.figures('eval', 'knowledge', '--skb', self.skb, '--teacher', self.options.teacher, '--model',
                                    model, '--train', *self.sets[name].train, '--test', *self.sets[name].test, '--pq',
                                    *self.size.codes, '--seed', 1)

            self.job(key, 'codes on ' + name, work, part='e', arm='guided', trained_on=plan.ALL, tested_on=name, seed=1)

    def part_f(self):
        name = self.size.sets[0]
        for seed in self.seeds():
            key = digest(dict(self.training, snr=self.size.snr, bytes=self.size.channel_bytes, side=self.size.channel_side,
                              pictures=self.size.channel_pictures, seed=seed))

            def work(seed=seed):
                rows = self.figures('eval', 'channel', '--model', self.model('guided', plan.ALL, 1), '--skb', self.skb,
                                    '--train', *self.sets[name].train, '--test', *self.sets[name].test, '--snr',
                                    *self.size.snr, '--bytes', self.size.channel_bytes, '--side', self.size.channel_side,
                                    '--pictures', self.size.channel_pictures, '--seed', seed)
                return [dict(measure=measure, value=row[measure], tested=row['pictures'], bytes=row['semantic_bytes'],
                             vectors='%s %s %s %s' % (row['fading'], row['modulation'], row['snr'], row['protection_db']))
                        for row in rows for measure in ('accuracy', 'accuracy_checked', 'psnr', 'ssim')]

            self.job(key, 'channel, seed %d' % seed, work, part='f', arm='guided', trained_on=plan.ALL, tested_on=name,
                     seed=seed)

    def part_g(self):
        self.options.sheets.mkdir(parents=True, exist_ok=True)
        for name in self.size.decoder_sets:
            for coder in ('frozen', 'joint', 'codec'):
                key = digest(dict(self.training, decoder=self.size.decoder_steps, decoder_batch=self.size.decoder_batch,
                                  coder=coder, name=name, pictures=self.size.decoder_pictures,
                                  bytes=self.size.still_bytes))
                self.job(key, 'pictures of %s, %s' % (name, coder), lambda n=name, c=coder: self.stills(n, c), part='g',
                         arm=coder, trained_on=name, tested_on=name, seed=1)

    def stills(self, name, coder):
        """Trains the decoder, keeps the sheet, and returns what it measured."""
        folders = {part: str(pathlib.Path(self.options.data, name, part)) for part in ('train', 'test')}
        sheet = self.options.sheets / ('%s-%s.png' % (name, coder))
        if coder == 'codec':
            rows = self.figures('eval', 'stills', '--model', self.options.model, '--images', folders['test'], '--bytes',
                                self.size.still_bytes, '--pictures', self.size.decoder_pictures, '--sheet', sheet)
        else:
            out = self.options.work / 'decoders' / ('%s-%s' % (name, coder))
            (out / 'stills.csv').unlink(missing_ok=True)
            self.crlsc('train', 'decoder', '--mode', coder, '--model', self.model('guided', plan.ALL, 1), '--images',
                       folders['train'], '--test', folders['test'], '--test-pictures', self.size.decoder_pictures,
                       '--steps', self.size.decoder_steps, '--batch', self.size.decoder_batch, '--out', out, '--resume')
            with open(out / 'stills.csv', newline='', encoding='utf-8') as file:
                rows = list(csv.DictReader(file))
            shutil.copyfile(out / 'sheet.png', sheet)
        return [dict(measure=measure, value=rows[-1][measure], tested=rows[-1]['pictures'], bytes=rows[-1]['bytes'])
                for measure in ('psnr', 'ssim', 'ms_ssim')]

    def run(self):
        for part in self.options.part:
            getattr(self, 'part_' + part)()
        if set(self.options.part) == set(plan.PARTS):
            self.table.keep(self.keys)
        report.write(self.table, self.options)


def training_minutes(log):
    with open(log, newline='', encoding='utf-8') as file:
        return float(list(csv.DictReader(file))[-1]['minutes'])


def tensor_bytes(path, prefix):
    """Of the tensors of a safetensors file whose names begin so."""
    with open(path, 'rb') as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), 'little')))
    return sum(tensor['data_offsets'][1] - tensor['data_offsets'][0] for name, tensor in header.items()
               if name.startswith(prefix))


def mmac_of_head(text):
    line = next(line for line in text.splitlines() if line.startswith('semantic head of'))
    return float(line.split(';')[1].split()[0])


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/experiments', description=__doc__)
    parser.add_argument('--data', type=pathlib.Path, required=True,
                        help='folder with animals, scenes and faces, each of train and test, and general')
    parser.add_argument('--teacher', type=pathlib.Path, required=True, help='file of the teacher (tools/teacher/README.md)')
    parser.add_argument('--teacher-mac', help='what the teacher costs a picture, for the report: "0.9 GMAC", say')
    parser.add_argument('--model', type=pathlib.Path, default=ROOT / 'models/default.safetensors',
                        help='codec that the encoders go with')
    parser.add_argument('--part', nargs='+', choices=list(plan.PARTS), default=list(plan.PARTS),
                        help='; '.join('%s: %s' % part for part in plan.PARTS.items()) + '. Default: all')
    parser.add_argument('--out', type=pathlib.Path, help='folder of the report; default: docs/results')
    parser.add_argument('--work', type=pathlib.Path, help='folder of what is trained; default: bench-output/knowledge')
    parser.add_argument('--steps', type=int, help='steps of each encoder; default: %d' % plan.Size.steps)
    parser.add_argument('--seeds', type=int, help='default: %d' % plan.Size.seeds)
    parser.add_argument('--decoder-steps', type=int, help='steps of each decoder; default: %d' % plan.Size.decoder_steps)
    parser.add_argument('--quick', action='store_true', help='everything at toy size, into bench-output/knowledge-quick')
    parser.add_argument('--threads', type=int, default=os.cpu_count(), help='default: all cores')
    parser.add_argument('--verbose', action='store_true', help='show what crlsc prints')
    parser.add_argument('--program', type=pathlib.Path, default=ROOT / 'build/tools/crlsc', help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.size = plan.QUICK if options.quick else plan.Size()
    given = {'steps': options.steps, 'seeds': options.seeds, 'decoder_steps': options.decoder_steps}
    options.size = dataclasses.replace(options.size, **{name: value for name, value in given.items() if value})
    options.work = options.work or (WORK.with_name('knowledge-quick') if options.quick else WORK)
    options.out = options.out or (options.work if options.quick else ROOT / 'docs/results')
    options.sheets = options.out / 'knowledge-sheets'
    for path in (options.teacher, options.model):
        if not path.is_file():
            parser.error('%s: no such file' % path)
    return options


def main():
    try:
        Experiments(parse_arguments()).run()
    except Failure as failure:
        sys.exit('experiments: %s' % failure)
    except KeyboardInterrupt:
        sys.exit('experiments: stopped; the same command goes on')


if __name__ == '__main__':
    main()
