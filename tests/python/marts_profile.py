"""The customer profile, put together once more in plain Python: each column from the mart of its name, flags and consent from the facts."""

from collections import Counter, defaultdict
from datetime import timedelta

from marts import parameter
import consents
import contracts
from marts_customer import agreed as statements_of
from marts_customer import as_of, club_order, compare, facts, memberships, of_mart, purchases, rows, state_of
from marts_trigger import DAY


def a_year_before(now):
    """The same day of the year before; 28 February for the 29th."""
    try:
        return now.replace(year=now.year - 1)
    except ValueError:
        return now.replace(year=now.year - 1, day=28)


def rows_of(con, mart):
    """The rows of a mart; none where it is left out."""
    there = rows(con, f"select count(*) as n from information_schema.tables where table_name = '{mart}'")[0]["n"]
    return rows(con, f'select * from "{mart}"') if there else []


def by_customer(con, mart, only=lambda row: True):
    """The rows of a mart by customer, one each."""
    found = [row for row in rows_of(con, mart) if row["customer_id"] is not None and only(row)]
    one = {row["customer_id"]: row for row in found}
    assert len(one) == len(found), f"{mart} has a customer twice"
    return one


def cell(limits, times, amount, now):
    """The cell of the customer portfolio, and whether it is an active one."""
    if not times:
        return None, None
    tenure, since = (max(times).date() - min(times).date()).days, (now.date() - max(times).date()).days
    if len(times) == 1:
        name = "初回客"
    elif tenure < limits["young_days"]:
        name = "よちよち客"
    elif amount < limits["amount"]:
        name = "コツコツ客"
    else:
        name = "流行客" if tenure < limits["loyal_days"] else "優良客"
    return name, since < limits["left_days"]


def check_customer_profile(con, _):
    now, limits = as_of(con), {name: parameter(con, f"cpm_{name}") for name in ("young_days", "loyal_days", "amount", "left_days")}
    bought, spent = defaultdict(list), Counter()
    for p in purchases(con):
        bought[p["customer_id"]].append(p["occurred_at"])
        spent[p["customer_id"]] += p["amount"]
    rank_one = lambda row: row["rank"] == 1
    rfm, ltv, preference = by_customer(con, "rfm"), by_customer(con, "ltv"), by_customer(con, "preference", rank_one)
    recommended, stages = by_customer(con, "recommendation", rank_one), by_customer(con, "seven_stages")
    contact = by_customer(con, "contact_customer")
    speaking = by_customer(con, "member_rank", lambda row: row["speaks"])
    response = by_customer(con, "message_response", lambda row: row["medium"] == "all")
    gifts, health = by_customer(con, "gift"), defaultdict(list)
    for unit in rows_of(con, "health_score"):
        health[unit["customer_id"]].append(unit["score"])
    states, accounts, ended, visited, agreed = (defaultdict(list) for _ in range(5))
    for events in memberships(con).values():
        states[max(events, key=club_order)["customer_id"]].append(state_of(events, now)[0])
    for row in rows_of(con, "point_account"):
        accounts[row["customer_id"]].append(row)
    for of in contracts.events(facts(con, "contract"), now).values():
        known = [f for f in of if f["customer_id"] is not None]
        if known:
            ended[known[-1]["customer_id"]].append(not of[-1]["runs"])
    for v in rows_of(con, "web_visit"):
        if v["customer_id"] is not None:
            visited[v["customer_id"]].append(v["started_at"])
    statements, yes = statements_of(con)
    in_force = {consents.of_what(s) for s in yes}
    for of in {consents.of_what(s) for s in statements}:
        agreed[of[0], of in in_force].append(f"{of[1]}/{of[2]}")
    number = lambda mapped, value: value if mapped else None
    want = []
    for g in rows(con, "select * from golden_customer"):
        c = g["customer_id"]
        at, mine = sorted(bought[c]), accounts.get(c, [])
        row = dict(
            customer_id=c, household_id=g["household_id"], sex=g["sex"], prefecture=g["prefecture"], channels=g["channels"], records=g["records"], age_band=None,
            birth_month=None,
            first_purchase_at=at[0] if at else None, last_purchase_at=at[-1] if at else None, next_purchase_at=None,
            is_lapsed=at[-1] < a_year_before(now) if at else None,
            is_cancelled=all(ended[c]) if ended.get(c) else None,
            is_withdrawn=all(state == "withdrawn" for state in states[c]) if states.get(c) else None,
            member_state=speaking.get(c, {}).get("state"), memberships=number(states, len(states.get(c, []))),
            point_accounts=number(accounts, len(mine)), points=number(accounts, sum(a["balance"] for a in mine)),
            points_expiring_30=number(accounts, sum(a["expires_30"] for a in mine)),
            visits_30=number(visited, sum(t > now - 30 * DAY for t in visited.get(c, []))),
            visits_90=number(visited, sum(t > now - 90 * DAY for t in visited.get(c, []))),
            last_visit_at=max(visited.get(c, []), default=None), last_contact_at=contact.get(c, {}).get("last_contact_at"),
            top_category=preference.get(c, {}).get("category"), top_category_share=preference.get(c, {}).get("share"),
            top_category_index=preference.get(c, {}).get("index"), recommended_item=recommended.get(c, {}).get("item_id"),
            stage=stages.get(c, {}).get("stage"), health_score=min(health.get(c, []), default=None), unsubscribed_at=response.get(c, {}).get("unsubscribed_at"),
            blocked_at=response.get(c, {}).get("blocked_at"), granted=sorted(agreed[c, True]) or None, denied=sorted(agreed[c, False]) or None,
        )
        if g["birth_date"] is not None:
            born = g["birth_date"]
            age = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
            row["age_band"], row["birth_month"] = age // 10 * 10, born.month
        if len(at) >= 3:
            row["next_purchase_at"] = at[-1] + max((at[-1] - at[0]) / (len(at) - 1), timedelta(days=1))
        for column in ("ltv_ratio", "ltv_profit", "margin", "discounted_share", "discount_depth"):
            row[column] = ltv.get(c, {}).get(column)
        row["cpm"], row["cpm_active"] = cell(limits, bought[c], spent[c], now)
        for column in ("recency_days", "frequency", "monetary", "r", "f", "m", "decile"):
            row[column] = rfm.get(c, {}).get(column)
        for column in ("gifts_given", "gifts_received"):
            row[column] = number(gifts, gifts.get(c, {}).get(column, 0))
        for column in ("contacts", "complaints"):
            row[column] = number(contact, contact.get(c, {}).get(column, 0))
        for days in (30, 90):
            for column in (f"sent_{days}", f"opened_{days}", f"clicked_{days}", f"bought_{days}"):
                row[column] = number(response, response.get(c, {}).get(column, 0))
        want.append(row)
    compare(con, "customer_profile", want, ["customer_id"])


CHECKS = [of_mart(check_customer_profile)]
