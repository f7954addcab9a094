"""The marts of gifts and coupons, made once more in plain Python by the definitions in their comments (see `marts_customer.py`)."""

from collections import defaultdict
from datetime import timedelta

from marts_customer import as_of, compare, facts, of_mart, purchases, rows
from purchases import last_day, month_of

COUNTS = (None, "confirmed", "returned")


def bought(con):
    """Purchases of known customers by customer, channel and number."""
    return {(p["customer_id"], p["channel"], p["purchase"]): p for p in purchases(con)}


def gifts(con):
    """Every gift: the purchase, who gave, the recipient as one over all gifts, the customer who it is where known, both households, and the yen."""
    owner = {(r["channel"], r["record_id"]): r["customer_id"] for r in rows(con, "select * from id_map where valid_to is null")}
    household = {r["customer_id"]: r["household_id"] for r in rows(con, "select customer_id, household_id from golden_customer")}
    lines, found = defaultdict(list), []
    for f in facts(con, "purchase", "app_event"):
        if f["recipient"] is not None and (f["event_type"] == "purchase" or f["category"] == "purchase") and f["status"] in COUNTS:
            lines[f["customer_id"], f["channel"], f["transaction_id"] or f["event_id"], f["recipient"]].append(f)
    for (customer, channel, number, recipient), own in lines.items():
        purchase, known = bought(con).get((customer, channel, number)), owner.get((channel, recipient))
        if purchase is None or known == customer:
            continue
        worth = lambda f: 0 if f["status"] == "returned" and (f["amount"] is None or f["amount"] >= 0) else f["amount"] or 0
        found.append(dict(purchase=purchase, customer=customer, recipient=known or (channel, recipient), known=known, home=household[customer],
                          other=household.get(known), amount=sum(worth(f) for f in own)))
    return found


def is_within(gift):
    return gift["known"] is not None and gift["home"] == gift["other"]


def check_gift(con, _):
    given, received = defaultdict(list), defaultdict(list)
    for gift in gifts(con):
        given[gift["customer"]].append(gift)
        if gift["known"] is not None:
            received[gift["known"]].append(gift)
    household = {r["customer_id"]: r["household_id"] for r in rows(con, "select customer_id, household_id from golden_customer")}
    first_buy = {}
    for p in purchases(con):
        first_buy[p["customer_id"]] = min(first_buy.get(p["customer_id"], p["occurred_at"]), p["occurred_at"])
    when = lambda of: [gift["purchase"]["occurred_at"] for gift in of]
    want = []
    for customer in given.keys() | received.keys():
        gave, got = given[customer], received[customer]
        want.append(dict(
            customer_id=customer, household_id=household[customer], gifts_given=len(gave), recipients=len({g["recipient"] for g in gave}),
            known_recipients=len({g["known"] for g in gave} - {None}), gift_sales=sum(g["amount"] for g in gave),
            first_given_at=min(when(gave), default=None), last_given_at=max(when(gave), default=None), gifts_received=len(got),
            givers=len({g["customer"] for g in got}), received_from_others=sum(not is_within(g) for g in got),
            first_received_at=min(when(got), default=None),
            bought_after=(customer in first_buy and first_buy[customer] > min(when(got))) if got else None,
        ))
    compare(con, "gift", want, ["customer_id"])


def check_gift_household(con, _):
    given, received = defaultdict(list), defaultdict(list)
    for gift in gifts(con):
        given[gift["home"]].append(gift)
        if gift["known"] is not None and not is_within(gift):
            received[gift["other"]].append(gift)
    want = []
    for home in given.keys() | received.keys():
        out, got = [g for g in given[home] if not is_within(g)], received[home]
        want.append(dict(
            household_id=home, givers=len({g["customer"] for g in out}), gifts_given=len(out), recipients=len({g["recipient"] for g in out}),
            gift_sales=sum(g["amount"] for g in out), gifts_received=len(got), giving_households=len({g["home"] for g in got}),
            gifts_within=len(given[home]) - len(out),
        ))
    compare(con, "gift_household", want, ["household_id"])


