#!/bin/sh
# Question: what does dateparser, which lists Japanese, make of birth dates with the letter of an era (S55.3.5)?
# Guess:    None, as for 昭和55年3月5日; at worst the year 1955.
# Seen:     dateparser 1.5.0 skips the letter and reads the rest: S55.3.5 is 2055-05-03, in the future and with day
#           and month exchanged. T10.5.1 is 2010-05-01 (it is 1921). H3.5.1 and R5.5.1 give None, so the same column
#           is half empty and half wrong. 昭和55年3月5日 gives None, and 55年3月5日, the usual form where the era has
#           its own column, 2055-03-05. dateutil 2.9.0 reads T10.5.1 as 2001-10-05.
# Matters:  membership forms and point cards hold era letters. The wrong dates are dates, so no reject tells of them:
#           a customer born in 1980 disagrees with herself, and one of 1921 looks sixteen. The letter has to be read
#           before any general date parser sees the value.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile dateparser==1.5.0 python-dateutil==2.9.0.post0 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import datetime, dateparser
from dateutil import parser
base = datetime.datetime(2026, 11, 1)
def iso(read, text):
    try:
        value = read(text)
    except ValueError:
        return "error"
    return value.date().isoformat() if value else "None"
for text in ["1980年3月5日", "昭和55年3月5日", "55年3月5日", "S55.3.5", "S55/3/5", "Ｓ５５．３．５", "T10.5.1", "H3.5.1", "R5.5.1"]:
    print(text, "dateparser", iso(lambda s: dateparser.parse(s, settings={"RELATIVE_BASE": base}), text),
          "dateutil", iso(lambda s: parser.parse(s, default=base), text))
PY
cat >"$t/stated" <<'EOF'
1980年3月5日 dateparser 1980-03-05 dateutil error
昭和55年3月5日 dateparser None dateutil error
55年3月5日 dateparser 2055-03-05 dateutil error
S55.3.5 dateparser 2055-05-03 dateutil error
S55/3/5 dateparser 2055-05-03 dateutil error
Ｓ５５．３．５ dateparser 2055-05-03 dateutil error
T10.5.1 dateparser 2010-05-01 dateutil 2001-10-05
H3.5.1 dateparser None dateutil error
R5.5.1 dateparser None dateutil error
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
