"""Every page, in both languages, on a desk and on a phone: it is drawn, a keyboard and a screen reader get through it, and nothing of a
person is on it that nobody asked to be shown."""

import json
import re
from urllib.parse import quote

import pytest
from conftest import MARKUP, nayose, serious

PAGES = [
    "/",
    "/search",
    "/access",
    "/customers/{customer}",
    "/customers/{customer}/graph",
    "/customers/{customer}/growth",
    "/customers/{customer}/history",
    "/pair?left={link[l]}&right={link[r]}",
    "/pair?left={cut[l]}&right={cut[r]}",
    "/why-not",
    "/why-not?left={two[a]}&right={two[b]}",
    "/history",
    "/history?record={record}&on=2026-03-31",
    "/restatements",
    "/runs",
    "/runs/2",
    "/runs/1",
    "/values",
    "/diff",
    "/diff?before=1&after=2",
    "/charts",
    "/tables",
    "/tables/golden_customer",
    "/tables/rfm",
]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_can_be_used_by_everybody(open_page, known, path, lang):
    page = open_page(path.format(**known), lang)
    assert page.get_attribute("html", "lang") == lang
    assert page.locator("h1").count() == 1
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} pixels of {width}"
        assert serious(page) == [], f"at {width} pixels"
    # A drawing says what it is, and has a table or a list beside it.
    for drawing in page.locator("svg[role=img]").all():
        assert drawing.locator("title").first.text_content().strip()
        assert drawing.locator("desc").first.text_content().strip()
    text = page.inner_text("body")
    for odd in ("undefined", "None", "{{", "}}", "{n}", "NaN"):
        assert odd not in text, f"{odd} in {text[:2000]}"


def test_shared_values_are_those_of_most_customers(open_page, house):
    page = open_page("/values", "en")
    told = {}
    for row in page.locator("section[aria-labelledby=shared] tbody tr").all():
        kind, _, customers, records, example = row.locator("th, td").all_inner_texts()[:5]
        told.setdefault(kind, []).append((int(customers.replace(",", "")), int(records.replace(",", "")), example))
    wanted = {}
    for values in ("s.phones", "s.emails", "make_array(s.address)"):
        of_each = f"""select m.customer_id, s.channel || ':' || s.record_id as record, unnest({values}) as value
            from source_record s join id_map m on m.channel = s.channel and m.record_id = s.record_id and m.valid_to is null"""
        found = house.sql(
            f"""select count(distinct customer_id) as customers, count(distinct record) as records, min(customer_id) as example
            from ({of_each}) where value is not null
            group by value having count(distinct customer_id) > 2 order by 1 desc, 2 desc"""
        )
        if found:
            wanted[values] = [(int(row["customers"]), int(row["records"]), row["example"]) for row in found]
    assert wanted and len(told) == len(wanted), (told.keys(), wanted.keys())
    for (kind, here), there in zip(told.items(), wanted.values()):
        assert [row[:2] for row in here] == [row[:2] for row in there[:20]], kind
        assert set(here) <= set(there), kind


def test_a_keyboard_is_enough_to_find_somebody(open_page, house, known):
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    name = house.sql(f"select family_name, given_name from golden_customer where customer_id = '{known['customer']}'")[0]
    page.keyboard.type(f"{name['family_name']} {name['given_name']}")
    page.keyboard.press("Enter")
    page.wait_for_selector("#found")
    # What was typed is a person's: it is in no address.
    assert page.url.endswith("/search")
    hit = page.locator(f"a[href='/customers/{known['customer']}']")
    for _ in range(80):
        page.keyboard.press("Tab")
        if hit.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{known['customer']}")
    # What has the focus is seen.
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_somebody_is_found_by_whatever_one_has_in_hand(open_page, house, known):
    person = house.sql(
        "select customer_id, family_kana, given_kana, phones[1] as phone, emails[1] as mail from golden_customer "
        "where family_kana is not null and given_kana is not null and cardinality(phones) > 0 and cardinality(emails) > 0 "
        "order by customer_id limit 1"
    )[0]
    national = "0" + person["phone"].removeprefix("+81")
    spelled = [
        f"{person['family_kana']} {person['given_kana']}",
        f"{national[:3]}-{national[3:7]}-{national[7:]}",
        person["mail"].upper(),
    ]
    page = open_page("/search")
    for text in spelled:
        page.fill("#q", text)
        page.keyboard.press("Enter")
        page.wait_for_selector("#found")
        assert page.locator(f"a[href='/customers/{person['customer_id']}']").count() == 1, "not found"
        page.goto("/search")
    # An id names nobody else: its page is the answer.
    for text in (person["customer_id"], person["customer_id"].lower(), known["record"]):
        page.goto("/search")
        page.fill("#q", text)
        page.keyboard.press("Enter")
        page.wait_for_url("**/customers/C-*")


