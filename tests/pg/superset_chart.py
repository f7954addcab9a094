"""Apache Superset over a served lake: connect, list tables with their columns, charts with a date filter, SQL Lab.

In: a binary (NAYOSE), a lake (NAYOSE_LAKE); run by the Python of an environment with `superset-requirements.txt`. Superset runs in this
process, with a database of its own in a temporary folder, and is asked through its own interface for programs. Every figure is compared
with that of `nayose sql`. With SUPERSET_PICTURE=FILE a browser signs in, opens the chart and writes what it sees. `make superset-test`.
"""

import datetime
import decimal
import json
import logging
import os
import shutil
import tempfile
import threading
from pathlib import Path

import sqlalchemy
from server import run, served

CONFIG = """
SECRET_KEY = "only-for-this-test-0123456789abcdef"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db?check_same_thread=false"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
CONTENT_SECURITY_POLICY_WARNING = False
"""

SALES = {"expressionType": "SQL", "sqlExpression": "sum(amount)", "label": "sales"}
# Midnights of the pipeline's zone, the first in, the last out.
FIRST, LAST = "2025-07-01", "2026-01-01"
# From UTC to the pipeline's zone.
HOURS = 9
WHERE = f"occurred_at >= timestamptz '{FIRST} 00:00:00' and occurred_at < timestamptz '{LAST} 00:00:00'"


def prepared(folder):
    """Superset with the tables of its models and an administrator. (`superset db upgrade` makes the tables more slowly.)"""
    file = Path(folder) / "superset_config.py"
    file.write_text(CONFIG.format(folder=folder))
    os.environ["SUPERSET_CONFIG_PATH"] = str(file)
    # Some thousand small transactions of permissions: nothing of them has to survive this process.
    sqlalchemy.event.listen(
        sqlalchemy.engine.Engine,
        "connect",
        lambda c, _: c.execute("pragma synchronous = off") if "sqlite" in type(c).__module__ else None,
    )
    from superset.app import create_app

    app = create_app()
    logging.disable(logging.WARNING)
    with app.app_context():
        from flask_appbuilder import Model
        from superset import db, security_manager

        Model.metadata.create_all(db.engine)
        app.appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        role = security_manager.find_role("Admin")
        assert security_manager.add_user("admin", "A", "Admin", "a@example.com", role, password="admin")
    return app


class Superset:
    """Superset's own interface for programs, over one database."""

    def __init__(self, app, name, url):
        self.app = app
        self.client = app.test_client()
        said = {"username": "admin", "password": "admin", "provider": "db", "refresh": True}
        self.token = None
        self.token = self.ask("POST", "security/login", said)["access_token"]
        said = {"database_name": name, "sqlalchemy_uri": url}
        self.ask("POST", "database/test_connection/", said)
        self.database = self.ask("POST", "database/", {**said, "expose_in_sqllab": True})["id"]

    def ask(self, method, path, said=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.open(f"/api/v1/{path}", method=method, json=said, headers=headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return json.loads(answer.text)

    def tables(self):
        found = self.ask("GET", f"database/{self.database}/tables/?q=(schema_name:public)")
        return {table["value"] for table in found["result"]}

    def table(self, name):
        return self.ask("GET", f"database/{self.database}/table_metadata/?name={name}&schema=public")

    def dataset(self, table, **more):
        said = {"database": self.database, "schema": "public", "table_name": table, **more}
        number = self.ask("POST", "dataset/", said)["id"]
        return number, self.ask("GET", f"dataset/{number}")["result"]

    def chart(self, dataset, result_type="full", **query):
        """The rows of a chart's only query."""
        said = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"row_limit": 1000, **query}],
            "result_format": "json",
            "result_type": result_type,
            "force": True,
        }
        result = self.ask("POST", "chart/data", said)["result"][0]
        assert not result.get("error"), result
        return result["data"]

    def sql(self, text):
        """The rows that SQL Lab shows."""
        said = {"database_id": self.database, "schema": "public", "runAsync": False, "sql": text}
        return self.ask("POST", "sqllab/execute/", said)["data"]


def told(server, sql):
    """The rows as `nayose sql` prints them."""
    return [json.loads(line) for line in run("sql", "--lake", server.lake, "--format", "json", sql).splitlines()]


def by_month(grain="P1M"):
    """The column of a chart's time axis."""
    return {
        "timeGrain": grain,
        "columnType": "BASE_AXIS",
        "sqlExpression": "occurred_at",
        "label": "occurred_at",
        "expressionType": "SQL",
    }


def time_range(column="occurred_at", between=f"{FIRST} : {LAST}"):
    return {"col": column, "op": "TEMPORAL_RANGE", "val": between}


