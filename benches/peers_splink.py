"""One run of Splink in a process of its own, from raw files to a table of clusters; benches/peers.py starts it.

Names, phones and mail addresses are prepared with pandas as a Splink user would: NFKC, one kind of kana, digits only, lower case; of an
address the part down to the house number. Values that mean nothing (0000000000, example.com, 1900-01-01) are left out. Rules and
comparisons are what the columns suggest, for the English people the same as in tests/pipelines/english_people.

Usage: peers_splink.py retail|english INPUT OUT [THRESHOLD ...]. OUT/figures.json gets seconds by step, pairs and versions;
OUT/clusters_T.csv channel, record and cluster at threshold T. The first threshold is part of the measured run, others come after it."""

import glob
import gzip
import json
import logging
import os
import platform
import re
import resource
import sys
import time
import unicodedata

import duckdb
import pandas as pd
import splink
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

# Splink's examples keep pairs from here on: those below are of no use to any threshold.
KEPT_FROM = 0.01
# Pairs from which u is learned: "1e7 is often adequate", says Splink's documentation.
U_PAIRS = 1e7
ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}
KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
PREFECTURE = re.compile(r"^(東京都|北海道|京都府|大阪府|..県|神奈川県|和歌山県|鹿児島県)")
HOUSE = r"^(\D+\d+(?:-\d+)*)"


def plain(text):
    """One width and no space at the ends, or nothing."""
    if not isinstance(text, str):
        return None
    return unicodedata.normalize("NFKC", text).strip() or None


def kana(text):
    text = plain(text)
    return text and text.translate(KATAKANA)


def digits(text):
    return re.sub(r"\D", "", plain(text) or "") or None


def phone(text):
    """Digits as they are dialled at home; a number of one digit alone is no number."""
    found = digits(text)
    if found and found.startswith("81") and len(found) >= 11:
        found = "0" + found[2:]
    return found if found and len(found) >= 9 and len(set(found[1:])) > 1 else None


def mail(text):
    text = (plain(text) or "").lower()
    return text if "@" in text and not text.endswith("@example.com") else None


def date(text):
    """ISO, from year, month and day in any of the forms that the files have."""
    text = plain(text) or ""
    found = re.match(r"(明治|大正|昭和|平成|令和|[MTSHR])?(\d+|元)\D(\d+)\D(\d+)", text)
    if not found:
        return None
    era, year, month, day = found.groups()
    year = (1 if year == "元" else int(year)) + ERAS.get(era, 0)
    iso = f"{year:04d}-{int(month):02d}-{int(day):02d}"
    return None if iso == "1900-01-01" else iso


def address(text):
    """Without prefecture, and without spaces but those between a house number and a room; numbers joined by hyphens."""
    text = re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", PREFECTURE.sub("", plain(text) or ""))
    text = re.sub(r"[‐‑–—―−－ー](?=\d)", "-", text)
    text = re.sub(r"(?<=\d)(丁目|番地の?|番|の)(?=\d)", "-", text)
    return text or None


def parts(names):
    """Family and given name. A name without a space is cut after a family name that others wrote with one."""
    cut = names.str.split(r"\s+", n=1, regex=True, expand=True).reindex(columns=[0, 1])
    known = set(cut[0][cut[1].notna()])

    def part(name):
        if isinstance(name, str):
            for length in (2, 3, 1, 4, 5):
                if len(name) > length and name[:length] in known:
                    return name[:length], name[length:]
        return None, None

    whole = cut[1].isna()
    cut.loc[whole, [0, 1]] = pd.DataFrame([part(name) for name in names[whole]], index=names[whole].index, columns=[0, 1])
    return cut[0], cut[1]


def csv_files(pattern, encoding):
    read = lambda path: pd.read_csv(path, encoding=encoding, encoding_errors="replace", dtype=str, on_bad_lines="skip")
    return pd.concat([read(path) for path in sorted(glob.glob(pattern))], ignore_index=True)


