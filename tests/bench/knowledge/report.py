# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what the table knows as docs/results/knowledge.md, with plots."""
import pathlib
import sys

import plan
from table import deviation, mean

BENCHES = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(BENCHES / 'loss'), str(BENCHES / 'common')]
import curves  # noqa: E402  (of the loss benchmark)
from machine import machine  # noqa: E402

COLOURS = {'guided': ('#c2185b', '#ff6ea1'), 'file': ('#8a5a00', '#e3b341'), 'contrastive': ('#1f6fb4', '#6cb6ff'),
           'supervised': ('#2e7d32', '#7ee787'), 'teacher': ('#6e7781', '#8b949e'), 'bpsk': ('#c2185b', '#ff6ea1'),
           'qpsk': ('#1f6fb4', '#6cb6ff'), 'qam16': ('#2e7d32', '#7ee787')}
HEAD = 'semantic head, float'
MEASURES = {'knn': 'kNN', 'linear': 'linear'}


def cell(values, digits=1, factor=100.0):
    if not values:
        return ''
    text = '%.*f' % (digits, factor * mean(values))
    spread = deviation(values)
    return text if spread is None else '%s ± %.*f' % (text, digits, factor * spread)


def markdown(header, rows):
    lines = ['| ' + ' | '.join(header) + ' |', '|' + '---|' * len(header)]
    return lines + ['| ' + ' | '.join(str(c) for c in row) + ' |' for row in rows] + ['']


def share_text(share):
    return '%g %%' % (100 * share)


