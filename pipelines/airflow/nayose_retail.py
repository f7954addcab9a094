"""The retail pipeline, every day, one task for each stage of `nayose run`.

Each run reads the files of all days before the end of its data interval and publishes the state as of then. A task does one
stage: a retry repeats that stage and no other, because nayose keeps what is finished. A second DAG trains the model, once a
month. See README.md beside this file for the variables, backfill, alerts and what happens on failure.
"""

from __future__ import annotations

import importlib
import json
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, CronTriggerTimetable, Param, Variable, chain
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

STAGES = ("ingest", "normalize", "block", "score", "cluster", "golden", "marts")
NOTHING_NEW = 99
# Data, configuration, a bug: the same command fails in the same way. Anything else (storage, memory, a lost worker) may heal.
FINAL = (1, 2, 4)
ZONE = "Asia/Tokyo"

# Values reach nayose as variables of its environment or as whole arguments; none becomes part of a shell command.
BESIDE = Path(__file__).resolve().parents[1] / "retail/pipeline.yaml"
PIPELINE = "{{ params.pipeline or var.value.get('nayose_pipeline', '%s') }}"
LAKE = "{{ params.lake or var.value.nayose_lake }}"
POD_MEMORY = "{{ var.value.get('nayose_pod_memory', '8Gi') }}"
# A time: a date would mean the end of that day.
AS_OF = f"{{{{ (data_interval_end or dag_run.run_after).in_timezone('{ZONE}').start_of('day').isoformat() }}}}"

# A stage that takes longer hangs; a day that takes longer is not waited for.
STAGE_LIMIT = timedelta(hours=float(Variable.get("nayose_stage_hours", default=6)))
DAY_LIMIT = timedelta(hours=float(Variable.get("nayose_day_hours", default=20)))
# What the last task makes. Airflow shows when it was made, and DAGs that read the lake are scheduled by it.
TABLES = Asset("nayose_retail_tables")

log = logging.getLogger(__name__)


def stage_flags(stage: str) -> list[str]:
    """The first task looks whether anything is new, the last one publishes, and each does its own stage anew."""
    start = [] if stage == STAGES[0] else [f"--from={stage}"]
    end = [] if stage == STAGES[-1] else [f"--until={stage}"]
    return [*start, *end, "--skip-code", "--log=json"]


def logged_error(line: str) -> str | None:
    """The sentence and the hint, where the line of nayose's log is an error."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("level") != "error":
        return None
    return "\nhint: ".join(filter(None, [said.get("message"), said.get("hint")]))


def failure(code: int | None, output: str) -> AirflowException:
    """What nayose said (one sentence and a hint, at the end of its output), in the exception that is retried or not."""
    lines = output.strip().splitlines()
    # What goes wrong before the log begins, such as a misspelt flag, is text.
    starts = [at for at, line in enumerate(lines) if line.startswith("error: ")]
    text = "\n".join(lines[starts[-1] :] if starts else lines[-5:]).removeprefix("error: ")
    said = next(filter(None, map(logged_error, reversed(lines))), text or "it said nothing")
    kind = AirflowFailException if code in FINAL else AirflowException
    return kind(f"nayose ended with exit code {code}: {said}")


def show_error(context) -> None:
    """Callback of a failure and of a retry: the sentence, where people look first."""
    ti = context["ti"]
    log.error("%s.%s, run %s, try %s: %s", ti.dag_id, ti.task_id, ti.run_id, ti.try_number, context.get("exception"))


def alert(context) -> None:
    """Callback of a failure that is not retried: calls the function that the variable `nayose_alert` names, `module:function`.

    It gets the context of the task, in which `exception` has nayose's sentence and hint. An alert that fails fails nothing else.
    """
    named = Variable.get("nayose_alert", default="")
    if not named:
        return
    try:
        module, function = named.split(":")
        getattr(importlib.import_module(module), function)(context)
    except Exception:
        log.exception("the alert %s failed", named)


def is_our_turn(ti, **_) -> bool:
    """Whether the run of the day before has ended, well or not: a day builds on the ids of the day before, and a bad one does not
    stop those after it."""
    before = ti.get_previous_dagrun()
    return before is None or before.state not in ("queued", "running")


class NayoseBash(BashOperator):
    """`nayose run` on the worker. Its output goes to the task's log, and to a file in which a failure finds its sentence."""

    def execute(self, context):
        with tempfile.TemporaryDirectory(prefix="nayose_") as folder:
            output = Path(folder, "output")
            self.env = {**self.env, "NAYOSE_OUTPUT": str(output)}
            try:
                return super().execute(context)
            except AirflowSkipException:
                raise
            except AirflowException:
                process = self.subprocess_hook.sub_process
                said = output.read_text(errors="replace") if output.exists() else ""
                raise failure(process.returncode if process else None, said) from None


RUN_ON_WORKER = '${NAYOSE_INPUT:+--input="$NAYOSE_INPUT"} --as-of="$NAYOSE_AS_OF"'


def on_worker(task: str, command: str, flags: list[str], **more) -> NayoseBash:
    """`nayose run` or `nayose train` as a process of the Airflow worker."""
    own = RUN_ON_WORKER if command == "run" else ""
    return NayoseBash(
        task_id=task,
        bash_command=(
            f'"$NAYOSE" {command} "$NAYOSE_PIPELINE" --lake="$NAYOSE_LAKE" {own} '
            f'${{NAYOSE_MEMORY:+--memory="$NAYOSE_MEMORY"}} {" ".join(flags)} 2>&1 | tee "$NAYOSE_OUTPUT"\n'
            'exit "${PIPESTATUS[0]}"'
        ),
        env={
            "NAYOSE": "{{ var.value.get('nayose_command', 'nayose') }}",
            "NAYOSE_PIPELINE": PIPELINE % BESIDE,
            "NAYOSE_LAKE": LAKE,
            "NAYOSE_INPUT": "{{ params.input or var.value.get('nayose_input', '') }}",
            "NAYOSE_MEMORY": "{{ var.value.get('nayose_memory', '') }}",
            "NAYOSE_AS_OF": AS_OF,
        },
        append_env=True,
        skip_on_exit_code=NOTHING_NEW,
        do_xcom_push=False,
        **more,
    )


