"""The marts of campaigns, visits, contracts, stages and health over chance rows: ties, leap days, ends of months, shared devices, unknown records.

In: the pipeline's own `.sql` files, run by DataFusion's Python package of nayose's version over small tables made by chance. Out: the checks of
marts_campaign.py and marts_contract.py on them. The sample has none of these corners; one month of chance rows has them all.
"""

import pathlib
import random
import re
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
from datafusion import SessionConfig, SessionContext

import consents
import marts_campaign
import marts_contract

RETAIL = pathlib.Path(__file__).parents[2] / "pipelines/retail"
ZONE = marts_campaign.ZONE
TIME = pa.timestamp("us", "Asia/Tokyo")
AMOUNT = pa.decimal128(20, 4)
DAY = timedelta(days=1)
MARTS = (*marts_campaign.MARTS, "ad_audience")
TYPES = {name: pa.string() for name in """channel event_id customer_id record_id event_type transaction_id store_id item_id item_name category detail
    occurred_at_offset status coupon_id receipt_id medium campaign arm visitor_id account_id corporate_number serial_number staff reason recipient""".split()}
TYPES |= {name: AMOUNT for name in "unit_price amount discount points_used shipping_charged shipping_cost tax".split()}
TYPES |= {"occurred_at": TIME, "valid_until": TIME, "bought_on": pa.date32(), "quantity": pa.float64(), "score": pa.float64()}
# More find nothing more: every slip that was tried in the marts is found by these.
SEEDS = range(8)


def table(rows, types):
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()})


