"""Marts of rates, recomputed: cohorts, media, order stages, key figures by month, segments and their moves."""

from calendar import monthrange
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from statistics import mean, median

import contracts
from marts import parameter, rows, same
from marts_purchase import amount_of, fifths, ratio, share_known, tenths, total
from purchases import (
    JAPAN,
    NOUGHT,
    as_of,
    by_customer,
    day_of,
    first_items,
    items,
    last_day,
    month_of,
    plus_months,
)


def today(con):
    return day_of(as_of(con))


def age_of_month(con, month):
    """The days from the last day of a month to the day of the run."""
    return (today(con) - last_day(month)).days


def check_order_stage(con, marts):
    want, people = [], by_customer(con)
    for stage in range(1, 6):
        reached = [own for own in people.values() if len(own) >= stage]
        if not reached:
            continue
        on = [own for own in reached if len(own) > stage]
        old = [own for own in reached if (today(con) - own[stage - 1]["day"]).days >= 365]
        in_time = [own for own in old if len(own) > stage and (own[stage]["day"] - own[stage - 1]["day"]).days <= 365]
        days = [(own[stage]["day"] - own[stage - 1]["day"]).days for own in on]
        want.append(
            {
                "stage": stage,
                "persons": len(reached),
                "next_persons": len(on),
                "going_on": len(on) / len(reached),
                "going_on_365": ratio(len(in_time), len(old)),
                "residual": len(reached) / len(people),
                "mean_days": float(mean(days)) if days else None,
                "median_days": float(median(days)) if days else None,
            }
        )
    same(con, "order_stage", ["stage"], want)


def check_ltv_curve(con, marts):
    cohorts, first = defaultdict(list), first_items(con)
    for customer, own in by_customer(con).items():
        cohorts["month", own[0]["day"].strftime("%Y-%m")].append(own)
        if customer in first:
            cohorts["item", first[customer]].append(own)
        if own[0]["medium"] is not None:
            cohorts["medium", own[0]["medium"]].append(own)
    want = []
    for (by, cohort), people in cohorts.items():
        for days in range(30, 721, 30):
            old = [own for own in people if (today(con) - own[0]["day"]).days >= days]
            row = {"cohort_by": by, "cohort": cohort, "days": days, "persons": len(people), "counted": len(old)}
            row |= {"sales_per_person": None, "profit_per_person": None, "profit_known": None}
            whole = by != "month" or age_of_month(con, month_of(people[0][0]["day"])) >= days
            if old and whole and len(old) >= len(people) / 2:
                bought = [one for own in old for one in own if (one["day"] - own[0]["day"]).days < days]
                known = [one for one in bought if one["profit"] is not None]
                profit = total(one["profit"] for one in known)
                row["sales_per_person"] = float(amount_of(bought)) / len(old)
                row["profit_per_person"] = None if profit is None else float(profit) / len(old)
                row["profit_known"] = share_known(bought)
            want.append(row)
    same(con, "ltv_curve", ["cohort_by", "cohort", "days"], want)


