#!/bin/sh
# Question: what do readers of .xlsx make of birth dates in the date formats of Japanese Excel?
# Guess:    a date from each of them, whichever way Excel shows it; a converter to CSV may print the era (S55.3.5).
# Seen:     openpyxl 3.1.5, xlsx2csv 0.8.6, python-calamine 0.9.1, exceljs 4.4.0, SheetJS (xlsx) 0.18.5. (a) Formats
#           31, 57 and 58 are built in for Japanese and stand in no styles.xml. openpyxl, xlsx2csv and exceljs do not
#           know them and give the day number 29285; calamine and SheetJS give the date. (b) An era format written
#           out, ge.m.d: xlsx2csv prints ge.03.05 and the like, so the year is lost, with exit status 0 (of
#           yyyy年m月d日 it keeps the quotes of the format: 1980"年"03"月"05"日"); SheetJS gives 29285 for the first
#           and "ggg1980年3月5日" for the second; the others give the date.
# Matters:  store staff keep birth dates in these formats, and an .xlsx is made a CSV before nayose sees it. A column
#           of 29285 or ge.03.05 is no birth date: the strongest field of a match is gone, or, read as digits, wrong.
#           Choose the converter by a file that a Japanese Excel wrote.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile openpyxl==3.1.5 xlsx2csv==0.8.6 python-calamine==0.9.1 >&2
npm install --silent --no-audit --no-fund --prefix "$t" exceljs@4.4.0 xlsx@0.18.5 >&2
cd "$t"
cat >write.py <<'PY'
import zipfile
from xml.sax.saxutils import quoteattr
NS, REL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
OWN = {176: '[$-411]ge.m.d;@', 177: '[$-411]ggge"年"m"月"d"日"', 178: 'yyyy"年"m"月"d"日"'}
USED = [14, 31, 57, 58, 176, 177, 178]
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
RELS = REL + "/package/2006/relationships"
DOC = REL + "/officeDocument/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml."
parts = {
    "[Content_Types].xml": f'<Types xmlns="{REL}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{KIND}sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="{KIND}styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NS}" xmlns:r="{DOC}"><sheets><sheet name="会員" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{DOC}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{DOC}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{NS}"><numFmts count="{len(OWN)}">' + "".join(f"<numFmt numFmtId=\"{i}\" formatCode={quoteattr(c)}/>" for i, c in OWN.items())
    + '</numFmts><fonts count="1"><font><sz val="11"/><name val="Yu Gothic"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    + f'<cellXfs count="{len(USED) + 1}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' + "".join(f'<xf numFmtId="{i}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' for i in USED) + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{NS}"><sheetData>' + "".join(f'<row r="{n}"><c r="A{n}"><v>{i}</v></c><c r="B{n}" s="{n}"><v>29285</v></c></row>' for n, i in enumerate(USED, 1)) + "</sheetData></worksheet>",
}
with zipfile.ZipFile("members.xlsx", "w") as z:
    for name, body in parts.items():
        z.writestr(name, HEAD + body)
PY
cat >read.py <<'PY'
import csv, subprocess, sys, openpyxl, python_calamine
def show(reader, rows):
    print(reader, *(f"{int(float(i))}:{v}" for i, v in rows))
def text(v):
    return v.isoformat()[:10] if hasattr(v, "isoformat") else f"{v:.0f}"
show("openpyxl ", [(a.value, text(b.value)) for a, b in openpyxl.load_workbook("members.xlsx").active.iter_rows()])
show("calamine ", [(a, text(b)) for a, b in python_calamine.CalamineWorkbook.from_path("members.xlsx").get_sheet_by_index(0).to_python()])
done = subprocess.run([sys.executable, "-m", "xlsx2csv", "members.xlsx"], capture_output=True, text=True)
show("xlsx2csv ", csv.reader(done.stdout.splitlines()))
print("xlsx2csv exit status", done.returncode)
PY
cat >read.cjs <<'JS'
const excel = require("exceljs"), sheetjs = require("xlsx");
const show = (reader, rows) => console.log(reader, rows.map(([i, v]) => `${i}:${v instanceof Date ? v.toISOString().slice(0, 10) : v}`).join(" "));
(async () => {
  const book = new excel.Workbook();
  await book.xlsx.readFile("members.xlsx");
  const rows = [];
  book.worksheets[0].eachRow((r) => rows.push([r.getCell(1).value, r.getCell(2).value]));
  show("exceljs  ", rows);
  const sheet = sheetjs.readFile("members.xlsx").Sheets["会員"];
  show("SheetJS  ", sheetjs.utils.sheet_to_json(sheet, { header: 1, raw: false }));
})();
JS
"$t/v/bin/python" write.py
{ "$t/v/bin/python" read.py; node read.cjs; } >"$t/seen" 2>"$t/err" || { cat "$t/err"; exit 1; }
cat >"$t/stated" <<'EOF'
openpyxl  14:1980-03-05 31:29285 57:29285 58:29285 176:1980-03-05 177:1980-03-05 178:1980-03-05
calamine  14:1980-03-05 31:1980-03-05 57:1980-03-05 58:1980-03-05 176:1980-03-05 177:1980-03-05 178:1980-03-05
xlsx2csv  14:03-05-80 31:29285 57:29285 58:29285 176:ge.03.05 177:ggge"年"03"月"05"日" 178:1980"年"03"月"05"日"
xlsx2csv exit status 0
exceljs   14:1980-03-05 31:29285 57:29285 58:29285 176:1980-03-05 177:1980-03-05 178:1980-03-05
SheetJS   14:3/5/80 31:3/5/80 57:3/5/80 58:3/5/80 176:29285 177:ggg1980年3月5日 178:1980年3月5日
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