def chance(seed):
    """Tables of a lake, and its time."""
    r = random.Random(seed)
    end = datetime.combine(r.choice([date(2024, 2, 29), date(2025, 3, 31), date(2025, 4, 1), date(2026, 2, 15)]), datetime.max.time(), ZONE)
    back = [0, 1, 6, 7, 8, 29, 30, 31, 60, 89, 90, 91, 179, 180, 181, 364, 365, 366, 400]
    moment = lambda: end - timedelta(days=r.choice(back), microseconds=r.choice([0, 0, 1, 999_999, 40_000_000_000]))
    people, records = [f"P{i:02}" for i in range(24)], []
    for person in people:
        for channel in r.choices(["shop", "app", "shop"], k=r.choice([1, 1, 2, 3])):
            records.append((channel, f"R{len(records):03}", person))
    records.append(("shop", "R-nobody", None))
    rows = []

    def add(event_type, record=None, at=None, **more):
        channel, record_id, person = record or ("app", None, None)
        rows.append({"channel": channel, "event_id": f"E{r.randrange(10**6):06}-{len(rows)}", "record_id": record_id, "customer_id": person,
                     "event_type": event_type, "occurred_at": at or moment(), **more})

    some = lambda n: [r.choice(records) for _ in range(n)]
    for record in some(90):
        add("purchase", record, transaction_id=r.choice([None, f"O{r.randrange(60)}-{record[1]}"]), item_id="1",
            amount=Decimal(r.choice([0, 500, 500, 1000, -300])),
            status=r.choice([None, None, "confirmed", "cancelled", "returned"]))
    for record in some(25):
        add("app_event", record, category=r.choice(["purchase", "app_open", "product_view", None]), amount=Decimal(300))
    for k in range(150):
        record, send, at, arms = r.choice(records), f"S{k}", moment(), r.choice([["treatment", "control"], ["a", "b", "control"], ["x", "y"], [None]])
        kw = {"campaign": r.choice([f"c{len(arms)}", f"c{len(arms)}", None]) if arms != ["x", "y"] else "cxy", "medium": r.choice(["email", "line", None])}
        arm = r.choice(arms) if r.random() < 0.9 else None
        if r.random() < 0.9:
            add("message", record, at, category="sent", transaction_id=send, arm=arm, **kw)
        for kind in ("opened", "opened", "clicked", "converted", "unsubscribed", "blocked"):
            if r.random() < 0.25:
                add("message", record, min(end, at + timedelta(days=r.choice([0, 1, 7, 40]))), category=kind, transaction_id=send, arm=arm, **kw)
        # Numbers of sends come again: a conversion before the send is that of another; some have one after it too.
        for days in {0: [-1], 1: [-1, 1], 2: [0]}.get(k % 9, []):
            add("message", record, min(end, at + days * DAY), category="converted", transaction_id=send, arm=arm, **kw)
    for k in range(70):
        at, visitor, medium = moment(), r.choice([None, "v1", "v2", "v3", "v4", "v5", "v6"]), r.choice(["search", "sns", None])
        kw = {"visitor_id": visitor, "transaction_id": f"W{k}", "medium": medium}
        for _ in range(r.choice([1, 1, 2, 4])):
            kind = r.choice(["visit", "view", "cart", "login"])
            near = min(end, at + timedelta(minutes=r.choice([0, 0, 5])))
            # Some tools name the member on every hit.
            names = kind == "login" or kind == "cart" and k % 5 == 0
            member = r.choice([x for x in records if x[0] == "app"] + [("app", "R-unknown", None)]) if names and kw["visitor_id"] != "v6" else None
            add("web_visit", member, near, category="view" if kind == "login" and member is None else kind, **kw)
    for k in range(20):
        owner, at, company = r.choice(records), moment(), r.choice([None, None, "1" * 13, "2" * 13])
        for kind in ["start"] + r.choices(["change", "end", "start"], k=r.choice([0, 1, 2, 3])):
            add("contract", owner, at, category=kind, account_id=f"K{k}", corporate_number=company,
                amount=r.choice([None, Decimal(0), Decimal(980), Decimal(1980)]),
                reason=r.choice([None, "価格"]) if kind == "end" else None, valid_until=r.choice([None, at + timedelta(days=40), at - DAY]))
            at = min(end, at + timedelta(days=r.choice([0, 10, 31, 90])))
    for record in some(160):
        kind = r.choice(["login", "login", "entry", "event", "survey", "survey", "referral", "meeting", "training", "admin", "voice", "community"])
        add("engagement", record, category=kind, account_id=r.choice([None, None, f"K{r.randrange(22)}"]), quantity=r.choice([None, 3.0, 12.5]),
            score=r.choice([None, 0.0, 6.0, 7.0, 8.0, 9.0, 10.0]) if kind == "survey" else None)
    for record in some(20):
        add("ticket", record, category="その他")
        add("registration", record, item_id="1")
    for record in some(40):
        add("membership", record, category=r.choice(["joined", "rank", "withdrawn"]), status="gold")
    # A first purchase in the moment of a visit, and an answer in the moment at which the window of the stages begins.
    exact = ("app", "R-exact", "P-exact")
    for k, n in enumerate((50, 40)):
        add("web_visit", exact, end - n * DAY, category="login", visitor_id="v-exact", transaction_id=f"X{k}")
    add("purchase", exact, end - 40 * DAY, item_id="1", amount=Decimal(700))
    add("message", exact, end - marts_campaign.parameter("stage_days") * DAY, category="opened", transaction_id="S-exact")
    # A send that is just old enough, and a purchase in the first moment after its days.
    sent = end - marts_campaign.parameter("conversion_days") * DAY
    for k, arm in enumerate(("treatment", "control")):
        record = ("app", f"R-sent-{k}", f"P-sent-{k}")
        add("message", record, sent, category="sent", transaction_id=f"S-sent-{k}", campaign="exact", arm=arm)
        add("purchase", record, end, item_id="1", amount=Decimal(700))
    # Purchases in the moment of something else.
    for row in r.sample(rows, 60):
        add("purchase", r.choice(records[:6]), row["occurred_at"], item_id="1", amount=Decimal(700))
    # What comes after the run's time is seen by nothing.
    for row in r.sample(rows, 30):
        later = {"event_id": row["event_id"] + "-later", "transaction_id": r.choice([row.get("transaction_id"), None])}
        rows.append({**row, **later, "occurred_at": end + timedelta(microseconds=1)})
    # Nothing of some of these is mapped.
    if seed % 4 == 2:
        rows = [row for row in rows if row["event_type"] not in ("message", "app_event")]
    if seed % 4 == 3:
        without = {("engagement", "admin"), ("engagement", "login"), ("web_visit", "cart"), ("message", "blocked"), ("app_event", "app_open")}
        rows = [row for row in rows if row["event_type"] not in ("membership", "ticket") and (row["event_type"], row.get("category")) not in without]
    # Facts of the kind are mapped, and none of the categories of a stage.
    unread = {1: {("engagement", "referral")}, 4: {("engagement", c) for c in ("entry", "event", "survey", "community", "voice")},
              5: {("message", "opened"), ("message", "clicked")}, 7: {("engagement", "referral")}}
    rows = [row for row in rows if (row["event_type"], row.get("category")) not in unread.get(seed, ())]
    if seed == 0:
        rows = [{**row, "category": "news"} if row["event_type"] == "membership" else row for row in rows]
    ids = [{"channel": c, "record_id": i, "customer_id": p, "household_id": p, "valid_from": moment(), "valid_to": None, "confidence": 1.0}
           for c, i, p in records if p]
    # Some were somebody else before.
    ids += [{**row, "customer_id": r.choice(people), "valid_from": end - timedelta(days=500), "valid_to": row["valid_from"]} for row in r.sample(ids, 15)]
    points = ["A.b+c@Gmail.com", "ab@gmail.com", "x.y+z@example.com", "q@googlemail.com", "+819012345678", "+81344057597", " ",
              *(f"u.{k}+x@gmail.com" for k in range(30)), *(f"+8190000000{k}" for k in range(10, 30))]
    stated = lambda: r.choice([None, end - timedelta(days=r.randrange(3), hours=r.randrange(3)), end - timedelta(days=r.randrange(400))])
    consent = [{"customer_id": p, "purpose": r.choice(["advertising", "marketing"]), "contact": r.choice(["email", "phone", "sms", "push"]),
                "status": r.choice(["granted", "granted", "granted", "denied", "unknown"]), "channel": "shop", "record_id": f"{p}-{n}",
                "stated_at": stated(), "contact_points": r.choice([None, r.sample(points, 2)])} for n, p in enumerate(people * 3)]
    consent = consents.with_holds(consent, end)
    tables = {
        "interaction": table(rows, TYPES),
        "id_map": table(ids, {"channel": pa.string(), "record_id": pa.string(), "customer_id": pa.string(), "household_id": pa.string(),
                              "valid_from": TIME, "valid_to": TIME, "confidence": pa.float64()}),
        "consent_by_record": table(consent, {"customer_id": pa.string(), "purpose": pa.string(), "contact": pa.string(), "status": pa.string(),
                                             "channel": pa.string(), "record_id": pa.string(), "stated_at": TIME, "holds": pa.bool_(),
                                             "contact_points": pa.list_(pa.string())}),
        "product": table([], {"item_id": pa.string(), "item_name": pa.string(), "category_path": pa.string(), "cost": AMOUNT,
                              "launched_on": pa.date32(), "role": pa.string()})}
    return tables, end


