#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the small model of the integer reference backend: mean offsets and Walsh patterns, as they are at the largest
of its gains.

With --semantic it has a semantic head, too. The same seed gives the same bytes on every machine; another seed gives other tables and so another model id.
"""
import argparse
import hashlib
import json
import struct

STRUCTURE_CODES = 256
DETAIL_CODES = [64, 64, 64]
STAGE_LAYER = [1, 2, 2]
GAIN_LEVELS = 3
GAIN_CLASSES = 2  # each has contexts of its own; the tables are the same
# Rows of the 8-point Walsh-Hadamard transform in order of sign changes.
WALSH = [[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, -1, -1, -1, -1], [1, 1, -1, -1, -1, -1, 1, 1],
         [1, 1, -1, -1, 1, 1, -1, -1], [1, -1, -1, 1, 1, -1, -1, 1], [1, -1, -1, 1, -1, 1, 1, -1],
         [1, -1, 1, -1, -1, 1, -1, 1], [1, -1, 1, -1, 1, -1, 1, -1]]


class Jitter:
    """Small offsets that make models of different seeds differ; seed 0 has none."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, value):
        if self.state == 0:
            return value
        self.state = (self.state * 1103515245 + 12345) % (1 << 31)
        return value + (1 if (self.state >> 16) % 4 == 0 else 0)


def structure_table(jitter):
    """[codes][Y, U, V]: mean offset of a cell. Code 0 changes nothing."""
    luma = [0]
    for step in (4, 9, 15, 22, 30, 40, 52, 66, 82, 100, 118):
        luma += [step, -step]
    chroma = [(0, 0)]
    for step in (8, 24):
        chroma += [(step, 0), (-step, 0), (0, step), (0, -step)]
    chroma += [(10, -10), (-10, 10)]
    rows = [(y, u, v) for u, v in chroma for y in luma]
    rows += [(0, 48, 0), (0, -48, 0), (0, 0, 48)]
    assert rows[0] == (0, 0, 0) and len(rows) == STRUCTURE_CODES
    return [rows[0]] + [tuple(jitter(x) for x in row) for row in rows[1:]]


def pattern(fx, fy, amplitude):
    """8x8 luma samples of one Walsh function, then 4x4 of U and of V that stay as they are."""
    luma = [amplitude * WALSH[fy][y] * WALSH[fx][x] for y in range(8) for x in range(8)]
    return luma + [0] * 32


def chroma_pattern(u, v):
    return [0] * 64 + [u] * 16 + [v] * 16


def detail_table(stage, jitter):
    """[codes][64 Y, 16 U, 16 V]: what a code adds to an 8x8 block. Code 0 changes nothing."""
    rows = [[0] * 96]
    low = sorted(((x, y) for x in range(8) for y in range(8)), key=lambda f: (f[0] + f[1], f[0]))
    functions, amplitudes = [(low[:7], (8, 18, 36, 60)), (low[:14], (5, 14)), (low[:29], (5,))][stage]
    for fx, fy in functions:
        for amplitude in amplitudes:
            a = jitter(amplitude)
            rows += [pattern(fx, fy, a), pattern(fx, fy, -a)]
    step = (16, 6, 6)[stage]
    extra = [(step, 0), (-step, 0), (0, step), (0, -step)]
    rows += [chroma_pattern(jitter(u), jitter(v)) for u, v in extra]
    return (rows + [pattern(7, 7, 3 + i) for i in range(64)])[:DETAIL_CODES[stage]]


def tensor(shape, rows):
    values = [value for row in rows for value in row]
    assert len(values) == shape[0] * shape[1]
    return {'dtype': 'I16', 'shape': shape, 'data': struct.pack('<%dh' % len(values), *values)}


def semantic_tensor():
    """What each number of the 32 of an embedding is multiplied with: luma of 4x4 tiles, then of 2x2 tiles U, V, and how
    much luma changes across and down."""
    scales = [4] * 16 + [8] * 8 + [4] * 8
    return {'dtype': 'I16', 'shape': [len(scales)], 'data': struct.pack('<%dh' % len(scales), *scales)}


def make_tensors(seed, semantic):
    jitter = Jitter(seed)
    tensors = {'structure.table': tensor([STRUCTURE_CODES, 3], structure_table(jitter))}
    for stage, codes in enumerate(DETAIL_CODES):
        tensors['detail.%d.table' % stage] = tensor([codes, 96], detail_table(stage, jitter))
    if semantic:
        tensors['semantic.scales'] = semantic_tensor()
    return tensors


def write_model(path, seed, semantic):
    tensors = make_tensors(seed, semantic)
    names = sorted(tensors)
    payload = b''.join(tensors[name]['data'] for name in names)
    # In the order of docs/bitstream.md, section "Model id".
    identity = {
        'backend': 'reference',
        'structure_codes': str(STRUCTURE_CODES),
        'detail_codes': ','.join(map(str, DETAIL_CODES)),
        'stage_layer': ','.join(map(str, STAGE_LAYER)),
        'gain_levels': str(GAIN_LEVELS),
        'gain_classes': str(GAIN_CLASSES),
    }
    lines = ''.join('%s=%s\n' % item for item in identity.items())
    header = {'__metadata__': {
        'format': 'crlsc-model',
        'format_version': '1',
        **identity,
        'sha256': hashlib.sha256(lines.encode() + payload).hexdigest(),
        'description': 'Integer tables for tests; seed %d' % seed,
        'license': 'LGPL-2.1-or-later',
    }}
    at = 0
    for name in names:
        t = tensors[name]
        header[name] = {'dtype': t['dtype'], 'shape': t['shape'], 'data_offsets': [at, at + len(t['data'])]}
        at += len(t['data'])
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + payload)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--semantic', action='store_true', help='with a semantic head')
    parser.add_argument('output')
    arguments = parser.parse_args()
    write_model(arguments.output, arguments.seed, arguments.semantic)


if __name__ == '__main__':
    main()
