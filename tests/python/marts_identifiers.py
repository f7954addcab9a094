"""The identifiers of customers, recomputed from the lists of current and past values of each record, not from its history."""

from marts import rows


def check_user_identifiers(con, marts):
    """Every value and every channel id of a customer's records, with the number of records that have or had it."""
    owner = {
        (row["channel"], row["record_id"]): row["customer_id"]
        for row in rows(con, "select channel, record_id, customer_id from id_map where valid_to is null")
    }
    count, seen = {}, {}
    for row in rows(con, "select channel, record_id, phones, emails, identifiers, first_seen, last_seen from source_record"):
        customer = owner[row["channel"], row["record_id"]]
        values = {("phone", phone) for phone in row["phones"] or []} | {("email", mail) for mail in row["emails"] or []}
        values |= {(one["name"], one["value"]) for one in row["identifiers"] or []}
        own = (f"record_id.{row['channel']}", row["record_id"])
        for kind, value in values | {own}:
            count[customer, kind, value] = count.get((customer, kind, value), 0) + 1
            # A value is seen within the time of its records.
            times = seen.setdefault((customer, kind, value), [None, None])
            for place, time, best in ((0, row["first_seen"], min), (1, row["last_seen"], max)):
                times[place] = time if times[place] is None or time is None else best(times[place], time)
    found = rows(con, "select * from user_identifiers")
    assert len(count) > 1000 or len(found) < 1000, "the sample has identifiers"
    assert {(r["customer_id"], r["type"], r["value"]): r["count"] for r in found} == count
    for row in found:
        first, last = seen[row["customer_id"], row["type"], row["value"]]
        if row["first_seen"] is not None and first is not None:
            assert first <= row["first_seen"] <= row["last_seen"] <= last, row["type"]


CHECKS = [check_user_identifiers]
