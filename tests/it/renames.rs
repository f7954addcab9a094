//! What is called otherwise is still the same: channels, sources, pipelines.

use std::process::Command;

use crate::support::{Retailer, fails, nayose, own_pipeline, published, root, succeeds};

const EMPTY: &str = "left,right,decision,by,at,why,expires\n";

/// The channel shop is `store`, the source shop_customers `store_people`, the pipeline `chain`.
fn renamed(text: &mut String) {
    *text = text
        .replace("name: retail\n", "name: chain\nwas: retail\nchannels: { store: { was: shop } }\n")
        .replace("channel: shop\n", "channel: store\n")
        .replace("  - name: shop_customers\n", "  - name: store_people\n    was: shop_customers\n")
        .replace("priority: [shop, app", "priority: [store, app")
        .replace("priority: [app, shop", "priority: [app, store");
    text.push_str("\ndecisions: decisions.csv\n");
}

fn run(retailer: &Retailer, pipeline: &str, more: &[&str]) -> String {
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    succeeds(&[&["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"], more].concat())
}

#[test]
fn a_channel_of_another_name_keeps_its_records_and_their_ids() {
    let retailer = Retailer::new(300, 91);
    let before = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| ());
    std::fs::write(retailer.path("pipeline/decisions.csv"), EMPTY).expect("written");
    run(&retailer, &before, &[]);
    let two = "select min(record_id), max(record_id) from (select m.record_id from id_map m join golden_customer g on g.customer_id = m.customer_id
               where m.channel = 'shop' and g.records = 1 order by 1 limit 2)";
    let two = retailer.sql("lake", two);
    let (a, b) = two.lines().nth(1).and_then(|l| l.split_once(',')).expect("two records");
    // Decided under the old name, in the file and by the command.
    let decided = format!("{EMPTY}shop:{a},shop:{b},same,k,2026-04-01,they said so,\n");
    std::fs::write(retailer.path("pipeline/decisions.csv"), &decided).expect("written");
    run(&retailer, &before, &[]);
    let map = "select replace(channel, 'shop', 'store') as channel, record_id, customer_id, household_id from id_map where valid_to is null order by 1, 2";
    let ids = retailer.sql("lake", map);
    let merged = retailer.sql(
        "lake",
        &format!(
            "select count(distinct customer_id) as n from id_map where valid_to is null and record_id in ('{a}', '{b}')"
        ),
    );
    assert_eq!(merged, "n\n1\n");

    let after = own_pipeline(&retailer, renamed, |_| ());
    run(&retailer, &after, &[]);
    assert_eq!(retailer.sql("lake", map), ids, "every record has the customer that it had");
    let events = "select count(*) as n from id_event e join run r on r.run_id = e.run_id where r.run_number = 3";
    assert_eq!(retailer.sql("lake", events), "n\n0\n", "nobody came, went, was merged or split");
    for runs in [["2", "3"], ["3", "2"]] {
        let said = succeeds(&["diff", runs[0], runs[1], "--lake", &retailer.text("lake")]);
        assert!(said.contains(": 0 added, 0 gone, 0 with another customer"), "{said}");
    }
    let channels = "select string_agg(distinct channel, ' ' order by channel) as c from id_map";
    assert_eq!(retailer.sql("lake", channels), "c\napp pointcard store support\n");
    let lake = retailer.text("lake");
    let explained = |ids: &[&str]| succeeds(&[&["explain", "--lake", &lake, "--lang", "en"], ids].concat());
    let (was, is) = (format!("shop:{a}"), format!("store:{a}"));
    assert_eq!(explained(&[&was]), explained(&[&is]), "the old name finds the record");
    let pair = explained(&[&was, &format!("shop:{b}")]);
    assert!(pair.contains("are one person") && pair.contains(&is), "{pair}");
    // Taking it back by the old name splits the two, and both have the ids of before the decision.
    let why = ["--by", "k", "--why", "a slip", "--pipeline", &after, "--lake", &lake];
    succeeds(&[&["decide", "undecided", &was, &format!("shop:{b}")][..], &why].concat());
    run(&retailer, &after, &[]);
    let first = succeeds(&["sql", "--lake", &lake, "--format", "csv", "--as-of", "1", map]);
    assert_eq!(retailer.sql("lake", map), first, "ids are founded under the oldest name");
}

