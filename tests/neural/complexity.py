#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped model stays as small as it is promised to be. Usage: complexity.py CRLSC MODEL"""
import re
import subprocess
import sys

MOST_PARAMETERS = 4_000_000
MOST_KMAC = 25  # for each luma sample, either way


def main():
    crlsc, model = sys.argv[1:]
    text = subprocess.run([crlsc, 'inspect', model], stdout=subprocess.PIPE, text=True, check=True).stdout
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
    if not 0 < parameters <= MOST_PARAMETERS:
        sys.exit('more than %d parameters' % MOST_PARAMETERS)
    if not (0 < encoder <= MOST_KMAC and 0 < decoder <= MOST_KMAC):
        sys.exit('more than %d kMAC' % MOST_KMAC)


main()
