"""What happened to contracts, by loops over the facts of the kind `contract`."""

from collections import defaultdict

# At one time a start comes before a change, a change before an end.
ORDER = {"start": 1, "change": 2, "end": 3}


def events(facts, now):
    """Contract → its events up to now in order, each with its moment `at` and with `runs`: whether the contract is in force from then on.

    An end is at its valid_until where that is later than it was said. Where the contract starts again before, or another end of it is said, the
    end never comes. Nor does one of a contract in force that starts again at that very moment. A change leaves in force what is, and what is not.
    """
    said, found = defaultdict(list), {}
    for f in facts:
        if f["account_id"] is not None and f["category"] in ORDER and f["occurred_at"] <= now:
            said[f["account_id"]].append(f)
    for account, of in said.items():
        of.sort(key=lambda f: (f["occurred_at"], ORDER[f["category"]], f["event_id"]))
        kept = []
        for place, f in enumerate(of):
            until = f.get("valid_until")
            is_later = f["category"] == "end" and until is not None and until > f["occurred_at"]
            at = until if is_later else f["occurred_at"]
            is_taken_back = is_later and any(g["category"] != "change" and g["occurred_at"] < at for g in of[place + 1:])
            if at <= now and not is_taken_back:
                kept.append({**f, "at": at})
        runs, lines = None, []
        for at in sorted({f["at"] for f in kept}):
            now_said = sorted((f for f in kept if f["at"] == at), key=lambda f: (ORDER[f["category"]], f["event_id"]))
            if runs and any(f["category"] == "start" for f in now_said):
                now_said = [f for f in now_said if f["category"] != "end"]
            for f in now_said:
                # What is first said of a contract may be a change of one in force.
                runs = {"start": True, "change": runs is not False, "end": False}[f["category"]]
                lines.append({**f, "runs": runs})
        if lines:
            found[account] = lines
    return found
