#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the small models of the integer reference backend: mean offsets and Walsh patterns, as they are at the largest
of its gains, for a vector quantiser; with --scalar, a pyramid of Walsh functions for a scalar quantiser.

With --semantic a vector quantiser's model has a semantic head, too. The same seed gives the same bytes on every machine;
another seed gives other tables and so another model id.
"""
import argparse
import hashlib
import json
import math
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


# For the scalar quantiser: functions of a cell, and those of its blocks in three stages, as (plane, fx, fy).
STRUCTURE_FUNCTIONS = [('Y', 0, 0), ('U', 0, 0), ('V', 0, 0), ('Y', 1, 0), ('Y', 0, 1), ('Y', 1, 1), ('U', 1, 0),
                       ('U', 0, 1), ('V', 1, 0), ('V', 0, 1)]
LOW_FIRST = sorted(((x, y) for x in range(8) for y in range(8)), key=lambda f: (f[0] + f[1], f[0]))
LUMA_FUNCTIONS = [('Y', fx, fy) for fx, fy in LOW_FIRST[1:]]  # the means of blocks are those of the cell
DETAIL_FUNCTIONS = [
    LUMA_FUNCTIONS[:5] + [('U', 1, 0), ('V', 1, 0), ('U', 0, 1), ('V', 0, 1)] + LUMA_FUNCTIONS[5:9],
    LUMA_FUNCTIONS[9:27],
    LUMA_FUNCTIONS[27:],
]


def plane_of_function(function, plane, size, x0, y0, side):
    """The samples x0.., y0.. of a function of a block of size x size that has the norm 16; zeros on other planes."""
    own, fx, fy = function
    if own != plane:
        return [0] * side * side
    return [16 // size * WALSH[fy][8 * y // size] * WALSH[fx][8 * x // size]
            for y in range(y0, y0 + side) for x in range(x0, x0 + side)]


def block_of_function(function, scale, column=0, row=0):
    """64 Y, 16 U, 16 V of the block (column, row) of a function of scale x scale blocks."""
    return [sample for plane, side in (('Y', 8), ('U', 4), ('V', 4))
            for sample in plane_of_function(function, plane, scale * side, column * side, row * side, side)]


def check_orthogonal(rows):
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert sum(x * y for x, y in zip(a, b)) == (256 if i == j else 0)


def make_scalar_tensors():
    structure = [[sample for row in range(2) for column in range(2)
                  for sample in block_of_function(function, 2, column, row)] for function in STRUCTURE_FUNCTIONS]
    details = [[block_of_function(function, 1) for function in functions] for functions in DETAIL_FUNCTIONS]
    check_orthogonal(structure + [[0] * 96 + row + [0] * 192 for rows in details for row in rows])
    tensors = {'structure.basis': tensor([len(structure), 384], structure)}
    for stage, rows in enumerate(details):
        tensors['detail.%d.basis' % stage] = tensor([len(rows), 96], rows)
    return tensors


def prediction_tensor():
    """Means follow those of the neighbours, in units of 1/1024; nothing else is predicted."""
    count = len(STRUCTURE_FUNCTIONS)
    weights = []
    for left, above in ((512, 512), (1000, 0), (0, 900)):
        for function in range(count):
            flat = STRUCTURE_FUNCTIONS[function][1:] == (0, 0)
            for weight in (left, above):
                weights.append([weight if flat and i == function else 0 for i in range(count)])
    return tensor([3, count, 2, count], weights)


def tensor(shape, rows):
    values = [value for row in rows for value in row]
    assert len(values) == math.prod(shape)
    return {'dtype': 'I16', 'shape': shape, 'data': struct.pack('<%dh' % len(values), *values)}



def post_filter_tensor():
    """What the post-filter adds to luma."""
    return {'dtype': 'I16', 'shape': [1], 'data': struct.pack('<h', 5)}


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


def numbers(values):
    return ','.join(map(str, values))


# In the order of docs/bitstream.md, section "Model id".
VECTOR_IDENTITY = {
    'backend': 'reference',
    'structure_codes': str(STRUCTURE_CODES),
    'detail_codes': numbers(DETAIL_CODES),
    'stage_layer': numbers(STAGE_LAYER),
    'gain_levels': str(GAIN_LEVELS),
    'gain_classes': str(GAIN_CLASSES),
}
SCALAR_IDENTITY = {
    'backend': 'reference',
    'structure_coefficients': str(len(STRUCTURE_FUNCTIONS)),
    'detail_coefficients': numbers(map(len, DETAIL_FUNCTIONS)),
    'stage_layer': numbers(STAGE_LAYER),
    'gain_levels': '8',
    'gain_classes': str(GAIN_CLASSES),
}


def write_model(path, identity, tensors, description):
    names = sorted(tensors)
    payload = b''.join(tensors[name]['data'] for name in names)
    lines = ''.join('%s=%s\n' % item for item in identity.items())
    header = {'__metadata__': {
        'format': 'crlsc-model',
        'format_version': '1',
        **identity,
        'sha256': hashlib.sha256(lines.encode() + payload).hexdigest(),
        'description': description,
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
    parser.add_argument('--scalar', action='store_true', help='for a scalar quantiser; there is no seed')
    parser.add_argument('--full', action='store_true',
                        help='as --scalar, with split cells and levels that are predicted from neighbours')
    parser.add_argument('--deblocking', action='store_true', help='as --full, with edges that are smoothed')
    parser.add_argument('--post-filter', action='store_true', help='as --deblocking, with a post-filter')
    parser.add_argument('output')
    arguments = parser.parse_args()
    if arguments.full or arguments.deblocking or arguments.post_filter:
        smooth = {} if arguments.full else {'deblocking': '1'}
        added = {'post_filter.offset': post_filter_tensor()} if arguments.post_filter else {}
        write_model(arguments.output, SCALAR_IDENTITY | {'split_motion': '1'} | smooth,
                    make_scalar_tensors() | {'prediction.structure': prediction_tensor()} | added,
                    'Integer functions for tests')
    elif arguments.scalar:
        write_model(arguments.output, SCALAR_IDENTITY, make_scalar_tensors(), 'Integer functions for tests')
    else:
        write_model(arguments.output, VECTOR_IDENTITY, make_tensors(arguments.seed, arguments.semantic),
                    'Integer tables for tests; seed %d' % arguments.seed)


if __name__ == '__main__':
    main()
