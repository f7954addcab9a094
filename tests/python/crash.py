"""The machine dies at any call: what was not synced is lost, and the lake is whole.

In: the binary, how many crashes, a seed. One run is recorded call by call (crash.c), beside an earlier one that is on the disk. Then, for
calls chosen by chance, the lake is put together as a disk may have it after a power failure at that call: files with what was
synced of them, folders with the entries that were synced, or with some of the later ones. Readers have to see the earlier run or
the new one, whole, and the next run has to end with the tables of a run that nobody disturbed. Out: how many of each.

    python tests/python/crash.py target/debug/nayose 200 1
"""

import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from faults import ROOT, answers, nayose, run


class Disk:
    """What the system has in memory, and what of it is on the disk."""

    def __init__(self, root: Path):
        self.root = root
        self.names: dict[Path, object] = {}
        self.folders = {root}
        self.content: dict[object, bytes] = {}
        self.kept: dict[object, bytes] = {}
        self.entries: dict[Path, dict[str, object]] = {root: {}}
        self.by_inode: dict[str, object] = {}
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                self.folders.add(path)
                self.entries[path] = {}
                self.entries[path.parent][path.name] = "folder"
            else:
                key = object()
                self.names[path] = key
                self.content[key] = self.kept[key] = path.read_bytes()
                self.entries[path.parent][path.name] = key
                self.by_inode[str(path.stat().st_ino)] = key

    def inside(self, path: str) -> bool:
        return Path(path).is_relative_to(self.root)

    def apply(self, words: list[str], payload: bytes) -> None:
        """One call."""
        call = words[0]
        if call == "open" and self.inside(words[3]):
            path = Path(words[3])
            if words[1] == "new" or path not in self.names:
                key = object()
                self.names[path], self.content[key], self.by_inode[words[2]] = key, b"", key
        elif call == "write" and (key := self.by_inode.get(words[1])) in self.content:
            place, before = int(words[2]), self.content[key]
            self.content[key] = before[:place].ljust(place, b"\0") + payload + before[place + len(payload) :]
        elif call == "sync" and self.inside(words[3]):
            path = Path(words[3])
            if words[1] == "folder" and path in self.folders:
                self.entries[path] = self.now(path)
            elif (key := self.by_inode.get(words[2])) in self.content:
                self.kept[key] = self.content[key]
        elif call in ("rename", "link") and self.inside(words[1]):
            old, new = Path(words[1]), Path(words[2])
            if old in self.names:
                self.names[new] = self.names[old]
                if call == "rename":
                    del self.names[old]
        elif call == "unlink" and self.inside(words[1]):
            self.names.pop(Path(words[1]), None)
        elif call == "mkdir" and self.inside(words[1]):
            self.folders.add(Path(words[1]))
            self.entries.setdefault(Path(words[1]), {})
        elif call == "rmdir" and self.inside(words[1]):
            self.folders.discard(Path(words[1]))

    def now(self, folder: Path) -> dict[str, object]:
        """The entries of a folder as the system has them."""
        found: dict[str, object] = {p.name: key for p, key in self.names.items() if p.parent == folder}
        found |= {p.name: "folder" for p in self.folders if p.parent == folder}
        return found

    def put(self, to: Path, chance: random.Random | None) -> None:
        """The disk after a power failure; with `chance`, some folders have their newest entries although nobody synced them."""
        def folder(here: Path, there: Path) -> None:
            there.mkdir()
            newest = chance is not None and chance.random() < 0.5 and here in self.folders
            for name, key in (self.now(here) if newest else self.entries.get(here, {})).items():
                if key == "folder":
                    folder(here / name, there / name)
                else:
                    (there / name).write_bytes(self.kept.get(key, b""))

        folder(self.root, to)


def calls(log: Path) -> list[tuple[list[str], bytes]]:
    """The recorded calls with what they wrote."""
    content, at, found = log.read_bytes(), 0, []
    while at < len(content):
        end = content.index(b"\n", at)
        line = content[at:end].decode("utf-8", "surrogateescape")
        at = end + 1
        call, rest = line.split(" ", 1)
        words = [call, *(rest.split("\t") if call in ("rename", "link") else rest.split(" ", 2 if call in ("open", "sync") else 3 if call == "write" else 0))]
        size = int(words[3]) if call == "write" else 0
        found.append((words, content[at : at + size]))
        at += size
    return found


def main() -> int:
    binary, crashes, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        shim = base / "crash.so"
        source = Path(__file__).with_name("crash.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", shim, source, "-ldl", "-lpthread"], check=True)
        given = [base / f"input{n}" for n in range(2)]
        for n, people in enumerate([150, 165]):
            assert nayose(binary, "generate", "--people", str(people), "--seed", "5", "--out", str(given[n]))[0] == 0
        lake = base / "lake"
        assert run(binary, lake, given[0]) == 0
        before, disk, log = answers(binary, lake), Disk(lake), base / "calls"
        os.environ.update({"LD_PRELOAD": str(shim), "CRASH_LOG": str(log)})
        assert run(binary, lake, given[1]) == 0
        del os.environ["LD_PRELOAD"], os.environ["CRASH_LOG"]
        after = answers(binary, lake)
        assert None not in [*before.values(), *after.values()] and before != after
        recorded = calls(log)
        assert any(words[0] == "sync" for words, _ in recorded), "nothing was recorded"
        chance, counts, wrong, done = random.Random(seed), Counter(), 0, 0
        # Most calls write work; those that publish come last.
        last = [n for n in range(len(recorded)) if n > len(recorded) * 0.8]
        points = sorted(chance.choice(last if n % 2 else range(len(recorded))) for n in range(crashes))
        for number, point in enumerate(points):
            while done < point:
                disk.apply(*recorded[done])
                done += 1
            copy = base / f"crash{number}"
            disk.put(copy, chance if number % 3 else None)
            found = answers(binary, copy)
            seen = "earlier run" if found == before else "new run" if found == after else "NEITHER"
            code = run(binary, copy, given[1])
            ended = answers(binary, copy) == after and code == 0
            if seen == "NEITHER" or not ended:
                wrong += 1
                print(f"WRONG: crash {number} at call {point} of {len(recorded)}: readers see {seen}, the next run ends with {code}")
            counts[seen] += 1
        print(f"{len(recorded)} calls recorded; {crashes} crashes: readers saw {dict(counts)}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
