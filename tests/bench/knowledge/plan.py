# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is trained and measured: sets of pictures, ways to train an encoder, and how much of each."""
import dataclasses
import pathlib

PARTS = {'a': 'accuracy', 'b': 'generalisation', 'c': 'labels', 'd': 'cost', 'e': 'codes', 'f': 'channel',
         'g': 'reconstruction'}
# Name, mode of `crlsc train encoder`, what it is.
ARMS = {'guided': ('guided', "the teacher's vectors of each picture in several crops, and the SKB"),
        'file': ('guided', "the SKB's file alone: its vectors of the whole pictures"),
        'contrastive': ('contrastive', 'InfoNCE between two views of each picture, no SKB, no labels'),
        'supervised': ('supervised', 'cross entropy with the labels, no SKB')}
GENERAL = ['guided']  # arms that learn from all pictures at once, too
ALL = 'all'


@dataclasses.dataclass(frozen=True)
class Set:
    """Folders as crlsc takes them: sub-folders name labels, FOLDER=LABEL labels all of them."""
    train: tuple
    test: tuple


@dataclasses.dataclass(frozen=True)
class Size:
    steps: int = 3000
    batch: int = 64
    seeds: int = 3
    sets: tuple = ('animals', 'scenes', 'faces')
    arms: tuple = tuple(ARMS)
    shares: tuple = (0.01, 0.1, 1)
    dimension: int = 128
    pq: str = '32x8'
    codes: tuple = ('8x8', '16x8', '32x8', '64x8')
    augmentations: int = 4
    snr: tuple = (0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20)
    channel_bytes: int = 600
    channel_side: int = 160
    channel_pictures: int = 128
    decoder_steps: int = 3000
    decoder_batch: int = 32
    decoder_sets: tuple = ('animals', 'faces')
    decoder_pictures: int = 0
    still_bytes: int = 162  # as the experiment's decoder takes

    def arms_of(self, name):
        """What is trained on a set: on the first, everything."""
        return [arm for arm in self.arms if arm != 'file' or name == self.sets[0]]


QUICK = Size(steps=4, batch=16, seeds=1, sets=('animals', 'faces'), arms=('guided', 'contrastive', 'supervised'),
             shares=(0.1, 1), dimension=16, pq='8x5', codes=('4x5', '8x5'), augmentations=1, snr=(0, 20),
             channel_side=64, channel_pictures=6, decoder_steps=44, decoder_batch=4, decoder_sets=('animals',),
             decoder_pictures=6)


def find_sets(data, names):
    """The labelled sets below `data`. Rest, beside faces: `general` to learn from, the other sets' tests to be told."""
    def folder(*parts):
        return str(pathlib.Path(data, *parts))

    sets = {name: Set((folder(name, 'train'),), (folder(name, 'test'),)) for name in names if name != 'faces'}
    if 'faces' in names:
        rest = tuple(folder(name, 'test') + '=rest' for name in sets)
        sets['faces'] = Set((folder('faces', 'train') + '=face', folder('general') + '=rest'),
                            (folder('faces', 'test') + '=face',) + rest)
    sets[ALL] = Set(tuple(folder(name, 'train') for name in names) + (folder('general'),), ())
    return sets
