#!/bin/sh
# Question: does SheetJS give one birth date from a workbook with the 1904 date system, however it is asked?
# Guess:    yes; readers know the flag, and text and Date of one cell are one day.
# Seen:     SheetJS (xlsx) 0.18.5, the newest on npm. As text the cell is 3/6/84, as openpyxl 3.1.5, python-calamine
#           0.9.1 and exceljs 4.4.0 say too. With cellDates, the option for getting Dates, the flag is forgotten:
#           1980-03-05, four years and a day earlier. The same option is right for a workbook of the 1900 system.
# Matters:  1904 workbooks come from old Macs in shops and from templates copied since. All birth dates of such a file
#           are wrong by the same amount and look right; against another channel they are a clear disagreement, the
#           strongest evidence that one customer is two. A shift of 1,462 days in a whole channel is worth a check.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile openpyxl==3.1.5 python-calamine==0.9.1 >&2
npm install --silent --no-audit --no-fund --prefix "$t" exceljs@4.4.0 xlsx@0.18.5 >&2
cd "$t"
cat >write.py <<'PY'
import datetime, openpyxl, python_calamine
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900
for name, epoch, day in (("1900", CALENDAR_WINDOWS_1900, (1980, 3, 5)), ("1904", CALENDAR_MAC_1904, (1984, 3, 6))):
    book = openpyxl.Workbook()
    book.epoch = epoch
    book.active["A1"] = datetime.date(*day)
    book.active["A1"].number_format = "m/d/yy"
    book.save(name + ".xlsx")
    cell = openpyxl.load_workbook(name + ".xlsx").active["A1"].value
    print(name, "openpyxl", cell.date().isoformat(), "calamine", python_calamine.CalamineWorkbook.from_path(name + ".xlsx").get_sheet_by_index(0).to_python()[0][0].isoformat())
PY
cat >read.cjs <<'JS'
const excel = require("exceljs"), sheetjs = require("xlsx");
const day = (v) => (v instanceof Date ? v.toISOString().slice(0, 10) : v);
(async () => {
  for (const name of ["1900", "1904"]) {
    const book = new excel.Workbook();
    await book.xlsx.readFile(name + ".xlsx");
    const read = (options, how) => {
      const parsed = sheetjs.readFile(name + ".xlsx", options);
      return day(sheetjs.utils.sheet_to_json(parsed.Sheets[parsed.SheetNames[0]], { header: 1, ...how })[0][0]);
    };
    console.log(name, "exceljs", day(book.worksheets[0].getCell("A1").value), "SheetJS text", read({}, { raw: false }), "SheetJS cellDates", read({ cellDates: true }, {}));
  }
})();
JS
{ "$t/v/bin/python" write.py; TZ=UTC node read.cjs; } >"$t/seen"
cat >"$t/stated" <<'EOF'
1900 openpyxl 1980-03-05 calamine 1980-03-05
1904 openpyxl 1984-03-06 calamine 1984-03-06
1900 exceljs 1980-03-05 SheetJS text 3/5/80 SheetJS cellDates 1980-03-05
1904 exceljs 1984-03-06 SheetJS text 3/6/84 SheetJS cellDates 1980-03-05
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
