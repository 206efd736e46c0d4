#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Knowledge from pictures to labels: shared knowledge base, semantic head, private knowledge base, classifier.

A tiny teacher with random weights looks at synthetic pictures of three kinds. Usage: knowledge.py CRLSC MODEL TEACHER
"""
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

KINDS = {'red': (60, 60, 200), 'green': (60, 180, 70), 'blue': (190, 80, 60)}
WIDTH, HEIGHT = 64, 48


def write_picture(path, colour, rng):
    """A BMP: a disc of the kind's colour on a ground with a slope."""
    cx, cy, radius = rng.randrange(16, 48), rng.randrange(14, 34), rng.randrange(9, 18)
    ground, slope = rng.randrange(40, 200), rng.random()
    rows = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            inside = (x - cx) ** 2 + (y - cy) ** 2 < radius ** 2
            base = colour if inside else (ground + int(slope * y),) * 3
            rows += bytes(max(0, min(255, c + rng.randrange(-12, 13))) for c in base)
    head = struct.pack('<2sIHHIIiiHHIIiiII', b'BM', 54 + len(rows), 0, 0, 54, 40, WIDTH, HEIGHT, 1, 24, 0, len(rows), 0,
                       0, 0, 0)
    with open(path, 'wb') as out:
        out.write(head + rows)


def write_pictures(folder, each, rng):
    for kind, colour in KINDS.items():
        os.makedirs(os.path.join(folder, kind))
        for i in range(each):
            write_picture(os.path.join(folder, kind, '%03d.bmp' % i), colour, rng)


