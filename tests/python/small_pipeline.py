"""The retail pipeline of a shop that has customers and orders, and nothing else: marts that need more are left out, and the run says so."""

import re
from pathlib import Path

SOURCES = ("shop_customers", "shop_orders")
# What these sources map, of what marts of the sample need.
MAPPED = {f"interaction.{name}" for name in "item_id store_id medium coupon_id recipient".split()}


def write(folder, root):
    """Writes the pipeline file; its path."""
    retail, data = root / "pipelines/retail", Path(folder)
    data.mkdir(parents=True)
    text = (retail / "pipeline.yaml").read_text(encoding="utf-8")
    head, rest = text.split("\nsources:\n")
    sources, rest = re.split(r"^(?=survivorship:)", rest, flags=re.M)
    kept = [source for source in re.split(r"^(?=  - name: )", sources, flags=re.M) if source.split("\n")[0].removeprefix("  - name: ") in SOURCES]
    assert len(kept) == len(SOURCES), "a source has another name"
    for name, value in {"input": root / "sample_data", "lake": data / "lake", "model": retail / "model.yaml",
                        "marts": f"[{retail}/marts, {retail}/crm]", "checks": retail / "checks", "segments": retail / "segments"}.items():
        head, n = re.subn(rf"^{name}: .*$", f"{name}: {value}", head, flags=re.M)
        assert n == 1, f"{name} is not in the pipeline file"
    rest = rest.replace("[shop, app, pointcard, support]", "[shop]").replace("[app, shop, pointcard, support]", "[shop]")
    (data / "pipeline.yaml").write_text(f"{head}\nsources:\n{''.join(kept)}\n{rest}", encoding="utf-8")
    return data / "pipeline.yaml"


def told(output):
    """Need → the marts that the run's report says were left out for it."""
    lines = re.findall(r"^ *left out, as no source maps (.*?): marts ([^;\n]*)", output, re.M)
    return {frozenset(needs.split(" and ")): set(marts.split(", ")) for needs, marts in lines}


def check_left_out(root, output, published):
    """Each mart is left out for what it itself needs, and told; whatever only reads such a mart is there."""
    want, there = {}, set()
    for file in [*root.glob("pipelines/retail/marts/*.sql"), *root.glob("pipelines/retail/crm/*.sql")]:
        named = re.search(r"^-- needs: (.*)$", file.read_text(encoding="utf-8"), re.M)
        lacking = frozenset(re.split(", *", named[1])) - MAPPED if named else frozenset()
        if lacking:
            want.setdefault(lacking, set()).add(file.stem)
        elif not file.stem.startswith("_"):
            there.add(file.stem)
    left = set().union(*want.values())
    assert want, "nothing is left out: the pipeline tests nothing"
    assert not left & published, f"left out, and published: {sorted(left & published)}"
    assert not there - published, f"needs nothing that is not mapped, and is not published: {sorted(there - published)}"
    assert told(output) == want, f"the report tells {told(output)}, not {want}"
    # Segments that test a column of such a mart, and lists without a consent or a cap that can be counted.
    ends = ("; segments lapsed_good_customers", "; segments coffee_lovers", "consent.marketing.push and event.message: mail lists birthday_next_month")
    missing = [end for end in ends if not re.search(f"left out, as no source maps .*{re.escape(end)}$", output, re.M)]
    assert not missing, f"the report does not tell {missing}: {output}"
