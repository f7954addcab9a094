//! A request of disclosure: all of one person, nothing of anybody else.

use std::collections::BTreeSet;

use crate::support::{Retailer, nayose, succeeds};

fn values(retailer: &Retailer, query: &str) -> BTreeSet<String> {
    retailer.sql("lake", query).lines().skip(1).filter(|l| !l.is_empty()).map(str::to_string).collect()
}

#[test]
fn a_disclosure_has_all_of_one_person_and_nothing_of_others() {
    let retailer = Retailer::new(300, 95);
    retailer.runs("lake", &["--as-of", "2026-03-30"]);
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    let lake = retailer.text("lake");
    let query = "select g.customer_id from golden_customer g join rfm r on r.customer_id = g.customer_id
        join consent c on c.customer_id = g.customer_id where g.records > 2 order by r.frequency desc, 1 limit 1";
    let id = values(&retailer, query).pop_first().expect("a customer");
    let json: serde_json::Value =
        serde_json::from_str(&succeeds(&["disclose", &id, "--lake", &lake, "--format", "json"])).expect("JSON");
    let rows = |table: &str| {
        let tables = json["tables"].as_array().expect("tables");
        tables.iter().find(|t| t["table"] == table).map_or(0, |t| t["rows"].as_array().expect("rows").len())
    };
    let own = format!("(select channel, record_id from id_map where customer_id = '{id}')");
    for (table, of) in [
        ("golden_customer", format!("customer_id = '{id}'")),
        ("field_provenance", format!("customer_id = '{id}'")),
        ("consent", format!("customer_id = '{id}'")),
        ("interaction", format!("customer_id = '{id}'")),
        ("rfm", format!("customer_id = '{id}'")),
        ("id_event", format!("customer_id = '{id}' or counterpart = '{id}'")),
        ("source_record", format!("(channel, record_id) in {own}")),
        ("id_map", format!("(channel, record_id) in {own}")),
        ("ledger", format!("(channel_l, record_id_l) in {own} or (channel_r, record_id_r) in {own}")),
    ] {
        let of = of.replace("(channel, record_id) in", "channel || record_id in");
        let of = of.replace("(channel_l, record_id_l) in", "channel_l || record_id_l in");
        let of = of.replace("(channel_r, record_id_r) in", "channel_r || record_id_r in");
        let of = of.replace("select channel, record_id from", "select channel || record_id from");
        let query = format!("select count(*) from {table} where {of}");
        let expected = values(&retailer, &query).pop_first().expect("a number");
        assert!(rows(table) > 0 && rows(table).to_string() == expected, "{table}: {} of {expected}", rows(table));
    }
    // As a text, in both languages: every value of the person, and no record, mail address or phone that is not theirs.
    let record = format!(
        "channel || ':' || record_id in (select channel || ':' || record_id from id_map where customer_id = '{id}')"
    );
    let theirs = |column: &str| values(&retailer, &format!("select {column} as v from source_record where {record}"));
    let all = |column: &str| {
        values(&retailer, &format!("select {column} as v from source_record where {column} is not null"))
    };
    for lang in ["ja", "en"] {
        let output = nayose(&["disclose", &id, "--lake", &lake, "--lang", lang]);
        assert!(output.status.success());
        let (text, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(told.contains(if lang == "ja" { "個人情報" } else { "personal data" }), "{told}");
        assert!(text.contains(if lang == "ja" { "保有している" } else { "Everything that is held" }), "{text}");
        for column in ["record_id", "unnest(emails)", "unnest(phones)"] {
            let theirs = theirs(column);
            assert!(theirs.iter().all(|value| text.contains(value.as_str())), "{column} is missing");
            let base = column.trim_start_matches("unnest(").trim_end_matches(')');
            let everybody = match column == base {
                true => all(column),
                false => values(&retailer, &format!("select unnest({base}) as v from source_record")),
            };
            let others = everybody.iter().filter(|v| v.len() > 6 && !theirs.contains(*v) && text.contains(v.as_str()));
            let others: Vec<_> = others.take(5).collect();
            assert!(others.is_empty(), "{column} of others: {others:?}");
        }
    }
    let csv = succeeds(&["disclose", &id, "--lake", &lake, "--format", "csv", "--lang", "en"]);
    assert!(csv.starts_with("table,row,column,label,value\nsource_record,1,channel,channel,"), "{csv}");
}
