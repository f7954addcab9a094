"""A small pipeline with the cases that the sample does not have: ties, one purchase, leap days, ends of months, costs and amounts of 0, exact
limits of every window, receipts and returns of every kind.

`write(folder, root)` writes its files and gives its pipeline.yaml. Persons are invented, each in the two channels `card` and `shop`. Runs are as
of AS_OF, so that 90 days before are the last day of a month.
"""

import csv
from pathlib import Path

from marts import parameters

AS_OF = "2026-03-31T23:59:59+09:00"

SURNAMES = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水".split()
SURNAME_KANA = "サトウ スズキ タカハシ タナカ イトウ ワタナベ ヤマモト ナカムラ コバヤシ カトウ ヨシダ ヤマダ ササキ ヤマグチ マツモト イノウエ キムラ ハヤシ サイトウ シミズ".split()

COLUMNS = (
    "event_id record_id at transaction_id store_id item_id item_name quantity amount category status discount coupon_id points_used"
    " shipping_charged shipping_cost tax receipt_id medium visitor_id account_id recipient"
).split()

# (item, name, category, cost, role)
PRODUCTS = [
    ("T1", "お試しセット", "化粧品>基礎", "300", "trial"),
    ("T2", "お試しミニ", "化粧品>基礎", "", "trial"),
    ("M1", "美容液", "化粧品>基礎", "1200", "main"),
    ("A1", "洗剤", "日用品", "150", ""),
    ("A2", "景品", "日用品", "0", ""),
    ("A3", "米", "食品>穀類", "999.5", ""),
]

# (medium, month, yen): one of 0, one of a month in which it brought nobody, one of a month to come.
SPEND = [
    ("search", "2024-02-01", "10000"),
    ("search", "2025-10-01", "9000"),
    ("search", "2025-12-01", "3000"),
    ("search", "2025-01-01", "5000"),
    ("flyer", "2025-12-01", "0"),
    ("flyer", "2024-02-01", "100"),
    ("search", "2026-04-01", "7777"),
]


class Events:
    """The rows of the events' files, by channel and kind."""

    def __init__(self):
        self.rows = {("shop", "purchase"): [], ("card", "card_use"): [], ("shop", "contract"): [], ("shop", "web_visit"): []}
        self.number = 0

    def add(self, channel, kind, person, at, transaction="", **more):
        self.number += 1
        row = dict.fromkeys(COLUMNS, "")
        row |= {"event_id": f"E{self.number:04}", "record_id": f"{channel[0].upper()}{person:02}" if person else "", "at": at}
        row |= {"transaction_id": transaction} | {k: str(v) for k, v in more.items()}
        self.rows[channel, kind].append(row)

    def order(self, person, at, transaction, item="A1", amount=1100, tax=100, **more):
        self.add("shop", "purchase", person, at, transaction, item_id=item, amount=amount, tax=tax, **more)

    def card(self, person, at, transaction, amount, category="sale", **more):
        self.add("card", "card_use", person, at, transaction, amount=amount, category=category, **more)

    def contract(self, person, at, account, category, amount=""):
        self.add("shop", "contract", person, at, account_id=account, category=category, amount=amount)

    def visit(self, person, at):
        self.add("shop", "web_visit", person, at, category="login", visitor_id=f"V{person}")


