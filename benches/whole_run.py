"""Whole runs at growing sizes, as a Markdown table: seconds by stage, peak memory, spill, disk, pairs, quality, and the exponent
with which time grows. Everything is generated below FOLDER and removed again.

Usage: whole_run.py NAYOSE FOLDER PEOPLE [PEOPLE ...] [-- MORE ARGUMENTS OF nayose run]"""

import json
import math
import os
import shutil
import subprocess
import sys
import time

SEED = "4242"
GIB = 1024**3
STAGES = ["ingest", "normalize", "block", "score", "cluster", "golden", "marts"]


def bytes_of(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def measured(nayose, folder, people, more):
    """One run: its figures by name."""
    shutil.rmtree(folder, ignore_errors=True)
    given, lake, summary = f"{folder}/input", f"{folder}/lake", f"{folder}/summary.json"
    subprocess.run([nayose, "generate", "--people", str(people), "--seed", SEED, "--out", given], check=True, stdout=subprocess.DEVNULL)
    arguments = ["run", "pipelines/retail/pipeline.yaml", "--input", given, "--lake", lake, "--log", "json", "--summary", summary]
    started = time.time()
    with open(f"{folder}/log", "w") as log:
        process = subprocess.Popen([nayose, *arguments, *more], stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.time() - started
    if status != 0:
        sys.exit(open(f"{folder}/log").read().splitlines()[-1])
    stages = {stage["stage"]: stage for stage in json.load(open(summary))["stages"]}
    rows = {table: n for stage in stages.values() for table, n in stage["rows"].items()}
    raw = rows["raw_record"] + rows["raw_event"]
    truth = ["evaluate", "--lake", lake, "--truth", f"{given}/truth.csv", "--format", "json"]
    pairwise = json.loads(subprocess.run([nayose, *truth], check=True, capture_output=True).stdout)["pairwise"]
    figures = {f"{name}, s": round(stages[name]["seconds"], 1) for name in STAGES}
    figures |= {
        "whole run, s": round(seconds, 1),
        "rows read; ingest + normalize, rows a second": f"{raw:,}; {raw / (stages['ingest']['seconds'] + stages['normalize']['seconds']):,.0f}",
        "records; interactions": f"{rows['standard_record']:,}; {rows['interaction']:,}",
        "pairs compared": f"{sum(stages['block']['notes']['pairs_by_rule'].values()):,}",
        "peak memory, GiB": round(used.ru_maxrss * 1024 / GIB, 2),
        "spilled, GiB": round(sum(stage["spilled_bytes"] for stage in stages.values()) / GIB, 2),
        "lake with work files, GiB": round(bytes_of(lake) / GIB, 2),
        "forecast: memory; disk, GiB": "; ".join(str(round(stages["block"]["notes"]["forecast"][what] / GIB, 2)) for what in ["memory", "disk"]),
        "pairwise precision; recall": "; ".join(f"{pairwise[what]:.4f}" for what in ["precision", "recall"]),
    }
    shutil.rmtree(folder)
    return seconds, figures


nayose, folder, *rest = sys.argv[1:]
sizes, more = (rest[: rest.index("--")], rest[rest.index("--") + 1 :]) if "--" in rest else (rest, [])
runs = [(int(people), *measured(nayose, f"{folder}/{people}", people, more)) for people in sizes]
version = subprocess.run([nayose, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
print(f"\n{version}; {os.cpu_count()} hardware threads; seed {SEED} {' '.join(more)}\n")
print("| | " + " | ".join(f"{people:,} people" for people, _, _ in runs) + " |")
print("|---" * (len(runs) + 1) + "|")
for name in runs[0][2]:
    print(f"| {name} | " + " | ".join(str(figures[name]) for _, _, figures in runs) + " |")
for (few, before, _), (many, after, _) in zip(runs, runs[1:]):
    print(f"\n{few:,} to {many:,} people: time grows with exponent {math.log(after / before) / math.log(many / few):.2f}")
