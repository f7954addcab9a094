"""The Postgres protocol, as those who use it see it: psql, psycopg, SQLAlchemy, npm's pg.

In: a binary (NAYOSE) and a lake of the sample (NAYOSE_LAKE). Run by `make pg-test`.
"""

import contextlib
import datetime
import decimal
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from server import KEY, NAYOSE, PASSWORD, run, served

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def server():
    with served() as server:
        yield server


@pytest.fixture
def connection(server):
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        yield connection


def psql(server, *commands, name="bi", database="nayose", password=PASSWORD, check=True):
    arguments = [part for command in commands for part in ("-c", command)]
    url = f"postgresql://{name}@127.0.0.1:{server.port}/{database}"
    done = subprocess.run(
        ["psql", "-X", "-A", url, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PGPASSWORD": password},
    )
    if check:
        assert done.returncode == 0 and not done.stderr, done.stderr
    return done


def told(server, sql, *more):
    """The rows as `nayose sql` prints them."""
    return [json.loads(line) for line in run("sql", "--lake", server.lake, "--format", "json", sql, *more).splitlines()]


def fails(connection, sql, *parameters):
    """The SQLSTATE of a statement that is refused."""
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(sql, parameters or None)
    return raised.value.sqlstate


# --- psql ---------------------------------------------------------------------------------------------------------------------


def test_psql_lists_tables_columns_comments_keys_and_functions(server):
    tables = psql(server, r"\dt").stdout
    for name in ("golden_customer", "rfm", "id_map", "run", "ledger"):
        assert f"public|{name}|table|nayose" in tables
    assert "public|golden_customer|table|nayose" in psql(server, r"\d").stdout
    assert "統合顧客" in psql(server, r"\dt+ golden_customer").stdout
    described = psql(server, r"\d+ golden_customer").stdout
    assert "customer_id|text||not null||extended|||統合顧客ID / unified customer id" in described
    assert '"golden_customer_pkey" PRIMARY KEY, btree (customer_id)' in described
    assert "text[]" in described
    assert "monetary|numeric(" in psql(server, r"\d rfm").stdout
    assert "public|resolve_customer|text|text" in psql(server, r"\df").stdout
    assert "nayose|nayose|UTF8" in psql(server, r"\l").stdout
    for command in (r"\dn", r"\du", r"\di", r"\dT", r"\conninfo", r"\d+", r"\dp rfm"):
        psql(server, command)


def test_psql_shows_references_privileges_and_functions(server):
    assert 'FOREIGN KEY (customer_id) REFERENCES golden_customer(customer_id)' in psql(server, r"\d rfm").stdout
    referred = psql(server, r"\d golden_customer").stdout
    assert 'TABLE "rfm" CONSTRAINT "rfm_customer_id_fkey" FOREIGN KEY (customer_id)' in referred, referred
    assert "public|rfm|table|" in psql(server, r"\dp").stdout
    shown = psql(server, r"\sf resolve_customer").stdout
    assert "CREATE OR REPLACE FUNCTION public.resolve_customer(text)\n RETURNS text\n LANGUAGE internal" in shown, shown
    other = psql(server, r"\sf lower", check=False)
    assert 'there is no function "lower"' in other.stderr, other.stderr


def test_psql_prints_what_nayose_sql_prints(server):
    sql = "select customer_id, monetary, last_purchase_at from rfm order by customer_id limit 3"
    lines = psql(server, sql).stdout.splitlines()[1:4]
    rows = told(server, sql)
    assert [line.split("|")[0] for line in lines] == [row["customer_id"] for row in rows]
    assert [decimal.Decimal(line.split("|")[1]) for line in lines] == [decimal.Decimal(str(r["monetary"])) for r in rows]


# --- signing in ---------------------------------------------------------------------------------------------------------------


def test_whatever_is_wrong_with_a_sign_in_is_answered_alike():
    with served() as server:
        answers = set()
        for name, database, password in [
            ("bi", "nayose", "wrong wrong wrong"),
            ("bi", "analyst", PASSWORD),
            ("nobody", "nayose", PASSWORD),
            ("ana", "nayose", PASSWORD),
            ("bi", "postgres", PASSWORD),
        ]:
            with pytest.raises(psycopg.OperationalError) as raised:
                psycopg.connect(server.dsn(name, database, password))
            answers.add(str(raised.value).split("FATAL:")[1].strip())
        assert answers == {"name, password and database do not belong together"}


def test_who_guesses_waits_and_the_right_password_too():
    with served() as server:
        for _ in range(5):
            with pytest.raises(psycopg.OperationalError, match="do not belong together"):
                psycopg.connect(server.dsn(password="wrong wrong wrong"))
        with pytest.raises(psycopg.OperationalError, match="wait a minute"):
            psycopg.connect(server.dsn())
        psycopg.connect(server.dsn("ana", "analyst")).close()


def test_a_login_comes_and_goes_without_a_restart():
    with served() as server:
        made = run("serve", "add-login", "late", "--logins", server.logins).strip()
        assert len(made) >= 43 and made not in server.logins.read_text()
        psycopg.connect(server.dsn("late", password=made)).close()
        run("serve", "remove-login", "late", "--logins", server.logins)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.dsn("late", password=made))
        assert PASSWORD not in server.logins.read_text()


