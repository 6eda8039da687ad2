#!/usr/bin/env python3
"""Every test of real clients, against the program that CONSOLE_BINARY names.

    CONSOLE_BINARY=target/debug/my-security-credentials python tests/clients/run.py [NAME ...]

A NAME picks the tests that have it in their names. The Python has to be one that the packages of requirements.txt are
installed for; the CLI is the program `aws` beside it.
"""

import argparse
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
sys.dont_write_bytecode = True

from server import binary


def main():
    parser = argparse.ArgumentParser(description="Tests of the API with the AWS CLI and boto3")
    parser.add_argument("names", nargs="*", help="only tests whose name contains one of these")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each test")
    options = parser.parse_args()
    binary()
    loader = unittest.TestLoader()
    if options.names:
        loader.testNamePatterns = [f"*{name}*" for name in options.names]
    suite = loader.discover(str(FOLDER), pattern="test_*.py", top_level_dir=str(FOLDER))
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    result = unittest.TextTestRunner(verbosity=2 if options.verbose else 1).run(suite)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
