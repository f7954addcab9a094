#!/usr/bin/env python3
"""Builds crates/nayose-japanese/data/romaji_readings.tsv from data/names.bin.zst: how names are spelled in kana that rōmaji
does not tell apart (OTANI: オオタニ, オタニ). Needs zstandard (PyPI). Usage: romaji_readings.py NAMES_BIN OUT

Why a list of its own: rōmaji is read without the name dictionary, so that one line starts at once.
"""
import collections
import math
import struct
import sys

import zstandard

from names import kana_key

# The most loose keys. A judgement: 2,500 keys have most of the people whose names have a long vowel or ン before a vowel.
KEYS = 2500
# A spelling below this share of its loose key is left out. A judgement.
LEAST = 0.01


def columns(raw):
    at = 0

    def word():
        nonlocal at
        at += 4
        return struct.unpack_from('<I', raw, at - 4)[0]

    def column():
        nonlocal at
        n = word()
        at += n
        return raw[at - n:at]
    return word, column


def readings(raw):
    """Every reading of both tables with the share of people who have it."""
    assert raw[:4] == b'NYN1'
    word, column = columns(raw[4:])
    counts = word(), word()
    word()
    for count in counts:
        _, _, _, _, freq, _, number, length, kana, weight = (column() for _ in range(10))
        reading = code = 0
        for i in range(count):
            for j in range(reading, reading + number[i]):
                spelled = ''.join(chr(0x30a0 + c) for c in kana[code:code + length[j]])
                code += length[j]
                yield spelled, math.exp(-freq[i] / 5) * math.exp(-weight[j] / 8)
            reading += number[i]


def main():
    raw = zstandard.ZstdDecompressor().decompress(open(sys.argv[1], 'rb').read(), max_output_size=1 << 24)
    loose = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(float)))
    for spelled, share in readings(raw):
        key = kana_key(spelled)
        loose[key.replace('ー', '')][key][spelled] += share
    nasal = dict(zip('アイウエオ', 'ナニヌネノ'))

    def without_nasal(key):
        for vowel, kana in nasal.items():
            key = key.replace('ン' + vowel, kana)
        return key
    wanted = set()
    for short, keys in loose.items():
        if len(keys) > 1 or any('ー' in key for key in keys):
            wanted.add(short)
        if without_nasal(short) != short:
            wanted |= {short, without_nasal(short)}
    total = {short: sum(sum(s.values()) for s in loose[short].values()) for short in wanted if short in loose}
    chosen = sorted(sorted(total, key=lambda k: (-total[k], k))[:KEYS])
    with open(sys.argv[2], 'w', encoding='utf8') as out:
        out.write('# Kana keys without long vowels, and how names that read so are spelled, likeliest first, with the share of people in\n'
                  '# -10 ln. Written by tools/dictionary/romaji_readings.py from names.bin.zst; sources and licences: names.LICENSES.md.\n')
        for short in chosen:
            rows = [(sum(s.values()), max(s, key=lambda k: (s[k], k))) for s in loose[short].values()]
            rows = sorted((r for r in rows if r[0] >= LEAST * total[short]), key=lambda r: (-r[0], r[1]))[:4]
            out.write(short + '\t' + ','.join(f'{spelled}{round(-10 * math.log(share))}' for share, spelled in rows) + '\n')


main()
