"""The marts of customers, contacts and triggers over rows made by chance: ties, moments on the edge of a window, leap days, shared units, merges.

In: the pipeline's own `.sql` files, run by DataFusion's Python package of nayose's version. Out: the checks of `marts_customer.py`,
`marts_trigger.py`, `marts_profile.py` and `marts_gift.py` on them. The sample has few of these corners; all times here are multiples of six hours.
"""

import pathlib
import random
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute
from datafusion import SessionConfig, SessionContext

import consents
import marts_customer
import marts_gift
import marts_profile
import marts_trigger
from marts import parameters

RETAIL = pathlib.Path(__file__).parents[2] / "pipelines/retail"
ZONE = marts_customer.ZONE
DAY = timedelta(days=1)
TEXT, TIME, AMOUNT, TEXTS = pa.string(), pa.timestamp("us", "Asia/Tokyo"), pa.decimal128(20, 4), pa.list_(pa.string())
FACT = {name: TEXT for name in """channel event_id customer_id record_id event_type transaction_id store_id item_id item_name category detail
    occurred_at_offset status coupon_id receipt_id medium campaign arm visitor_id account_id corporate_number serial_number staff reason recipient""".split()}
FACT |= {name: AMOUNT for name in "unit_price amount discount points_used shipping_charged shipping_cost tax".split()}
FACT |= {"occurred_at": TIME, "valid_until": TIME, "bought_on": pa.date32(), "quantity": pa.float64(), "score": pa.float64()}
TYPES = {
    "interaction": FACT,
    "golden_customer": {"customer_id": TEXT, "household_id": TEXT, "sex": TEXT, "birth_date": pa.date32(), "prefecture": TEXT, "channels": TEXTS, "records": pa.int32()},
    "id_map": {"channel": TEXT, "record_id": TEXT, "customer_id": TEXT, "valid_from": TIME, "valid_to": TIME},
    "id_event": {"customer_id": TEXT, "event": TEXT, "counterpart": TEXT, "reason": TEXT, "valid_from": TIME},
    "consent_by_record": {"customer_id": TEXT, "purpose": TEXT, "contact": TEXT, "status": TEXT, "channel": TEXT, "record_id": TEXT, "stated_at": TIME,
                          "holds": pa.bool_(), "contact_points": TEXTS},
    "source_record": {"channel": TEXT, "record_id": TEXT, "emails": TEXTS, "phones": TEXTS},
    "product": {"item_id": TEXT, "item_name": TEXT, "category_path": TEXT, "cost": AMOUNT, "launched_on": pa.date32(), "role": TEXT},
    "medium_spend": {"medium": TEXT, "month": pa.date32(), "amount": AMOUNT},
    "identity_at_threshold": {"threshold": pa.float64(), "channel": TEXT, "record_id": TEXT, "person": pa.int64()},
    "previous_trigger_told": {"rule": TEXT, "event": TEXT, "customer_id": TEXT, "due_at": TIME, "told_at": TIME},
}
# The time of the run: the day after the 28th of February that stands for the 29th, a leap day, an end of a month.
ENDS = [datetime(2026, 3, 1, 3, tzinfo=ZONE), datetime(2024, 2, 29, 21, tzinfo=ZONE), datetime(2025, 8, 31, 9, tzinfo=ZONE)]
PEOPLE = 120


