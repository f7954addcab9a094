#!/bin/sh
# Question: do the m probabilities of a trained Splink comparison add up to 1, and does a saved model hold what it predicts with?
# Guess:    yes. m is the distribution of the levels among matches, EM estimates it, and save_model_to_json writes it.
# Seen:     Splink 5.0.0 and 4.0.17, trained as the documentation does: two passes of EM, blocked in two ways; each level's m is the mean
#           of the passes. A level that no pair of a pass reaches is left out of that pass's mean, and the others are not
#           divided anew. Of the stock EmailComparison "exact" has m 0.59 and "Jaro-Winkler >= 0.88" 0.82: together 1.4.
#           Levels that no pass reached have no m in the saved file, yet they predict, with Splink's starting values: m/u is
#           8 (weight 3) for "exact match on username", whatever the data. Logs say "not fully trained"; no call fails.
# Matters:  weights of such a comparison are too high together, and evidence that nobody saw counts eightfold for a match. Whoever
#           reads the saved numbers as probabilities (another tool, a report) has to hold their sum against 1 first.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
cat >"$t/run.py" <<'PY'
import json, random, sys, duckdb, pandas as pd, splink, splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
random.seed(7)
FIRST = "Aoi Ben Cid Dora Evelyn Finn Gustav Hana Ian Joan Kenneth Lia Mio Noa Olga Pia Quin Ray Sora Tomas".split()
LAST = "Amberson Birch Cedarwood Dune Elmer Fernly Grove Hazelton Irison Juniper".split()
rows = []
for person in range(600):
    first, last = random.choice(FIRST), random.choice(LAST)
    born = f"19{random.randint(40, 99)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    mail = f"{first}.{last}{person}@mail.test".lower()
    for copy in range(random.choice([1, 2, 3])):
        row = dict(unique_id=len(rows), first_name=first, surname=last, dob=born, email=mail)
        if random.random() < 0.2:
            row["first_name"] = first[:-1] + "x"
        if random.random() < 0.1:
            row["dob"] = born[:-1] + str((int(born[-1]) + 1) % 10)
        if random.random() < 0.1:
            row["email"] = None
        rows.append(row)
data = pd.DataFrame(rows)
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[cl.NameComparison("first_name"), cl.ExactMatch("surname"), cl.ExactMatch("dob"), cl.EmailComparison("email")],
    blocking_rules_to_generate_predictions=[block_on("dob"), block_on("first_name", "surname")],
)
api = DuckDBAPI()
five = splink.__version__.startswith("5")
linker = Linker(api.register(data), settings) if five else Linker(data, settings, api)
train = linker.training
train.estimate_probability_two_random_records_match([block_on("first_name", "surname", "dob")], recall=0.7)
train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
train.estimate_parameters_using_expectation_maximisation(block_on("first_name", "surname"))
train.estimate_parameters_using_expectation_maximisation(block_on("dob"))
file = sys.argv[1]
linker.misc.save_model_to_json(file, overwrite=True)
saved = json.load(open(file))
print("splink", splink.__version__, "duckdb", duckdb.__version__)
for comparison in saved["comparisons"]:
    levels = [l for l in comparison["comparison_levels"] if not l.get("is_null_level")]
    total = sum(l.get("m_probability", 0) for l in levels)
    without = [l["label_for_charts"] for l in levels if "m_probability" not in l]
    print(f"  {comparison['output_column_name']}: m add up to {total:.1f}; no m saved: {without}")
used = next(c for c in linker._settings_obj.comparisons if c.output_column_name == "email")
for level in used.comparison_levels:
    if level.label_for_charts == "Exact match on username":
        print(f"  it predicts with m {level.m_probability:.4f}, u {level.u_probability:.4f} for: {level.label_for_charts}")
PY
for version in 4.0.17 5.0.0; do
    python3 -m venv "$t/v$version"
    "$t/v$version/bin/pip" install -q --disable-pip-version-check --no-compile "splink==$version" duckdb==2.0.1 pandas==2.3.3 >&2
    "$t/v$version/bin/python" "$t/run.py" "$t/model.json" >"$t/out" 2>"$t/err" || { cat "$t/err"; exit 1; }
    grep -E '^(splink|  [a-z_ ]+:|  it predicts)' "$t/out" >>"$t/seen"
done
cat >"$t/stated" <<'EOF'
splink 4.0.17 duckdb 2.0.1
  first_name: m add up to 1.0; no m saved: []
  surname: m add up to 1.0; no m saved: []
  dob: m add up to 1.0; no m saved: []
  email: m add up to 1.4; no m saved: ['Exact match on username', 'Jaro-Winkler >0.88 on username']
  it predicts with m 0.0125, u 0.0016 for: Exact match on username
splink 5.0.0 duckdb 2.0.1
  first_name: m add up to 1.0; no m saved: []
  surname: m add up to 1.0; no m saved: []
  dob: m add up to 1.0; no m saved: []
  email: m add up to 1.4; no m saved: ['Exact match on username', 'Jaro-Winkler >0.88 on username']
  it predicts with m 0.0125, u 0.0016 for: Exact match on username
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
