"""Makes the fixtures of this folder: python 3.11, openpyxl 3.1.5, msoffcrypto-tool. All names and numbers are invented.

They stand beside the workbooks that the tests build with rust_xlsxwriter: another writer makes other XML.
"""

import datetime
import io
import re
import zipfile

import msoffcrypto
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904

FIXED = datetime.datetime(2026, 1, 1)


def saved(book):
    book.properties.created = book.properties.modified = FIXED
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relation(text):
    part = f'<Relationship Id="rIdStrings" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    return text.replace("</Relationships>", part + "</Relationships>")


def kind(text):
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    return text.replace("</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{content}"/></Types>')


def patched(data, changes, added):
    """The workbook with parts rewritten (name -> function of the text) and then parts added (name -> text)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            if info.filename in changes:
                text = changes[info.filename](text.decode()).encode()
            new.writestr(zipfile.ZipInfo(info.filename, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        for name, text in added.items():
            new.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def members():
    """A hidden sheet first; a merged title; a header in line 3; every kind of cell."""
    book = Workbook()
    hidden = book.active
    hidden.title = "設定"
    hidden.sheet_state = "hidden"
    hidden["A1"] = "hidden"
    sheet = book.create_sheet("会員")
    sheet["A1"] = "会員一覧"
    sheet.merge_cells("A1:C1")
    for column, name in enumerate(["会員番号", "氏名", "電話", "店番", "登録日", "更新", "開店", "有効", "率", "備考"], 1):
        sheet.cell(3, column, name)
    rows = [
        ["00012", " 佐藤 花子 ", 9012345678, 7, datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 9, 30, 15), datetime.time(9, 30, 15), True, 1.5, "a,\"b\"\nc"],
        [None] * 10,
        ["00013", "鈴木", 312345678, 12345, datetime.date(1900, 1, 1), datetime.datetime(1999, 12, 31, 23, 59, 59), datetime.time(0, 0), False, 0.1, "#N/A"],
        ["1E5", None, 1e21, -7, datetime.date(1900, 3, 1), None, None, None, 12345678901234567, None],
    ]
    for number, row in enumerate(rows, 4):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column, value)
            if column == 4:
                cell.number_format = "00000"
    sheet["L5"].fill = PatternFill("solid", "FFFF00")
    return saved(book)


def dates_1904():
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in [["日付"], [datetime.date(2026, 1, 31)], [datetime.date(1904, 1, 2)], [datetime.time(12, 0)]]:
        book.active.append(row)
    return saved(book)


def formula():
    book = Workbook()
    book.active.title = "売上"
    for row in [["単価", "数量", "金額"], [100, 2, "=A2*B2"]]:
        book.active.append(row)
    return saved(book)


def japanese():
    """What a Japanese Excel writes: phonetic runs in shared strings, rich text, built-in date formats 31, 57 and 58."""
    book = Workbook()
    sheet = book.active
    for row in [["氏名", "生年月日"], ["佐藤花子", 29285], ["髙橋太郎", 29285], ["東京都", 29285], ["田中", 29285]]:
        sheet.append(row)
    for number, code in enumerate(["yyyy-mm-dd", "yyyy-mm-dd hh:mm", "[$-411]ge.m.d;@", '[$-411]ggge"年"m"月"d"日"'], 2):
        sheet.cell(number, 2).number_format = code
    phonetic = {
        "佐藤花子": '<t>佐藤花子</t><rPh sb="0" eb="2"><t>サトウ</t></rPh><rPh sb="2" eb="4"><t>ハナコ</t></rPh><phoneticPr fontId="1"/>',
        "髙橋太郎": '<r><t>髙橋</t></r><r><rPr><b/></rPr><t xml:space="preserve"> 太郎</t></r><rPh sb="0" eb="2"><t>タカハシ</t></rPh><phoneticPr fontId="1"/>',
    }

    items = []

    def shared(text):
        """openpyxl 3.1.5 writes inline strings; Excel writes shared ones."""

        def index(found):
            items.append("<si>" + phonetic.get(found.group(1), f"<t>{found.group(1)}</t>") + "</si>")
            return f't="s"><v>{len(items) - 1}</v>'

        return re.sub(r't="inlineStr"><is><t>([^<]*)</t></is>', index, text)

    def styles(text):
        for code, built_in in [("yyyy-mm-dd", 31), ("yyyy-mm-dd hh:mm", 57)]:
            number = re.search(rf'numFmtId="(\d+)" formatCode="{code}"|formatCode="{code}" numFmtId="(\d+)"', text)
            number = number.group(1) or number.group(2)
            text = re.sub(r"<numFmt [^>]*\"%s\"[^>]*/>" % code, "", text)
            text = text.replace(f'<xf numFmtId="{number}"', f'<xf numFmtId="{built_in}"')
        return text

    return patched(
        saved(book),
        {"xl/worksheets/sheet1.xml": shared, "xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": relation, "[Content_Types].xml": kind},
        {"xl/sharedStrings.xml": lambda: f'<sst xmlns="{MAIN}">{"".join(items)}</sst>'},
    )


def encrypted():
    plain = Workbook()
    plain.active["A1"] = "secret"
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(saved(plain))).encrypt("password", out)
    return out.getvalue()


class Cp932Info(zipfile.ZipInfo):
    """A member as Windows' own archiver names it: CP932, without the flag of UTF-8."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("cp932"), self.flag_bits & ~0x800


def windows_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info, text in [
            (Cp932Info("受注/注文_表.csv"), "id\n1\n"),
            (zipfile.ZipInfo("顧客.csv"), "id\n2\n"),
            (zipfile.ZipInfo("受注/"), ""),
            (zipfile.ZipInfo("__MACOSX/._a.csv"), "x"),
            (zipfile.ZipInfo("受注/.DS_Store"), "x"),
            (zipfile.ZipInfo("../up.csv"), "id\n3\n"),
        ]:
            new.writestr(info, text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


write("members.xlsx", members())
write("dates_1904.xlsx", dates_1904())
write("formula.xlsx", formula())
write("japanese.xlsx", japanese())
write("encrypted.xlsx", encrypted())
write("windows.zip", windows_zip())
