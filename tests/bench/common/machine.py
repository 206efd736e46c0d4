# SPDX-License-Identifier: LGPL-2.1-or-later
import subprocess


def machine():
    """The CPU's name."""
    for line in subprocess.run(['lscpu'], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
        if line.startswith('Model name:'):
            return line.split(':', 1)[1].strip()
    return 'unknown CPU'
