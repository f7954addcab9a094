"""The marts about single customers, made once more in plain Python by the definitions in their comments, and compared row by row.

In: a DuckDB connection with the tables of a lake (`marts.py` loads them). Each check raises AssertionError with the first rows that differ.
Nothing of the marts' SQL is used: facts are read as rows, and loops do the rest. Purchases are those of `purchases.py`.
"""

import statistics
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import consents
import purchases as checkouts
from marts import parameter

ZONE = ZoneInfo("Asia/Tokyo")
COMPLAINT = {"complaint", "クレーム", "苦情"}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def rows(con, sql):
    """Rows as dicts, times in the pipeline's zone."""
    # By way of Arrow: DuckDB itself gives times with a zone only where pytz is there.
    local = lambda v: v.astimezone(ZONE) if isinstance(v, datetime) and v.tzinfo else v
    return [{name: local(v) for name, v in row.items()} for row in con.sql(sql).to_arrow_table().to_pylist()]


def as_of(con):
    return rows(con, "select as_of from this_run")[0]["as_of"]


def facts(con, *types):
    """Facts of these types up to the run's time."""
    named = ", ".join(f"'{t}'" for t in types)
    return rows(con, f"select * from interaction where event_type in ({named}) and occurred_at <= (select as_of from this_run)")


def instant(microseconds):
    return (EPOCH + timedelta(microseconds=microseconds)).astimezone(ZONE)


def purchases(con):
    """Purchases of known customers, in order of customer and number."""
    return [dict(p, occurred_at=instant(p["at"]), days_since_previous=p["since"]) for p in checkouts.purchases(con)]


def compare(con, mart, want, key, names=()):
    """Compares a mart with the rows wanted: dicts with all its columns, but for `names`, which say nothing more than an id does."""
    got = {tuple(row[k] for k in key): row for row in rows(con, f'select * from "{mart}"')}
    wanted = {tuple(row[k] for k in key): row for row in want}
    assert len(wanted) == len(want), f"{mart}: the recomputation has a key twice"
    missing, more = sorted(wanted.keys() - got.keys(), key=str), sorted(got.keys() - wanted.keys(), key=str)
    assert not missing and not more, f"{mart}: {len(missing)} rows are missing {missing[:3]}, {len(more)} are too many {more[:3]}"
    columns = set() if not got else next(iter(got.values())).keys() - set(names)
    wrong = []
    for k, row in wanted.items():
        assert row.keys() == columns, f"{mart}: these columns are compared with nothing, or are not there: {row.keys() ^ columns}"
        for column, value in row.items():
            have = got[k][column]
            same = have == value
            if not same and have is not None and value is not None and not isinstance(value, (str, bool, datetime, date, list)):
                same = abs(float(have) - float(value)) <= 1e-9 * max(1.0, abs(float(value)))
            if not same and isinstance(value, datetime) and have is not None:
                same = abs((have - value).total_seconds()) < 1e-3
            if not same:
                wrong.append(f"{k} {column}: {have!r}, not {value!r}")
    assert not wrong, f"{mart}: {len(wrong)} values differ: " + "; ".join(wrong[:5])


def items(con):
    """Items of purchases: (customer, channel, purchase) → item → (last time, amount). Rows without a customer have None."""
    found = defaultdict(dict)
    for item in checkouts.items(con):
        found[item["customer_id"], item["channel"], item["purchase"]][item["item_id"]] = (instant(item["at"]), item["amount"])
    return found


def paths(con):
    """For each known customer the sets of items of the purchases in order, with their days."""
    by_customer = defaultdict(list)
    for (customer, channel, purchase), of in items(con).items():
        if customer is not None:
            by_customer[customer].append((max(at for at, _ in of.values()), channel, purchase, frozenset(of)))
    return {c: [(at.date(), of) for at, _, _, of in sorted(p, key=lambda x: x[:3])] for c, p in by_customer.items()}