def chance(end):
    """The tables of a lake."""
    r = random.Random(int(end.timestamp()))
    sixth = timedelta(hours=6)
    moment = lambda days=700: end - sixth * r.randrange(4 * days)
    edge = lambda: end - DAY * r.choice([0, 1, 7, 8, 10, 14, 17, 30, 90, 120, 180, 365])
    at = lambda: edge() if r.random() < 0.3 else moment()
    person = lambda i: f"c{i:03}"
    of = {name: [] for name in TYPES}

    def fact(channel, kind, i, when, **more):
        known = i is not None
        row = dict(channel=channel, event_id=f"{kind[:2]}{len(of['interaction']):05}", event_type=kind, occurred_at=when)
        of["interaction"].append(row | dict(customer_id=person(i) if known else None, record_id=f"R{i}" if known else None) | more)
        return of["interaction"][-1]

    for i in range(PEOPLE):
        born = date(1980, 2, 29) if i % 9 == 0 else date(1948, 5, 2) if i % 9 == 1 else date(1950, 1, 1) + DAY * r.randrange(20000) if i % 9 < 8 else None
        of["golden_customer"].append(dict(customer_id=person(i), household_id=f"h{i // 2}", sex="female", birth_date=born, prefecture=["東京都", None][i % 2], channels=["shop"], records=2))
        # Of every second one the first record comes before those of the customer with whom it is merged.
        for channel, record in (("shop", f"R{i}"), ("app", f"R{i}"), *([("app", f"A{i}")] if i % 2 else [])):
            of["id_map"].append(dict(channel=channel, record_id=record, customer_id=person(i), valid_from=end - 900 * DAY))
        # Some come back on the very day from which they are dormant.
        for n, when in enumerate([end, end - 180 * DAY] if i % 15 == 7 else [at() for _ in range(r.choice([0, 1, 2, 3, 6]))]):
            # Tills repeat numbers: some customers have those of others, also of one with whom they are merged.
            order = f"T{n}" if i % 10 in (2, 3) else f"O{i}-{n}"
            for item in r.sample(range(12), r.choice([1, 1, 2, 3])):
                fact("shop", "purchase", i, when, transaction_id=order, item_id=f"I{item}", quantity=1.0, amount=Decimal(r.choice([0, 500, 900])),
                     status=r.choice([None, None, None, "cancelled"]), discount=r.choice([None, Decimal(50)]), tax=Decimal(10))
        for n in range(3 if i % 20 == 0 else 0):
            fact("app", "app_event", i, end - DAY, category="purchase", item_id="I1", amount=Decimal(100))
        for n in range(r.choice([0, 0, 9])):
            fact("app", "app_event", i, end - sixth * r.randrange(44), category="cart", item_id="I2")
        for n in range(r.choice([0, 0, 0, 8]) if i % 2 else 0):
            when = r.choice([edge(), moment(200)])
            ticket = fact("support", "ticket", r.choice([i, i, i, None]), when, category=r.choice(["クレーム", "返品", None]),
                          staff=r.choice(["佐藤", None]), item_id=r.choice(["I0", "I11", None]))
            for _ in range(r.choice([0, 1, 2])):
                fact("support", "ticket_reply", None, ticket["occurred_at"] + sixth * r.randrange(9), transaction_id=ticket["event_id"])
        for n in range(r.choice([0, 2, 5])):
            kind = r.choice(["grant", "grant", "grant", "use", "expire", "adjust"])
            amount = Decimal(r.choice([50, 100, 300])) * (-1 if kind in ("use", "expire") else r.choice([1, -1]) if kind == "adjust" else 1)
            when = at()
            until = r.choice([when + 365 * DAY, end + DAY * r.choice([0, 30, 60, 90]), None]) if kind == "grant" else None
            fact("pointcard", "point", i, when, category=kind, account_id=r.choice([f"A{i}", f"A{i // 2}", None]), amount=amount, valid_until=until)
        for n in range(r.choice([0, 1, 4])):
            kind = r.choice(["joined", "rank", "rank", "withdrawn"])
            fact("shop", "membership", i - i % 2, at(), record_id=f"R{i}", category=kind, reason="x" if kind == "withdrawn" else None,
                 status=r.choice(["silver", "gold"]) if kind == "rank" else None)
        # At one time a withdrawal is the last word, whatever its number.
        for kind in ("withdrawn", "joined") if i % 10 == 3 else ():
            fact("shop", "membership", i - i % 2, end - 40 * DAY, record_id=f"R{i}", category=kind)
        if i % 3 == 0:
            fact("shop", "registration", i, at(), item_id=f"I{i % 2}", serial_number=r.choice(["S1", "S2", None]),
                 bought_on=r.choice([date(2024, 1, 1) + DAY * i, None]))
        for n in range(r.choice([0, 1, 2]) if i % 2 else 0):
            start, contract = at(), f"K{i}-{n}"
            fact("shop", "contract", i, start, category="start", account_id=contract, amount=Decimal(900))
            if r.random() < 0.6:
                fact("shop", "contract", i, start + DAY, category="end", account_id=contract, valid_until=r.choice([None, end, end + 9 * DAY]))
        for n in range(r.choice([0, 4])):
            when, visit = at(), f"W{i}-{n}"
            for kind in ("visit", "login", "cart"):
                fact("app", "web_visit", i if kind == "login" else None, when, category=kind, visitor_id=f"v{i}", transaction_id=visit)
            # Some look at a page after the cart; of these, some order before that.
            if n % 2:
                fact("app", "web_visit", None, when + 2 * sixth, category="view", visitor_id=f"v{i}", transaction_id=visit)
            if n % 4 == 1:
                fact("shop", "purchase", i, when + sixth, transaction_id=f"OW{i}-{n}", item_id="I1", quantity=1.0, amount=Decimal(500),
                     status=None, tax=Decimal(10))
        refused = []
        for n in range(r.choice([0, 3])):
            send = fact("shop", "message", i, at(), category="sent", medium=["email", "sms", None][i % 3], campaign="a")
            send["transaction_id"] = send["event_id"]
            for kind in r.sample(["opened", "clicked", "unsubscribed", "blocked"], 2):
                # Some tools know the day alone.
                answered = r.choice([send["occurred_at"] + sixth, (send["occurred_at"] + DAY).replace(hour=0)])
                fact("shop", "message", i, answered, category=kind, medium=send["medium"], transaction_id=send["event_id"])
                refused += [answered] if kind in ("unsubscribed", "blocked") else []
        mails = r.sample([f"a{i}@example.com", f"shared{i % 7}@example.com", f"b{i}@docomo.ne.jp"], r.choice([1, 2, 3]))
        # Days alone, moments of one day, no times, times to come; the same addresses under several records, and others.
        day = end.replace(hour=0) - DAY * r.randrange(300)
        close = lambda: day + sixth * r.choice([0, 1, 2, 3, 4, 4, 8])
        stated = lambda: r.choice([max(refused), max(refused) + sixth, close()]) if refused and i % 4 == 0 else r.choice(
            [close(), close(), close(), moment(), end + DAY]) if i % 11 else None
        own = f"b{i}@docomo.ne.jp"
        for channel, record, points in (("shop", f"R{i}", mails), ("app", f"R{i}", [own, mails[0]][:r.choice([0, 1, 2])]), ("app", f"B{i}", r.choice([mails, [own], None]))):
            if record == f"B{i}" and i % 3:
                continue
            of["source_record"].append(dict(channel=channel, record_id=record, emails=points, phones=["+819012345678"]))
            for contact, to in (("email", points), ("sms", ["+819012345678"]), ("push", None)):
                if r.random() < 0.6:
                    status = r.choice(["granted", "granted", "granted", "denied", "unknown"])
                    of["consent_by_record"].append(dict(customer_id=person(i), purpose="marketing", contact=contact, status=status, channel=channel,
                                                        record_id=record, contact_points=to, stated_at=stated()))
    for i in range(12):
        of["id_event"].append(dict(customer_id=f"old{i}", event="merged", counterpart=person(i), reason="changed value", valid_from=end - DAY))
        for j, channel in [(i, "shop"), (i + i % 2, "app"), (i + i % 3, "shop")]:
            row = dict(channel=channel, record_id=f"R{j}", customer_id=f"old{i}", valid_from=end - 90 * DAY, valid_to=end - DAY)
            if row not in of["id_map"]:
                of["id_map"].append(row)
    # Gifts and coupons by draws of their own: to a customer of this or another household, to the buyer's other number, to a number that is no record.
    r2 = random.Random(1)
    for f in [f for f in of["interaction"] if f["event_type"] == "purchase" and r2.random() < 0.4]:
        f["recipient"] = r2.choice([f["record_id"], f"R{r2.randrange(PEOPLE)}", f"R{int(f['record_id'][1:]) ^ 1}", f"G{r2.randrange(30)}"])
        f["status"] = "returned" if f["status"] is None and r2.random() < 0.1 else f["status"]
        f["coupon_id"] = r2.choice([None, None, f"K{r2.randrange(6)}", f"N{r2.randrange(40)}"])
    for n in range(80):
        i, coupon, when = r2.choice([*range(40), None]), r2.choice([f"K{r2.randrange(6)}", f"N{r2.randrange(40)}"]), end - sixth * r2.randrange(4 * 200)
        until = when + DAY * r2.choice([10, 120]) if coupon[0] == "N" or n % 3 else None
        campaign = {"K": f"配布{coupon[1:]}", "N": None}[coupon[0]]
        fact("shop", "coupon", i, when, category="issued", coupon_id=coupon, campaign=campaign, valid_until=until)
        if n % 4 == 0:
            fact("shop", "coupon", i, when + DAY, category="used", coupon_id=coupon, campaign=campaign, transaction_id=r2.choice([None, f"O{i}-0"]))
    # Log-ins of contracts, more of one than of another: the scores of a customer's contracts differ.
    for contract in sorted({f["account_id"] for f in of["interaction"] if f["event_type"] == "contract"}):
        for n in range(r2.choice([0, 1, 5])):
            fact("shop", "engagement", int(contract[1:].split("-")[0]), end - sixth * r2.randrange(360), category="login", account_id=contract)
    of["product"] = [dict(item_id=f"I{n}", item_name=f"品{n}", category_path=["食品 > 米", "飲料", None][n % 3], cost=Decimal(100)) for n in range(11)]
    of["medium_spend"] = [dict(medium="search", month=date(2025, 1, 1), amount=Decimal(0))]
    of["consent_by_record"] = consents.with_holds(of["consent_by_record"], end)
    # What lies after the run's time is not known yet.
    of["interaction"] = [f for f in of["interaction"] if f["occurred_at"] <= end or r.random() < 0.5]
    return {name: pa.table({c: pa.array([row.get(c) for row in of[name]], kind) for c, kind in types.items()}) for name, types in TYPES.items()}


