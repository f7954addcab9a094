//! The page of a customer: which values lost, and which are alike.

use super::*;

fn record(id: &str, values: &[(&str, &str)]) -> Person {
    let past = |(attribute, value): &(&str, &str)| Past {
        attribute: attribute.to_string(),
        value: value.to_string(),
        first_at: Some("2024-01-01T00:00:00Z".into()),
        last_at: Some("2025-01-01T00:00:00Z".into()),
    };
    Person {
        channel: "shop".into(),
        record_id: id.into(),
        history: values.iter().map(past).collect(),
        ..Person::default()
    }
}

#[test]
fn what_is_not_golden_lost_whoever_had_it() {
    let records =
        [record("1", &[("name", "髙橋 太郎"), ("phone", "+81312345678")]), record("2", &[("name", "高橋 太郎")])];
    let lost = losing("name", &["高橋太郎".to_string()], &records);
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].value.as_str(), lost[0].records.clone()), ("髙橋 太郎", vec!["shop:1".to_string()]));
}

#[test]
fn a_record_differs_where_none_of_its_values_is_golden() {
    let field = GoldenField { field: "phones".into(), values: vec!["+811".into()], source: None, losing: Vec::new() };
    let mut both = record("1", &[]);
    both.phones = vec!["+812".into(), "+811".into()];
    let mut other = record("2", &[]);
    other.phones = vec!["+812".into()];
    let differs = |record| record_column(record, std::slice::from_ref(&field)).cells[0].differs;
    assert_eq!([differs(&both), differs(&other), differs(&record("3", &[]))], [false, true, false]);
}
