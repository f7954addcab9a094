#!/bin/sh
# Question: what do readers of .xlsx make of a name with furigana, which Japanese Excel keeps in the cell of every name that
#           was typed with its reading?
# Guess:    the name. Some may append the reading, as the reading stands in <t> too, inside the cell's <rPh>.
# Seen:     exceljs 4.4.0: the whole-file reader gives the name. Its streaming reader gives the last part of the reading
#           and no name: 山田太郎 with ヤマダ and タロウ is "タロウ". Cells without furigana are right in both, so one
#           column mixes names and readings. officeparser 7.8.0 appends the reading: 山田太郎ヤマダタロウ.
#           openpyxl 3.1.5 and xlsx-stream-reader 1.1.1 give the name.
# Matters:  a large workbook is read by the streaming reader. A customer 山田太郎 arrives as タロウ: the family name is
#           gone, people with one given name look alike, and nothing tells which rows are wrong.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile openpyxl==3.1.5 XlsxWriter==3.2.9 >&2
npm install --silent --no-audit --no-fund --prefix "$t" exceljs@4.4.0 officeparser@7.8.0 xlsx-stream-reader@1.1.1 >&2
cd "$t"
cat >write.py <<'PY'
import zipfile
import openpyxl, xlsxwriter
book = xlsxwriter.Workbook("plain.xlsx")
sheet = book.add_worksheet()
for row, cells in enumerate([["M001", "山田太郎"], ["M002", "佐藤花子"]]):
    sheet.write_row(row, 0, cells)
book.close()
# As Japanese Excel writes a name that was typed: the reading of each part, with its place in the text.
furigana = '<si><t>山田太郎</t><rPh sb="0" eb="2"><t>ヤマダ</t></rPh><rPh sb="2" eb="4"><t>タロウ</t></rPh><phoneticPr fontId="1"/></si>'
with zipfile.ZipFile("plain.xlsx") as source, zipfile.ZipFile("members.xlsx", "w", zipfile.ZIP_DEFLATED) as target:
    for name in source.namelist():
        content = source.read(name)
        if name == "xl/sharedStrings.xml":
            content = content.decode().replace("<si><t>山田太郎</t></si>", furigana).encode()
        target.writestr(name, content)
print("openpyxl          ", [row[1] for row in openpyxl.load_workbook("members.xlsx").active.iter_rows(values_only=True)])
PY
cat >read.js <<'JS'
const fs = require('fs'), Excel = require('exceljs'), Stream = require('xlsx-stream-reader'), office = require('officeparser');
const show = (who, names) => console.log(who.padEnd(18), JSON.stringify(names));
(async () => {
  const book = new Excel.Workbook();
  await book.xlsx.readFile('members.xlsx');
  show('exceljs', [1, 2].map((row) => book.worksheets[0].getCell(row, 2).value));
  let names = [];
  for await (const sheet of new Excel.stream.xlsx.WorkbookReader('members.xlsx', { sharedStrings: 'cache', worksheets: 'emit' }))
    for await (const row of sheet) names.push(row.getCell(2).value);
  show('exceljs streaming', names);
  names = [];
  await new Promise((done) => {
    const reader = new Stream();
    reader.on('worksheet', (sheet) => { sheet.on('row', (row) => names.push(row.values[2])); sheet.process(); });
    reader.on('end', done);
    fs.createReadStream('members.xlsx').pipe(reader);
  });
  show('xlsx-stream-reader', names);
  const parsed = await (office.parseOffice || office.OfficeParser.parseOffice)('members.xlsx');
  show('officeparser', parsed.toText().split(/\s+/).filter((text) => text && !text.startsWith('M0')));
})();
JS
{ "$t/v/bin/python" write.py; node read.js; } >seen
cat >stated <<'EOF'
openpyxl           ['山田太郎', '佐藤花子']
exceljs            ["山田太郎","佐藤花子"]
exceljs streaming  ["タロウ","佐藤花子"]
xlsx-stream-reader ["山田太郎","佐藤花子"]
officeparser       ["山田太郎ヤマダタロウ","佐藤花子"]
EOF
echo "stated:"; cat stated; echo "seen:"; cat seen
cmp -s stated seen || { echo "changed"; exit 1; }
echo "as stated"
