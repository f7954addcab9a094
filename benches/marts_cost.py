"""What each mart costs: seconds from the begin of its plan to its last file, as the run itself records them (`table_seconds`).

A generated retailer with all facts, one run up to the golden tables, then the marts several times over; medians are printed, the dearest
mart first, and sums: of the marts in the folder `marts`, the base; of all; of the error bars. Time before a mart's plan begins is in none.

Usage: marts_cost.py NAYOSE FOLDER PEOPLE [RUNS] [-- MORE ARGUMENTS OF nayose run]. Everything is made below FOLDER; what is there is
used again."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from peers import machine

SEED = "77"
PIPELINE = Path("pipelines/retail")
# The marts that are made for error bars alone.
ERROR_BARS = {"error_bar", "campaign_error_bar", "_figure_sum", "_identity_at", "_purchase_at", "_item_at", "_test_person_at"}


def stage(nayose, folder, *more):
    """What a run of the pipeline tells of its stages, by name."""
    command = [nayose, "run", f"{PIPELINE}/pipeline.yaml", "--input", f"{folder}/input", "--lake", f"{folder}/lake", "--summary", "-"]
    done = subprocess.run([*command, "--log", "json", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return {stage["stage"]: stage for stage in json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{"):])[0]["stages"]}


def main():
    arguments, _, more = " ".join(sys.argv[1:]).partition(" -- ")
    nayose, folder, people, runs = (arguments.split() + ["3"])[:4]
    if not Path(folder, "input").exists():
        subprocess.run([nayose, "generate", "--people", people, "--seed", SEED, "--out", f"{folder}/input"], check=True)
    stage(nayose, folder, "--until", "golden", *more.split())
    found = [stage(nayose, folder, "--from", "marts", "--until", "marts", *more.split())["marts"] for _ in range(int(runs))]
    seconds = {name: statistics.median(run["table_seconds"][name] for run in found) for name in found[0]["table_seconds"]}
    base = {path.stem for path in (PIPELINE / "marts").glob("*.sql")}
    print(f"{people} people, median of {runs} runs, {machine()}\n")
    print("| mart | rows | seconds |\n|---|---:|---:|")
    for name in sorted(seconds, key=seconds.get, reverse=True):
        print(f"| `{name}`{' (base)' if name in base else ''} | {found[0]['rows'].get(name, 0):,} | {seconds[name]:.2f} |")
    sums = {
        "base": sum(value for name, value in seconds.items() if name in base),
        "all but the error bars": sum(value for name, value in seconds.items() if name not in ERROR_BARS),
        "error bars": sum(value for name, value in seconds.items() if name in ERROR_BARS),
        "the stage": statistics.median(run["seconds"] for run in found),
    }
    for name, value in sums.items():
        print(f"| **{name}** | | {value:.2f} |")


if __name__ == "__main__":
    main()
