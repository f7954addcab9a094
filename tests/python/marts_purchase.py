"""Marts of purchases, recomputed: who bought, how often, for how much, and what they are worth."""

from collections import Counter, defaultdict
from statistics import median

from marts import parameter, rows, same
from purchases import NOUGHT, as_of, by_customer, day_of, items, month_of, purchases

# Microseconds of a year.
YEAR = 365.25 * 86400 * 1_000_000


def ratio(above, below):
    """A quotient, or nothing where the divisor is 0."""
    return float(above) / float(below) if below else None


def total(values):
    """The sum of those that are there, or nothing where none is."""
    there = [value for value in values if value is not None]
    return sum(there, NOUGHT) if there else None


def share_known(own):
    """The share of sales with a known profit, by purchases above 0 yen."""
    above = [one for one in own if one["amount"] > 0]
    return ratio(amount_of(one for one in above if one["profit"] is not None), amount_of(above))


def amount_of(own):
    return sum((one["amount"] for one in own), NOUGHT)


def fifths(values):
    """The rank 1 to 5 of each value: by the share of the others that are less."""
    ordered = sorted(values)
    first = {}
    for place, value in enumerate(ordered):
        first.setdefault(value, place)
    below = max(1, len(ordered) - 1)
    # As a double, as the engine computes it.
    return [min(5, 1 + int(5 * (first[value] / below))) for value in values]


def tenths(keys):
    """The group 1 to 10 of each key in their order; the first groups are one larger where ten does not divide."""
    size, more = divmod(len(keys), 10)
    bounds, place = [], 0
    for group in range(10):
        place += size + (1 if group < more else 0)
        bounds.append(place)
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    found = [0] * len(keys)
    for place, i in enumerate(order):
        found[i] = next(group for group, bound in enumerate(bounds, 1) if place < bound)
    return found


def check_purchase(con, marts):
    if "purchase" not in marts:
        return
    columns = "customer_id channel purchase store_id medium amount discount points_used tax shipping_charged shipping_cost cost net coupon number"
    want = [
        {column: one[column] for column in columns.split()}
        | {"occurred_at": one["at"], "days_since_previous": one["since"], "next_occurred_at": one["next_at"]}
        for one in purchases(con)
    ]
    same(con, "purchase", ["customer_id", "channel", "purchase"], want)


def check_rfm(con, marts):
    people = list(by_customer(con).items())
    last = [own[-1]["at"] for _, own in people]
    times = [len(own) for _, own in people]
    spent = [amount_of(own) for _, own in people]
    ranks = zip(fifths(last), fifths(times), fifths(spent), tenths([(-amount_of(own), c) for c, own in people]))
    want = [
        {
            "customer_id": customer,
            "last_purchase_at": at,
            "recency_days": (day_of(as_of(con)) - day_of(at)).days,
            "frequency": n,
            "monetary": yen,
            "r": r,
            "f": f,
            "m": m,
            "decile": d,
        }
        for (customer, _), at, n, yen, (r, f, m, d) in zip(people, last, times, spent, ranks)
    ]
    same(con, "rfm", ["customer_id"], want)


def check_decile(con, marts):
    people = list(by_customer(con).items())
    groups = defaultdict(list)
    for (_, own), decile in zip(people, tenths([(-amount_of(own), c) for c, own in people])):
        groups[decile].append(amount_of(own))
    # Who brought back more than they paid have no share of sales.
    paid = {decile: sum((yen for yen in group if yen > 0), NOUGHT) for decile, group in groups.items()}
    everything, so_far, want = sum(paid.values(), NOUGHT), NOUGHT, []
    for decile in sorted(groups):
        amount = sum(groups[decile], NOUGHT)
        so_far += paid[decile]
        n = len(groups[decile])
        want.append(
            {
                "decile": decile,
                "customers": n,
                "amount": amount,
                "average_amount": float(amount) / n,
                "share": ratio(paid[decile], everything) or 0.0,
                "cumulative_share": ratio(so_far, everything) or 0.0,
            }
        )
    same(con, "decile", ["decile"], want)


def check_ltv(con, marts):
    people = by_customer(con)
    brought = Counter((own[0]["medium"], month_of(own[0]["day"])) for own in people.values())
    spend = {(row["medium"], row["month"]): row["amount"] for row in rows(con, "select * from medium_spend")}
    telling = {one["channel"] for one in purchases(con) if one["coupon"]}
    want = []
    for customer, own in people.items():
        amount, came = amount_of(own), (own[0]["medium"], month_of(own[0]["day"]))
        years = max(1.0, (own[-1]["at"] - own[0]["at"]) / YEAR)
        win = float(spend[came]) / brought[came] if came in spend else parameter(con, "acquisition_cost")
        cost = win + parameter(con, "retention_cost") * years
        known = [one for one in own if one["profit"] is not None]
        profit = total(one["profit"] for one in known)
        told = [one for one in own if one["channel"] in telling]
        off = total(one["discount"] for one in told) or NOUGHT
        net = sum((one["net"] for one in known), NOUGHT)
        want.append(
            {
                "customer_id": customer,
                "average_purchase": float(amount) / len(own),
                "purchases_per_year": len(own) / years,
                "lifetime_years": years,
                "gross_value": float(amount),
                "acquisition_cost": win,
                "cost": cost,
                "ltv_ratio": ratio(amount, cost),
                "ltv_sales": amount,
                "ltv_profit": profit,
                "profit_known": share_known(own),
                "margin": ratio(profit, net) if net > 0 else None,
                "discounted_share": ratio(sum(one["coupon"] for one in told), len(told)),
                "discount_depth": ratio(off, amount_of(told)) if amount_of(told) > 0 else None,
            }
        )
    same(con, "ltv", ["customer_id"], want)


