"""Purchases, RFM, deciles and product registrations over rows made by hand, with what is expected written down, and by chance.

In: the pipeline's own `.sql` files over the tables that `marts_customer_edges.py` describes. Out: the values by hand, and the checks of
`marts_purchase.py` and `marts_customer.py`. Most cases are receipts that an order and a card share, of which one or both tell a return.
"""

import random
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa

import marts_customer
import marts_purchase
from marts_customer_edges import TYPES, ZONE, made

END = datetime(2026, 3, 31, 9, tzinfo=ZONE)


def tables_of(facts):
    """The tables of a lake with these facts, each with a number of its own."""
    rows = [dict(event_id=f"E{n:05}", record_id=f"R{fact['customer_id']}") | fact for n, fact in enumerate(facts)]
    of = {name: [] for name in TYPES} | {"interaction": rows}
    return {name: pa.table({c: pa.array([row.get(c) for row in of[name]], kind) for c, kind in types.items()}) for name, types in TYPES.items()}


def order(customer, at, number, yen, **more):
    """A line of an order, of an item."""
    return dict(channel="shop", event_type="purchase", customer_id=customer, occurred_at=at, transaction_id=number, amount=Decimal(yen), item_id="I1") | more


def card(customer, at, number, yen, category="sale", **more):
    """A sale or a return on a card; it has no item."""
    return dict(channel="card", event_type="card_use", customer_id=customer, occurred_at=at, transaction_id=number, amount=Decimal(yen), category=category) | more


def back(customer, at, number, yen, receipt):
    return card(customer, at, number, yen, "return", receipt_id=receipt)


def day(n):
    """A day of March, and of the months before and after."""
    return datetime(2026, 3, 1, 10, tzinfo=ZONE) + timedelta(days=n - 1)


