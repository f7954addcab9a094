"""The marts of contracts, of the seven stages and of health, made once more in plain Python by the definitions in their comments.

As marts_campaign.py, whose ways of reading and comparing are used.
"""

from collections import Counter, defaultdict
from datetime import timedelta

import contracts
from marts_campaign import STAGES, as_of, compare, days, facts, fifths, of, parameter, purchases, rows

PARTS = {"logins": "login", "minutes": "minute", "registered": "registered", "admins": "admin", "trainings": "training", "contacts": "contact",
         "new_accounts": "new_account", "nps": "nps", "community": "community", "voices": "voice", "surveys": "survey", "referrals": "referral"}

def steps(con):
    """What happened to each contract, in order: moment, fee from then on, fee before, and whether it was in force before."""
    found = contracts.events(facts(con, "contract"), as_of(con))
    for lines in found.values():
        said, fee, runs = 0, 0, False
        for f in lines:
            said = said if f["amount"] is None else f["amount"]
            f["fee"] = said if f["runs"] else 0
            f["before"], f["ran"], fee, runs = fee, runs, f["fee"], f["runs"]
    return found


def next_month(month):
    return (month + timedelta(days=31)).replace(day=1)


@of("contract_churn")
def check_contract_churn(con, marts):
    today, lines_of = as_of(con).date(), steps(con)
    companies = defaultdict(list)
    for lines in lines_of.values():
        company = next((f["corporate_number"] for f in reversed(lines) if f["corporate_number"]), None)
        person = next((f["customer_id"] for f in reversed(lines) if f["customer_id"]), None)
        companies["all"].append((person, lines))
        if company:
            companies[company].append((person, lines))
    want = []
    for company, theirs in companies.items():
        month = min(f["at"].date() for _, lines in theirs for f in lines).replace(day=1)
        fee_before, running_before, rates = 0, None, []
        while month <= today:
            after = next_month(month)
            row = Counter(started=0, fee_started=0, fee_raised=0, fee_lowered=0, ended=0, fee_ended=0)
            running, fee = [], 0
            for person, lines in theirs:
                state = None
                for f in lines:
                    if f["at"].date() < after:
                        state = f
                    if not month <= f["at"].date() < after:
                        continue
                    if not f["runs"]:
                        row["ended"] += f["ran"]
                        row["fee_ended"] += f["before"] if f["ran"] else 0
                    elif not f["ran"]:
                        row["started"] += 1
                        row["fee_started"] += f["fee"]
                    else:
                        row["fee_raised"] += max(0, f["fee"] - f["before"])
                        row["fee_lowered"] += max(0, f["before"] - f["fee"])
                if state and state["runs"]:
                    running.append(person)
                    fee += state["fee"]
            over = after - timedelta(days=1) <= today
            rate = row["fee_ended"] / fee_before if over and fee_before else None
            rates.append(rate)
            want.append({
                "month": month, "company": company, "contracts": len(running), "persons": len(set(running) - {None}), "fee": fee,
                "fee_before": fee_before, **row, "churn_rate": rate,
                "churn_rate_12": sum(rates[-12:]) / 12 if len(rates) >= 12 and None not in rates[-12:] else None,
                "lowered_rate": row["fee_lowered"] / fee_before if over and fee_before else None,
                "contract_churn_rate": row["ended"] / running_before if over and running_before else None})
            month, fee_before, running_before = after, fee, len(running)
    compare(con, "contract_churn", want, ["month", "company"], {"churn_rate", "churn_rate_12", "lowered_rate", "contract_churn_rate"})


@of("contract_reason")
def check_contract_reason(con, marts):
    found = defaultdict(lambda: [0, 0])
    for lines in steps(con).values():
        for f in lines:
            if f["ran"] and not f["runs"]:
                found[f["at"].date().replace(day=1), f["reason"] or "unknown"][0] += 1
                found[f["at"].date().replace(day=1), f["reason"] or "unknown"][1] += f["before"]
    of_month = Counter()
    for (month, _), (_, fee) in found.items():
        of_month[month] += fee
    compare(con, "contract_reason", [
        {"month": month, "reason": reason, "contracts": n, "fee": fee, "share": fee / of_month[month] if of_month[month] else None}
        for (month, reason), (n, fee) in found.items()], ["month", "reason"], {"share"})


