#!/bin/sh
# Question: half of a cohort bought again by day 30. What does lifelines give as the median days to the second purchase?
# Guess:    30 or less: the first day on which the share that did not come back is 0.5, as its documentation says.
# Seen:     lifelines 0.30.3. The curve is a product of rounded factors, and ends at 0.5000000000000001 or 0.49999999999999983 by the
#           number of customers. If 3 of 6, 4 of 8 or 7 of 14 came back, the median is inf, never; with 5 of 10 it is the day of the fifth.
# Matters:  "median days from F1 to F2" by store or by first product is of small groups, where exactly half is common. One of two
#           groups with the same half never comes back then.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile lifelines==0.30.3 pandas==2.3.3 numpy==2.4.6 >&2
"$t/v/bin/python" -W ignore - >"$t/seen" <<'PY'
from lifelines import KaplanMeierFitter

def fitted(days, came):
    return KaplanMeierFitter().fit(days, came)

for n in (6, 8, 10, 14):
    half = n // 2
    days, came = list(range(1, half + 1)) + [365] * half, [1] * half + [0] * half
    curve = fitted(days, came)
    print(half, "of", n, "lifelines", curve.median_survival_time_, float(curve.survival_function_.iloc[-1, 0]))
PY
cat >"$t/stated" <<'EOF'
3 of 6 lifelines inf 0.5000000000000001
4 of 8 lifelines inf 0.5000000000000001
5 of 10 lifelines 5.0 0.49999999999999983
7 of 14 lifelines inf 0.5000000000000001
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
