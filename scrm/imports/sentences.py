"""Why a file or a line is refused, and what else is said of it: codes in the book, words on the page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

FILE: dict[str, Any] = {
    "empty": _("The file is empty. Download the template and fill it in."),
    "only_header": _("The file has a header and no lines below it."),
    "too_large": _("The file is larger than %(limit)s MB. Cut it into several files."),
    "old_excel": _("This is an old Excel file (.xls) or one with a password. Save it as .xlsx without a password."),
    "locked_book": _("The file has a password. Save it without one."),
    "broken_book": _("The Excel file is damaged. Open it, save it as .xlsx once more and upload that."),
    "too_big_inside": _("Unpacked, this file is far larger than a table that we read. Nothing was read."),
    "merged_cells": _("Line %(line)s has merged cells. Unmerge them, so that each line stands by itself."),
    "unknown_encoding": _("We cannot tell in which encoding the file is. Save it as UTF-8 CSV or as .xlsx."),
    "not_a_table": _("This is no table. Upload .xlsx or .csv."),
    "web_page": _("This is a web page that is called a table. Open it in Excel and save it as .xlsx."),
    "broken_quotes": _("In line %(line)s a quotation mark is not closed, so the lines below cannot be told apart."),
    "endless_cell": _("Line %(line)s has a cell without end."),
    "too_many_rows": _("The file has more than %(limit)s lines. Cut it into several files."),
    "too_many_columns": _("Line %(line)s has more than %(limit)s columns."),
    "no_header": _("None of the first lines names the columns. Needed are at least: %(columns)s."),
    "missing_columns": _("These columns are missing: %(columns)s."),
    "column_twice": _("Two columns mean the same: %(columns)s. Keep one of them."),
    "kept_failing": _("The work was broken off three times. Nothing was brought in; tell whoever runs this system."),
    "changed_meanwhile": _("What is there changed while the file was brought in. Nothing was brought in; try again."),
}

LINE: dict[str, Any] = {
    "formula": _("is a formula; paste its value"),
    "error_value": _("is an error of the spreadsheet"),
    "too_many_digits": _("is a number of which Excel dropped digits; format the column as text"),
    "too_long": _("is too long"),
    "unprintable": _("has signs that cannot be stored"),
    "needed": _("is missing"),
    "no_date": _("“%(value)s” is no date such as 2026-01-31"),
    "not_a_day_of_ours": _("%(value)s lies before 1950 or after 2100"),
    "no_yes_or_no": _("“%(value)s” is neither yes nor no"),
    "no_phone": _("%(value)s is no phone number"),
    "shortened": _("%(value)s was shortened by the spreadsheet; format the column as text"),
    "no_choice": _("“%(value)s” is none of: %(choices)s"),
    "no_code": _("“%(value)s” may hold letters, digits and . _ - / only"),
    "nobody": _("belongs to no customer that we know"),
    "no_value": _("does not fit the field “%(field)s”"),
    "no_money": _("“%(value)s” is no sum in yuan such as 157.00"),
    "no_number": _("“%(value)s” is no whole number"),
    "no_goods": _("“%(value)s” is not written as SKU|name|category×quantity=yuan"),
    "no_details": _("“%(value)s” is not written as key=value; each detail once"),
    "refused": _("%(why)s"),
    "twice": _("also stands in line %(line)s, which says otherwise"),
    "same_as": _("says the same as line %(line)s"),
    "overlaps_line": _("overlaps line %(line)s"),
    "same_thing": _("line %(line)s is about the same one"),
    "unknown": _("“%(value)s” is not known"),
    "ambiguous": _("there are several called “%(value)s”"),
    "ends_before": _("does not lie after the beginning"),
    "in_the_future": _("lies in the future"),
    "needs": _("is needed when “%(other)s” is given"),
    "one_of": _("one of these is needed: %(columns)s"),
    "direct_has_none": _("a direct store has no franchisee"),
    "ends_in_contracts": _("a contract runs; end it in a file of franchisees"),
    "opened_several_times": _("the store was opened several times; change it in the admin"),
    "overlaps": _("overlaps what holds from %(since)s"),
    "not_in_wecom": _("WeCom's directory does not know this account; run the sync first"),
    "blocked": _("%(value)s stands among the blocked ids: it says nothing about who somebody is"),
    "is_someone_else": _("belongs to somebody else"),
    "another_card": _("this person has another card, %(value)s"),
    "follows_wecom": _("this store's people follow WeCom's department; post her there"),
    "no_person": _("this guide cannot sign in yet; run the sync first"),
    "left": _("has left"),
    "place_of_role": _("“%(role)s” needs: %(place)s"),
}

NOTES: dict[str, Any] = {
    "makes_region": _("makes the region “%(value)s”"),
    "makes_franchisee": _("makes the franchisee “%(value)s”"),
    "name_follows_wecom": _("the name stays as in WeCom"),
    "ends_contract": _("the contract with “%(value)s” ends on %(day)s"),
    "ends_posting": _("her earlier posting there ends on %(day)s"),
    "id_left_out": _("%(value)s is left out: it stands among the blocked ids"),
    "not_hers": _("%(value)s is left out: HQ said that it is hers no longer"),
    "no_consent": _("no consent: nothing may contact her"),
    "stays_withdrawn": _("she withdrew it later: it stays withdrawn"),
    "name_of_wecom": _("the name stays as WeCom tells it"),
    "matched_by_name": _("the store of this name from WeCom gets this number"),
}


def file_sentence(problem: Mapping[str, Any]) -> str:
    """Why the whole file is refused."""
    code = problem.get("code", "")
    return str(FILE[code]) % problem if code in FILE else ""


def line_sentence(code: str, detail: Mapping[str, Any]) -> str:
    """What is said of one line."""
    words = LINE.get(code) or NOTES.get(code)
    return str(words) % detail if words else code
