"""Erasures that are killed at any moment: when the next run has ended them, no file of the lake has a byte of the person.

In: the binary, how many erasures, a seed. Each takes a copy of a lake, asks for the erasure of a customer chosen by chance, kills the
process after a time chosen by chance, runs the pipeline until it ends, and looks for the person's values that no other record has
(names, phones, mail addresses, addresses, record ids) in every file: Parquet pages decoded, everything else by its bytes. Out:
how many were killed, and what was left.

    python tests/python/erased.py target/debug/nayose 200 1
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from faults import ROOT, nayose, run

PIPELINE = "pipelines/retail/pipeline.yaml"


def texts(value: object) -> list[str]:
    """Every text in a value of a row."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for v in value.values() for text in texts(v)]
    if isinstance(value, list):
        return [text for v in value for text in texts(v)]
    return []


def rows(lake: Path, table: str) -> list[dict]:
    """The rows of the files of a table in its folder: there is one version."""
    return [row for file in (lake / "tables" / table).glob("*.parquet") for row in pq.read_table(file).to_pylist()]


def content(file: Path) -> str:
    """What a file says."""
    if ".parquet" in file.name:
        try:
            return "\n".join(text for row in pq.read_table(file).to_pylist() for text in texts(row))
        except Exception:  # half a file is looked at by its bytes
            pass
    return file.read_bytes().decode("utf-8", "replace")


def own_values(lake: Path, customer: str) -> set[str]:
    """Values of a customer's records that no other record has, not as a part of a value either (`…丁目1-2` in `…丁目1-23`), and
    long enough not to be met by chance."""
    of = {(row["channel"], row["record_id"]) for row in rows(lake, "id_map") if row["customer_id"] == customer}
    mine, others = set(), set()
    for row in rows(lake, "source_record"):
        (mine if (row["channel"], row["record_id"]) in of else others).update(texts(row))
    of_others = "\n".join(others)
    return {value for value in mine if len(value) > 5 and value not in of_others}


def main() -> int:
    binary, trials, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    os.environ["NAYOSE_ERASURE_KEY"] = "a secret of the company"
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        given, lake = base / "input", base / "lake"
        assert nayose(binary, "generate", "--people", "150", "--seed", "5", "--out", str(given))[0] == 0
        assert run(binary, lake, given, PIPELINE) == 0
        customers = sorted({row["customer_id"] for row in rows(lake, "golden_customer") if row["records"] > 1})
        killed = left = 0
        for number in range(trials):
            chance = random.Random(f"{seed} {number}")
            customer, copy = chance.choice(customers), base / f"trial{number}"
            wanted = own_values(lake, customer)
            assert wanted, "a customer without a value of their own"
            shutil.copytree(lake, copy)
            command = [binary, "erase", customer, "--by", "k", "--why", "asked", "--pipeline", PIPELINE]
            command += ["--lake", str(copy), "--input", str(given)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.05, 2.5))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.wait()
            if nayose(binary, *command[1:])[0] != 0:
                # It was asked for already: the next run ends it.
                assert run(binary, copy, given, PIPELINE) == 0
            found = {
                (str(file.relative_to(copy)), value)
                for file in copy.rglob("*")
                if file.is_file()
                for text in [content(file)]
                for value in wanted
                if value in text
            }
            if found:
                left += 1
                print(f"LEFT: trial {number}: values in {sorted({file for file, _ in found})}")
            shutil.rmtree(copy)
        print(f"{trials} erasures, {killed} of them killed: values were left after {left}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
