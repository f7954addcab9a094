"""The marts of contacts and triggers, made once more in plain Python by the definitions in their comments (see `marts_customer.py`)."""

import functools
import statistics
from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta

from marts import parameter
from marts_customer import (
    COMPLAINT, ZONE, as_of, compare, facts, first_category, of_mart, point_lots, purchases, rows,
)

DAY = timedelta(days=1)


def contacts(con):
    """Contacts in order of time, with their first reply, whether they repeat another one, and what was bought before and after."""
    bought = defaultdict(list)
    for p in purchases(con):
        bought[p["customer_id"]].append((p["occurred_at"], p["amount"]))
    replies = defaultdict(list)
    for f in facts(con, "ticket_reply"):
        replies[f["channel"], f["transaction_id"]].append(f["occurred_at"])
    now, newest, found = as_of(con), {}, []
    for f in sorted(facts(con, "ticket"), key=lambda f: (f["occurred_at"], f["channel"], f["event_id"])):
        at, customer = f["occurred_at"], f["customer_id"]
        f["complaint"] = f["category"] in COMPLAINT
        f["repeat"] = customer is not None and customer in newest and at <= newest[customer] + 30 * DAY
        f["reply"] = min(replies[f["channel"], f["event_id"]], default=None)
        f["before"] = f["after"] = None
        if customer is not None:
            newest[customer] = at
            if bought:
                f["before"] = sum(amount for t, amount in bought[customer] if at - 90 * DAY <= t < at)
                if at + 90 * DAY <= now:
                    f["after"] = sum(amount for t, amount in bought[customer] if at <= t < at + 90 * DAY)
        found.append(f)
    return found


def check_contact_customer(con, _):
    of_customer, now, want = defaultdict(list), as_of(con), []
    for c in contacts(con):
        if c["customer_id"] is not None:
            of_customer[c["customer_id"]].append(c)
    for customer, of in of_customer.items():
        about = Counter(c["category"] for c in of if c["category"] is not None)
        want.append(dict(
            customer_id=customer, contacts=len(of), contacts_90=sum(c["occurred_at"] > now - 90 * DAY for c in of),
            complaints=sum(c["complaint"] for c in of), repeat_contacts=sum(c["repeat"] for c in of),
            channels=sorted({c["channel"] for c in of}), main_category=min(about, key=lambda a: (-about[a], a), default=None),
            first_contact_at=of[0]["occurred_at"], last_contact_at=of[-1]["occurred_at"], last_channel=of[-1]["channel"],
            last_category=of[-1]["category"], sales_before_90=of[-1]["before"], sales_after_90=of[-1]["after"],
        ))
    compare(con, "contact_customer", want, ["customer_id"])


def check_contact_month(con, _):
    month = lambda t: date(t.year, t.month, 1)
    bought = Counter(month(p["occurred_at"]) for p in purchases(con))
    split = defaultdict(list)
    for c in contacts(con):
        m = month(c["occurred_at"])
        split[m, "all", "all"].append(c)
        for by in ("channel", "category", "staff"):
            split[m, by, c[by] or "-"].append(c)
    want = []
    for (m, by, value), of in split.items():
        known = [c for c in of if c["customer_id"] is not None]
        ripe = [c for c in known if c["after"] is not None]
        replies = [(c["reply"] - c["occurred_at"]).total_seconds() / 3600 for c in of if c["reply"] is not None]
        mean = lambda values: sum(values) / len(values) if values else None
        want.append(dict(
            month=m, split_by=by, value=value, contacts=len(of), persons=len({c["customer_id"] for c in known}), unknown=len(of) - len(known),
            complaints=sum(c["complaint"] for c in of),
            complaints_per_1000=sum(c["complaint"] for c in of) * 1000 / bought[m] if bought[m] else None,
            first_reply_median_hours=statistics.median(replies) if replies else None, repeat_contacts=sum(c["repeat"] for c in of),
            repeat_rate=sum(c["repeat"] for c in of) / len(known) if known else None,
            average_sales_before_90=mean([float(c["before"]) for c in known if c["before"] is not None]),
            average_sales_after_90=mean([float(c["after"]) for c in known]) if len(ripe) == len(known) else None,
        ))
    compare(con, "contact_month", want, ["month", "split_by", "value"])