def files():
    """The marts of the pipeline by name."""
    return {path.stem: path.read_text() for folder in ("marts", "crm") for path in sorted((RETAIL / folder).glob("*.sql"))}


def made(tables, end, names):
    """The marts of these names over the tables, and those that they read."""
    context = SessionContext(SessionConfig().with_target_partitions(2).set("datafusion.execution.time_zone", "Asia/Tokyo"))
    text = (RETAIL / "pipeline.yaml").read_text()
    values = {name: float(value) for name, value in re.findall(r"^  (\w+): (-?[\d.]+) *(?:#.*)?$", text[text.index("\nparameters:"):], re.M)}
    values["as_of"] = pa.scalar(end, TIME)
    queries, found = files(), dict(tables)
    for name, rows in tables.items():
        context.register_record_batches(name, [rows.to_batches() or [pa.RecordBatch.from_pylist([], rows.schema)]])

    def make(name):
        if name in found:
            return
        found[name] = None
        for other in re.findall(r"\b(?:from|join)\s+(\w+)", re.sub(r"--.*", "", queries[name])):
            if other in queries:
                make(other)
        frame = context.sql(queries[name], param_values=values)
        batches = frame.collect()
        found[name] = pa.Table.from_batches(batches, batches[0].schema if batches else frame.schema())
        context.register_record_batches(name, [found[name].to_batches() or [pa.RecordBatch.from_pylist([], found[name].schema)]])

    for name in names:
        make(name)
    return found


def lake_of(tables, end):
    """The marts over the tables, in DuckDB as `marts.py` has them."""
    lake = duckdb.connect()
    lake.execute("set timezone = 'Asia/Tokyo'")
    for name, rows in made(tables, end, MARTS).items():
        lake.register("rows", rows)
        lake.execute(f'create table "{name}" as select * from rows')
        lake.unregister("rows")
    lake.execute("create table golden_customer as select distinct customer_id from id_map")
    lake.execute("create table run as select ?::timestamptz as as_of", [end.isoformat()])
    lake.execute("create view this_run as select as_of from run")
    return lake


def check_marts_of_chance_rows(con, marts):
    for seed in SEEDS:
        lake = lake_of(*chance(seed))
        for check in marts_campaign.CHECKS + marts_contract.CHECKS:
            try:
                check(lake, MARTS)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, {check.__name__}: {error}") from error


