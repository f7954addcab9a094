"""The segments and mail lists of the retail pipeline, made once more in plain Python by what their files say.

In: a DuckDB connection with the tables of a lake (`marts.py` loads them). Nothing of the YAML files is read: each segment is written down here a
second time. Consent is found from `consent_by_record` and the facts, and not from `consented_address`, which is checked for itself.
"""

from collections import Counter, defaultdict
from datetime import timedelta

import consents
from marts_customer import agreed, as_of, club_order, device, facts, items, memberships, purchases, rows, state_of

DAY = timedelta(days=1)
ADDRESSED = {"email", "phone", "sms"}


def likers(con, path, times, least):
    """Customers of whose purchases a category has at least so many times the share that it has of all, in so many purchases."""
    depth = path.count(">") + 1
    of_item = {}
    for product in rows(con, "select item_id, category_path from product"):
        parts = [part.strip() for part in (product["category_path"] or "").split(">")]
        if parts != [""]:
            of_item[product["item_id"]] = ">".join(parts[:depth])
    counted = defaultdict(Counter)
    for (customer, _, _), of in items(con).items():
        if customer is not None:
            counted[customer].update({of_item[item] for item in of if item in of_item})
    of_all = Counter()
    for of in counted.values():
        of_all.update(of)
    share = of_all[path] / sum(of_all.values())
    return {c for c, of in counted.items() if of[path] >= least and of[path] / sum(of.values()) >= times * share - 1e-12}


def members(con):
    """Segment → its members."""
    now = as_of(con)
    times, people = defaultdict(list), {g["customer_id"]: g for g in rows(con, "select customer_id, birth_date from golden_customer")}
    for p in purchases(con):
        times[p["customer_id"]].append(p["occurred_at"])
    deciles = {row["customer_id"]: row["decile"] for row in rows(con, "select customer_id, decile from rfm")}
    stages = {row["customer_id"]: row["stage"] for row in rows(con, "select customer_id, stage from seven_stages")}
    states = defaultdict(list)
    for events in memberships(con).values():
        states[max(events, key=club_order)["customer_id"]].append(state_of(events, now)[0])
    gone = {c for c, of in states.items() if all(state == "withdrawn" for state in of)}
    bought = {c: (min(at), max(at), len(at)) for c, at in times.items() if c in people}
    found = {
        "lapsed_good_customers": {c for c, (_, last, _) in bought.items() if deciles[c] <= 3 and last <= now - 120 * DAY} - gone,
        "birthday_next_month": {
            c for c, g in people.items()
            if g["birth_date"] is not None and g["birth_date"].month == now.month % 12 + 1
            and (stages.get(c, 0) >= 2 or bought.get(c, (0, 0, 0))[2] >= 2)
        },
        "new_buyers": {c for c, (first, _, n) in bought.items() if n == 1 and first > now - 60 * DAY},
    }
    if rows(con, "select count(*) as n from product")[0]["n"]:
        recent = {c for c, (_, last, _) in bought.items() if last > now - 365 * DAY}
        found["coffee_lovers"] = likers(con, "食品>飲料>珈琲", 1.5, 2) & recent
    return found


def lists(con):
    """List → contact, device, messages and days of the cap, the ways that it counts, excluded segments, lists that go first, most customers."""
    return {
        "birthday_next_month": ("push", None, 4, 30, {"push"}, [], [], None),
        "lapsed_good_customers": ("email", None, 4, 30, None, [], [], 500),
        "coffee_lovers": ("email", "pc", 1, 30, {"email"}, ["birthday_next_month"], ["lapsed_good_customers"], None),
        "new_buyers": ("email", None, None, None, None, [], [], None),
    }