def moment(value):
    """A time as Superset's milliseconds, whoever wrote it."""
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value).timestamp() * 1000
    return int(value)


def same(shown, said):
    """The figures of a chart are those of `nayose sql`; the order does not matter."""

    def plain(row):
        times = {key: moment(value) for key, value in row.items() if key == "occurred_at"}
        row = {key: value for key, value in row.items() if value is not None}
        amounts = {key: decimal.Decimal(str(value)).normalize() for key, value in row.items() if key == "sales"}
        return sorted(({**row, **times, **amounts}).items())

    shown, said = sorted(map(plain, shown), key=str), sorted(map(plain, said), key=str)
    more, less = [r for r in shown if r not in said], [r for r in said if r not in shown]
    assert shown and shown == said, f"{len(shown)} rows, {len(said)} expected; only here {more[:3]}, only there {less[:3]}"


def lists_tables_with_columns(superset, server):
    """Schemas, tables, and of each table the columns with comments; how many."""
    schemas = superset.ask("GET", f"database/{superset.database}/schemas/")["result"]
    assert "public" in schemas, schemas
    columns = told(
        server,
        """select table_name as t, column_name as c from information_schema.columns
           where table_schema = 'public' order by 1, ordinal_position""",
    )
    expected = {}
    for row in columns:
        expected.setdefault(row["t"], []).append(row["c"])
    assert {"golden_customer", "interaction", "rfm"} <= superset.tables() == set(expected), (superset.tables(), set(expected))
    for name, columns in expected.items():
        shown = superset.table(name)
        assert [c["name"] for c in shown["columns"]] == columns, (name, shown, columns)
    shown = superset.table("golden_customer")
    assert shown["comment"] and all(c["comment"] for c in shown["columns"]), shown
    return len(expected), sum(map(len, expected.values()))


def draws_charts(superset, server):
    """A chart with a date filter, and what people do next with it; the number of the dataset."""
    dataset, found = superset.dataset("interaction")
    told_of = {c["column_name"]: c for c in found["columns"]}
    assert found["main_dttm_col"] == "occurred_at", found["main_dttm_col"]
    assert told_of["occurred_at"]["is_dttm"] and told_of["amount"]["type_generic"] == 0, told_of
    assert all(c["description"] for c in told_of.values()), "comments are descriptions"

    query = {"columns": [by_month(), "channel"], "metrics": ["count", SALES], "orderby": [["count", False]]}
    rows = superset.chart(dataset, filters=[time_range()], **query)
    same(
        rows,
        told(
            server,
            f"""select date_trunc('month', occurred_at) as occurred_at, channel, count(*) as count, sum(amount) as sales
                from interaction where {WHERE} group by 1, 2""",
        ),
    )
    counted = "select channel, count(*) as n from interaction where {} group by 1"
    lab = superset.sql(counted.format(f"occurred_at >= date '{FIRST}' and occurred_at < date '{LAST}'"))
    assert sum(row["n"] for row in lab) == sum(row["count"] for row in rows), (lab, rows)

    # The three largest groups: Superset joins a query with itself.
    named = {"col": "item_name", "op": "IS NOT NULL"}
    largest = superset.chart(
        dataset, filters=[time_range(), named], columns=[by_month(), "item_name"], metrics=[SALES], series_columns=["item_name"],
        series_limit=3, series_limit_metric=SALES,
    )  # fmt: skip
    same(
        largest,
        told(
            server,
            f"""select date_trunc('month', occurred_at) as occurred_at, item_name, sum(amount) as sales from interaction where {WHERE}
                and item_name in (select item_name from interaction where {WHERE} and item_name is not null
                group by 1 order by sum(amount) desc limit 3) group by 1, 2""",
        ),
    )
    grains = {"PT1M": "minute", "PT1H": "hour", "P1D": "day", "P1W": "week", "P3M": "quarter", "P1Y": "year"}
    for grain, word in grains.items():
        same(
            superset.chart(dataset, filters=[time_range()], columns=[by_month(grain)], metrics=["count"], row_limit=50000),
            told(
                server,
                f"select date_trunc('{word}', occurred_at) as occurred_at, count(*) as count from interaction where {WHERE} group by 1",
            ),
        )
    few = [named, {"col": "channel", "op": "IN", "val": ["shop"]}, {"col": "amount", "op": ">", "val": 100}]
    same(
        superset.chart(dataset, filters=[time_range(), *few], columns=["channel"], metrics=[SALES]),
        told(
            server,
            f"""select channel, sum(amount) as sales from interaction
                where {WHERE} and channel = 'shop' and item_name is not null and amount > 100 group by 1""",
        ),
    )
    # Superset shows times in UTC: the hours between are a setting of the dataset, and change neither the filter nor the figures.
    superset.ask("PUT", f"dataset/{dataset}", {"offset": HOURS})
    shifted = superset.chart(dataset, filters=[time_range()], **query)
    same(shifted, [{**row, "occurred_at": row["occurred_at"] + HOURS * 3_600_000} for row in rows])
    assert min(row["occurred_at"] for row in shifted) == moment(f"{FIRST}T00:00:00+00:00"), shifted
    values = superset.ask("GET", f"datasource/table/{dataset}/column/channel/values/")["result"]
    assert set(values) == {row["channel"] for row in told(server, "select distinct channel from interaction")}, values
    return dataset, len(rows)


