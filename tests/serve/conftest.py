"""A real `nayose serve` over the sample lake, and a real Chromium that opens it.

In: the path of nayose in the environment variable NAYOSE, that of axe-core's script in NAYOSE_AXE; Chromium in the path, or in
NAYOSE_CHROMIUM. Out: fixtures that run the sample twice, so that there is something to compare, and open pages as somebody who is
signed in.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAYOSE = os.environ["NAYOSE"]
AXE = Path(os.environ["NAYOSE_AXE"]).read_text(encoding="utf-8")
CHROMIUM = os.environ.get("NAYOSE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

# A person whose name is full of markup: pages have to show it as text.
MARKUP = "<img/src=x/onerror=alert(1)> 太郎"


def nayose(*args: str) -> str:
    """Runs nayose, which has to succeed; answers its output."""
    done = subprocess.run([NAYOSE, *args], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"nayose {' '.join(args)}:\n{done.stderr[-4000:]}"
    return done.stdout


class House:
    """The lake, and the process that serves it."""

    def __init__(self, folder: Path):
        self.lake = str(folder / "lake")
        inputs = folder / "input"
        shutil.copytree(ROOT / "sample_data", inputs)
        self.add_markup(inputs)
        pipeline = str(ROOT / "pipelines/retail/pipeline.yaml")
        # The first run lacks the newest files, so that the second one brings people and facts.
        late = [*inputs.glob("shop/customers_202603*.csv"), *inputs.glob("support/*_202603*")]
        assert late, "the sample has files of its last month"
        aside = folder / "late"
        for file in late:
            to = aside / file.relative_to(inputs)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, to)
        nayose("run", pipeline, "--input", str(inputs), "--lake", self.lake)
        shutil.copytree(aside, inputs, dirs_exist_ok=True)
        nayose("run", pipeline, "--input", str(inputs), "--lake", self.lake)
        self.process = subprocess.Popen(
            [NAYOSE, "serve", "--lake", self.lake, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = []
        self.address = self.line(r"(http://127\.0\.0\.1:\d+)(?!\S*token)")
        self.link = self.line(r"(http\S+/sign-in/link\S+)")
        # What it says from here on is read, so that it never waits for a reader.
        threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True).start()

    def add_markup(self, inputs: Path):
        """Gives one customer of the shop another name."""
        file = sorted(inputs.glob("shop/customers_*.csv"))[0]
        head, *rows = file.read_bytes().decode("cp932", errors="surrogateescape").splitlines(keepends=True)
        at, of = head.rstrip("\r\n").split(",").index("氏名"), len(head.split(","))
        for place, row in enumerate(rows):
            cells = row.split(",")
            if '"' not in row and len(cells) == of and cells[at]:
                self.markup = "shop:" + cells[head.split(",").index("顧客番号")]
                cells[at] = MARKUP
                rows[place] = ",".join(cells)
                break
        file.write_bytes("".join([head, *rows]).encode("cp932", errors="surrogateescape"))

    def line(self, pattern: str) -> str:
        """The first thing that the process says of this pattern."""
        while True:
            for line in self.said:
                if found := re.search(pattern, line):
                    return found[1]
            line = self.process.stdout.readline()
            assert line, f"the process ended: {''.join(self.said)}"
            self.said.append(line)

    def sql(self, query: str) -> list[dict]:
        """The rows of a query."""
        return [json.loads(line) for line in nayose("sql", "--lake", self.lake, query, "--format", "json").splitlines()]

    def close(self):
        """Ends the process as a person does."""
        self.process.terminate()
        assert self.process.wait(timeout=30) in (0, -15), "".join(self.said)


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """The process, once for all tests."""
    house = House(tmp_path_factory.mktemp("serve"))
    yield house
    house.close()


@pytest.fixture(scope="session")
def browser():
    """Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(house, browser):
    """The cookies of somebody who opened the link of the first start."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(house.link)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(house, browser, signed_in):
    """Opens pages: `open_page("/runs", lang="ja", width=390)`. What the browser complains of fails the test."""
    contexts, wrong = [], []

    def opened(path: str, lang: str = "en", width: int = 1200, status: int = 200):
        locale = "ja-JP" if lang == "ja" else "en-GB"
        context = browser.new_context(
            storage_state=signed_in, locale=locale, viewport={"width": width, "height": 800}, base_url=house.address
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(f"{path}: a dialog"), dialog.dismiss()))
        page.on(
            "console",
            lambda line: wrong.append(f"{path}: {line.text}") if line.type == "error" and status == 200 else None,
        )
        page.on(
            "request",
            lambda request: None if request.url.startswith(house.address) else wrong.append(f"{path}: asks {request.url}"),
        )
        answer = page.goto(path)
        assert answer.status == status, f"{path}: {answer.status}\n{page.inner_text('body')[:2000]}"
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def known(house):
    """Customers and pairs of the lake that pages are opened of."""
    largest = house.sql("select customer_id from golden_customer order by records desc, customer_id limit 1")[0]
    pair = "channel_l || ':' || record_id_l as l, channel_r || ':' || record_id_r as r"
    cut = house.sql(f"select {pair} from ledger where decision in ('cut', 'refused') order by 1, 2 limit 1")[0]
    link = house.sql(f"select {pair} from ledger where decision = 'matched' order by 1, 2 limit 1")[0]
    two = house.sql("select min(customer_id) as a, max(customer_id) as b from golden_customer")[0]
    record = house.sql("select channel || ':' || record_id as r from id_map where valid_to is null order by 1 limit 1")[0]
    return {"customer": largest["customer_id"], "cut": cut, "link": link, "two": two, "record": record["r"]}


def serious(page) -> list[str]:
    """What axe-core finds of the page that is serious or worse."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        f"{of['id']}: {of['help']}: {[node['html'][:160] for node in of['nodes'][:3]]}"
        for of in found
        if of["impact"] in ("serious", "critical")
    ]
