"""The commands of the README's chapter on the AWS CLI, run as they stand there, one after the other in one shell."""

import os
import re
import shlex
import subprocess
import tempfile
import unittest
from pathlib import Path
from textwrap import dedent

import record
from clients import ENVIRONMENT, Cli
from server import Server, binary

README = Path(__file__).parents[2] / "README.md"
CHAPTER = "## From the AWS CLI"
ADDRESS = "http://127.0.0.1:8080"
# The account that the first start makes, unless there is one.
FIRST_ACCOUNT = "my-account"
COMMAND = re.compile(r"^(aws|export|unset|printf|my-security-credentials)\s")
SAVED = re.compile(r"[Ss]ave (?:this|it) as `([\w.-]+)`[^`]*```json\n(.*?)```", re.DOTALL)

# What the shell knows before the first command. Everything that is said is kept, so that a key which the README shows
# as an example can be the one that was made by the command before it.
PREAMBLE = r"""
set -euo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
my-security-credentials() { command my-security-credentials "$@" | tee -a "$SAID"; }
aws() { command aws "$@" | tee -a "$SAID"; }
made_key() { grep -oE 'AKIA[A-Z2-7]{16}' "$SAID" | tail -1; }
made_secret() { grep -iE 'secret ?access ?key' "$SAID" | grep -oE '[A-Za-z0-9/+]{40}' | tail -1; }
"""


def chapter(text):
    """The lines from the heading to the next one of its rank."""
    found = re.search(rf"^{re.escape(CHAPTER)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1].splitlines() if found else []


def blocks(lines):
    """The code blocks, fenced or indented, without their indentation."""
    block, fenced = [], False
    for line in [*lines, ""]:
        is_fence = line.strip().startswith("```")
        inside = not is_fence and (fenced or line.startswith("    "))
        if inside:
            block.append(line)
        elif block:
            yield dedent("\n".join(block)).splitlines()
            block = []
        fenced ^= is_fence


def is_whole(command):
    """Neither a line end nor a quotation is open."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


def commands(lines):
    """Each with the lines that continue it; what a block shows as an answer is none."""
    for block in blocks(lines):
        command = None
        for line in block:
            if command is not None:
                command += "\n" + line
            elif COMMAND.match(line):
                command = line
            if command is not None and is_whole(command):
                yield command
                command = None


def with_made_key(command):
    """An example of a key becomes the key that was made last."""
    command = re.sub(r"(AWS_ACCESS_KEY_ID=)(?!\"?\$)\S+", r'\1"$(made_key)"', command)
    return re.sub(r"(AWS_SECRET_ACCESS_KEY=)(?!\"?\$)\S+", r'\1"$(made_secret)"', command)


class Readme(unittest.TestCase):
    def test_the_commands_of_the_chapter_on_the_aws_cli_do_what_they_say(self):
        text = README.read_text()
        lines = chapter(text)
        found = list(commands(lines))
        self.assertTrue(lines, f"README.md has no chapter {CHAPTER!r}")
        self.assertTrue([command for command in found if command.startswith("aws ")], "the chapter has no command")
        record.test = self.id()
        server = Server()
        self.addCleanup(server.stop)
        made_there = re.findall(r"account create --alias (\S+)", "\n".join(found))
        for account in set(re.findall(r"--account (\S+)", "\n".join(found))) - {FIRST_ACCOUNT, *made_there}:
            server.command("account", "create", "--alias", account)
        server.start()
        with tempfile.TemporaryDirectory(prefix="readme-test-") as folder:
            self.run_in_shell(Path(folder), server, text, found)

    def run_in_shell(self, folder, server, text, found):
        programs, home = folder / "bin", folder / "home"
        programs.mkdir()
        home.mkdir()
        (programs / "my-security-credentials").symlink_to(binary())
        (programs / "aws").symlink_to(Cli.PROGRAM)
        for name, document in SAVED.findall(text):
            (home / name).write_text(document)
        script = PREAMBLE + "\n".join(with_made_key(command) for command in found).replace(ADDRESS, server.url)
        kept = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("AWS_", "MSC_"))}
        environment = kept | {
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(home),
            "MSC_DATA_DIR": str(server.data_dir),
            "PATH": f"{programs}{os.pathsep}{kept['PATH']}",
            "SAID": str(folder / "said"),
        }
        done = subprocess.run(
            ["bash", "-c", script], cwd=home, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        record.command([], "".join(said.read_text() for said in folder.glob("said")), done.stderr)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}\nof\n" + "\n".join(found))


class Reading(unittest.TestCase):
    """That no command of the chapter is passed over."""

    TEXT = """
## Before

    aws not this one

## From the AWS CLI

Words, and `aws` in words.

    export AWS_ENDPOINT_URL=http://127.0.0.1:8080
    my-security-credentials user create --account a \\
        --access-key

    aws iam get-user
    {
        "User": {}
    }

1. In a list:

       aws sts get-caller-identity

```sh
# a remark
aws iam put-user-policy --policy-document '{
  "Version": "2012-10-17"
}'
```

```json
{ "aws": "no command" }
```

### Below

    printf 'a' | my-security-credentials user create

## After

    aws not this one either
"""

    def test_commands_are_found_in_indented_and_fenced_blocks_with_the_lines_that_continue_them(self):
        expected = [
            "export AWS_ENDPOINT_URL=http://127.0.0.1:8080",
            "my-security-credentials user create --account a \\\n    --access-key",
            "aws iam get-user",
            "aws sts get-caller-identity",
            'aws iam put-user-policy --policy-document \'{\n  "Version": "2012-10-17"\n}\'',
            "printf 'a' | my-security-credentials user create",
        ]
        self.assertEqual(list(commands(chapter(self.TEXT))), expected)
        self.assertEqual(list(commands(chapter("# no such chapter\n"))), [])

    def test_an_example_of_a_key_becomes_the_one_that_was_made(self):
        self.assertEqual(with_made_key("export AWS_ACCESS_KEY_ID=AKIA..."), 'export AWS_ACCESS_KEY_ID="$(made_key)"')
        kept = 'export AWS_SECRET_ACCESS_KEY="$(jq -r .SecretAccessKey key.json)"'
        self.assertEqual(with_made_key(kept), kept)