def in_pods():
    """A function that makes a task as a pod. Only here is the Kubernetes provider needed."""
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import V1EnvFromSource, V1ResourceRequirements, V1SecretEnvSource

    class NayosePod(KubernetesPodOperator):
        """`nayose run` as a pod. Kubernetes keeps the end of the log of a container that failed: the sentence is in it."""

        def cleanup(self, pod, remote_pod, *args, **kwargs):
            try:
                super().cleanup(pod, remote_pod, *args, **kwargs)
            except AirflowSkipException:
                raise
            except AirflowException:
                ended = terminated(remote_pod, self.base_container_name)
                if ended is None:
                    raise
                raise failure(ended.exit_code, ended.message or "") from None

    def terminated(pod, container: str):
        """How a container ended, where it did."""
        statuses = (pod.status.container_statuses if pod and pod.status else None) or []
        states = [s.state.terminated for s in statuses if s.name == container and s.state]
        return states[0] if states else None

    # A secret of the cluster with the storage's credentials, as environment variables.
    secret = Variable.get("nayose_secret", default=None)

    def in_pod(task: str, command: str, flags: list[str], **more) -> NayosePod:
        own = ["--input={{ params.input or var.value.nayose_input }}", f"--as-of={AS_OF}"] if command == "run" else []
        return NayosePod(
            task_id=task,
            name=f"nayose-{task}",
            namespace="{{ var.value.get('nayose_namespace', 'default') }}",
            image="{{ var.value.get('nayose_image', 'nayose:latest') }}",
            cmds=["nayose"],
            arguments=[
                command,
                PIPELINE % "/pipelines/retail/pipeline.yaml",
                f"--lake={LAKE}",
                "--memory={{ var.value.get('nayose_memory', '4GiB') }}",
                *own,
                *flags,
            ],
            env_from=[V1EnvFromSource(secret_ref=V1SecretEnvSource(name=secret))] if secret else None,
            # The ceiling (--memory) is most of what the process needs.
            container_resources=V1ResourceRequirements(
                requests={"cpu": "2", "memory": POD_MEMORY}, limits={"memory": POD_MEMORY}
            ),
            termination_message_policy="FallbackToLogsOnError",
            log_pod_spec_on_failure=False,
            skip_on_exit_code=NOTHING_NEW,
            get_logs=True,
            do_xcom_push=False,
            **more,
        )

    return in_pod


PARAMS = {
    "pipeline": Param(None, type=["null", "string"], description="instead of the variable nayose_pipeline"),
    "lake": Param(None, type=["null", "string"], description="instead of the variable nayose_lake"),
    "input": Param(None, type=["null", "string"], description="instead of the variable nayose_input"),
}
DEFAULTS = {
    "retries": 3,
    "retry_delay": timedelta(seconds=int(Variable.get("nayose_retry_seconds", default=60))),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "execution_timeout": STAGE_LIMIT,
    "on_failure_callback": [show_error, alert],
    "on_retry_callback": show_error,
}
nayose_task = in_pods() if Variable.get("nayose_run_on", default="worker") == "kubernetes" else on_worker

with DAG(
    dag_id="nayose_retail",
    description="名寄せ: one customer, one ID",
    doc_md=__doc__,
    # At five in the morning the files of yesterday are there; the run is as of the midnight that ended it.
    schedule=CronDataIntervalTimetable("0 5 * * *", timezone=ZONE),
    start_date=pendulum.datetime(2024, 1, 1, tz=ZONE),
    catchup=False,
    # A lake has one writer, and a day builds on the ids of the day before.
    max_active_runs=1,
    dagrun_timeout=DAY_LIMIT,
    params=PARAMS,
    default_args=DEFAULTS,
    tags=["nayose"],
) as dag:
    # A backfill may have many runs active at once: each waits for the day before.
    turn = PythonSensor(
        task_id="turn",
        python_callable=is_our_turn,
        mode="reschedule",
        poke_interval=float(Variable.get("nayose_turn_seconds", default=60)),
        timeout=DAY_LIMIT.total_seconds(),
        execution_timeout=None,
    )
    outlets = {STAGES[-1]: {"outlets": [TABLES]}}
    chain(turn, *[nayose_task(stage, "run", stage_flags(stage), **outlets.get(stage, {})) for stage in STAGES])

with DAG(
    dag_id="nayose_retail_train",
    description="名寄せ: the model, once a month",
    doc_md="Trains the model of the lake anew, on what the newest run has: later runs use it. Its log shows what it changes.",
    # After the run of the day; both write to the lake, and one that finds it locked is retried.
    schedule=CronTriggerTimetable(Variable.get("nayose_train_schedule", default="0 9 1 * *"), timezone=ZONE),
    start_date=pendulum.datetime(2024, 1, 1, tz=ZONE),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=DAY_LIMIT,
    params={name: param for name, param in PARAMS.items() if name != "input"},
    default_args=DEFAULTS,
    tags=["nayose"],
) as train_dag:
    nayose_task("train", "train", [])