#[test]
fn without_was_a_lake_is_that_of_another_pipeline() {
    let retailer = Retailer::new(60, 92);
    let before = own_pipeline(&retailer, |_| (), |_| ());
    run(&retailer, &before, &[]);
    let other = own_pipeline(&retailer, |text| *text = text.replace("name: retail\n", "name: chain\n"), |_| ());
    let said = fails(2, &["run", &other, "--input", &retailer.text("input"), "--lake", &retailer.text("lake")]);
    assert!(said.contains("holds the customers of the pipeline \"retail\"") && said.contains("was: retail"), "{said}");
}

#[test]
fn a_channel_or_a_source_renamed_without_was_is_not_published() {
    let retailer = Retailer::new(100, 97);
    run(&retailer, &own_pipeline(&retailer, |_| (), |_| ()), &[]);
    let tables = published(&retailer.path("lake"));
    let channel = |text: &mut String| {
        *text = text
            .replace("channel: shop\n", "channel: store\n")
            .replace("priority: [shop, app", "priority: [store, app")
            .replace("priority: [app, shop", "priority: [app, store");
    };
    let source = |text: &mut String| *text = text.replace("  - name: shop_orders\n", "  - name: store_orders\n");
    let records = retailer.sql("lake", "select count(*) from id_map where channel = 'shop' and valid_to is null");
    let records = records.lines().nth(1).expect("a number").to_string();
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let refused = |pipeline: &str, more: &[&str]| {
        let said = fails(2, &[&["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"], more].concat());
        assert!(published(&retailer.path("lake")) == tables, "nothing is published");
        said
    };
    // A source alone, whose held files would be read.
    let pipeline = own_pipeline(&retailer, source, |_| ());
    let said = refused(&pipeline, &[]);
    assert!(
        said.contains("source \"shop_orders\" is gone from the pipeline file and \"store_orders\" is new"),
        "{said}"
    );
    assert!(said.contains("`was: shop_orders`") && said.contains("--admit store_orders"), "{said}");
    // Both; `--full` lets in neither.
    let both = |text: &mut String| {
        channel(text);
        source(text);
    };
    let pipeline = own_pipeline(&retailer, both, |_| ());
    let said = refused(&pipeline, &["--full"]);
    let lost =
        format!("channel \"shop\" is gone from the pipeline file and \"store\" is new: {records} records would lose");
    assert!(said.contains(&lost) && said.contains("source \"shop_orders\" is gone"), "{said}");
    assert!(
        said.contains("`channels: { store: { was: shop } }`") && said.contains("--admit store --admit store_orders"),
        "{said}"
    );
    assert!(!refused(&pipeline, &["--admit", "store_orders"]).contains("--admit store_orders"));
    // It may be meant.
    let said = told(&retailer, &pipeline, 0, &["--admit", "store", "--admit", "store_orders"]);
    assert!(said.contains("let in: channel \\\"shop\\\" is gone"), "{said}");
    let now = retailer.sql("lake", "select count(*) as n from id_map where channel = 'shop' and valid_to is null");
    assert_eq!(now, "n\n0\n");
    // From then on nobody asks again. A channel that only went, or only came, is none of another name.
    told(&retailer, &pipeline, 0, &["--full"]);
}

