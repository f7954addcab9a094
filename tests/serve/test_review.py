"""The whole of review by keyboard: ten pairs, reasons, unsure, undo, several at once, two stewards, both languages, a phone's width.

Each test has a lake and a process of its own, as what is decided stays.
"""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import NAYOSE, ROOT, nayose, serious
from playwright.sync_api import Page, expect

QUEUE = "/review"
PAIR = "/review/pair"

# Fifteen characters or more, as accounts ask for.
PASSWORD = "a horse of many colours"
ACCOUNTS = {"tanaka": "steward", "suzuki": "steward", "analyst": "analyst"}


class Site:
    """A process over a lake of its own, with accounts."""

    def __init__(self, folder: Path, lake: Path, browser, settings: str = ""):
        self.lake, self.browser, self.contexts, self.wrong = folder / "lake", browser, [], []
        shutil.copytree(lake, self.lake)
        for name, role in ACCOUNTS.items():
            add = [NAYOSE, "serve", "add-user", name, "--roles", role, "--file", str(folder / "users.csv")]
            subprocess.run(add, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True)
        (folder / "serve.yaml").write_text(f"users: users.csv\n{settings}", encoding="utf-8")
        serve = ["serve", "--lake", str(self.lake), "--settings", str(folder / "serve.yaml"), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen([NAYOSE, *serve], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
            line = self.process.stdout.readline()
            assert line, f"the process ended: {said}"
            said += line
        self.address = found.group()

    def page(self, name: str, **context) -> Page:
        """A page on which somebody is signed in."""
        opened = self.browser.new_context(base_url=self.address, locale="en-GB", **context)
        self.contexts.append(opened)
        page = opened.new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.goto("/sign-in")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.locator("main button").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def close(self):
        for context in self.contexts:
            context.close()
        self.process.terminate()
        self.process.wait(timeout=30)
        assert self.wrong == []


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory) -> Path:
    """A lake with enough to decide on."""
    folder = tmp_path_factory.mktemp("review")
    nayose("generate", "--people", "1500", "--seed", "7", "--out", str(folder / "input"))
    pipeline = str(ROOT / "pipelines/retail/pipeline.yaml")
    nayose("run", pipeline, "--input", str(folder / "input"), "--lake", str(folder / "lake"))
    return folder / "lake"


@pytest.fixture
def site(tmp_path, reviewed, browser):
    site = Site(tmp_path, reviewed, browser)
    yield site
    site.close()


def open_pairs(page: Page) -> int:
    """How many pairs are left, as the list says."""
    page.goto(QUEUE)
    words = page.locator(".progress").inner_text()
    return int(re.search(r"[\d,]+", words).group().replace(",", ""))


def pair_of(page: Page) -> str:
    """The pair that is asked."""
    return page.locator("form#decide input[name=pair]").get_attribute("value")


class Keys:
    """Presses keys, and counts them."""

    def __init__(self, page: Page):
        self.page, self.count = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1

    def answer(self, *keys: str) -> str:
        """Answers the pair that is asked, and waits for the next one."""
        before = pair_of(self.page)
        *first, last = keys
        self.press(*first)
        with self.page.expect_navigation():
            self.press(last)
        return before


@pytest.fixture
def page(site):
    return site.page("tanaka")


def test_ten_pairs_take_two_keys_each(page):
    left = open_pairs(page)
    assert left > 12, "the lake has too little to decide on"
    keys = Keys(page)
    with page.expect_navigation():
        keys.press("n")
    keys.count = 0
    seen, began = [], time.monotonic()
    for answer in [("s", "Enter"), ("d", "Enter"), ("d", "5"), ("s", "1"), ("u", "Enter")] * 2:
        seen.append(keys.answer(*answer))
        expect(page.locator("form#decide")).to_be_visible()
    seconds = time.monotonic() - began
    assert keys.count == 20
    assert len(set(seen)) == 10, "the next pair comes by itself, and none comes twice"
    # What a practised person needs beside the pages is theirs: the pages leave them three quarters of the minute.
    assert seconds < 15, f"ten pairs took {seconds:.1f} s"
    assert open_pairs(page) == left - 10
    expect(page.locator(".progress")).to_contain_text("tanaka: 10")


def test_an_answer_is_undone_by_one_key(page):
    page.goto(PAIR)
    keys = Keys(page)
    first = keys.answer("s", "Enter")
    assert pair_of(page) != first
    with page.expect_navigation():
        keys.press("z")
    assert pair_of(page) == first, "the pair is asked again"
    expect(page.locator("[role=status]")).to_be_visible()
    # Passing over a pair decides nothing.
    with page.expect_navigation():
        keys.press("n")
    assert pair_of(page) != first
    page.goto(PAIR)
    assert pair_of(page) == first


def test_undo_without_an_answer_says_so(page):
    page.goto(PAIR)
    keys = Keys(page)
    keys.answer("s", "Enter")
    expect(page.locator("[role=status]")).to_contain_text("one person")
    # Everything that this person ever answered, and once more.
    for _ in range(60):
        with page.expect_navigation():
            keys.press("z")
        told = page.locator("[role=status]").inner_text()
        if told.startswith("There is nothing to undo"):
            break
    else:
        raise AssertionError(told)
    there = pair_of(page)
    with page.expect_navigation():
        keys.press("z")
    assert pair_of(page) == there, "the pair stays"
    expect(page.locator("[role=status]")).to_contain_text("nothing to undo")
    page.goto("/review")
    with page.expect_navigation():
        page.keyboard.press("z")
    assert page.url.split("?")[0].endswith("/review"), "who undoes in the list stays there"
    expect(page.locator("[role=status]")).to_contain_text("nothing to undo")


def test_what_is_too_long_is_refused_by_form_and_server(page):
    page.goto(PAIR)
    expect(page.locator("textarea[name=text]")).to_have_attribute("maxlength", "4000")
    expect(page.locator("input[name=why][type=text]")).to_have_attribute("maxlength", "500")
    # A form that does not hold the bound.
    page.evaluate("""() => {
      const text = document.querySelector("textarea[name=text]");
      text.removeAttribute("maxlength");
      text.value = "x".repeat(4001);
      text.form.requestSubmit();
    }""")
    expect(page.locator("main")).to_contain_text("4001")
    page.goto(PAIR)
    page.evaluate("""() => {
      const why = document.querySelector("input[name=why][type=text]");
      why.removeAttribute("maxlength");
      why.value = "x".repeat(501);
      document.querySelector("input[value=same]").checked = true;
      why.form.requestSubmit();
    }""")
    expect(page.locator("main")).to_contain_text("501")


def test_what_would_change_stands_beside_the_answer(page):
    page.goto(f"{PAIR}?kind=review")
    same = page.locator("section[aria-labelledby=same-label]")
    expect(same.locator("table.figures tbody tr")).to_have_count(4)
    customers = same.locator("table.figures tbody tr").first.locator("td")
    before, after = (int(customers.nth(i).inner_text()) for i in range(2))
    assert after < before
    expect(page.locator("table.beside tbody tr").first).to_be_visible()


def test_keys_in_a_field_are_letters(page):
    page.goto(PAIR)
    before = pair_of(page)
    why = page.locator("form#decide input[name=why]")
    why.focus()
    page.keyboard.type("did nothing, 5 z")
    expect(why).to_have_value("did nothing, 5 z")
    assert pair_of(page) == before
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("d")
        page.keyboard.press("Enter")
    assert pair_of(page) != before


def test_of_two_stewards_the_second_is_told(site):
    one, two = site.page("tanaka"), site.page("suzuki")
    one.goto(PAIR)
    two.goto(PAIR)
    assert pair_of(one) == pair_of(two)
    pair = pair_of(one)
    Keys(one).answer("s", "Enter")
    Keys(two).answer("d", "Enter")
    told = two.locator("[role=alert]")
    expect(told).to_contain_text("tanaka")
    assert pair_of(two) == pair, "and is asked again"
    Keys(two).answer("d", "Enter")
    assert pair_of(two) != pair


def test_what_is_no_pair_of_the_run_is_written_nowhere(site):
    page = site.page("tanaka")
    page.goto(PAIR)
    shown = pair_of(page)
    # A page that was open while a record was erased sends what is gone; a form made by hand sends anything.
    for pair in ["shop:none\tshop:gone", "\t".join([shown.split("\t")[0]] * 2)]:
        for form in ["/review/decide", "/review/comment"]:
            page.goto(f"{PAIR}?lang=en")
            status = page.evaluate("""async ([form, pair]) => {
              const body = new URLSearchParams({csrf: document.querySelector("input[name=csrf]").value, pair, word: "same", text: "x", filter: ""});
              return (await fetch(form, {method: "POST", body, redirect: "manual"})).status;
            }""", [form, pair])
            assert status == 404, (form, pair)
    assert not (site.lake / "desk/decision").exists() and not (site.lake / "desk/comment").exists()


def test_what_contradicts_is_told_by_its_decisions_in_the_language_of_the_reader(site):
    query = "select channel || ':' || record_id as r from id_map where valid_to is null order by 1 limit 3"
    lines = nayose("sql", "--lake", str(site.lake), query, "--format", "json").splitlines()
    a, b, c = (json.loads(line)["r"] for line in lines)
    page = site.page("tanaka")
    for l, r, answer in [(a, b, "s"), (b, c, "s"), (a, c, "d")]:
        page.goto(f"{PAIR}?lang=ja&l={quote(l)}&r={quote(r)}")
        Keys(page).answer(answer, "Enter")
    alert = page.locator("[role=alert]")
    expect(alert).to_contain_text("何も保存していません")
    expect(alert.locator("li")).to_have_count(2)
    expect(alert.locator("li").first).to_contain_text("tanaka")
    text = alert.inner_text()
    for known in (a, b, c, "tanaka"):
        text = text.replace(known, "")
    assert re.findall("[A-Za-z]{2,}", text) == []
    # One click away it is taken back, and then the answer holds.
    alert.locator("li a").first.click()
    with page.expect_navigation():
        page.locator("form[action='/review/undo']").last.locator("button").click()
    page.goto(f"{PAIR}?l={quote(a)}&r={quote(c)}")
    Keys(page).answer("d", "Enter")
    expect(page.locator("[role=alert]")).to_have_count(0)


def test_several_are_decided_on_after_a_preview(page):
    left = open_pairs(page)
    boxes = page.locator("input[type=checkbox][name=pair]")
    for i in range(3):
        boxes.nth(i).check()
    page.locator("button[name=word][value=different]").click()
    expect(page.locator("form#decide input[name=pair]")).to_have_count(3)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert open_pairs(page) == left - 3


def test_nobody_is_taken_from_all_pairs_by_an_empty_field(page):
    page.goto(QUEUE)
    page.locator("input[type=checkbox][name=pair]").first.check()
    page.locator("form#several input[name=to]").fill("tanaka")
    page.locator("button[formaction='/review/assign']").click()
    page.goto(QUEUE)
    page.locator("button[formaction='/review/assign']").click()
    page.goto(f"{QUEUE}?assigned=tanaka")
    expect(page.locator("form#several tbody tr")).to_have_count(1)


def test_pairs_are_assigned_and_found_by_filter(page):
    page.goto(QUEUE)
    page.locator("input[type=checkbox][name=pair]").first.check()
    page.locator("form#several input[name=to]").fill("suzuki")
    page.locator("button[formaction='/review/assign']").click()
    page.goto(f"{QUEUE}?assigned=suzuki")
    expect(page.locator("form#several tbody tr")).to_have_count(1)
    page.goto(f"{QUEUE}?kind=cut&from=0.9")
    kinds = page.locator("form#several tbody tr td:nth-child(3)").all_inner_texts()
    assert len(set(kinds)) <= 1
    for probability in page.locator("form#several tbody tr td:nth-child(4)").all_inner_texts():
        assert float(re.search(r"[\d.]+", probability).group()) >= 90


def test_a_comment_stays_with_its_pair(page):
    page.goto(PAIR)
    page.locator("textarea[name=text]").fill("<b>asked</b> the shop")
    page.locator("form[action='/review/comment'] button").click()
    expect(page.get_by_text("<b>asked</b> the shop")).to_be_visible()


def test_without_a_script_the_buttons_do_the_same(site):
    page = site.page("tanaka", java_script_enabled=False)
    page.goto(PAIR)
    before = pair_of(page)
    page.locator("input[name=word][value=different]").check()
    page.locator("form#decide button.main").click()
    assert pair_of(page) != before


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("place", [QUEUE, PAIR])
def test_pages_of_review_fit_a_phone_and_have_no_serious_finding(site, lang, place):
    page = site.page("tanaka", viewport={"width": 375, "height": 740})
    page.goto(f"{place}?lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
    assert page.locator("html").get_attribute("lang") == lang
    assert serious(page) == []


def test_with_four_eyes_a_second_person_confirms(tmp_path, reviewed, browser):
    site = Site(tmp_path, reviewed, browser, "four_eyes: true\n")
    one, two = site.page("tanaka"), site.page("suzuki")
    one.goto(PAIR)
    pair = Keys(one).answer("d", "Enter")
    one.goto(f"{PAIR}?waiting=1")
    assert pair_of(one) == pair
    expect(one.locator("form[action='/review/confirm']")).to_have_count(0)
    two.goto(f"{PAIR}?waiting=1")
    assert pair_of(two) == pair
    with two.expect_navigation():
        two.keyboard.press("c")
    two.goto(f"{QUEUE}?waiting=1")
    expect(two.locator("form#several")).to_have_count(0)
    site.close()


def test_who_is_no_steward_may_not_review(site):
    page = site.page("analyst")
    assert page.goto(QUEUE).status == 403
