//! The read side as a library: many questions of one open lake, and what a search finds.

use nayose::{Audit, Location, Resources};

use crate::support::{Retailer, root, succeeds};

/// Opens the lake of a retailer.
async fn open(retailer: &Retailer) -> Audit {
    let lake = Location::parse(&retailer.text("lake"), &root()).expect("a place");
    Audit::open(&lake, None, &Resources::default()).await.expect("the lake opens")
}

/// Customers with two records and more.
fn customers(retailer: &Retailer, n: usize) -> Vec<String> {
    let query = format!("select customer_id from golden_customer where records > 1 order by customer_id limit {n}");
    retailer.sql("lake", &query).lines().skip(1).map(str::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_open_lake_answers_any_number_of_questions() {
    let retailer = Retailer::new(200, 21);
    retailer.runs("lake", &[]);
    let audit = open(&retailer).await;
    let ids = customers(&retailer, 3);
    // Each twice, and all beside each other: no question leaves anything behind that another would find.
    let asked = ids.iter().chain(&ids).map(|id| audit.customer(id));
    let answers = futures::future::try_join_all(asked).await.expect("customers");
    assert_eq!(answers[..3], answers[3..], "the same question has the same answer");
    for (id, view) in ids.iter().zip(&answers) {
        assert_eq!(&view.customer_id, id);
        assert!(view.records.len() > 1 && !view.links.is_empty(), "{view:?}");
        let (left, right) = (&view.links[0].left, &view.links[0].right);
        let pair = audit.pair(left, right).await.expect("a pair");
        assert_eq!((&pair.left_customer, &pair.right_customer), (id, id));
        let history = audit.history(id).await.expect("a history");
        assert_eq!(history.records.len(), view.records.len());
    }
    // The command line prints what the library answers.
    let printed = succeeds(&["explain", "--lake", &retailer.text("lake"), "--format", "json", &ids[0]]);
    // As text: a number read back from JSON may differ in its last bit.
    assert_eq!(printed.trim_end(), serde_json::to_string(&answers[0]).expect("JSON"));
}

/// A name in kana as it is written in Latin letters.
fn latin(first: &str, second: &str) -> String {
    format!("{} {}", nayose_japanese::romaji::from_kana(first), nayose_japanese::romaji::from_kana(second))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_takes_whatever_somebody_has_in_hand() {
    let retailer = Retailer::new(200, 22);
    retailer.runs("lake", &[]);
    let audit = open(&retailer).await;
    let query = "select g.customer_id, g.family_name, g.given_name, g.family_kana, g.given_kana, g.phones[1], g.emails[1], i.channel, i.record_id
                 from golden_customer g join id_map i on i.customer_id = g.customer_id
                 where g.family_name is not null and g.given_name is not null and g.family_kana is not null
                   and g.given_kana is not null and g.phones[1] is not null and g.emails[1] is not null
                   and i.channel = 'shop' and i.valid_to is null
                 order by g.customer_id limit 1";
    let row = retailer.sql("lake", query).lines().nth(1).expect("a customer").to_string();
    let v: Vec<&str> = row.split(',').collect();
    let [id, family, given, family_kana, given_kana, phone, email, channel, record] = v[..] else { panic!("{row}") };
    let national = format!("0{}", phone.trim_start_matches("+81"));
    for (text, by) in [
        (format!("{family}{given}"), "name"),
        (format!("{family}　{given}"), "name"),
        (format!("{family_kana} {given_kana}"), "reading"),
        (phone.to_string(), "phone"),
        (national, "phone"),
        (email.to_uppercase(), "mail address"),
        (email.replace('@', "＠"), "mail address"),
        (format!("{family} {given_kana}"), "reading"),
        (latin(family_kana, given_kana), "reading"),
        (latin(given_kana, family_kana), "reading"),
        (family.to_string(), "name"),
        (id.to_lowercase(), "customer id"),
        (format!("{channel}:{record}"), "record"),
        (record.to_string(), "record id"),
    ] {
        let found = audit.search(&text).await.expect("an answer");
        let hit =
            found.hits.iter().find(|hit| hit.customer_id == id).unwrap_or_else(|| panic!("{text} finds {found:?}"));
        assert!(hit.found_by.iter().any(|word| word == by), "{text}: {hit:?}");
    }
    for nothing in ["shop:none", "090-0000-1234", "nobody@example.org", "存在しない人", "C-0000-0000-0000-0"] {
        assert_eq!(audit.search(nothing).await.expect("an answer").hits, [], "{nothing}");
    }
    for wrong in [" ", "C-0000-0000-0000-1"] {
        assert!(audit.search(wrong).await.is_err(), "{wrong:?}");
    }
}
