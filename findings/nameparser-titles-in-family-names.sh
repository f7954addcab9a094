#!/bin/sh
# Question: does nameparser take a Japanese name in Latin letters apart without calling a part of it a title?
# Guess:    yes; it may swap family and given name, but both stay names.
# Seen:     nameparser 2.6.0. "Baba" (馬場, a common family name) is read as a title, so the family name is lost: Baba
#           Kenta becomes title Baba, first name Kenta, no last name. "Ii" (井伊, 伊井) is read as "the second", a
#           suffix, when it stands last. Written the other way round, neither happens: the family name is there in one
#           order and gone in the other.
# Matters:  passports, hotel and airline feeds and web shops for foreigners hold names in Latin letters in either
#           order. Records split with this parser lose the family name of exactly these people, and with it their
#           block.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile nameparser==2.6.0 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
from nameparser import HumanName
for name in ["Baba Kenta", "BABA KENTA", "Kenta Baba", "Baba, Kenta", "Mao Ii", "Ii Mao", "Ii, Mao", "Mori Kenta"]:
    n = HumanName(name)
    print(f"{name:12}", {k: v for k, v in n.as_dict().items() if v})
PY
cat >"$t/stated" <<'EOF'
Baba Kenta   {'title': 'Baba', 'first': 'Kenta'}
BABA KENTA   {'title': 'BABA', 'first': 'KENTA'}
Kenta Baba   {'first': 'Kenta', 'last': 'Baba'}
Baba, Kenta  {'first': 'Kenta', 'last': 'Baba'}
Mao Ii       {'first': 'Mao', 'suffix': 'Ii'}
Ii Mao       {'first': 'Ii', 'last': 'Mao'}
Ii, Mao      {'first': 'Mao', 'last': 'Ii'}
Mori Kenta   {'first': 'Mori', 'last': 'Kenta'}
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
