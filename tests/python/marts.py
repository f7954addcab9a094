"""Every mart recomputed from the facts, independently of its query.

Usage: marts.py PATH_OF_NAYOSE. Runs three pipelines, each once into a temporary lake: the sample, one with the cases that the sample does not
have (edge_pipeline.py), and one of a shop with orders only, whose marts are left out for the most part (small_pipeline.py). Loads all published
tables into DuckDB and calls the checks of every marts_*.py beside this file.

A check is `def check_MART(con, marts) -> None` in the list CHECKS of its module. `con` has the published tables by their names, `this_run` with
`as_of`, `parameters` with `name` and `value`, those of the pipeline file, and the work tables `identity_at_threshold` and
`consent_by_record`. `marts` is the set of
published names: a mart that was left out is not checked. A check fails by an AssertionError. Modules marts_*_edges.py make rows of their own
by chance, and run the pipeline's queries over them.
"""

import functools
import importlib
import re
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import duckdb

# Doubles are sums in another order than the engine's.
CLOSE = 1e-9


def rows(con, sql):
    """The rows of a query, each by the names of its columns. A time is its microseconds since 1970."""
    columns = [(name, kind) for name, kind, *_ in con.execute(f"describe {sql}").fetchall()]
    picked = ", ".join(f'epoch_us("{name}")' if "WITH TIME ZONE" in kind else f'"{name}"' for name, kind in columns)
    found = con.execute(f"select {picked} from ({sql})").fetchall()
    return [dict(zip([name for name, _ in columns], row)) for row in found]


def equal(found, expected):
    """Whether two values are one: amounts to the last digit, doubles but for the order of a sum."""
    if found is None or expected is None:
        return found is None and expected is None
    if isinstance(found, float) and not isinstance(expected, (str, bool)):
        expected = float(expected)
        return found == expected or abs(found - expected) <= CLOSE * max(1.0, abs(found), abs(expected))
    if isinstance(found, Decimal) or isinstance(expected, Decimal):
        return Decimal(found) == Decimal(str(expected) if isinstance(expected, float) else expected)
    return found == expected


def same(con, mart, key, expected):
    """Fails with every row and column of a mart that differs. `expected` has dictionaries; only their columns are compared."""
    found = rows(con, f'select * from "{mart}"')
    by_key = {tuple(row[k] for k in key): row for row in found}
    assert len(by_key) == len(found), f"{mart}: a key comes twice"
    want = {tuple(row[k] for k in key): row for row in expected}
    assert len(want) == len(expected), f"{mart}: the recomputation has a key twice"
    wrong = [f"{mart} {k}: not expected" for k in by_key.keys() - want.keys()]
    wrong += [f"{mart} {k}: missing" for k in want.keys() - by_key.keys()]
    for k in by_key.keys() & want.keys():
        for column, value in want[k].items():
            if not equal(by_key[k][column], value):
                wrong.append(f"{mart} {k}: {column} is {by_key[k][column]!r}, not {value!r}")
    assert not wrong, f"{len(wrong)} differences\n  " + "\n  ".join(sorted(wrong)[:30])


def parameters(pipeline):
    """The numbers below `parameters:` of a pipeline file."""
    block = re.search(r"^parameters:\n((?: +.*\n?|\n)*)", Path(pipeline).read_text(encoding="utf-8"), re.M)
    return re.findall(r"^ +(\w+): *([-0-9.]+)", block[1], re.M) if block else []


@functools.cache
def parameter(con, name):
    """The value of a parameter."""
    return con.execute("select value from parameters where name = ?", [name]).fetchall()[0][0]


