"""What decisions of people gain: each set is run without any, then with 50, 200 and 1,000 pairs that `nayose evaluate --sample` drew and the
truth labelled. Prints a Markdown table of precision, recall and F1 of pairs, without the pairs that were labelled: what is left is what the
model learned from them, and what follows from them for other pairs of the same customers.

Usage: taught.py NAYOSE FOLDER [SEED] [--only SET,SET], as public_sets.py, whose files are taken where they are there."""

import argparse
import collections
import csv
import io
import os
import random
import shutil
import sys

from public_sets import DEVELOPMENT_SEED, Failure, answer, made, sets

SIZES = [0, 50, 200, 1000]
# The smallest sample that can be drawn; of it some are taken where fewer are wanted.
FEWEST = 80
SETS = ["rldata10000", "fake_1000", "japanese", "dupehell_patient", "historical", "transliterated"]


def pairs_of(groups):
    return sum(n * (n - 1) // 2 for n in groups.values())


def figures(nayose, lake, people, labelled):
    """Precision, recall and F1 of pairs, those of `labelled` left out."""
    query = "select channel, record_id, customer_id from id_map where valid_to is null"
    rows = csv.DictReader(io.StringIO(answer(nayose, "sql", *lake, "--format", "csv", query)))
    customers = {(row["channel"], row["record_id"]): row["customer_id"] for row in rows}
    known = [record for record in customers if record in people]
    linked = pairs_of(collections.Counter(customers[r] for r in known))
    true = pairs_of(collections.Counter(people[r] for r in known))
    both = pairs_of(collections.Counter((customers[r], people[r]) for r in known))
    for left, right in labelled:
        same, joined = people[left] == people[right], customers[left] == customers[right]
        linked, true, both = linked - joined, true - same, both - (same and joined)
    precision, recall = both / max(linked, 1), both / max(true, 1)
    return precision, recall, 2 * both / max(linked + true, 1)


def sampled(nayose, lake, folder, size, seed, people):
    """Pairs that the run's sample draws, of records that the truth knows."""
    path = f"{folder}/sample.csv"
    if os.path.exists(path):
        os.remove(path)
    answer(nayose, "evaluate", *lake, "--sample", str(max(size, FEWEST)), "--seed", str(seed), "--out", path)
    with open(path, newline="", encoding="utf-8-sig") as file:
        # What a spreadsheet would take for a formula has an apostrophe before it.
        plain = lambda cell: cell[1:] if cell[:1] == "'" else cell
        rows = [[(plain(row[f"channel_{s}"]), plain(row[f"record_id_{s}"])) for s in "lr"] for row in csv.DictReader(file)]
    rows = [pair for pair in rows if pair[0] in people and pair[1] in people]
    random.Random(seed).shuffle(rows)
    return rows[:size]


def decided(pipeline, folder, pairs, people):
    """A pipeline's files in a folder, with the decisions that the truth makes on pairs."""
    shutil.rmtree(f"{folder}/pipeline", ignore_errors=True)
    shutil.copytree(f"tests/pipelines/{pipeline}", f"{folder}/pipeline")
    path = f"{folder}/pipeline/pipeline.yaml"
    with open(path) as file:
        # What lies outside of the folder stays where it is.
        text = file.read().replace("../../../", f"{os.getcwd()}/")
    with open(path, "w") as file:
        file.write(f"{text}\ndecisions: decisions.csv\n")
    with open(f"{folder}/pipeline/decisions.csv", "w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["left", "right", "decision", "by", "at", "why", "expires"])
        for left, right in pairs:
            word = "same" if people[left] == people[right] else "different"
            write.writerow([":".join(left), ":".join(right), word, "truth", "2026-01-01", "label", ""])
    return path


def measured(nayose, name, pipeline, make, folder, seed):
    rows = made(f"{folder}/{name}-{seed}", make)
    people = {(channel, record): person for channel, record, person in rows}
    own = f"{folder}/taught-{name}-{seed}"
    first = ["--lake", f"{own}/lake-0"]
    for size in SIZES:
        lake = ["--lake", f"{own}/lake-{size}"]
        shutil.rmtree(lake[1], ignore_errors=True)
        pairs = sampled(nayose, first, own, size, seed, people) if size else []
        yaml = decided(pipeline, own, pairs, people)
        answer(nayose, "run", yaml, "--input", f"{folder}/{name}-{seed}/input", *lake)
        same = sum(people[left] == people[right] for left, right in pairs)
        now = figures(nayose, lake, people, pairs)
        # The same pairs are left out of both, or the gain would be that of an easier rest.
        before = figures(nayose, first, people, pairs) if size else now
        cells = [f"{was:.4f} → {new:.4f}" for was, new in zip(before, now)] if size else [f"{new:.4f}" for new in now]
        print("|", " | ".join([name, f"{len(pairs)} ({same})", *cells]), "|", flush=True)


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nayose")
    asked.add_argument("folder")
    asked.add_argument("seed", nargs="?", type=int, default=DEVELOPMENT_SEED)
    asked.add_argument("--only", default=",".join(SETS), metavar="SET,SET")
    given = asked.parse_args()
    every = sets(given.seed)
    print(f"Seed {given.seed}\n\n| set | labels (of one person) | precision | recall | F1 |\n|---|---|---|---|---|")
    failed = False
    for name in given.only.split(","):
        pipeline, make = every[name]
        try:
            measured(given.nayose, name, pipeline, make, given.folder, given.seed)
        except Failure as failure:
            print(f"| {name} | failed |", flush=True)
            print(f"{name}: {failure}", file=sys.stderr)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
