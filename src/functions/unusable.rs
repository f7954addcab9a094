//! `unusable(attribute, value)`: the shape of a value that cannot be understood, such as `9-9999-9999`; NULL where it can.
//!
//! What can be understood is what the normalizers make of it: this asks them, and has no rules of its own. A shape shows kinds of
//! characters and no value.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_japanese::address::Level;
use nayose_japanese::{address, date, email, identifier, name, phone, postal, sex, shape};

/// The function.
pub(crate) fn unusable() -> ScalarUDF {
    array_function("unusable", vec![DataType::Utf8; 2], DataType::Utf8, |columns| {
        let (attributes, values) = (columns::strings(&columns[0])?, columns::strings(&columns[1])?);
        let of = |(attribute, value): (Option<&str>, Option<&str>)| match (attribute, value) {
            (Some(attribute), Some(value)) if !is_understood(attribute, value) => Some(shape::mask(value)),
            _ => None,
        };
        let shapes: StringArray = attributes.iter().zip(values.iter()).map(of).collect();
        Ok(Arc::new(shapes) as ArrayRef)
    })
}

/// Whether the normalizer of an attribute finds in a value what the attribute is about.
fn is_understood(attribute: &str, value: &str) -> bool {
    match attribute {
        col::PHONE => phone::phone(value).e164.is_some(),
        col::EMAIL => email::email(value).address.is_some(),
        col::POSTAL_CODE => postal::postal(value).code.is_some(),
        col::BIRTH_DATE => date::date(value).value.is_some(),
        col::SEX => sex::sex(value).problem.is_none(),
        col::ADDRESS => address::normalize(value, None).level >= Level::City,
        col::NAME | col::KANA | col::FAMILY_NAME | col::GIVEN_NAME | col::FAMILY_KANA | col::GIVEN_KANA => {
            !matches!(name::normalize(value, None).problem, Some(name::Problem::NotAName | name::Problem::Empty))
        }
        // A declared number or code, of which a check digit is the pipeline's to say.
        _ => identifier::identifier(value, identifier::CheckDigit::None).problem.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_understood;

    #[test]
    fn what_the_normalizers_understand_is_understood() {
        let check = |attribute: &str, value: &str, expected: bool| {
            assert_eq!(is_understood(attribute, value), expected, "{attribute} {value}");
        };
        check("phone", "03-3501-1111", true);
        check("phone", "3501", false);
        check("phone", "taro@example.jp", false);
        check("email", "taro@example.jp", true);
        check("email", "03-3501-1111", false);
        check("postal_code", "100-8111", true);
        check("birth_date", "平成元年5月3日", true);
        check("birth_date", "男", false);
        check("sex", "女", true);
        check("sex", "9月", false);
        check("address", "東京都千代田区千代田1-1", true);
        check("address", "山田", false);
        check("name", "山田 太郎", true);
        check("name", "090-1234-5678", false);
    }
}
