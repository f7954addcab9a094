"""A real Airflow in a folder of its own: configured by its environment, migrated once, without network and examples.

In: the path of nayose in the environment variable NAYOSE. Out: fixtures that run the DAG and say how its tasks ended.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAG = "nayose_retail"


class Airflow:
    """An AIRFLOW_HOME with the project's DAG."""

    def __init__(self, home: Path, nayose: str):
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        own = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
        self.env = own | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "pipelines/airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
            "AIRFLOW_VAR_NAYOSE_COMMAND": nayose,
            "AIRFLOW_VAR_NAYOSE_RETRY_SECONDS": "2",
        }
        self.call("db", "migrate")

    def start(self, *args: str, **options) -> subprocess.Popen:
        """Starts an airflow command."""
        return subprocess.Popen(["airflow", *args], env=self.env, cwd=self.home, text=True, **options)

    def call(self, *args: str) -> str:
        """Runs an airflow command, which has to succeed; answers its output."""
        process = self.start(*args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, f"airflow {' '.join(args)}:\n{output[-6000:]}"
        return output

    def dags_test(self, date: str, **conf) -> subprocess.Popen:
        """Starts `airflow dags test` for a date; `conf` are parameters of the run."""
        args = ("dags", "test", DAG, date, "--conf", json.dumps({k: str(v) for k, v in conf.items()}))
        return self.start(*args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def tested(self, date: str, **conf) -> str:
        """`airflow dags test` to its end; answers its output."""
        output, _ = self.dags_test(date, **conf).communicate(timeout=600)
        return output

    def tasks(self, run: str | None = None) -> dict[str, tuple[str, int]]:
        """State and number of tries of each task of a run, or of the newest run."""
        with sqlite3.connect(self.home / "airflow.db", timeout=30) as db:
            newest = run or db.execute("select run_id from dag_run order by id desc limit 1").fetchone()[0]
            rows = db.execute("select task_id, state, try_number from task_instance where run_id = ?", (newest,))
            return {task: (state, tries) for task, state, tries in rows}

    def runs(self) -> dict[str, str]:
        """State of each run."""
        with sqlite3.connect(self.home / "airflow.db", timeout=30) as db:
            return dict(db.execute("select run_id, state from dag_run order by id"))


class Services:
    """The scheduler with what it needs, as long as a `with` block lasts."""

    def __init__(self, airflow: Airflow):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        airflow.env |= {
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": port,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "2",
            # The services of one AIRFLOW_HOME have to agree on a key; this one lives as long as the test.
            "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(32).hex(),
        }
        self.airflow, self.processes = airflow, []

    def __enter__(self):
        for service in ("api-server", "dag-processor", "scheduler"):
            log = open(self.airflow.home / f"{service}.log", "w")
            options = {"stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True}
            self.processes.append(self.airflow.start(service, **options))
        return self

    def __exit__(self, *_):
        for process in self.processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def until(what: str, found, seconds: float = 300, pause: float = 0.1):
    """Waits until `found()` answers something, and answers it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(pause)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@pytest.fixture(scope="session")
def nayose() -> str:
    """The binary under test."""
    return os.environ["NAYOSE"]


@pytest.fixture(scope="session")
def airflow(tmp_path_factory, nayose) -> Airflow:
    """An Airflow for `airflow dags test`."""
    return Airflow(tmp_path_factory.mktemp("airflow"), nayose)