def test_values_are_masked_until_somebody_says_why_they_are_needed(open_page, house, known):
    id = house.sql(
        "select customer_id from golden_customer where cardinality(phones) > 0 and cardinality(emails) > 0 "
        "and family_name is not null and address is not null order by records desc, customer_id desc limit 1"
    )[0]["customer_id"]
    person = house.sql(f"select * from golden_customer where customer_id = '{id}'")[0]
    secrets = [person["phones"][0], person["emails"][0], person["address"], person["birth_date"]]
    secrets = [value for value in secrets if value]
    others = [f"/customers/{id}/graph", f"/customers/{id}/growth", f"/customers/{id}/history"]
    page = open_page(f"/customers/{id}")
    masked = page.content()
    assert not any(secret in masked for secret in secrets)
    assert person["given_name"] not in page.inner_text("h1")
    why = page.locator("form.show input[name=why]")
    page.click("form.show button")
    assert page.url.endswith(id), "without a reason nothing is sent"
    why.fill("a customer asks for her data")
    page.click("form.show button")
    page.wait_for_selector("form.show", state="detached")
    shown = page.content()
    assert all(secret in shown for secret in secrets)
    for path in others:
        page.goto(path)
        assert not any(secret in page.content() for secret in secrets), path


WORDS_OF_SEX = {"ja": {"female": "女性", "male": "男性"}, "en": {"female": "female", "male": "male"}}


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_sex_is_one_mark_until_it_is_shown_and_then_a_word_of_the_language(open_page, house, lang):
    links = house.sql(
        "select l.channel_l || ':' || l.record_id_l as l, l.channel_r || ':' || l.record_id_r as r, m.customer_id as id, s.sex "
        "from ledger l join source_record s on s.channel = l.channel_l and s.record_id = l.record_id_l "
        "join id_map m on m.channel = l.channel_l and m.record_id = l.record_id_l and m.valid_to is null "
        "where l.decision = 'matched' and s.sex = 'female' order by 3, 1, 2 limit 40"
    )
    # A customer whom no other test of this session has shown.
    link = links[0] if lang == "ja" else next(link for link in links if link["id"] != links[0]["id"])
    word = WORDS_OF_SEX[lang][link["sex"]]
    left, right = quote(link["l"]), quote(link["r"])
    pages = [f"/customers/{link['id']}", f"/pair?left={left}&right={right}", f"/review/pair?l={left}&r={right}"]
    page = open_page(pages[0], lang)
    for path in pages:
        page.goto(path)
        assert not re.search(r"\bfemale\b|女性", page.inner_text("main table >> nth=0")), path
    page.goto(pages[0])
    page.fill("form.show input[name=why]", "a test of words")
    page.click("form.show button")
    page.wait_for_selector("form.show", state="detached")
    for path in pages:
        page.goto(path)
        assert word in page.inner_text("main table >> nth=0"), path
    # Whoever audits sees what is stored, on the evidence and beside the golden value.
    for path in pages[:2]:
        page.goto(path)
        assert page.locator("main table code", has_text=re.compile(r"^female$")).count() > 0, path
    page.goto(pages[2])
    assert (lang == "ja") != ("female" in page.inner_text("main table >> nth=0"))