def events():
    e = Events()
    # 1: two first purchases at one moment; a third is the one before in UTC's day, and the next in Japan's.
    e.order(1, "2024-02-29T10:00:00+09:00", "A", medium="search", store_id="S1")
    e.card(1, "2024-02-29T10:00:00+09:00", "Z", 500, store_id="S1")
    e.order(1, "2025-12-31T23:30:00+09:00", "B", store_id="S1")
    e.order(1, "2026-01-01T00:30:00+09:00", "C", store_id="S1")
    # 2: as much as 1, so that deciles go by the id. The 365th day after a leap day.
    e.order(2, "2024-02-29T10:00:00+09:00", "D", amount=2700, medium="search")
    e.order(2, "2025-02-28T00:00:00+09:00", "F", amount=1100)
    # 3: one purchase, of nothing.
    e.order(3, "2025-12-31T12:00:00+09:00", "G", item="A2", amount=0, tax="", medium="flyer")
    # 4: one purchase that says no amount.
    e.order(4, "2025-12-01T00:00:00+09:00", "H", amount="", tax="", medium="flyer")
    # 5, 6: a trial, and a main item on the 90th and the 91st day. 7: both in one order. 8: two trials; the main item came back.
    e.order(5, "2025-10-01T23:59:59+09:00", "I", item="T1", medium="search", discount=50, coupon_id="K1")
    e.order(5, "2025-12-30T00:00:00+09:00", "J", item="M1", amount=5500, tax=500, points_used=300, recipient="S06")
    e.order(6, "2025-10-01T00:00:00+09:00", "K", item="T1", medium="search")
    e.order(6, "2025-12-31T00:00:00+09:00", "L", item="M1", amount=5500, tax=500)
    e.order(7, "2025-10-15T00:00:00+09:00", "M", item="T1")
    e.order(7, "2025-10-15T00:00:00+09:00", "M", item="M1", amount=5500, tax=500)
    e.order(8, "2025-12-05T00:00:00+09:00", "N", item="T1")
    e.order(8, "2025-12-05T00:00:00+09:00", "N", item="T2", amount=700, tax=63)
    e.order(8, "2025-12-20T00:00:00+09:00", "O", item="M1", amount=5500, tax=500, status="returned")
    # 9 to 13: the limits of the portfolio's cells: 210 and 209 days, exactly the amount, one yen less, 240 and 239 days ago.
    for person, first, last, yen in [
        (9, "2025-09-01", "2026-03-30", 35000),
        (10, "2025-09-02", "2026-03-30", 35000),
        (11, "2025-06-01", "2026-03-30", 34999.5),
        (12, "2025-03-31", "2025-08-03", 40000),
        (13, "2025-03-01", "2025-08-04", 40000),
    ]:
        e.order(person, f"{first}T09:00:00+09:00", f"P{person}", item="A3", amount=yen, quantity=1.5)
        e.order(person, f"{last}T09:00:00+09:00", f"Q{person}", item="A3", amount=yen, quantity=2)
    # 14: one receipt twice; a cancelled order whose card sale is none either; a provisional one; an order to come.
    e.order(14, "2025-05-01T10:00:00+09:00", "R1", amount=3300, tax=300, receipt_id="X1", shipping_cost=600, shipping_charged=550)
    e.order(14, "2025-05-01T10:00:00+09:00", "R1", item="A2", amount=0, tax="", receipt_id="X1")
    e.card(14, "2025-05-03T10:00:00+09:00", "R2", 3300, receipt_id="X1")
    e.order(14, "2025-05-10T10:00:00+09:00", "R3", status="cancelled", receipt_id="X2")
    e.card(14, "2025-05-10T10:00:00+09:00", "R4", 1100, receipt_id="X2")
    # The card's return of the cancelled order; one that both channels tell; one of an order before the last; one of a returned order.
    e.card(14, "2025-05-12T10:00:00+09:00", "RA", 1100, category="return", receipt_id="X2")
    e.order(14, "2025-05-14T10:00:00+09:00", "R1", amount=-1300, tax=-118, receipt_id="X1")
    e.card(14, "2025-05-14T10:00:00+09:00", "RB", 1300, category="return", receipt_id="X1")
    e.order(14, "2025-07-01T10:00:00+09:00", "RC", amount=2200, tax=200, receipt_id="X4")
    e.order(14, "2025-07-02T10:00:00+09:00", "RD", amount=800, tax=72)
    e.card(14, "2025-07-05T10:00:00+09:00", "RE", 700, category="return", receipt_id="X4")
    e.order(14, "2025-07-03T10:00:00+09:00", "RF", status="returned", receipt_id="X5")
    e.card(14, "2025-07-03T10:00:00+09:00", "RG", 1100, receipt_id="X5")
    e.card(14, "2025-07-06T10:00:00+09:00", "RH", 1100, category="return", receipt_id="X5")
    e.order(14, "2026-03-30T10:00:00+09:00", "R5", status="provisional")
    e.order(14, "2026-04-01T00:00:00+09:00", "R6")
    # Two card sales of one receipt, of which somebody unknown ordered the items.
    e.card(14, "2025-06-01T10:00:00+09:00", "R8", 900, receipt_id="X3")
    e.card(14, "2025-06-01T10:00:00+09:00", "R7", 900, receipt_id="X3")
    e.order(0, "2025-06-01T10:00:00+09:00", "R9", receipt_id="X3")
    e.order(0, "2025-06-01T10:00:00+09:00", "R9", item="A3", receipt_id="X3")
    # 15: returns. Before any purchase; within its order; with a number of its own at the moment of a purchase; on the card; without tax.
    e.order(15, "2025-01-01T10:00:00+09:00", "U0", amount=-500, tax=-45)
    e.order(15, "2025-02-01T10:00:00+09:00", "U1", amount=2200, tax=200, quantity=2)
    e.order(15, "2025-02-09T10:00:00+09:00", "U1", amount=-1100, tax=-100, quantity=-1, status="returned")
    e.order(15, "2025-03-01T10:00:00+09:00", "U2", amount=4400, tax=400, store_id="S2")
    e.order(15, "2025-03-01T10:00:00+09:00", "U3", amount=-300, tax="", store_id="S1")
    e.card(15, "2025-03-05T10:00:00+09:00", "U4", 800, store_id="S1")
    e.card(15, "2025-03-06T10:00:00+09:00", "U5", 200, category="return")
    e.card(15, "2025-03-07T10:00:00+09:00", "U6", 100, category="redeem")
    # 16: whatever was bought came back: no purchase. Then one, whose lines came at two times.
    e.order(16, "2025-04-01T10:00:00+09:00", "V1", status="returned")
    e.order(16, "2025-04-30T23:00:00+09:00", "V2", amount=600, tax=54)
    e.order(16, "2025-05-01T01:00:00+09:00", "V2", item="A3", amount=400, tax=36)
    # 17: bought in months 0, 12, 25 and 49: dormant, revived, left.
    for month in ("2022-02", "2023-02", "2024-03", "2026-03"):
        e.order(17, f"{month}-28T10:00:00+09:00", f"W{month}")
    # 19: gifts: two recipients in one order, of whom one line came back; to the buyer; in a cancelled order; to a number of another channel.
    e.order(19, "2025-12-24T10:00:00+09:00", "GA", amount=2000, recipient="S13")
    e.order(19, "2025-12-24T10:00:00+09:00", "GA", item="A3", amount=3000, recipient="0800-1")
    e.order(19, "2025-12-24T10:00:00+09:00", "GA", item="A2", amount=500, recipient="0800-1", status="returned")
    e.order(19, "2025-12-25T10:00:00+09:00", "GB", amount=900, recipient="S19")
    e.order(19, "2025-12-26T10:00:00+09:00", "GC", amount=900, recipient="S13", status="cancelled")
    e.order(19, "2026-01-05T10:00:00+09:00", "GD", amount=900, recipient="C12")
    # 18: the last of a month, and exactly 365 days later, and 90 days after that.
    for day in ("2024-08-31", "2025-08-31", "2025-11-29"):
        e.order(18, f"{day}T10:00:00+09:00", f"Y{day}", medium="flyer")
    # Contracts: all at one moment; begun and ended in a month; lowered; a change without a fee; raised and ended; of nobody known.
    for at, account, category, amount, person in [
        ("2024-01-10", "C1", "change", 900, 1),
        ("2024-01-10", "C1", "start", 1000, 1),
        ("2024-05-31", "C1", "change", "", 1),
        ("2025-06-30", "C1", "change", 700, 1),
        ("2024-06-01", "C2", "start", 500, 1),
        ("2024-06-30", "C2", "end", 0, 1),
        ("2024-07-01", "C3", "start", 800, 2),
        ("2025-07-10", "C3", "change", 1200, 2),
        ("2025-07-20", "C3", "end", 1200, 2),
        ("2025-01-31", "C4", "start", 300, 0),
        ("2025-09-01", "C5", "start", 400, 2),
        ("2025-09-01", "C5", "end", 0, 2),
        ("2025-11-01", "C5", "start", 450, 2),
        ("2025-11-01", "C6", "start", "", 3),
        ("2026-04-01", "C4", "end", 0, 0),
        ("2025-10-01", "C7", "start", 600, 5),
        ("2025-12-01", "C7", "change", 650, 0),
        # Renewed with a lower fee at one moment; a settlement after an end.
        ("2025-02-01", "C8", "start", 900, 6),
        ("2026-02-01", "C8", "end", 0, 6),
        ("2026-02-01", "C8", "start", 850, 6),
        ("2025-03-01", "C9", "start", 200, 7),
        ("2025-12-31", "C9", "end", 0, 7),
        ("2026-01-05", "C9", "change", 90, 7),
    ]:
        e.contract(person, f"{at}T12:00:00+09:00", account, category, amount)
    # Visits: back on the same day; on the 30th day; on the 31st; a month that is exactly 30 days old has to be February's, as of March 30.
    for person, at in [(1, "2025-06-10T01:00"), (1, "2025-06-10T23:00"), (2, "2025-06-05T10:00"), (2, "2025-07-05T10:00"),
                       (5, "2025-06-05T10:00"), (5, "2025-07-06T10:00"), (6, "2026-02-28T10:00"), (6, "2026-03-30T00:00")]:
        e.visit(person, f"{at}:00+09:00")
    return e.rows