def contract_lake(said):
    """A lake of these rows of contracts (contract, day, category, fee, until), all of one customer, and its time."""
    end, at = datetime(2026, 3, 31, 23, 59, 59, tzinfo=ZONE), lambda day: day and datetime.combine(date.fromisoformat(day), datetime.min.time(), ZONE)
    tables, _ = chance(0)
    rows = [{"channel": "shop", "event_id": f"E{n}", "record_id": "R000", "customer_id": "P00", "event_type": "contract", "occurred_at": at(day),
             "category": category, "account_id": contract, "amount": None if fee is None else Decimal(fee), "valid_until": at(until)}
            for n, (contract, day, category, fee, until) in enumerate(said)]
    return lake_of({**tables, "interaction": table(rows, TYPES)}, end)


def flow(lake, month):
    """What contract_churn says of a month: contracts, fee, started, raised, lowered, ended, fee lost."""
    return lake.execute("select contracts, fee, started, fee_raised, fee_lowered, ended, fee_ended from contract_churn where company = 'all' and month = ?",
                        [month]).fetchone()


def check_a_renewal_at_one_moment_is_no_cancellation(con, marts):
    lake = contract_lake([
        # A source that knows days alone: both in the first moment of a day. The numbers of the rows say nothing of their order.
        ("dearer", "2024-07-01", "start", 1000, None), ("dearer", "2025-07-01", "end", 0, None), ("dearer", "2025-07-01", "start", 1200, None),
        ("cheaper", "2024-07-01", "start", 1000, None), ("cheaper", "2025-07-01", "start", 700, None), ("cheaper", "2025-07-01", "end", 0, None),
        # Without a fee it stays what it was, whatever the end says.
        ("same", "2024-07-01", "start", 500, None), ("same", "2025-07-01", "end", 0, None), ("same", "2025-07-01", "start", None, None),
        # An end said before that comes in the moment of the start.
        ("foretold", "2024-07-01", "start", 300, None), ("foretold", "2025-06-20", "end", 0, "2025-07-01"), ("foretold", "2025-07-01", "start", 300, None)])
    assert flow(lake, date(2025, 7, 1)) == (4, 2700, 0, 200, 300, 0, 0), flow(lake, date(2025, 7, 1))
    assert flow(lake, date(2026, 3, 1)) == (4, 2700, 0, 0, 0, 0, 0), flow(lake, date(2026, 3, 1))
    assert lake.execute("select count(*) from contract_reason").fetchone() == (0,)
    held = lake.execute("select unit_id, fee from health_score where unit = 'contract' order by 1").fetchall()
    assert held == [("cheaper", 700), ("dearer", 1200), ("foretold", 300), ("same", 500)], held
    marts_contract.check_contract_churn(lake, MARTS)


def check_start_and_end_at_one_moment_end_a_contract_that_did_not_run(con, marts):
    lake = contract_lake([
        ("new", "2025-07-01", "end", None, None), ("new", "2025-07-01", "start", 1000, None),
        ("again", "2024-01-01", "start", 800, None), ("again", "2024-02-01", "end", None, None),
        ("again", "2025-07-01", "end", None, None), ("again", "2025-07-01", "start", 900, None)])
    assert flow(lake, date(2025, 7, 1)) == (0, 0, 2, 0, 0, 2, 1900), flow(lake, date(2025, 7, 1))


def check_a_change_does_not_start_a_contract_that_has_ended(con, marts):
    lake = contract_lake([
        # A settlement after the end, then a new start.
        ("settled", "2024-07-01", "start", 1000, None), ("settled", "2025-06-30", "end", 0, None), ("settled", "2025-07-05", "change", 400, None),
        ("settled", "2025-08-01", "start", 600, None), ("gone", "2024-07-01", "start", 50, None), ("gone", "2025-06-30", "end", 0, None),
        ("gone", "2025-07-05", "change", 50, None),
        # What is first said of it is a change: it ran before the rows begin.
        ("older", "2025-05-01", "change", 90, None), ("older", "2025-07-05", "change", 80, None)])
    assert flow(lake, date(2025, 6, 1)) == (1, 90, 0, 0, 0, 2, 1050), flow(lake, date(2025, 6, 1))
    assert flow(lake, date(2025, 7, 1)) == (1, 80, 0, 0, 10, 0, 0), flow(lake, date(2025, 7, 1))
    assert flow(lake, date(2025, 8, 1)) == (2, 680, 1, 0, 0, 0, 0), flow(lake, date(2025, 8, 1))
    held = lake.execute("select unit_id, fee from health_score where unit = 'contract' order by 1").fetchall()
    assert held == [("older", 80), ("settled", 600)], held


