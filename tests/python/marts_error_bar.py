"""The error bars of identity, counted once more from the whole in plain Python: at each threshold everybody is counted again, not only those who change.

In: the published tables, and the work table `identity_at_threshold` of the run, which `marts.py` loads beside them: the records that belong to
somebody else at a threshold, with that person. All other records belong to their customer.
"""

from collections import defaultdict
from datetime import timedelta

import contracts
from marts import equal, parameter
from marts_customer import as_of, facts, of_mart, rows
from purchases import items, last_day, month_of, plus_months, purchases

YEAR = 31_557_600
# The figures of a month, by the days that it has to be over for.
OF_A_MONTH = {
    0: "sales_per_person average_purchase purchases_per_year churn_rate subscription_rate fee_churn_rate".split(),
    30: ["revisit_rate"],
    90: ["f2_rate", "step_up_rate"],
}


def owners(con):
    """The customer of each record."""
    return {(r["channel"], r["record_id"]): r["customer_id"] for r in rows(con, "select * from id_map where valid_to is null")}


def persons_by_threshold(con):
    """Threshold → record → the person of that threshold, for the records that are told."""
    found = defaultdict(dict)
    for r in rows(con, "select * from identity_at_threshold"):
        found[r["threshold"]][r["channel"], r["record_id"]] = r["person"]
    return found


def who_is(customers, persons):
    """Whose a fact is: of a customer who is others at the threshold, that of the record, or of the first one where it is none of the customer's."""
    first = {}
    for record in sorted(persons):
        first.setdefault(customers[record], persons[record])

    def who(customer, channel, record):
        if customer not in first:
            return customer
        is_own = customers.get((channel, record)) == customer and (channel, record) in persons
        return ("at", persons[channel, record] if is_own else first[customer])

    return who


def month_over(con, days):
    """The last month whose last day is so many days before that of the run."""
    today = as_of(con).date()
    month = month_of(today)
    while (today - last_day(month)).days < days:
        month = plus_months(month, -1)
    return month


def contract_holders(con):
    """Of each contract that runs at the end of the month who it is of: customer, channel, record of the last row of somebody known."""
    of_contract, found = contracts.events(facts(con, "contract"), as_of(con)), []
    for own in of_contract.values():
        known = [f for f in own if f["customer_id"] is not None]
        by_then = [f for f in own if month_of(f["at"].date()) <= month_over(con, 0)]
        if known and by_then and by_then[-1]["runs"]:
            found.append((known[-1]["customer_id"], known[-1]["channel"], known[-1]["record_id"]))
    return found, bool(of_contract)


def ratio(part, whole):
    return float(part) / float(whole) if whole else None


def ltv(con, people):
    """What all buyers brought by what winning and keeping them cost."""
    sold = sum(p["amount"] for own in people.values() for p in own)
    spent = {(r["medium"], r["month"]): r["amount"] for r in rows(con, "select * from medium_spend")}
    cells, years, paid, free = set(), 0.0, 0, 0
    for own in people.values():
        cell = own[0]["medium"], month_of(own[0]["day"])
        free += cell not in spent
        paid += 0 if cell not in spent or cell in cells else spent[cell]
        cells.add(cell)
        years += max((own[-1]["at"] - own[0]["at"]) / 1e6, YEAR) / YEAR
    return ratio(sold, float(paid) + parameter(con, "acquisition_cost") * free + parameter(con, "retention_cost") * years)