def rules(walks):
    """(kind, a, b) → (count, support, confidence, lift, days), of all pairs of different items."""
    kinds = {"together": [], "after": []}
    for walk in walks:
        for place, (day, of) in enumerate(walk):
            kinds["together"].append((of, of, None))
            if place + 1 < len(walk):
                kinds["after"].append((of, walk[place + 1][1], (walk[place + 1][0] - day).days))
    found = {}
    for kind, steps in kinds.items():
        before, after, pair, days = Counter(), Counter(), Counter(), defaultdict(list)
        for a_items, b_items, gap in steps:
            before.update(a_items)
            after.update(b_items)
            for a in a_items:
                for b in b_items - {a}:
                    pair[a, b] += 1
                    days[a, b].append(gap)
        for (a, b), n in pair.items():
            lift = n * len(steps) / before[a] / after[b]
            found[kind, a, b] = (n, n / len(steps), n / before[a], lift, days[a, b])
    return found


def check_next_item(con, _):
    least = parameter(con, "minimum_support")
    want = [
        dict(item_a=a, item_b=b, steps=n, support=support, confidence=confidence, lift=lift, median_days=statistics.median(days))
        for (kind, a, b), (n, support, confidence, lift, days) in rules(paths(con).values()).items()
        if kind == "after" and support >= least
    ]
    compare(con, "next_item", want, ["item_a", "item_b"], names=["item_name_a", "item_name_b"])


def best_rules(found, confidence_of):
    """The ten rules of most confidence from each item, and the order of all of them."""
    by_item = defaultdict(list)
    for kind, a, b in found:
        by_item[a].append((-confidence_of[kind, a, b], b, kind))
    kept = [(c, b, a, kind) for a, of in by_item.items() for c, b, kind in sorted(of)[:10]]
    leads = defaultdict(list)
    for number, (_, b, a, kind) in enumerate(sorted(kept)):
        leads[a].append((number, b, kind))
    return leads


def three(leads, latest, bought):
    """The three items recommended after these: (item, because of, kind)."""
    best = {}
    for a in sorted(latest)[:8]:
        for number, b, kind in leads[a]:
            if b not in bought:
                best[b] = min(best.get(b, (number, a, kind)), (number, a, kind))
    return [(b, a, kind) for b, (_, a, kind) in sorted(best.items(), key=lambda x: x[1][0])[:3]]


def check_recommendation(con, _):
    walks = paths(con)
    least = parameter(con, "minimum_support")
    found = {k: v for k, v in rules(walks.values()).items() if v[1] >= least}
    leads = best_rules(found, {k: v[2] for k, v in found.items()})
    want = []
    for customer, walk in walks.items():
        for rank, (b, a, kind) in enumerate(three(leads, walk[-1][1], frozenset().union(*(of for _, of in walk))), 1):
            _, support, confidence, lift, _ = found[kind, a, b]
            want.append(dict(customer_id=customer, rank=rank, item_id=b, because_of=a, kind=kind, support=support, confidence=confidence, lift=lift))
    compare(con, "recommendation", want, ["customer_id", "rank"], names=["item_name"])


def check_recommendation_test(con, _):
    walks = paths(con)
    least = parameter(con, "minimum_support")
    known = [walk[:-1] if len(walk) > 1 else walk for walk in walks.values()]
    learnt = rules(known)
    # A rule is one where it is one of all purchases; how sure it is, is learnt from what was known.
    found = [k for k, v in rules(walks.values()).items() if v[1] >= least and k in learnt]
    leads = best_rules(found, {k: learnt[k][2] for k in found})
    popular = Counter(item for walk in known for _, of in walk for item in of)
    popular = [item for item, _ in sorted(popular.items(), key=lambda x: (-x[1], x[0]))[:20]]
    result = {m: dict(method=m, customers=0, served=0, hits=0) for m in ("recommendation", "most_bought")}
    for walk in walks.values():
        if len(walk) < 2:
            continue
        bought, held_out = frozenset().union(*(of for _, of in walk[:-1])), walk[-1][1]
        shown = {
            "recommendation": [b for b, _, _ in three(leads, walk[-2][1], bought)],
            "most_bought": [item for item in popular if item not in bought][:3],
        }
        for method, of in shown.items():
            result[method]["customers"] += 1
            result[method]["served"] += bool(of)
            result[method]["hits"] += bool(held_out & set(of))
    want = [dict(r, hit_rate=r["hits"] / r["customers"]) for r in result.values()]
    compare(con, "recommendation_test", want, ["method"])


