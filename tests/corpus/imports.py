"""Area: files that people bring. Each case: name, kind, bytes, and the answer: of the file, or of its lines."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from openpyxl import Workbook

HEAD = ("门店编号", "门店名称", "区域", "开业日期")
GOOD = ("S100", "外滩店", "华东", "2020-05-01")
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


class Case(NamedTuple):
    name: str
    content: bytes
    # What is said of the file, or what its lines come to.
    answer: str | list[str]
    kind: str = "stores"
    file_name: str = "门店.csv"


def text(*rows: Sequence[str], by: str = ",", ends: str = "\r\n") -> str:
    return ends.join(by.join(row) for row in rows)


PLAIN = text(HEAD, GOOD)
CANARY = "13800013777"
MEMBER = ("姓名", "手机号", "会员卡号", "入会门店", "入会日期")


def book(*rows: Sequence[Any], change: Callable[[Any, Workbook], None] | None = None) -> bytes:
    made = Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(list(row))
    if change:
        change(sheet, made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The same file with other parts; a name is a part's last name without its ending."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            stem = part.filename.rpartition("/")[2].partition(".")[0]
            new.writestr(part.filename, parts[stem] if stem in parts else old.read(part.filename))
    return out.getvalue()


def sheet_xml(rows: str, after: str = "") -> bytes:
    return f"<worksheet {NS}><sheetData>{rows}</sheetData>{after}</worksheet>".encode()


def inline(*texts: str, row: int) -> str:
    cells = "".join(f'<c r="{chr(65 + n)}{row}" t="inlineStr"><is><t>{t}</t></is></c>' for n, t in enumerate(texts))
    return f'<row r="{row}">{cells}</row>'


def cases() -> Iterator[Case]:
    yield from _encodings()
    yield from _texts()
    yield from _wrong_files()
    yield from _books()
    yield from _bombs()
    yield from _cells()
    yield from _lines()


def _encodings() -> Iterator[Case]:
    names = {"utf-8": "utf-8", "utf-8 with BOM": "utf-8-sig", "GBK": "gbk", "GB18030": "gb18030", "UTF-16": "utf-16"}
    for name, codec in names.items():
        yield Case(name, PLAIN.encode(codec), ["created"])
    yield Case("UTF-16 BE with BOM", b"\xfe\xff" + PLAIN.encode("utf-16-be"), ["created"])
    yield Case(
        "UTF-16 LE without BOM",
        text(HEAD, *[GOOD] * 1, *[(f"S{n}", "abc", "east", "2020-01-01") for n in range(200, 230)]).encode("utf-16-le"),
        ["created"] * 31,
    )
    yield Case("a sign that only GB18030 has", text(HEAD, ("S100", "㐀店", "华东", "")).encode("gb18030"), ["created"])
    yield Case("half a character at the end", PLAIN.encode() + b"\xe5\xba", "unknown_encoding")
    yield Case("UTF-16 of odd length", PLAIN.encode("utf-16") + b"\x00", "unknown_encoding")
    yield Case("Latin letters in Windows-1252", b"code,name\r\nS1,\xff\xff\x81\xff", "unknown_encoding")


def _texts() -> Iterator[Case]:
    for name, sign in {"tabs": "\t", "semicolons": ";", "bars": "|", "wide commas": "，"}.items():
        yield Case(name, text(HEAD, GOOD, by=sign).encode(), ["created"], file_name="x.tsv")
    for name, ends in {"LF": "\n", "CR": "\r", "CRLF": "\r\n"}.items():
        yield Case(f"lines end with {name}", text(HEAD, GOOD, ends=ends).encode(), ["created"])
    mixed = f"{','.join(HEAD)}\n{','.join(GOOD)}\r\nS101,豫园店,华东,\rS102,城隍庙店,华东,\n\n\r\n"
    yield Case("mixed line ends and empty lines", mixed.encode(), ["created"] * 3)
    quoted = text(HEAD, ("S100", '"外滩\r\n店, ""旗舰"""', "华东", ""), ("S101", "店", "华东", "昨天"))
    yield Case("quoted newline, comma and quotes", quoted.encode(), ["created", "rejected"])
    yield Case("a quote that never closes", text(HEAD, ("S100", '"外滩店', "华东", "")).encode(), "broken_quotes")
    yield Case("something behind a quote", text(HEAD, ("S100", '"外滩"店', "华东", "")).encode(), "broken_quotes")
    yield Case("a title above the header", ("2026 年门店清单,,,\r\n\r\n" + PLAIN).encode(), ["created"])
    yield Case(
        "columns in another order, some unknown", text(("备注", *HEAD[::-1]), ("x", *GOOD[::-1])).encode(), ["created"]
    )
    english = text(("Opening Date", "Store Code", "Region", "Store Name"), ("2020/5/1", "S100", "east", "Bund"))
    yield Case("English names of columns", english.encode(), ["created"])
    yield Case(
        "names of columns with marks",
        text(("*门店编号（必填）", "门店名称：", " 区 域 ", "开业日期"), GOOD).encode(),
        ["created"],
    )
    yield Case("more cells than the header", text(HEAD, (*GOOD, "", "x", "y")).encode(), ["created"])
    yield Case("fewer cells than the header", text(HEAD, ("S001", "旗舰店")).encode(), ["updated"])
    yield Case("CSV under the name of Excel", PLAIN.encode(), ["created"], file_name="门店.xlsx")
    yield Case("a name of 300 signs with a path", PLAIN.encode(), ["created"], file_name="../" + "长" * 300 + ".csv")
    yield Case(
        "an export of ours, brought again",
        ("\ufeff门店编号,门店名称,区域,行,结果,说明\r\nS100,'=店,华东,2,拒绝,x").encode(),
        ["created"],
    )