def queries():
    """The marts by name, without comments."""
    files = [*RETAIL.glob("marts/*.sql"), *RETAIL.glob("crm/*.sql")]
    # `previous` is a schema of a run; here its tables have names of their own.
    return {f.stem: re.sub(r"\bprevious\.(\w+)", r"previous_\1", re.sub(r"--.*", "", f.read_text())) for f in files}


def made(tables, end, wanted):
    """A DuckDB connection with these tables and the marts wanted, and the names of all marts made."""
    settings = {"execution.time_zone": "Asia/Tokyo", "execution.parquet.schema_force_view_types": "false",
                "sql_parser.map_string_types_to_utf8view": "false", "execution.target_partitions": "2"}
    config = SessionConfig()
    for name, value in settings.items():
        config = config.set(f"datafusion.{name}", value)
    engine, con, sql = SessionContext(config), duckdb.connect(), queries()
    con.execute("set timezone = 'Asia/Tokyo'")
    values = dict(parameters(RETAIL / "pipeline.yaml"))
    instant = f"arrow_cast('{end.isoformat()}', 'Timestamp(Microsecond, Some(\"Asia/Tokyo\"))')"
    done = set()

    def keep(name, table):
        engine.from_arrow(table, name=name)
        con.register(f"arrow_{name}", table)
        con.execute(f'create table "{name}" as select * from "arrow_{name}"')
        done.add(name)

    def make(name):
        if name in done:
            return
        for read in re.findall(r"\b(?:from|join)\s+(\w+)", sql[name]):
            if read in sql and read != name and not re.search(rf"\b{read}\s+as\s+\(", sql[name]):
                make(read)
        value = lambda found: instant if found[1] == "as_of" else f"cast({values[found[1]]} as double)"
        keep(name, engine.sql(re.sub(r"\$(\w+)", value, sql[name])).to_arrow_table())

    for name, table in tables.items():
        keep(name, table)
    keep("this_run", pa.table({"as_of": pa.array([end], TIME)}))
    keep("parameters", pa.table({"name": list(values), "value": [float(value) for value in values.values()]}))
    for name in wanted:
        make(name)
    return con, done