def draws_other_tables(superset, server):
    """A filter on a date, samples of a table with nested columns, a dataset that is a query."""
    golden, found = superset.dataset("golden_customer")
    assert next(c for c in found["columns"] if c["column_name"] == "birth_date")["is_dttm"], found["columns"]
    born = superset.chart(golden, filters=[time_range("birth_date", "1980-01-01 : 1990-01-01")], columns=[], metrics=["count"])
    eighties = "birth_date >= date '1980-01-01' and birth_date < date '1990-01-01'"
    said = told(server, f"select count(*) as n from golden_customer where {eighties}")
    assert born[0]["count"] == said[0]["n"] > 0, (born, said)
    samples = superset.chart(golden, result_type="samples", columns=[c["column_name"] for c in found["columns"]])
    assert len(samples) > 100, samples[:3]
    sql = "select i.occurred_at, r.decile, i.amount from interaction i join rfm r using (customer_id)"
    query, found = superset.dataset("by_decile", sql=sql)
    types = {c["column_name"]: (c["type"], c["is_dttm"]) for c in found["columns"]}
    assert types["occurred_at"][1], types
    same(
        superset.chart(query, filters=[time_range()], columns=["decile"], metrics=[SALES]),
        told(server, f"select decile, sum(amount) as sales from ({sql}) as joined where {WHERE} group by 1"),
    )


def keeps_the_profile(superset, server):
    """The analyst's database: its tables without personal columns, and the same counts."""
    dataset, found = superset.dataset("interaction")
    assert "detail" not in {c["column_name"] for c in found["columns"]} and "source_record" not in superset.tables(), superset.tables()
    same(
        superset.chart(dataset, filters=[time_range()], columns=[by_month()], metrics=["count"]),
        told(
            server,
            f"select date_trunc('month', occurred_at) as occurred_at, count(*) as count from interaction where {WHERE} group by 1",
        ),
    )


def take_picture(superset, dataset, file):
    """The chart as a browser draws it."""
    from playwright.sync_api import sync_playwright
    from werkzeug.serving import make_server

    params = {
        "viz_type": "echarts_timeseries_bar",
        "datasource": f"{dataset}__table",
        "x_axis": "occurred_at",
        "time_grain_sqla": "P1M",
        "metrics": [{**SALES, "optionName": "metric_sales"}],
        "groupby": ["channel"],
        "adhoc_filters": [
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": "occurred_at",
                "operator": "TEMPORAL_RANGE",
                "comparator": f"{FIRST} : {LAST}",
            }
        ],
        "stack": "Stack",
        "row_limit": 1000,
        "show_legend": True,
        "x_axis_time_format": "%Y-%m",
    }
    said = {"slice_name": "Sales by month and channel", "viz_type": params["viz_type"], "params": json.dumps(params)}
    chart = superset.ask("POST", "chart/", {**said, "datasource_id": dataset, "datasource_type": "table"})["id"]
    web = make_server("127.0.0.1", 0, superset.app, threaded=True)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        path = os.environ.get("NAYOSE_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{web.port}/login/")
        page.fill("#username", "admin")
        page.fill("#password", "admin")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"http://127.0.0.1:{web.port}/explore/?slice_id={chart}")
        page.wait_for_selector("canvas", timeout=120_000)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file)
        browser.close()
    web.shutdown()


def main():
    with tempfile.TemporaryDirectory(prefix="nayose-superset-") as folder, served() as server:
        app = prepared(folder)
        superset = Superset(app, "nayose", server.url("psycopg2"))
        tables, columns = lists_tables_with_columns(superset, server)
        dataset, rows = draws_charts(superset, server)
        draws_other_tables(superset, server)
        keeps_the_profile(Superset(app, "analyst", server.url("psycopg2", "ana", "analyst")), server)
        print(f"Superset: {tables} tables with {columns} columns; a chart of {rows} rows; its figures are those of `nayose sql`")
        if os.environ.get("SUPERSET_PICTURE"):
            take_picture(superset, dataset, os.environ["SUPERSET_PICTURE"])


main()
