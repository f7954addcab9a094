"""Foreigners in Japan, as three counters of one company write them: in Latin letters by several romanizations, and in katakana by
several styles. Parts are left out, shortened, exchanged, joined and misspelled; phones change, few tell a mail address, and families
live together. No person here lives: parts of names are frequent ones (transliterated_names.py).

Three channels: the web form (Latin letters as people write themselves, at times with katakana), the residence card as a clerk copied
it (capitals, family name first) and the counter (katakana by ear, a phone)."""

import csv
import datetime
import functools
import random
import string
import unicodedata

from japanese_people import half_width
from transliterated_names import NAMES, SHORT, TOWNS

NATIONS = {"vietnam": 30, "china": 21, "korea": 10, "brazil": 13, "nepal": 11, "philippines": 10, "english": 5}
FAMILY_FIRST = ["vietnam", "china", "korea"]
MAILERS = ["gmail.com", "yahoo.co.jp", "icloud.com", "outlook.com", "docomo.ne.jp"]
LARGE = str.maketrans("ァィゥェォッャュョ", "アイウエオツヤユヨ")
# Letters that one hears or sees as another.
MISHEARD = {"l": "r", "r": "l", "v": "b", "b": "v", "n": "ng", "i": "y", "y": "i", "s": "z", "c": "k", "k": "c", "ph": "f"}
MISREAD = dict(zip("ンソシツクケワラスヌチテコユウハバ", "ソンツシケクラワヌステチユコワバハ"))


@functools.lru_cache
def falling(many):
    """Weights of a list that is in order of frequency."""
    return [1 / (at + 1.5) for at in range(many)]


