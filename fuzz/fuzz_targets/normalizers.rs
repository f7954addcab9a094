//! Any text through every normalizer: none may panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nayose_japanese::{address, date, email, identifier, kana, name, organization, phone, postal, romaji, sex, width};

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('\t').unwrap_or((text, ""));
    let second = (!second.is_empty()).then_some(second);
    name::normalize(first, second);
    address::normalize(first, second);
    phone::phones(first);
    email::emails(first);
    date::date(first);
    date::timestamp(first);
    identifier::identifier(first, identifier::CheckDigit::Luhn);
    organization::organization(first);
    postal::postal(first);
    romaji::key(first);
    kana::kana_key(first);
    sex::sex(first);
    width::fold_width(first);
});