class Report:

    def __init__(self, figures, options):
        self.table = figures
        self.options = options
        self.size = options.size

    def accuracy(self, part, arm, trained_on, tested_on, measure, share=1):
        if arm == 'teacher':
            return self.table.values(part='a', arm=arm, tested_on=tested_on, measure=measure, label_share=share,
                                     vectors='teacher, projected, float')
        return self.table.values(part=part, arm=arm, trained_on=trained_on, tested_on=tested_on, measure=measure,
                                 label_share=share, vectors=HEAD)

    def part_a(self):
        arms = list(self.size.arms) + ['teacher']
        header = ['learnt from'] + ['%s, %s' % (name, text) for name in self.size.sets for text in MEASURES.values()]
        rows = [[arm] + [cell(self.accuracy('a', arm, name, name, measure)) for name in self.size.sets
                         for measure in MEASURES] for arm in arms]
        seconds = [[arm, cell(self.table.values(part='a', arm=arm, measure='training_seconds'), 0, 1)]
                   for arm in self.size.arms]
        return (['## a. Accuracy', '', 'Each encoder learnt from the set that it is tested on; % of the test pictures told rightly:', '']
                + markdown(header, rows) + ['Seconds of training each, as the clock went:', '']
                + markdown(['learnt from', 'seconds'], seconds))

    def part_b(self):
        lines = ['## b. Generalisation', '',
                 'Learnt from one set, tested on another, whose training pictures are searched. %, nearest neighbours; '
                 'then linearly.', '']
        for measure, text in MEASURES.items():
            header = ['learnt from', 'pictures of'] + list(self.size.sets)
            rows = []
            for arm in self.size.arms:
                sets = tuple(name for name in self.size.sets if arm in self.size.arms_of(name))
                for trained_on in sets + ((plan.ALL,) if arm in plan.GENERAL else ()):
                    rows.append([arm, trained_on] + [
                        cell(self.accuracy('a' if name == trained_on else 'b', arm, trained_on, name, measure))
                        for name in self.size.sets])
            lines += ['%s:' % text, ''] + markdown(header, rows)
        return lines

    def label_values(self, arm, name, measure, share):
        """By a share of the labels: of supervised encoders, those that learnt from that share alone."""
        if arm == 'supervised' and share < 1:
            return self.accuracy('c', 'supervised, %g %%' % (100 * share), name, name, measure, share)
        return self.accuracy('a', arm, name, name, measure, share)

    def part_c(self):
        arms = list(self.size.arms) + ['teacher']
        lines = ['## c. Label efficiency', '',
                 'Only a share of the labels is known, at least one picture of each. Supervised encoders learnt from these',
                 'pictures alone, of the first set; the others saw all pictures, none of their labels. %:', '']
        rows = []
        panels = []
        for name in self.size.sets:
            for measure, text in MEASURES.items():
                drawn = []
                for arm in arms:
                    values = [self.label_values(arm, name, measure, share) for share in self.size.shares]
                    rows.append([name, text, arm] + [cell(v) for v in values])
                    drawn.append(curves.Line(arm, [100 * mean(v) if v else None for v in values]))
                panels.append(curves.Panel('%s, %s, %%' % (name, text), [share_text(s) for s in self.size.shares],
                                           'labels', drawn))
        curves.draw([panels[i:i + 2] for i in range(0, len(panels), 2)], self.options.out / 'knowledge-labels.svg', COLOURS)
        return (lines + ['![accuracy by labels](knowledge-labels.svg)', '']
                + markdown(['set', '', 'learnt from'] + [share_text(s) for s in self.size.shares], rows))

    def cost(self, measure, **more):
        values = self.table.values(part='d', measure=measure, **more)
        return mean(values)

    def part_d(self):
        if not self.table.select(part='d'):
            return []
        first = self.size.sets[0]
        labels = {arm: [row['labelled'] for row in self.table.select(part='a', arm=arm, trained_on=first, label_share=1,
                                                                     measure='knn')] for arm in self.size.arms}
        rows = [['a picture through L_e', '%.1f MMAC, %.1f ms of processor time'
                 % (self.cost('encoder_mmac'), self.cost('milliseconds', vectors='semantic head'))],
                ['a picture through the teacher', '%s%.1f ms of processor time'
                 % (self.options.teacher_mac + ', ' if self.options.teacher_mac else '',
                    self.cost('milliseconds', vectors='teacher as it is'))],
                ['sent to a terminal: the encoder, once', '%d bytes' % self.cost('encoder_bytes')],
                ['sent to a terminal: the SKB, once', '%d bytes; %d with vectors for re-ranking'
                 % (self.cost('skb_bytes'), self.cost('skb_with_vectors_bytes'))],
                ['instead of: the teacher', '%d bytes' % self.cost('teacher_bytes')],
                ['instead of: the pictures behind the SKB', '%d pictures, %d bytes'
                 % (self.cost('skb_pictures'), self.cost('skb_picture_bytes'))],
                ['kept on a terminal: a PKB of ' + first, '%d bytes for %d pictures of %d bytes'
                 % (self.cost('pkb_bytes'), self.cost('pkb_pictures'), self.cost('pkb_picture_bytes'))]]
        rows += [['labels that training of %s needs' % arm, labels[arm][0] if labels[arm] and arm == 'supervised' else '0']
                 for arm in self.size.arms]
        return ['## d. Cost', '', 'Processor: %s, one thread.' % machine(), ''] + markdown(['', ''], rows)

    def part_e(self):
        lines = ['## e. Bytes of a vector', '']
        sizes = sorted({int(row['bytes']) for row in self.table.select(part='e', measure='recall@1')})
        if not sizes:
            return []
        rows = []
        floats = '%d (float)' % (4 * self.size.dimension)
        for size in sizes + [floats]:
            row = [size]
            for name in self.size.sets:
                for subject in ('semantic head', 'teacher, projected'):
                    vectors = subject + (', float' if size == floats else ', %d-byte codes' % size)
                    row.append(cell(self.table.values(part='e', tested_on=name, vectors=vectors, measure='knn')))
            rows.append(row)
        lines += ['Accuracy by nearest neighbours, %, of vectors and of what their codes stand for, on both sides; L_e is the first',
                  'guided one of all pictures:', '']
        lines += markdown(['bytes'] + ['%s, %s' % (name, subject) for name in self.size.sets
                                       for subject in ('L_e', 'teacher')], rows)
        names = ['recall@1', 'recall@10', 'recall@1 re-ranked', 'recall@10 re-ranked']
        rows = [[size] + [cell(self.table.values(part='e', bytes=size, measure=measure), 3, 1) for measure in names]
                for size in sizes]
        lines += ['Of the nearest vectors in the SKB, how many its codes find; re-ranked: 100 candidates by 8-bit vectors:', '']
        return lines + markdown(['bytes'] + names, rows)

    def channel(self, fading, modulation, snr, protection, measure):
        vectors = '%s %s %g %g' % (fading, modulation, snr, protection)
        return self.table.values(part='f', vectors=vectors, measure=measure)

    def part_f(self):
        found = self.table.select(part='f', measure='psnr')
        if not found:
            return []
        gain = max(float(row['vectors'].split()[3]) for row in found)
        panels, rows = [], []
        for fading in ('awgn', 'rayleigh'):
            for measure, text, factor in (('accuracy', 'labels, %', 100), ('psnr', 'PSNR-Y, dB', 1)):
                drawn = []
                for modulation in ('bpsk', 'qpsk', '16-qam'):
                    for protection in (gain, 0) if measure == 'accuracy' else (0,):
                        values = [self.channel(fading, modulation, snr, protection, measure) for snr in self.size.snr]
                        drawn.append(curves.Line(modulation.replace('16-qam', 'qam16') + (', protected' if protection else ''),
                                                 [factor * mean(v) if v else None for v in values]))
                panels.append(curves.Panel('%s, %s' % (fading, text), ['%g' % s for s in self.size.snr], 'SNR, dB', drawn))
            for modulation in ('bpsk', 'qpsk', '16-qam'):
                for snr in self.size.snr:
                    values = [self.channel(fading, modulation, snr, protection, measure)
                              for measure in ('accuracy_checked', 'accuracy') for protection in (0, gain)]
                    rows.append([fading, modulation, '%g' % snr] + [cell(v) for v in values] + [
                        cell(self.channel(fading, modulation, snr, 0, 'psnr'), 2, 1),
                        cell(self.channel(fading, modulation, snr, 0, 'ssim'), 4, 1)])
        curves.draw([panels[:2], panels[2:]], self.options.out / 'knowledge-channel.svg', COLOURS)
        header = ['fading', 'modulation', 'SNR, dB', 'checked', 'checked, protected', 'as it comes',
                  'as it comes, protected', 'PSNR-Y, dB', 'SSIM']
        return (['## f. Channel', '', '![labels and pictures by SNR](knowledge-channel.svg)', '',
                 '%s pictures of %s, each %dx%d and at most %d bytes, beside %s bytes of meaning; %% of the labels that are told'
                 % (found[0]['tested'], self.size.sets[0], self.size.channel_side, self.size.channel_side, self.size.channel_bytes,
                    self.channel_bytes(found)),
                 'rightly. SNR is Es/N0. *Checked*: a semantic unit with a wrong bit is lost, and its picture counts as told',
                 'wrongly. *As it comes*: the code is looked up with its wrong bits. *Protected*: %g dB more energy for the'
                 % gain,
                 'semantic layer, as by sending it %.1f times. Units of the picture with a wrong bit are lost.'
                 % (10 ** (gain / 10)), ''] + markdown(header, rows))

    @staticmethod
    def channel_bytes(rows):
        return '%g' % min(float(row['bytes']) for row in rows)

    def part_g(self):
        rows = []
        texts = {'frozen': 'VQ-VAE on the frozen L_e, as in the paper', 'joint': 'the same, L_e trained along',
                 'codec': "the product's codec"}
        for name in self.size.decoder_sets:
            for coder, text in texts.items():
                found = self.table.select(part='g', arm=coder, trained_on=name, measure='psnr')
                if found:
                    rows.append([name, text, '%.0f' % float(found[0]['bytes'])] + [
                        cell(self.table.values(part='g', arm=coder, trained_on=name, measure=measure), digits, 1)
                        for measure, digits in (('psnr', 2), ('ssim', 4), ('ms_ssim', 4))])
        if not rows:
            return []
        return (['## g. Reconstruction', '',
                 'Test pictures as 96x96 on luma. The sheets `knowledge-sheets/*.png` beside this file, which are not part of the',
                 'repository as the pictures\' terms do not allow it, show them: odd rows decoded, even rows originals.', '']
                + markdown(['set', 'coder', 'bytes', 'PSNR-Y, dB', 'SSIM', 'MS-SSIM'], rows))

    def demanded(self):
        first = self.size.sets[0]
        guided = self.accuracy('a', 'guided', first, first, 'knn')
        rows = []
        for what, other, least in (
                ('guided over contrastive, kNN on ' + first, self.accuracy('a', 'contrastive', first, first, 'knn'), 15),
                ('guided over supervised with 10 % of the labels (linear), kNN on ' + first,
                 self.label_values('supervised', first, 'linear', 0.1), 5),
                ('the same, guided with 10 % of the labels, too', self.label_values('supervised', first, 'linear', 0.1), 5)):
            mine = self.accuracy('a', 'guided', first, first, 'knn', 0.1) if 'the same' in what else guided
            if mine and other:
                rows.append([what, '>= %d points' % least, '%+.1f points' % (100 * (mean(mine) - mean(other)))])
        for name in self.size.sets:
            whole = self.table.values(part='e', tested_on=name, vectors=HEAD, measure='knn')
            codes = self.table.values(part='e', tested_on=name, vectors='semantic head, 32-byte codes', measure='knn')
            if whole and codes:
                rows.append(['kNN with codes of 32 bytes, of that with floats, on ' + name, '>= 97 %',
                             '%.1f %%' % (100 * mean(codes) / mean(whole))])
        return ['## What is demanded', ''] + markdown(['', 'wanted', 'measured'], rows)

    def head(self):
        size = self.size
        command = 'scripts/experiments --data DIR --teacher %s' % self.options.teacher.name
        lines = ['# Knowledge: the experiments of the paper', '',
                 'Written by `%s`; [knowledge.csv](knowledge.csv) holds every figure.' % command,
                 'Vectors have %d numbers, codes are %s unless said otherwise. Each encoder is the same network, trained for %d'
                 % (size.dimension, size.pq, size.steps),
                 'steps of %d pictures; contrastive ones take two views of each, so twice the computing. Figures are means ±'
                 % size.batch, 'standard deviations over %d seeds.' % size.seeds, '']
        lines += ['- *%s*: %s.' % (arm, plan.ARMS[arm][1]) for arm in size.arms]
        lines += ['- *teacher*: S_e itself, in the space of the SKB.',
                  '- kNN: the ten nearest training pictures vote. Linear: a softmax regression on the frozen vectors.',
                  '- faces: faces or not; the rest is the general pictures in training, the tests of the other sets in the test.',
                  '- The SKB holds all training pictures: %s, and the general ones.' % ', '.join(size.sets), '']
        return lines

    def write(self):
        lines = self.head() + self.demanded()
        for part in plan.PARTS:
            lines += getattr(self, 'part_' + part)()
        text = '\n'.join(lines).rstrip() + '\n'
        (self.options.out / 'knowledge.md').write_text(text, encoding='utf-8')


def write(figures, options):
    Report(figures, options).write()