#[test]
fn former_names_are_checked() {
    let retailer = Retailer::new(20, 93);
    let check = |change: &dyn Fn(&mut String), says: &str| {
        let pipeline = own_pipeline(&retailer, change, |_| ());
        let said = fails(2, &["validate", &pipeline, "--input", &retailer.text("input")]);
        assert!(said.contains(says), "{says:?} is not in:\n{said}");
    };
    check(
        &|text| text.push_str("\nchannels: { app: { was: shop } }\n"),
        "channel \"app\" was \"shop\", and a source still has that channel",
    );
    check(&|text| text.push_str("\nchannels: { ap: { was: old } }\n"), "did you mean \"app\"?");
    check(&|text| text.push_str("\nchannels: { app: { was: [old] }, shop: { was: old } }\n"), "both were \"old\"");
    let source = |text: &mut String| {
        *text = text.replace("  - name: shop_customers\n", "  - name: shop_customers\n    was: app_users\n")
    };
    check(&source, "source \"shop_customers\" was \"app_users\", and a source still has that name");
    let both = |text: &mut String| {
        for name in ["shop_customers", "shop_orders"] {
            *text = text.replace(&format!("  - name: {name}\n"), &format!("  - name: {name}\n    was: till\n"));
        }
    };
    check(&both, "sources \"shop_customers\" and \"shop_orders\" both were \"till\"");
}

/// The sources of the shop have other names, and the channel its own.
fn other_sources(text: &mut String) {
    *text = text
        .replace("  - name: shop_customers\n", "  - name: store_people\n    was: shop_customers\n")
        .replace("  - name: shop_orders\n", "  - name: store_orders\n    was: [till_orders, shop_orders]\n");
}

