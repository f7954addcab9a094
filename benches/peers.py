"""nayose beside Splink on the same files, as Markdown tables: seconds, peak memory, pairs, pairs a second, and precision, recall and F1 of
pairs by one judge. Two sets: the customer files of `nayose generate` (without facts), and English people with wide blocking rules
(english_people.py), for which both have the same rules and like comparisons.

Each run is a process of its own, from raw files to its result: golden tables in a lake, or a table of clusters. They run in turns, so
that a slow minute of the machine meets both. Seconds are wall and processor time, median (least–most) of the rounds; where the machine
does other work, processor time tells more. Splink's best threshold is the one that the truth likes most; nobody knows it beforehand.

Usage: peers.py NAYOSE FOLDER PEOPLE [--seed S] [--rounds N] [--only retail|english], in an environment with peers_requirements.txt.
Everything is made below FOLDER and removed again."""

import argparse
import collections
import csv
import glob
import io
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

import english_people

HERE = os.path.dirname(os.path.abspath(__file__))
# The threshold of Splink's examples, then those among which the best is looked for.
THRESHOLDS = ["0.95", "0.5", "0.8", "0.9", "0.99", "0.999", "0.9999"]
FACTS = ["shop/orders_*", "app/events_*", "pointcard/transactions*"]
# The stages of nayose that do what a step of Splink does.
STEPS = {
    "read and normalize": (["ingest", "normalize"], ["read and normalize"]),
    "block": (["block"], ["block"]),
    "train and score": (["score"], ["train", "score"]),
    "cluster": (["cluster"], ["cluster"]),
    "golden tables": (["golden", "marts"], []),
}


def people_only(folder):
    """The retail pipeline without its facts and what is made of them: its pipeline file."""
    shutil.copytree("pipelines/retail", f"{folder}/pipeline")
    path = f"{folder}/pipeline/pipeline.yaml"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, sources = text.split("\nsources:\n")
    sources, after = sources.split("\nsurvivorship:\n")
    every = re.split(r"(?m)^(?=  - name: )", sources)
    sources = "".join(source for source in every if "holds: events" not in source)
    before = re.sub(r"(?m)^(marts|checks): .*\n", "", before)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}\nsources:\n{sources}\nsurvivorship:\n{after}")
    return path


def made(kind, nayose, folder, people, seed):
    """The files of a set below FOLDER: nayose's pipeline file, and record → person."""
    shutil.rmtree(folder, ignore_errors=True)
    if kind == "english":
        os.makedirs(f"{folder}/input")
        truth = english_people.make(people, seed, folder)
        return "tests/pipelines/english_people/pipeline.yaml", {(channel, record): person for channel, record, person in truth}
    generate = [nayose, "generate", "--people", str(people), "--seed", str(seed), "--out", f"{folder}/input"]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    for pattern in FACTS:
        for path in glob.glob(f"{folder}/input/{pattern}"):
            os.remove(path)
    with open(f"{folder}/input/truth.csv", newline="", encoding="utf-8") as file:
        truth = {(row["channel"], row["source_record_id"]): row["person_id"] for row in csv.DictReader(file)}
    return people_only(folder), truth


def run(command, folder):
    """Wall seconds, processor seconds and peak memory of a command."""
    started = time.time()
    with open(f"{folder}/log", "w") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        with open(f"{folder}/log") as log:
            sys.exit(f"{command[0]} failed: {log.read()[-2000:]}")
    return started, {"wall": time.time() - started, "processor": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}


def nayose_run(nayose, pipeline, folder):
    """One run of nayose: figures, and record → customer."""
    lake, summary = f"{folder}/lake", f"{folder}/summary.json"
    shutil.rmtree(lake, ignore_errors=True)
    command = [nayose, "run", pipeline, "--input", f"{folder}/input", "--lake", lake, "--log", "json", "--summary", summary]
    _, figures = run(command, folder)
    with open(summary, encoding="utf-8") as file:
        stages = {stage["stage"]: stage for stage in json.load(file)["stages"]}
    figures["steps"] = {step: sum(stages[name]["seconds"] for name in names) for step, (names, _) in STEPS.items()}
    figures["records"], figures["pairs"] = stages["normalize"]["rows"]["standard_record"], stages["block"]["rows"]["candidate_pair"]
    query = "select channel, record_id, customer_id from id_map where valid_to is null"
    told = subprocess.run([nayose, "sql", "--lake", lake, "--format", "csv", query], check=True, capture_output=True, text=True).stdout
    return figures, {(row["channel"], row["record_id"]): row["customer_id"] for row in csv.DictReader(io.StringIO(told))}


def clusters(folder, threshold):
    with open(f"{folder}/clusters_{threshold}.csv", newline="", encoding="utf-8") as file:
        return {(channel, record): cluster for channel, record, cluster in list(csv.reader(file))[1:]}


