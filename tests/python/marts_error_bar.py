"""The error bars of identity, counted once more from the whole in plain Python: at each threshold everybody is counted again, not only those who change.

In: the published tables, and the work table `identity_at_threshold` of the run, which `marts.py` loads beside them: the records that belong to
somebody else at a threshold, with that person. All other records belong to their customer.
"""

from collections import defaultdict

from marts_customer import as_of, of_mart, rows


def months(time):
    """Months since year 0."""
    return time.year * 12 + time.month


def owners(con):
    """The customer of each record."""
    return {(r["channel"], r["record_id"]): r["customer_id"] for r in rows(con, "select * from id_map where valid_to is null")}


def persons_by_threshold(con):
    """Threshold → record → the person of that threshold, for the records that are told."""
    found = defaultdict(dict)
    for r in rows(con, "select * from identity_at_threshold"):
        found[r["threshold"]][r["channel"], r["record_id"]] = r["person"]
    return found


def figures(bought, owner, now):
    """The headline figures where records belong to these persons."""
    of_person = defaultdict(list)
    for p in bought:
        of_person[owner[p["channel"], p["record_id"]]].append(p)
    ages = {who: {months(now) - months(p["occurred_at"]) for p in of} for who, of in of_person.items()}
    window = {who for who, of in ages.items() if any(12 <= age <= 24 for age in of)}
    lapsed = {who for who in window if min(ages[who]) >= 12}
    ratio = lambda part, whole: float(part) / whole if whole else None
    return {
        "customers": float(len(set(owner.values()))),
        "buyers": float(len(of_person)),
        "purchases_per_buyer": ratio(len(bought), len(of_person)),
        "f2_rate": ratio(sum(len(of) >= 2 for of in of_person.values()), len(of_person)),
        "sales_per_buyer": ratio(sum(p["amount"] for p in bought), len(of_person)),
        "lapse_rate": ratio(len(lapsed), len(window)) if any(months(now) - months(p["occurred_at"]) >= 24 for p in bought) else None,
    }


def check_error_bar(con, marts):
    now, customers, bought = as_of(con), owners(con), rows(con, "select * from purchase")
    by_threshold = {None: figures(bought, customers, now)}
    for threshold, persons in persons_by_threshold(con).items():
        others = {record: ("at", persons[record]) if record in persons else customer for record, customer in customers.items()}
        by_threshold[threshold] = figures(bought, others, now)
    want = []
    for figure, value in by_threshold[None].items():
        # Of thresholds that give one value it is the published one, else the lowest.
        known = [(of[figure], t is not None, t or 0.0, t) for t, of in by_threshold.items() if of[figure] is not None]
        low, high = min(known, default=(None,)), min(known, key=lambda k: (-k[0], *k[1:3]), default=(None,))
        want.append(dict(figure=figure, value=value, low=low[0], high=high[0], low_at=low[-1], high_at=high[-1], thresholds=len(by_threshold) - 1))
    found = {row["figure"]: row for row in rows(con, "select * from error_bar")}
    assert len(want) == len(found) == 6, f"error_bar has {sorted(found)}"
    wrong = [f"{row['figure']}: {found[row['figure']]}, not {row}" for row in want if found[row["figure"]] != row]
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
