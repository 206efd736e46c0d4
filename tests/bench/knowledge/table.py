# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures that are known, in a CSV file. A job's rows come together, whole or not at all."""
import csv
import math

COLUMNS = ['key', 'part', 'arm', 'trained_on', 'tested_on', 'seed', 'vectors', 'bytes', 'measure', 'label_share', 'labelled',
           'tested', 'value']


class Table:
    def __init__(self, path):
        self.path = path
        self.rows = []
        if path.exists():
            with open(path, newline='', encoding='utf-8') as file:
                self.rows = list(csv.DictReader(file))

    def has(self, key):
        return any(row['key'] == key for row in self.rows)

    def add(self, rows):
        self.rows += [{name: str(row.get(name, '')) for name in COLUMNS} for row in rows]
        part = self.path.with_suffix('.part')
        with open(part, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
            writer.writeheader()
            writer.writerows(self.rows)
        part.rename(self.path)

    def keep(self, keys):
        """Forgets what other settings have measured."""
        if any(row['key'] not in keys for row in self.rows):
            self.rows = [row for row in self.rows if row['key'] in keys]
            self.add([])

    def select(self, **wanted):
        return [row for row in self.rows if all(row[name] == str(value) for name, value in wanted.items())]

    def values(self, **wanted):
        return [float(row['value']) for row in self.select(**wanted)]


def mean(values):
    return sum(values) / len(values) if values else None


def deviation(values):
    """Of a sample; None for less than two values."""
    if len(values) < 2:
        return None
    centre = mean(values)
    return math.sqrt(sum((v - centre) ** 2 for v in values) / (len(values) - 1))
