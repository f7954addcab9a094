"""People of an English-speaking country, as a web shop, a loyalty card and a help desk write them, for blocking rules that are wide on
purpose (tests/pipelines/english_people). Towns have the same size whatever the number of people, and every wide rule has the town in
it: so the pairs that a record has do not grow with the list, some 34. No person here lives: names are drawn from lists of frequent
ones, towns and streets are made of syllables."""

import csv
import datetime
import itertools
import random

from historical_people import MEN, SHORT, SURNAMES, WOMEN

# A town's people, by which the wide rules bring some 34 pairs a record.
TOWN = 1300
STREETS_OF_A_TOWN = 60
SYLLABLES = ["ash", "brad", "cal", "dun", "east", "far", "glen", "har", "ings", "kel", "lang", "mar", "nor", "oak", "pen", "red"]
ENDS = ["by", "combe", "don", "field", "ford", "ham", "ley", "mouth", "ton", "wick"]
WAYS = ["street", "road", "lane", "avenue", "close"]
MAILERS = ["mail.test", "post.test", "inbox.test", "work.test"]
# How often a channel writes a record of a person, and its share of values that it knows.
CHANNELS = {"web": (0.7, 0.95), "card": (0.6, 0.85), "desk": (0.3, 0.6)}
COLUMNS = ["id", "first", "last", "born", "street", "town", "postcode", "phone", "email"]


def falling(many):
    """Weights of a list that is in order of frequency."""
    return [1 / (at + 3) for at in range(many)]


class Makes:
    """Everything that is drawn."""

    def __init__(self, seed, people):
        self.draw, self.mails = random.Random(f"english {seed}"), set()
        names = ["".join(parts) for parts in itertools.product(SYLLABLES, SYLLABLES, ENDS)]
        self.towns = self.draw.sample(names, max(1, people // TOWN))
        ways = [f"{start}{end} {way}" for start in SYLLABLES for end in ENDS for way in WAYS]
        self.streets = {town: self.draw.sample(ways, STREETS_OF_A_TOWN) for town in self.towns}
        self.weights = {id(names): falling(len(names)) for names in (MEN, WOMEN, SURNAMES)}

    def chance(self, share):
        return self.draw.random() < share

    def one(self, names):
        return self.draw.choices(names, self.weights[id(names)])[0]

    def place(self):
        town = self.draw.choice(self.towns)
        number, street = self.draw.randint(1, 90), self.draw.choice(self.streets[town])
        # Each street has a postal code of its own.
        code = f"{town[:2]}{self.towns.index(town)} {self.streets[town].index(street)}"
        return f"{number} {street}", town, code.upper()

    def phone(self):
        return f"07{self.draw.randint(0, 10**9 - 1):09d}"

    def mail(self, first, last, born):
        """A mailbox of a name, that nobody else has."""
        local = f"{first}{self.draw.choice(['', '.', '_'])}{last}"
        local += str(self.draw.choice(["", born.year, born.year % 100, self.draw.randint(1, 99)]))
        mailer = self.draw.choice(MAILERS)
        while (local, mailer) in self.mails:
            local += str(self.draw.randint(0, 9))
        self.mails.add((local, mailer))
        return f"{local}@{mailer}"

    def household(self):
        """One to four people of one place: a couple, and children who have the surname of one of them."""
        last, place, year = self.one(SURNAMES), self.place(), self.draw.randint(1940, 1995)
        for at in range(self.draw.choices([1, 2, 3, 4], [0.5, 0.3, 0.12, 0.08])[0]):
            age = self.draw.randint(-4, 4) if at < 2 else self.draw.randint(20, 35)
            born = datetime.date(year, 1, 1) + datetime.timedelta(days=365 * age + self.draw.randint(0, 364))
            first = self.one(self.draw.choice([MEN, WOMEN]))
            surname = self.one(SURNAMES) if at == 1 and self.chance(0.25) else last
            places, mail = [place, self.place()], self.mail(first, surname, born)
            yield {"first": first, "last": surname, "born": born, "places": places, "phone": self.phone(), "mail": mail}

    def slip(self, text):
        """One character left out, doubled, exchanged with its neighbour, or another letter or digit."""
        if len(text) < 3:
            return text
        at = self.draw.randrange(1, len(text))
        other = self.draw.choice("0123456789" if text[at].isdigit() else "aeioulnrst")
        ways = [text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]]
        return self.draw.choice([*ways, text[:at] + other + text[at + 1 :]])

    def date(self, born):
        """A birth date as written: 3 of 100 have a slip."""
        year, month, day = born.year, born.month, born.day
        way = self.draw.random()
        if way < 0.01 and day <= 12:
            month, day = day, month
        elif way < 0.02:
            year += self.draw.choice([-10, -1, 1, 10])
        elif way < 0.03:
            day = self.draw.randint(1, 28)
        return datetime.date(year, month, min(day, 28) if month == 2 else min(day, 30)).isoformat()

    def record(self, key, person, known):
        """What a channel knows of a person."""
        first = SHORT[person["first"]] if person["first"] in SHORT and self.chance(0.08) else person["first"]
        street, town, code = person["places"][self.chance(0.08)]
        phone = person["phone"] if self.chance(0.9) else self.phone()
        written = [first, person["last"], self.date(person["born"]), street, town, code, phone, person["mail"]]
        # Every list has the names; one text in thirty has a slip.
        for at, text in enumerate(written):
            if at > 1 and not self.chance(known if at != 7 else known - 0.25):
                written[at] = ""
            elif at != 2 and self.chance(1 / 30):
                written[at] = self.slip(text)
        return [key, *(text.title() if at in (0, 1, 3, 4) and self.chance(0.8) else text for at, text in enumerate(written))]


def make(people, seed, folder):
    """Writes the channels' files below FOLDER/input; answers channel, record and person."""
    makes, found, truth, made = Makes(seed, people), {channel: [] for channel in CHANNELS}, [], 0
    while made < people:
        for person in makes.household():
            made += 1
            for channel, (share, known) in CHANNELS.items():
                for _ in range(makes.chance(share) * makes.draw.choices([1, 2], [0.92, 0.08])[0]):
                    key = f"{channel[0]}{len(truth)}"
                    truth.append([channel, key, f"E{made}"])
                    found[channel].append(makes.record(key, person, known))
    for channel, rows in found.items():
        makes.draw.shuffle(rows)
        with open(f"{folder}/input/{channel}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
    return truth