# What happened to a customer, and the amount of each purchase.
RETURNS = {
    "a card return of a cancelled order lowers nothing": (
        lambda c: [order(c, day(1), "P1", 5000), order(c, day(2), "P2", 3300, receipt_id="X", status="cancelled"),
                   card(c, day(2), "K1", 3300, receipt_id="X"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 5000},
    ),
    "nor does that of a provisional one": (
        lambda c: [order(c, day(1), "P1", 5000), order(c, day(2), "P2", 3300, receipt_id="X", status="provisional"),
                   card(c, day(2), "K1", 3300, receipt_id="X"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 5000},
    ),
    "nor that of an order of which every line is returned": (
        lambda c: [order(c, day(1), "P1", 5000), order(c, day(2), "P2", 3300, receipt_id="X", status="returned"),
                   card(c, day(2), "K1", 3300, receipt_id="X"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 5000},
    ),
    "a cancelled order without a sale on the card is none either": (
        lambda c: [order(c, day(1), "P1", 5000), order(c, day(2), "P2", 3300, receipt_id="X", status="cancelled"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 5000},
    ),
    "nor does a return of the order's own channel": (
        lambda c: [order(c, day(1), "P1", 5000), order(c, day(2), "P2", 3300, receipt_id="X", status="returned"),
                   card(c, day(2), "K1", 3300, receipt_id="X"), order(c, day(3), "P3", -3300, receipt_id="X")],
        {"P1": 5000},
    ),
    "what both channels tell came back once": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"),
                   order(c, day(3), "P1", -3300, receipt_id="X", status="returned"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 0},
    ),
    "also where the order's negative line has no receipt": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"),
                   order(c, day(3), "P1", -3300), back(c, day(3), "K2", 3300, "X")],
        {"P1": 0},
    ),
    "also where the order's return has a number of its own": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"), order(c, day(2), "P2", 100),
                   order(c, day(3), "P3", -3300, receipt_id="X"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 0, "P2": 100},
    ),
    "also where one of the order's two lines is returned": (
        lambda c: [order(c, day(1), "P1", 3000, receipt_id="X"), order(c, day(1), "P1", 300, receipt_id="X", status="returned"),
                   card(c, day(1), "K1", 3300, receipt_id="X"), back(c, day(3), "K2", 300, "X")],
        {"P1": 3000},
    ),
    "also where one of them is cancelled": (
        lambda c: [order(c, day(1), "P1", 3000, receipt_id="X"), order(c, day(1), "P1", 300, receipt_id="X", status="cancelled"),
                   card(c, day(1), "K1", 3300, receipt_id="X"), back(c, day(3), "K2", 300, "X")],
        {"P1": 3000},
    ),
    "also where nothing has items, and the card sale stays": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X", item_id=None), card(c, day(1), "K1", 3300, receipt_id="X"),
                   order(c, day(3), "P1", -3300, receipt_id="X", item_id=None), back(c, day(3), "K2", 3300, "X")],
        {"K1": 0},
    ),
    "a cancelled return in the order is none, and the card's counts": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"),
                   order(c, day(3), "P1", -3300, receipt_id="X", status="cancelled"), back(c, day(3), "K2", 3300, "X")],
        {"P1": 0},
    ),
    "two returns of one channel are two": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"), order(c, day(2), "P2", 100),
                   order(c, day(3), "P1", -1000, receipt_id="X"), order(c, day(4), "P3", -500, receipt_id="X"),
                   back(c, day(3), "K2", 1000, "X"), back(c, day(4), "K3", 500, "X")],
        {"P1": 1800, "P2": 100},
    ),
    "a return that the card alone tells lowers the order of its receipt, and not the purchase before it": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"), order(c, day(2), "P2", 100),
                   back(c, day(3), "K2", 1000, "X"), back(c, day(4), "K3", 500, "X")],
        {"P1": 1800, "P2": 100},
    ),
    "so does one of a receipt that no other checkout has": (
        lambda c: [order(c, day(1), "P5", 5000, receipt_id="X"), order(c, day(2), "P6", 1000), back(c, day(3), "K2", 5000, "X")],
        {"P5": 0, "P6": 1000},
    ),
    "one in the number of the card sale lowers the order too": (
        lambda c: [order(c, day(1), "P1", 3300, receipt_id="X"), card(c, day(1), "K1", 3300, receipt_id="X"), order(c, day(2), "P2", 100),
                   back(c, day(3), "K1", 1000, "X")],
        {"P1": 2300, "P2": 100},
    ),
    "one of a receipt that no sale has lowers the purchase before it": (
        lambda c: [order(c, day(1), "P5", 5000, receipt_id="X"), order(c, day(2), "P6", 1000), back(c, day(3), "K2", 300, "Y")],
        {"P5": 5000, "P6": 700},
    ),
    "a return with a receipt of its own does so too, whatever else it says": (
        lambda c: [order(c, day(1), "P1", 5000), order(c, day(2), "P2", -300, receipt_id="X"), order(c, day(2), "P2", 0, receipt_id="X", status="returned")],
        {"P1": 4700},
    ),
    "a negative line of a purchase lowers that, whatever receipt it names": (
        lambda c: [order(c, day(1), "P1", 5000, receipt_id="X"), order(c, day(2), "P2", 1000, receipt_id="Y"), order(c, day(2), "P2", -300, receipt_id="X")],
        {"P1": 5000, "P2": 700},
    ),
    "the receipt of somebody else's only sale says nothing": (
        lambda c: [order(f"{c} other", day(1), "P1", 5000, receipt_id="X"), order(c, day(1), "P2", 1000), back(c, day(3), "K2", 300, "X")],
        {"P1": 5000, "P2": 700},
    ),
    "nor where it is cancelled": (
        lambda c: [order(f"{c} other", day(1), "P1", 5000, receipt_id="X", status="cancelled"), order(c, day(1), "P2", 1000), back(c, day(3), "K2", 300, "X")],
        {"P2": 700},
    ),
    "but a card sale and its return are none where somebody else's order of that receipt is cancelled": (
        lambda c: [order(f"{c} other", day(2), "P1", 3300, receipt_id="X", status="cancelled"), card(c, day(2), "K1", 3300, receipt_id="X"),
                   order(c, day(1), "P2", 5000), back(c, day(3), "K2", 3300, "X")],
        {"P2": 5000},
    ),
}


def check_what_came_back_lowers_the_purchase_of_its_receipt_once(_con, _marts):
    # Numbers and receipts are each case's own.
    facts = []
    for n, (of, _) in enumerate(RETURNS.values()):
        for fact in of(f"c{n:02}"):
            named = {key: f"{n:02} {fact[key]}" for key in ("transaction_id", "receipt_id") if fact.get(key)}
            facts.append(fact | named)
    con, done = made(tables_of(facts), END, ["purchase"])
    found = {purchase: amount for purchase, amount in con.execute("select purchase, amount from purchase").fetchall()}
    wrong = []
    for n, (case, (_, want)) in enumerate(RETURNS.items()):
        own = {purchase[3:]: int(amount) for purchase, amount in found.items() if purchase[:2] == f"{n:02}"}
        if own != want:
            wrong.append(f"{case}: {own}, not {want}")
    assert not wrong, "purchase: " + "\n  ".join(wrong)
    marts_purchase.check_purchase(con, done)


