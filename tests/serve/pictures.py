"""The pictures of docs/serve.md, of the sample lake: `make serve-pictures`. Look at each before it is committed.

In: the path of nayose in NAYOSE, Chromium as the tests of pages find it. Out: docs/images/serve-*.png.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAYOSE = os.environ["NAYOSE"]
CHROMIUM = os.environ.get("NAYOSE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "a horse of many colours"
WIDTH = 960

# A customer whose graph has something of everything, and a linked pair that has something against it.
CUSTOMER = """
    with own as (select m.customer_id, l.decision, l.match_probability from ledger l join id_map m
        on m.channel = l.channel_l and m.record_id = l.record_id_l and m.valid_to is null)
    select g.customer_id from own join golden_customer g on g.customer_id = own.customer_id
    where g.records between 5 and 8
    group by g.customer_id
    order by count(*) filter (where decision = 'review') > 0 desc, count(*) filter (where decision in ('cut', 'refused')) > 0 desc,
        count(*) filter (where decision = 'matched' and match_probability < 0.95) desc, g.customer_id
    limit 1"""
PAIR = """
    select channel_l || ':' || record_id_l as l, channel_r || ':' || record_id_r as r from ledger
    where decision = 'matched' and match_probability between 0.97 and 0.995 and channel_l <> channel_r
    order by match_probability, 1, 2 limit 1"""


def nayose(*args: str, **more) -> str:
    return subprocess.run([NAYOSE, *args], stdout=subprocess.PIPE, text=True, check=True, **more).stdout


def row(lake: str, query: str) -> dict:
    return json.loads(nayose("sql", "--lake", lake, query, "--format", "json").splitlines()[0])


def take(page, name: str, height: int | None) -> None:
    """Takes a page, whole or from its top."""
    page.set_viewport_size({"width": WIDTH, "height": height or 800})
    page.screenshot(path=ROOT / f"docs/images/serve-{name}.png", full_page=height is None)


def pictures(page, lake: str) -> None:
    page.goto("/search")
    page.fill("#q", "takahashi")
    page.keyboard.press("Enter")
    page.wait_for_selector("#found")
    take(page, "search", 760)
    customer, pair = row(lake, CUSTOMER)["customer_id"], row(lake, PAIR)
    page.goto(f"/customers/{customer}")
    take(page, "customer", 1500)
    page.goto(f"/customers/{customer}/graph")
    take(page, "graph", 1000)
    page.goto(f"/pair?left={pair['l']}&right={pair['r']}")
    take(page, "pair", None)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = f"{folder}/lake"
        nayose("run", str(ROOT / "pipelines/retail/pipeline.yaml"), "--lake", lake)
        users = ["serve", "add-user", "k.tanaka", "--roles", "steward,auditor", "--file", f"{folder}/users.csv"]
        nayose(*users, input=f"{PASSWORD}\n")
        settings = Path(folder, "serve.yaml")
        settings.write_text("users: users.csv\n", encoding="utf-8")
        serve = ["serve", "--lake", lake, "--settings", str(settings), "--listen", "127.0.0.1:0"]
        process = subprocess.Popen([NAYOSE, *serve], stdout=subprocess.PIPE, text=True)
        try:
            address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline()).group()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                page = browser.new_context(base_url=address, locale="en-GB").new_page()
                page.goto("/sign-in")
                page.fill("input[name=name]", "k.tanaka")
                page.fill("input[name=password]", PASSWORD)
                page.locator("main button").click()
                page.wait_for_url(lambda url: "/sign-in" not in url)
                pictures(page, lake)
                browser.close()
        finally:
            process.terminate()
            process.wait(timeout=30)


main()