def stage_rules(con, moment):
    """The rule of each of the seven stages for each buyer of today, as of a moment; null where no buyer has a fact of its categories today."""
    start, bought = moment - days(parameter("stage_days")), purchases(con)
    facts_of = defaultdict(list)
    for f in facts(con, "message", "engagement", "membership"):
        facts_of[f["customer_id"]].append(f)
    facts_of_buyers = {(f["event_type"], f["category"]) for who in bought for f in facts_of[who]}
    mapped = lambda kind, *categories: any((kind, c) in facts_of_buyers for c in categories)
    found = {}
    for who, theirs in bought.items():
        times = [p["occurred_at"] for p in theirs if p["occurred_at"] <= moment]
        then = [f for f in facts_of[who] if f["occurred_at"] <= moment]
        window = [f for f in then if f["occurred_at"] > start]
        word = {}
        for f in then:
            if f["event_type"] == "membership" and f["category"] in ("joined", "rank", "withdrawn"):
                record = f["channel"], f["record_id"]
                # Of two words at one time the withdrawal counts.
                word[record] = max(word.get(record, (f["occurred_at"], False)), (f["occurred_at"], f["category"] == "withdrawn"))
        kinds = Counter((f["event_type"], f["category"]) for f in window)
        parts = sum(kinds["engagement", c] for c in ("entry", "event", "survey", "community", "voice"))
        referrals = sum((f["event_type"], f["category"]) == ("engagement", "referral") for f in then)
        found[who] = [
            len(times) >= parameter("stage_buyer_purchases"),
            len(times) >= parameter("stage_customer_purchases"),
            sum(t > start for t in times) >= parameter("stage_keen_purchases"),
            kinds["message", "opened"] + kinds["message", "clicked"] >= parameter("stage_follower_answers") if mapped("message", "opened", "clicked") else None,
            parts >= parameter("stage_fan_parts") if mapped("engagement", "entry", "event", "survey", "community", "voice") else None,
            any(not gone for _, gone in word.values()) if mapped("membership", "joined", "rank", "withdrawn") else None,
            referrals >= parameter("stage_evangelist_referrals") if mapped("engagement", "referral") else None]
    return found


def stage_of(rules):
    """The last stage that is reached by going up as long as rules hold; a stage without data is passed."""
    reached = 0
    for place, rule in enumerate(rules, 1):
        if rule is False:
            break
        if rule:
            reached = place
    return reached


@of("seven_stages")
def check_seven_stages(con, marts):
    end, bought = as_of(con), purchases(con)
    now, then = stage_rules(con, end), stage_rules(con, end - days(parameter("stage_move_days")))
    names = ("is_buyer", "is_customer", "is_keen", "is_follower", "is_fan", "is_member", "is_evangelist")
    start = end - days(parameter("stage_days"))
    compare(con, "seven_stages", [
        {"customer_id": who, "purchases": len(bought[who]), "recent_purchases": sum(p["occurred_at"] > start for p in bought[who]),
         "stage": stage_of(rules), "stage_name": STAGES[stage_of(rules)], "stage_before": stage_of(then[who]), **dict(zip(names, rules))}
        for who, rules in now.items()], ["customer_id"])
    stands, stood = [stage_of(r) for r in now.values()], [stage_of(then[who]) for who in now]
    want = []
    for n in range(1, 8):
        mapped = any(r[n - 1] is not None for r in now.values())
        numbers = {"persons": stands.count(n), "share": stands.count(n) / len(now) if now else None, "reached": sum(s >= n for s in stands),
                   "fulfilled": sum(r[n - 1] is True for r in now.values()), "persons_before": stood.count(n)}
        want.append({"stage": n, "stage_name": STAGES[n], "is_mapped": mapped, "skipped": STAGES[n] if now and not mapped else None, **{k: v if mapped else None for k, v in numbers.items()}})
    compare(con, "seven_stages_count", want, ["stage"], {"share"})
    moves = Counter(zip(stood, stands))
    compare(con, "seven_stages_move", [
        {"stage_before": a, "stage": b, "persons": n, "share": n / stood.count(a)} for (a, b), n in moves.items()], ["stage_before", "stage"], {"share"})