def check_medium_roas(con, marts):
    if "medium_roas" not in marts:
        return
    groups = defaultdict(list)
    for own in by_customer(con).values():
        if own[0]["medium"] is not None:
            groups["person", own[0]["medium"], month_of(own[0]["day"])].append(own)
        for medium in {one["medium"] for one in own} - {None}:
            of = [one for one in own if one["medium"] == medium]
            groups["medium", medium, month_of(of[0]["day"])].append(of)
    spend = {}
    for row in rows(con, "select * from medium_spend"):
        if row["month"] <= today(con):
            for by in ("person", "medium"):
                key = by, row["medium"], month_of(row["month"])
                spend[key] = spend.get(key, NOUGHT) + row["amount"]
    want = []
    for key in groups.keys() | spend.keys():
        people, spent, age = groups.get(key, []), spend.get(key), age_of_month(con, key[2])

        def within(days, column="amount"):
            bought = [one[column] for own in people for one in own if (one["day"] - own[0]["day"]).days < days]
            return sum((value for value in bought if value is not None), NOUGHT)

        def roas(days):
            return ratio(within(days), spent) if spent and age >= days else None

        def payback(column):
            done = [n for n in range(1, age // 30 + 1) if spent and people and within(30 * n, column) >= spent]
            return min(done, default=None)

        want.append(
            dict(zip(("new_by", "medium", "month"), key))
            | {
                "spend": spent,
                "new_persons": len(people),
                "cpa": ratio(spent, len(people)) if spent is not None else None,
                "sales": sum((amount_of(own) for own in people), NOUGHT),
                "roas_30": roas(30),
                "roas_90": roas(90),
                "roas_365": roas(365),
                "payback_month": payback("amount"),
                "profit_payback_month": payback("profit"),
            }
        )
    same(con, "medium_roas", ["new_by", "medium", "month"], want)


def trials(con):
    """Persons whose first purchase had a trial item and no main item: the items, and the days until a main item, up to 90."""
    first, main, found = defaultdict(list), defaultdict(list), {}
    people = by_customer(con)
    for item in items(con):
        own = people.get(item["customer_id"])
        if own and (own[0]["channel"], own[0]["purchase"]) == (item["channel"], item["purchase"]):
            first[item["customer_id"]].append(item)
        elif own and item["role"] == "main":
            main[item["customer_id"]].append((item["day"] - own[0]["day"]).days)
    for customer, own in first.items():
        roles = {item["role"] for item in own}
        if "trial" in roles and "main" not in roles:
            days = [d for d in main[customer] if d <= 90]
            found[customer] = ({item["item_id"] for item in own if item["role"] == "trial"}, min(days, default=None))
    return found


def check_trial_to_main(con, marts):
    if "trial_to_main" not in marts:
        return
    groups = defaultdict(list)
    for customer, (tried, days) in trials(con).items():
        for item in tried:
            groups[month_of(by_customer(con)[customer][0]["day"]), item].append(days)
    want = []
    for (month, item), days in groups.items():
        up = [d for d in days if d is not None]
        want.append(
            {
                "month": month,
                "item_id": item,
                "persons": len(days),
                "stepped_up": len(up),
                "step_up_rate": len(up) / len(days) if age_of_month(con, month) >= 90 else None,
                "mean_days": float(mean(up)) if up else None,
            }
        )
    same(con, "trial_to_main", ["month", "item_id"], want)


def contract_steps(con):
    """Of each contract its last known customer, and what happened to it in order: month, whether it runs and its fee, from then on and before."""
    facts = rows(con, "select * from interaction where event_type = 'contract' and occurred_at is not null")
    found = []
    for own in contracts.events(facts, as_of(con)).values():
        said, before, customer, steps = NOUGHT, (False, NOUGHT), None, []
        for row in own:
            said = said if row["amount"] is None else row["amount"]
            customer = row["customer_id"] or customer
            now = (True, said) if row["runs"] else (False, NOUGHT)
            steps.append((month_of(day_of(row["at"])), now, before))
            before = now
        found.append((customer, steps))
    return found


def visits(con, marts):
    """The days on which each person visits. Who it is says `web_visit`, which has a check of its own."""
    found = defaultdict(set)
    for row in rows(con, "select * from web_visit where customer_id is not null") if "web_visit" in marts else []:
        found[row["customer_id"]].add(day_of(row["started_at"]))
    return found


def check_kpi(con, marts):
    people, tried, held, seen = by_customer(con), trials(con), contract_steps(con), visits(con, marts)
    starts = [own[0]["day"] for own in people.values()] + [min(days) for days in seen.values()]
    starts += [steps[0][0] for _, steps in held]
    months, first = [], min((own[0]["day"] for own in people.values()), default=None)
    if not starts:
        return same(con, "kpi", ["segment_by", "segment", "month"], [])
    month = month_of(min(starts))
    while month <= today(con):
        months.append(month)
        month = plus_months(month, 1)
    segments = [("all", "all", lambda own: True)]
    for by, column in [("channel", "channel"), ("medium", "medium")]:
        for value in sorted({own[0][column] for own in people.values()} - {None}):
            segments.append((by, value, lambda own, c=column, v=value: own is not None and own[0][c] == v))
    want = []
    for by, segment, is_in in segments:
        mine = {c: own for c, own in people.items() if is_in(own)}
        bought = {c: {month_of(one["day"]) for one in own} for c, own in mine.items()}
        fees = contract_fees(held, months, lambda c: by == "all" or is_in(people.get(c)))
        rates = defaultdict(list)
        for place, month in enumerate(months):
            row = {"segment_by": by, "segment": segment, "month": month}
            row |= kpi_of_purchases(con, mine, bought, month, first)
            fresh = [c for c, own in mine.items() if c in tried and month_of(own[0]["day"]) == month]
            up = [c for c in fresh if tried[c][1] is not None]
            row["step_up_rate"] = ratio(len(up), len(fresh)) if age_of_month(con, month) >= 90 else None
            visitors = [d for c, d in seen.items() if (by == "all" or is_in(people.get(c))) and any(month_of(x) == month for x in d)]
            back = 0
            for days in visitors:
                start = min(x for x in days if month_of(x) == month)
                back += any(start < x <= start + timedelta(days=30) for x in days)
            row["revisit_rate"] = ratio(back, len(visitors)) if age_of_month(con, month) >= 30 else None
            row |= kpi_of_contracts(con, fees, months, place, rates, row["active_persons"]) if held else NO_CONTRACTS
            want.append(row)
    same(con, "kpi", ["segment_by", "segment", "month"], want)


def kpi_of_purchases(con, mine, bought, month, first):
    """What kpi says of purchases in a month."""
    own = [one for own in mine.values() for one in own if month_of(one["day"]) == month]
    buyers = {c for c, months in bought.items() if month in months}
    new = [o for o in mine.values() if month_of(o[0]["day"]) == month]
    f2 = [o for o in new if len(o) > 1 and (o[1]["day"] - o[0]["day"]).days <= 90]

    def in_months(months, since, until):
        return any(plus_months(month, since) <= m <= plus_months(month, until) for m in months)

    active = {c for c, months in bought.items() if in_months(months, -11, 0)}
    dormant = {c for c, months in bought.items() if min(months) <= month} - active
    # Dormant at the end of the month before.
    slept = {c for c, m in bought.items() if min(m) < month and not in_months(m, -12, -1)}
    gone_of = {c for c, months in bought.items() if in_months(months, -24, -12)}
    of_12 = [o for c in mine for o in mine[c] if plus_months(month, -11) <= month_of(o["day"]) <= month]
    counts = {
        "sales": amount_of(own),
        "purchases": len(own),
        "buyers": len(buyers),
        "new_persons": len(new),
        "active_persons": len(active),
        "dormant_persons": len(dormant),
        "revived_persons": len(slept & buyers),
    }
    if first is None or month < month_of(first):
        counts = dict.fromkeys(counts)
    return counts | {
        "sales_per_person": ratio(amount_of(own), len(buyers)),
        "average_purchase": ratio(amount_of(own), len(own)),
        "frequency": ratio(len(own), len(buyers)),
        "purchases_per_year": ratio(len(of_12), len(active)) if first and month >= plus_months(month_of(first), 11) else None,
        "f2_rate": ratio(len(f2), len(new)) if age_of_month(con, month) >= 90 else None,
        "churn_rate": ratio(len(gone_of - active), len(gone_of)) if first and plus_months(month, -24) >= month_of(first) else None,
    }


NO_CONTRACTS = dict.fromkeys(
    "subscribers subscription_rate fee_in_force fee_lost fee_lowered fee_churn_rate fee_lowered_rate".split()
)


def contract_fees(held, months, is_in):
    """By month: persons whose contracts run, fee in force, fee lost, fee lowered; in force is what is so at the end of the month."""
    found = []
    mine = [(customer, steps) for customer, steps in held if is_in(customer)]
    for month in months:
        persons, fee, lost, lowered = set(), NOUGHT, NOUGHT, NOUGHT
        for customer, steps in mine:
            runs, amount = next((now for at, now, _ in reversed(steps) if at <= month), (False, NOUGHT))
            persons |= {customer} if runs else set()
            fee += amount
            for at, now, before in steps:
                if at == month and before[0]:
                    lost += NOUGHT if now[0] else before[1]
                    lowered += max(NOUGHT, before[1] - now[1]) if now[0] else NOUGHT
        found.append((len(persons - {None}), fee, lost, lowered))
    return found


def kpi_of_contracts(con, fees, months, place, rates, active):
    """What kpi says of contracts in a month; `rates` gathers the months before."""
    persons, fee, lost, lowered = fees[place]
    before = fees[place - 1][1] if place else NOUGHT
    is_over = age_of_month(con, months[place]) >= 0
    rates["lost"].append(ratio(lost, before) if is_over else None)
    rates["lowered"].append(ratio(lowered, before) if is_over else None)

    def of_a_year(name):
        last = rates[name][-12:]
        return float(mean(last)) if len(last) == 12 and None not in last else None

    return {
        "subscribers": persons,
        "subscription_rate": ratio(persons, active),
        "fee_in_force": fee,
        "fee_lost": lost,
        "fee_lowered": lowered,
        "fee_churn_rate": of_a_year("lost"),
        "fee_lowered_rate": of_a_year("lowered"),
    }


def portfolio(con, own, day):
    """The CPM cell of a person by these purchases, on a day."""
    tenure, since = (own[-1]["day"] - own[0]["day"]).days, (day - own[-1]["day"]).days
    if len(own) == 1:
        cell = "初回客"
    elif tenure < parameter(con, "cpm_young_days"):
        cell = "よちよち客"
    elif amount_of(own) < parameter(con, "cpm_amount"):
        cell = "コツコツ客"
    else:
        cell = "流行客" if tenure < parameter(con, "cpm_loyal_days") else "優良客"
    return cell, since < parameter(con, "cpm_left_days")


def check_cpm(con, marts):
    cells = defaultdict(list)
    for own in by_customer(con).values():
        cells[portfolio(con, own, today(con))].append(own)
    names, want = ["初回客", "よちよち客", "コツコツ客", "流行客", "優良客"], []
    for position in range(1, 11):
        cell = names[(position - 1) % 5], position <= 5
        people = cells[cell]
        want.append(
            {
                "position": position,
                "cpm": cell[0],
                "active": cell[1],
                "customers": len(people),
                "share": ratio(len(people), len(by_customer(con))),
                "amount": sum((amount_of(own) for own in people), NOUGHT),
                "average_amount": ratio(sum((amount_of(own) for own in people), NOUGHT), len(people)),
                "average_purchases": ratio(sum(map(len, people)), len(people)),
                "average_tenure_days": ratio(sum((own[-1]["day"] - own[0]["day"]).days for own in people), len(people)),
            }
        )
    same(con, "cpm", ["position"], want)


def month_before(microseconds):
    """The same time one month before; of a day that the month does not have, its last."""
    now = datetime.fromtimestamp(microseconds / 1_000_000, JAPAN)
    month = plus_months(now.date().replace(day=1), -1)
    day = min(now.day, monthrange(month.year, month.month)[1])
    then = now.replace(year=month.year, month=month.month, day=day)
    return microseconds - int((now - then).total_seconds()) * 1_000_000


def segments_of(con, people, day):
    """The segments of persons by their purchases: rfm, decile and portfolio cell."""
    order = list(people)
    ranks = zip(
        fifths([people[c][-1]["at"] for c in order]),
        fifths([len(people[c]) for c in order]),
        fifths([amount_of(people[c]) for c in order]),
        tenths([(-amount_of(people[c]), c) for c in order]),
    )
    found = {}
    for customer, (r, f, m, decile) in zip(order, ranks):
        cell, active = portfolio(con, people[customer], day)
        found[customer] = {"rfm": f"{r}{f}{m}", "decile": f"{decile:02}", "cpm": f"{cell} {'現役' if active else '離脱'}"}
    return found


def check_segment_move(con, marts):
    then = month_before(as_of(con))
    past = {c: [one for one in own if one["at"] <= then] for c, own in by_customer(con).items()}
    before = segments_of(con, {c: own for c, own in past.items() if own}, day_of(then))
    now = segments_of(con, by_customer(con), today(con))
    moves, stood = Counter(), Counter()
    for customer, own in now.items():
        for kind, segment in own.items():
            start = before[customer][kind] if customer in before else "none"
            moves[kind, start, segment] += 1
            stood[kind, start] += 1
    want = [
        {"kind": k, "from_segment": a, "to_segment": b, "persons": n, "share": n / stood[k, a]} for (k, a, b), n in moves.items()
    ]
    same(con, "segment_move", ["kind", "from_segment", "to_segment"], want)


CHECKS = [
    check_order_stage,
    check_ltv_curve,
    check_medium_roas,
    check_trial_to_main,
    check_kpi,
    check_cpm,
    check_segment_move,
]
