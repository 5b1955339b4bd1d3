#!/usr/bin/env python3
"""A first clone by `git = "update"` beside `git clone`: seconds, and CPU seconds of everything that was started.

Called by `tests/bench/run clone`. Both clone the same repository over file://, in turn (A B, B A, …), so that a slow
minute of the machine hits both.
"""

import argparse
import base64
import os
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path

FILES, COMMITS, BYTES = 1000, 4, 130_000  # some 170 MB in one pack
AUTHOR = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]


def make_origin(origin: Path) -> None:
    """A repository of which half compresses well."""
    chance = random.Random(1)

    def git(*words: str) -> None:
        subprocess.run(["git", *AUTHOR, "-C", origin, *words], check=True, stdout=subprocess.DEVNULL)

    origin.mkdir(parents=True)
    git("init", "--quiet", "--initial-branch=main")
    for commit in range(COMMITS):
        for file in (file for file in range(FILES) if commit == 0 or file % 10 == commit):
            path = origin / f"dir{file % 40}" / f"file{file}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(chance.randbytes(BYTES) + base64.b64encode(chance.randbytes(BYTES // 4)))
        git("add", "--all")
        git("commit", "--quiet", "--message", str(commit))
    git("gc", "--quiet")


def measured(words: list) -> tuple[float, float]:
    """Seconds and CPU seconds of a command and of what it waited for."""
    begin = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"clone: {words} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - begin, used.ru_utime + used.ru_stime


def by_git(url: str, room: Path, _hookspool: Path) -> tuple[float, float]:
    return measured(["git", "clone", "--quiet", url, room / "clone"])


def by_hookspool(url: str, room: Path, hookspool: Path) -> tuple[float, float]:
    secret, configuration, site = room / "secret", room / "hookspool.toml", room / "site"
    secret.write_text("a secret that is long enough")
    secret.chmod(0o600)
    configuration.write_text(
        f'spool = "{room}/spool"\n[[hook]]\nname = "docs"\nprovider = "github"\nsecret = {{ file = "{secret}" }}\n'
        f'dir = "{site}"\nsteps = [{{ git = "update", from = "{url}" }}]\n'
    )
    program = [hookspool, "--config", configuration]
    measured([*program, "spool-runner", "--once"])  # makes the spool
    measured([*program, "deploy", "docs", "--branch", "main"])
    used = measured([*program, "spool-runner", "--once"])
    if not (site / "dir0/file0").exists():
        raise SystemExit("clone: nothing was deployed")
    return used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--hookspool", type=Path, required=True)
    arguments = parser.parse_args()
    top = arguments.dir.absolute() / "clone"
    shutil.rmtree(top, ignore_errors=True)
    make_origin(top / "origin")
    contenders = {"`git clone`": by_git, '`git = "update"`, runner and all': by_hookspool}
    rounds = {name: [] for name in contenders}
    for number in range(arguments.rounds):
        for name in sorted(contenders, reverse=number % 2 == 1):
            room = top / "room"
            room.mkdir()
            os.sync()
            rounds[name].append(contenders[name](f"file://{top}/origin", room, arguments.hookspool.absolute()))
            shutil.rmtree(room)
    print(table(rounds))
    shutil.rmtree(top)


def table(rounds: dict) -> str:
    names = list(rounds)
    lines = ["| | s, median | CPU s, median |", "|---|---|---|"]
    for name in names:
        wall, cpu = (statistics.median(column) for column in zip(*rounds[name]))
        lines.append(f"| {name} | {wall:.2f} | {cpu:.2f} |")
    ratios = [[b / a for a, b in zip(*pair)] for pair in zip(*rounds.values())]
    wall, cpu = (statistics.median(column) for column in zip(*ratios))
    least, most = (pick(wall for wall, _ in ratios) for pick in (min, max))
    lines.append(f"| ratio, median of {len(ratios)} rounds | {wall:.2f} ({least:.2f} to {most:.2f}) | {cpu:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
