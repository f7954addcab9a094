"""Random faults of files in a lake: no wrong answer, no wrong publication.

In: the binary, how many faults, a seed. Each trial takes a copy of a lake of three runs, damages one file (a bit, a cut, gone, another file
in its place), asks for whole tables, explains, and publishes one more delivery. An answer has to be the right one or none, a
publication the right tables or none. Out: a line for each kind of fault; exit code 1 where something wrong was believed.

    python tests/python/faults.py target/debug/nayose 500 1
"""

import atexit
import functools
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = ["golden_customer", "id_map", "ledger", "id_event", "rfm", "reject"]
KINDS = ["bit", "cut", "gone", "swapped"]


def nayose(binary: str, *arguments: str) -> tuple[int, str]:
    """Exit code and stdout."""
    done = subprocess.run([binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    return done.returncode, done.stdout


@functools.cache
def pipeline() -> str:
    """The retail pipeline with the marts of its first folder alone, no segments: what is damaged is asked for, and a run takes a third."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(ROOT / "pipelines/retail", folder, dirs_exist_ok=True)
    text = (folder / "pipeline.yaml").read_text(encoding="utf-8")
    for line, instead in [("marts: [marts, crm]\n", "marts: marts\n"), ("segments: segments\n", "")]:
        assert f"\n{line}" in text
        text = text.replace(f"\n{line}", f"\n{instead}")
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    return str(folder / "pipeline.yaml")


def run(binary: str, lake: Path, given: Path, of: str | None = None) -> int:
    """Publishes a delivery, by the pipeline of this path or the one with few marts."""
    return nayose(binary, "run", of or pipeline(), "--lake", str(lake), "--input", str(given), "--threads", "1")[0]


def answers(binary: str, lake: Path) -> dict[str, str | None]:
    """The digest of every table's rows; none where there was no answer."""
    found = {}
    for table in TABLES:
        query = "select count(*) from reject" if table == "reject" else f"select * from {table}"
        code, text = nayose(binary, "sql", "--lake", str(lake), "--format", "csv", query)
        rows = "\n".join(sorted(text.splitlines()))
        found[table] = hashlib.sha256(rows.encode()).hexdigest() if code == 0 else None
    return found


def damage(lake: Path, kind: str, chance: random.Random) -> str:
    """Damages one file of a lake, and answers which."""
    files = sorted(p for p in lake.rglob("*") if p.is_file() and p.stat().st_size > 0)
    file = chance.choice(files)
    content = file.read_bytes()
    if kind == "bit":
        place = chance.randrange(len(content))
        file.write_bytes(content[:place] + bytes([content[place] ^ (1 << chance.randrange(8))]) + content[place + 1 :])
    elif kind == "cut":
        file.write_bytes(content[: chance.randrange(len(content))])
    elif kind == "gone":
        file.unlink()
    else:
        others = [p for p in files if p != file and p.suffix == file.suffix and p.read_bytes() != content]
        if others:
            file.write_bytes(chance.choice(others).read_bytes())
    return str(file.relative_to(lake))


def main() -> int:
    binary, trials, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        given = [base / f"input{n}" for n in range(3)]
        # Three deliveries: people, some more people, and again.
        for n, people in enumerate([150, 165, 180]):
            assert nayose(binary, "generate", "--people", str(people), "--seed", "5", "--out", str(given[n]))[0] == 0
        lake = base / "lake"
        for delivery in given[:2]:
            assert run(binary, lake, delivery) == 0
        right = answers(binary, lake)
        after = base / "after"
        shutil.copytree(lake, after)
        assert run(binary, after, given[2]) == 0
        right_after = answers(binary, after)
        assert None not in [*right.values(), *right_after.values()], "the whole lake has no answers"

        def trial(number: int) -> tuple[str, str, str]:
            chance = random.Random(f"{seed} {number}")
            kind = KINDS[number % len(KINDS)]
            copy = base / f"trial{number}"
            shutil.copytree(lake, copy)
            where = damage(copy, kind, chance)
            found = answers(binary, copy)
            wrong = [table for table, digest in found.items() if digest not in (None, right[table])]
            published = run(binary, copy, given[2]) == 0
            if published:
                wrong += [f"{t} after" for t, digest in answers(binary, copy).items() if digest not in (None, right_after[t])]
            shutil.rmtree(copy)
            seen = "told" if None in found.values() else "harmless"
            if wrong:
                print(f"WRONG: trial {number}, {kind} in {where}: {', '.join(wrong)}")
                seen = "WRONG"
            return kind, seen, "published" if published else "refused"

        with ThreadPoolExecutor(2) as pool:
            counts = Counter(pool.map(trial, range(trials)))
    for (kind, seen, published), n in sorted(counts.items()):
        print(f"{kind:8} readers: {seen:9} next run: {published:10} {n}")
    wrong = sum(n for (_, seen, _), n in counts.items() if seen == "WRONG")
    print(f"{trials} faults, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