# The retail model asks for both.
ATTRIBUTES = """
attributes:
  card: { type: identifier, check: luhn, label: { ja: カード番号, en: card number } }
  member: { type: identifier, label: { ja: 会員番号, en: member number } }
"""
SOURCE = """
  - name: {name}
    channel: {channel}
    holds: events
    event_type: {kind}
    files: {name}.csv
    format: csv
    event_id: event_id
    record_id: record_id
    occurred_at: at
    columns: {{ {columns} }}
"""
PEOPLE = """
  - name: {channel}_people
    channel: {channel}
    holds: people
    files: {channel}_people.csv
    format: csv
    record_id: id
    updated_at: updated
    columns: {{ name: name, kana: kana, birth_date: birth, phone: phone, email: email, postal_code: postal, address: address }}
"""
REFERENCES = """
  - name: products
    holds: reference
    table: product
    files: products.csv
    format: csv
    columns: { item_id: item, item_name: name, category_path: category, cost: cost, role: role }

  - name: spend
    holds: reference
    table: medium_spend
    files: spend.csv
    format: csv
    columns: { medium: medium, month: month, amount: yen }
"""
THRESHOLDS = "\nthresholds: { auto: 0.8, review: 0.5 }\n"
# Nothing is paid for a customer, so that costs of 0 are among the figures.
OTHER_PARAMETERS = {"acquisition_cost": "0", "retention_cost": "0"}


