#!/bin/sh
# Question: do writers of .xlsx keep customer ids of 17 to 19 digits, which Python has as whole numbers?
# Guess:    the digits as they are, since both the number in Python and the text of the cell are exact; or an error.
# Seen:     openpyxl 3.1.5 and XlsxWriter 3.2.9 write 16 significant digits, without a warning: 49000000000000016,
#           …017 and …018 are one cell value, 4.900000000000002e+16. pandas 2.3.3 reads it back as the whole number
#           49000000000000016, int64, so that three ids are one and nothing looks rounded. Ids of 16 digits are kept,
#           though Excel itself shows 15 of them.
# Matters:  cards, Snowflake ids of apps and order numbers have 17 digits and more. A sheet that a script wrote for the
#           marketing team comes back as a source in which several people have one id. Write ids as text.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile openpyxl==3.1.5 XlsxWriter==3.2.9 pandas==2.3.3 >&2
cd "$t"
"$t/v/bin/python" - >seen <<'PY'
import re, zipfile
import pandas as pd
ids = [4900000000000016, 49000000000000016, 49000000000000017, 49000000000000018]
for engine in ["openpyxl", "xlsxwriter"]:
    pd.DataFrame({"id": ids}).to_excel("ids.xlsx", engine=engine, index=False, header=False)
    cells = re.findall("<v>(.*?)</v>", zipfile.ZipFile("ids.xlsx").read("xl/worksheets/sheet1.xml").decode())
    back = pd.read_excel("ids.xlsx", header=None)[0]
    print(engine, "writes", cells)
    print(engine, "read back", back.dtype, back.tolist(), "different ids:", back.nunique())
PY
cat >stated <<'EOF'
openpyxl writes ['4900000000000016', '4.900000000000002e+16', '4.900000000000002e+16', '4.900000000000002e+16']
openpyxl read back int64 [4900000000000016, 49000000000000016, 49000000000000016, 49000000000000016] different ids: 2
xlsxwriter writes ['4900000000000016', '4.900000000000002E+16', '4.900000000000002E+16', '4.900000000000002E+16']
xlsxwriter read back int64 [4900000000000016, 49000000000000016, 49000000000000016, 49000000000000016] different ids: 2
EOF
echo "stated:"; cat stated; echo "seen:"; cat seen
cmp -s stated seen || { echo "changed"; exit 1; }
echo "as stated"