def splink_run(kind, folder, thresholds):
    """One run of Splink: figures, and by threshold record → cluster. What it does after its first threshold is not counted."""
    command = [sys.executable, f"{HERE}/peers_splink.py", kind, f"{folder}/input", folder, *thresholds]
    started, figures = run(command, folder)
    with open(f"{folder}/figures.json", encoding="utf-8") as file:
        told = json.load(file)
    figures |= {"wall": told["ended"] - started, "processor": told["processor"], "peak": told["peak"]}
    figures["steps"] = {step: sum(told["steps"][name] for name in names) for step, (_, names) in STEPS.items() if names}
    figures["untrained"] = told["steps"]["block"] + told["steps"]["score"]
    figures |= {name: told[name] for name in ["records", "pairs", "versions"]}
    return figures, {threshold: clusters(folder, threshold) for threshold in thresholds}


def quality(found, truth):
    """Precision, recall and F1 of pairs. A record that is not found is alone."""
    pairs = lambda counts: sum(n * (n - 1) // 2 for n in counts.values())
    both = pairs(collections.Counter((found[record], person) for record, person in truth.items() if record in found))
    linked = pairs(collections.Counter(found[record] for record in truth if record in found))
    precision, recall = both / max(linked, 1), both / max(pairs(collections.Counter(truth.values())), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def spread(values, digits=1):
    """Median (least–most)."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def cells(rounds):
    """The figures of all rounds of one program, by name of the row."""
    last = rounds[-1]
    rates = lambda seconds: spread([last["pairs"] / max(seconds(figures), 1e-3) for figures in rounds], 0)
    found = {"whole run, wall s": spread([figures["wall"] for figures in rounds])}
    found["whole run, processor s"] = spread([figures["processor"] for figures in rounds])
    for step in STEPS:
        there = [figures["steps"][step] for figures in rounds if step in figures["steps"]]
        found[f"{step}, wall s"] = spread(there) if there else ""
    found["peak memory, MiB"] = spread([figures["peak"] / 2**20 for figures in rounds], 0)
    found["records"], found["pairs compared"] = f"{last['records']:,}", f"{last['pairs']:,}"
    found["pairs a record"] = f"{last['pairs'] / last['records']:.1f}"
    found["pairs a second: block, train, score"] = rates(lambda figures: figures["steps"]["block"] + figures["steps"]["train and score"])
    # nayose trains inside its stage, so that it has no figure of its own.
    found["pairs a second: block and score alone"] = rates(lambda figures: figures["untrained"]) if "untrained" in last else ""
    return found


def compared(kind, nayose, folder, given):
    """Runs both on a set and prints its table."""
    pipeline, truth = made(kind, nayose, folder, given.people, given.seed)
    ours, theirs, found, judged = [], [], {}, {}
    for number in range(given.rounds):
        figures, found = nayose_run(nayose, pipeline, folder)
        ours.append(figures)
        thresholds = THRESHOLDS if number == given.rounds - 1 else THRESHOLDS[:1]
        figures, judged = splink_run(kind, folder, thresholds)
        theirs.append(figures)
    judged = {threshold: quality(found_there, truth) for threshold, found_there in judged.items()}
    best = max(judged, key=lambda threshold: judged[threshold][2])
    shutil.rmtree(folder)
    print(f"\n{kind}: {given.people:,} people, seed {given.seed}, {given.rounds} rounds in turns\n")
    print("| | nayose | Splink |\n|---|---|---|")
    left, right = cells(ours), cells(theirs)
    for row in left:
        print(f"| {row} | {left[row]} | {right[row]} |")
    text = lambda figures: "; ".join(f"{figure:.4f}" for figure in figures)
    print(f"| precision; recall; F1: default, and {THRESHOLDS[0]} | {text(quality(found, truth))} | {text(judged[THRESHOLDS[0]])} |")
    print(f"| the same at the best of {len(THRESHOLDS)} thresholds | | {text(judged[best])} at {best} |", flush=True)
    return theirs[-1]["versions"]


def machine():
    """What it is measured on, and how busy that is."""
    with open("/proc/cpuinfo") as file:
        names = re.findall(r"model name\s*: (.*)", file.read())
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal:\s*(\d+)", file.read())[1]) / 2**20
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} hardware threads, {names[0] if names else platform.machine()}, {memory:.0f} GiB; load {load:.1f} before"


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nayose")
    asked.add_argument("folder")
    asked.add_argument("people", type=int)
    # A seed by which nothing was chosen: neither the model nor Splink's comparisons.
    asked.add_argument("--seed", type=int, default=20261130)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--only", choices=["retail", "english"])
    given = asked.parse_args()
    before = machine()
    for kind in [given.only] if given.only else ["retail", "english"]:
        versions = compared(kind, given.nayose, f"{given.folder}/{kind}", given)
    version = subprocess.run([given.nayose, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    print(f"\n{version}; {versions}; {before}")


if __name__ == "__main__":
    main()
