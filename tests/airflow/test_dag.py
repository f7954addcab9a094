"""The DAG in a real Airflow: it imports, runs the sample, skips what is known, retries what may heal, says what is wrong."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import DAG, ROOT, Airflow, Services, until

STAGES = ("ingest", "normalize", "block", "score", "cluster", "golden", "marts")
SAMPLE = ROOT / "sample_data"

# What the DAG looks like from inside, as JSON.
LOOK = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
def tasks(dag):
    return [{
        "id": t.task_id, "type": type(t).__name__, "after": sorted(t.upstream_task_ids), "retries": t.retries,
        "arguments": getattr(t, "arguments", None) or getattr(t, "bash_command", None),
        "hours": t.execution_timeout and t.execution_timeout.total_seconds() / 3600,
        "outlets": [outlet.name for outlet in t.outlets],
        "past": t.depends_on_past,
    } for t in dag.topological_sort()]
dag, train = (bag.dags.get(f"nayose_retail{what}") for what in ("", "_train"))
print(json.dumps({
    "errors": list(bag.import_errors.values()),
    "hours": dag.dagrun_timeout.total_seconds() / 3600,
    "tasks": tasks(dag),
    "train": tasks(train),
}))
"""


def look(airflow: Airflow, **variables: str) -> dict:
    command = [sys.executable, "-c", LOOK, str(ROOT / "pipelines/airflow")]
    env = airflow.env | {f"AIRFLOW_VAR_{name}": value for name, value in variables.items()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def published(lake: Path) -> dict[str, str]:
    """Every data file of the published tables with its digest; not those of `run`, which say who ran when."""
    files = sorted(p for p in (lake / "tables").rglob("*.parquet") if not {"_delta_log", "run"} & set(p.relative_to(lake).parts))
    assert files, f"nothing is published in {lake}"
    return {str(p.relative_to(lake)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def all_in(state: str, tries: int) -> dict[str, tuple[str, int]]:
    """The stages are in this state; a run that got so far had its turn."""
    return {"turn": ("success", 1)} | {stage: (state, tries) for stage in STAGES}


def test_the_dag_imports_without_errors(airflow):
    found = look(airflow)
    assert found["errors"] == []
    assert [t["id"] for t in found["tasks"]] == ["turn", *STAGES]
    assert {t["type"] for t in found["tasks"][1:]} == {"NayoseBash"}
    assert all(t["retries"] == 3 for t in found["tasks"])
    # What hangs is stopped, what is done is told, and a bad day is no reason for the next one to wait.
    assert found["hours"] == 20 and all(t["hours"] == 6 for t in found["tasks"][1:])
    assert [t["id"] for t in found["tasks"] if t["outlets"]] == ["marts"]
    assert not any(t["past"] for t in found["tasks"])
    commands = {t["id"]: t["arguments"] for t in found["tasks"]}
    assert "--until=ingest" in commands["ingest"] and "--from" not in commands["ingest"]
    assert "--from=score --until=score" in commands["score"]
    assert "--from=marts" in commands["marts"] and "--until" not in commands["marts"]


def test_the_model_is_trained_by_a_dag_of_its_own(airflow):
    for variables in ({}, {"NAYOSE_RUN_ON": "kubernetes"}):
        [train] = look(airflow, **variables)["train"]
        command = train["arguments"] if isinstance(train["arguments"], str) else " ".join(train["arguments"])
        assert train["id"] == "train" and train["retries"] == 3 and train["hours"] == 6
        assert "train " in command and "--lake" in command
        assert "--as-of" not in command and "--input" not in command and "--from" not in command


def test_by_a_variable_the_tasks_are_pods(airflow):
    found = look(airflow, NAYOSE_RUN_ON="kubernetes", NAYOSE_SECRET="storage")
    assert found["errors"] == []
    assert {t["type"] for t in found["tasks"][1:]} == {"NayosePod"}
    score = next(t for t in found["tasks"] if t["id"] == "score")
    assert score["after"] == ["block"]
    assert score["arguments"][0] == "run" and "--from=score" in score["arguments"]


def test_the_sample_runs_to_success_and_a_second_run_is_skipped(airflow, nayose, tmp_path):
    said = airflow.tested("2026-03-31", lake=tmp_path / "lake")
    assert airflow.tasks() == all_in("success", 1), said[-6000:]

    # A task for each stage publishes what one command does.
    command = [
        nayose,
        "run",
        "pipelines/retail/pipeline.yaml",
        "--as-of",
        "2026-03-31T00:00:00+09:00",
        "--lake",
        str(tmp_path / "whole"),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    lake = published(tmp_path / "lake")
    assert lake == published(tmp_path / "whole")

    airflow.tested("2026-03-31", lake=tmp_path / "lake")
    assert airflow.tasks() == all_in("skipped", 0) | {"ingest": ("skipped", 1)}
    # So is a day before the one that is published: a backfill does not put an older state over a newer one.
    airflow.tested("2026-03-30", lake=tmp_path / "lake")
    assert airflow.tasks()["ingest"] == ("skipped", 1)
    assert published(tmp_path / "lake") == lake


def test_a_failure_of_storage_is_retried_and_only_its_stage_is_done_again(airflow, tmp_path):
    lake = tmp_path / "lake"
    process = airflow.dags_test("2026-03-31", lake=lake)
    # Where the stage `score` wants a folder, a file is in its way.
    work = until("the first stage", lambda: next(lake.glob("work/*"), None))
    (work / "score").write_text("in the way")
    said = []
    for line in process.stdout:
        said.append(line)
        if "ended with exit code 3" in line and (work / "score").is_file():
            (work / "score").unlink()
    assert process.wait() == 0
    tasks = airflow.tasks()
    assert tasks == all_in("success", 1) | {"score": ("success", 2)}, "".join(said)[-6000:]
    assert published(lake)
    # The callback says it where people look: the place and what is wrong there.
    shown = [line for line in said if f"{DAG}.score, run " in line and "try 1" in line]
    assert shown and "/score/" in shown[0] and "Not a directory" in shown[0], "".join(said)[-6000:]


# An alert of somebody's own: it writes down what it was told.
ALERT = """
from pathlib import Path

def page(context):
    with Path(__file__).with_name("told").open("a") as told:
        told.write(f"{context['ti'].task_id}: {context['exception']}\\n")
"""


def test_damaged_data_fails_at_once_is_told_and_does_not_stop_the_next_day(airflow, tmp_path, monkeypatch):
    shutil.copytree(SAMPLE, tmp_path / "input")
    members = tmp_path / "input/pointcard/members.parquet"
    whole = members.read_bytes()
    members.write_bytes(b"PAR1 and no more")
    (tmp_path / "crm_alerts.py").write_text(ALERT)
    monkeypatch.setitem(airflow.env, "PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(airflow.env, "AIRFLOW_VAR_NAYOSE_ALERT", "crm_alerts:page")
    said = airflow.tested("2026-03-30", lake=tmp_path / "lake", input=tmp_path / "input")
    tasks = airflow.tasks()
    assert tasks["ingest"] == ("failed", 1), "no retry: the file does not heal"
    assert tasks["normalize"] == ("upstream_failed", 0)
    shown = [line for line in said.splitlines() if f"{DAG}.ingest, run " in line]
    assert shown and "exit code 1" in shown[0] and "members.parquet" in shown[0], said[-6000:]
    assert not list((tmp_path / "lake").glob("tables/run/*.parquet"))
    told = (tmp_path / "told").read_text().splitlines()
    assert told[0].startswith("ingest: ") and "members.parquet" in told[0], told

    members.write_bytes(whole)
    said = airflow.tested("2026-03-31", lake=tmp_path / "lake", input=tmp_path / "input")
    assert airflow.tasks() == all_in("success", 1), said[-6000:]


def test_a_pod_that_failed_shows_the_sentence_and_a_pod_with_nothing_new_skips(airflow):
    look_at = ROOT / "tests/airflow/pod_endings.py"
    env = airflow.env | {"AIRFLOW_VAR_NAYOSE_RUN_ON": "kubernetes"}
    done = subprocess.run([sys.executable, str(look_at)], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    endings = json.loads(done.stdout.splitlines()[-1])
    assert endings["99"][0] == "AirflowSkipException"
    assert endings["2"] == [
        "AirflowFailException",
        "nayose ended with exit code 2: no file matches\nhint: check `files`",
    ]
    assert endings["3"] == ["AirflowException", "nayose ended with exit code 3: no file matches\nhint: check `files`"]
    assert endings["0"] == ["None", ""]


def arrive(people: Path, raw: Path, day: str, last: bool) -> None:
    """Files of a retailer land in folders of the day on which they arrive: the newest of a kind on the last day."""
    for file in sorted(p for p in people.rglob("*_*") if p.is_file()):
        kind = sorted(file.parent.glob(f"{file.name.split('_')[0]}_*"))
        if (file == kind[-1]) == last:
            place = raw / file.parent.name / f"dt={day}" / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)


def test_a_backfill_makes_the_lake_of_daily_runs(airflow, nayose, tmp_path):
    people, raw = tmp_path / "people", tmp_path / "raw"
    subprocess.run(
        [nayose, "generate", "--people", "200", "--seed", "7", "--out", str(people)], check=True, capture_output=True
    )
    (people / "truth.csv").unlink()
    # What has one file of a kind is there from the first day on.
    for file in [file for folder in ("pointcard", "crm") for file in (people / folder).iterdir()]:
        place = raw / file.parent.name / "dt=2026-03-29" / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, place)

    # Every day its files arrive, then its run is made.
    arrive(people, raw, "2026-03-29", last=False)
    airflow.tested("2026-03-30", lake=tmp_path / "daily", input=raw)
    assert airflow.tasks() == all_in("success", 1)
    airflow.tested("2026-03-31", lake=tmp_path / "daily", input=raw)
    assert airflow.tasks() == all_in("success", 1), "a day without files is a day, too"
    arrive(people, raw, "2026-03-31", last=True)
    airflow.tested("2026-04-01", lake=tmp_path / "daily", input=raw)
    assert airflow.tasks() == all_in("success", 1)

    # Later all three days at once, by the scheduler, with all files there.
    filled = Airflow(tmp_path / "home", nayose)
    conf = json.dumps({"lake": str(tmp_path / "filled"), "input": str(raw)})
    filled.call("dags", "reserialize")
    days = ("--from-date", "2026-03-28T20:00:00+00:00", "--to-date", "2026-03-30T20:00:00+00:00")
    how = ("--max-active-runs", "3", "--reprocess-behavior", "failed", "--dag-run-conf", conf)
    # Before the services start: SQLite takes one writer, and a loaded machine makes it wait too long.
    filled.call("backfill", "create", "--dag-id", DAG, *days, *how)
    with Services(filled):
        done = lambda: len(filled.runs()) == 3 and all(s in ("success", "failed") for s in filled.runs().values())
        try:
            until("the backfill", done, seconds=600, pause=1)
        except AssertionError:
            print((filled.home / "scheduler.log").read_text()[-6000:])
            print({run: filled.tasks(run) for run in filled.runs()})
            raise
    assert set(filled.runs().values()) == {"success"}, filled.runs()
    assert published(tmp_path / "filled") == published(tmp_path / "daily")
