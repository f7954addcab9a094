"""Who flips over days of deliveries, as a Markdown table: customers that were merged and are split again though nothing was said of their
records, merges and splits in all, trainings, and how many of 20 planted wrong merges split once they are contradicted.
Everything is generated below FOLDER and removed again.

Usage: flips.py NAYOSE FOLDER PEOPLE DAYS [PIPELINE]

Each day brings one percent of the customer numbers of the shop and of the users of the app; the rest is there on the first day. On the first
day 20 records of the shop have the name, birth date, phone and mail of somebody else; half-way their file is sent again, right."""

import collections
import csv
import glob
import gzip
import io
import json
import os
import random
import shutil
import subprocess
import sys

SEED = 4242
PLANTED = 20
WHO = """select m.channel || ':' || m.record_id as record, m.customer_id, s.versions
from id_map m join source_record s on s.channel = m.channel and s.record_id = m.record_id where m.valid_to is null"""
# Columns of the shop's file that a slip exchanges.
NAME, KANA, PHONE, MAIL, SEX, BIRTH = 1, 2, 6, 7, 8, 9


def parsed(line):
    return next(csv.reader([line.decode("cp932", "replace").rstrip("\r\n")]), [])


def shop_id(line):
    return line.split(b'"')[1] if line.count(b'"') > 1 else b""


def app_id(line):
    try:
        return json.loads(line).get("user_id") or ""
    except ValueError:
        return ""


def cut(pattern, id_of, header, read, days, draw):
    """Lines by day, the first day's first; all lines of an id come together. A line without an id comes on the first day."""
    lines = collections.defaultdict(list)
    head = b""
    for file in sorted(glob.glob(pattern)):
        with read(file) as opened:
            if header:
                head = opened.readline()
            for line in opened:
                lines[id_of(line)].append(line)
        os.remove(file)
    first = lines.pop(id_of(b""), [])
    ids = sorted(lines)
    draw.shuffle(ids)
    each = max(1, len(ids) // 100)
    late = each * (days - 1)
    by_day = [first + [line for i in ids[late:] for line in lines[i]]]
    by_day += [[line for i in ids[day * each : (day + 1) * each] for line in lines[i]] for day in range(days - 1)]
    return head, by_day


def planted(head, lines, draw):
    """The file of the planted records with a slip and without."""
    whole = [row for row in map(parsed, lines) if len(row) == 16 and all(row[i] for i in (NAME, KANA, PHONE, MAIL, BIRTH, 4))]
    draw.shuffle(whole)
    others = iter(whole)
    wrong, right, pairs = [], [], []
    for number in range(PLANTED):
        of, own = next(others), next(others)
        own = [f"Z{number:08}"] + own[1:]
        slipped = list(own)
        for column in (NAME, KANA, PHONE, MAIL, SEX, BIRTH):
            slipped[column] = of[column]
        wrong.append(slipped)
        right.append(own)
        pairs.append((f"shop:{of[0]}", f"shop:{own[0]}"))

    def text(rows):
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
        return head + out.getvalue().encode("cp932", "replace")

    return text(wrong), text(right), pairs


def neighbours(nayose, lake, records):
    """The records that the ledger weighs against some of these: one that came today may fit as well."""
    pairs = "select channel_l || ':' || record_id_l as l, channel_r || ':' || record_id_r as r from ledger"
    out = subprocess.run([nayose, "sql", "--lake", lake, "--format", "csv", pairs], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(out)))
    return {row[b] for row in rows for a, b in ("lr", "rl") if row[a] in records}