def test_a_verifier_is_the_one_that_postgres_would_make():
    """libpq makes what Postgres keeps; ours is read by the same rules."""
    with served() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            theirs = connection.pgconn.encrypt_password(b"a password of theirs", b"theirs", b"scram-sha-256").decode()
        file = json.loads(server.logins.read_text())
        ours = next(login for login in file["logins"] if login["name"] == "bi")["scram"]
        assert [len(part) for part in theirs.split("$")][2:] == [len(part) for part in ours.split("$")][2:]
        file["logins"].append({"name": "theirs", "database": "nayose", "scram": theirs})
        server.logins.write_text(json.dumps(file))
        psycopg.connect(server.dsn("theirs", password="a password of theirs")).close()


def test_with_a_certificate_every_connection_is_encrypted(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *name, *files], check=True, capture_output=True)
    settings = tmp_path / "serve.yaml"
    settings.write_text(f"tls: {{ certificate: {certificate}, key: {key} }}\n")
    with served("--settings", settings) as server:
        dsn = server.dsn(sslmode="verify-full", sslrootcert=certificate)
        with psycopg.connect(dsn) as connection:
            assert connection.pgconn.ssl_in_use
            assert connection.execute("select 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="encrypted"):
            psycopg.connect(server.dsn(sslmode="disable"))


def test_in_the_open_it_listens_on_loopback_alone(server):
    command = [NAYOSE, "serve", "--lake", server.lake, "--listen", "127.0.0.1:0", "--pg", "0.0.0.0:0"]
    done = subprocess.run([*map(str, command), "--pg-logins", str(server.logins)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "would not be encrypted" in done.stderr


# --- reading only -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "insert into rfm select * from rfm",
        "update rfm set monetary = 0",
        "delete from rfm",
        "drop table rfm",
        "truncate rfm",
        "create table mine as select 1 as a",
        "select 1 as a into mine",
        "create view v as select 1",
        "copy rfm from stdin",
        "set transaction read write",
        "set default_transaction_read_only = off",
        "begin read write",
    ],
)
def test_whatever_writes_is_refused(connection, sql):
    assert fails(connection, sql) == "25006"


def test_settings_that_matter_are_refused(connection):
    assert fails(connection, "set role admin") == "42501"
    assert fails(connection, "set datafusion.execution.target_partitions = 64") == "42704"
    assert fails(connection, "set time zone 'America/New_York'") == "0A000"
    connection.execute("set time zone 'Asia/Tokyo'")
    connection.execute("set extra_float_digits = 3")
    assert connection.execute("show transaction_read_only").fetchone() == ("on",)
    assert fails(connection, "copy (select 1) to 'one.csv'") == "0A000"
    assert fails(connection, "select * from '/etc/passwd'") == "42P01"


def test_errors_have_their_sqlstate(connection):
    assert fails(connection, "select * from golden") == "42P01"
    assert fails(connection, "select x from rfm") == "42703"
    assert fails(connection, "selekt 1") == "42601"
    assert fails(connection, "create external table t stored as csv location '/etc/passwd'") == "42601"
    assert fails(connection, "select no_such_function(1)") == "42883"
    assert fails(connection, "select 1 / 0") == "22012"


def test_usual_mistakes_are_told_in_words_of_postgres(connection):
    for sql, code, message, hint in [
        ("selct * from rfm", "42601", 'syntax error at or near "selct"', "begins with SELECT"),
        ("select *\nform rfm", "42601", 'syntax error at or near "rfm"', "mistyped"),
        ("select customer_id　from rfm", "42703", "", "half-width"),
        ("select * from rmf", "42P01", 'there is no table "rmf"', 'did you mean "rfm"?'),
        ('select * from "RFM"', "42P01", 'there is no table "RFM"', 'did you mean "rfm"?'),
        ("select * from nayose.rfm", "42P01", 'there is no table "nayose.rfm"', "schema public"),
        ("select costumer_id from rfm", "42703", "column costumer_id does not exist", "did you mean rfm.customer_id?"),
        ("select r.montary from rfm r", "42703", "column does not exist", "a table's alias may have a column's name"),
        ('select * from rfm where customer_id = "C-1"', "42703", "column C-1 does not exist", "single quotes"),
        ("select date_trunc(month, last_purchase_at) from rfm", "42703", "column month", "date_trunc('month', …)"),
        ("select customer_id, count(*) from interaction", "42803", "must appear in the GROUP BY clause", ""),
        ("select customer_id from golden_customer join rfm r on true", "42702", "customer_id is ambiguous", "alias"),
        ("select datediff(now(), now())", "42883", "function datediff does not exist", "cast(a as date)"),
        ("select avg(customer_id) from rfm", "42883", "function avg(text) does not exist", "cast(x as numeric)"),
        ("select * from rfm where last_purchase_at > 20260101", "42883", "timestamp with time zone > bigint", "'2026-04-01'"),
        ("select top 10 * from rfm", "0A000", "TOP is not supported", "LIMIT 10"),
        ("select count(*), count(*) from rfm", "42701", "the same expression and no name", "as again"),
        ("select " + "1+" * 1001 + "1", "54001", "1001 operators", "several statements"),
        ("select to_char(last_purchase_at, 'Month') from rfm", "0A000", "to_char has no template", "FMMonth"),
    ]:
        with pytest.raises(psycopg.Error) as raised:
            connection.execute(sql)
        said = raised.value.diag
        assert (raised.value.sqlstate, message in said.message_primary) == (code, True), (sql, said.message_primary)
        assert hint in (said.message_hint or ""), (sql, said.message_hint)
    with pytest.raises(psycopg.Error) as raised:
        connection.execute("select *\nform rfm")
    assert raised.value.diag.statement_position == "15"


def test_a_month_is_written_by_a_template_of_postgres(connection):
    sql = "select to_char(last_purchase_at, 'YYYY-MM'), date_trunc('month', last_purchase_at) from rfm"
    rows = connection.execute(sql).fetchall()
    assert rows and all(text == month.strftime("%Y-%m") for text, month in rows)


def test_a_query_within_the_columns_of_another_is_no_null(server, connection):
    sql = (
        "select g.customer_id, (select count(*) from interaction i where i.customer_id = g.customer_id) as n"
        " from golden_customer g order by n desc, 1 limit 3"
    )
    rows = connection.execute(sql).fetchall()
    assert rows == [(r["customer_id"], r["n"]) for r in told(server, sql)] and rows[0][1] > 1


def test_no_error_holds_a_value_of_a_row(connection):
    names = [r[0] for r in connection.execute("select family_name from golden_customer where family_name is not null limit 5")]
    with pytest.raises(psycopg.Error) as raised:
        connection.execute("select cast(family_name as int) from golden_customer where family_name is not null")
    assert not any(name in str(raised.value) for name in names), str(raised.value)


# --- runs and transactions ----------------------------------------------------------------------------------------------------


def newest_of(connection):
    return connection.execute("select max(run_number) from run").fetchone()[0]


def test_a_transaction_keeps_its_run_and_the_next_statement_has_the_new_one():
    with served() as server:
        with psycopg.connect(server.dsn()) as held, psycopg.connect(server.dsn(), autocommit=True) as free:
            before = newest_of(held)
            held.execute("select count(*) from rfm", prepare=True)
            run("run", "pipelines/retail/pipeline.yaml", "--lake", server.lake, "--as-of", "2026-04-02")
            # Within a second on an idle machine.
            until = time.time() + 20
            while newest_of(free) == before and time.time() < until:
                time.sleep(0.2)
            assert newest_of(free) == before + 1, "taken up without a new connection"
            assert newest_of(held) == before, "the transaction keeps its run"
            held.commit()
            assert newest_of(held) == before + 1
            assert held.execute("select count(*) from rfm", prepare=True).fetchone()[0] > 0, "planned again"


def test_a_transaction_that_failed_waits_for_its_end(server):
    with psycopg.connect(server.dsn()) as connection:
        assert fails(connection, "select 1 / 0") == "22012"
        assert fails(connection, "select 1") == "25P02"
        connection.rollback()
        assert connection.execute("select 1").fetchone() == (1,)


# --- limits -------------------------------------------------------------------------------------------------------------------

SLOW = "select count(*) from ledger a cross join ledger b cross join ledger c where a.match_weight + b.match_weight > c.match_weight"


def test_a_statement_that_takes_too_long_is_stopped_while_it_computes(connection):
    connection.execute("set statement_timeout = '1s'")
    began = time.monotonic()
    assert fails(connection, SLOW) == "57014"
    assert time.monotonic() - began < 5
    connection.execute("set statement_timeout = 0")
    assert connection.execute("show statement_timeout").fetchone() == ("120000ms",), "no more than the server gives"


def test_a_client_can_cancel(connection):
    threading.Timer(1, connection.cancel).start()
    began = time.monotonic()
    assert fails(connection, SLOW) == "57014"
    assert time.monotonic() - began < 5
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_heavy_statement_starves_no_other_client():
    heavy = "select a.*, b.* from interaction a join interaction b on a.channel = b.channel order by a.amount, b.amount limit 5"
    with served() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as one, psycopg.connect(server.dsn(), autocommit=True) as other:

            def runs():
                with contextlib.suppress(psycopg.Error):
                    one.execute(heavy)

            asks = threading.Thread(target=runs)
            asks.start()
            time.sleep(1)
            before = time.monotonic()
            assert other.execute("select 1").fetchone() == (1,)
            waited = time.monotonic() - before
            one.cancel_safe()
            asks.join(60)
    # It waited for seconds, as long as steps of the join kept the two threads that both had.
    assert waited < 3, waited


def test_a_query_that_wants_too_much_memory_fails_and_others_go_on():
    with served("--pg-memory", "384MiB") as server:
        with psycopg.connect(server.dsn(), autocommit=True) as greedy, psycopg.connect(server.dsn(), autocommit=True) as other:
            # One group: nothing that could be spilled.
            sql = "select length(array_to_string(array_agg(x.a), '')) from (select concat(a.record_id, b.record_id, c.record_id) as a from source_record a cross join source_record b cross join (select record_id from source_record limit 50) c) x"
            with pytest.raises(psycopg.Error) as raised:
                greedy.execute(sql)
            assert raised.value.sqlstate == "53200", raised.value
            assert "ceiling" in raised.value.diag.message_hint
            assert other.execute("select count(*) from rfm").fetchone()[0] > 0
            assert greedy.execute("select 1").fetchone() == (1,)


MANY = "generate_series(1, 20000) as t(n)"


def peak(server):
    """The most memory that the process ever had, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


@pytest.mark.parametrize(
    "sql",
    [
        "select repeat('x', 1000000000)",
        "select length(repeat('x', 2000000000))",
        f"select max(length(repeat(cast(n as text), 100000))) from {MANY}",
        "select lpad('x', 2000000000, 'y')",
        "select replace(repeat('a', 1000000), 'a', repeat('b', 1000))",
        "select regexp_replace(repeat('a', 1000000), 'a', repeat('b', 1000), 'g')",
        "select cardinality(array_repeat('x', 1000000000))",
        "select cardinality(range(1, 1000000000))",
        f"select max(length(s || s)) from (select s || s as s from (select s || s as s from (select repeat(n || '', 2000) as s from {MANY})))",
        f"select max(length(concat(s, s, s, s))) from (select repeat(n || '', 2000) as s from {MANY})",
        f"select count(*) from (select n, repeat('x', 1000000) as s from {MANY}) where length(s || n) > 3",
        f"select max(length(a.s)) from (select string_agg(n || '', ',') as s from {MANY}) a cross join {MANY}",
        f"select max(cardinality(l)) from (select array_agg(n) over (order by n) as l from {MANY})",
        "select max(length(s)) from (select unnest(range(1, 1000000)), repeat('x', 1000000) as s)",
        "select max(c) from (select n, count(*) over () as c from generate_series(1, 100000000) as t(n))",
        "select length(array_to_string(array_agg(x), '')) from (select repeat('y', 20000) as x from generate_series(1, 100000))",
    ],
)
def test_no_statement_has_more_memory_than_it_may(bounded, sql):
    with psycopg.connect(bounded.dsn(), autocommit=True) as greedy:
        with pytest.raises(psycopg.Error) as raised:
            greedy.execute(sql)
        assert raised.value.sqlstate == "53200", raised.value
        assert "out of memory" in raised.value.diag.message_primary and "--pg-memory" in raised.value.diag.message_hint
        assert greedy.execute("select 1").fetchone() == (1,)
    # The program with its dictionaries, and one statement at a time.
    assert peak(bounded) < 384 + 512, sql


def test_a_fetch_brings_no_more_than_a_step(bounded):
    with psycopg.connect(bounded.dsn()) as connection:
        connection.execute("declare c cursor for select n, repeat(n || '', 1000) from generate_series(1, 100000) as t(n)")
        assert len(connection.execute("fetch 1000 from c").fetchall()) == 1000
        with pytest.raises(psycopg.Error) as raised:
            connection.execute("fetch all from c")
        assert raised.value.sqlstate == "53200" and "FETCH 10000" in raised.value.diag.message_hint


@pytest.fixture(scope="module")
def bounded():
    with served("--pg-memory", "512MiB") as server:
        yield server


def test_one_connection_too_many_is_told_so():
    with served("--pg-connections", "2") as server:
        kept = [psycopg.connect(server.dsn()) for _ in range(2)]
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            psycopg.connect(server.dsn())
        kept.pop().close()
        time.sleep(0.5)
        psycopg.connect(server.dsn()).close()


def test_a_silent_connection_is_closed():
    with served("--pg-idle", "1") as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            time.sleep(2.5)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")


def test_garbage_ends_a_connection_and_nothing_else(server, connection):
    import socket

    for garbage in (b"GET / HTTP/1.0\r\n\r\n", bytes(64), b"\xff" * 4096, b"\x00\x00\x00\x08\x04\xd2\x16\x2f" + b"Q" * 100):
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.settimeout(5)
            s.sendall(garbage)
            s.shutdown(socket.SHUT_WR)
            try:
                while s.recv(4096):
                    pass
            except OSError:
                pass
    assert connection.execute("select 1").fetchone() == (1,)


# --- types --------------------------------------------------------------------------------------------------------------------


def as_told(value):
    """A value of a driver as JSON of `nayose sql` has it."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list):
        return [as_told(v) for v in value]
    return value


def as_driver(value, like):
    if isinstance(like, datetime.datetime) and isinstance(value, str):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(datetime.timezone.utc)
    if isinstance(like, list) and isinstance(value, list):
        return [as_driver(v, l) for v, l in zip(value, like)] if value else value
    if isinstance(like, float) and value is not None:
        return float(value)
    return value


def without_nulls(value):
    """`nayose sql --format json` leaves out what is null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    return value


TABLES = ["golden_customer", "source_record", "id_map", "interaction", "ledger", "rfm", "ltv", "consent", "run", "id_event", "reject"]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("table", TABLES)
def test_every_value_reaches_a_client_as_nayose_sql_says(server, connection, table, binary):
    key = connection.execute(
        "select string_agg(column_name, ', ' order by ordinal_position) from information_schema.key_column_usage"
        " where table_name = %s and position_in_unique_constraint is null",
        [table],
    ).fetchone()[0]
    sql = f"select * from {table} order by {key} limit 200"
    cursor = connection.cursor(binary=binary, row_factory=psycopg.rows.dict_row)
    rows = cursor.execute(sql).fetchall()
    expected = told(server, sql)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected):
        for name, value in row.items():
            value = as_told(value)
            assert without_nulls(value) == without_nulls(as_driver(wanted.get(name), value)), (table, name)


def test_types_are_those_of_postgres(connection):
    types = {c.name: c.type_code for c in connection.execute("select * from golden_customer limit 0").description}
    assert types["customer_id"] == 25 and types["emails"] == 1009 and types["birth_date"] == 1082
    assert types["first_seen"] == 1184
    assert connection.execute("select monetary from rfm limit 0").description[0].type_code == 1700


def test_times_by_templates_of_postgres_are_of_the_pipelines_zone(connection):
    sql = "select to_timestamp('2026-04-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US'), to_date('2026-04-01', 'YYYY-MM-DD')"
    time, date = connection.execute(sql).fetchone()
    assert (time.isoformat(), date.isoformat()) == ("2026-04-01T00:00:00+09:00", "2026-04-01")


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_parameters_of_all_kinds_are_bound_by_the_server(connection, binary):
    form = "%b" if binary else "%t"
    one = connection.execute("select customer_id, monetary, last_purchase_at, frequency from rfm order by 1 limit 1").fetchone()
    for column, value in zip(("customer_id", "monetary", "last_purchase_at", "frequency"), one):
        sql = f"select count(*) from rfm where {column} = {form}"
        assert connection.execute(sql, [value]).fetchone()[0] >= 1, column
    assert connection.execute(f"select count(*) from rfm where customer_id = {form}", [None]).fetchone() == (0,)
    assert connection.execute(f"select {form}::int + 1", [41]).fetchone() == (42,)
    ids = [one[0], "x"]
    assert connection.execute("select count(*) from rfm where customer_id = any(%s)", [ids]).fetchone() == (1,)


def test_a_named_cursor_reads_a_table_in_pieces(server):
    with psycopg.connect(server.dsn()) as connection:
        total = connection.execute("select count(*) from ledger").fetchone()[0]
        with connection.cursor(name="pieces") as cursor:
            cursor.itersize = 500
            cursor.execute("select * from ledger")
            assert sum(1 for _ in cursor) == total


def test_resolve_customer_is_there(server, connection):
    one = connection.execute("select customer_id from golden_customer limit 1").fetchone()[0]
    assert connection.execute("select resolve_customer(%s)", [one]).fetchone() == (one,)
    assert connection.execute("select resolve_customer('nobody')").fetchone() == (None,)
    # As word processors write it.
    for dash in "−‐–—－ー":
        assert connection.execute("select resolve_customer(%s)", [one.replace("-", dash)]).fetchone() == (one,), dash


# --- the analyst's profile ----------------------------------------------------------------------------------------------------


def test_without_its_key_the_profile_names_the_variable():
    with served(key="") as server:
        psycopg.connect(server.dsn()).close()
        with pytest.raises(psycopg.OperationalError) as raised:
            psycopg.connect(server.dsn("ana", "analyst"))
        said = str(raised.value)
        assert "needs NAYOSE_PROFILE_KEY" in said and "set NAYOSE_PROFILE_KEY in the environment" in said, said


def test_the_analyst_reaches_the_profile_and_nothing_below(server):
    with psycopg.connect(server.dsn("ana", "analyst"), autocommit=True) as analyst:
        tables = {r[0] for r in analyst.execute("select table_name from information_schema.tables")}
        assert "golden_customer" in tables and not tables & {"source_record", "id_map", "ledger", "run"}
        columns = {r[0] for r in analyst.execute("select column_name from information_schema.columns")}
        assert "age_band" in columns and not columns & {"birth_date", "emails", "phones", "family_name"}
        sql = "select customer_id, age_band from golden_customer order by customer_id limit 5"
        expected = told_of_profile(server, sql)
        assert [dict(zip(("customer_id", "age_band"), row)) for row in analyst.execute(sql)] == expected
        for table in ("source_record", "nayose.public.golden_customer", "datafusion.public.golden_customer"):
            assert fails(analyst, f"select * from {table}") == "42P01"
        assert fails(analyst, "explain select * from golden_customer") == "42501"
        assert fails(analyst, "explain analyze select * from golden_customer") == "42501"
        assert fails(analyst, "select resolve_customer('x')") == "42883"
        assert fails(analyst, "select input_file_name() from golden_customer") == "42883"
        catalogue = "".join(str(r) for r in analyst.execute("select * from pg_catalog.pg_description"))
        assert "メール" not in catalogue and str(server.lake) not in catalogue


def told_of_profile(server, sql):
    out = run(
        "sql", "--lake", server.lake, "--format", "json", "--profile", "analyst", "--purpose", "churn", sql,
        env={**os.environ, "NAYOSE_PROFILE_KEY": KEY},
    )
    rows = [json.loads(line) for line in out.splitlines()]
    return [{"customer_id": r["customer_id"], "age_band": r.get("age_band")} for r in rows]


# --- SQLAlchemy and npm -------------------------------------------------------------------------------------------------------


def test_sqlalchemy_reflects_tables_columns_comments_and_keys(server):
    engine = sqlalchemy.create_engine(server.url())
    inspector = sqlalchemy.inspect(engine)
    assert {"golden_customer", "rfm", "id_map"} <= set(inspector.get_table_names())
    assert inspector.get_schema_names() == ["information_schema", "public"]
    assert inspector.get_view_names() == []
    columns = {c["name"]: c for c in inspector.get_columns("golden_customer")}
    assert columns["customer_id"]["comment"] == "統合顧客ID / unified customer id"
    assert columns["customer_id"]["nullable"] is False and columns["birth_date"]["nullable"] is True
    assert isinstance(columns["emails"]["type"], sqlalchemy.ARRAY)
    assert isinstance(columns["first_seen"]["type"], sqlalchemy.DateTime)
    assert isinstance({c["name"]: c for c in inspector.get_columns("rfm")}["monetary"]["type"], sqlalchemy.Numeric)
    assert inspector.get_pk_constraint("golden_customer")["constrained_columns"] == ["customer_id"]
    assert inspector.get_pk_constraint("consent")["constrained_columns"] == ["customer_id", "purpose", "contact"]
    (key,) = inspector.get_foreign_keys("rfm")
    assert (key["constrained_columns"], key["referred_table"], key["referred_columns"]) == (
        ["customer_id"],
        "golden_customer",
        ["customer_id"],
    )
    assert "統合顧客" in inspector.get_table_comment("golden_customer")["text"]
    inspector.get_indexes("rfm")
    inspector.get_unique_constraints("rfm")
    inspector.get_check_constraints("rfm")
    metadata = sqlalchemy.MetaData()
    rfm = sqlalchemy.Table("rfm", metadata, autoload_with=engine)
    with engine.connect() as connection:
        query = sqlalchemy.select(sqlalchemy.func.count()).where(rfm.c.monetary > 0)
        assert connection.execute(query).scalar() > 0


def test_a_reference_leads_to_a_customer(server, connection):
    references = connection.execute(
        "select distinct table_name from information_schema.table_constraints where constraint_type = 'FOREIGN KEY'"
    ).fetchall()
    assert references
    for (table,) in references:
        lost = f"select count(*) from {table} t left join golden_customer g on g.customer_id = t.customer_id where t.customer_id is not null and g.customer_id is null"
        assert connection.execute(lost).fetchone() == (0,), table


def test_npm_pg_reads_rows_parameters_and_prepared_statements(server):
    done = subprocess.run(
        ["node", str(HERE / "pg.mjs"), f"postgresql://bi:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{server.port}/nayose"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    one = told(server, "select customer_id, emails, first_seen from golden_customer where cardinality(emails) > 0 order by 1 limit 1")[0]
    assert said["one"]["customer_id"] == one["customer_id"] and said["one"]["emails"] == one["emails"]
    assert said["prepared"] == [1, 1] and said["code"] == "25006" and said["struct"] == "object"
