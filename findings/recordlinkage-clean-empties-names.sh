#!/bin/sh
# Question: what does the toolkit's own preprocessing leave of Japanese names and phones?
# Guess:    clean() lowercases, drops brackets and punctuation and keeps letters; phonenumbers() keeps all digits.
# Seen:     recordlinkage 0.16 (pandas 2.3.3). clean() returns '' for every name in kanji, hiragana or katakana, and
#           drops the marked letter of Müller. phonenumbers() deletes full-width digits: a mobile number typed with
#           them in its first part is left as an eight-digit local one. Blocking on the cleaned name then puts all
#           Japanese customers in one block, and an exact comparison calls all of them equal, while Jaro-Winkler of
#           two empty names is 0.
# Matters:  anybody who compares nayose with this toolkit, or cleans a Japanese export with it, compares nothing:
#           exact comparison says that every customer is the same person. Clean Japanese text elsewhere first.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile recordlinkage==0.16 pandas==2.3.3 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import pandas as pd, recordlinkage as rl
from recordlinkage.preprocessing import clean, phonenumbers
names = pd.Series(["山本 葵", "中村翔太", "さとう みお", "スズキ ケン", "Sato Mio (さとう)", "Müller Ken"])
print("clean       ", clean(names).tolist())
print("phonenumbers", phonenumbers(pd.Series(["０９０-1234-5678", "090-1234-5678"])).tolist())
people = pd.DataFrame({"name": clean(names[:4])})
index = rl.Index()
index.block("name")
pairs = index.index(people)
compare = rl.Compare()
compare.exact("name", "name", label="exact")
compare.string("name", "name", method="jarowinkler", label="jarowinkler")
scores = compare.compute(pairs, people)
print("four people, pairs in one block:", len(pairs))
print("exact      ", sorted(set(scores["exact"].tolist())))
print("jarowinkler", sorted(set(scores["jarowinkler"].tolist())))
PY
cat >"$t/stated" <<'EOF'
clean        ['', '', '', '', 'sato mio', 'mller ken']
phonenumbers ['12345678', '09012345678']
four people, pairs in one block: 6
exact       [1]
jarowinkler [0.0]
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