def small_lake(facts=(), statements=()):
    """A lake of these facts of messages and memberships, and of these statements about consent; its time is 31 March, theirs a day of it."""
    end, (tables, _) = datetime(2026, 3, 31, 12, tzinfo=ZONE), chance(0)
    at = lambda day: datetime(2026, 3, day, 12, tzinfo=ZONE)
    rows = [{"channel": "shop", "event_id": f"E{n}", "record_id": f"R-{who}", "customer_id": who, "occurred_at": at(day), **more}
            for n, (who, day, more) in enumerate(facts)]
    people = sorted({s[0] for s in statements} | {f[0] for f in facts})
    ids = [{"channel": "shop", "record_id": f"R-{p}", "customer_id": p, "household_id": p, "valid_from": at(1), "confidence": 1.0} for p in people]
    said = [dict(customer_id=who, purpose="advertising", contact=contact, status=status, channel="shop", record_id=f"R-{who}", stated_at=at(day),
                 contact_points=points) for who, contact, status, day, points in statements]
    consent = pa.Table.from_pylist(consents.with_holds(said, end), tables["consent_by_record"].schema)
    return lake_of({**tables, "interaction": table(rows, TYPES), "id_map": pa.Table.from_pylist(ids, tables["id_map"].schema), "consent_by_record": consent}, end)


def check_keys_are_of_consents_in_force_alone(con, marts):
    stopped = lambda medium, category="unsubscribed": {"event_type": "message", "category": category, "medium": medium}
    member = lambda category: {"event_type": "membership", "category": category}
    agreed = {who: (who, "email", "granted", 10, [f"{who}@example.com"]) for who in "stays unsubscribes stopped_before blocks_line blocks leaves half_leaves".split()}
    lake = small_lake(
        [("unsubscribes", 11, stopped("email")), ("stopped_before", 9, stopped("email")), ("blocks_line", 11, stopped("line", "blocked")),
         ("blocks", 11, stopped(None, "blocked")), ("leaves", 1, member("joined")), ("leaves", 11, member("withdrawn")),
         ("half_leaves", 1, member("joined")), ("half_leaves", 11, {**member("withdrawn"), "record_id": "R-other"}), ("asks", 11, stopped("sms"))],
        [*agreed.values(),
         # Who ends a consent to a mailbox ends it for whoever has it.
         ("shares", "email", "granted", 10, ["leaves@example.com", "shares@example.com"]),
         # One mailbox to Google, two to the others.
         ("dots", "email", "granted", 10, ["d.o.t@gmail.com"]), ("plus", "email", "denied", 10, ["dot+shop@gmail.com"]),
         ("asks", "phone", "granted", 10, ["+819011112222"]), ("asks", "sms", "granted", 12, ["+819011112222"]),
         ("no_sms", "phone", "granted", 10, ["+819033334444"]), ("no_sms", "sms", "denied", 10, ["+819033334444"])])
    found = defaultdict(set)
    for platform, who in lake.execute("select platform, customer_id from ad_audience").fetchall():
        found[who].add(platform)
    mail = {"google", "meta", "yahoo"}
    assert found == {"stays": mail, "stopped_before": mail, "blocks_line": mail, "half_leaves": mail, "shares": mail, "dots": {"meta", "yahoo"},
                     "asks": {"google", "meta"}}, dict(found)
    keys = {r[0] for r in lake.execute("select hash from ad_audience where customer_id = 'shares'").fetchall()}
    assert keys == {marts_campaign.sha256("shares@example.com")}, keys
    marts_campaign.check_ad_audience(lake, MARTS)


def check_a_conversion_before_its_send_is_none(con, marts):
    message = lambda send, category, arm: {"event_type": "message", "transaction_id": send, "category": category, "campaign": "c", "arm": arm}
    lake = small_lake([
        ("before", 10, message("1", "sent", "new")), ("before", 9, message("1", "converted", "new")),
        ("twice", 10, message("2", "sent", "new")), ("twice", 9, message("2", "converted", "new")), ("twice", 11, message("2", "converted", "new")),
        ("at_once", 10, message("3", "sent", "control")), ("at_once", 10, message("3", "converted", "control"))])
    found = lake.execute("select conversions, conversions_control, records, records_control, uplift, uplift_by_record from campaign_effect where segment_by = 'all'").fetchall()
    assert found == [(1, 1, 2, 1, -0.5, -0.5)], found
    marts_campaign.check_campaign_effect(lake, MARTS)


CHECKS = [check_marts_of_chance_rows, check_keys_are_of_consents_in_force_alone, check_a_conversion_before_its_send_is_none,
          check_a_renewal_at_one_moment_is_no_cancellation,
          check_start_and_end_at_one_moment_end_a_contract_that_did_not_run, check_a_change_does_not_start_a_contract_that_has_ended]