def check_gift_month(con, _):
    month = lambda p: month_of(p["occurred_at"].date())
    of_month, gave, first = defaultdict(list), defaultdict(list), {}
    for p in purchases(con):
        of_month[month(p)].append(p)
    for gift in gifts(con):
        at = gift["purchase"]["occurred_at"]
        gave[month(gift["purchase"])].append(gift)
        first[gift["customer"]] = min(first.get(gift["customer"], at), at)
    want = []
    for m, all_of in of_month.items():
        of, numbers = gave[m], {(g["customer"], g["purchase"]["channel"], g["purchase"]["purchase"]) for g in gave[m]}
        givers, recipients = {g["customer"] for g in of}, {g["recipient"] for g in of}
        want.append(dict(
            month=m, purchases=len(all_of), gift_purchases=len(numbers), gift_share=len(numbers) / len(all_of), gifts=len(of), givers=len(givers),
            recipients=len(recipients), recipients_per_giver=len(recipients) / len(givers) if givers else None,
            new_givers=len({g["customer"] for g in of if g["purchase"]["occurred_at"] == first[g["customer"]]}), gift_sales=sum(g["amount"] for g in of),
        ))
    compare(con, "gift_month", want, ["month"])


def check_coupon(con, _):
    who = lambda f: f["customer_id"] or (f["channel"], f["record_id"])
    month, now = lambda at: month_of(at.date()), as_of(con)
    events = [f for f in facts(con, "coupon") if f["coupon_id"] is not None]
    names = defaultdict(set)
    for f in events:
        names[f["coupon_id"]] |= {f["campaign"]} - {None}
    issues, uses = defaultdict(list), defaultdict(list)
    for f in events:
        if f["category"] == "issued":
            issues[f["coupon_id"], who(f)].append(f)
        elif f["category"] == "used":
            uses[f["coupon_id"], who(f), f["channel"], f["transaction_id"] or f["event_id"]].append(f["occurred_at"])
    for f in rows(con, "select * from interaction where coupon_id is not null and event_type <> 'coupon' and occurred_at <= (select as_of from this_run)"):
        number = f["channel"], f["transaction_id"] or f["event_id"]
        if (f["customer_id"], *number) in bought(con) and f["status"] in (None, "confirmed") and (f["amount"] is None or f["amount"] >= 0):
            uses[f["coupon_id"], f["customer_id"], *number].append(f["occurred_at"])
    holders = defaultdict(set)
    for coupon, person in [(f["coupon_id"], who(f)) for f in events] + [(coupon, person) for coupon, person, _, _ in uses]:
        holders[coupon].add(person)
    name = lambda coupon: min(names[coupon], default=coupon if len(holders[coupon]) >= 2 else "single")
    used_by = {(coupon, person) for coupon, person, _, _ in uses}
    issued, used = defaultdict(list), defaultdict(list)
    for (coupon, person), own in issues.items():
        first = month(min(f["occurred_at"] for f in own))
        ends = [f["valid_until"] for f in own if f["valid_until"] is not None]
        is_open = max(ends) > now if ends else (now.date() - last_day(first)) < timedelta(days=90)
        for row in {name(coupon), "all"}:
            issued[row, first].append((person, (coupon, person) in used_by, is_open))
    for (coupon, person, *number), times in uses.items():
        for row in {name(coupon), "all"}:
            used[row, month(min(times))].append((person, (person, *number)))
    want = []
    for row, m in issued.keys() | used.keys():
        gave, took = issued[row, m], used[row, m]
        checkouts = [bought(con)[p] for p in {p for _, p in took} if p in bought(con)]
        taken_off = [p["discount"] for p in checkouts if p["discount"] is not None]
        want.append(dict(
            coupon=row, month=m, issued=len(gave) if issues else None, persons=len({p for p, _, _ in gave}) if issues else None,
            redeemed=sum(done for _, done, _ in gave) if issues else None,
            redemption_rate=sum(done for _, done, _ in gave) / len(gave) if gave and not any(is_open for _, _, is_open in gave) else None,
            used=len(took), users=len({p for p, _ in took}), purchases=len(checkouts), sales=sum(p["amount"] for p in checkouts),
            discount=sum(taken_off) if taken_off else None,
        ))
    compare(con, "coupon", want, ["coupon", "month"])


CHECKS = [of_mart(check) for check in (check_gift, check_gift_household, check_gift_month, check_coupon)]
