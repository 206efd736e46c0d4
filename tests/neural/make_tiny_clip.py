#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the golden vectors of the native CLIP vision tower: a small CLIP with random weights, and what it says.

Run by hand with torch, `transformers` and Pillow: tiny-clip.safetensors is the tower as Hugging Face names it,
tiny-clip-golden.safetensors holds 8-bit pictures of the tower's size ("pictures", RGB) with their vectors ("vectors"),
and larger ones ("large") with the vectors that transformers gives after its own resizing ("large_vectors").
Usage: make_tiny_clip.py FOLDER
"""
import json
import os
import sys

import numpy
import torch
from PIL import Image
from safetensors.numpy import save_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

SIZE, HEADS = 32, 4


def tiny_model():
    config = CLIPVisionConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=HEADS,
                              image_size=SIZE, patch_size=8, projection_dim=24, hidden_act='quick_gelu')
    model = CLIPVisionModelWithProjection(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # larger than at the start of training, so that every part counts
            parameter.normal_(0.0, 0.25)
    return model


def picture(generator, height, width):
    coarse = generator.integers(0, 256, (4, 5, 3), dtype=numpy.uint8)
    return numpy.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))


def main():
    folder = sys.argv[1]
    torch.manual_seed(7)
    generator = numpy.random.default_rng(7)
    model = tiny_model()
    processor = CLIPImageProcessor(size={'shortest_edge': SIZE}, crop_size=SIZE)

    def vectors(pictures):
        pixels = processor([Image.fromarray(p) for p in pictures], return_tensors='pt')['pixel_values']
        with torch.no_grad():
            out = model(pixel_values=pixels).image_embeds
        return torch.nn.functional.normalize(out).numpy()

    same = [picture(generator, SIZE, SIZE) for _ in range(6)]
    large = [picture(generator, 60, 84) for _ in range(4)]
    tower = {name: tensor.numpy() for name, tensor in model.state_dict().items() if not name.endswith('position_ids')}
    save_file(tower, os.path.join(folder, 'tiny-clip.safetensors'),
              metadata={'teacher': json.dumps({'name': 'tiny-clip', 'heads': HEADS})})
    save_file({'pictures': numpy.stack(same), 'vectors': vectors(same), 'large': numpy.stack(large),
               'large_vectors': vectors(large)}, os.path.join(folder, 'tiny-clip-golden.safetensors'))


if __name__ == '__main__':
    main()