/// Runs; answers what it told on stderr.
fn told(retailer: &Retailer, pipeline: &str, code: i32, more: &[&str]) -> String {
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let output = nayose(&[&["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"], more].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

/// What the ledger says, but for the run that says it.
const LINKS: &str =
    "select channel_l, record_id_l, channel_r, record_id_r, decision, match_weight, match_probability, reason
    from ledger order by 1, 2, 3, 4";

#[test]
fn a_source_of_another_name_keeps_records_facts_provenance_and_what_is_held() {
    let retailer = Retailer::new(200, 96);
    let before = own_pipeline(&retailer, |_| (), |_| ());
    told(&retailer, &before, 0, &[]);
    // An empty file of orders is held.
    let orders = std::fs::read(retailer.path("input/shop/orders_202603.csv")).expect("orders");
    let header = orders.iter().position(|b| *b == b'\n').expect("a header");
    std::fs::write(retailer.path("input/shop/orders_202604.csv"), &orders[..=header]).expect("written");
    told(&retailer, &before, 1, &[]);
    let files = || {
        // These name the run or the source; everything else says what it said, in the same files.
        let named = ["run", "id_event", "restatement", "ledger", "reject"].map(|table| format!("tables/{table}/"));
        let mut files = published(&retailer.path("lake"));
        files.retain(|file, _| !named.iter().any(|table| file.starts_with(table)));
        files
    };
    let (was, ledger) = (files(), retailer.sql("lake", LINKS));
    let rejects =
        |source: &str| retailer.sql("lake", &format!("select count(*) as n from reject where source = '{source}'"));
    let of_orders = rejects("shop_orders");

    let after = own_pipeline(&retailer, other_sources, |_| ());
    let said = told(&retailer, &after, 0, &[]);
    assert!(said.contains("1 files are held") && said.contains("orders_202604.csv"), "{said}");
    assert_eq!(retailer.sql("lake", "select max(run_number) as n from run"), "n\n2\n");
    assert_eq!(files(), was, "golden values, provenance, facts, consents, ids and marts");
    assert_eq!(retailer.sql("lake", LINKS), ledger);
    let events = "select count(*) as n from id_event e join run r on r.run_id = e.run_id where r.run_number = 2";
    assert_eq!(retailer.sql("lake", events), "n\n0\n", "nobody came, went, was merged or split");
    assert_eq!(rejects("store_orders"), of_orders);
    assert_eq!(rejects("shop_orders"), "n\n0\n");
    // It is let in by the name of today, and then there is nothing left to do.
    let said = told(&retailer, &after, 0, &["--admit", "store_orders"]);
    assert!(!said.contains("files are held"), "{said}");
    assert!(run(&retailer, &after, &[]).contains("nothing new"));
}

#[test]
fn a_source_of_another_name_is_guarded_as_before() {
    let retailer = Retailer::new(120, 97);
    let before = own_pipeline(&retailer, |_| (), |_| ());
    let shop = retailer.path("input/shop");
    let first = std::fs::read(shop.join("customers_20250930.csv")).expect("customers");
    let mut lines: Vec<&[u8]> = first.split_inclusive(|b| *b == b'\n').collect();
    // The header, and rows with all cells of their own.
    lines.retain(|line| line.windows(3).filter(|three| three == b"\",\"").count() == 15);
    told(&retailer, &before, 0, &[]);
    for day in 1..=2 {
        // Three known rows: too few to be yesterday's file.
        let rows = [&lines[..1], &lines[3 * day..3 * day + 3]].concat().concat();
        std::fs::write(shop.join(format!("customers_2026040{day}.csv")), rows).expect("written");
        told(&retailer, &before, 0, &[]);
    }
    let after = own_pipeline(&retailer, other_sources, |_| ());
    // Its largest file is gone.
    std::fs::rename(shop.join("customers_20250930.csv"), retailer.path("gone")).expect("taken out");
    let said = told(&retailer, &after, 1, &[]);
    assert!(said.contains("source \\\"store_people\\\" is stopped by the guard shrank"), "{said}");
    std::fs::rename(retailer.path("gone"), shop.join("customers_20250930.csv")).expect("put back");
    told(&retailer, &after, 0, &[]);
}

#[test]
fn whoever_was_erased_under_the_old_name_stays_erased() {
    let retailer = Retailer::new(120, 94);
    let before = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| ());
    std::fs::write(retailer.path("pipeline/decisions.csv"), EMPTY).expect("written");
    run(&retailer, &before, &[]);
    let record =
        retailer.sql("lake", "select record_id, customer_id from id_map where channel = 'shop' order by 1 limit 1");
    let (record, id) = record.lines().nth(1).and_then(|l| l.split_once(',')).expect("a record");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let with_key = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(args)
            .env("NAYOSE_ERASURE_KEY", "a secret of the company")
            .current_dir(root())
            .output()
            .expect("the binary starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    with_key(&[
        "erase",
        id,
        "--by",
        "privacy",
        "--why",
        "asked",
        "--pipeline",
        &before,
        "--lake",
        &lake,
        "--input",
        &input,
    ]);
    let after = own_pipeline(&retailer, renamed, |_| ());
    with_key(&["run", &after, "--input", &input, "--lake", &lake, "--log", "json"]);
    let left = format!("select count(*) as n from id_map where channel = 'store' and record_id = '{record}'");
    assert_eq!(retailer.sql("lake", &left), "n\n0\n");
}

#[test]
fn a_column_of_another_name_is_found_by_its_values() {
    let retailer = Retailer::new(100, 95);
    let pipeline = own_pipeline(
        &retailer,
        |text| {
            *text = text.replacen("phone: 電話番号", "phone: 連絡先", 1).replacen(
                "birth_date: 生年月日",
                "birth_date: BD",
                1,
            )
        },
        |_| (),
    );
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    for arguments in
        [vec!["validate", &pipeline, "--input", &input], vec!["run", &pipeline, "--input", &input, "--lake", &lake]]
    {
        let said = fails(2, &arguments);
        assert!(said.contains("連絡先") && said.contains("by its values") && said.contains("\"電話番号\""), "{said}");
        assert!(said.contains("\"生年月日\""), "{said}");
        assert!(!said.contains("090-") && !said.contains("080-"), "no value is told: {said}");
    }
}