def main():
    nayose, folder, people, days = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    pipeline = sys.argv[5] if len(sys.argv) > 5 else "pipelines/retail/pipeline.yaml"
    shutil.rmtree(folder, ignore_errors=True)
    given, lake = f"{folder}/input", f"{folder}/lake"
    subprocess.run([nayose, "generate", "--people", str(people), "--seed", str(SEED), "--out", given], check=True, stdout=subprocess.DEVNULL)
    draw = random.Random(SEED)
    head, shop = cut(f"{given}/shop/customers_*.csv", shop_id, True, lambda file: open(file, "rb"), days, draw)
    _, app = cut(f"{given}/app/users_*.jsonl.gz", app_id, False, gzip.open, days, draw)
    wrong, right, pairs = planted(head, shop[0], draw)
    merges = splits = flips = with_news = merged = parted = 0
    trainings = []
    before = {}
    for day in range(days):
        with open(f"{given}/shop/customers_day{day:03}.csv", "wb") as file:
            file.writelines([head, *shop[day]])
        with open(f"{given}/app/users_day{day:03}.jsonl.gz", "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as zipped:
            zipped.writelines(app[day])
        if day == 0 or day == days // 2:
            with open(f"{given}/shop/customers_planted.csv", "wb") as file:
                file.write(right if day else wrong)
        summary = f"{folder}/summary.json"
        run = ["run", pipeline, "--input", given, "--lake", lake, "--log", "json", "--summary", summary]
        if day == days // 2:
            # A guard asks whether so many values may change in one file.
            run += ["--admit", "shop/customers_planted.csv"]
        ran = subprocess.run([nayose, *run], stderr=subprocess.PIPE, text=True)
        if ran.returncode != 0:
            sys.exit(f"day {day}: {ran.stderr.splitlines()[-1]}")
        notes = {stage["stage"]: stage["notes"] for stage in json.load(open(summary))["stages"]}
        because = (notes["score"].get("model") or {}).get("trained_because")
        if because:
            trainings.append((day, because if isinstance(because, str) else next(iter(because))))
        out = subprocess.run([nayose, "sql", "--lake", lake, "--format", "csv", WHO], check=True, capture_output=True, text=True).stdout
        now = {row["record"]: (row["customer_id"], row["versions"]) for row in csv.DictReader(io.StringIO(out))}
        sets_before, sets_now = collections.defaultdict(set), collections.defaultdict(set)
        for sets, of in [(sets_before, before), (sets_now, now)]:
            for record, (customer, _) in of.items():
                sets[customer].add(record)
        fresh = {record for record, of in now.items() if before.get(record, (None, None))[1] != of[1]}
        for records in sets_now.values():
            merges += max(0, len({before[r][0] for r in records if r in before}) - 1)
        for records in sets_before.values():
            parts = {now[r][0] for r in records if r in now}
            splits += max(0, len(parts) - 1)
            if len(parts) > 1 and not any(r in fresh or r not in now or r.startswith("shop:Z") for r in records):
                near = {other for part in parts for other in sets_now[part]} | neighbours(nayose, lake, records)
                news = not near.isdisjoint(fresh)
                with_news += news
                flips += not news
        together = [pair for pair in pairs if all(r in now for r in pair) and now[pair[0]][0] == now[pair[1]][0]]
        if day == 0:
            merged = len(together)
        if day == days // 2:
            parted = merged - len(together)
        before = now
        print(f"day {day}: {len(now)} records, {len(sets_now)} customers, {merges} merges, {splits} splits, {flips} flips", file=sys.stderr)
    version = subprocess.run([nayose, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    print(f"\n{version}; {people:,} people, {days} days, seed {SEED}\n")
    print("| what | how many |\n|---|---|")
    print(f"| customers split though nothing was said of their records, nor of the others of their customers (flips) | {flips} |")
    print(f"| customers split though nothing was said of their own records, as another record came | {with_news} |")
    print(f"| customers merged; split | {merges}; {splits} |")
    print(f"| trainings | {', '.join(f'day {day}: {cause}' for day, cause in trainings)} |")
    print(f"| planted wrong merges; split once contradicted | {merged} of {PLANTED}; {parted} of {merged} |")
    shutil.rmtree(folder)


main()
