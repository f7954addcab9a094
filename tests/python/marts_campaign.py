"""The marts of campaigns, web visits, contracts, stages and health, made once more in plain Python by the definitions in their comments.

In: a DuckDB connection with the tables of a lake (`marts.py` loads them). Each `check_…` raises AssertionError with the first rows that differ.
Nothing of the marts' SQL is used: facts are read as rows, and loops do the rest. What a purchase is, `purchase` says, which has a check of its own.
"""

import functools
import hashlib
import pathlib
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from math import floor, sqrt
from zoneinfo import ZoneInfo

import consents
import marts_customer

ZONE = ZoneInfo("Asia/Tokyo")
PIPELINE = pathlib.Path(__file__).parents[2] / "pipelines/retail/pipeline.yaml"
DAY = timedelta(days=1)
# ad_audience has rows where a source maps consent to advertising.
MARTS = ("message_response", "campaign_effect", "web_visit", "web_visit_month", "web_visit_flag", "prospect", "contract_churn", "contract_reason",
         "seven_stages", "seven_stages_count", "seven_stages_move", "health_score", "health_backtest")
STAGES = ["なし", "購入者", "顧客", "熱心な顧客", "フォロワー", "ファン", "会員", "信者(伝導者)"]


def of(mart):
    """A check of a mart, which is not made where the mart was left out."""
    def wrapped(check):
        def checked(con, marts):
            if mart in marts:
                check(con, marts)
        checked.__name__ = check.__name__
        return checked
    return wrapped


@functools.cache
def parameter(name):
    """The value of a parameter of the retail pipeline."""
    return float(re.search(rf"^  {name}: ([-\d.]+)", PIPELINE.read_text(), re.M)[1])


def rows(con, sql):
    """Rows as dicts, times in the pipeline's zone."""
    local = lambda v: v.astimezone(ZONE) if isinstance(v, datetime) else v
    return [{k: local(v) for k, v in row.items()} for row in con.sql(sql).to_arrow_table().to_pylist()]


def as_of(con):
    return rows(con, "select max(as_of) as t from run")[0]["t"]


def facts(con, *types):
    """Facts of these types up to the run's time."""
    named = ", ".join(f"'{t}'" for t in types)
    return rows(con, f"select * from interaction where event_type in ({named}) and occurred_at <= (select max(as_of) from run)")


def purchases(con):
    """The purchases of each customer in order."""
    found = defaultdict(list)
    for p in rows(con, "select customer_id, channel, purchase, occurred_at, amount, number from purchase"):
        found[p["customer_id"]].append(p)
    for of_one in found.values():
        of_one.sort(key=lambda p: p["number"])
    return found


def compare(con, mart, want, key, approximate=()):
    """Compares a mart with the rows wanted; columns that are approximate may differ by rounding."""
    got = {tuple(r[k] for k in key): r for r in rows(con, f'select * from "{mart}"')}
    wanted = {tuple(r[k] for k in key): r for r in want}
    assert len(wanted) == len(want), f"{mart}: the recomputation has a key twice"
    missing, more = sorted(wanted.keys() - got.keys(), key=str), sorted(got.keys() - wanted.keys(), key=str)
    assert not missing and not more, f"{mart}: {len(missing)} rows are missing {missing[:3]}, {len(more)} are too many {more[:3]}"
    wrong = []
    for k, row in wanted.items():
        assert row.keys() == got[k].keys(), f"{mart}: other columns: {row.keys() ^ got[k].keys()}"
        for column, value in row.items():
            have = got[k][column]
            same = have == value
            if not same and have is not None and value is not None and column in approximate:
                same = abs(float(have) - float(value)) <= 1e-9 * max(1.0, abs(float(value)))
            if not same:
                wrong.append((k, column, have, value))
    assert not wrong, f"{mart}: {len(wrong)} values differ (key, column, mart, wanted): {wrong[:5]}"


def days(n):
    return timedelta(seconds=n * 86400)


def fifths(values):
    """The fifth of each value, 1 to 5: the share of values that are smaller decides."""
    ordered, n = sorted(values), len(values)
    smaller = {}
    for place, v in enumerate(ordered):
        smaller.setdefault(v, place)
    return [min(5, 1 + floor(5 * (smaller[v] / (n - 1) if n > 1 else 0.0))) for v in values]