def health(con, back):
    """Values of each contract in force and of each person without one, `back` days ago, before what is not mapped is made null."""
    moment = as_of(con) - days(back)
    start = moment - days(parameter("health_days"))
    then = {}
    if back:
        for r in rows(con, "select * from id_map"):
            if r["valid_from"] <= moment and (r["valid_to"] is None or r["valid_to"] > moment):
                then[r["channel"], r["record_id"]] = r["customer_id"]
    known = []
    of_contract = contracts.events(facts(con, "contract"), as_of(con)).values()
    others = [{**f, "at": f["occurred_at"]} for f in facts(con, "engagement", "ticket", "registration")]
    for f in [*others, *(f for lines in of_contract for f in lines)]:
        f["known_then"] = (f["channel"], f["record_id"]) in then
        f["person"] = then.get((f["channel"], f["record_id"]), f["customer_id"])
        if f["at"] <= moment:
            known.append(f)
    by_account = defaultdict(list)
    for f in known:
        if f["event_type"] == "contract":
            by_account[f["account_id"]].append(f)
    in_force, of_person = {}, defaultdict(list)
    for account, lines in by_account.items():
        if lines[-1]["runs"]:
            latest = lambda name: next((f[name] for f in reversed(lines) if f[name] is not None), None)
            in_force[account] = {"customer_id": latest("person"), "corporate_number": latest("corporate_number"), "fee": latest("amount")}
            of_person[in_force[account]["customer_id"]].append(account)
    units = defaultdict(list)
    for f in known:
        if f["account_id"] in in_force:
            units["contract", f["account_id"]].append(f)
        elif f["person"] is not None and of_person[f["person"]]:
            for account in of_person[f["person"]]:
                units["contract", account].append(f)
        elif f["person"] is not None:
            units["person", f["person"]].append(f)
    found = {}
    for (unit, name), theirs in units.items():
        did = [f for f in theirs if f["event_type"] == "engagement"]
        window = [f for f in did if f["at"] > start]
        if unit == "person" and not window:
            continue
        these = lambda *kinds: [f for f in window if f["category"] in kinds]
        # A record id is new under each contract id that it names.
        first = {}
        for f in (f for f in did if f["category"] == "login"):
            account = f["account_id"], f["person"], f["channel"], f["record_id"]
            first[account] = min(f["at"], first.get(account, f["at"]))
        scores = [f["score"] for f in these("survey") if f["score"] is not None]
        found[unit, name] = {
            "customer_id": in_force[name]["customer_id"] if unit == "contract" else name,
            "corporate_number": in_force[name]["corporate_number"] if unit == "contract" else None,
            "fee": in_force[name]["fee"] if unit == "contract" else None,
            "known_then": any(f["known_then"] for f in theirs),
            "logins": len(these("login")), "minutes": sum(f["quantity"] or 0 for f in these("login")),
            "registered": sum(f["event_type"] == "registration" for f in theirs), "admins": sum(f["category"] == "admin" for f in did),
            "trainings": len(these("training", "meeting")), "contacts": sum(f["event_type"] == "ticket" and f["at"] > start for f in theirs),
            "new_accounts": sum(t > start for t in first.values()),
            "nps": (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / len(scores) if scores else None,
            "community": len(these("community")), "voices": len(these("voice")), "surveys": len(these("survey")), "referrals": len(these("referral"))}
    return found


def scored(con):
    """Today and then, with what is not mapped null, points and score."""
    both = [health(con, 0), health(con, parameter("health_back_days"))]
    mapped = {part for units in both for u in units.values() for part in PARTS if u[part]} | {"nps"}
    limit = parameter("health_part_limit")
    for units in both:
        for u in units.values():
            total = parameter("health_start")
            for part, weight in PARTS.items():
                u[part] = u[part] if part in mapped else None
                points = None if u[part] is None else max(-limit, min(limit, u[part] * parameter(f"health_{weight}_weight")))
                u[f"{part}_points"], total = points, total + (points or 0)
            u["score"] = max(0, min(100, total))
    return both


@of("health_score")
def check_health_score(con, marts):
    today = as_of(con).date()
    columns = ["customer_id", "corporate_number", "fee", "score", *PARTS, *(f"{p}_points" for p in PARTS)]
    compare(con, "health_score", [
        {"unit": unit, "unit_id": name, "day": today, **{c: u[c] for c in columns}} for (unit, name), u in scored(con)[0].items()],
        ["unit", "unit_id"], {"score", "nps", "minutes", *(f"{p}_points" for p in PARTS)})


@of("health_backtest")
def check_health_backtest(con, marts):
    now, then = scored(con)
    units = [(name, u) for (unit, name), u in then.items() if unit == "contract"]
    # Sums of the same parts may differ in the last bit, and would be no tie: cut it off.
    cases = [(round(u["score"], 9), ("contract", name) not in now, u["known_then"]) for name, u in units]
    groups = defaultdict(list)
    for case, fifth in zip(cases, fifths([c[0] for c in cases])):
        groups[fifth].append(case)
        groups[0].append(case)
    overall = sum(gone for _, gone, _ in cases) / len(cases) if cases else None
    stayed, left = [s for s, gone, _ in cases if not gone], [s for s, gone, _ in cases if gone]
    pairs = [1 if a > b else 0.5 if a == b else 0 for a in stayed for b in left]
    want = []
    for fifth, theirs in groups.items():
        rate = sum(gone for _, gone, _ in theirs) / len(theirs)
        want.append({
            "fifth": fifth, "contracts": len(theirs), "lowest_score": min(c[0] for c in theirs), "highest_score": max(c[0] for c in theirs),
            "cancelled": sum(gone for _, gone, _ in theirs), "cancel_rate": rate, "lift": rate / overall if overall else None,
            "auc": sum(pairs) / len(pairs) if fifth == 0 and pairs else None, "known_then": sum(k for _, _, k in theirs) / len(theirs)})
    compare(con, "health_backtest", want, ["fifth"], {"lowest_score", "highest_score", "cancel_rate", "lift", "auc", "known_then"})


CHECKS = [check_contract_churn, check_contract_reason, check_seven_stages, check_health_score, check_health_backtest]
