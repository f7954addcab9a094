//! Lines of facts: no row of a file is replaced or lost without a count, and amounts are exact.

use crate::support::{Retailer, fails, own_pipeline, succeeds};

/// A pipeline of members and orders, where `orders` of the source's keys is the rest.
fn pipeline(more: &str) -> String {
    format!(
        "name: t
input: in
lake: lake
marts: marts
sources:
  - {{ name: members, channel: shop, holds: people, files: 'members.csv', format: csv, record_id: 会員番号, columns: {{ name: 氏名, phone: 電話番号 }} }}
  - {{ name: orders, channel: shop, holds: events, event_type: purchase, files: 'orders_*.csv', format: csv, event_id: [番号, 商品], record_id: 会員番号, occurred_at: 日時, columns: {{ transaction_id: 番号, item_id: 商品, quantity: 数量, unit_price: 単価, amount: 金額 }}{more} }}
"
    )
}

struct Shop(tempfile::TempDir);

impl Shop {
    fn new(more: &str, files: &[(&str, &str)]) -> Self {
        let shop = Shop(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir_all(shop.0.path().join("in")).expect("a folder");
        std::fs::create_dir_all(shop.0.path().join("marts")).expect("a folder");
        std::fs::write(shop.0.path().join("pipeline.yaml"), pipeline(more)).expect("written");
        shop.put("members.csv", "会員番号,氏名,電話番号\n1,高橋 太郎,090-1234-5678\n2,鈴木 花子,080-2345-6789\n");
        files.iter().for_each(|(name, rows)| shop.put(name, rows));
        shop
    }

    fn path(&self, below: &str) -> String {
        self.0.path().join(below).display().to_string()
    }

    fn put(&self, name: &str, rows: &str) {
        std::fs::write(self.0.path().join("in").join(name), rows).expect("written");
    }

    fn orders(&self, name: &str, rows: &str) {
        self.put(name, &format!("番号,商品,会員番号,日時,数量,単価,金額\n{rows}"));
    }

    fn run(&self) -> String {
        succeeds(&["run", &self.path("pipeline.yaml"), "--log", "json"])
    }

    fn sql(&self, query: &str) -> String {
        let csv = succeeds(&["sql", "--lake", &self.path("lake"), "--format", "csv", query]);
        csv.lines().skip(1).collect::<Vec<_>>().join("\n")
    }
}

const LINES: &str = "select event_id, amount from interaction order by 1";
const REJECTS: &str = "select file, line, reason from reject order by 1, 2";

#[test]
fn two_lines_of_one_item_are_both_in_the_figures() {
    // One shirt in M and one in L at another price; the second row of A2 was written twice.
    let rows = "A1,shirt,1,2026-01-31 09:30,1,3000,3000\nA1,shirt,1,2026-01-31 09:30,2,2800,5600\nA2,shirt,2,2026-01-31 10:00,1,3000,3000\nA2,shirt,2,2026-01-31 10:00,1,3000,3000\n";
    let shop = Shop::new("", &[]);
    shop.orders("orders_1.csv", rows);
    let said = shop.run();
    assert!(said.contains("1 rows of facts repeat a row, the same in everything: 1 orders_1.csv"), "{said}");
    let right = "A1-shirt,3000.0000\nA1-shirt#2,5600.0000\nA2-shirt,3000.0000";
    assert_eq!(shop.sql(LINES), right);
    assert_eq!(shop.sql(REJECTS), "orders_1.csv,4,repeated_event");
    // The order of the rows decides nothing.
    let other = Shop::new("", &[]);
    let turned: Vec<&str> = rows.lines().rev().collect();
    other.orders("orders_1.csv", &format!("{}\n", turned.join("\n")));
    other.run();
    assert_eq!(other.sql(LINES), right);
}

#[test]
fn a_later_file_replaces_all_lines_of_an_event_and_that_is_counted() {
    let shop = Shop::new("", &[]);
    shop.orders("orders_1.csv", "A1,shirt,1,2026-01-31 09:30,1,3000,3000\nA1,shirt,1,2026-01-31 09:30,2,2800,5600\n");
    shop.orders("orders_2.csv", "A1,shirt,1,2026-01-31 09:30,1,3000,3000\nA3,cap,2,2026-02-01 09:30,1,1000,1000\n");
    let said = shop.run();
    for part in
        ["1 rows of facts repeat a row", "1 rows of facts were replaced by those of a later file", "1 orders_1.csv"]
    {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    assert!(said.contains("0 rows rejected"), "{said}");
    assert_eq!(shop.sql(LINES), "A1-shirt,3000.0000\nA3-cap,1000.0000");
    assert_eq!(shop.sql(REJECTS), "orders_1.csv,2,repeated_event\norders_1.csv,3,replaced_event");
    let summary = shop.path("summary.json");
    succeeds(&["run", &shop.path("pipeline.yaml"), "--full", "--summary", &summary]);
    let summary = std::fs::read_to_string(summary).expect("the summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let golden = summary["stages"].as_array().expect("stages").iter().find(|s| s["stage"] == "golden").expect("golden");
    let lines = serde_json::json!([{ "source": "orders", "file": "orders_1.csv", "repeated": 1, "replaced": 1 }]);
    assert_eq!(golden["notes"]["lines"], lines);
}

#[test]
fn a_source_says_what_its_equal_rows_are() {
    let check = |more: &str, right: &str, rejects: &str| {
        let shop = Shop::new(more, &[]);
        shop.orders(
            "orders_1.csv",
            "A1,x,1,2026-01-31 09:30,1,10,10\nA1,x,1,2026-01-31 09:30,2,10,20\nA1,x,1,2026-01-31 09:30,2,10,20\n",
        );
        shop.run();
        assert_eq!(shop.sql(LINES), right, "{more}");
        assert_eq!(shop.sql(REJECTS), rejects, "{more}");
    };
    check("", "A1-x,10.0000\nA1-x#2,20.0000", "orders_1.csv,3,repeated_event");
    check(", equal_rows: one_event", "A1-x,20.0000", "orders_1.csv,2,replaced_event\norders_1.csv,3,repeated_event");
    check(", equal_rows: two_events", "A1-x,10.0000\nA1-x#2,20.0000\nA1-x#3,20.0000", "");
}

#[test]
fn amounts_are_exact() {
    let shop = Shop::new("", &[]);
    let tenth = |n: usize| format!("B{n},x,1,2026-01-31 09:30,1,0.1,0.1\n");
    let rows: String = (0..10).map(tenth).collect();
    shop.orders(
        "orders_1.csv",
        &format!("{rows}C1,x,2,2026-01-31 09:30,1,\"1,234.50\",\"1,234.50\"\nC2,y,2,2026-01-31 09:30,-1,500,▲500\n"),
    );
    std::fs::write(
        shop.path("marts/spent.sql"),
        "select customer_id, sum(amount) as spent from interaction group by customer_id",
    )
    .expect("written");
    let said = shop.run();
    assert!(said.contains("1 facts \"purchase\" of shop have an amount below zero, and count as such"), "{said}");
    assert_eq!(shop.sql("select sum(amount) = 1 as whole from interaction where event_id like 'B%'"), "true");
    assert_eq!(shop.sql("select unit_price, amount from interaction where event_id = 'C1-x'"), "1234.5000,1234.5000");
    assert_eq!(shop.sql("select spent from spent order by 1"), "1.0000\n734.5000");
}

#[test]
fn a_time_keeps_the_offset_that_was_written() {
    let shop = Shop::new("", &[]);
    shop.orders("orders_1.csv", "A1,x,1,2026-01-31 09:30,1,1,1\nA2,x,1,2026-01-31T09:30:00+09:00,1,1,1\nA3,x,1,2026-01-31T00:30:00Z,1,1,1\nA4,x,1,2026-01-30 19:30 -0500,1,1,1\n");
    shop.run();
    let written = "select event_id, occurred_at_offset, cast(occurred_at as varchar) from interaction order by 1";
    let at = "2026-01-31T09:30:00+09:00";
    let right = format!("A1-x,,{at}\nA2-x,+09:00,{at}\nA3-x,+00:00,{at}\nA4-x,-05:00,{at}");
    assert_eq!(shop.sql(written), right, "four spellings of one moment");
    // Where the file has no zone, the pipeline's is meant.
    let text = std::fs::read_to_string(shop.path("pipeline.yaml")).expect("the pipeline");
    std::fs::write(shop.path("pipeline.yaml"), format!("{text}time_zone: America/New_York\n")).expect("written");
    shop.run();
    let first = "select cast(occurred_at as varchar) from interaction where event_id = 'A1-x'";
    assert_eq!(shop.sql(first), "2026-01-31T09:30:00-05:00");
}

#[test]
fn marts_over_amounts_of_nothing_are_made() {
    let retailer = Retailer::new(100, 82);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    let file = retailer.path("pipeline/marts/purchase.sql");
    let query = std::fs::read_to_string(&file).expect("the query");
    let nothing = query.replace("coalesce(sum(amount), 0)", "coalesce(sum(amount * 0), 0)");
    assert_ne!(nothing, query);
    std::fs::write(&file, nothing).expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let run = ["run", &pipeline, "--input", &input, "--lake", &lake, "--log", "json"];
    succeeds(&run);
    let shares = "select count(*) as n, sum(share) as share, max(cumulative_share) as cumulative from decile";
    assert_eq!(retailer.sql("lake", shares), "n,share,cumulative\n10,0.0,0.0\n");
    // A query of the pipeline's own that gives no value where there has to be one is not a bug of nayose, at its first run and where
    // the figures of the run before are computed again.
    let none = "select decile, count(*) as customers, sum(amount) as amount, 0 as average_amount, cast(null as double) as share, 0 as cumulative_share from decile_of group by decile";
    let of = "with decile_of as (select ntile(10) over (order by sum(amount) desc, customer_id) as decile, sum(amount) as amount from purchase group by customer_id) ";
    std::fs::write(retailer.path("pipeline/marts/decile.sql"), format!("{of}{none}")).expect("written");
    let said = fails(2, &run);
    assert!(said.contains("marts/decile.sql") && !said.contains("bug"), "{said}");
}
