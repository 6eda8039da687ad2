#!/usr/bin/env python3
"""All that an SQLite database holds, to the standard output: every table and column, bytes both raw and in hex.

    dump.py FILE
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def dump(file):
    with closing(sqlite3.connect(f"{Path(file).resolve().as_uri()}?mode=ro", uri=True, timeout=10)) as database:
        database.text_factory = bytes
        # A view of the schema is a table as well: what it says is no secret either.
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            rows = database.execute(f'SELECT * FROM "{table.decode()}"')
            names = [column[0].encode() for column in rows.description]
            for row in rows:
                for name, value in zip(names, row):
                    shown = value if isinstance(value, bytes) else str(value).encode()
                    # Text and bytes cannot be told apart here; hex of text does no harm.
                    as_hex = value.hex().encode() if isinstance(value, bytes) else b""
                    yield b"%s.%s = %s %s\n" % (table, name, shown, as_hex)


if __name__ == "__main__":
    sys.stdout.buffer.writelines(dump(sys.argv[1]))