def json_lines(pattern):
    rows = []
    for path in sorted(glob.glob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    rows.append(json.loads(line))
                except ValueError:
                    continue
    return pd.DataFrame(rows)


def of_channel(channel, rows, record, columns):
    """The newest row of each record, with columns of ours: a column of the file, or several that are joined."""
    rows = rows.dropna(subset=[record]).drop_duplicates(record, keep="last")
    found = pd.DataFrame({"channel": channel, "record": rows[record]})
    for name, column in columns.items():
        several = [column] if isinstance(column, str) else column
        found[name] = rows[several[0]]
        if len(several) > 1:
            found[name] = found[name].fillna("").str.cat([rows[more].fillna("") for more in several[1:]], sep=" ")
    return found


def retail(folder):
    """The customers of the four channels of `nayose generate`, prepared."""
    shop = csv_files(f"{folder}/shop/customers_*.csv", "cp932")
    shop = of_channel("shop", shop, "顧客番号", {
        "name": "氏名", "kana": "フリガナ", "postal_code": "郵便番号", "address": ["住所1", "住所2"], "phone": "電話番号",
        "email": "メールアドレス", "sex": "性別", "birth_date": "生年月日", "member": "顧客番号",
    })  # fmt: skip
    app = of_channel("app", json_lines(f"{folder}/app/users_*.jsonl.gz"), "user_id", {
        "name": ["family_name", "given_name"], "kana": ["family_name_kana", "given_name_kana"], "postal_code": "postal_code",
        "address": ["prefecture", "city", "address_line1", "address_line2"], "phone": "phone", "email": "email", "sex": "gender",
        "birth_date": "birthday", "card": "card_number",
    })  # fmt: skip
    card = of_channel("pointcard", pd.read_parquet(f"{folder}/pointcard/members.parquet"), "member_id", {
        "name": "name_kanji", "kana": "name_kana", "postal_code": "postal_code", "address": "address", "phone": "phone",
        "email": "email", "sex": "sex", "birth_date": "birth", "card": "card_number", "member": "member_id",
    })  # fmt: skip
    support = of_channel("support", csv_files(f"{folder}/support/tickets_*.csv", "utf-8-sig"), "受付番号", {
        "name": "お名前", "phone": "電話番号", "email": "メールアドレス", "card": "会員番号", "member": "会員番号",
    })  # fmt: skip
    data = pd.concat([shop, app, card, support], ignore_index=True)
    names, kanas = data["name"].map(plain).str.replace(r"(様|さま)$", "", regex=True).str.strip(), data["kana"].map(kana)
    # Some write kana where characters are asked for.
    in_kana = names.map(kana).str.fullmatch(r"[ァ-ヶー\s]+").fillna(False).astype(bool)
    data["family"], data["given"] = parts(names.mask(in_kana))
    data["family_kana"], data["given_kana"] = parts(kanas.fillna(names.map(kana).where(in_kana)))
    data["birth_date"], data["phone"], data["email"] = data["birth_date"].map(date), data["phone"].map(phone), data["email"].map(mail)
    data["postal_code"], data["card"] = data["postal_code"].map(digits), data["card"].map(digits)
    data["card"] = data["card"].where(data["card"].str.len() == 16)
    data["member"] = data["member"].map(plain)
    data["sex"] = data["sex"].map({"男": "m", "male": "m", "1": "m", "女": "f", "female": "f", "2": "f"})
    places = data["address"].map(address)
    data["house"] = places.str.extract(HOUSE, expand=False)
    data["town"] = places.str.extract(r"^(\D+)", expand=False)
    return data.drop(columns=["name", "kana", "address"])


def english(folder):
    """The lists of english_people.py, prepared."""
    frames = []
    for channel in ["web", "card", "desk"]:
        rows = pd.read_csv(f"{folder}/{channel}.csv", dtype=str)
        frames.append(rows.rename(columns={"id": "record", "born": "birth_date"}).assign(channel=channel))
    data = pd.concat(frames, ignore_index=True)
    for column in ["first", "last", "street", "town", "postcode", "email"]:
        data[column] = data[column].str.strip().str.lower()
    data["phone"] = data["phone"].map(digits)
    data["birth_year"] = data["birth_date"].str[:4]
    return data


def name_levels(part):
    """Same characters, same kana, one slip in the kana."""
    known = f"({part}_l is null or {part}_r is null) and ({part}_kana_l is null or {part}_kana_r is null)"
    return cl.CustomComparison(output_column_name=part, comparison_levels=[
        cll.CustomLevel(known, "name is missing").configure(is_null_level=True),
        cll.ExactMatchLevel(part, term_frequency_adjustments=True),
        cll.ExactMatchLevel(f"{part}_kana", term_frequency_adjustments=True),
        cll.LevenshteinLevel(f"{part}_kana", 1),
        cll.ElseLevel(),
    ])  # fmt: skip


def levels(name, found):
    """A comparison that is missing where the first column is missing."""
    return cl.CustomComparison(output_column_name=name, comparison_levels=[cll.NullLevel(name), *found, cll.ElseLevel()])


def retail_model():
    """Comparisons, blocking rules, rules that bring next to no wrong pair, and rules by which EM is blocked."""
    frequent = lambda column: cl.ExactMatch(column).configure(term_frequency_adjustments=True)
    comparisons = [
        name_levels("given"),
        name_levels("family"),
        cl.DateOfBirthComparison("birth_date", input_is_string=True),
        cl.ExactMatch("sex"),
        frequent("phone"),
        cl.EmailComparison("email"),
        levels("house", [
            cll.ExactMatchLevel("house", term_frequency_adjustments=True),
            cll.ExactMatchLevel("town", term_frequency_adjustments=True),
            cll.ExactMatchLevel("postal_code"),
        ]),
        frequent("card"),
        frequent("member"),
    ]  # fmt: skip
    keys = [["phone"], ["email"], ["card"], ["member"], ["given", "birth_date"], ["family", "birth_date"], ["given_kana", "birth_date"]]
    keys += [["family_kana", "birth_date"], ["family", "given", "town"], ["family_kana", "given_kana", "town"]]
    keys += [["family", "given", "postal_code"], ["family_kana", "given_kana", "postal_code"], ["family", "house"], ["given", "house"]]
    certain = [["family", "given", "birth_date"], ["family_kana", "given_kana", "birth_date"], ["given", "phone"], ["given_kana", "phone"]]
    return comparisons, keys, certain, [["birth_date"], ["family", "given"]]


def english_model():
    comparisons = [
        cl.JaroWinklerAtThresholds("first", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("last", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        levels("birth_date", [
            cll.ExactMatchLevel("birth_date"),
            cll.DamerauLevenshteinLevel("birth_date", 1),
            cll.CustomLevel("substr(birth_date_l, 1, 7) = substr(birth_date_r, 1, 7)", "same year and month"),
        ]),
        levels("street", [
            cll.CustomLevel("street_l = street_r and town_l = town_r", "same house"),
            cll.JaroWinklerLevel("street", 0.9),
            cll.ExactMatchLevel("postcode", term_frequency_adjustments=True),
            cll.ExactMatchLevel("town", term_frequency_adjustments=True),
        ]),
        cl.DamerauLevenshteinAtThresholds("phone", 1).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("email", 0.88).configure(term_frequency_adjustments=True),
    ]  # fmt: skip
    keys = [["email"], ["phone"], ["last", "birth_date"], ["first", "birth_date"], ["street", "town"]]
    keys += [["last", "town"], ["first", "town"], ["birth_year", "town"]]
    return comparisons, keys, [["first", "last", "birth_date"], ["email"], ["first", "phone"]], [["birth_date"], ["first", "last"]]


def main():
    kind, folder, out, first, *others = sys.argv[1:]
    logging.disable(logging.WARNING)
    steps, begun = {}, [time.time()]

    def step(name):
        steps[name] = steps.get(name, 0) + time.time() - begun[-1]
        begun.append(time.time())

    data = {"retail": retail, "english": english}[kind](folder)
    data.insert(0, "unique_id", range(len(data)))
    step("read and normalize")
    comparisons, keys, certain, passes = {"retail": retail_model, "english": english_model}[kind]()
    rules = [block_on(*columns) for columns in keys]
    settings = SettingsCreator("dedupe_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules)
    api = DuckDBAPI()
    linker = Linker(api.register(data), settings)
    train = linker.training
    train.estimate_probability_two_random_records_match([block_on(*columns) for columns in certain], recall=0.7)
    train.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=1)
    for columns in passes:
        train.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    step("train")
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    pairs = api.duckdb_con.sql(f"select count(*) from {blocked.physical_name}").fetchall()[0][0]
    step("block")
    scored = linker.inference.predict(threshold_match_probability=KEPT_FROM)
    step("score")

    def clustered(threshold):
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold_match_probability=float(threshold))
        table = api.duckdb_con.sql(f"select channel, record, cluster_id from {found.physical_name}")
        table.write_csv(f"{out}/clusters_{threshold}.csv")

    clustered(first)
    step("cluster")
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "ended": time.time(),
        "processor": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024,
        "steps": steps,
        "records": len(data),
        "pairs": pairs,
        "versions": f"Splink {splink.__version__}, DuckDB {duckdb.__version__}, pandas {pd.__version__}, Python {platform.python_version()}",
    }
    for threshold in others:
        clustered(threshold)
    with open(f"{out}/figures.json", "w", encoding="utf-8") as file:
        json.dump(figures, file)
    # What is left to do is to free memory.
    os._exit(0)


if __name__ == "__main__":
    main()
