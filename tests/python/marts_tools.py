"""The table of tools in docs/marts.md names what is there: each mart has rows in the sample, each column a value, each other word is a value
in the sample or of the mart's query.

In: the section "Which figure of which tool is which mart", and the published tables.
"""

import re
from pathlib import Path

from marts import rows

DOCS = Path(__file__).resolve().parents[2] / "docs/marts.md"
TOOLS = ["カスタマーリングス", "Open-Ecommerce", "LTV-Lab", "うちでのこづち", "KARTE", "Rtoaster at さとふる", "CLUB Panasonic", "Sansan", "EMOROCO", "Lawson's Ponta"]
# Rows come with a second run: these have none in the first one.
LATER = {"restatement", "profile_merges"}
# Of the sample's contracts none is cancelled in the days of the back-test.
UNKNOWN = {("health_backtest", "auc")}


def lines():
    """The lines of the table: what is left of the marts, and the words in code of the last column."""
    section = DOCS.read_text(encoding="utf-8").split("## Which figure of which tool is which mart")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")][2:]
    return [(tool.strip(" *"), figure.strip(), re.findall(r"`([^`]+)`", where)) for tool, figure, where in cells]


def query(mart):
    """The query of a mart, without its comments; nothing of a table that no file makes."""
    found = list((DOCS.parents[1] / "pipelines/retail").glob(f"*/{mart}.sql"))
    return re.sub(r"--.*", "", found[0].read_text(encoding="utf-8")) if found else ""


def check_the_tools_of_the_docs(con, marts):
    # The sample alone has customers enough and a source for every mart.
    if "contract_churn" not in marts or rows(con, "select count(*) as n from golden_customer")[0]["n"] < 1000:
        return
    tables = {name: {r["column_name"]: r["column_type"] for r in rows(con, f'describe "{name}"')} for name in marts}
    some = lambda table, where: rows(con, f'select count(*) as n from "{table}" where {where}')[0]["n"] > 0
    wrong = []
    for tool, figure, words in lines():
        mart = None
        for word in words:
            named, _, column = word.partition(".")
            if named in tables:
                mart = named
                if mart not in LATER and not some(mart, "true"):
                    wrong.append(f"{tool} {figure}: {mart} has no row")
            elif mart is None or column:
                wrong.append(f"{tool} {figure}: there is no mart {named}")
                continue
            else:
                column = named
            if column in tables[mart]:
                if (mart, column) not in UNKNOWN and not some(mart, f'"{column}" is not null'):
                    wrong.append(f"{tool} {figure}: {mart}.{column} has no value")
            elif column and f"'{column}'" not in query(mart) and not any(
                    some(mart, f"\"{of}\" = '{column}'") for of, kind in tables[mart].items() if kind == "VARCHAR"):
                wrong.append(f"{tool} {figure}: {mart} has no column and no value {column}")
    missing = set(TOOLS) - {tool for tool, *_ in lines()}
    assert not missing, f"docs/marts.md: no line for {sorted(missing)}"
    assert not wrong, "docs/marts.md: " + "\n  ".join(wrong)


CHECKS = [check_the_tools_of_the_docs]