def first_category(con):
    path = {r["item_id"]: r["category_path"] for r in rows(con, "select item_id, category_path from product")}
    return lambda item: (path.get(item) or "").split(">")[0].strip() or None


def check_preference(con, _):
    category_of = first_category(con)
    counts, amounts = defaultdict(Counter), defaultdict(Counter)
    for (customer, _, _), of in items(con).items():
        if customer is None:
            continue
        of_purchase = Counter()
        for item, (_, amount) in of.items():
            if category_of(item):
                of_purchase[category_of(item)] += amount
        for category, amount in of_purchase.items():
            counts[customer][category] += 1
            amounts[customer][category] += amount
    everybody = Counter()
    for of in counts.values():
        everybody.update(of)
    share_of_all = {c: n / everybody.total() for c, n in everybody.items()}
    want = []
    for customer, of in counts.items():
        index = {c: n / of.total() / share_of_all[c] for c, n in of.items()}
        for rank, c in enumerate(sorted(of, key=lambda c: (-of[c], -index[c], c))[:3], 1):
            want.append(dict(
                customer_id=customer, rank=rank, category=c, purchases=of[c], amount=amounts[customer][c], share=of[c] / of.total(),
                share_of_all=share_of_all[c], index=index[c],
            ))
    compare(con, "preference", want, ["customer_id", "rank"])


def club_order(event):
    """Of what is said of a membership at one time the withdrawal is the last."""
    return event["occurred_at"], event["category"] == "withdrawn", event["event_id"]


def state_of(events, until):
    """The state of a membership at a time, and its rank."""
    seen = sorted((e for e in events if e["occurred_at"] <= until), key=club_order)
    if not seen:
        return "none", None
    said = [e for e in seen if e["status"] is not None and e["category"] != "withdrawn"]
    rank = said[-1]["status"] if said else None
    return ("withdrawn" if seen[-1]["category"] == "withdrawn" else rank or "member"), rank


def memberships(con):
    found = defaultdict(list)
    for f in facts(con, "membership"):
        if f["category"] in ("joined", "rank", "withdrawn") and f["record_id"] is not None:
            found[f["channel"], f["record_id"]].append(f)
    return found


def check_member_rank(con, _):
    want, now = [], as_of(con)
    for (channel, record), events in memberships(con).items():
        events.sort(key=club_order)
        state, rank = state_of(events, now)
        last = lambda category: max((e["occurred_at"] for e in events if e["category"] == category), default=None)
        want.append(dict(
            channel=channel, record_id=record, customer_id=events[-1]["customer_id"], state=state, rank=rank, joined_at=last("joined"),
            rank_at=max((e["occurred_at"] for e in events if e["status"] is not None and e["category"] != "withdrawn"), default=None),
            withdrawn_at=last("withdrawn"), reason=next((e["reason"] for e in reversed(events) if e["category"] == "withdrawn"), None),
        ))
    of_customer = defaultdict(list)
    for row in want:
        of_customer[row["customer_id"]].append(row)
    for row in want:
        mine = of_customer[row["customer_id"]]
        said = lambda r: r["rank_at"] or r["joined_at"]
        first = min(mine, key=lambda r: (r["state"] == "withdrawn", -said(r).timestamp() if said(r) else 0, r["channel"], r["record_id"]))
        row["memberships"] = len(mine) if row["customer_id"] else None
        row["speaks"] = row["customer_id"] is not None and first is row
    compare(con, "member_rank", want, ["channel", "record_id"])


def check_rank_move(con, _):
    now = as_of(con)
    before = now - timedelta(days=parameter(con, "move_days"))
    found = defaultdict(list)
    for events in memberships(con).values():
        newest = max(events, key=club_order)
        found[state_of(events, before)[0], state_of(events, now)[0]].append(newest["customer_id"])
    base = Counter()
    for (was, _), members in found.items():
        base[was] += len(members)
    want = [
        dict(state_before=was, state=state, members=len(m), customers=len(set(m) - {None}), share=len(m) / base[was])
        for (was, state), m in found.items()
    ]
    compare(con, "rank_move", want, ["state_before", "state"])


