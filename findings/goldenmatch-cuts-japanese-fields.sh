#!/bin/sh
# Question: what does GoldenMatch's zero-config deduplication leave of a Japanese phone number and postal code?
# Guess:    it recognizes both columns, keeps what it does not know, and publishes the values as they came.
# Seen:     goldenmatch 3.22.0 with polars 2.1.0 recognizes them and standardizes by the rules of the United States.
#           In the golden record 070-2222-3333 is 7022223333, without its 0, and 150-8377 is 15083. Row functions of
#           the same names give 07022223333 and 00150 for the same values: two standards in one package. +81-80-… and
#           080-… of one person do not meet, nor do full-width digits and ASCII ones.
# Matters:  the golden record is what marketing dials and mails: neither number nor code can be used any more, and
#           neither joins with the source rows. Compare nayose with it only with a configuration of your own.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile goldenmatch==3.22.0 goldenmatch-native==0.2.3 polars==2.1.0 >&2
cd "$t"
"$t/v/bin/python" - >"$t/seen" 2>"$t/err" <<'PY' || { cat "$t/err"; exit 1; }
import goldenmatch, polars
from goldenmatch.core.standardize import get_standardizer
people = polars.DataFrame({
    "record_id": ["shop:1", "app:1", "card:2", "shop:2", "shop:3", "app:3"],
    "name": ["佐藤 葵", "佐藤 葵", "鈴木 健", "鈴木 健", "高橋 美咲", "高橋 美咲"],
    "phone": ["０９０１２３４５６７８", "09012345678", "+81-80-1111-2222", "080-1111-2222", "070-2222-3333", "070-2222-3333"],
    "postal_code": ["150-0001", "1500001", "530-0001", "5300001", "150-8377", "150-8377"],
    "email": ["aoi@example.jp", "", "ken@example.jp", "", "misaki@example.jp", ""],
})
result = goldenmatch.dedupe_df(people)
print("rules", {k: v for k, v in result.config.standardization.rules.items() if k in ("phone", "postal_code")})
golden = result.golden
for row in golden.to_pylist() if hasattr(golden, "to_pylist") else golden.to_dicts():
    print("golden record", {k: row[k] for k in ("name", "phone", "postal_code")})
ids = people["record_id"].to_list()
print("clusters", sorted(sorted(ids[i] for i in c["members"]) for c in result.clusters.values()))
print("row functions", get_standardizer("phone")("070-2222-3333"), get_standardizer("zip5")("150-8377"))
PY
cat >"$t/stated" <<'EOF'
rules {'phone': ['phone'], 'postal_code': ['zip5']}
golden record {'name': '高橋 美咲', 'phone': '7022223333', 'postal_code': '15083'}
clusters [['app:1'], ['app:3', 'shop:3'], ['card:2'], ['shop:1'], ['shop:2']]
row functions 07022223333 00150
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
