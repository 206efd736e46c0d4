#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks each rule of check_arrows.py in a made-up tree, to see that it is noticed."""
import pathlib
import tempfile
import unittest

import check_arrows


class Tree(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def put(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='utf-8')

    def broken(self):
        return list(check_arrows.broken_includes(self.root))

    def test_core_with_itself_and_the_standard_library(self):
        self.put('gst/core/a.h', '#include <vector>\n#include "core/error.h"\n#include <nlohmann/json.hpp>\n')
        self.assertEqual(self.broken(), [])

    def test_core_with_anything_above_it(self):
        for name in ('glib.h', 'glib-object.h', 'gst/gst.h', 'gst/video/video.h', 'gio/gio.h', 'torch/torch.h',
                     'ATen/ATen.h', 'c10/core/Device.h', 'opencv2/core.hpp', 'faiss/Index.h', 'crlsc/caps.h',
                     'neural/motion.h'):
            with self.subTest(name):
                self.put('gst/core/codec/a.cpp', '#include <%s>\n' % name)
                self.assertIn('gst/core/codec/a.cpp includes <%s>' % name, self.broken()[0])

    def test_quotes_spaces_and_templates(self):
        self.put('gst/core/a.cpp', '  #  include "gst/gst.h"\n')
        self.put('gst/core/b.h.in', '#include <glib.h>\n')
        self.assertEqual(len(self.broken()), 2)

    def test_comments_and_strings_are_no_includes(self):
        self.put('gst/core/a.cpp', '// #include <gst/gst.h>\nconst char* text = "#include <glib.h>";\n')
        self.assertEqual(self.broken(), [])

    def test_networks_without_gstreamer(self):
        self.put('gst/neural/a.cpp', '#include <torch/torch.h>\n#include <opencv2/video.hpp>\n#include "core/error.h"\n')
        self.assertEqual(self.broken(), [])
        self.put('gst/neural/b.cpp', '#include <gst/gst.h>\n')
        self.assertEqual(len(self.broken()), 1)

    def test_library_and_plugins_without_torch_and_opencv(self):
        for folder in ('gst/crlsc', 'plugins/semenc', 'tests/check', 'gst/new', 'plugins/semkb', '.'):
            for name in ('torch/script.h', 'opencv2/imgproc.hpp'):
                with self.subTest(folder=folder, name=name):
                    self.put(folder + '/a.cpp', '#include <%s>\n' % name)
                    self.assertTrue(self.broken())
                    self.put(folder + '/a.cpp', '')
                    self.assertEqual(self.broken(), [])

    def test_tools_with_both(self):
        self.put('tools/train/a.cpp', '#include <torch/torch.h>\n#include <opencv2/core.hpp>\n')
        self.assertEqual(self.broken(), [])

    def test_builds_are_left_out(self):
        self.put('build-debug/gst/a.cpp', '#include <torch/torch.h>\n')
        self.assertEqual(self.broken(), [])


class Links(unittest.TestCase):

    def broken(self, module, *libraries):
        text = ''.join('\t%s => /usr/lib/%s (0x0)\n' % (name, name) for name in libraries)
        return list(check_arrows.broken_links([module], lambda path: text))

    def test_light_plugin(self):
        self.assertEqual(self.broken('libgstcrlscenc.so', 'libgstvideo-1.0.so.0', 'libc.so.6'), [])

    def test_heavy_plugins(self):
        for name in ('libtorch.so.1.13', 'libtorch_cpu.so.1.13', 'libc10.so.1.13', 'libopencv_core.so.406',
                     'libfaiss.so'):
            with self.subTest(name):
                self.assertEqual(self.broken('libgstcrlscenc.so', 'libc.so.6', name),
                                 ['libgstcrlscenc.so links ' + name])

    def test_only_the_knowledge_base_plugin_links_faiss(self):
        self.assertEqual(self.broken('/x/libgstcrlsckb.so', 'libfaiss.so'), [])
        self.assertEqual(len(self.broken('/x/libgstcrlsckb.so', 'libtorch.so.1.13')), 1)

    def test_a_real_module(self):
        self.assertIn('libc.so', check_arrows.linked_libraries(pathlib.Path('/bin/sh').resolve()))


if __name__ == '__main__':
    unittest.main()