def check_every_mart_over_chance(_con, _marts):
    """Every mart of these modules, at three times."""
    modules = (marts_customer, marts_trigger, marts_profile, marts_gift)
    wanted = {check.__name__.removeprefix("check_") for module in modules for check in module.CHECKS} & queries().keys()
    for end in ENDS:
        con, done = made(chance(end), end, wanted)
        for mart in wanted:
            assert con.execute(f'select count(*) from "{mart}"').fetchall()[0][0] > 0, f"{mart} has no row: the chance rows do not test it"
        for module in modules:
            for check in module.CHECKS:
                check(con, done)


def merged(table):
    """The rows after every second customer was merged into the one before."""
    if "customer_id" not in table.column_names:
        return table
    one = lambda c: c if c is None or not c.startswith("c") else f"c{int(c[1:]) // 2 * 2:03}"
    ids = pa.array([one(c) for c in table["customer_id"].to_pylist()], TEXT)
    return table.set_column(table.column_names.index("customer_id"), "customer_id", ids)


def worlds(end):
    """The tables as they are, after every second customer was merged into the one before a day and more before the end, and after they were split again."""
    tables = chance(end)
    after = {name: merged(table) for name, table in tables.items()}
    after["golden_customer"] = after["golden_customer"].filter(
        pa.array([int(c[1:]) % 2 == 0 for c in tables["golden_customer"]["customer_id"].to_pylist()]))
    # The ids of before are kept as history.
    first = [row for row in tables["id_map"].to_pylist() if row["valid_to"] is None]
    others = [row for row in tables["id_map"].to_pylist() if row["valid_to"] is not None]
    one = lambda row: f"c{int(row['customer_id'][1:]) // 2 * 2:03}"
    ended = [dict(row, valid_to=end - 2 * DAY) for row in first if one(row) != row["customer_id"]]
    joined = [dict(row, customer_id=one(row), valid_from=end - 2 * DAY) if one(row) != row["customer_id"] else row for row in first]
    parted = [dict(row, valid_to=end + DAY) for row in joined if row["valid_from"] == end - 2 * DAY]
    again = [dict(row, valid_from=end + DAY) if one(row) != row["customer_id"] else row for row in first]
    ids = lambda rows: pa.Table.from_pylist(rows, tables["id_map"].schema)
    split = dict(tables, id_map=ids(others + ended + parted + again))
    after["id_map"] = ids(others + ended + joined)
    return tables, after, split


