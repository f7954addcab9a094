"""The error bars of campaigns, counted once more from the whole in plain Python: at each threshold everybody is counted again, not only those who change.

In: the published tables, and the work table `identity_at_threshold` of the run, as `marts_error_bar.py` reads them.
"""

from collections import defaultdict
from datetime import timedelta

from marts import equal, parameter
from marts_customer import as_of, facts, if_made, of_mart, rows
from marts_error_bar import owners, persons_by_threshold, ratio, who_is


def sends(con, span):
    """The sends of tests: whom they went to, in which arm, and whether the message says that it was converted."""
    lines, found = defaultdict(list), []
    for f in facts(con, "message"):
        lines[f["channel"], f["transaction_id"] or f["event_id"]].append(f)
    for (channel, _), of_one in lines.items():
        said = lambda name: max((f[name] for f in of_one if f[name] is not None), default=None)
        first = lambda category: min((f["occurred_at"] for f in of_one if f["category"] == category), default=None)
        send = {name: said(name) for name in ("customer_id", "record_id", "campaign", "arm")} | {"channel": channel, "sent": first("sent")}
        conversions = [f["occurred_at"] for f in of_one if f["category"] == "converted"]
        send["answered"] = send["sent"] is not None and any(timedelta(0) <= at - send["sent"] < span for at in conversions)
        found.append(send)
    with_arms = {send["campaign"] for send in found if send["arm"] is not None}
    of_test = [send for send in found if send["campaign"] is not None and send["sent"] is not None and send["customer_id"] is not None
               and (send["arm"] is not None or send["campaign"] not in with_arms)]
    return [dict(send, arm="none" if send["arm"] is None else send["arm"]) for send in of_test]


def counted(con, who):
    """Campaign → arm → persons and conversions, where facts belong to these persons. Who stood in two arms is in none."""
    span, end = timedelta(days=parameter(con, "conversion_days")), as_of(con)
    bought, people, arms = defaultdict(list), defaultdict(list), defaultdict(dict)
    for p in rows(con, "select customer_id, channel, record_id, occurred_at from purchase"):
        bought[who(p["customer_id"], p["channel"], p["record_id"])].append(p["occurred_at"])
    for send in sends(con, span):
        arms[send["campaign"]].setdefault(send["arm"], [0, 0])
        people[send["campaign"], who(send["customer_id"], send["channel"], send["record_id"])].append(send)
    for (campaign, person), theirs in people.items():
        stood_in = {send["arm"] for send in theirs}
        if len(stood_in) > 1 or end - max(send["sent"] for send in theirs) < span:
            continue
        arm = arms[campaign][stood_in.pop()]
        arm[0] += 1
        arm[1] += any(send["answered"] or any(timedelta(0) <= at - send["sent"] < span for at in bought[person]) for send in theirs)
    return arms


def figures(arms):
    """Campaign, arm, control, figure → persons and value."""
    found = {}
    for campaign, of in arms.items():
        for arm, (persons, conversions) in of.items():
            found[campaign, arm, "none", "rate"] = persons, ratio(conversions, persons)
        # A control is the control of all others; of other arms each is compared with those before it.
        for arm, control in [(a, b) for a in of for b in of if a != b and (b == "control" or a != "control" and b < a)]:
            rates = [ratio(conversions, persons) for persons, conversions in (of[arm], of[control])]
            uplift = None if None in rates else rates[0] - rates[1]
            found[campaign, arm, control, "uplift"] = of[arm][0] + of[control][0], uplift
    return found


def check_campaign_error_bar(con, marts):
    customers = owners(con)
    published = figures(counted(con, who_is(customers, {})))
    others = {t: figures(counted(con, who_is(customers, persons))) for t, persons in persons_by_threshold(con).items()}
    found = {(r["campaign"], r["arm"], r["control"], r["figure"]): r for r in rows(con, "select * from campaign_error_bar")}
    assert found.keys() == published.keys(), f"campaign_error_bar: {sorted(found.keys() ^ published.keys())[:5]}"
    assert found or len(set(customers.values())) < 1000, "campaign_error_bar has no row in the sample"
    wrong = []
    for key, (persons, value) in published.items():
        # Of thresholds that give one value it is the published one, else the lowest.
        known = [(value, False, 0.0, None)] if value is not None else []
        known += [(value if equal(of[key][1], value) else of[key][1], True, t, t) for t, of in others.items() if of[key][1] is not None]
        low, high = min(known, default=(None,)), min(known, key=lambda k: (-k[0], *k[1:3]), default=(None,))
        want = dict(persons=persons, value=value, low=low[0], high=high[0], low_at=low[-1], high_at=high[-1], thresholds=len(others))
        row = found[key]
        wrong += [f"{key}: {column} is {row[column]}, not {of}" for column, of in want.items() if not equal(row[column], of)]
        if row["value"] is not None and not row["low"] <= row["value"] <= row["high"]:
            wrong.append(f"{key}: {row['value']} is outside of its own bar")
    assert not wrong, f"campaign_error_bar: {len(wrong)} differences\n  " + "\n  ".join(sorted(wrong)[:20])


def check_campaign_error_bar_has_the_values_of_campaign_effect(con, marts):
    """To the last digit, each rate and each uplift."""
    effects = rows(con, "select * from campaign_effect where segment_by = 'all'")
    want = {(e["campaign"], e["arm"], "none", "rate"): e["rate"] for e in effects}
    for e in effects:
        if e["persons_control"] is not None:
            want[e["campaign"], e["control"], "none", "rate"] = e["rate_control"]
            want[e["campaign"], e["arm"], e["control"], "uplift"] = e["uplift"]
    found = {(r["campaign"], r["arm"], r["control"], r["figure"]): r["value"] for r in rows(con, "select * from campaign_error_bar")}
    differ = [(key, found.get(key), want.get(key)) for key in found.keys() | want.keys() if found.get(key, "no row") != want.get(key, "no row")]
    assert not differ, f"campaign_error_bar and campaign_effect: {differ[:5]}"


CHECKS = [of_mart(check_campaign_error_bar), if_made(check_campaign_error_bar_has_the_values_of_campaign_effect, "campaign_error_bar")]
