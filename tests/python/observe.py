"""Lineage events and metrics as other people's readers see them: OpenLineage's own classes, Prometheus' own parser.

Usage: observe.py PATH_OF_NAYOSE. Runs the sample pipeline into a temporary lake, then a pipeline that fails.
"""

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import cattrs
from openlineage.client import generated
from openlineage.client.facet_v2 import BaseFacet
from openlineage.client.generated import base
from openlineage.client.uuid import generate_static_uuid
from prometheus_client.parser import text_string_to_metric_families


def strict() -> cattrs.Converter:
    """Structures JSON into attrs classes; refuses unknown keys and wrong types instead of converting them."""
    converter = cattrs.Converter(forbid_extra_keys=True)

    def exactly(kinds: tuple[type, ...]):
        def hook(value: Any, _: Any) -> Any:
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise TypeError(f"{value!r} is no {kinds[0].__name__}")
            return value

        return hook

    converter.register_structure_hook(str, exactly((str,)))
    converter.register_structure_hook(int, exactly((int,)))
    converter.register_structure_hook(float, exactly((float, int)))
    converter.register_structure_hook(bool, exactly((bool,)))
    return converter


def sources(pipeline: str) -> list[str]:
    """The names of the sources of a pipeline file."""
    below = re.search(r"^sources:\n((?:[ #].*\n|\n)+)", pipeline, re.MULTILINE)
    assert below
    return re.findall(r"^  - name: (\w+)$", below[1], re.MULTILINE)


def facet_classes() -> dict[str, type]:
    """Every facet class of the client by the URL of its schema, with its version."""
    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for thing in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, BaseFacet):
                found[thing._get_schema()] = thing
    return found


def check_facets(facets: dict[str, Any], kind: type, classes: dict[str, type], converter: cattrs.Converter) -> int:
    for key, facet in facets.items():
        body = dict(facet)
        schema = body.pop("_schemaURL")
        cls = classes[schema]
        assert issubclass(cls, kind), f"{key} stands where {kind.__name__} stand"
        assert body["_producer"].startswith("pkg:cargo/nayose@"), body["_producer"]
        converter.structure(body, cls)
    return len(facets)


def check_event(event: dict[str, Any], classes: dict[str, type], converter: cattrs.Converter) -> int:
    """Holds one event against the client's classes; answers the number of its facets."""
    checked = 0
    sides = [
        (event["run"], "facets", base.RunFacet),
        (event["job"], "facets", base.JobFacet),
        *((d, "facets", base.DatasetFacet) for d in event["inputs"] + event["outputs"]),
        *((d, "inputFacets", base.InputDatasetFacet) for d in event["inputs"]),
        *((d, "outputFacets", base.OutputDatasetFacet) for d in event["outputs"]),
    ]
    for holder, key, kind in sides:
        checked += check_facets(holder.pop(key), kind, classes, converter)
    assert event.pop("schemaURL") == base.RunEvent._get_schema()
    converter.structure(event, base.RunEvent)
    return checked


def main(nayose: str) -> None:
    root = Path(__file__).resolve().parents[2]
    converter, classes = strict(), facet_classes()
    passed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        airflow = {
            "AIRFLOW_CTX_DAG_ID": "crm",
            "AIRFLOW_CTX_TASK_ID": "nayose",
            "AIRFLOW_CTX_LOGICAL_DATE": "2026-03-31T09:30:00.123456+09:00",
            "AIRFLOW_CTX_TRY_NUMBER": "2",
            "OPENLINEAGE_NAMESPACE": "prod",
        }
        transport = {
            "OPENLINEAGE__TRANSPORT__TYPE": "file",
            "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(folder / "event"),
        }

        def run(*args: str) -> int:
            command = [nayose, "run", "pipelines/retail/pipeline.yaml", "--lake", str(folder / "lake"), *args]
            metrics = ["--metrics", str(folder / "nayose.prom")]
            return subprocess.run(command + metrics, cwd=root, env=os.environ | airflow | transport, capture_output=True).returncode

        def metric(family: str) -> dict[tuple[str, ...], float]:
            text = (folder / "nayose.prom").read_text()
            families = {f.name: f for f in text_string_to_metric_families(text)}
            assert families[family].type == "gauge" and families[family].documentation
            return {tuple(s.labels.values()): s.value for s in families[family].samples}

        assert run("--as-of", "2026-03-31") == 0
        assert metric("nayose_run_success") == {("retail",): 1.0}
        assert metric("nayose_table_rows")[("retail", "golden_customer")] > 1000
        rejects = metric("nayose_rejects")
        assert set(rejects) == {("retail", name) for name in sources((root / "pipelines/retail/pipeline.yaml").read_text())}
        assert sum(rejects.values()) == metric("nayose_table_rows")[("retail", "reject")]
        assert run("--input", str(folder)) == 2, "there are no files"
        assert metric("nayose_run_success") == {("retail",): 0.0}
        passed += 5

        events = [json.loads(file.read_text()) for file in sorted(folder.glob("event-*.json"))]
        assert [e["eventType"] for e in events] == ["START", "COMPLETE", "START", "FAIL"]
        date = datetime.fromisoformat(airflow["AIRFLOW_CTX_LOGICAL_DATE"])
        parent = str(generate_static_uuid(date, b"prod.crm.nayose.2.-1"))
        for event in events:
            assert event["run"]["facets"]["parent"]["run"]["runId"] == parent, "as Airflow's provider computes it"
            passed += check_event(event, classes, converter) + 1

        # The check itself can fail.
        event = json.loads(next(iter(sorted(folder.glob("event-*.json")))).read_text())
        for damage in (
            lambda e: e["run"].update(runId="1"),
            lambda e: e["outputs"][0]["facets"]["schema"].update(columns=[]),
            lambda e: e["job"]["facets"]["jobType"].update(processingType=1),
            lambda e: e["inputs"][0]["facets"]["schema"].update(_schemaURL="https://openlineage.io/unknown"),
        ):
            damaged = json.loads(json.dumps(event))
            damage(damaged)
            try:
                check_event(damaged, classes, converter)
            except Exception:  # noqa: BLE001 any refusal will do
                passed += 1
            else:
                raise AssertionError("a damaged event passed")
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
