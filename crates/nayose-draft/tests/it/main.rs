//! What the crate says of files: data tests with one `check` for each question, and properties that hold for any bytes.
//! One executable, so that it is linked once.

mod bench;
mod bench_files;
mod columns;
mod drafts;
mod facts;
mod ids;
mod layouts;
mod model;
mod others;
mod properties;
mod shapes;
mod splink;
mod yaml;

/// Files of the documented formats, as beginners have them: headers are facts, people are invented.
const FILES: &[(&str, &[u8])] = &[
    ("ec-cube_customer.csv", include_bytes!("../data/ec-cube_customer.csv")),
    ("ec-cube_order.csv", include_bytes!("../data/ec-cube_order.csv")),
    ("rakuten_rakuten_pay_orders.csv", include_bytes!("../data/rakuten_rakuten_pay_orders.csv")),
    ("salesforce_contact.csv", include_bytes!("../data/salesforce_contact.csv")),
    ("shopify_customers_export.csv", include_bytes!("../data/shopify_customers_export.csv")),
    ("shopify_orders_export.csv", include_bytes!("../data/shopify_orders_export.csv")),
    ("smaregi_customers.csv", include_bytes!("../data/smaregi_customers.csv")),
    ("smaregi_customers_api.json", include_bytes!("../data/smaregi_customers_api.json")),
    ("square_customers.csv", include_bytes!("../data/square_customers.csv")),
    ("square_items.csv", include_bytes!("../data/square_items.csv")),
    ("yahoo_item.csv", include_bytes!("../data/yahoo_item.csv")),
    ("yahoo_order.csv", include_bytes!("../data/yahoo_order.csv")),
    ("zendesk_tickets.json", include_bytes!("../data/zendesk_tickets.json")),
];

/// A whole file as a sample.
fn whole<'a>(name: &str, bytes: &'a [u8]) -> nayose_draft::Sample<'a> {
    nayose_draft::Sample { name: name.to_owned(), bytes, whole: true }
}

/// The file of this name.
fn file(name: &str) -> nayose_draft::Sample<'static> {
    let (name, bytes) = FILES.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no file {name}"));
    whole(name, bytes)
}