def load(lake, pipeline):
    """The published tables of a lake in DuckDB with the parameters of its pipeline, and the tables' names."""
    from deltalake import DeltaTable

    con = duckdb.connect()
    con.execute("set timezone = 'Asia/Tokyo'")
    names = sorted(path.name for path in (Path(lake) / "tables").iterdir() if (path / "_delta_log").is_dir())
    for name in names:
        table = DeltaTable(str(Path(lake) / "tables" / name)).to_pyarrow_table()
        con.register(f"arrow_{name}", table)
        con.execute(f'create table "{name}" as select * from "arrow_{name}"')
        con.unregister(f"arrow_{name}")
    # Work tables that marts read and that are not published.
    run = con.execute("select run_id from run order by run_number desc limit 1").fetchall()[0][0]
    for stage, name in (("cluster", "identity_at_threshold"), ("golden", "consent_by_record")):
        con.execute(f"create table {name} as select * from '{lake}/work/{run}/{stage}/{name}/*.parquet'")
    con.execute("create table parameters (name text, value double)")
    for name, value in parameters(pipeline):
        con.execute("insert into parameters values (?, ?)", [name, float(value)])
    con.execute("create view this_run as select as_of from run order by run_number desc limit 1")
    return con, frozenset(names)


def modules():
    """The modules with checks, in order of name."""
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    return [importlib.import_module(path.stem) for path in sorted(here.glob("marts_*.py"))]


def check_all(con, marts, of, without=()):
    """Calls every check but those of some modules; how many passed and failed."""
    passed, failed = 0, 0
    for module in modules():
        for check in getattr(module, "CHECKS", []) if module.__name__ not in without else []:
            try:
                check(con, marts)
                passed += 1
            except Exception as error:  # A table or a column that is not there is a failure of this check, not of all.
                failed += 1
                told = error if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
                print(f"{of}: {module.__name__}.{check.__name__}: {told}")
    return passed, failed


def check_every_mart_is_checked(root, marts):
    """The sample has every mart of the retail pipeline, and a check of its name."""
    files = {path.stem for folder in ("marts", "crm") for path in (root / "pipelines/retail" / folder).glob("*.sql")}
    published = {name for name in files if not name.startswith("_")} | {"segment", "segment_member", "mail_list"}
    assert published <= marts, f"left out of the sample: {sorted(published - marts)}"
    named = {check.__name__.removeprefix("check_") for module in modules() for check in getattr(module, "CHECKS", [])}
    # These are counted from the rows of seven_stages, in its check.
    missing = published - named - {"seven_stages_count", "seven_stages_move"}
    assert not missing, f"recomputed by no check: {sorted(missing)}"


def run(nayose, pipeline, lake, root, *more):
    """Runs a pipeline as a user does; what the run reports."""
    command = [nayose, "run", str(pipeline), "--lake", lake, "--log", "text", *more]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert done.returncode == 0, f"{pipeline}: exit code {done.returncode}\n{done.stderr}"
    return done.stdout


def main(nayose):
    root = Path(__file__).resolve().parents[2]
    import edge_pipeline
    import small_pipeline

    passed, failed = 0, 0

    def count(of, outcome):
        nonlocal passed, failed
        passed, failed = passed + outcome[0], failed + outcome[1]
        print(f"{of}: {outcome[0]} passed, {outcome[1]} failed, {time.process_time():.0f} s of this process so far")

    def count_one(of, check, *arguments):
        try:
            check(*arguments)
            count(of, (1, 0))
        except AssertionError as error:
            print(f"{of}: {check.__name__}: {error}")
            count(of, (0, 1))

    with tempfile.TemporaryDirectory() as folder:
        sample, lake = root / "pipelines/retail/pipeline.yaml", f"{folder}/lake_sample"
        run(nayose, sample, lake, root)
        con, marts = load(lake, sample)
        count_one("all marts", check_every_mart_is_checked, root, marts)
        count("sample", check_all(con, marts, "sample"))
        # These make rows of their own: once is enough.
        own = {module.__name__ for module in modules() if module.__name__.endswith("_edges")}
        edge, lake = edge_pipeline.write(f"{folder}/edge", root), f"{folder}/lake_edge"
        run(nayose, edge, lake, root, "--as-of", edge_pipeline.AS_OF)
        count("edge", check_all(*load(lake, edge), "edge", own))
        small, lake = small_pipeline.write(f"{folder}/small", root), f"{folder}/lake_small"
        output = run(nayose, small, lake, root)
        con, marts = load(lake, small)
        count_one("left out", small_pipeline.check_left_out, root, output, marts)
        count("small", check_all(con, marts, "small", own))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1])
