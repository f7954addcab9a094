#!/bin/sh
# Question: what does namedivider do with full names that its kanji statistics say nothing about?
# Guess:    a full name in kana raises or comes back undivided; a name that already holds a space is divided there.
# Seen:     namedivider-python 0.4.2, BasicNameDivider. Kana names are cut after the first character, always, and
#           nothing is raised: タナカケン becomes タ + ナカケン. The only sign is a score that is the same for every
#           place to cut (1/(n-1): 0.25 for five characters), and scores of right divisions of long kanji names are as
#           low. A space, of either width, is taken for a character of the given name and stays in front of it.
# Matters:  point cards and call centres write full names in kana without a space. Divided like this they get
#           one-letter family names, and as a blocking key タ holds all of 田中, 高橋 and 武田. Test for kana before
#           dividing, and strip what comes out.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile namedivider-python==0.4.2 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
from namedivider import BasicNameDivider
divider = BasicNameDivider()
for name in ["小野葵", "小野　葵", "小野 葵", "タナカケン", "サトウミオ", "たけだみお", "キャシーリン", "小野ミオ", "長谷川健太郎"]:
    d = divider.divide_name(name)
    print(name, [d.family, d.given], f"{d.score:.2f}")
PY
cat >"$t/stated" <<'EOF'
小野葵 ['小野', '葵'] 0.71
小野　葵 ['小野', '\u3000葵'] 0.44
小野 葵 ['小野', ' 葵'] 0.44
タナカケン ['タ', 'ナカケン'] 0.25
サトウミオ ['サ', 'トウミオ'] 0.25
たけだみお ['た', 'けだみお'] 0.25
キャシーリン ['キ', 'ャシーリン'] 0.20
小野ミオ ['小野', 'ミオ'] 1.00
長谷川健太郎 ['長谷川', '健太郎'] 0.30
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
