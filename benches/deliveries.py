"""Good and wrong deliveries of the generated retailer: none of the good ones is held, each of the wrong ones is.

    python3 benches/deliveries.py --nayose target/release/nayose --people 20000 --days 60

In: a generated retailer, cut into a first full load and daily files of one percent new or changed records, among them a campaign day
with ten times as many new members, a merger of towns that rewrites addresses, and a day from which phones are written another way.
Then wrong deliveries, one after the other, each on the lake of the last good day. Out: a table of what nayose said. The exit code is 1
where a good day is held or a wrong one let in. Only Python's standard library is used: the files in Parquet stay as they are.
"""

import argparse
import csv
import datetime
import gzip
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRST_DAY = datetime.date(2026, 4, 1)


class Retailer:
    """The files of the retailer as rows, and what happens to its people day by day."""

    def __init__(self, source, folder, seed, days):
        self.folder, self.random = folder, random.Random(seed)
        shutil.copytree(source, folder)
        self.header, self.shop = self.newest_rows("shop/customers_*.csv")
        self.order_header, self.orders = self.all_rows("shop/orders_*.csv")
        self.app, self.events = {}, []
        for file in sorted((folder / "app").glob("users_*.jsonl.gz")):
            for line in gzip.open(file, "rt", encoding="utf-8"):
                try:
                    user = json.loads(line)
                except ValueError:  # The generator makes broken lines too; they are no people.
                    continue
                if isinstance(user, dict) and user.get("user_id"):
                    self.app[user["user_id"]] = user
        for pattern in ("shop/customers_*.csv", "shop/orders_*.csv", "app/users_*.jsonl.gz"):
            for file in sorted(folder.glob(pattern)):
                file.unlink()
        self.dashed = True
        # A tenth joins later; the others are the first load.
        self.later_shop = [self.shop.pop(k) for k in sorted(self.random.sample(sorted(self.shop), len(self.shop) // 4))]
        self.later_app = [self.app.pop(k) for k in sorted(self.random.sample(sorted(self.app), len(self.app) // 4))]
        self.random.shuffle(self.later_shop)
        self.random.shuffle(self.later_app)
        cut = len(self.orders) * 3 // 4
        self.later_orders, self.orders = self.orders[cut:], self.orders[:cut]
        self.orders_a_day = len(self.later_orders) // (days + 2)
        self.put("shop/customers_20260331.csv", self.csv(self.header, self.shop.values()))
        self.put("shop/orders_20260331.csv", self.csv(self.order_header, self.orders))
        self.put("app/users_20260331.jsonl.gz", self.jsonl(self.app.values()))

    def all_rows(self, pattern):
        header, rows = None, []
        for file in sorted(self.folder.glob(pattern)):
            lines = list(csv.reader(io.StringIO(file.read_bytes().decode("cp932"), newline="")))
            header = lines[0]
            rows += [row for row in lines[1:] if len(row) == len(header) and row[0]]
        return header, rows

    def newest_rows(self, pattern):
        header, rows = None, {}
        for file in sorted(self.folder.glob(pattern)):
            lines = list(csv.reader(io.StringIO(file.read_bytes().decode("cp932", "replace"), newline="")))
            if header is None or len(lines[0]) >= len(header):
                header = lines[0]
            for row in lines[1:]:
                if row and row[0] and len(row) == len(lines[0]):
                    of = dict(zip(lines[0], row))
                    rows[row[0]] = of
        return header, {key: [row.get(name, "") for name in header] for key, row in rows.items()}

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def csv(self, header, rows):
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
        return text.getvalue().encode("cp932", "replace")

    def jsonl(self, users):
        text = "".join(json.dumps(user, ensure_ascii=False) + "\n" for user in users)
        return gzip.compress(text.encode("utf-8"), mtime=0)

    def column(self, name):
        return self.header.index(name)

    def phone(self, number):
        digits = "".join(c for c in number if c.isdigit())
        if self.dashed or not digits.startswith("0") or len(digits) < 10:
            return number
        return "+81-" + digits[1:3] + "-" + digits[3:7] + "-" + digits[7:]

    def change(self, row, day):
        """One thing that happens to a member of the shop."""
        row, other = list(row), self.random.choice(list(self.shop.values()))
        kind = self.random.randrange(5)
        name, address, upper = self.column("氏名"), self.column("住所1"), self.column("郵便番号")
        if kind == 0:
            row[address], row[upper], row[address + 1] = other[address], other[upper], other[address + 1]
        elif kind == 1:
            row[self.column("電話番号")] = "0%d0-%04d-%04d" % (
                self.random.choice([7, 8, 9]), self.random.randrange(10000), self.random.randrange(10000))
        elif kind == 2:
            row[self.column("メールアドレス")] = "m%07d@%s" % (
                self.random.randrange(10**7), other[self.column("メールアドレス")].partition("@")[2] or "docomo.ne.jp")
        elif kind == 3 and " " in row[name].replace("　", " "):
            # A marriage: the given name stays.
            family = other[name].replace("　", " ").split(" ")[0]
            row[name] = family + " " + row[name].replace("　", " ").split(" ", 1)[1]
        row[self.column("更新日")] = day.strftime("%Y/%m/%d")
        row[self.column("電話番号")] = self.phone(row[self.column("電話番号")])
        return row

    def day(self, number, share, campaign=False, merger=False):
        """The files of a good day, written into the input."""
        day = FIRST_DAY + datetime.timedelta(days=number)
        new = max(1, int(len(self.shop) * share / 4)) * (10 if campaign else 1)
        changed = max(5, int(len(self.shop) * share * 3 / 4))
        rows = []
        for key in self.random.sample(sorted(self.shop), min(changed, len(self.shop))):
            rows.append(self.change(self.shop[key], day))
        if merger:
            # The town's records come with its new name, all of them.
            address = self.column("住所1")
            city = max(self.cities(), key=lambda city: sum(city in row[address] for row in self.shop.values()))
            for row in self.shop.values():
                if city in row[address]:
                    row = list(row)
                    row[address] = row[address].replace(city, city[:-1] + "中央" + city[-1])
                    row[self.column("更新日")] = day.strftime("%Y/%m/%d")
                    rows = [known for known in rows if known[0] != row[0]] + [row]
        for _ in range(min(new, len(self.later_shop))):
            row = list(self.later_shop.pop())
            row[self.column("更新日")] = row[self.column("登録日")] = day.strftime("%Y/%m/%d")
            row[self.column("電話番号")] = self.phone(row[self.column("電話番号")])
            if campaign:
                for name in ("郵便番号", "住所1", "住所2", "フリガナ"):
                    row[self.column(name)] = ""
            rows.append(row)
        rows.sort()
        self.shop.update({row[0]: row for row in rows})
        users = self.random.sample(sorted(self.app), max(4, int(len(self.app) * share / 2)))
        stamp = day.strftime("%Y-%m-%dT10:00:00+09:00")
        users = [
            dict(self.app[key], phone=self.random.choice(list(self.app.values()))["phone"])
            if self.random.random() < 0.5
            else dict(self.app[key], push_enabled=False)
            for key in users
        ]
        joined = max(1, int(len(self.app) * share / 4)) * (10 if campaign else 1)
        users += [dict(self.later_app.pop(), created_at=stamp) for _ in range(min(joined, len(self.later_app)))]
        users = [dict(user, updated_at=stamp) for user in sorted(users, key=lambda user: user["user_id"])]
        self.app.update({user["user_id"]: user for user in users})
        orders = []
        for _ in range(self.orders_a_day):
            order = list(self.later_orders.pop())
            order[self.order_header.index("注文日時")] = day.strftime("%Y/%m/%d 12:%M:00")
            orders.append(order)
        return {
            f"shop/dt={day}/customers_{day:%Y%m%d}.csv": (self.header, rows),
            f"shop/dt={day}/orders_{day:%Y%m%d}.csv": (self.order_header, orders),
            f"app/dt={day}/users_{day:%Y%m%d}.jsonl.gz": users,
        }

    def cities(self):
        address, found = self.column("住所1"), set()
        for row in self.shop.values():
            for mark in "市区":
                at = row[address].find(mark)
                if 3 < at < 12:
                    start = max(row[address].rfind(c, 0, at) for c in "都道府県")
                    if 0 < start < at - 1:
                        found.add(row[address][start + 1 : at + 1])
        return sorted(found) or ["市"]

    def write(self, files):
        for name, rows in files.items():
            self.put(name, self.jsonl(rows) if name.endswith(".gz") else self.csv(*rows))


def wrong_kinds(retailer, files):
    """Name → what is wrong, as a function that changes the files of a good day, already written as bytes."""
    names = sorted(files)
    users, customers, orders = names
    header, rows = files[customers]
    at = header.index

    def table(change, head=header):
        return {customers: retailer.csv(head, [change(list(row)) for row in rows])}

    def set_in(row, name, value):
        row[at(name)] = value(row[at(name)]) if callable(value) else value
        return row

    def swap(row, one, other):
        row[at(one)], row[at(other)] = row[at(other)], row[at(one)]
        return row

    def cut_to(name, share):
        content = raw(name)
        return {name: content[: int(len(content) * share)]}

    def raw(name):
        return retailer.jsonl(files[name]) if name.endswith(".gz") else retailer.csv(*files[name])

    def yesterday(name):
        folder = retailer.folder / name.split("/")[0]
        return max(p for p in folder.rglob(pathlib.Path(name).name.split("_")[0] + "_*") if "dt=" in str(p)).read_bytes()

    slipped = [[row[0]] + rows[i - 1][1:] for i, row in enumerate(rows)]
    # The same layout and ids like ours, of other people.
    other_shop = [[row[0][0] + row[0][:0:-1]] + other[1:] for row, other in zip(rows, retailer.later_shop)]
    half = rows[: len(rows) // 2]
    order_header, order_rows = files[orders]
    buyer, bought = order_header.index("顧客番号"), order_header.index("注文日時")

    def order_table(column, change):
        changed = [row[:column] + [change(row[column])] + row[column + 1 :] for row in order_rows]
        return {orders: retailer.csv(order_header, changed)}

    def shift(name):
        values = [row[at(name)] for row in rows]
        return lambda: {customers: retailer.csv(header, [
            row[: at(name)] + [values[i - 1]] + row[at(name) + 1 :] for i, row in enumerate(rows)])}

    digits = lambda text: "".join(c for c in text if c.isdigit())
    as_number = lambda text: (text[2:] if text.startswith("81") else text).lstrip("0")
    other_order = lambda text: "/".join(text.split("/")[::-1]) if text.count("/") == 2 else text
    test = lambda row: [row[0], "テスト 太郎", "テスト タロウ"] + row[3:6] + ["0000000000", "test@example.com"] + row[8:]
    number = iter(range(10**7))
    duplicated = header[:2] + [header[1]] + header[2:]
    app_as_shop = "\n".join(json.dumps(u, ensure_ascii=False) for u in files[users]).encode("utf-8")
    return {
        "shifted column": lambda: table(lambda row: [row[0]] + row[2:] + [row[1]]),
        "swapped columns": lambda: table(lambda row: swap(row, "電話番号", "メールアドレス")),
        "name and kana swapped": lambda: table(lambda row: swap(row, "氏名", "フリガナ")),
        "other encoding": lambda: {customers: retailer.csv(header, rows).decode("cp932").encode("utf-8")},
        "half a file": lambda: cut_to(customers, 0.5),
        "half of the lines": lambda: {customers: retailer.csv(header, half)},
        "half of a packed file": lambda: cut_to(users, 0.5),
        "yesterday's file": lambda: {customers: yesterday(customers)},
        "yesterday's orders": lambda: {orders: yesterday(orders)},
        "other shop's file": lambda: {customers: retailer.csv(header, sorted(other_shop))},
        "header missing": lambda: {customers: b"\r\n".join(raw(customers).split(b"\r\n")[1:])},
        "empty": lambda: {customers: b""},
        "header alone": lambda: {customers: retailer.csv(header, [])},
        "all rows rejected": lambda: table(lambda row: row[:-2]),
        "slipped customer numbers": lambda: {customers: retailer.csv(header, slipped)},
        "truncated lines": lambda: {customers: b"\r\n".join(line[:60] for line in raw(customers).split(b"\r\n"))},
        "duplicated column": lambda: table(lambda row: row[:2] + [row[1]] + row[2:], duplicated),
        "other source's file": lambda: {customers: app_as_shop},
        "dates in another order": lambda: table(lambda row: set_in(row, "生年月日", other_order)),
        "file of a test system": lambda: table(test),
        "ids renumbered": lambda: table(lambda row: ["C7%07d" % next(number)] + row[1:]),
        "names masked": lambda: table(lambda row: set_in(row, "氏名", lambda name: name[:1] + "＊" * (len(name) - 1))),
        "kana lost": lambda: table(lambda row: set_in(row, "フリガナ", lambda kana: "?" * len(kana))),
        "phones without zeros": lambda: table(lambda row: set_in(row, "電話番号", lambda t: as_number(digits(t)))),
        "mail addresses shifted": shift("メールアドレス"),
        "birth dates shifted": shift("生年月日"),
        "orders without the prefix": lambda: order_table(buyer, lambda number: number[1:]),
        "orders of nobody": lambda: order_table(buyer, lambda number: number[0] + number[:0:-1] if number else number),
        "orders of next year": lambda: order_table(bought, lambda time: str(int(time[:4]) + 1) + time[4:]),
        "orders of last year": lambda: order_table(bought, lambda time: str(int(time[:4]) - 1) + time[4:]),
        "updated next year": lambda: table(lambda row: set_in(row, "更新日", lambda day: str(int(day[:4]) + 1) + day[4:])),
        "consent in other codes": lambda: table(
            lambda row: set_in(row, "メルマガ", {"希望する": "1", "希望しない": "0"}.get(row[at("メルマガ")], ""))),
        "dumps gone from the bucket": None,
    }


def run(nayose, retailer, lake, *more):
    command = [nayose, "run", str(ROOT / "pipelines/retail/pipeline.yaml"), "--input", str(retailer.folder)]
    ended = subprocess.run(command + ["--lake", str(lake), "--log", "json", *more], capture_output=True, text=True)
    message = ""
    for line in ended.stderr.splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        if said.get("level") == "error":
            message = said["message"]
    return ended.returncode, message


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--nayose", default=str(ROOT / "target/release/nayose"))
    arguments.add_argument("--people", type=int, default=20000)
    arguments.add_argument("--days", type=int, default=60)
    arguments.add_argument("--share", type=float, default=0.01, help="records that are new or changed on a day")
    arguments.add_argument("--seed", type=int, default=27)
    arguments.add_argument("--only", default="", help="wrong kinds whose name has this text")
    a = arguments.parse_args()
    failures = []
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        subprocess.run([a.nayose, "generate", "--people", str(a.people), "--seed", str(a.seed), "--out", str(work / "made")],
                       check=True, stdout=subprocess.DEVNULL)
        retailer, lake = Retailer(work / "made", work / "input", a.seed, a.days), work / "lake"
        special = {a.days // 6: "campaign", a.days // 3: "merger", a.days // 2: "phones"}
        print("| day | kind | exit | seconds | said |\n|---|---|---|---|---|")
        for number in range(a.days + 1):
            kind = "first load" if number == 0 else special.get(number, "usual")
            if number:
                retailer.dashed = retailer.dashed and kind != "phones"
                retailer.write(retailer.day(number, a.share, kind == "campaign", kind == "merger"))
            started = time.monotonic()
            code, message = run(a.nayose, retailer, lake)
            print(f"| {number} | {kind} | {code} | {time.monotonic() - started:.1f} | {message} |", flush=True)
            if code != 0:
                failures.append(f"day {number} ({kind})")
        files = retailer.day(a.days + 1, a.share)
        print("\n| wrong delivery | exit | said |\n|---|---|---|")
        folder, kinds = retailer.folder, wrong_kinds(retailer, files)
        for name, change in kinds.items():
            if a.only not in name:
                continue
            shutil.copytree(folder, work / "wrong")
            shutil.copytree(lake, work / "wrong-lake")
            retailer.folder = work / "wrong"
            retailer.write(files)
            if change is None:
                gone = sorted(p for p in retailer.folder.rglob("customers_*.csv") if "dt=" in str(p))
                [file.unlink() for file in gone[: len(gone) // 2 + 1]]
            else:
                retailer.folder = folder
                changed = change()
                retailer.folder = work / "wrong"
                [retailer.put(file, content) for file, content in changed.items()]
            code, message = run(a.nayose, retailer, work / "wrong-lake")
            print(f"| {name} | {code} | {message} |", flush=True)
            if code != 1 or not message:
                failures.append(name)
            shutil.rmtree(work / "wrong")
            shutil.rmtree(work / "wrong-lake")
            retailer.folder = folder
    print(f"\n{len(failures)} of the deliveries were judged wrongly" + "".join(f"\n- {name}" for name in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
