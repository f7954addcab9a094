"""Models of invented people as Splink saves them, which `import-model` is tested with.

    make.py FOLDER     with Splink 5.0.0: trained, demo; with 4.0.17: everything_duckdb, everything_spark; with 3.9.15: version_3

Each version needs an environment of its own: pip install splink==5.0.0 pandas; 3.9.15 needs sqlglot<24 and duckdb<1.2 beside it.
The folder is crates/nayose-draft/tests/data/splink. The key linker_uid and last digits of m differ from run to run.
"""
import json, random, sys, pandas as pd, splink

V = splink.__version__[0]
out = sys.argv[1]
if V == "3":
    from splink.duckdb import comparison_library as cl, comparison_template_library as ctl
    from splink.duckdb.linker import DuckDBLinker
    people = [dict(unique_id=i, first_name=f"a{i % 5}", surname=f"b{i % 7}", dob=f"1980-01-{i % 28 + 1:02}") for i in range(60)]
    linker = DuckDBLinker(pd.DataFrame(people), {
        "link_type": "dedupe_only",
        "blocking_rules_to_generate_predictions": [
            "l.first_name = r.first_name", "substr(l.surname,1,1) = substr(r.surname,1,1) and l.dob = r.dob"],
        "comparisons": [
            cl.exact_match("first_name", term_frequency_adjustments=True), cl.jaro_winkler_at_thresholds("surname", [.9]),
            ctl.date_comparison("dob", cast_strings_to_date=True)]})
    linker.save_model_to_json(f"{out}/version_3.json", overwrite=True)
    sys.exit()

import splink.comparison_library as cl, splink.comparison_level_library as cll
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.blocking_rule_library import And, Not, Or

random.seed(7)
F = "Aoi Ben Cid Dora Evelyn Finn Gustav Hana Ian Joan Kenneth Lia Mio Noa Olga Pia Quin Ray Sora Tomas".split()
S = "Amberson Birch Cedarwood Dune Elmer Fernly Grove Hazelton Irison Juniper".split()
def slip(t):
    i = random.randrange(1, len(t))
    return random.choice([t[:i] + "x" + t[i + 1:], t[:i] + t[i + 1:], t[:i] + "xy" + t[i:]])
rows = []
for p in range(1500):
    f, s = random.choice(F), random.choice(S)
    d = f"19{random.randint(40, 99)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    base = dict(first_name=f, surname=s, dob=d, email=f"{f}.{s}{p}@mail.test".lower(), city=random.choice(["North", "South", "East"]))
    for k in range(random.choice([1, 2, 3])):
        r = dict(base, unique_id=len(rows))
        if random.random() < .2: r["first_name"] = slip(f)
        if random.random() < .2: r["surname"] = slip(s)
        if random.random() < .1: r["dob"] = d[:-1] + str((int(d[-1]) + 1) % 10)
        if random.random() < .2: r["city"] = random.choice(["North", "South", "East"])
        if random.random() < .1: r["email"] = None
        rows.append(r)
df = pd.DataFrame(rows)
def linker(settings):
    api = DuckDBAPI()
    return Linker(api.register(df), settings) if V == "5" else Linker(df, settings, api)
def save(name, settings, train=()):
    l = linker(settings)
    if train:
        l.training.estimate_probability_two_random_records_match([block_on("first_name", "surname", "dob")], recall=.5)
        kw = dict(max_pairs=2e6)
        l.training.estimate_u_using_random_sampling(seed=1, **kw)
        for b in train:
            l.training.estimate_parameters_using_expectation_maximisation(b)
    l.misc.save_model_to_json(f"{out}/{name}.json", overwrite=True)
if V == "5":
    save("trained", SettingsCreator(link_type="dedupe_only", comparisons=[
        cl.JaroWinklerAtThresholds("first_name", [.8]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("surname", [2]),
        cl.ExactMatch("dob"), cl.ExactMatch("city").configure(term_frequency_adjustments=True)],
        blocking_rules_to_generate_predictions=[block_on("first_name", "surname"), block_on("dob", "city"), block_on("substr(surname, 1, 3)", "dob")]),
        [block_on("dob"), block_on("first_name", "surname")])
    save("demo", SettingsCreator(link_type="dedupe_only", comparisons=[
        cl.NameComparison("first_name"), cl.NameComparison("surname"), cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True), cl.EmailComparison("email")],
        blocking_rules_to_generate_predictions=[block_on("first_name", "city"), block_on("surname"), block_on("dob"), block_on("email")],
        retain_intermediate_calculation_columns=True),
        [block_on("first_name", "surname"), block_on("dob")])
if V == "4":
    many = [
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.ForenameSurnameComparison("first_name", "surname"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.AbsoluteDateDifferenceAtThresholds("joined", input_is_string=True, metrics=["day"], thresholds=[3]),
        cl.EmailComparison("email"), cl.PostcodeComparison("postcode_fake"),
        cl.DistanceInKMAtThresholds("lat", "lon", [5]), cl.ArrayIntersectAtSizes("tags", [2, 1]),
        cl.JaroAtThresholds("nickname", [.9]), cl.JaccardAtThresholds("street", [.9]), cl.DamerauLevenshteinAtThresholds("phone", [1]),
        cl.CustomComparison(output_column_name="custom", comparison_levels=[
            cll.NullLevel("first_name"), cll.And(cll.ExactMatchLevel("first_name"), cll.ExactMatchLevel("surname")),
            cll.Or(cll.ExactMatchLevel("first_name"), cll.LevenshteinLevel("surname", 1)), cll.Not(cll.NullLevel("surname")),
            cll.LiteralMatchLevel("city", "North", "string"), cll.CustomLevel("abs(amount_l - amount_r) < 3", "near"), cll.ElseLevel()]),
        {"output_column_name": "weighed", "comparison_levels": [
            {"sql_condition": "first_name_l IS NULL OR first_name_r IS NULL", "label_for_charts": "Null", "is_null_level": True},
            {"sql_condition": "first_name_l = first_name_r", "label_for_charts": "Exact", "tf_adjustment_column": "first_name", "tf_adjustment_weight": .5, "tf_minimum_u_value": .01},
            {"sql_condition": "levenshtein(first_name_l, first_name_r) <= 2", "label_for_charts": "near", "tf_adjustment_column": "first_name"},
            {"sql_condition": "ELSE", "label_for_charts": "Else"}]}]
    rules = [block_on("first_name", "surname"), block_on("substr(surname,1,2)", "dob"), block_on("lower(email)"), block_on("postcode_fake", salting_partitions=4),
        block_on("tags", arrays_to_explode=["tags"]), "l.first_name = r.first_name and levenshtein(l.surname, r.surname) <= 2",
        And(block_on("city"), Not(block_on("dob"))), Or(block_on("dob", "city"), block_on("email")),
        "l.first_name = r.surname and l.surname = r.first_name", block_on("year(try_cast(dob as date))", "surname")]
    for dialect in ("duckdb", "spark"):
        s = SettingsCreator(link_type="link_only", comparisons=many, blocking_rules_to_generate_predictions=rules, unique_id_column_name="id", additional_columns_to_retain=["cluster"])
        # what save_model_to_json writes, without a Spark session
        json.dump(s.get_settings(dialect).as_dict(), open(f"{out}/everything_{dialect}.json", "w"), indent=4)
