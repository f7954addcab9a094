"""Error bars of campaigns over rows made by chance: persons in two arms at some thresholds only, and purchases under the other number.

In: the doubtful rows of `marts_error_bar_edges.py`, with sends of four campaigns. Out: the checks of `marts_campaign_bar.py` and of `campaign_effect`
on them. In the sample few persons differ between thresholds, and campaigns move by little.
"""

import random
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa

import marts_campaign
import marts_campaign_bar
from marts_customer_edges import ENDS, PEOPLE, made
from marts_error_bar_edges import doubtful

# The campaign `late` is too young at the end for most, `one` has one arm by name, `plain` has none.
ARMS = {"test": ["treatment", "control"], "three": ["x", "y", "z"], "late": ["treatment", "control"], "one": ["treatment"], "plain": [None]}


def sent_to(end):
    """The tables of a lake in which identity is in doubt, with campaigns."""
    tables, r, day = doubtful(end), random.Random(11), timedelta(days=1)
    facts = [f for f in tables["interaction"].to_pylist() if f["event_type"] != "message"]
    # On the last day that counts, and a moment too late.
    ages = {name: [14, 15, 40, 60] for name in ARMS} | {"late": [13, 14, 14, 10]}
    for n in range(900):
        i, channel, campaign = r.randrange(PEOPLE), r.choice(["shop", "app"]), r.choice(list(ARMS))
        at, arm = end - day * r.choice(ages[campaign]), r.choice(ARMS[campaign])
        # Of some numbers two customers had sends: the one of before, and the one of today.
        who = (i + 1) % PEOPLE if r.random() < 0.05 else i
        one = dict(channel=channel, customer_id=f"c{who:03}", record_id=f"R{i}", event_type="message", transaction_id=f"S{n}", campaign=campaign, arm=arm)
        facts.append(one | dict(event_id=f"S{n}", category="sent", occurred_at=at))
        if r.random() < 0.1:
            facts.append(one | dict(event_id=f"A{n}", category="converted", occurred_at=min(end, at + day * r.choice([0, 13, 14, -1]))))
        if r.random() < 0.2:
            buyer, until = r.choice([i, i ^ 1]), at + day * r.choice([0, 3, 13, 14])
            facts.append(dict(channel=r.choice(["shop", "app"]), event_id=f"B{n}", customer_id=f"c{buyer:03}", record_id=f"R{buyer}", event_type="purchase",
                              transaction_id=f"B{n}", item_id="I1", amount=Decimal(900), occurred_at=until))
    facts = [f for f in facts if f["occurred_at"] <= end]
    tables["interaction"] = pa.Table.from_pylist(facts, tables["interaction"].schema)
    return tables


def check_error_bars_of_campaigns_over_chance(_con, _marts):
    moved, all_figures = set(), set()
    for end in ENDS:
        con, done = made(sent_to(end), end, ["campaign_error_bar"])
        con.execute("create table run as select as_of from this_run")
        marts_campaign.check_campaign_effect(con, done)
        marts_campaign_bar.check_campaign_error_bar(con, done)
        marts_campaign_bar.check_campaign_error_bar_has_the_values_of_campaign_effect(con, done)
        figures = con.execute("select campaign, arm, control, figure, low < high from campaign_error_bar").fetchall()
        all_figures |= {tuple(figure) for *figure, _ in figures}
        moved |= {tuple(figure) for *figure, moves in figures if moves}
    assert len(all_figures) == 9 + 5, f"campaign_error_bar: these are not all: {sorted(all_figures)}"
    assert moved == all_figures, f"campaign_error_bar: these never move, and are not tested: {sorted(all_figures - moved)}"


CHECKS = [check_error_bars_of_campaigns_over_chance]