def check_each_trigger_is_told_once_over_runs(_con, _marts):
    """A first run, one the day after, two days without any, one after every second customer was merged, the same again, the next day, and the day
    after that, on which they are split again."""
    due = "select rule, event, epoch_us(due_at) as due_at, epoch_us(told_at) as told_at, due_now from trigger_due where due_at <= (select as_of from this_run)"
    people = "select rule, customer_id, event from trigger_due where due_now and rule in ('birthday', 'nth_visit') and epoch_us(told_at) = (select epoch_us(as_of) from this_run)"
    for end in ENDS:
        tables, after, split = worlds(end)
        told, runs, seen = TYPES["previous_trigger_told"], [], set()
        told = pa.Table.from_pylist([], pa.schema(list(told.items())))
        for days, world in ((5, tables), (4, tables), (1, after), (1, after), (0, after), (-1, split)):
            lake = dict(world, previous_trigger_told=told)
            con, done = made(lake, end - days * DAY, ["trigger_told"])
            marts_trigger.check_trigger_due(con, done)
            marts_trigger.check_trigger_told(con, done)
            told = con.sql("select * from trigger_told order by rule, event").to_arrow_table().cast(told.schema)
            runs.append({(r, e): at for r, e, _, at, now in con.execute(due).fetchall() if now})
            # A person is told a birthday once, and an n-th visit, also as one with somebody else, and alone again.
            if len(runs) != 4:
                of_one = [0, 1] if world is after else [0]
                asked = [row for row in con.execute(people).fetchall() if world is not split or row[0] == "birthday"]
                now = {(rule, int(c[1:]) + more, e[-4:] if rule == "birthday" else "") for rule, c, e in asked for more in of_one}
                assert not now & seen, f"trigger_due: told to somebody who was told: {sorted(now & seen)[:3]}"
                seen |= now
            untold = [key for key in con.execute(due).fetchall() if key[3] is None]
            assert not untold, f"trigger_due: due and told in no run: {untold[:3]}"
        first, second, third, again, fourth, last = runs
        assert all(runs), "no trigger was due: the chance rows do not test it"
        assert third == again, "trigger_due: a run made again as of the same time says something else"
        keys = [key for run in (first, second, third, fourth, last) for key in run]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"trigger_due: due now in two runs: {sorted(twice)[:3]}"
        # Two days without a run lose nothing.
        late = (end - 3 * DAY).timestamp() * 1e6
        con, _ = made(dict(after, previous_trigger_told=told), end, ["trigger_due"])
        assert any(at < late for _, _, at, _, _ in con.execute(due).fetchall()), "nothing fell due in a day without a run"


def put(table, column, values, kind=TEXT):
    return table.set_column(table.column_names.index(column), column, pa.array(values, kind))


