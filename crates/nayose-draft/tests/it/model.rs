//! The model file of some attributes: with those of the retail pipeline it is the retail model.

use nayose_draft::{ModelAttribute, built_in_model, draft, marts_for, model_yaml};
use nayose_matching::model::feature;
use nayose_matching::record::attribute::{Attribute, AttributeType, PERSON_ATTRIBUTES};
use proptest::prelude::*;
use serde_json::Value;

use crate::file;

fn parsed(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}"))
}

fn attribute(name: &str, kind: &str, label: Option<(&str, &str)>) -> ModelAttribute {
    let label = label.map(|(ja, en)| (ja.to_owned(), en.to_owned()));
    ModelAttribute { name: name.to_owned(), kind: kind.to_owned(), label }
}

#[test]
fn with_the_attributes_of_retail_it_is_the_retail_model() {
    let mut attributes: Vec<ModelAttribute> =
        PERSON_ATTRIBUTES.iter().map(|name| attribute(name, "text", None)).collect();
    attributes.push(attribute("card", "identifier:luhn", Some(("カード番号", "card number"))));
    attributes.push(attribute("member", "identifier", Some(("会員番号", "member number"))));
    let retail = include_str!("../../../../pipelines/retail/model.yaml");
    assert_eq!(parsed(&model_yaml(&attributes)), parsed(retail));
}

/// Names of rules, and of comparisons with their levels.
fn summary(attributes: &[(&str, &str)]) -> String {
    let model = parsed(&built_in_model(attributes));
    let names = |list: &Value| -> Vec<String> {
        let all = list.as_array().expect("a list").iter();
        all.map(|entry| entry["name"].as_str().expect("a name").to_owned()).collect()
    };
    let compared = model["comparisons"].as_array().expect("a list").iter().map(|comparison| {
        format!("{}({})", comparison["name"].as_str().expect("a name"), names(&comparison["levels"]).join(" "))
    });
    let contradictions = model["contradictions"]["all_of"].as_array().map_or(0, Vec::len);
    format!("{} | {} | {contradictions}", names(&model["blocking"]).join(" "), compared.collect::<Vec<_>>().join(" "))
}

#[test]
fn only_what_attributes_give_is_compared() {
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[("email", "")], "email email_local | email(same weak local different) | 0"),
        (&[("sex", "")], " | sex(same different) | 0"),
        (&[("postal_code", "")], " | address(postal_code different) | 0"),
        (&[], " |  | 0"),
        (
            &[("kana", ""), ("birth_date", "")],
            "given_birth family_birth name_birthday name_birth_slip | given_name(kana reading homophone slip near other_reading different) \
             family_name(kana reading homophone slip near other_reading different) birth_date(exact slip partly different) | 1",
        ),
        (
            &[("shop_member", "identifier"), ("rank", "text"), ("joined", "date"), ("card", "identifier:luhn")],
            "shop_member card | shop_member(same digits different) rank(same different) joined(same different) \
             card(same different) | 0",
        ),
        (&[("phone", "")], "phone | mobile(same different) landline(same different) | 0"),
        (
            &[("family_name", ""), ("address", "")],
            "family_address | family_name(exact variant kana reading homophone slip near other_reading different) \
             address(room number building block town city different) | 0",
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(attributes, expected)| (expected, summary(attributes)))
        .filter(|(expected, found)| *expected != found)
        .map(|(expected, found)| format!("expected {expected}\n   found {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every feature of the model is one that `nayose-matching` knows, whichever attributes there are.
    #[test]
    fn any_attributes_give_a_model_that_can_be_read(there in prop::collection::vec(any::<bool>(), 15)) {
        let declared = [("a_member", "identifier"), ("rank", "text"), ("joined", "date")];
        let all = PERSON_ATTRIBUTES.iter().map(|name| (*name, "")).chain(declared);
        let some: Vec<(&str, &str)> = all.zip(&there).filter(|(_, there)| **there).map(|(a, _)| a).collect();
        let model = parsed(&built_in_model(&some));
        let label = || nayose_matching::model::Label { ja: String::new(), en: String::new() };
        let attributes: Vec<Attribute> = declared.iter().map(|(name, kind)| Attribute {
            name: (*name).to_owned(),
            kind: match *kind { "identifier" => AttributeType::Identifier, "text" => AttributeType::Text, _ => AttributeType::Date },
            check: nayose_japanese::identifier::CheckDigit::None,
            case_sensitive: false,
            label: label(),
        }).collect();
        let known = feature::names(&attributes);
        for rule in model["blocking"].as_array().expect("a list") {
            for key in rule["keys"].as_array().expect("keys").iter().chain(rule["refine"].as_array().into_iter().flatten()) {
                let name = key.as_str().or_else(|| key["feature"].as_str()).expect("a name");
                prop_assert!(known.iter().any(|k| k == name), "{}", key);
            }
        }
        for comparison in model["comparisons"].as_array().expect("a list") {
            let levels = comparison["levels"].as_array().expect("levels");
            prop_assert!(levels.len() > 1);
            let last = levels.last().and_then(Value::as_object).expect("a level");
            prop_assert_eq!(last.keys().cloned().collect::<Vec<_>>(), ["name", "label"]);
            for feature in levels.iter().flat_map(|l| l["same"].as_array().into_iter().flatten()) {
                prop_assert!(known.iter().any(|k| k == feature.as_str().expect("a name")), "{}", feature);
            }
        }
    }
}

#[test]
fn marts_are_those_that_the_files_have_columns_for() {
    let marts = |names: &[&str]| marts_for(&draft(&names.iter().map(|name| file(name)).collect::<Vec<_>>())).join(" ");
    let all = "_item _purchaser _receipt _return _sale basket channel_overlap contact_timeline decile ltv purchase repeat_rate rfm";
    assert_eq!(marts(&["shopify_orders_export.csv", "shopify_customers_export.csv"]), all);
    // The times of the lines are in the file of the orders.
    assert_eq!(marts(&["yahoo_item.csv", "yahoo_order.csv"]), all);
    assert_eq!(marts(&["salesforce_contact.csv"]), "_item _purchaser _receipt _return _sale channel_overlap purchase");
    assert_eq!(
        marts(&["zendesk_tickets.json"]),
        "_item _purchaser _receipt _return _sale channel_overlap contact_timeline purchase"
    );
}

/// The parameters are those of the retail pipeline, whose marts a draft takes.
#[test]
fn parameters_are_those_of_the_retail_pipeline() {
    let retail = include_str!("../../../../pipelines/retail/pipeline.yaml");
    let own = include_str!("../../data/parameters.yaml");
    let block = &retail[retail.find("\nparameters:").expect("a block") + 1..];
    assert_eq!(block.trim_end(), own.trim_end());
}
