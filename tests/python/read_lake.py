"""The published tables as other people's tools read them: deltalake, pandas, Polars, and DuckDB on an export.

Usage: read_lake.py PATH_OF_NAYOSE. Runs the sample pipeline into a temporary lake.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas
import polars
from deltalake import DeltaTable


def main(nayose: str) -> None:
    root = Path(__file__).resolve().parents[2]

    def run(*args: str) -> str:
        return subprocess.run([nayose, *args], cwd=root, check=True, capture_output=True, text=True).stdout

    with tempfile.TemporaryDirectory() as folder:
        lake = str(Path(folder) / "lake")
        run("run", "pipelines/retail/pipeline.yaml", "--lake", lake, "--log", "json")
        expected = json.loads(run("sql", "--lake", lake, "--format", "json", "select count(*) as n from golden_customer"))["n"]
        published = run("sql", "--lake", lake, "--format", "json", "select t['table_name'] as name, t['row_count'] as n from (select unnest(tables) as t from run)")
        passed = 0

        for line in published.splitlines():
            table = json.loads(line)
            delta = DeltaTable(f"{lake}/tables/{table['name']}")
            rows = delta.to_pyarrow_dataset().count_rows()
            assert rows == table["n"], (table, rows)
            passed += 1

        golden = DeltaTable(f"{lake}/tables/golden_customer")
        comments = {f.name: f.metadata.get("comment", "") for f in golden.schema().fields}
        assert "統合顧客ID" in comments["customer_id"] and "unified" in comments["customer_id"], comments
        assert "一人" in golden.metadata().description
        frame = golden.to_pandas()
        assert isinstance(frame, pandas.DataFrame) and frame["customer_id"].is_unique and len(frame) == expected
        assert polars.read_delta(f"{lake}/tables/golden_customer").height == expected

        export = str(Path(folder) / "golden.parquet")
        run("export", "golden_customer", "--lake", lake, "--format", "parquet", "--to", export)
        counted = duckdb.sql(f"select count(*), count(distinct customer_id) from read_parquet('{export}')").fetchall()[0]
        assert counted == (expected, expected), counted
        arrow = str(Path(folder) / "rfm.arrow")
        run("export", "rfm", "--lake", lake, "--format", "arrow", "--to", arrow)
        assert polars.read_ipc(arrow)["customer_id"].n_unique() > 0
        passed += 5
        print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