def check_two_customers_under_one_number_are_two_checkouts(_con, _marts):
    """A number of customer a comes again with b, who was not there in the first run; then they are merged, and split again. Times are days of March."""
    day = lambda n: datetime(2026, 3, n, 12, tzinfo=ZONE)
    till = lambda i, n: dict(channel="till", event_id=f"E{i}", record_id=f"R{i}", customer_id=f"c{i}", event_type="purchase", occurred_at=day(n),
                             transaction_id="0001", item_id="I1", quantity=1.0, amount=Decimal(500))
    ids = [dict(channel="till", record_id=f"R{i}", customer_id=f"c{i}", valid_from=day(1), valid_to=None) for i in (1, 2)]
    merged = [ids[0], dict(ids[1], valid_to=day(17)), dict(ids[1], customer_id="c1", valid_from=day(17))]
    split = [ids[0], dict(ids[1], valid_to=day(17)), dict(ids[1], customer_id="c1", valid_from=day(17), valid_to=day(19)), dict(ids[1], valid_from=day(19))]
    one = [till(1, 5), dict(till(2, 6), customer_id="c1")]
    # Told as channel/number, as the runs of older versions did; told by none.
    for before, first in (([], {("till/0001/R1", "c1")}), ([dict(rule="after_purchase", event="till/0001", customer_id="c1", due_at=day(15), told_at=day(15))], set())):
        told, found = before, []
        for now, facts, known in ((15, [till(1, 5)], ids), (16, [till(1, 5), till(2, 6)], ids), (18, one, merged), (20, [till(1, 5), till(2, 6)], split)):
            of = dict.fromkeys(TYPES, []) | {"interaction": facts, "id_map": known, "previous_trigger_told": told}
            of["golden_customer"] = [dict(customer_id=c, household_id=c, channels=["till"], records=1) for c in sorted({f["customer_id"] for f in facts})]
            tables = {name: pa.Table.from_pylist(of[name], pa.schema(list(types.items()))) for name, types in TYPES.items()}
            con, _ = made(tables, day(now) + timedelta(hours=1), ["trigger_told"])
            rows = con.execute("select rule, event, customer_id, due_now from trigger_due").fetchall()
            assert len({row[:2] for row in rows}) == len(rows), f"trigger_due has a key twice: {rows}"
            found.append({(event, customer) for rule, event, customer, due_now in rows if rule == "after_purchase" and due_now})
            told = con.sql("select * from trigger_told").to_arrow_table().to_pylist()
        assert found == [first, {("till/0001/R2", "c2")}, set(), set()], f"told by run: {found}"


def check_an_order_within_a_visit_is_no_cart_that_was_left(_con, _marts):
    """A cart at 10:05, an order at 10:10, a page at 10:12. Who puts something into the cart at 10:11 left that."""
    at = lambda minute: datetime(2026, 3, 5, 10, minute, tzinfo=ZONE)
    due = {}
    for minutes in ([5], [5, 11]):
        hit = lambda minute, kind: dict(channel="web", event_id=f"{kind}{minute}", event_type="web_visit", occurred_at=at(minute), transaction_id="V",
                                        category=kind, visitor_id="v")
        facts = [dict(hit(0, "login"), record_id="R1", customer_id="c1"), *(hit(m, "cart") for m in minutes), hit(12, "view"),
                 dict(channel="web", event_id="E", record_id="R1", customer_id="c1", event_type="purchase", occurred_at=at(10), amount=Decimal(500))]
        of = dict.fromkeys(TYPES, []) | {"interaction": facts, "golden_customer": [dict(customer_id="c1", household_id="c1", channels=["web"], records=1)],
                                         "id_map": [dict(channel="web", record_id="R1", customer_id="c1", valid_from=at(0), valid_to=None)]}
        tables = {name: pa.Table.from_pylist(of[name], pa.schema(list(types.items()))) for name, types in TYPES.items()}
        con, _ = made(tables, at(0) + 3 * DAY, ["trigger_due"])
        due[tuple(minutes)] = marts_customer.rows(con, "select event, event_at, due_at from trigger_due where rule = 'cart_left'")
    assert due == {(5,): [], (5, 11): [dict(event="web/V", event_at=at(11), due_at=at(11) + DAY)]}, due


CHECKS = [check_every_mart_over_chance, check_each_trigger_is_told_once_over_runs, check_two_customers_under_one_number_are_two_checkouts,
          check_an_order_within_a_visit_is_no_cart_that_was_left]