def _wrong_files() -> Iterator[Case]:
    yield Case("no byte at all", b"", "empty")
    yield Case("blanks", b" \r\n\t\r\n  ", "empty")
    yield Case("nothing but a BOM", b"\xef\xbb\xbf", "empty")
    yield Case("commas alone", b",,,\r\n,,,\r\n", "empty")
    yield Case("only a header", text(HEAD).encode(), "only_header")
    yield Case("a header and empty lines", (text(HEAD) + "\r\n,,,\r\n,,,").encode(), "only_header")
    yield Case("no header", text(GOOD, ("S101", "店", "华东", "")).encode(), "no_header")
    yield Case("a needed column is missing", text(HEAD[1:], GOOD[1:]).encode(), "missing_columns")
    yield Case("one column twice", text((*HEAD, "店号"), (*GOOD, "S2")).encode(), "column_twice")
    yield Case("a header of another kind", text(("条码", "品名", "单价"), ("1", "2", "3")).encode(), "no_header")
    yield Case("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_excel", file_name="门店.xls")
    yield Case("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not_a_table", file_name="门店.csv")
    yield Case("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_a_table", file_name="门店.xlsx")
    yield Case("a web page as .xls", b"<html><table><tr><td>1</td></tr></table>", "web_page", file_name="x.xls")
    yield Case("control signs", b"\x01\x02\x03\x04" * 100, "not_a_table")
    yield Case("a zip that is no Excel file", repacked(book(HEAD), workbook=b"x"), "broken_book")
    yield Case("half of an Excel file", book(HEAD, GOOD)[:2000], "broken_book")
    yield Case("three columns too many", text([f"列{n}" for n in range(101)]).encode(), "too_many_columns")
    yield Case("a cell of a million signs", (PLAIN + "\r\nS101," + "长" * 400_000).encode(), "endless_cell")


