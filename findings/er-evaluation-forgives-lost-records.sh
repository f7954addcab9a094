#!/bin/sh
# Question: what do the metrics of er-evaluation say of a linkage that lost records?
# Guess:    a record of the reference that the prediction does not hold is a cluster of its own, so recall falls.
# Seen:     er-evaluation 2.3.0. Records that are not on both sides are dropped before anything is counted. A
#           prediction that leaves out the record it could not link scores 1.0 everywhere; the same prediction with
#           that record as its own cluster has a pairwise recall of 1/3. Strangers merged into a customer cost no
#           precision either while the reference does not hold them. A missing (NaN) cluster counts like a missing
#           record.
# Matters:  pipelines reject or drop rows. Measured like this, a pipeline gains by rejecting the hard ones, and one
#           that merges an unlabelled stranger into a customer is not told. Fill both sides with singletons before
#           measuring.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile er-evaluation==2.3.0 pandas==2.3.3 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import pandas as pd, er_evaluation as ee
truth = pd.Series({"shop:1": "A", "app:1": "A", "card:1": "A", "shop:2": "B"})
predictions = {
    "card:1 alone": {"shop:1": 1, "app:1": 1, "card:1": 2, "shop:2": 3},
    "card:1 lost": {"shop:1": 1, "app:1": 1, "shop:2": 3},
    "card:1 NaN": {"shop:1": 1, "app:1": 1, "card:1": None, "shop:2": 3},
    "all right": {"shop:1": 1, "app:1": 1, "card:1": 1, "shop:2": 3},
    "strangers merged": {"shop:1": 1, "app:1": 1, "card:1": 1, "shop:2": 3, "shop:8": 1, "shop:9": 3},
}
for label, clusters in predictions.items():
    p = pd.Series(clusters)
    print(f"{label:17}", *(f"{m.__name__}={m(p, truth):.3f}" for m in (ee.pairwise_precision, ee.pairwise_recall, ee.b_cubed_recall)))
PY
cat >"$t/stated" <<'EOF'
card:1 alone      pairwise_precision=1.000 pairwise_recall=0.333 b_cubed_recall=0.778
card:1 lost       pairwise_precision=1.000 pairwise_recall=1.000 b_cubed_recall=1.000
card:1 NaN        pairwise_precision=1.000 pairwise_recall=1.000 b_cubed_recall=1.000
all right         pairwise_precision=1.000 pairwise_recall=1.000 b_cubed_recall=1.000
strangers merged  pairwise_precision=1.000 pairwise_recall=1.000 b_cubed_recall=1.000
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