class Tool:
    def __init__(self, path):
        self.path = path

    def run(self, *arguments, fails=False):
        done = subprocess.run([self.path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if (done.returncode != 0) != fails:
            sys.exit('crlsc %s\n%s\nexit code %d' % (' '.join(arguments), done.stdout, done.returncode))
        return done.stdout


def need(found, what, text):
    if not found:
        sys.exit('%s:\n%s' % (what, text))


def percent(text, what):
    found = re.search(re.escape(what) + r'\s+([0-9.]+) %', text)
    need(found, 'no accuracy of "%s"' % what, text)
    return float(found.group(1))


def check_skb(crlsc, at, teacher):
    build = ['skb', 'build', '--teacher', teacher, '--images', at('train'), '--dim', '16', '--pq', '8x5', '--cache',
             at('cache'), '--near-duplicate', '1', '--threads', '1']
    text = crlsc.run(*build, '--out', at('skb'), '--pictures', '32')
    need('recall@10' in text and '120 entries' in text, 'the report lacks something', text)
    # The cache spares the second run the teacher; everything is reproducible.
    crlsc.run(*build, '--out', at('again'), '--pictures', '32')
    first, again = crlsc.run('skb', 'verify', at('skb')), crlsc.run('skb', 'verify', at('again'))
    need(first.split()[-1] == again.split()[-1], 'two builds differ', first + again)
    need('exists already' in crlsc.run(*build, '--out', at('skb'), fails=True), 'an existing file was replaced', '')

    info = crlsc.run('skb', 'info', at('skb'))
    need('120 with reference pictures' in info and 'tiny (32, stretch' in info, 'info is wrong', info)
    found = crlsc.run('skb', 'search', at('skb'), at('test/green/000.bmp'), '--teacher', teacher, '--rerank', '20')
    need(re.search(r'\d\s+green\s', found), 'a green picture is not found', found)
    crlsc.run('skb', 'search', at('skb'), at('test/green/000.bmp'), '--teacher', teacher, '--sheet', at('sheet.png'))
    need(os.path.getsize(at('sheet.png')) > 1000, 'the sheet is empty', '')
    crlsc.run('skb', 'export', at('skb'), '--csv', at('csv'), '--faiss', at('faiss'), '--pictures', at('pictures'))
    with open(at('pictures/1.webp'), 'rb') as picture:
        need(picture.read(4) == b'RIFF' and len(os.listdir(at('pictures'))) == 120, 'pictures are missing', '')
    with open(at('csv'), encoding='utf-8') as table:
        need(len(table.readlines()) == 121, 'the table has another number of lines', '')
    need(os.path.getsize(at('faiss')) > 1000, 'the index is empty', '')
    need('40 removed' in crlsc.run('skb', 'remove', at('again'), '--label', 'red'), 'not all red ones were removed', '')
    added = crlsc.run('skb', 'add', at('again'), '--images', at('test/red') + '=red', '--teacher', teacher)
    need('20 added' in added, 'pictures were not added', added)
    merged = crlsc.run('skb', 'merge', at('again'), at('skb'), '--near-duplicate', '0.9999')
    need('40 added, 80 near' in merged, 'merging is wrong', merged)
    crlsc.run('skb', 'verify', at('again'))


def check_encoder(crlsc, at, model, teacher):
    train = ['train', 'encoder', '--skb', at('skb'), '--images', at('train'), '--model', model, '--batch', '16',
             '--threads', '1']
    crlsc.run(*train, '--steps', '10', '--out', at('alone'))  # by the file alone
    need('exists' in crlsc.run(*train, '--out', at('alone'), fails=True), 'a checkpoint was overwritten', '')
    resumed = crlsc.run(*train, '--steps', '120', '--out', at('alone'), '--resume', '--teacher', teacher, '--cache',
                        at('cache'))
    need('from step 10,' in resumed, 'it began anew', resumed)
    head = at('alone/model.safetensors')
    model_info = crlsc.run('inspect', head)
    need('embedding_dim: 16' in model_info and 'semantic.out.weight' in model_info, 'the model has no head', model_info)
    # The head of the model that ships speaks another language.
    need('was trained for the codebooks' in crlsc.run('pkb', 'build', '--skb', at('skb'), '--model', model, '--images', at('train'),
                                       '--out', at('pkb'), fails=True), 'another head was accepted', '')
    text = crlsc.run('eval', 'knowledge', '--skb', at('skb'), '--train', at('train'), '--test', at('test'), '--teacher',
                     teacher, '--model', head, '--cache', at('cache'))
    print(text)
    need(percent(text, 'teacher, projected, float') > 80, 'the teacher knows too little', text)
    need(percent(text, 'semantic head, float') > 60, 'the head has not learnt', text)
    crlsc.run('pkb', 'build', '--skb', at('skb'), '--model', head, '--images', at('train'), '--out', at('pkb'),
              '--pictures', '32')
    info = crlsc.run('skb', 'info', at('pkb'))
    need('private knowledge base' in info and 'semantic head ' in info, 'the PKB is wrong', info)
    crlsc.run('skb', 'search', at('pkb'), at('test'), '--model', head, '-k', '1')
    for kind in ('knn', 'linear', 'mlp'):
        text = crlsc.run('train', 'head', '--model', head, '--images', at('train'), '--test', at('test'), '--kind', kind,
                         '--epochs', '50', '--out', at('head'))
        need('held out' in text, 'no accuracy', text)


def write_video(path, seconds, rng):
    """A YUV4MPEG2 clip of one place, ten pictures a second, in which a white square wanders about."""
    luma = bytes(rng.randrange(60, 120) for _ in range(WIDTH * HEIGHT))
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    with open(path, 'wb') as out:
        out.write(b'YUV4MPEG2 W%d H%d F10:1 C420jpeg\n' % (WIDTH, HEIGHT))
        for number in range(10 * seconds):
            left, top = number * 3 % (WIDTH - 8), number % (HEIGHT - 8)
            picture = bytearray(luma)
            for y in range(top, top + 8):
                picture[y * WIDTH + left:y * WIDTH + left + 8] = bytes([235]) * 8
            out.write(b'FRAME\n' + picture + chroma)


def check_scenes(crlsc, at):
    head = at('alone/model.safetensors')
    rng = random.Random(5)
    write_video(at('street.y4m'), 15, rng)
    write_video(at('short.y4m'), 2, rng)
    build = ['pkb', 'build', '--skb', at('skb'), '--model', head, '--out', at('scenes')]
    need('--images or --video' in crlsc.run(*build, fails=True), 'built of nothing', '')
    need('0x7' in crlsc.run(*build, '--video', at('street.y4m'), '--size', '0x7', fails=True), 'a size was expected', '')
    with open(at('none.y4m'), 'wb') as out:
        out.write(b'no video')
    need('none.y4m' in crlsc.run(*build, '--video', at('none.y4m'), fails=True), 'the file is not named', '')
    text = crlsc.run(*build, '--video', at('street.y4m'), at('short.y4m'))
    need(re.search(r'added entry 1: street, seen for 14\.\d s, picture of \d+ bytes', text), 'no scene', text)
    need('exists already' in crlsc.run(*build, '--video', at('street.y4m'), fails=True), 'a PKB was overwritten', '')
    info = crlsc.run('pkb', 'info', at('scenes'))
    need(re.search(r'\n +1  [0-9a-f]{16}  64x48, \d+ bytes  .*UTC  street  street\.y4m', info), 'the scene is not listed', info)
    add = ['pkb', 'add', at('scenes'), '--model', head, '--video', at('street.y4m')]
    need('known entry 1: street' in crlsc.run(*add), 'the scene was not recognised', '')
    text = crlsc.run(*add, '--size', '32x32', '--label', 'yard', '--rate', '2', '--picture-quality', '30')
    need('added entry 2: yard' in text, 'another size is another picture', text)
    need('needs --model' in crlsc.run('pkb', 'add', at('scenes'), '--teacher', 'x', '--video', at('street.y4m'),
                                      fails=True), 'a teacher cannot embed scenes', '')
    need('1 removed' in crlsc.run('pkb', 'remove', at('scenes'), '--label', 'street'), 'nothing was removed', '')
    info = crlsc.run('pkb', 'info', at('scenes'))
    need('  street  ' not in info and '1  yard' in info, 'the wrong one was removed', info)
    crlsc.run('pkb', 'verify', at('scenes'))


def check_other_modes(crlsc, at, model):
    """Encoders that learn without a knowledge base, to compare with."""
    train = ['train', 'encoder', '--images', at('train'), '--model', model, '--batch', '16', '--threads', '1', '--minutes',
             '0', '--dim', '16']
    need('give the knowledge base' in crlsc.run(*train, '--steps', '5', '--out', at('none'), fails=True), 'no SKB', '')
    need('nothing ends' in crlsc.run(*train, '--mode', 'contrastive', '--out', at('none'), fails=True), 'no end', '')
    for mode, steps in (('contrastive', '5'), ('supervised', '60')):
        out = at(mode)
        crlsc.run(*train, '--mode', mode, '--steps', '2', '--out', out)
        resumed = crlsc.run(*train, '--mode', mode, '--steps', steps, '--out', out, '--resume')
        need('from step 2,' in resumed, 'it began anew', resumed)
    crossed = crlsc.run(*train, '--mode', 'contrastive', '--steps', '9', '--out', at('supervised'), '--resume', fails=True)
    need('another mode' in crossed, 'a checkpoint of another mode was taken', crossed)
    few = crlsc.run(*train, '--mode', 'supervised', '--label-share', '0.1', '--steps', '1', '--out', at('few'))
    need('12 pictures to learn from' in few, 'a tenth of the labels is another number', few)
    text = crlsc.run('eval', 'knowledge', '--train', at('train'), '--test', at('test'), '--model',
                     at('supervised/model.safetensors'), '--kind', 'knn', 'linear', '--label-shares', '0.1', '1', '--csv',
                     at('figures'))
    need(percent(text, 'semantic head, float') > 80, 'labels taught nothing', text)
    with open(at('figures'), encoding='utf-8') as table:
        lines = table.read().splitlines()
    need(len(lines) == 6 and lines[2].startswith('"semantic head, float",64,knn,0.1,12,60,'), 'the table is wrong',
         '\n'.join(lines))


def check_carried_head(crlsc, at, model):
    """A head that moves to another model says the same there."""
    head = at('alone/model.safetensors')
    crlsc.run('model', 'carry-head', '--from', head, '--to', model, '--out', at('carried'))
    need(crlsc.run('inspect', at('carried')).split('\n', 1)[1] == crlsc.run('inspect', head).split('\n', 1)[1],
         'the same parts make another model', '')
    # Onto a model with a head of its own, which goes.
    other = at('supervised/model.safetensors')
    crlsc.run('model', 'carry-head', '--from', head, '--to', other, '--out', at('replaced'))
    info = crlsc.run('inspect', at('replaced'))
    need('embedding_training: guided, 120 steps of 16' in info and 'embedding_license: LGPL' in info,
         'what is known of the head was not carried along', info)
    need(crlsc.run('skb', 'search', at('pkb'), at('test'), '--model', at('replaced')) ==
         crlsc.run('skb', 'search', at('pkb'), at('test'), '--model', head), 'the head says something else', '')


def main():
    crlsc, model, teacher = Tool(sys.argv[1]), sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory() as folder:
        def at(name):
            return os.path.join(folder, name)
        rng = random.Random(11)
        write_pictures(at('train'), 40, rng)
        write_pictures(at('test'), 20, rng)
        check_skb(crlsc, at, teacher)
        check_encoder(crlsc, at, model, teacher)
        check_scenes(crlsc, at)
        check_other_modes(crlsc, at, model)
        check_carried_head(crlsc, at, model)


if __name__ == '__main__':
    main()