def _books() -> Iterator[Case]:
    yield Case("an Excel file", book(HEAD, GOOD), ["created"], file_name="门店.xlsx")
    yield Case("Excel under the name of CSV", book(HEAD, GOOD), ["created"])
    yield Case(
        "dates and numbers as Excel has them",
        book(HEAD, (100, "店", "华东", date(2020, 5, 1)), ("S2", "店二", "华东", datetime(2020, 5, 1, 9, 30))),
        ["created"] * 2,
    )

    def zeros(sheet: Any, _book: Workbook) -> None:
        sheet["A2"].number_format = "000000"

    yield Case("a number shown with zeros in front", book(HEAD, (12, "店", "华东", ""), change=zeros), ["created"])

    def hidden(sheet: Any, made: Workbook) -> None:
        sheet.sheet_state = "hidden"
        made.create_sheet("空")
        for row in (HEAD, ("S200", "可见店", "华东", ""), ("S201", "可见店二", "华东", "")):
            made.create_sheet("门店").append(row) if "门店" not in made.sheetnames else made["门店"].append(row)

    yield Case("a hidden sheet before the visible one", book(HEAD, GOOD, change=hidden), ["created"] * 2)

    def merged(where: str) -> Callable[[Any, Workbook], None]:
        return lambda sheet, _book: sheet.merge_cells(where)

    yield Case(
        "merged cells among the lines",
        book(HEAD, GOOD, ("S101", "", "华东", ""), change=merged("B2:B3")),
        "merged_cells",
    )
    yield Case("a merged title above the header", book(("门店清单",), HEAD, GOOD, change=merged("A1:D1")), ["created"])
    yield Case(
        "a formula among texts",
        book(HEAD, ("S100", "=1+1", "华东", ""), ("S101", "店", "华东", "")),
        ["rejected", "created"],
    )
    yield Case("a formula in the header", book(("门店编号", "门店名称", "区域", "=1"), GOOD), ["created"])
    yield Case(
        "a formula that reaches out", book(HEAD, ("S100", '=WEBSERVICE("http://127.0.0.1/")', "华东", "")), ["rejected"]
    )
    yield Case("an error value", book(HEAD, ("S100", "#N/A", "华东", "")), ["rejected"])
    yield Case("a number of eighteen digits", book(HEAD, (123456789012345678, "店", "华东", "")), ["rejected"])
    yield Case("an empty Excel file", book(), "empty")
    yield Case("an Excel file with a header only", book(HEAD), "only_header")


