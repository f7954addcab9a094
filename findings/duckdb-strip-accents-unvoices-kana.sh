#!/bin/sh
# Question: is DuckDB's strip_accents, which cleaning steps use to make "José" and "Jose" one, harmless to names in kana?
# Guess:    yes. "Strips accents from string", says its description; kana have no accents, and kanji stay as they are.
# Seen:     DuckDB 1.5.5 and 2.0.1. The marks of voiced kana count as accents: ダイキ (大輝) becomes タイキ, ジュン (純)
#           becomes シュン (俊), ゴトウ (後藤) コトウ, and バ, パ and ハ are one letter. Half-width ﾀﾞｲｷ, as banks and tills
#           write it, keeps its mark, so that one name has two results. The collation NOACCENT does the same where values
#           are compared and joined. Nothing is raised.
# Matters:  brothers called ダイキ and タイキ have one name, one family name and one address: they look like one person. A
#           cleaning step for all countries that stands before NFKC also parts full-width and half-width channels.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
cat >"$t/run.py" <<'PY'
import duckdb
PAIRS = [("José", "Jose"), ("ダイキ", "タイキ"), ("ジュン", "シュン"), ("ゴトウ", "コトウ"), ("パパ", "ハハ"), ("ダイキ", "ﾀﾞｲｷ"), ("ダイキ", "ダイチ")]
print("duckdb", duckdb.__version__)
con = duckdb.connect()
for l, r in PAIRS:
    one, two = con.execute("select strip_accents($1), strip_accents($2)", [l, r]).fetchall()[0]
    print(" ", l, r, "->", one, two, "equal" if one == two else "different")
con.execute("create table names as select unnest(['ダイキ', 'タイキ', 'ダイチ']) as name")
pairs = con.execute("select l.name, r.name from names l join names r on l.name collate noaccent = r.name and l.name < r.name").fetchall()
print("  joined with noaccent:", pairs)
PY
seen() {
    "$t/$1/bin/python" "$t/run.py" 2>"$t/err" >>"$t/seen" || { cat "$t/err"; exit 1; }
}
python3 -m venv "$t/old"
"$t/old/bin/pip" install -q --disable-pip-version-check --no-compile duckdb==1.5.5 >&2
seen old
python3 -m venv "$t/new"
"$t/new/bin/pip" install -q --disable-pip-version-check --no-compile duckdb==2.0.1 >&2
seen new
cat >"$t/rows" <<'EOF'
  José Jose -> Jose Jose equal
  ダイキ タイキ -> タイキ タイキ equal
  ジュン シュン -> シュン シュン equal
  ゴトウ コトウ -> コトウ コトウ equal
  パパ ハハ -> ハハ ハハ equal
  ダイキ ﾀﾞｲｷ -> タイキ ﾀﾞｲｷ different
  ダイキ ダイチ -> タイキ タイチ different
  joined with noaccent: [('タイキ', 'ダイキ')]
EOF
{ echo "duckdb 1.5.5"; cat "$t/rows"; echo "duckdb 2.0.1"; cat "$t/rows"; } >"$t/stated"
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