def sends(con):
    """Each message as a dict with its send, its answers, and what the person bought within the days of conversion."""
    bought, span = purchases(con), days(parameter("conversion_days"))
    messages = defaultdict(list)
    for f in facts(con, "message"):
        messages[f["channel"], f["transaction_id"] or f["event_id"]].append(f)
    found = []
    for (channel, _), lines in messages.items():
        one = {"channel": channel}
        for name in ("customer_id", "record_id", "campaign", "arm", "medium"):
            one[name] = max((f[name] for f in lines if f[name] is not None), default=None)
        one["conversions"] = [f["occurred_at"] for f in lines if f["category"] == "converted"]
        for kind in ("sent", "opened", "clicked", "unsubscribed", "blocked"):
            one[kind] = min((f["occurred_at"] for f in lines if f["category"] == kind), default=None)
        one["at"] = one["sent"] or min(f["occurred_at"] for f in lines)
        one["bought"] = one["sent"] is not None and any(
            one["sent"] <= p["occurred_at"] < one["sent"] + span for p in bought.get(one["customer_id"], []))
        found.append(one)
    return found


@of("message_response")
def check_message_response(con, marts):
    end, want = as_of(con), {}
    for s in sends(con):
        if s["customer_id"] is None:
            continue
        for way in ("all", s["medium"] or "unknown"):
            row = want.setdefault((s["customer_id"], way), Counter() | Counter())
            row.setdefault("last", {})
            for n in (7, 30, 90):
                if s["at"] <= end - days(n):
                    continue
                for kind in ("sent", "opened", "clicked", "unsubscribed", "blocked"):
                    row[f"{kind}_{n}"] += s[kind] is not None
                row[f"bought_{n}"] += s["bought"]
            for kind in ("sent", "opened", "clicked", "unsubscribed", "blocked"):
                if s[kind] is not None:
                    row["last"][kind] = max(s[kind], row["last"].get(kind, s[kind]))
    answered = {kind for s in sends(con) if s["customer_id"] for kind in ("opened", "clicked", "unsubscribed", "blocked") if s[kind]} | {"sent", "bought"}
    counts = ["sent_7"] + [f"{k}_{n}" for n in (30, 90) for k in ("sent", "opened", "clicked", "bought", "unsubscribed", "blocked")]
    compare(con, "message_response", [
        {"customer_id": who, "medium": way} | {c: row[c] if c.split("_")[0] in answered else None for c in counts} | {
            "last_sent_at": row["last"].get("sent"), "last_opened_at": row["last"].get("opened"), "last_clicked_at": row["last"].get("clicked"),
            "unsubscribed_at": row["last"].get("unsubscribed"), "blocked_at": row["last"].get("blocked")}
        for (who, way), row in want.items()], ["customer_id", "medium"])


def wilson(x, n, z=1.959963984540054):
    """Wilson's score interval, as centre and half width."""
    p = x / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def newcombe(x1, n1, x2, n2):
    """Rates, their difference and its hybrid score interval; nothing where an arm has nobody."""
    if not n1 or not n2:
        return (x1 / n1 if n1 else None, x2 / n2 if n2 else None, None, None, None)
    p1, p2, (l1, u1), (l2, u2) = x1 / n1, x2 / n2, wilson(x1, n1), wilson(x2, n2)
    return p1, p2, p1 - p2, p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2), p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