def _bombs() -> Iterator[Case]:
    plain = book(HEAD, GOOD)
    yield Case("half a gigabyte in a few kilobytes", repacked(plain, sheet1=b" " * (410 << 20)), "too_big_inside")
    endless = sheet_xml(inline(*HEAD, row=1) + '<row r="2">' + "<c/>" * (5 << 20) + "</row>")
    yield Case("a row of five million cells", repacked(plain, sheet1=endless), "too_big_inside")
    far = sheet_xml(inline(*HEAD, row=1) + inline(*GOOD, row=2_000_000_000))
    yield Case("a line two thousand million", repacked(plain, sheet1=far), "too_many_rows")
    lies = sheet_xml(inline(*HEAD, row=1) + inline(*GOOD, row=2), "").replace(
        b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    yield Case("a sheet that says it is endless", repacked(plain, sheet1=lies), ["created"])
    laughs = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>" + sheet_xml(inline("&b;", row=1))
    yield Case("entities", repacked(plain, sheet1=laughs), "broken_book")
    outside = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + sheet_xml(inline("&a;", row=1))
    yield Case("an entity outside", repacked(plain, sheet1=outside), "broken_book")
    yield Case(
        "more lines than the limit",
        text(HEAD, *[(f"S{n}", "店", "华东", "") for n in range(620)]).encode(),
        "too_many_rows",
    )
    yield Case("more bytes than the limit", b"x" * (2 << 20), "too_large")


def _cells() -> Iterator[Case]:
    good = ("S200", "好店", "华东", "")
    for name, cell in {
        "a NUL": "店\0名",
        "a bell": "店\a名",
        "2001 signs": "长" * 2001,
        "81 signs": "长" * 81,
        "a formula": "=HYPERLINK(1)",
        "a wide formula": "＝1+1",
    }.items():
        yield Case(f"{name} in a cell", text(HEAD, ("S100", cell, "华东", ""), good).encode(), ["rejected", "created"])
    for name, cell in {
        "markup": "<script>alert(1)</script>",
        "SQL": "'); DROP TABLE stores_store; --",
        "an emoji": "店😀",
        "a zero-width sign": "外\u200b滩店",
        "full-width digits": "１２３店",
        "a per cent sign": "100%s店 %(name)s",
        "at, plus, minus": "@店+1-1",
    }.items():
        yield Case(f"{name} in a cell", text(HEAD, ("S100", cell, "华东", "")).encode(), ["created"])
    yield Case('the zeros of ="0012"', text(HEAD, ('="0012"', "店", "华东", "")).encode(), ["created"])
    for name, cell in {
        "30 February": "2020-02-30",
        "month first": "5/1/2020",
        "a year of two digits": "20-5-1",
        "the year 0": "0000-01-01",
        "the year 9999": "9999-12-31",
        "a long number": "999999999999",
        "words": "去年",
    }.items():
        yield Case(
            f"as a date: {name}", text(HEAD, ("S100", "店", "华东", cell), good).encode(), ["rejected", "created"]
        )


def _lines() -> Iterator[Case]:
    yield Case(
        "a region nobody knows",
        text(HEAD, ("S100", "店", "火星", ""), ("S101", "店", "华东", "")).encode(),
        ["rejected", "created"],
    )
    yield Case(
        "the same line three times", text(HEAD, GOOD, GOOD, GOOD).encode(), ["created", "unchanged", "unchanged"]
    )
    yield Case(
        "one number, two names", text(HEAD, GOOD, ("S100", "另一家", "华东", "")).encode(), ["rejected", "rejected"]
    )
    yield Case(
        "a store of somebody's contract",
        text(("加盟商", "门店编号", "合同开始"), ("郝记", "S003", "2025-12-31")).encode(),
        ["rejected"],
        "franchisees",
    )
    yield Case(
        "a franchisee without stores",
        text(("加盟商", "公司全称"), ("郝记", "郝记公司")).encode(),
        ["created"],
        "franchisees",
    )
    yield Case(
        "a store nobody knows",
        text(("企业微信账号", "门店编号"), ("cai", "S999"), ("dong", "S001")).encode(),
        ["rejected", "created"],
        "postings",
    )
    yield Case(
        "an account nobody knows",
        text(("工号", "企业微信账号"), ("1", "nobody"), ("2", "cai")).encode(),
        ["rejected", "updated"],
        "people",
    )
    yield Case(
        "a phone in a log's way",
        text(MEMBER, ("梅", CANARY, "", "S001", "昨天"), ("兰", CANARY + "9", "", "", "")).encode(),
        ["rejected", "rejected"],
        "members",
    )
    yield Case(
        "a member in a log's way",
        text(MEMBER, ("金丝雀", CANARY, "", "S001", "2020-01-01")).encode(),
        ["created"],
        "members",
    )
    yield Case(
        "one phone, two members",
        text(MEMBER, ("甲", CANARY, "", "", ""), ("乙", f"+86 {CANARY}", "", "", "")).encode(),
        ["rejected", "rejected"],
        "members",
    )
    yield Case(
        "a phone as Excel's number",
        book(MEMBER, ("梅", int(CANARY), "", "", ""), ("兰", 1.3764e10, "", "", "")),
        ["created", "created"],
        "members",
    )
    yield Case(
        "a phone in scientific notation", text(MEMBER, ("梅", "1.38E+10", "", "", "")).encode(), ["rejected"], "members"
    )