def point_lots(con):
    """For each account its rows, with what is left of each lot."""
    accounts = defaultdict(list)
    for f in facts(con, "point"):
        if f["amount"] is not None:
            accounts[f["channel"], f["account_id"] or f["record_id"] or f["event_id"]].append(f)
    for of in accounts.values():
        to_take = -sum(f["amount"] for f in of if f["amount"] < 0)
        end = datetime.max.replace(tzinfo=ZONE)
        for f in sorted((f for f in of if f["amount"] > 0), key=lambda f: (f["valid_until"] or end, f["occurred_at"], f["event_id"])):
            taken = min(f["amount"], to_take)
            to_take -= taken
            f["left"] = f["amount"] - taken
    return accounts


def check_point_account(con, _):
    want, now = [], as_of(con)
    for (channel, account), of in point_lots(con).items():
        newest = max(of, key=lambda f: (f["occurred_at"], f["event_id"]))
        lots = [f for f in of if f["amount"] > 0 and f["valid_until"] is not None]
        ends = lambda days: sum(f["left"] for f in lots if now < f["valid_until"] <= now + timedelta(days=days))
        summed = lambda category, sign: sign * sum(f["amount"] for f in of if f["category"] == category)
        want.append(dict(
            channel=channel, account=account, record_id=newest["record_id"], customer_id=newest["customer_id"],
            shared=len({f["customer_id"] for f in of} - {None}) > 1, balance=sum(f["amount"] for f in of), granted=summed("grant", 1),
            used=summed("use", -1), expired=summed("expire", -1),
            adjusted=sum(f["amount"] for f in of if f["category"] not in ("grant", "use", "expire")), lapsed=sum(f["left"] for f in lots if f["valid_until"] <= now),
            expires_30=ends(30), expires_60=ends(60), expires_90=ends(90), last_at=newest["occurred_at"],
            next_expiry_at=min((f["valid_until"] for f in lots if f["valid_until"] > now and f["left"] > 0), default=None),
        ))
    compare(con, "point_account", want, ["channel", "account"])
    odd = rows(con, "select count(*) as n from point_account where balance <> granted - used - expired + adjusted")[0]["n"]
    assert odd == 0, f"point_account: {odd} balances are not granted - used - expired + adjusted"


def check_product_registry(con, _):
    category_of, today = first_category(con), as_of(con).date()
    units = defaultdict(list)
    for f in facts(con, "registration"):
        if f["item_id"] is not None:
            units[f["item_id"], f["serial_number"] or f"{f['channel']}/{f['event_id']}"].append(f)
    want = []
    for (item, unit), of in units.items():
        of.sort(key=lambda f: (f["occurred_at"], f["channel"], f["event_id"]))
        bought = next((f["bought_on"] for f in of if f["bought_on"] is not None), None)
        want.append(dict(
            item_id=item, unit=unit, category=category_of(item), customer_id=of[-1]["customer_id"], registered_at=of[-1]["occurred_at"],
            first_registered_at=of[0]["occurred_at"], bought_on=bought, age_days=(today - (bought or of[0]["occurred_at"].date())).days,
            registrations=len(of), changed_hands=len({f["customer_id"] for f in of} - {None}) > 1,
        ))
    compare(con, "product_registry", want, ["item_id", "unit"], names=["item_name"])


def check_profile_merges(con, _):
    history = rows(con, "select channel, record_id, customer_id, valid_to from id_map")
    today = {(r["channel"], r["record_id"]): r["customer_id"] for r in history if r["valid_to"] is None}
    ever = defaultdict(set)
    for r in history:
        ever[r["customer_id"]].add((r["channel"], r["record_id"]))
    reasons = defaultdict(set)
    for e in rows(con, "select * from id_event where event = 'merged' and counterpart is not null"):
        reasons[e["customer_id"], e["counterpart"], e["valid_from"]].add(e["reason"])
    want = []
    for (old, into, at), why in reasons.items():
        held = Counter(today[r] for r in ever[old] if r in today)
        now = min(held, key=lambda c: (-held[c], c), default=None)
        want.append(dict(previous_id=old, merged_into=into, merged_at=at, customer_id=now, reason=min(why), is_alias=now != old))
    if want:
        compare(con, "profile_merges", want, ["previous_id", "merged_at", "merged_into"])
    else:
        assert rows(con, "select count(*) as n from profile_merges")[0]["n"] == 0, "profile_merges: nothing was merged"


