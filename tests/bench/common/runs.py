# SPDX-License-Identifier: LGPL-2.1-or-later
import csv


class Runs:
    """The runs that are done, in a CSV file. Each is on disk as soon as it is known; `keys` are the columns that tell
    one from another."""

    def __init__(self, path, columns, keys):
        self.path = path
        self.columns = columns
        self.keys = keys
        self.rows = []
        if path.exists():
            with open(path, newline='', encoding='utf-8') as file:
                self.rows = list(csv.DictReader(file))

    def has(self, row):
        return any(all(other[k] == str(row[k]) for k in self.keys) for other in self.rows)

    def add(self, row):
        row = {c: '' if row.get(c) is None else str(row[c]) for c in self.columns}
        fresh = not self.path.exists()
        with open(self.path, 'a', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, self.columns, lineterminator='\n')
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        self.rows.append(row)
