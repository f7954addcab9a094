"""Which statements are consents, by loops: of rows of `consent_by_record`, one for each record, purpose and way of contact.

A grant holds where it is surely newer than every statement of the customer's other records that is no grant. It is in force where it is surely
newer than everything that ended it. What is not sure is no: a time that is missing or still to come, one and the same moment, and the day of
a refusal that has no time of day. Times are in the pipeline's zone.
"""

from collections import defaultdict
from datetime import timedelta


def last_moment(at):
    """The last moment that a time may mean: of a midnight the end of its day."""
    return at + timedelta(days=1, microseconds=-1) if (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0) else at


def is_newer(grant, end, now):
    """Whether a grant's time is surely after that of an end. Either may be none."""
    known = grant is not None and grant <= now and end is not None and end <= now
    return known and last_moment(end) < grant


def of_what(statement):
    return statement["customer_id"], statement["purpose"], statement["contact"]


def with_holds(statements, now):
    """The statements with `holds`, found from their status and time alone."""
    refusals = defaultdict(list)
    for s in statements:
        if s["status"] != "granted":
            refusals[of_what(s)].append(s["stated_at"])
    return [
        dict(s, holds=s["status"] == "granted" and all(is_newer(s["stated_at"], refused, now) for refused in refusals[of_what(s)]))
        for s in statements
    ]


def newest_first(statements):
    """The newest first, those without a time last, of equal ones by channel and number."""
    return sorted(statements, key=lambda s: (s["stated_at"] is None, -(s["stated_at"].timestamp() if s["stated_at"] else 0), s["channel"], s["record_id"]))


def in_force(statements, messages, clubs, now):
    """The statements that are consents today. `messages` are facts; `clubs` customer → (state, withdrawals) of each membership."""
    ends = defaultdict(list)
    for f in messages:
        if f["category"] in ("unsubscribed", "blocked"):
            ends[f["customer_id"], f["medium"]].append(f["occurred_at"])
    for customer, of in clubs.items():
        if all(state == "withdrawn" for state, _ in of):
            ends[customer, None] += [max(e["occurred_at"] for e in gone) for _, gone in of]
    return [
        s for s in with_holds(statements, now)
        if s["holds"] and all(is_newer(s["stated_at"], end, now) for way in (s["contact"], None) for end in ends[s["customer_id"], way])
    ]


def refused_addresses(statements, agreed):
    """(purpose, contact, address) for which a customer's word is no consent: no statement of the customer about it is one in force."""
    yes = {(*of_what(s), address) for s in agreed for address in s["contact_points"] or []}
    said = {(*of_what(s), address) for s in statements for address in s["contact_points"] or [] if address is not None}
    return {key[1:] for key in said - yes}
