//! The presets by name: the files of `data/presets`.

macro_rules! files {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../data/presets/", $name, ".tsv")))),*] };
}

/// Name and text of each preset.
pub(crate) const FILES: &[(&str, &str)] = files![
    "amazon.orders",
    "aupay.orders",
    "base.orders",
    "colorme.orders",
    "ec-cube.members",
    "ec-cube.orders",
    "futureshop.orders",
    "ga4.events",
    "hubspot.contacts",
    "line.profiles",
    "rakuten.orders",
    "salesforce.contacts",
    "segment.events",
    "segment.tables",
    "shopify.customers",
    "shopify.orders",
    "smaregi.api",
    "smaregi.members",
    "square.customers",
    "square.items",
    "woocommerce.customers",
    "woocommerce.orders",
    "yahoo.items",
    "yahoo.orders",
    "zendesk.tickets",
    "zendesk.users",
];
