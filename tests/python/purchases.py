"""Purchases and their items by the rule of docs/marts.md, in plain Python: what the checks of marts are computed from.

In: a DuckDB connection with `interaction`, `product` and `this_run`. Out: lists of dictionaries, kept for each connection.
"""

import functools
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from marts import rows

# The zone of the pipelines that are checked. Japan has no summer time.
JAPAN = timezone(timedelta(hours=9))
NOUGHT = Decimal(0)
_made = {}


def once(function):
    """A function of a connection that is computed once for each."""

    def kept(con):
        key = (id(con), function.__name__)
        if key not in _made:
            _made[key] = (con, function(con))
        return _made[key][1]

    return kept


def day_of(microseconds):
    """The day in Japan of a time."""
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)).astimezone(JAPAN).date()


@functools.cache
def month_of(day):
    """The first day of a day's month."""
    return day.replace(day=1)


@functools.cache
def plus_months(month, more):
    """The first day of a month before or after."""
    place = month.year * 12 + month.month - 1 + more
    return date(place // 12, place % 12 + 1, 1)


def last_day(month):
    """The last day of a month."""
    return plus_months(month, 1) - timedelta(days=1)


@once
def as_of(con):
    """The time of the run in microseconds."""
    return con.execute("select epoch_us(as_of) from this_run").fetchall()[0][0]


@once
def products(con):
    """The product master by item."""
    return {row["item_id"]: row for row in rows(con, "select * from product")}


@once
def sale_lines(con):
    """Lines of orders, card sales, card returns and purchases in the app, up to the time of the run."""
    found = rows(con, "select * from interaction where event_type in ('purchase', 'card_use', 'app_event')")
    kinds = {("card_use", "sale"), ("card_use", "return"), ("app_event", "purchase")}
    lines = []
    for line in found:
        if line["event_type"] != "purchase" and (line["event_type"], line["category"]) not in kinds:
            continue
        if line["occurred_at"] is None or line["occurred_at"] > as_of(con):
            continue
        line["purchase"] = line["transaction_id"] if line["transaction_id"] is not None else line["event_id"]
        line["is_card_return"] = line["event_type"] == "card_use" and line["category"] == "return"
        line["is_back"] = line["is_card_return"] or (line["amount"] is not None and line["amount"] < 0)
        lines.append(line)
    return lines


@once
def stays(con):
    """Of a receipt that several checkouts of known customers share: whether the one that stays has items, and its name."""
    of = defaultdict(dict)
    for line in sale_lines(con):
        if line["receipt_id"] is None or line["customer_id"] is None or line["is_back"]:
            continue
        name = f"{line['channel']} {line['purchase']}"
        of[line["receipt_id"]][name] = of[line["receipt_id"]].get(name, False) or line["item_id"] is not None
    return {
        receipt: min((not has_items, name) for name, has_items in names.items()) for receipt, names in of.items() if len(names) > 1
    }


def _counts(line):
    return line["status"] not in ("cancelled", "provisional")


def _is_void(line):
    return line["status"] == "returned" and (line["amount"] is None or line["amount"] >= 0)


@once
def sales_of_receipts(con):
    """Of a receipt with a sale: which checkout is its purchase, its lines, and whether other checkouts share the receipt."""
    lines_of = defaultdict(lambda: defaultdict(list))
    for line in sale_lines(con):
        if line["receipt_id"] is not None and line["customer_id"] is not None and not line["is_back"]:
            lines_of[line["receipt_id"]][line["channel"], line["purchase"]].append(line)
    found = {}
    for receipt, checkouts in lines_of.items():
        # With items first, then the first by channel and number.
        checkout = min(checkouts, key=lambda c: (all(line["item_id"] is None for line in checkouts[c]), f"{c[0]} {c[1]}"))
        found[receipt] = (checkout, checkouts[checkout], len(checkouts) > 1)
    return found


@once
def sales_that_came_back(con):
    """Of a checkout in which something came back, by customer, channel and number: the sale that its receipt names, if any, and whether what
    it tells counts. It does not where the sale itself tells it."""
    receipts = defaultdict(list)
    for line in sale_lines(con):
        if line["customer_id"] is not None and line["is_back"] and _counts(line):
            receipts[line["customer_id"], line["channel"], line["purchase"]] += [line["receipt_id"]] if line["receipt_id"] is not None else []
    named, told_in = {}, defaultdict(set)
    for back, of in receipts.items():
        checkout, lines, is_shared = sales_of_receipts(con).get(min(of, default=None), (None, [], False))
        # A sale of one checkout alone has to be the customer's, and another than what came back.
        if checkout and not is_shared and (min(line["customer_id"] for line in lines) != back[0] or checkout == back[1:]):
            checkout, lines = None, []
        named[back] = (checkout, lines)
        told_in[checkout or back[1:]].add(back[1])
    found = {}
    for back, (checkout, lines) in named.items():
        standing = [_counts(line) and line["status"] != "returned" for line in lines]
        is_twice = checkout is not None and back[1] != checkout[0] and (not all(standing) or checkout[0] in told_in[checkout])
        found[back] = (checkout, checkout is None or any(standing) and not is_twice)
    return found


@once
def purchases(con):
    """Every purchase of a known customer, in order of customer and number."""
    checkouts = defaultdict(list)
    for line in sale_lines(con):
        if line["customer_id"] is None or not _counts(line):
            continue
        stay = stays(con).get(line["receipt_id"])
        if stay and not line["is_back"] and stay[1] != f"{line['channel']} {line['purchase']}":
            continue
        checkouts[line["customer_id"], line["channel"], line["purchase"]].append(line)
    bought = defaultdict(list)
    returned = []
    for (customer, channel, purchase), lines in checkouts.items():
        times = [line["occurred_at"] for line in lines if not line["is_back"] and not _is_void(line)]
        if times:
            bought[customer].append({"channel": channel, "purchase": purchase, "at": max(times), "lines": lines, "back": []})
        elif any(line["is_back"] for line in lines):
            returned.append((customer, max(line["occurred_at"] for line in lines if line["is_back"]), lines))
    for customer, at, lines in returned:
        checkout, counts = sales_that_came_back(con)[customer, lines[0]["channel"], lines[0]["purchase"]]
        if not counts:
            continue
        own = [one for one in bought.get(customer, []) if (one["channel"], one["purchase"]) == checkout]
        if own:
            own[0]["back"].extend(lines)
            continue
        before = [one for one in bought.get(customer, []) if one["at"] <= at]
        if before:
            max(before, key=lambda one: (one["at"], one["channel"], one["purchase"]))["back"].extend(lines)
    made = []
    for customer in sorted(bought):
        ordered = sorted(bought[customer], key=lambda one: (one["at"], one["channel"], one["purchase"]))
        for place, one in enumerate(ordered):
            row = _summed(con, one)
            row["customer_id"], row["number"] = customer, place + 1
            row["since"] = (day_of(one["at"]) - day_of(ordered[place - 1]["at"])).days if place else None
            row["next_at"] = ordered[place + 1]["at"] if place + 1 < len(ordered) else None
            made.append(row)
    return made


def _summed(con, one):
    """A purchase with the sums over its lines."""
    sums = defaultdict(lambda: None)

    def add(column, value):
        if value is not None:
            sums[column] = (sums[column] or NOUGHT) + value

    cost_known, coupon = True, False
    for line in one["lines"] + one["back"]:
        sign = 0 if _is_void(line) else -1 if line["is_back"] else 1
        for column in ("amount", "tax", "discount", "points_used"):
            value = line[column]
            if sign == 0:
                add(column, NOUGHT)
            elif value is not None:
                add(column, -abs(value) if sign < 0 else value)
        add("shipping_charged", line["shipping_charged"])
        add("shipping_cost", line["shipping_cost"])
        each = products(con).get(line["item_id"], {}).get("cost")
        quantity = Decimal(str(1 if line["quantity"] is None else line["quantity"]))
        if sign > 0:
            coupon = coupon or line["coupon_id"] is not None or (line["discount"] is not None and line["discount"] > 0)
            cost_known = cost_known and each is not None
            add("cost", each * quantity if each is not None else None)
        elif sign < 0:
            add("cost", -each * abs(quantity) if each is not None else NOUGHT)
        else:
            add("cost", NOUGHT)
    amount = sums["amount"] or NOUGHT
    net = None
    if sums["tax"] is not None or amount == 0:
        net = amount - (sums["discount"] or 0) - (sums["points_used"] or 0) - (sums["tax"] or 0)
    cost = sums["cost"] if cost_known else None
    own = [line for line in one["lines"] if line not in one["back"]]
    return {
        "channel": one["channel"],
        "purchase": one["purchase"],
        "record_id": min(line["record_id"] for line in own),
        "at": one["at"],
        "day": day_of(one["at"]),
        "store_id": min((line["store_id"] for line in own if line["store_id"] is not None), default=None),
        "medium": min((line["medium"] for line in own if line["medium"] is not None), default=None),
        "amount": amount,
        "discount": sums["discount"],
        "points_used": sums["points_used"],
        "tax": sums["tax"],
        "shipping_charged": sums["shipping_charged"],
        "shipping_cost": sums["shipping_cost"],
        "cost": cost,
        "net": net,
        "profit": None if cost is None or net is None else net - cost - (sums["shipping_cost"] or 0),
        "coupon": coupon,
    }


@once
def by_customer(con):
    """The purchases of each customer in order of number."""
    found = defaultdict(list)
    for one in purchases(con):
        found[one["customer_id"]].append(one)
    return dict(found)


@once
def items(con):
    """Every item of a purchase, also of nobody known."""
    grouped = defaultdict(list)
    for line in sale_lines(con):
        if line["item_id"] is None or line["is_card_return"] or not _counts(line) or line["status"] == "returned":
            continue
        stay = stays(con).get(line["receipt_id"])
        if stay and not line["is_back"] and not stay[0] and stay[1] != f"{line['channel']} {line['purchase']}":
            continue
        grouped[line["customer_id"], line["channel"], line["purchase"], line["item_id"]].append(line)
    made = []
    for (customer, channel, purchase, item), lines in grouped.items():
        times = [line["occurred_at"] for line in lines if not line["is_back"]]
        if not times:
            continue
        of = products(con).get(item, {})
        names = [line["item_name"] for line in lines if line["item_name"] is not None]
        made.append(
            {
                "customer_id": customer,
                "channel": channel,
                "purchase": purchase,
                "item_id": item,
                "item_name": of.get("item_name") or max(names, default=None),
                "at": max(times),
                "day": day_of(max(times)),
                "store_id": max((line["store_id"] for line in lines if line["store_id"] is not None), default=None),
                "amount": sum((line["amount"] or NOUGHT for line in lines), NOUGHT),
                "role": of.get("role"),
            }
        )
    return made


@once
def first_items(con):
    """The item of the largest amount in each customer's first purchase."""
    found = {}
    firsts = {c: (own[0]["channel"], own[0]["purchase"]) for c, own in by_customer(con).items()}
    for item in items(con):
        customer = item["customer_id"]
        if firsts.get(customer) == (item["channel"], item["purchase"]):
            place = (-item["amount"], item["item_id"])
            found[customer] = min(found.get(customer, place), place)
    return {customer: place[1] for customer, place in found.items()}
