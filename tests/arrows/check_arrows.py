#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks which parts of the tree know which libraries (docs/architecture.md, section "Arrows").

Prints one line for each rule that is broken; the exit code is 1 if there is any.
"""
import argparse
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
SOURCES = {'.c', '.cc', '.cpp', '.h', '.hpp', '.in'}
TORCH = ('torch/', 'ATen/', 'c10/', 'caffe2/')
# Folder, what nothing below it may include, and what it may.
RULES = [
    ('gst/core', TORCH + ('opencv2/', 'faiss/', 'gst/', 'glib', 'gio/', 'gobject/', 'gmodule', 'crlsc/', 'neural/')),
    ('gst/crlsc', TORCH + ('opencv2/', 'faiss/', 'neural/')),
    ('gst/neural', ('gst/', 'glib', 'gio/', 'gobject/', 'gmodule', 'crlsc/', 'faiss/')),
    ('plugins', TORCH + ('opencv2/', 'neural/')),
    ('tests', TORCH + ('opencv2/',)),
]
# Only these may see the heavy libraries at all, wherever files are added.
HEAVY = TORCH + ('opencv2/',)
HEAVY_FOLDERS = ('gst/neural', 'tools')
HEAVY_LIBRARIES = re.compile(r'^\s*(lib(?:torch|c10|caffe2|opencv|faiss)[^\s]*)', re.MULTILINE)
# The plugin that searches knowledge bases may link Faiss.
FAISS_PLUGINS = ('libgstcrlsckb.so',)


def sources(folder):
    """Source files below a folder; folders of builds and of version control are left out."""
    for path in sorted(folder.rglob('*')):
        parts = path.relative_to(folder).parts
        if any(part.startswith(('.', 'build')) for part in parts[:-1]) or path.suffix not in SOURCES:
            continue
        if path.is_file():
            yield path


def includes(path):
    return INCLUDE.findall(path.read_text(encoding='utf-8', errors='replace'))


def broken_includes(root):
    for folder, forbidden in RULES:
        for path in sources(root / folder):
            for name in includes(path):
                if name.startswith(forbidden):
                    yield '%s includes <%s>, which nothing in %s may' % (path.relative_to(root), name, folder)
    for path in sources(root):
        place = path.relative_to(root).as_posix()
        if place.startswith(tuple(folder + '/' for folder in HEAVY_FOLDERS)):
            continue
        for name in includes(path):
            if name.startswith(HEAVY):
                yield '%s includes <%s>, which only %s may' % (place, name, ' and '.join(HEAVY_FOLDERS))


def linked_libraries(path):
    """What the dynamic linker would load for a module, directly or not."""
    result = subprocess.run(['ldd', str(path)], check=True, capture_output=True, text=True)
    return result.stdout


def broken_links(modules, linked=linked_libraries):
    for path in modules:
        for name in HEAVY_LIBRARIES.findall(linked(path)):
            if name.startswith('libfaiss') and pathlib.Path(path).name in FAISS_PLUGINS:
                continue
            yield '%s links %s' % (path, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', type=pathlib.Path, help='the source tree')
    parser.add_argument('modules', nargs='*', type=pathlib.Path, help='folders of modules that must be light')
    arguments = parser.parse_args()
    broken = list(broken_includes(arguments.root))
    for folder in arguments.modules:
        modules = sorted(folder.rglob('*.so'))
        broken += broken_links(modules) if modules else ['%s holds no module' % folder]
    print('\n'.join(broken))
    sys.exit(1 if broken else 0)


if __name__ == '__main__':
    main()
