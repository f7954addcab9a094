"""What a lake costs that is published to every day: a retailer, then daily deliveries of one percent of its people, half of them new and
half with another phone or another answer, and one percent of its facts in two days. Prints the bytes of the lake by day and by room, at the end by table,
against one full lake of the same files; and the seconds of a run.

Usage: lake_years.py NAYOSE FOLDER PEOPLE DAYS [KEEP]     KEEP is the value of `keep` in the pipeline file, "" for none"""

import csv
import datetime
import gzip
import io
import os
import shutil
import subprocess
import sys
import time

SEED = "27"
FIRST = datetime.date(2026, 4, 1)
MIB = 1024 * 1024

# The generator damages some bytes, which stay as they are.
DAMAGED = "surrogateescape"

# Share of the rows that a day brings anew, and of people who come again with other values.
NEW = 0.005
AGAIN = 0.005


def table(path, encoding):
    with open(path, newline="", encoding=encoding, errors=DAMAGED) as file:
        return list(csv.reader(file))


def put_table(path, rows, encoding):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    with open(path, "wb") as file:
        file.write(text.getvalue().encode(encoding, DAMAGED))


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8", errors=DAMAGED) as file:
        return file.readlines()


def put_lines(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write("".join(rows).encode("utf-8", DAMAGED))


def cut(folder, days):
    """Takes the last rows out of the files of each kind. Answers what to write on a day: number of the day → writes its files."""
    kinds = [("shop", "customers_", "cp932"), ("shop", "orders_", "cp932"), ("support", "tickets_", "utf-8-sig"), ("app", "users_", None), ("app", "events_", None)]
    held = {}
    for source, word, encoding in kinds:
        names = sorted(name for name in os.listdir(f"{folder}/{source}") if name.startswith(word))
        paths = [f"{folder}/{source}/{name}" for name in names]
        files = {path: table(path, encoding) if encoding else [None, *lines(path)] for path in paths}
        head = files[paths[0]][0]
        # People are held back from the file that has nearly all of them, facts from the newest files.
        order = sorted(paths, key=lambda path: -len(files[path])) if word in ("customers_", "users_") else paths[::-1]
        wanted = int(sum(len(rows) - 1 for rows in files.values()) * NEW) * days
        taken = []
        for path in order:
            rows = files[path]
            n = min(wanted - len(taken), max(len(rows) - 2, 0))
            if n > 0:
                taken = rows[len(rows) - n :] + taken
                files[path] = rows[: len(rows) - n]
                put_table(path, files[path], encoding) if encoding else put_lines(path, files[path][1:])
        there = [row for row in files[order[0]][1:] if not encoding or len(row) == len(head)]
        held[source, word] = (encoding, head, taken, there)

    def deliver(day):
        date = FIRST + datetime.timedelta(days=day - 1)
        for (source, word), (encoding, head, taken, there) in held.items():
            n = len(taken) // days
            rows = taken[(day - 1) * n : day * n]
            if word == "customers_":
                m = int(len(there) * AGAIN)
                phone, updated, letters, answered = (head.index(name) for name in ["電話番号", "更新日", "メルマガ", "メルマガ回答日"])
                for place, row in enumerate(there[(day - 1) * m : day * m]):
                    row = list(row)
                    row[updated] = date.strftime("%Y/%m/%d")
                    # A delivery in which all known customers have another phone is held by the guards.
                    if place % 4 == 0:
                        row[phone] = f"090{day % 10}{hash_of(row[0]) % 10_000_000:07}"
                    else:
                        row[letters], row[answered] = "希望する" if place % 2 else "希望しない", row[updated]
                    rows.append(row)
            if not rows:
                continue
            place = f"{folder}/{source}/dt={date}/{word}{date:%Y%m%d}"
            put_table(f"{place}.csv", [head, *rows], encoding) if encoding else put_lines(f"{place}.jsonl.gz", rows)

    return deliver


def hash_of(text):
    value = 7
    for letter in text:
        value = (value * 31 + ord(letter)) % 1_000_003_777
    return value


def sizes(lake):
    """Bytes by room, and by table."""
    rooms, tables = {}, {}
    for at, _, names in os.walk(lake):
        below = os.path.relpath(at, lake).split(os.sep)
        for name in names:
            size = os.path.getsize(os.path.join(at, name))
            room = "logs" if "_delta_log" in below else below[0] if below[0] != "." else "root"
            rooms[room] = rooms.get(room, 0) + size
            of = below[2] if below[0] == "states" and len(below) > 2 else below[1] if below[0] == "tables" and len(below) > 1 else below[0]
            key = (room, of)
            tables[key] = tables.get(key, 0) + size
    return rooms, tables


def main():
    nayose, folder, people, days = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    keep = sys.argv[5] if len(sys.argv) > 5 else "{ daily: 35, grace_hours: 0 }"
    shutil.rmtree(folder, ignore_errors=True)
    given, lake, pipeline = f"{folder}/input", f"{folder}/lake", f"{folder}/pipeline"
    subprocess.run([nayose, "generate", "--people", str(people), "--seed", SEED, "--out", given], check=True, stdout=subprocess.DEVNULL)
    shutil.copytree("pipelines/retail", pipeline)
    with open(f"{pipeline}/pipeline.yaml", "a") as file:
        # The files of before are those of months: the first small ones look as if they were cut.
        file.write("\nguards: { short: null, repeated: null, shrank: null, missing: null, merged: null, split: null, retired: null }\n")
    if keep:
        with open(f"{pipeline}/pipeline.yaml", "a") as file:
            file.write(f"\nkeep: {keep}\n")
    deliver = cut(given, days)

    def run(lake, as_of):
        started = time.time()
        arguments = ["run", f"{pipeline}/pipeline.yaml", "--input", given, "--lake", lake, "--as-of", str(as_of), "--log", "json"]
        done = subprocess.run([nayose, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        for line in done.stderr.splitlines():
            if '"warn"' in line and "not removed" in line:
                print(line, flush=True)
        return time.time() - started

    print("| day | run, s | lake, MiB | tables | states | work | published | logs |\n|---|---|---|---|---|---|---|---|", flush=True)
    for day in range(days + 1):
        if day:
            deliver(day)
        seconds = run(lake, FIRST + datetime.timedelta(days=day))
        rooms, _ = sizes(lake)
        parts = " | ".join(f"{rooms.get(room, 0) / MIB:.1f}" for room in ["tables", "states", "work", "published", "logs"])
        print(f"| {day} | {seconds:.1f} | {sum(rooms.values()) / MIB:.1f} | {parts} |", flush=True)
    full = run(f"{folder}/full", FIRST + datetime.timedelta(days=days))
    (rooms, tables), (rooms_full, tables_full) = sizes(lake), sizes(f"{folder}/full")
    print("\n| table | states, MiB | one full lake, MiB | states by full |\n|---|---|---|---|")
    states = {of: size for (room, of), size in tables.items() if room == "states"}
    for of, size in sorted(states.items(), key=lambda item: -item[1]):
        whole = tables_full.get(("tables", of), 0)
        print(f"| {of} | {size / MIB:.2f} | {whole / MIB:.2f} | {f'{size / whole:.2f}' if whole else ''} |")
    whole, one = sum(rooms.values()), sum(rooms_full.values())
    print(f"\n{people} people, {days} daily deliveries, keep {keep or 'everything'}: {whole / MIB:.1f} MiB, one full lake {one / MIB:.1f} MiB")
    print(f"the lake is {whole / one:.2f} times one full lake")


main()