def ends_of_members(con, segments, only):
    """List → member → (how it ended, address, consent, rank)."""
    now, (statements, yes), granted = as_of(con), agreed(con), defaultdict(list)
    refused = consents.refused_addresses(statements, yes)
    for s in consents.newest_first(yes):
        granted[consents.of_what(s)].append(s)
    sends = {}
    for f in facts(con, "message"):
        if f["category"] == "sent":
            send = f["channel"], f["transaction_id"] or f["event_id"]
            sends[send] = min(sends.get(send, (f["occurred_at"],))[0], f["occurred_at"]), f["customer_id"], f["medium"]
    spent = {row["customer_id"]: row["monetary"] for row in rows(con, "select customer_id, monetary from rfm")}
    found = {}
    for name, (contact, of_device, most, days, ways, excluded, before, limit) in lists(con).items():
        if name not in only:
            continue
        messages = Counter()
        for at, customer, way in sends.values() if days else []:
            if now - days * DAY < at <= now and (ways is None or way is None or way in ways):
                messages[customer] += 1
        for other in before:
            if ways is None or lists(con)[other][0] in ways:
                messages.update(c for c, (end, *_) in found[other].items() if end == "listed")
        of = {}
        for c in segments[name]:
            of_way = granted.get((c, "marketing", contact), [])
            points = [(p, s) for s in of_way for p in s["contact_points"] or []]
            mine = [(p, s) for p, s in points if of_device is None or device(contact, p) == of_device]
            address, consent = mine[0] if mine else (None, of_way[0] if of_way else None)
            if consent is None:
                end = "no_consent"
            elif contact in ADDRESSED and (address is None or ("marketing", contact, address) in refused):
                end = "no_address"
            elif any(c in segments[other] for other in excluded):
                end = "excluded"
            elif most and messages[c] >= most:
                end = "capped"
            else:
                end = "listed"
            of[c] = [end, address, consent, None]
        if limit:
            order = sorted((c for c, (end, *_) in of.items() if end == "listed"), key=lambda c: (-spent[c], c))
            for place, c in enumerate(order, 1):
                of[c][3] = place
                of[c][0] = "listed" if place <= limit else "over_limit"
        found[name] = of
    return found


def published(con, table):
    return rows(con, f'select * from "{table}"')


def check_segment_member(con, marts):
    if "segment_member" not in marts:
        return
    names = {row["segment"] for row in published(con, "segment")}
    want = {(name, c) for name, of in members(con).items() for c in of if name in names}
    found = {(row["segment"], row["customer_id"]) for row in published(con, "segment_member")}
    assert found == want, f"segment_member: {sorted(found - want)[:3]} are too many, {sorted(want - found)[:3]} are missing"
    assert {name for name, _ in want} == names, f"segment_member: nobody is in {names - {name for name, _ in want}}, which tests nothing"


def check_mail_list(con, marts):
    if "mail_list" not in marts:
        return
    segments, only = members(con), {row["segment"] for row in published(con, "segment") if row["is_mail_list"]}
    want = {}
    for name, of in ends_of_members(con, segments, only).items():
        contact = lists(con)[name][0]
        for c, (end, address, consent, rank) in of.items():
            if end == "listed":
                want[name, c] = dict(
                    list=name, customer_id=c, purpose="marketing", contact=contact, device=address and device(contact, address),
                    address=address, channel=consent["channel"], record_id=consent["record_id"], granted_at=consent["stated_at"], rank=rank,
                )
    found = {(row["list"], row["customer_id"]): row for row in published(con, "mail_list")}
    assert found.keys() == want.keys(), f"mail_list: {sorted(found.keys() - want.keys())[:3]} too many, {sorted(want.keys() - found.keys())[:3]} missing"
    wrong = [f"{key}: {found[key]} is not {row}" for key, row in want.items() if found[key] != row]
    assert not wrong, f"mail_list: {len(wrong)} rows differ: {wrong[0]}"


def check_segment(con, marts):
    if "segment" not in marts:
        return
    segments, named = members(con), published(con, "segment")
    only = {row["segment"] for row in named if row["is_mail_list"]}
    ends, met = ends_of_members(con, segments, only), Counter()
    for row in named:
        name = row["segment"]
        assert row["members"] == len(segments[name]), f"segment {name}: {row['members']} members, not {len(segments[name])}"
        counted = Counter(end for end, *_ in ends[name].values()) if name in only else None
        met.update(counted or {})
        for end in ("no_consent", "no_address", "excluded", "capped", "over_limit", "listed"):
            want = counted[end] if counted is not None else None
            assert row[end] == want, f"segment {name}: {end} is {row[end]}, not {want}"
        if counted is not None:
            reachable = row["members"] - row["no_consent"] - row["no_address"]
            assert row["reachable"] == reachable == row["excluded"] + row["capped"] + row["over_limit"] + row["listed"], name
        for column in ("title_ja", "title_en", "definition_ja", "definition_en"):
            assert row[column], f"segment {name}: {column} says nothing"
    assert met["listed"] and met["no_consent"], f"segment: ends that were met: {met}"


CHECKS = [check_segment_member, check_mail_list, check_segment]
