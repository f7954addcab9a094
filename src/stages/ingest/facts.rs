//! Values of facts and of what they name: read as the contract's type, or a reason why the row is none.
//!
//! In: the columns of a source, a column of the contract. Out: its value, and the reasons of rows in which a value cannot be read. An
//! amount is read exactly, a day in every form of the pure core; a word that marts decide by is one of those that they know.

use datafusion::functions::expr_fn::btrim;
use datafusion::logical_expr::{Expr, lit, when};

use super::map::unreadable;
use super::values::{Columns, null};
use crate::error::Result;
use crate::functions;
use crate::tables::contract::{Column, Table, Type, col};

/// Kinds of facts whose status says whether a purchase counts.
pub(super) const ORDERS: [&str; 2] = ["purchase", "card_use"];

/// What the status of an order may be.
pub(super) const ORDER_STATUS: [&str; 4] = ["confirmed", "cancelled", "provisional", "returned"];

/// What a product may be for those who buy it.
pub(super) const PRODUCT_ROLES: [&str; 2] = ["trial", "main"];

/// Ids that two sources share: a spreadsheet's marks are no part of them.
const SHARED_IDS: [&str; 7] = [
    col::COUPON_ID,
    col::RECEIPT_ID,
    col::VISITOR_ID,
    col::ACCOUNT_ID,
    col::CORPORATE_NUMBER,
    col::SERIAL_NUMBER,
    col::RECIPIENT,
];

/// The value of a column that the contract has; none where the source maps none.
pub(super) fn value(column: &Column, read: &Columns) -> Result<Expr> {
    match read.source.columns.get(column.name) {
        None => Ok(null(column.data_type)),
        Some(from) => Ok(typed(column, read.value(from, " ")?, read)),
    }
}

/// A text as the value of a column.
fn typed(column: &Column, text: Expr, read: &Columns) -> Expr {
    match column.data_type {
        Type::Double => functions::number().call(vec![text]),
        // Money is exact: sums of it are.
        Type::Amount => functions::decimal().call(vec![text]),
        Type::Date if column.name == col::MONTH => functions::read_month().call(vec![text]),
        Type::Date => functions::read_day().call(vec![text]),
        Type::Timestamp => read.time_of(text),
        _ if SHARED_IDS.contains(&column.name) => functions::bare().call(vec![text]),
        _ if [col::STATUS, col::ROLE].contains(&column.name) => btrim(vec![text]),
        _ => text,
    }
}

/// `reason`, or that a value of the row is no number, day or time.
pub(super) fn unreadable_values(table: &Table, read: &Columns, reason: Expr) -> Result<Expr> {
    let mut reason = reason;
    for (name, from) in &read.source.columns {
        let column = table.columns.iter().find(|c| c.name == name && c.data_type != Type::Text);
        let Some(column) = column else { continue };
        let raw = read.value(from, " ")?;
        let mut bad = unreadable(raw.clone(), typed(column, raw.clone(), read));
        if let Some(inside) = Columns::unreadable_inside(&raw)? {
            bad = bad.or(raw.is_null().and(inside));
        }
        reason = when(reason.clone().is_null().and(bad), lit(format!("bad_{name}"))).otherwise(reason)?;
    }
    Ok(reason)
}

/// `reason`, or that a word of the row is none of those that are known.
pub(super) fn unknown_word(name: &str, known: &[&str], read: &Columns, reason: Expr) -> Result<Expr> {
    let Some(from) = read.source.columns.get(name) else { return Ok(reason) };
    let word = btrim(vec![read.value(from, " ")?]);
    let known = known.iter().chain(&[""]).map(|word| lit(*word)).collect();
    let bad = word.clone().is_not_null().and(word.in_list(known, true));
    Ok(when(reason.clone().is_null().and(bad), lit(format!("bad_{name}"))).otherwise(reason)?)
}
