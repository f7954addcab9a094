#!/bin/sh
# Question: does Splink's NameComparison put a pair of Japanese names in the same level whichever DuckDB it runs on?
# Guess:    yes. Splink 5.0.0 accepts both DuckDB lines and its SQL is the same; Jaro-Winkler is Jaro-Winkler.
# Seen:     Splink 5.0.0 with DuckDB 1.5.5 and with 2.0.1. DuckDB 1.5.5 compares UTF-8 bytes, 2.0.1 characters. All of
#           kana shares its first bytes, so on 1.5.5 サクラ and カエデ, with no character in common, reach the 0.7
#           level; two spellings of one family name (斎藤/斉藤, 高橋/髙橋) reach 0.88. On 2.0.1 all of them fall to
#           "all other comparisons". Nothing is raised or logged. Levels: 4 equal, 3 >= 0.92, 2 >= 0.88, 1 >= 0.7, 0
#           everything else.
# Matters:  a saved Splink model holds the m and u of levels that mean something else after an upgrade of DuckDB. On
#           2.0.1 the stock comparison knows two-character names only as equal or different: variants of one family
#           name count as evidence against a match. A benchmark against Splink has to name its DuckDB.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
cat >"$t/run.py" <<'PY'
import duckdb, pandas as pd, splink, splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator
PAIRS = [("斎藤", "斉藤"), ("高橋", "髙橋"), ("田中", "田口"), ("サクラ", "カエデ"), ("さくら", "かえで"), ("Sakura", "Sakurai")]
rows = [{"unique_id": 2 * i + k, "pair": i, "name": n} for i, p in enumerate(PAIRS) for k, n in enumerate(p)]
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[cl.NameComparison("name")],
    blocking_rules_to_generate_predictions=["l.pair = r.pair"],
    retain_matching_columns=True,
    retain_intermediate_calculation_columns=True,
)
api = DuckDBAPI()
data = pd.DataFrame(rows)
linker = Linker(api.register(data), settings)
got = linker.inference.predict().as_pandas_dataframe().sort_values("unique_id_l")
print("splink", splink.__version__, "duckdb", duckdb.__version__)
for r in got.itertuples():
    print(" ", r.name_l, r.name_r, "level", r.gamma_name)
PY
for version in 1.5.5 2.0.1; do
    python3 -m venv "$t/v$version"
    "$t/v$version/bin/pip" install -q --disable-pip-version-check --no-compile splink==5.0.0 "duckdb==$version" pandas==2.3.3 >&2
    "$t/v$version/bin/python" "$t/run.py" 2>"$t/err" >>"$t/seen" || { cat "$t/err"; exit 1; }
done
cat >"$t/stated" <<'EOF'
splink 5.0.0 duckdb 1.5.5
  斎藤 斉藤 level 2
  高橋 髙橋 level 2
  田中 田口 level 0
  サクラ カエデ level 1
  さくら かえで level 1
  Sakura Sakurai level 3
splink 5.0.0 duckdb 2.0.1
  斎藤 斉藤 level 0
  高橋 髙橋 level 0
  田中 田口 level 0
  サクラ カエデ level 0
  さくら かえで level 0
  Sakura Sakurai level 3
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
