//! Types by their numbers and names, as Postgres writes them.

use datafusion_postgres::pgwire::api::Type;

/// Types that a column may have, or that drivers ask for.
const PLAIN_TYPES: [Type; 20] = [
    Type::BOOL,
    Type::BYTEA,
    Type::INT2,
    Type::INT4,
    Type::INT8,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::NUMERIC,
    Type::TEXT,
    Type::VARCHAR,
    Type::BPCHAR,
    Type::NAME,
    Type::OID,
    Type::DATE,
    Type::TIME,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::INTERVAL,
    Type::JSON,
    Type::TEXT_ARRAY,
];

/// The number of a type by its name; none for one that is not there, as those of extensions.
pub(super) fn number_of(name: &str) -> Option<i32> {
    let name = name.trim_start_matches("pg_catalog.").replace('"', "").to_lowercase();
    let is = |t: &&Type| t.name() == name || type_name(t.oid(), -1) == name;
    PLAIN_TYPES.iter().find(is).map(|t| t.oid() as i32)
}

/// The type of the items of an array that a column may be.
pub(crate) fn item_of(array: &Type) -> Option<Type> {
    Some(match *array {
        Type::BOOL_ARRAY => Type::BOOL,
        Type::BYTEA_ARRAY => Type::BYTEA,
        Type::DATE_ARRAY => Type::DATE,
        Type::FLOAT4_ARRAY => Type::FLOAT4,
        Type::FLOAT8_ARRAY => Type::FLOAT8,
        Type::INT2_ARRAY => Type::INT2,
        Type::INT4_ARRAY => Type::INT4,
        Type::INT8_ARRAY => Type::INT8,
        Type::INTERVAL_ARRAY => Type::INTERVAL,
        Type::NUMERIC_ARRAY => Type::NUMERIC,
        Type::TEXT_ARRAY => Type::TEXT,
        Type::TIME_ARRAY => Type::TIME,
        Type::TIMESTAMP_ARRAY => Type::TIMESTAMP,
        Type::TIMESTAMPTZ_ARRAY => Type::TIMESTAMPTZ,
        _ => return None,
    })
}

/// The name of a type as Postgres writes it.
pub(crate) fn type_name(number: u32, modifier: i32) -> String {
    let Some(found) = Type::from_oid(number) else { return if number == 0 { "-".into() } else { "???".into() } };
    if let Some(item) = item_of(&found) {
        return format!("{}[]", type_name(item.oid(), modifier));
    }
    let name = match found {
        Type::BOOL => "boolean",
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        Type::VARCHAR => "character varying",
        Type::BPCHAR => "character",
        Type::CHAR => "\"char\"",
        Type::TIMESTAMP => "timestamp without time zone",
        Type::TIMESTAMPTZ => "timestamp with time zone",
        Type::TIME => "time without time zone",
        Type::NUMERIC if modifier >= 4 => {
            // Digits in the upper half, scale in the lower.
            let packed = modifier - 4;
            return format!("numeric({},{})", packed >> 16, packed & 0xffff);
        }
        ref other => other.name(),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_of_postgres() {
        let name = |t: Type, modifier| type_name(t.oid(), modifier);
        assert_eq!(name(Type::TEXT, -1), "text");
        assert_eq!(name(Type::TEXT_ARRAY, -1), "text[]");
        assert_eq!(name(Type::TIMESTAMPTZ, -1), "timestamp with time zone");
        assert_eq!(name(Type::NUMERIC, ((20 << 16) | 4) + 4), "numeric(20,4)");
        assert_eq!(name(Type::NUMERIC, -1), "numeric");
        assert_eq!(name(Type::JSON, -1), "json");
        assert_eq!(
            (number_of("timestamp with time zone"), number_of("text"), number_of("hstore")),
            (Some(1184), Some(25), None)
        );
        assert_eq!((type_name(0, -1).as_str(), type_name(4_000_000, -1).as_str()), ("-", "???"));
    }
}
