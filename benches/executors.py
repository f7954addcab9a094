"""What a second executor brings: seconds of the score stage on a cluster of one and of two executors with one slot and one core each.

The retailer is generated below FOLDER and removed again. Blocking rules are added to the retail model, one for each KEYS: with the
retail model's own, which bring about one pair a record, the stage is mostly the packing of features, which every executor does for
itself. Without KEYS two rules bring some 34 pairs a record. Needs taskset (util-linux) and two cores.

Usage: executors.py NAYOSE FOLDER PEOPLE [KEYS ...], where KEYS are features such as given.reading,sex"""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

SCHEDULER = "127.0.0.1:50950"
EXECUTOR = "127.0.0.1:5096"
KEYS = ["family.reading,birth_date.year", "given.reading,birth_date.year"]
ROUNDS = 3


def more_pairs(folder, all_keys):
    """A copy of the retail pipeline whose model has more rules: its pipeline file."""
    shutil.copytree("pipelines/retail", f"{folder}/retail")
    path = f"{folder}/retail/model.yaml"
    with open(path, encoding="utf-8") as file:
        before, after = file.read().split("\ncomparisons:\n")
    with open(path, "w", encoding="utf-8") as file:
        rules = [f"  - {{ name: more_{n}, keys: [{keys}] }}\n" for n, keys in enumerate(all_keys)]
        file.write("\n".join([before, "".join(rules), "comparisons:", after]))
    return f"{folder}/retail/pipeline.yaml"


def ready():
    """Waits until the scheduler has an executor."""
    for _ in range(100):
        try:
            if urllib.request.urlopen(f"http://{SCHEDULER}/readyz", timeout=1).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit("the scheduler has no executor")


def score(nayose, run, folder, executors):
    """Seconds of the stage, and the pairs and records that it had."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    cluster = [subprocess.Popen([nayose, "cluster", "scheduler", "--bind", SCHEDULER], **quiet)]
    for core in range(executors):
        place = ["--scheduler", SCHEDULER, "--bind", f"{EXECUTOR}{core}", "--slots", "1", "--work-dir", f"{folder}/{core}"]
        cluster.append(subprocess.Popen(["taskset", "-c", str(core), nayose, "cluster", "executor", *place], **quiet))
    try:
        ready()
        # Both executors have asked for work by then.
        time.sleep(2)
        more = ["--from", "score", "--until", "score", "--engine", f"df://{SCHEDULER}", "--threads", "8"]
        subprocess.run([*run, *more], check=True, capture_output=True)
    finally:
        for process in cluster:
            process.send_signal(signal.SIGTERM)
        for process in cluster:
            process.wait()
    with open(f"{folder}/summary.json", encoding="utf-8") as file:
        stages = {stage["stage"]: stage for stage in json.load(file)["stages"]}
    return stages["score"]["seconds"], stages["block"]["rows"]["candidate_pair"], stages["normalize"]["rows"]["standard_record"]


nayose, folder, people, *keys = sys.argv[1:]
shutil.rmtree(folder, ignore_errors=True)
subprocess.run([nayose, "generate", "--people", people, "--seed", "4242", "--out", f"{folder}/input"], check=True, stdout=subprocess.DEVNULL)
run = [nayose, "run", more_pairs(folder, keys or KEYS), "--input", f"{folder}/input", "--lake", f"{folder}/lake", "--log", "json"]
run += ["--summary", f"{folder}/summary.json"]
subprocess.run([*run, "--until", "block"], check=True, capture_output=True)
seconds = {1: [], 2: []}
for _ in range(ROUNDS):
    for executors, all_seconds in seconds.items():
        took, pairs, records = score(nayose, run, folder, executors)
        all_seconds.append(round(took, 1))
shutil.rmtree(folder)
print(f"{records:,} records, {pairs:,} pairs; the score stage, {ROUNDS} rounds, one after the other")
print("| executors of one core | seconds | least |")
print("|---|---|---|")
for executors, all_seconds in seconds.items():
    print(f"| {executors} | {', '.join(str(s) for s in all_seconds)} | {min(all_seconds)} |")
print(f"\nTwo take {min(seconds[2]) / min(seconds[1]):.2f} of the time of one")