def check_newcombe_is_that_of_the_paper(con, marts):
    """Newcombe 1998, table II, example (a): 56/70 − 48/80, method 10: 0.0524 to 0.3339."""
    _, _, d, low, high = newcombe(56, 70, 48, 80)
    assert (round(d, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339), (d, low, high)


@of("campaign_effect")
def check_campaign_effect(con, marts):
    end, bought, span = as_of(con), purchases(con), days(parameter("conversion_days"))
    own = defaultdict(list)
    for f in facts(con, "purchase", "card_use", "app_event"):
        buys = f["event_type"] == "purchase" or (f["event_type"], f["category"]) in (("card_use", "sale"), ("app_event", "purchase"))
        if buys and f["status"] not in ("cancelled", "provisional", "returned") and (f["amount"] or 0) >= 0 and f["record_id"]:
            own[f["channel"], f["record_id"]].append(f["occurred_at"])
    campaigns, messages = defaultdict(list), sends(con)
    tests = {s["campaign"] for s in messages if s["arm"]}
    for s in messages:
        # A campaign without arms is one arm; sends without an arm are of no test.
        s["arm"] = s["arm"] or (None if s["campaign"] in tests else "none")
        if s["campaign"] and s["arm"] and s["sent"] and s["customer_id"]:
            s["answered"] = any(s["sent"] <= t < s["sent"] + span for t in s["conversions"])
            s["own"] = any(s["sent"] <= t < s["sent"] + span for t in own[s["channel"], s["record_id"]])
            campaigns[s["campaign"]].append(s)
    want = []
    for campaign, sent in campaigns.items():
        people, records = defaultdict(list), defaultdict(list)
        for s in sent:
            people[s["customer_id"]].append(s)
            records[s["channel"], s["record_id"]].append(s)
        clean, young = {}, Counter()
        for who, theirs in people.items():
            arms = {s["arm"] for s in theirs}
            if len(arms) > 1:
                continue
            if max(s["sent"] for s in theirs) > end - span:
                young[arms.pop()] += 1
                continue
            first = min(s["sent"] for s in theirs)
            before = [p for p in bought.get(who, []) if p["occurred_at"] < first]
            clean[who] = {"arm": arms.pop(), "converted": any(s["answered"] or s["bought"] for s in theirs), "all": "all",
                          "last": max((p["occurred_at"] for p in before), default=None), "spent": sum(p["amount"] for p in before),
                          "first_channel": bought[who][0]["channel"] if before else "none", "rfm_r": "none", "decile": "none"}
        buyers = [who for who in clean if clean[who]["last"] is not None]
        for who, r in zip(buyers, fifths([clean[w]["last"] for w in buyers])):
            clean[who]["rfm_r"] = str(r)
        # Ten groups of equal size; the first ones are one larger where it does not go up.
        size, rest = divmod(len(buyers), 10)
        groups = [g for g in range(1, 11) for _ in range(size + (g <= rest))]
        for g, who in zip(groups, sorted(buyers, key=lambda w: (-clean[w]["spent"], w))):
            clean[who]["decile"] = str(g)
        by_record = defaultdict(lambda: [0, 0])
        for theirs in records.values():
            for arm in {s["arm"] for s in theirs}:
                in_arm = [s for s in theirs if s["arm"] == arm]
                if max(s["sent"] for s in in_arm) <= end - span:
                    by_record[arm][0] += any(s["answered"] or s["own"] for s in in_arm)
                    by_record[arm][1] += 1
        arms = sorted({s["arm"] for s in sent})
        for arm in arms:
            for control in arms if len(arms) > 1 else ["none"]:
                alone = len(arms) == 1
                if not alone and (control == arm or not (control == "control" or arm != "control" and control < arm)):
                    continue
                both = [w for w, theirs in people.items() if {arm, control} <= {s["arm"] for s in theirs}]
                by_ids = [w for w in both if all(
                    len({s["arm"] for s in records[s0["channel"], s0["record_id"]]}) == 1 for s0 in people[w] if s0["arm"] in (arm, control))]
                for cut in ("all", "rfm_r", "first_channel", "decile"):
                    for value in {c[cut] for c in clean.values()} | ({"all"} if cut == "all" else set()):
                        x = [[c["converted"] for c in clean.values() if c["arm"] == a and c[cut] == value] for a in (arm, None if alone else control)]
                        if cut != "all" and not x[0] and not x[1]:
                            continue
                        p1, p2, d, low, high = newcombe(sum(x[0]), len(x[0]), sum(x[1]), len(x[1]))
                        is_all = cut == "all"
                        (a, na), (b, nb) = by_record[arm], by_record[None if alone else control]
                        of_records = newcombe(a, na, b, nb)[2:] if is_all else (None, None, None)
                        want.append({
                            "campaign": campaign, "arm": arm, "control": control, "segment_by": cut, "segment": value,
                            "persons": len(x[0]), "persons_control": None if alone else len(x[1]),
                            "conversions": sum(x[0]), "conversions_control": None if alone else sum(x[1]),
                            "rate": p1, "rate_control": p2, "uplift": d, "uplift_low": low, "uplift_high": high,
                            "contaminated": len(both) if is_all and not alone else None,
                            "contaminated_by_ids": len(by_ids) if is_all and not alone else None,
                            "records": (na or None) if is_all else None, "records_control": (nb or None) if is_all else None,
                            "uplift_by_record": of_records[0], "uplift_by_record_low": of_records[1], "uplift_by_record_high": of_records[2],
                            "too_young": young[arm] + (0 if alone else young[control]) if is_all else None})
    compare(con, "campaign_effect", want, ["campaign", "arm", "control", "segment_by", "segment"],
            {"rate", "rate_control", "uplift", "uplift_low", "uplift_high", "uplift_by_record", "uplift_by_record_low", "uplift_by_record_high"})


def normalised(platform, kind, value):
    """A value as a platform documents it."""
    value = value.replace(" ", "").lower()
    if platform == "google" and kind == "email":
        local, _, domain = value.partition("@")
        if domain in ("gmail.com", "googlemail.com"):
            return local.split("+")[0].replace(".", "") + "@" + domain
    if platform == "meta" and kind == "phone":
        return re.sub(r"\D", "", value).lstrip("0")
    return value


def check_normalised_is_as_documented(con, marts):
    """Google's own examples (its page on formats), and hashes that KARTE's help prints for Meta."""
    assert normalised("google", "email", "cloudy.sanfrancisco+shopping@gmail.com") == "cloudysanfrancisco@gmail.com"
    assert normalised("google", "email", "user.name+NYC@Example.com") == "user.name+nyc@example.com"
    assert sha256(normalised("meta", "email", "John_Smith@gmail.com")) == "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
    assert sha256(normalised("meta", "phone", "+81344057597")) == "574f12b7409ae74d10bebbcb5e79ce749d76c37d2590d689043c73d1a8e162d0"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def keys_of(statement):
    """What each platform would know an address of a statement by: platform, kind, hash."""
    kind = "email" if statement["contact"] == "email" else "phone"
    for platform in ("google", "meta", "yahoo") if kind == "email" else ("google", "meta"):
        for value in statement["contact_points"] or []:
            if normalised(platform, kind, value):
                yield platform, kind, sha256(normalised(platform, kind, value))


@of("ad_audience")
def check_ad_audience(con, marts):
    statements, yes = marts_customer.agreed(con)
    asked = lambda s: s["purpose"] == "advertising" and s["contact"] in ("email", "phone", "sms")
    agreed = {(*consents.of_what(s), key) for s in yes if asked(s) for key in keys_of(s)}
    said = {(*consents.of_what(s), key) for s in statements if asked(s) for key in keys_of(s)}
    refused = {key for *_, key in said - agreed}
    want = {(*key, who) for who, _, _, key in agreed if key not in refused}
    compare(con, "ad_audience", [dict(zip(("platform", "kind", "hash", "customer_id"), w)) for w in want], ["platform", "kind", "hash", "customer_id"])


@of("ad_audience")
def check_keys_are_of_customers_who_agree_today(con, marts):
    """A mail address goes to a platform of who has advertising/email in force, a phone of who has advertising/phone or advertising/sms."""
    if "customer_profile" not in marts:
        return
    granted = {r["customer_id"]: set(r["granted"] or []) for r in rows(con, "select customer_id, granted from customer_profile")}
    ways = {"email": {"advertising/email"}, "phone": {"advertising/phone", "advertising/sms"}}
    wrong = {r["customer_id"] for r in rows(con, "select customer_id, kind from ad_audience") if not granted[r["customer_id"]] & ways[r["kind"]]}
    assert not wrong, f"ad_audience: keys of {len(wrong)} customers without such a consent in force: {sorted(wrong)[:3]}"


def is_login(hit):
    """Whether a hit says who it is: by its category, or as it names a record."""
    return hit["category"] == "login" or hit["record_id"] is not None


def visits(con):
    """Each visit of the web site, by going through all facts of each visitor id in order of time."""
    bought = purchases(con)
    events, devices = defaultdict(list), defaultdict(list)
    for f in facts(con, "web_visit"):
        f["visit"] = f["channel"], f["transaction_id"] or f["event_id"]
        events[f["visit"]].append(f)
    for visit, lines in events.items():
        visitor = max((f["visitor_id"] for f in lines if f["visitor_id"] is not None), default=None)
        device = (visit[0], visitor) if visitor is not None else visit + ("alone",)
        lines.sort(key=lambda f: (f["occurred_at"], f["event_id"]))
        devices[device].append((lines[0]["occurred_at"], 0, visit[1], visit))
        for f in lines:
            if is_login(f):
                devices[device].append((f["occurred_at"], 1, f["event_id"], f))
    found = []
    for device, steps in devices.items():
        steps.sort(key=lambda s: s[:3])
        everybody = {f["customer_id"] for _, turn, _, f in steps if turn == 1}
        known, number, previous = False, 0, None      # known: False, or who it is; None is a person whom nobody knows
        record = None
        for at, turn, _, what in steps:
            if turn == 1:
                known, record = what["customer_id"], what["record_id"]
                continue
            lines, number = events[what], number + 1
            logins = [(f["customer_id"], f["record_id"]) for f in lines if is_login(f)]
            by_end, by_record = logins[-1] if logins else (known, record)
            if number == 1:
                flag = "first_visit"
            elif known is False:
                flag = "non_member"
            else:
                flag = "member_with_purchase" if bought.get(known) and bought[known][0]["occurred_at"] < at else "member_without_purchase"
            found.append({
                "channel": what[0], "visit_id": what[1], "visitor_id": max((f["visitor_id"] for f in lines if f["visitor_id"]), default=None),
                "customer_id": by_end or None, "record_id": by_record if by_end else None, "customer_id_at_start": known or None,
                "later_customer_id": next(iter(everybody)) if by_end is False and len(everybody) == 1 else None, "shared": len(everybody) > 1,
                "started_at": at, "ended_at": lines[-1]["occurred_at"], "medium": next((f["medium"] for f in lines if f["medium"] is not None), None),
                "flag": flag, "number": number, "days_since_previous": (at.date() - previous.date()).days if previous else None,
                "views": sum(f["category"] == "view" for f in lines), "carts": sum(f["category"] == "cart" for f in lines), "logins": len(logins)})
            previous = at
    # What no visit has is not mapped.
    for name in ("views", "carts"):
        if not any(v[name] for v in found):
            for v in found:
                v[name] = None
    return found


@of("web_visit")
def check_web_visit(con, marts):
    compare(con, "web_visit", visits(con), ["channel", "visit_id"])


@of("web_visit")
def check_no_visit_is_joined_backwards_over_a_shared_device(con, marts):
    wrong = rows(con, """
        select v.visit_id from web_visit v
        where v.customer_id is not null and not exists (
            select 1 from interaction i
            where i.event_type = 'web_visit' and (i.category = 'login' or i.record_id is not null) and i.channel = v.channel and i.customer_id = v.customer_id
                and i.occurred_at <= v.ended_at and (i.visitor_id = v.visitor_id or coalesce(i.transaction_id, i.event_id) = v.visit_id))
            or v.shared and v.later_customer_id is not null""")
    assert not wrong, wrong[:5]


@of("web_visit_month")
def check_web_visit_month(con, marts):
    end, found = as_of(con).date(), visits(con)
    came, groups = defaultdict(set), defaultdict(list)
    for v in found:
        if v["customer_id"]:
            came[v["customer_id"]].add(v["started_at"].date())
        for way in ("all", v["medium"] or "unknown"):
            groups[v["started_at"].date().replace(day=1), way].append(v)
    want = []
    for (month, way), theirs in groups.items():
        last = (month + 31 * DAY).replace(day=1) - DAY
        ripe, first = last + 30 * DAY <= end, {}
        for v in theirs:
            if v["customer_id"]:
                first[v["customer_id"]] = min(v["started_at"].date(), first.get(v["customer_id"], date.max))
        back = sum(any(day < d <= day + 30 * DAY for d in came[who]) for who, day in first.items())
        flags = Counter(v["flag"] for v in theirs)
        want.append({
            "month": month, "medium": way, "visits": len(theirs), "visitors": len({v["visitor_id"] for v in theirs} - {None}), "persons": len(first),
            "first_visits": flags["first_visit"], "non_member_visits": flags["non_member"],
            "member_without_purchase_visits": flags["member_without_purchase"], "member_with_purchase_visits": flags["member_with_purchase"],
            "returned": back if ripe else None, "return_rate": back / len(first) if ripe and first else None})
    compare(con, "web_visit_month", want, ["month", "medium"], {"return_rate"})


@of("web_visit_flag")
def check_web_visit_flag(con, marts):
    end, bought, n = as_of(con).date(), purchases(con), parameter("visit_conversion_days")
    groups = defaultdict(list)
    for v in visits(con):
        v["person"] = v["customer_id"] or v["later_customer_id"]
        v["converted"] = any(v["started_at"] <= p["occurred_at"] < v["started_at"] + days(n) for p in bought.get(v["person"], []))
        for flag in ("all", v["flag"]):
            groups[v["started_at"].date().replace(day=1), flag].append(v)
    want = []
    for (month, flag), theirs in groups.items():
        last = (month + 31 * DAY).replace(day=1) - DAY
        ripe, converted = (end - last).days >= n, sum(v["converted"] for v in theirs)
        known = sum(v["person"] is not None for v in theirs)
        want.append({
            "month": month, "flag": flag, "visits": len(theirs), "visitors": len({v["visitor_id"] for v in theirs} - {None}),
            "logged_in": sum(v["logins"] > 0 for v in theirs), "known": known,
            "carts": None if theirs[0]["carts"] is None else sum(v["carts"] > 0 for v in theirs),
            "converted": converted if ripe else None, "rate": converted / len(theirs) if ripe else None,
            "rate_known": converted / known if ripe and known else None})
    compare(con, "web_visit_flag", want, ["month", "flag"], {"rate", "rate_known"})


@of("prospect")
def check_prospect(con, marts):
    bought = purchases(con)
    uses = [f for f in facts(con, "app_event") if f["category"] != "purchase" and f["customer_id"]]
    ways = defaultdict(lambda: {"visits": [], "app": {}})
    for v in visits(con):
        who = v["customer_id"] or v["later_customer_id"]
        ways[("customer", who) if who else ("visitor", v["channel"] + ":" + (v["visitor_id"] or v["visit_id"]))]["visits"].append(v)
    for f in uses:
        day, app = f["occurred_at"].date(), ways["customer", f["customer_id"]]["app"]
        app[day] = min(f["occurred_at"], app.get(day, f["occurred_at"]))
    want = []
    for (kind, who), way in ways.items():
        first = bought[who][0]["occurred_at"] if kind == "customer" and who in bought else None
        before = [v for v in way["visits"] if first is None or v["started_at"] < first]
        app = {day: at for day, at in way["app"].items() if first is None or at < first}
        if not before and not app:
            continue
        moments = [v["started_at"] for v in before] + list(app.values())
        media = [v["medium"] for v in sorted(before, key=lambda v: (v["started_at"], v["medium"] or "")) if v["medium"] is not None]
        on = {v["started_at"].date() for v in before}
        want.append({
            "kind": kind, "prospect_id": who, "customer_id": who if kind == "customer" else None, "is_prospect": first is None,
            "first_contact_at": min(moments), "last_contact_at": max(moments), "visits": len(before),
            "views": sum(v["views"] or 0 for v in before), "carts": sum(v["carts"] or 0 for v in before), "visit_days": len(on), "app_days": len(app),
            "days": len(on | app.keys()), "media": list(dict.fromkeys(media)), "first_medium": media[0] if media else None,
            "last_medium": media[-1] if media else None, "first_purchase_at": first,
            "days_to_purchase": (first.date() - min(moments).date()).days if first else None})
    for name in ("views", "carts", "app_days"):
        if not any(row[name] for row in want):
            want = [row | {name: None} for row in want]
    compare(con, "prospect", want, ["kind", "prospect_id"])


def check_sample_has_rows_of_each(con, marts):
    """What is compared with nothing is not checked. Small lakes may lack something."""
    if rows(con, "select count(*) as n from golden_customer")[0]["n"] < 1000:
        return
    empty = [mart for mart in MARTS if mart in marts and not rows(con, f'select 1 as n from "{mart}" limit 1')]
    assert not empty, f"no rows in the sample: {', '.join(empty)}"


CHECKS = [check_message_response, check_newcombe_is_that_of_the_paper, check_campaign_effect, check_normalised_is_as_documented, check_ad_audience,
          check_keys_are_of_customers_who_agree_today,
          check_web_visit, check_no_visit_is_joined_backwards_over_a_shared_device, check_web_visit_month, check_web_visit_flag, check_prospect,
          check_sample_has_rows_of_each]