CARRIERS = """docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp vodafone.ne.jp disney.ne.jp willcom.com wcm.ne.jp pdx.ne.jp
    ymobile.ne.jp ymobile1.ne.jp emnet.ne.jp emobile.ne.jp uqmobile.jp rakuten.jp""".split()


def device(contact, address):
    if contact == "email":
        domain = "." + address.lower().rpartition("@")[2]
        return "mobile" if any(domain.endswith("." + carrier) for carrier in CARRIERS) else "pc"
    national = "0" + address[3:] if address.startswith("+81") else address
    return "mobile" if national[:3] in ("070", "080", "090") else "fixed"


def clubs_of(con):
    """Customer → (state, withdrawals) of each membership."""
    clubs = defaultdict(list)
    for events in memberships(con).values():
        customer = max(events, key=club_order)["customer_id"]
        clubs[customer].append((state_of(events, as_of(con))[0], [e for e in events if e["category"] == "withdrawn"]))
    return clubs


def agreed(con):
    """All statements, and those that are consents today."""
    statements = rows(con, "select * from consent_by_record")
    return statements, consents.in_force(statements, facts(con, "message"), clubs_of(con), as_of(con))


def check_consented_address(con, _):
    statements, yes = agreed(con)
    refused = consents.refused_addresses(statements, yes)
    of_way = defaultdict(list)
    for s in consents.newest_first(yes):
        of_way[consents.of_what(s)] += [(address, s) for address in s["contact_points"] or [] if address is not None]
    want = []
    for (customer, purpose, contact), addresses in of_way.items():
        for place, address in enumerate(dict.fromkeys(address for address, _ in addresses), 1):
            s = next(s for other, s in addresses if other == address)
            want.append(dict(
                customer_id=customer, purpose=purpose, contact=contact, address=address, channel=s["channel"], position=place,
                record_id=s["record_id"], granted_at=s["stated_at"], denied_by_other=(purpose, contact, address) in refused,
                device=device(contact, address),
            ))
    compare(con, "consented_address", want, ["customer_id", "purpose", "contact", "address"])


def check_consent_by_record(con, _):
    """Which grants hold, and what the published verdict on each person is."""
    published = rows(con, "select * from consent_by_record")
    found = consents.with_holds(published, as_of(con))
    wrong = [s for s, other in zip(found, published) if s["holds"] != other["holds"]]
    assert not wrong, f"consent_by_record: holds is wrong of {len(wrong)} statements: {wrong[0]}"
    if not rows(con, "select count(*) as n from information_schema.tables where table_name = 'consent'")[0]["n"]:
        return
    of_way, strictness = defaultdict(list), ["denied", "unknown", "granted"]
    for s in consents.newest_first(found):
        of_way[consents.of_what(s)].append(s)
    want = []
    for of in of_way.values():
        yes = [s for s in of if s["holds"]]
        want.append(yes[0] if yes else min(of, key=lambda s: strictness.index(s["status"])))
    compare(con, "consent", [{k: v for k, v in s.items() if k != "holds"} for s in want], ["customer_id", "purpose", "contact"])


def check_no_address_without_its_own_grant(con, _):
    """Every address is one of the record that gave the grant, and of no other record alone."""
    strangers = rows(con, """
        select count(*) as n from consented_address a
        where not exists (
            select 1 from source_record s
            where s.channel = a.channel and s.record_id = a.record_id and (list_contains(s.emails, a.address) or list_contains(s.phones, a.address)))
    """)[0]["n"]
    assert strangers == 0, f"consented_address: {strangers} addresses are not of the record that gave the grant"


def if_made(check, mart):
    """The check where the mart is there: one that was left out is not checked."""

    def checked(con, marts):
        if mart in marts:
            check(con, marts)

    checked.__name__ = check.__name__
    return checked


def of_mart(check):
    return if_made(check, check.__name__.removeprefix("check_"))


CHECKS = [
    *map(of_mart, [
        check_next_item, check_recommendation, check_recommendation_test, check_preference, check_member_rank, check_rank_move,
        check_point_account, check_product_registry, check_profile_merges, check_consented_address,
    ]),
    if_made(check_no_address_without_its_own_grant, "consented_address"),
    check_consent_by_record,
]