def check_contact_topic(con, _):
    category_of, now, topics = first_category(con), as_of(con), defaultdict(list)
    for c in contacts(con):
        topics[c["category"] or "-", category_of(c["item_id"]) or "-"].append(c)
    total = sum(map(len, topics.values()))
    want = [
        dict(
            category=category, item_category=item, contacts=len(of), persons=len({c["customer_id"] for c in of} - {None}),
            share=len(of) / total, rank=1 + sum(len(other) > len(of) for other in topics.values()),
            contacts_90=sum(c["occurred_at"] > now - 90 * DAY for c in of), last_contact_at=max(c["occurred_at"] for c in of),
            contacts_90_before=sum(now - 180 * DAY < c["occurred_at"] <= now - 90 * DAY for c in of),
        )
        for (category, item), of in topics.items()
    ]
    compare(con, "contact_topic", want, ["category", "item_category"])


def birthday_in(born, year):
    """The day on which somebody has the birthday of a year."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def carts(con):
    """Channel and visit → when something was last put into its cart."""
    last = defaultdict(list)
    for f in facts(con, "web_visit"):
        if f["category"] == "cart":
            last[f["channel"], f["transaction_id"] or f["event_id"]].append(f["occurred_at"])
    return {visit: max(times) for visit, times in last.items()}


def visits(con):
    """Web visits of known customers, where they are mapped."""
    there = rows(con, "select count(*) as n from information_schema.tables where table_name = 'web_visit'")[0]["n"]
    return rows(con, "select * from web_visit where customer_id is not null") if there else []


@functools.cache
def told_before(con):
    """What the runs before told, by rule and event: none in a first run."""
    there = rows(con, "select count(*) as n from information_schema.tables where table_name = 'previous_trigger_told'")[0]["n"]
    return {(r["rule"], r["event"]): r for r in rows(con, "select * from previous_trigger_told")} if there else {}


@functools.cache
def records_of(con):
    """Customer → its records today, and all that it ever had with the times from and to which."""
    today, ever = defaultdict(set), defaultdict(list)
    for r in rows(con, "select channel, record_id, customer_id, valid_from, valid_to from id_map"):
        record = f"{r['channel']}/{r['record_id']}"
        ever[r["customer_id"]].append((record, r["valid_from"], r["valid_to"]))
        if r["valid_to"] is None:
            today[r["customer_id"]].add(record)
    return today, ever


@functools.cache
def told_births(con):
    """Year → the birthdays of it that were told: event, its record, all records that the customer had when it was told, and when that was."""
    found = defaultdict(list)
    for (rule, event), row in told_before(con).items():
        if rule == "birthday":
            record, _, year = event.rpartition("/")
            had = records_of(con)[1][row["customer_id"]]
            then = {r for r, since, until in had if since <= row["told_at"] and (until is None or until > row["told_at"])}
            found[int(year)].append((event, record, then | {record}, row["told_at"]))
    return found


def birth(con, customer, year):
    """The event of a customer's birthday of a year, and when it was told, be it of another record that the customer had then."""
    mine = records_of(con)[0][customer]
    told = [of for of in told_births(con)[year] if mine & of[2]]
    events = [event for event, record, _, _ in told if record in mine]
    return min(events, default=f"{min(mine)}/{year}"), min((at for *_, at in told), default=None)


def checkout_event(channel, purchase, record):
    """The id of a checkout: two persons may have one number, and no two have one record."""
    return f"{channel}/{purchase}/" + record.replace("/", "%2F")


OF_PURCHASES = ("after_purchase", "revival", "overdue", "dormant")


@functools.cache
def told_checkouts(con):
    """(rule, event) → when the number was told to who had the record then: also as `channel/number`, as events were once."""
    told, had = defaultdict(list), records_of(con)[1]
    for (rule, event), row in told_before(con).items():
        if rule in OF_PURCHASES and row["told_at"] > as_of(con) - 40 * DAY:
            for record, since, until in had[row["customer_id"]]:
                channel, _, number = record.partition("/")
                if since <= row["told_at"] and (until is None or until > row["told_at"]):
                    for name in (event, event.rpartition("/")[0]):
                        first, _, purchase = name.partition("/")
                        if first == channel and purchase:
                            told[rule, checkout_event(channel, purchase, number)].append(row["told_at"])
    return {key: min(times) for key, times in told.items()}