def test_a_name_full_of_markup_is_text(open_page, house):
    page = open_page(f"/customers/{house.markup}")
    assert page.locator("main img").count() == 0
    assert MARKUP in page.locator("section[aria-labelledby=contacts] table").text_content()
    page.goto("/search")
    page.fill("#q", MARKUP)
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert page.locator("main img").count() == 0
    assert page.input_value("#q") == MARKUP


@pytest.mark.parametrize("lang,said", [("ja", "見つかりません"), ("en", "Not found")])
@pytest.mark.parametrize(
    "path", ["/customers/C-0000-0000-0000-0", "/customers/shop:nobody", "/runs/99", "/tables/nothing", "/nothing"]
)
def test_what_is_not_there_says_what_to_do(open_page, path, lang, said):
    page = open_page(path, lang, status=404)
    assert page.inner_text("h1") == said
    assert page.locator("main a[href='/search']").count() == 1
    assert serious(page) == []


@pytest.mark.parametrize("lang,said", [("ja", "入力を確かめてください"), ("en", "Check what was entered")])
@pytest.mark.parametrize(
    "path",
    [
        "/diff?before=abc",
        "/why-not?left=a&left=b",
        "/history?record={record}&on=yesterday",
        "/pair?left={record}&right={record}",
        "/why-not?left={two[a]}&right={two[a]}",
        "/review?from=2",
    ],
)
def test_what_cannot_be_read_is_told_in_the_language_of_the_reader(open_page, known, path, lang, said):
    page = open_page(path.format(**known), lang, status=400)
    assert page.inner_text("h1") == said
    assert page.locator("nav a[href='/runs']").count() == 1, "the navigation is there"
    told = page.inner_text("main")
    assert bool(re.search("[ぁ-ん]", told)) == (lang == "ja"), told
    assert "deserialize" not in told
    assert serious(page) == []
    # The other language says the same of the same address.
    page.click("header a[hreflang]")
    assert page.get_attribute("html", "lang") != lang
    assert page.inner_text("h1") not in ("", said)


def test_the_language_is_kept_until_another_one_is_chosen(open_page, known):
    page = open_page(f"/pair?left={quote(known['link']['l'])}&right={quote(known['link']['r'])}", "en")
    page.click("header a[hreflang=ja]")
    assert page.get_attribute("html", "lang") == "ja"
    assert known["link"]["l"] in page.inner_text("h1"), "the same page"
    page.goto("/runs")
    assert page.get_attribute("html", "lang") == "ja", "without a word in the address"
    page.click("header a[hreflang=en]")
    page.goto("/runs")
    assert page.get_attribute("html", "lang") == "en"


def test_the_evidence_adds_up_against_strangers_and_against_a_household(open_page, house, known):
    link = known["link"]
    told = json.loads(nayose("explain", link["l"], link["r"], "--lake", house.lake, "--format", "json"))
    page = open_page(f"/pair?left={quote(link['l'])}&right={quote(link['r'])}")
    total = page.locator("tfoot td.n").all_inner_texts()
    strangers = told["prior_weight"] + sum(c["weight"] for c in told["comparisons"])
    household = told["prior_weight_against_household"] + sum(c["weight_against_household"] for c in told["comparisons"])
    number = lambda text: float(text.replace("−", "-").replace("±", ""))
    assert [number(text) for text in total] == [pytest.approx(strangers, abs=0.06), pytest.approx(household, abs=0.06)]
    # The odds of the two answers are the sum against a household.
    assert told["probability"] / max(told["household_probability"], 1e-300) == pytest.approx(2**household, rel=1e-6)
    assert page.locator("svg[role=img]").count() == 2
    drawn = page.locator("svg[role=img]").first.locator("rect").count()
    assert drawn == 2 + sum(c["level"] != "missing" for c in told["comparisons"])