def check_repeat_rate(con, marts):
    bought, names = defaultdict(Counter), defaultdict(list)
    for item in items(con):
        if item["customer_id"] is not None:
            bought[item["item_id"]][item["customer_id"]] += 1
            names[item["item_id"]].append(item["item_name"])
    want = []
    for item, buyers in bought.items():
        again = sum(n >= 2 for n in buyers.values())
        name = max((n for n in names[item] if n is not None), default=None)
        row = {"item_id": item, "item_name": name, "buyers": len(buyers), "repeaters": again, "repeat_rate": again / len(buyers)}
        want.append(row)
    same(con, "repeat_rate", ["item_id"], want)


def check_repeat_rate_store(con, marts):
    bought = defaultdict(lambda: defaultdict(list))
    for item in items(con):
        if item["customer_id"] is not None and item["store_id"] is not None:
            bought[item["item_id"], item["store_id"]][item["customer_id"]].append(item["day"])
    want = []
    for (item, store), buyers in bought.items():
        again = [days for days in buyers.values() if len(days) >= 2]
        n = sum(len(days) for days in buyers.values())
        between = [(max(days) - min(days)).days / (len(days) - 1) for days in again]
        want.append(
            {
                "item_id": item,
                "store_id": store,
                "buyers": len(buyers),
                "repeaters": len(again),
                "repeat_rate": len(again) / len(buyers),
                "purchases": n,
                "purchases_per_buyer": n / len(buyers),
                "median_days": float(median(between)) if between else None,
            }
        )
    same(con, "repeat_rate_store", ["item_id", "store_id"], want)


def check_basket(con, marts):
    baskets = defaultdict(set)
    for item in items(con):
        baskets[item["customer_id"], item["channel"], item["purchase"]].add(item["item_id"])
    single, pair = Counter(), Counter()
    for basket in baskets.values():
        single.update(basket)
        pair.update((a, b) for a in basket for b in basket if a != b)
    n, least = len(baskets), parameter(con, "minimum_support")
    want = [
        {
            "item_a": a,
            "item_b": b,
            "transactions": both,
            "support": both / n,
            "confidence": both / single[a],
            "lift": both / single[a] / (single[b] / n),
        }
        for (a, b), both in pair.items()
        if both / n >= least
    ]
    same(con, "basket", ["item_a", "item_b"], want)


def check_channel_overlap(con, marts):
    people = by_customer(con)
    groups = defaultdict(list)
    for row in rows(con, "select customer_id, channels from golden_customer"):
        groups["+".join(row["channels"])].append(people.get(row["customer_id"]))
    n = sum(map(len, groups.values()))
    want = [
        {
            "channels": channels,
            "customers": len(members),
            "share": len(members) / n,
            "buyers": sum(own is not None for own in members),
            "amount": sum((amount_of(own) for own in members if own), NOUGHT),
        }
        for channels, members in groups.items()
    ]
    same(con, "channel_overlap", ["channels"], want)


def check_contact_timeline(con, marts):
    own = defaultdict(list)
    for row in rows(con, "select * from interaction where customer_id is not null"):
        if row["occurred_at"] is None or row["occurred_at"] <= as_of(con):
            own[row["customer_id"]].append(row)
    want = []
    for customer, facts in own.items():
        facts.sort(key=lambda f: (f["occurred_at"] is None, f["occurred_at"] or 0, f["channel"], f["event_id"]))
        for place, fact in enumerate(facts, 1):
            columns = "customer_id occurred_at channel event_id event_type category item_name amount".split()
            want.append({"position": place} | {column: fact[column] for column in columns})
    same(con, "contact_timeline", ["customer_id", "position"], want)


def check_household_value(con, marts):
    people = by_customer(con)
    homes = defaultdict(list)
    for row in rows(con, "select customer_id, household_id from golden_customer"):
        homes[row["household_id"]].append(people.get(row["customer_id"]))
    want = []
    for home, members in homes.items():
        buyers = [own for own in members if own]
        if not buyers:
            continue
        everything = [one for own in buyers for one in own]
        amount, known = amount_of(everything), [one for one in everything if one["profit"] is not None]
        spent = [yen for yen in map(amount_of, buyers) if yen > 0]
        want.append(
            {
                "household_id": home,
                "members": len(members),
                "buyers": len(buyers),
                "purchases": len(everything),
                "ltv_sales": amount,
                "ltv_profit": total(one["profit"] for one in known),
                "profit_known": share_known(everything),
                "first_purchase_at": min(one["at"] for one in everything),
                "last_purchase_at": max(one["at"] for one in everything),
                "largest_share": ratio(max(spent), sum(spent)) if spent else None,
            }
        )
    same(con, "household_value", ["household_id"], want)


CHECKS = [
    check_purchase,
    check_rfm,
    check_decile,
    check_ltv,
    check_repeat_rate,
    check_repeat_rate_store,
    check_basket,
    check_channel_overlap,
    check_contact_timeline,
    check_household_value,
]