def parameters_of(pipeline):
    """The parameters of the retail pipeline, of which some are others."""
    known = dict(parameters(pipeline))
    assert OTHER_PARAMETERS.keys() <= known.keys(), "a parameter has another name"
    return "\nparameters:\n" + "".join(f"  {name}: {value}\n" for name, value in (known | OTHER_PARAMETERS).items())


def write(folder, root):
    """Writes the files; the path of the pipeline file."""
    data = Path(folder)
    data.mkdir(parents=True)

    def table(name, head, lines):
        with (data / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *lines])

    people = ["id name kana birth phone email postal address updated".split()]
    for i in range(1, 20):
        person = [f"{SURNAMES[i]} 一{'郎子美'[i % 3]}", f"{SURNAME_KANA[i]} イチ{'ロウ コ ミ'.split()[i % 3]}", f"19{60 + i}-0{1 + i % 9}-{10 + i}"]
        person += [f"0901234{i:04}", f"person{i}@example.com", "1000001", f"東京都千代田区千代田{i}-1", "2026-01-01"]
        people.append(person)
    text = f"name: edge\ninput: {data}\nlake: {data}/lake\n"
    text += f"model: {root}/pipelines/retail/model.yaml\nmarts: [{root}/pipelines/retail/marts, {root}/pipelines/retail/crm]\n{ATTRIBUTES}\nsources:"
    for channel in ("shop", "card"):
        table(f"{channel}_people.csv", people[0], [[f"{channel[0].upper()}{i:02}", *p] for i, p in enumerate(people[1:], 1)])
        text += PEOPLE.format(channel=channel)
    own = {"event_id", "record_id", "at"}
    for (channel, kind), rows in events().items():
        name = f"{channel}_{kind}"
        table(f"{name}.csv", COLUMNS, [[row[c] for c in COLUMNS] for row in rows])
        text += SOURCE.format(name=name, channel=channel, kind=kind, columns=", ".join(f"{c}: {c}" for c in COLUMNS if c not in own))
    table("products.csv", "item name category cost role".split(), PRODUCTS)
    table("spend.csv", "medium month yen".split(), SPEND)
    (data / "pipeline.yaml").write_text(text + REFERENCES + THRESHOLDS + parameters_of(f"{root}/pipelines/retail/pipeline.yaml"), encoding="utf-8")
    return data / "pipeline.yaml"