def test_the_graph_has_every_decision_of_the_ledger(open_page, house, known):
    id = known["customer"]
    own = f"select channel || ':' || record_id from id_map where customer_id = '{id}' and valid_to is null"
    rows = house.sql(
        f"select decision from ledger where channel_l || ':' || record_id_l in ({own}) or channel_r || ':' || record_id_r in ({own})"
    )
    page = open_page(f"/customers/{id}/graph")
    assert page.locator("figure > svg line.edge").count() == len(rows)
    assert page.locator("section[aria-labelledby=edges] tbody tr").count() == len(rows)


def test_why_not_names_the_stage_that_lost_the_pair(open_page, known):
    cut, two = known["cut"], known["two"]
    page = open_page(f"/why-not?left={quote(cut['l'])}&right={quote(cut['r'])}")
    assert page.locator(".stages .lost").count() == 1
    assert page.locator(".stages .passed").count() == 4
    page.goto("/why-not")
    page.fill("#left", two["a"])
    page.fill("#right", two["b"])
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer")
    assert page.locator(".stages .lost").count() == 1


def test_the_differences_of_two_runs_are_those_of_the_command(open_page, house):
    told = json.loads(nayose("diff", "1", "2", "--lake", house.lake, "--format", "json"))
    page = open_page("/diff")
    page.click("main form button")
    page.wait_for_selector("#what")
    rows = page.locator("section[aria-labelledby=what] tbody tr").all()
    counts = [int(row.locator("td.n").inner_text().replace(",", "")) for row in rows]
    customers = told["customers"]
    assert counts[1:] == [customers[name]["count"] for name in ("merged", "split", "created", "retired")]
    assert counts[0] == customers["after"] - customers["created"]["count"] - customers["split"]["count"]
    assert customers["created"]["count"] > 0, "the second run brought somebody"


def test_a_former_id_leads_to_who_it_is_today(open_page, house):
    merged = house.sql("select customer_id, counterpart from id_event where event = 'merged' order by 1 limit 1")
    assert merged, "the second run merged somebody"
    page = open_page(f"/customers/{merged[0]['customer_id']}")
    assert page.locator("main .note[role=status]").first.is_visible()
    assert merged[0]["customer_id"] in page.locator("section[aria-labelledby=former]").inner_text()


def test_figures_that_are_other_ones_now_are_told_with_their_cause(open_page, house):
    rows = house.sql("select mart, field, count(*) as n from restatement group by 1, 2")
    assert rows, "the second run restated figures"
    page = open_page("/restatements")
    counts = [int(text.replace(",", "")) for text in page.locator("tbody td.n:nth-child(3)").all_inner_texts()]
    assert sum(counts) == sum(row["n"] for row in rows)
    assert "C-" not in "".join(page.locator("tbody td:nth-child(2)").all_inner_texts()), "a cause names nobody"


def test_a_run_says_what_came_and_what_could_not_be_read(open_page, house):
    page = open_page("/runs/2")
    rejects = house.sql("select count(*) as n from reject")[0]["n"]
    assert page.locator("section[aria-labelledby=rejects] tbody tr").count() == rejects
    assert page.locator("svg polyline.precision").count() == 2, "the curve and its legend"
    # What stood in a rejected row is a person's.
    raw = [row["raw"] for row in house.sql("select raw from reject where raw is not null")]
    text = page.inner_text("main")
    assert not any(len(row) > 12 and row in text for row in raw)


def test_a_mart_shows_the_query_that_made_it(open_page):
    page = open_page("/tables/rfm")
    assert "select" in page.inner_text("pre").lower()
    assert page.locator("td[lang=ja]").count() == page.locator("td[lang=en]").count() > 0


def test_answers_allow_nothing_from_elsewhere(open_page):
    page = open_page("/")
    answer = page.request.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    style = page.get_attribute("link[rel=stylesheet]", "href")
    assert re.fullmatch(r"/assets/[0-9a-f]{16}/style\.css", style)
    assert "immutable" in page.request.get(style).headers["cache-control"]