def plain(text):
    """Without marks: Nguyễn Đức is Nguyen Duc."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "D")


class Makes:
    """Everything that is drawn."""

    def __init__(self, seed):
        self.draw, self.mails = random.Random(f"transliterated {seed}"), set()

    def chance(self, share):
        return self.draw.random() < share

    def given(self, value, share):
        return value if value and self.chance(share) else ""

    def part(self, nation, kind):
        """A part of a name: how its owner spells it, all spellings, all kana."""
        parts = NAMES[nation][kind]
        latin, kana = self.draw.choices(parts, falling(len(parts)))[0]
        return {"own": self.draw.choices(latin, falling(len(latin)))[0], "latin": latin, "kana": kana}

    def parts(self, nation, kind, shares):
        """As many parts as the shares say, no two alike."""
        many, found = self.draw.choices(range(len(shares)), shares)[0], []
        while len(found) < many:
            one = self.part(nation, kind)
            if one["latin"] not in [other["latin"] for other in found]:
                found.append(one)
        return found

    def name(self, nation):
        family = {"brazil": [0, 0.35, 0.45, 0.2]}.get(nation, [0, 1])
        given = {"vietnam": [0, 0.85, 0.15], "brazil": [0, 0.65, 0.35], "philippines": [0, 0.6, 0.4]}.get(nation, [0, 1])
        middle = {
            "vietnam": ("middle", [0.08, 0.75, 0.17]),
            "nepal": ("middle", [0.55, 0.45]),
            "philippines": ("family", [0.2, 0.8]),
            "english": ("given", [0.4, 0.6]),
        }.get(nation, ("given", [1]))
        return {
            "family": self.parts(nation, "family", family),
            "middle": self.parts(nation, *middle),
            "given": self.parts(nation, "given", given),
        }

    def phone(self):
        return f"0{self.draw.choice([7, 8, 9])}0-{self.draw.randint(1000, 9999)}-{self.draw.randint(0, 9999):04d}"

    def mail(self, name, birth):
        words = [plain(p["own"]).lower() for p in [*name["given"][:1], *name["family"][:1]]]
        number = self.draw.choice(["", "", birth.year, birth.year % 100, self.draw.randint(1, 999)])
        local = self.draw.choice(["", ".", "_"]).join(words if self.chance(0.7) else words[::-1])
        local = "".join(c for c in local if c.isalnum() or c in "._") + str(number)
        if self.chance(0.2):
            local = "".join(self.draw.choices(string.ascii_lowercase, k=7)) + str(self.draw.randint(1, 99))
        domain = self.draw.choice(MAILERS)
        while (local, domain) in self.mails:
            local += str(self.draw.randint(0, 9))
        self.mails.add((local, domain))
        return f"{local}@{domain}"

    def household(self):
        """One to three people: a couple, or brothers and sisters."""
        nation = self.draw.choices(list(NATIONS), NATIONS.values())[0]
        towns, first = self.draw.choices(TOWNS, falling(len(TOWNS)), k=2), None
        for _ in range(self.draw.choices([1, 2, 3], [0.72, 0.2, 0.08])[0]):
            name = self.name(nation)
            if first and self.chance(0.65):
                name["family"] = first["name"]["family"]
            year = self.draw.randint(1962, 2006)
            if first:
                year = first["birth"].year + self.draw.randint(-6, 6)
            birth = datetime.date(year, self.draw.randint(1, 12), self.draw.randint(1, 28))
            person = {"nation": nation, "name": name, "birth": birth, "towns": towns, "phones": [self.phone() for _ in range(3)]}
            person["mails"] = [self.mail(name, birth) for _ in range(2)]
            person["shared"] = first["phones"][0] if first else None
            first = first or person
            yield person

    def typo(self, text, misheard):
        if len(text) < 3:
            return text
        at, way = self.draw.randrange(1, len(text)), self.draw.randrange(4)
        if way == 0:
            return text[:at] + text[at + 1 :]
        if way == 1 and at + 1 < len(text):
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        other = misheard.get(text[at].lower(), text[at] * 2)
        return text[:at] + (other.upper() if text[at].isupper() else other) + text[at + 1 :]

    def chosen(self, p, keep):
        """The parts that a writer uses: middle names and further names are often left out."""
        name = p["name"]
        family, given = name["family"], name["given"]
        if len(family) > 1 and not self.chance(keep):
            family = [self.draw.choice(family)]
        if len(given) > 1 and not self.chance(keep + 0.15):
            given = given[:1]
        return family, name["middle"] if self.chance(keep) else [], given

    def latin(self, p, keep, foreign):
        """Family, middle and given words; a writer who is not the person may spell by another system."""
        spell = lambda part: self.draw.choice(part["latin"]) if self.chance(foreign) else part["own"]
        words = [[spell(part) for part in parts] for parts in self.chosen(p, keep)]
        short = SHORT.get(p["name"]["given"][0]["latin"][0])
        if short and self.chance(0.3):
            words[2] = [short.split("=")[0]]
        elif self.chance(0.12):
            words[1] = [plain(word)[0] for word in words[1]]
        return [[self.typo(w, MISHEARD) if self.chance(0.04) else w for w in part] for part in words]

    def web(self, p):
        family, middle, given = self.latin(p, 0.45, 0.12)
        if self.chance(0.75 if p["nation"] in FAMILY_FIRST else 0.2):
            words = [*family, *middle, *given]
        else:
            words = [*given, *middle, *family]
        if self.chance(0.06) and len(words) > 2:
            words = [*words[:-2], words[-2] + words[-1].lower()]
        text = " ".join(words)
        text = text if self.chance(0.35) else plain(text)
        return self.draw.choices([text, text.upper(), text.lower()], [0.6, 0.28, 0.12])[0]

    def card(self, p):
        family, middle, given = self.latin(p, 0.85, 0.04)
        rest = [*middle, *given] if p["nation"] == "vietnam" else [*given, *middle]
        comma = "," if self.chance(0.06) else ""
        text = plain(" ".join(family) + comma + " " + " ".join(rest)).upper().replace("-", self.draw.choice(["", "-", " "]))
        return text[:20].strip() if self.chance(0.06) else text

    def kana(self, p):
        """By ear, in the style of whoever writes."""
        hear = lambda part: self.draw.choices(part["kana"], falling(len(part["kana"])))[0]
        family, middle, given = [[hear(part) for part in parts] for parts in self.chosen(p, 0.4)]
        short = SHORT.get(p["name"]["given"][0]["latin"][0])
        if short and self.chance(0.2):
            given = [short.split("=")[1]]
        first = self.chance(0.85 if p["nation"] in FAMILY_FIRST else 0.55)
        words = [*family, *middle, *given] if first else [*given, *middle, *family]
        if self.chance(0.05) and len(words) > 1:
            words = [self.draw.choice(words)]
        words = [self.typo(word, MISREAD) if self.chance(0.05) else word for word in words]
        text = self.draw.choices([" ", "　", "・", "＝", ""], [0.45, 0.2, 0.22, 0.03, 0.1])[0].join(words)
        if self.chance(0.15):
            text = text.translate(LARGE)
        if self.chance(0.15):
            text = text.replace("ー", "")
        if self.chance(0.3):
            for vu, bu in [("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ")]:
                text = text.replace(vu, bu)
        return half_width(text) if self.chance(0.3) else text

    def date(self, birth):
        year, month, day = birth.year, birth.month, birth.day
        way = self.draw.random()
        if way < 0.03 and day <= 12:
            month, day = day, month
        elif way < 0.06:
            year += self.draw.choice([-10, -1, 1, 10])
        elif way < 0.09:
            day = self.draw.randint(1, 28)
        elif way < 0.12:
            month = day = 1
        return datetime.date(year, month, day)

    def record(self, channel, key, p):
        """What a channel knows of a person."""
        phone = self.draw.choices(p["phones"], [0.6, 0.28, 0.12])[0]
        if p["shared"] and self.chance(0.15):
            phone = p["shared"]
        town = self.draw.choices(p["towns"], [0.85, 0.15])[0]
        mail = self.draw.choices(p["mails"], [0.8, 0.2])[0]
        birth = self.date(p["birth"])
        if channel == "web":
            kana = self.given(self.kana(p), 0.35)
            rest = [self.given(birth.isoformat(), 0.88), self.given(phone, 0.9), self.given(mail, 0.6), self.given(town, 0.7)]
            return [key, self.web(p), kana, *rest]
        if channel == "card":
            rest = [self.given(birth.strftime("%Y/%m/%d"), 0.95), self.given(phone, 0.6), self.given(mail, 0.1), self.given(town, 0.92)]
            return [key, self.card(p), *rest]
        rest = [self.given(birth.strftime("%Y%m%d"), 0.75), self.given(phone.replace("-", ""), 0.92), self.given(town, 0.5)]
        return [key, self.kana(p), *rest]


CHANNELS = {
    "web": (0.65, "id,name,kana,birthday,phone,mail,town"),
    "card": (0.55, "no,NAME,DATE OF BIRTH,phone,mail,ADDRESS"),
    "counter": (0.65, "受付,カナ氏名,生年月日,電話,市区町村"),
}


def make(people, seed, folder):
    """Writes the channels' files below FOLDER/input; answers channel, record and person."""
    makes, found, truth, made = Makes(seed), {channel: [] for channel in CHANNELS}, [], 0
    while made < people:
        for person in makes.household():
            made += 1
            for channel, (share, _) in CHANNELS.items():
                for _ in range(makes.chance(share) * makes.draw.choices([1, 2, 3], [0.85, 0.11, 0.04])[0]):
                    key = f"{channel}-{len(truth)}"
                    truth.append([channel, key, f"F{made}"])
                    found[channel].append(makes.record(channel, key, person))
    for channel, (_, head) in CHANNELS.items():
        makes.draw.shuffle(found[channel])
        with open(f"{folder}/input/{channel}.csv", "w", newline="") as file:
            csv.writer(file).writerows([head.split(","), *found[channel]])
    return truth