def figures(con, marts, who, customers):
    """The headline figures where facts belong to these persons."""
    record_of = {(p["customer_id"], p["channel"], p["purchase"]): p["record_id"] for p in rows(con, "select * from purchase")}
    whose = lambda p: who(p["customer_id"], p["channel"], record_of[p["customer_id"], p["channel"], p["purchase"]])
    people, item_times, roles = defaultdict(list), defaultdict(int), defaultdict(set)
    for p in sorted(purchases(con), key=lambda p: (p["at"], p["channel"], p["purchase"])):
        people[whose(p)].append(p)
    for item in items(con):
        if item["customer_id"] is not None:
            item_times[whose(item), item["item_id"]] += 1
            roles[item["customer_id"], item["channel"], item["purchase"]].add(item["role"])
    bought = [p for own in people.values() for p in own]
    profits = [sum(p["profit"] for p in own if p["profit"] is not None) for own in people.values() if any(p["profit"] is not None for p in own)]
    found = {
        "customers": float(len({who(customer, *record) for record, customer in customers.items()})),
        "buyers": float(len(people)),
        "purchases_per_buyer": ratio(len(bought), len(people)),
        "going_on": ratio(sum(len(own) >= 2 for own in people.values()), len(people)),
        "repeat_rate": ratio(sum(n >= 2 for n in item_times.values()), len(item_times)),
        "ltv_ratio": ltv(con, people),
        "ltv_sales": ratio(sum(p["amount"] for p in bought), len(people)),
        "ltv_profit": ratio(sum(profits), len(profits)),
    }
    # By month.
    month, fresh = month_over(con, 0), month_over(con, 90)
    months = {person: {month_of(p["day"]) for p in own} for person, own in people.items()}
    between = lambda of, since, until: any(plus_months(month, since) <= m <= plus_months(month, until) for m in of)
    own = [p for p in bought if month_of(p["day"]) == month]
    buyers = sum(month in of for of in months.values())
    active = {person for person, of in months.items() if between(of, -11, 0)}
    left_of = {person for person, of in months.items() if between(of, -24, -12)}
    year = [p for p in bought if plus_months(month, -11) <= month_of(p["day"]) <= month]
    first = min((m for of in months.values() for m in of), default=None)
    reaches = lambda back: first is not None and first <= plus_months(month, -back)
    new = [own for own in people.values() if month_of(own[0]["day"]) == fresh]
    of_purchase = lambda p: roles[p["customer_id"], p["channel"], p["purchase"]]
    tried = [own for own in new if "trial" in of_purchase(own[0]) and "main" not in of_purchase(own[0])]
    up = [own for own in tried if any("main" in of_purchase(p) and (p["day"] - own[0]["day"]).days <= 90 for p in own[1:])]
    holders, any_contract = contract_holders(con)
    found |= {
        "sales_per_person": ratio(sum(p["amount"] for p in own), buyers),
        "average_purchase": ratio(sum(p["amount"] for p in own), len(own)),
        "purchases_per_year": ratio(len(year), len(active)) if reaches(11) else None,
        "churn_rate": ratio(len(left_of - active), len(left_of)) if reaches(24) else None,
        "subscription_rate": ratio(len({who(*holder) for holder in holders}), len(active)) if any_contract else None,
        "f2_rate": ratio(sum(len(own) > 1 and (own[1]["day"] - own[0]["day"]).days <= 90 for own in new), len(new)),
        "step_up_rate": ratio(len(up), len(tried)),
    }
    # 解約率 is of contracts, whoever holds them.
    fees = rows(con, "select month, fee_churn_rate from kpi where segment_by = 'all'")
    found["fee_churn_rate"] = next((r["fee_churn_rate"] for r in fees if r["month"] == month), None)
    seen, visited = defaultdict(set), month_over(con, 30)
    for v in rows(con, "select * from web_visit where customer_id is not null") if "web_visit" in marts else []:
        seen[who(v["customer_id"], v["channel"], v["record_id"])].add(v["started_at"].date())
    came = [(min(d for d in days if month_of(d) == visited), days) for days in seen.values() if any(month_of(d) == visited for d in days)]
    found["revisit_rate"] = ratio(sum(any(at < d <= at + timedelta(days=30) for d in days) for at, days in came), len(came))
    return found


def check_error_bar(con, marts):
    customers = owners(con)
    by_threshold = {None: figures(con, marts, who_is(customers, {}), customers)}
    for threshold, persons in persons_by_threshold(con).items():
        by_threshold[threshold] = figures(con, marts, who_is(customers, persons), customers)
    months = {figure: month_over(con, days) for days, of in OF_A_MONTH.items() for figure in of}
    want = []
    for figure, value in by_threshold[None].items():
        # Of thresholds that give one value it is the published one, else the lowest.
        known = [(of[figure], t is not None, t or 0.0, t) for t, of in by_threshold.items() if of[figure] is not None]
        close = [(value if equal(of, value) else of, *rest) for of, *rest in known]
        low, high = min(close, default=(None,)), min(close, key=lambda k: (-k[0], *k[1:3]), default=(None,))
        want.append(dict(figure=figure, month=months.get(figure), value=value, low=low[0], high=high[0], low_at=low[-1], high_at=high[-1],
                         thresholds=len(by_threshold) - 1))
    found = {row["figure"]: row for row in rows(con, "select * from error_bar")}
    assert len(want) == len(found) == 17, f"error_bar has {sorted(found)}"
    wrong = [f"{row['figure']}: {found[row['figure']]}, not {row}" for row in want
             if any(not equal(found[row["figure"]][column], value) for column, value in row.items())]
    assert not wrong, "error_bar: " + "\n  ".join(wrong)
    for row in found.values():
        assert row["value"] is None or row["low"] <= row["value"] <= row["high"], f"error_bar: {row} is outside of its own bar"
    published = rows(con, "select count(*) as n from golden_customer")[0]["n"]
    assert found["customers"]["value"] == published, "error_bar counts other customers than are published"


def check_groups_of_a_threshold_are_closed(con, marts):
    """With a record of a customer all records of the customer are told, or some would be counted with nobody."""
    customers = owners(con)
    of_customer = defaultdict(set)
    for record, customer in customers.items():
        of_customer[customer].add(record)
    by_threshold = persons_by_threshold(con)
    assert by_threshold or len(of_customer) < 1000, "no threshold gives other people in the sample: the bars are not tested"
    for threshold, persons in by_threshold.items():
        for customer in {customers[record] for record in persons}:
            missing = of_customer[customer] - persons.keys()
            assert not missing, f"identity_at_threshold: at {threshold} {len(missing)} records of {customer} are not told"
        groups = lambda of: {frozenset(r for r in persons if of[r] == who) for who in {of[r] for r in persons}}
        assert groups(persons) != groups(customers), f"identity_at_threshold: {threshold} gives the same people"


CHECKS = [of_mart(check_error_bar), check_groups_of_a_threshold_are_closed]
