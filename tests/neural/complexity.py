#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shipped model stays as small as it is promised to be, by `crlsc inspect`. Usage: complexity.py CRLSC MODEL PARAMETERS KMAC, the most that
it may have, in all and for each luma sample either way."""
import os
import re
import subprocess
import sys


def main():
    crlsc, model = sys.argv[1:3]
    most_parameters, most_kmac = int(sys.argv[3]), float(sys.argv[4])
    # By its name, as elements find it.
    path = os.environ | {'CRLSC_MODEL_PATH': os.path.dirname(os.path.abspath(model))}
    text = subprocess.run([os.path.abspath(crlsc), 'inspect', os.path.basename(model)], stdout=subprocess.PIPE, text=True,
                          check=True, env=path, cwd='/').stdout
    found = re.search(r'networks of (\d+) parameters; for each luma sample ([\d.]+) kMAC in the encoder, which also '
                      r'decodes, and ([\d.]+) kMAC in the decoder', text)
    if not found:
        sys.exit('no line on the networks in:\n' + text)
    parameters, encoder, decoder = int(found[1]), float(found[2]), float(found[3])
    found = re.search(r'post-filter of (\d+) parameters; for each luma sample ([\d.]+) kMAC', text)
    if not found:
        sys.exit('no line on the post-filter in:\n' + text)
    parameters += int(found[1])
    decoder += float(found[2])
    print('%d parameters, %.2f and %.2f kMAC' % (parameters, encoder, decoder))
    if not 0 < parameters <= most_parameters:
        sys.exit('more than %d parameters' % most_parameters)
    if not (0 < encoder <= most_kmac and 0 < decoder <= most_kmac):
        sys.exit('more than %g kMAC' % most_kmac)


main()
