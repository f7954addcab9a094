"""Every drawing on a phone and on a desk, in both languages: no letters lie on others or leave the drawing. Pages and the report file."""

import json
import re

import pytest
from conftest import nayose

PAGES = [
    "/charts",
    "/runs",
    "/runs/2",
    "/customers/{customer}",
    "/customers/{customer}/graph",
    "/customers/{customer}/growth",
    "/pair?left={link[l]}&right={link[r]}",
    "/pair?left={cut[l]}&right={cut[r]}",
]

# Letters fill about three quarters of the height of their box: boxes may touch, letters may not.
WRONG = """() => {
  const told = [];
  for (const svg of document.querySelectorAll("svg.drawing")) {
    const name = (svg.querySelector("title") || {}).textContent;
    const room = svg.getBoundingClientRect();
    const of = (text) => [text.textContent.trim(), text.getBoundingClientRect()];
    const texts = [...svg.querySelectorAll("text")].map(of).filter(([words, box]) => words && box.width);
    for (const [words, box] of texts) {
      if (box.left < room.left - 1 || box.right > room.right + 1 || box.top < room.top - 3 || box.bottom > room.bottom + 3)
        told.push(`${name}: "${words}" leaves the drawing`);
    }
    for (let i = 0; i < texts.length; i++) {
      for (let j = i + 1; j < texts.length; j++) {
        const [[a, left], [b, right]] = [texts[i], texts[j]];
        const wide = Math.min(left.right, right.right) - Math.max(left.left, right.left);
        const high = Math.min(left.bottom, right.bottom) - Math.max(left.top, right.top);
        if (wide > 1 && high > 0.25 * Math.min(left.height, right.height)) told.push(`${name}: "${a}" lies on "${b}"`);
      }
    }
  }
  return told;
}"""

SIZES = [(375, 740), (1280, 800)]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_letters_of_drawings_lie_apart(open_page, known, path, lang):
    page = open_page(path.format(**known), lang)
    assert page.locator("svg.drawing").count() > 0
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(WRONG) == [], f"at {width} pixels"


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_letters_of_the_report_lie_apart(house, browser, tmp_path, lang):
    file = tmp_path / "report.html"
    nayose("report", "--lake", house.lake, "--lang", lang, "--to", str(file))
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WRONG) == [], f"at {width} pixels"
    context.close()


def test_how_a_customer_grew_is_told_step_by_step(open_page, house):
    """The steps are those of the clustering: done one after the other they end in the customer's records."""
    rows = house.sql(
        "select customer_id, records from golden_customer where records between 3 and 8 order by records desc, customer_id limit 12"
    )
    told = 0
    for row in rows:
        id = row["customer_id"]
        page = open_page(f"/customers/{id}/growth")
        steps = page.locator("ol.growth > li")
        assert steps.count() == page.locator("figure svg text.tick").count() > 0, id
        own = house.sql(
            f"select channel || ':' || record_id as r from id_map where customer_id = '{id}' and valid_to is null order by 1"
        )
        groups: set[frozenset[str]] = set()
        for step in steps.all_inner_texts():
            before, after = (
                {frozenset(re.split(", ", group)) for group in re.findall(r"\[([^\]]+)\]", side)}
                for side in step.split("\n")[0].split("→")
            )
            # Where it is one group, its size is said.
            if not after:
                after = {frozenset().union(*before)}
                assert f"→ {len(*after)} records" in step, (id, step)
            # A record is on its own until a step names it.
            assert all(group in groups or len(group) == 1 for group in before), (id, step)
            groups = (groups - before) | after
        assert frozenset(of["r"] for of in own) in groups, (id, json.dumps(sorted(map(sorted, groups))))
        told += steps.count()
    assert told > 12
