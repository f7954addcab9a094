"""How a stage that ran as a pod ends in Airflow, by its container's exit code. No cluster is asked: the pods are made here.

Out: one JSON line, exit code → the exception's name and text.
"""

import json
import sys
import unittest.mock
from pathlib import Path
from unittest.mock import patch

from airflow.dag_processing.dagbag import DagBag
from kubernetes.client import (
    V1ContainerState,
    V1ContainerStateTerminated,
    V1ContainerStatus,
    V1ObjectMeta,
    V1Pod,
    V1PodSpec,
    V1PodStatus,
)

SAID = '{"stage":"ingest","seconds":0.1}\nerror: no file matches\nhint: check `files`\n'


def pod(container: str, code: int) -> V1Pod:
    """A pod as Kubernetes describes it after its container ended."""
    ended = V1ContainerStateTerminated(exit_code=code, message=SAID if code else None)
    state = V1ContainerStatus(
        name=container, state=V1ContainerState(terminated=ended), image="", image_id="", ready=False, restart_count=0
    )
    phase = "Failed" if code else "Succeeded"
    return V1Pod(
        metadata=V1ObjectMeta(name="pod", namespace="default", annotations={}),
        spec=V1PodSpec(containers=[]),
        status=V1PodStatus(phase=phase, container_statuses=[state]),
    )


def main() -> None:
    folder = Path(__file__).resolve().parents[2] / "pipelines/airflow"
    task = DagBag(str(folder)).dags["nayose_retail"].get_task("score")
    endings = {}
    # What would ask the cluster.
    asks = {
        name: unittest.mock.DEFAULT for name in ("process_pod_deletion", "patch_already_checked", "is_istio_enabled")
    }
    with patch.multiple(type(task), **asks) as asked:
        asked["is_istio_enabled"].return_value = False
        for code in (0, 1, 2, 3, 4, 99, 137):
            ended = pod(task.base_container_name, code)
            try:
                task.cleanup(pod=ended, remote_pod=ended)
                endings[code] = ("None", "")
            except Exception as e:
                endings[code] = (type(e).__name__, str(e))
    json.dump(endings, sys.stdout)
    print()


if __name__ == "__main__":
    main()
