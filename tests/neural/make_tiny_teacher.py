#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a tiny TorchScript teacher with random weights, for tests of the tools.

Run by hand with a torch that is not newer than the LibTorch of `crlsc`. Usage: make_tiny_teacher.py FILE
"""
import json
import sys

import torch


class Tiny(torch.nn.Module):
    """Colours and edges of the quarters of a picture, mixed at random: 48 numbers."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 12, 5, stride=2, padding=2)

    def forward(self, pictures):
        x = torch.relu(self.conv(pictures))
        return torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)


def main():
    torch.manual_seed(3)
    settings = {'name': 'tiny', 'size': 32, 'resize': 'stretch', 'interpolation': 'bilinear', 'mean': [0.5] * 3,
                'std': [0.25] * 3}
    script = torch.jit.freeze(torch.jit.script(Tiny().eval()))
    torch.jit.save(script, sys.argv[1], _extra_files={'teacher.json': json.dumps(settings)})


if __name__ == '__main__':
    main()