def founded(con):
    """All triggers with their founding events, also those that are over."""
    before = told_before(con)
    dormant, nth, now = timedelta(days=parameter(con, "dormant_days")), int(parameter(con, "nth_visit")), as_of(con)
    of_customer = defaultdict(list)
    for p in sorted(purchases(con), key=lambda p: p["number"]):
        p["event"] = checkout_event(p["channel"], p["purchase"], p["record_id"])
        of_customer[p["customer_id"]].append(p)
        yield "after_purchase", p["event"], p["customer_id"], p["occurred_at"], p["occurred_at"] + 10 * DAY, 7 * DAY, float(p["amount"])
        if p["days_since_previous"] is not None and p["days_since_previous"] >= dormant.days:
            yield "revival", p["event"], p["customer_id"], p["occurred_at"], p["occurred_at"], 14 * DAY, float(p["amount"])
    for customer, of in of_customer.items():
        last = of[-1]["occurred_at"]
        yield "dormant", of[-1]["event"], customer, last, last + dormant, 30 * DAY, None
        if len(of) >= 3:
            mean = max((last - of[0]["occurred_at"]) / (len(of) - 1), DAY)
            yield "overdue", of[-1]["event"], customer, last, last + 1.5 * mean, 30 * DAY, None
    last = carts(con)
    left = [(f"{v['channel']}/{v['visit_id']}", v["customer_id"], last[v["channel"], v["visit_id"]])
            for v in visits(con) if (v["channel"], v["visit_id"]) in last]
    days = defaultdict(list)
    for f in facts(con, "app_event"):
        if f["category"] == "cart" and f["customer_id"] is not None:
            days[f["channel"], f["record_id"], f["occurred_at"].date()].append(f)
    for (channel, _, _), of in days.items():
        left.append((f"{channel}/{min(f['event_id'] for f in of)}", of[0]["customer_id"], max(f["occurred_at"] for f in of)))
    for event, customer, at in left:
        if not any(p["occurred_at"] >= at for p in of_customer.get(customer, [])):
            yield "cart_left", event, customer, at, at + DAY, 7 * DAY, None
    for (channel, _), of in point_lots(con).items():
        for f in of:
            if f.get("left", 0) > 0 and f["valid_until"] is not None and f["customer_id"] is not None:
                due = f["valid_until"] - 30 * DAY
                yield "points_expiring", f"{channel}/{f['event_id']}", f["customer_id"], f["occurred_at"], due, 30 * DAY, float(f["left"])
    for golden in rows(con, "select customer_id, birth_date from golden_customer where birth_date is not null"):
        customer, born = golden["customer_id"], golden["birth_date"]
        for year in (now.year - 1, now.year, now.year + 1):
            day = birthday_in(born, year)
            if day <= now.date() + 30 * DAY:
                event = birth(con, customer, year)[0]
                yield "birthday", event, customer, None, datetime.combine(day, time(), ZONE), 7 * DAY, None
    of_customer = defaultdict(list)
    for v in visits(con):
        of_customer[v["customer_id"]].append((v["started_at"], v["channel"], v["visit_id"]))
    for customer, of in of_customer.items():
        told = [v for v in of if ("nth_visit", f"{v[1]}/{v[2]}") in before]
        for at, channel, visit in told or sorted(of)[nth - 1:nth]:
            yield "nth_visit", f"{channel}/{visit}", customer, at, at, 7 * DAY, None


def check_trigger_due(con, _):
    now, told, want = as_of(con), told_before(con), []
    for rule, event, customer, at, due, lasts, amount in founded(con):
        if due + lasts > now:
            # What was told of another record of the customer is told, and not due by this one.
            other = None
            if (rule, event) not in told:
                other = birth(con, customer, int(event.rpartition("/")[2]))[1] if rule == "birthday" else told_checkouts(con).get((rule, event))
            told_at = told[rule, event]["told_at"] if (rule, event) in told else other or (now if due <= now else None)
            want.append(dict(rule=rule, event=event, customer_id=customer, event_at=at, due_at=due, valid_until=due + lasts,
                             due_now=due <= now and told_at == now and other is None, told_at=told_at, amount=amount))
    compare(con, "trigger_due", want, ["rule", "event"])


def check_trigger_told(con, _):
    known = {r["customer_id"] for r in rows(con, "select distinct customer_id from id_map")}
    want = {key: row for key, row in told_before(con).items() if row["customer_id"] in known}
    for r in rows(con, "select rule, event, customer_id, due_at, told_at from trigger_due where due_now"):
        want.setdefault((r["rule"], r["event"]), r)
    compare(con, "trigger_told", want.values(), ["rule", "event"])


CHECKS = [
    *map(of_mart, [check_contact_customer, check_contact_month, check_contact_topic, check_trigger_due, check_trigger_told]),
]
