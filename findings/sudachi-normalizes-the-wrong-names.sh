#!/bin/sh
# Question: does Sudachi's normalized form bring the spellings of one family name together, and leave given names
#           alone?
# Guess:    齋藤, 齊藤 and 斎藤 become one, as do 渡邊 and 渡辺; names of another spelling stay; given names stay.
# Seen:     SudachiPy 0.7.0, sudachidict-small 20261015. The other way round: the variants of family names (齋藤,
#           渡邊, 髙橋, 濱田, 澤田) stay apart, because they are entries of their own, while given names of one
#           character are read as ordinary words: 一 (はじめ) becomes "1", 龍 竜, 瀧 滝. あべ is taken apart into あー
#           and べい. 髙橋 has its own spelling as its reading, not タカハシ.
# Matters:  the normalized form is the obvious tool for 表記ゆれ. As a name key it joins no variant that matters, and
#           gives はじめ the key "1" that a house number has. Fold name characters with a table of variants instead.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile sudachipy==0.7.0 sudachidict-small==20261015 >&2
"$t/v/bin/python" -W ignore - >"$t/seen" <<'PY'
from sudachipy import Dictionary
tokenizer = Dictionary(dict="small").tokenizer()
for name in "斎藤 齋藤 齊藤 渡辺 渡邊 高橋 髙橋 浜田 濱田 沢田 澤田 一 龍 瀧 あべ".split():
    pieces = tokenizer.tokenize(name)
    print(name, "normalized", [p.normalized_form() for p in pieces], "reading", [p.reading_form() for p in pieces])
PY
cat >"$t/stated" <<'EOF'
斎藤 normalized ['斎藤'] reading ['サイトウ']
齋藤 normalized ['齋藤'] reading ['サイトウ']
齊藤 normalized ['齊藤'] reading ['サイトウ']
渡辺 normalized ['渡辺'] reading ['ワタナベ']
渡邊 normalized ['渡邊'] reading ['ワタナベ']
高橋 normalized ['高橋'] reading ['タカハシ']
髙橋 normalized ['髙橋'] reading ['髙橋']
浜田 normalized ['浜田'] reading ['ハマダ']
濱田 normalized ['濱田'] reading ['ハマダ']
沢田 normalized ['沢田'] reading ['サワダ']
澤田 normalized ['澤田'] reading ['サワダ']
一 normalized ['1'] reading ['イチ']
龍 normalized ['竜'] reading ['リュウ']
瀧 normalized ['滝'] reading ['タキ']
あべ normalized ['あー', 'べい'] reading ['ア', 'ベ']
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