def check_purchases_with_receipts_by_chance(_con, _marts):
    """Few customers, numbers and receipts, so that most of them meet."""
    for seed in range(12):
        r, facts = random.Random(seed), []
        for _ in range(400):
            customer = f"c{r.randrange(40)}"
            n, at = f"{customer}-{r.randrange(5)}", day(-r.randrange(90)) + timedelta(hours=r.choice([0, 0, 6]))
            more = dict(receipt_id=r.choice([None, f"X{n}", f"X{n}", f"X{customer}-{r.randrange(5)}"] + ([f"X{r.randrange(9)}"] if seed % 3 == 0 else [])),
                        status=r.choice([None, None, None, "cancelled", "returned", "provisional"]))
            yen = r.choice([0, 500, 1000, 1000])
            if r.random() < 0.55:
                facts.append(order(customer, at, f"P{n}", yen * r.choice([1, 1, 1, -1]), item_id=r.choice(["I1", "I1", None]), **more))
            else:
                facts.append(card(customer, at, f"K{n}", yen, r.choice(["sale", "sale", "return"]), receipt_id=more["receipt_id"]))
        con, done = made(tables_of(facts), END, ["purchase", "rfm", "decile"])
        for check in (marts_purchase.check_purchase, marts_purchase.check_rfm, marts_purchase.check_decile):
            check(con, done)


def check_shares_of_deciles_are_0_to_1_where_more_came_back_than_was_paid(_con, _marts):
    # Nine buyers of 1,000 yen and three of whom 2,000 came back of 500: the groups have two, two, and one each.
    facts = [order(f"c{n:02}", day(1), f"P{n}", 1000) for n in range(9)]
    for n in range(9, 12):
        facts += [order(f"c{n:02}", day(1), f"P{n}", 500), order(f"c{n:02}", day(2), f"P{n}", -2000)]
    con, done = made(tables_of(facts), END, ["decile"])
    found = con.execute("select amount, round(share, 6), round(cumulative_share, 6) from decile order by decile").fetchall()
    one, want = 1000 / 9000, []
    for n in [2, 2, 1, 1, 1, 1, 1]:
        want.append((1000 * n, round(n * one, 6), round((sum(w[0] for w in want) + 1000 * n) / 9000, 6)))
    want += [(-1500, 0.0, 1.0)] * 3
    assert [(int(amount), share, so_far) for amount, share, so_far in found] == want, f"decile: {found}"
    marts_purchase.check_decile(con, done)


def check_recency_counts_days_of_the_zone(_con, _marts):
    # The run is at 9:00 of March 31: the evening before is a day ago, its morning too, and the 30th of UTC is the 31st here.
    times = {"a": (2026, 3, 30, 23, 0), "b": (2026, 3, 30, 0, 0), "c": (2026, 3, 31, 0, 30), "d": (2026, 3, 31, 8, 59), "e": (2026, 3, 29, 12, 0)}
    con, done = made(tables_of([order(c, datetime(*at, tzinfo=ZONE), f"P{c}", 100) for c, at in times.items()]), END, ["rfm"])
    found = dict(con.execute("select customer_id, recency_days from rfm").fetchall())
    assert found == {"a": 1, "b": 1, "c": 0, "d": 0, "e": 2}, f"rfm.recency_days: {found}"
    marts_purchase.check_rfm(con, done)


def check_a_unit_was_bought_on_the_day_that_its_first_registration_says(_con, _marts):
    def registration(customer, at, unit, bought):
        on = datetime.strptime(bought, "%Y-%m-%d").date() if bought else None
        return dict(channel="shop", event_type="registration", customer_id=customer, occurred_at=at, item_id="I1", serial_number=unit, bought_on=on)

    facts = [
        # A later registrant says an earlier day.
        registration("a", day(1), "S1", "2024-12-31"), registration("b", day(9), "S1", "2024-01-31"),
        # The first says none. Of one time the first by event id counts.
        registration("a", day(1), "S2", None), registration("b", day(9), "S2", "2025-02-02"), registration("c", day(9), "S2", "2025-01-01"),
        registration("a", day(1), "S3", None),
    ]
    con, done = made(tables_of(facts), END, ["product_registry"])
    found = {unit: (str(bought), age) for unit, bought, age in con.execute("select unit, bought_on, age_days from product_registry").fetchall()}
    want = {"S1": ("2024-12-31", 455), "S2": ("2025-02-02", 422), "S3": ("None", 30)}
    assert found == want, f"product_registry: {found}"
    marts_customer.check_product_registry(con, done)


CHECKS = [
    check_what_came_back_lowers_the_purchase_of_its_receipt_once,
    check_purchases_with_receipts_by_chance,
    check_shares_of_deciles_are_0_to_1_where_more_came_back_than_was_paid,
    check_recency_counts_days_of_the_zone,
    check_a_unit_was_bought_on_the_day_that_its_first_registration_says,
]
