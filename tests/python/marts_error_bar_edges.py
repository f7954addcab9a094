"""Error bars over rows made by chance, with thresholds at which many are somebody else: merged, split, both.

In: the rows of `marts_customer_edges.py`, with media, trial and main items, and facts under numbers that somebody had before. Out: the check of
`marts_error_bar.py` on them. In the sample few people differ between thresholds, and most figures move by nothing.
"""

import random
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa

import marts_error_bar
from marts_customer_edges import AMOUNT, ENDS, TEXT, TIME, TYPES, chance, made, put


def doubtful(end):
    """The tables of a lake in which identity is in doubt."""
    tables, r = chance(end), random.Random(7)
    # Of some only the newest purchases are known, so that there are new buyers in every month.
    is_new = lambda f: int((f["customer_id"] or "c0")[1:]) % 4 == 1 and f["event_type"] in ("purchase", "app_event")
    facts = [f for f in tables["interaction"].to_pylist() if not is_new(f) or f["occurred_at"] > end - timedelta(days=130)]
    # Two who may be one, in the months that have just become old enough: one tries an item, the other buys the main one on the 90th day, and is the
    # only one whom a medium brings; one visits, the other does on the 30th day after.
    facts = [f for f in facts if f["customer_id"] not in ("c004", "c005") or f["event_type"] not in ("purchase", "app_event", "web_visit")]
    fresh = (end - timedelta(days=89)).replace(day=1) - timedelta(days=9)
    for who, item, at in (("4", "I0", fresh), ("5", "I1", fresh + timedelta(days=90))):
        facts.append(dict(channel="shop", event_id=f"T{who}", customer_id=f"c00{who}", record_id=f"R{who}", event_type="purchase", occurred_at=at,
                          transaction_id=f"T{who}", item_id=item, quantity=1.0, amount=Decimal(700)))
    seen = (end - timedelta(days=29)).replace(day=1) - timedelta(days=9)
    for who, at in (("4", seen), ("5", seen + timedelta(days=30))):
        facts.append(dict(channel="app", event_id=f"L{who}", customer_id=f"c00{who}", record_id=f"R{who}", event_type="web_visit", occurred_at=at,
                          category="login", visitor_id=f"of {who}"))
    tables["interaction"] = pa.Table.from_pylist(facts, tables["interaction"].schema)
    media = {f["transaction_id"]: r.choice(["search", "flyer", None]) for f in facts if f["event_type"] == "purchase"}
    media["T5"] = "post"
    tables["interaction"] = put(tables["interaction"], "medium", [media.get(f.get("transaction_id"), f.get("medium")) for f in facts])
    # Some bought long before: the rate of those who left looks back more than two years.
    earlier = {f["transaction_id"] for f in facts if f["event_type"] == "purchase" and r.random() < 0.05} - {"T4", "T5"}
    moved = [f["occurred_at"] - timedelta(days=400) if f.get("transaction_id") in earlier else f["occurred_at"] for f in facts]
    tables["interaction"] = put(tables["interaction"], "occurred_at", moved, TIME)
    # Some facts are under a number that is somebody else's today.
    given_anew = [f"R{(int(f['record_id'][1:]) + 1) % 120}" if f["record_id"] and r.random() < 0.03 else f["record_id"] for f in facts]
    tables["interaction"] = put(tables["interaction"], "record_id", given_anew)
    products = tables["product"].num_rows
    tables["product"] = put(tables["product"], "role", [["trial", "main", "trial", None][n % 4] for n in range(products)])
    months = sorted({f["occurred_at"].date().replace(day=1) for f in facts})
    spend = [(medium, month) for medium in ("search", "flyer", "post") for month in months if medium == "post" or r.random() < 0.7] + [("search", date(1999, 1, 1))]
    tables["medium_spend"] = pa.table({"medium": pa.array([m for m, _ in spend], TEXT), "month": pa.array([m for _, m in spend], pa.date32()),
                                       "amount": pa.array([Decimal(r.randrange(9000)) for _ in spend], AMOUNT)})
    # At the lower threshold pairs of customers are one, at the higher ones each record is a person, or the shop's of two are one.
    rows, records = [], [row for row in tables["id_map"].to_pylist() if row["valid_to"] is None]
    for threshold in (0.5, 0.7, 0.9):
        for row in records:
            n, app = int(row["customer_id"][1:]), row["channel"] == "app"
            if n % 4 < 2 and n % 3 != 0 or n % 12 in (0, 1):
                person = {0.5: n // 2, 0.7: 2 * n + app, 0.9: 1000 + n if app else n // 2}[threshold]
                rows.append(dict(threshold=threshold, channel=row["channel"], record_id=row["record_id"], person=person))
    tables["identity_at_threshold"] = pa.table({c: pa.array([row[c] for row in rows], k) for c, k in TYPES["identity_at_threshold"].items()})
    return tables


def check_error_bars_over_chance(_con, _marts):
    moved = set()
    for end in ENDS:
        con, done = made(doubtful(end), end, ["error_bar"])
        marts_error_bar.check_error_bar(con, done)
        moved |= {figure for figure, in con.execute("select figure from error_bar where low < high").fetchall()}
    # What is of a purchase or a contract moves with nobody.
    still = {"average_purchase", "fee_churn_rate"}
    figures = {figure for figure, in con.execute("select figure from error_bar").fetchall()}
    assert moved == figures - still, f"error_bar: these never move, and are not tested: {sorted(figures - still - moved)}"


CHECKS = [check_error_bars_over_chance]
