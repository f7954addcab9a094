//! Who has a number now: two people under one number, one person who moved and married, wrong deliveries taken back.

use proptest::prelude::*;

use super::*;

/// A row as a test writes it: name, birth date, phone, mail, address; `-` is none.
fn row(place: usize, text: &'static str) -> RawVersion<'static> {
    let mut fields = text.split(" | ").map(|field| Some(field.trim()).filter(|field| *field != "-"));
    let mut next = || fields.next().flatten();
    RawVersion {
        line: place as i64,
        observed_at: Some(place as i64),
        name: next(),
        birth_date: next(),
        phones: next().into_iter().collect(),
        emails: next().into_iter().collect(),
        address: next(),
        ..RawVersion::default()
    }
}

/// The values of a row without any normalizing.
fn values_of(v: &RawVersion<'_>) -> Vec<PastValue> {
    let mut all = Vec::new();
    let of = |attribute: &str, value: &str| PastValue {
        attribute: attribute.into(),
        value: value.into(),
        first_at: None,
        last_at: None,
    };
    all.extend(v.name.map(|value| of("name", value)));
    all.extend(v.birth_date.map(|value| of("birth_date", value)));
    all.extend(v.phones.iter().map(|value| of("phone", value)));
    all.extend(v.emails.iter().map(|value| of("email", value)));
    all.extend(v.address.map(|value| of("address", value)));
    all
}

/// The lines of the rows that stay.
fn kept(rows: &[&'static str]) -> Vec<i64> {
    let mut versions: Vec<RawVersion<'_>> = rows.iter().enumerate().map(|(place, text)| row(place, text)).collect();
    leave_out_others(&mut versions, values_of);
    versions.iter().map(|v| v.line).collect()
}

#[test]
fn a_number_that_was_given_to_somebody_else_is_theirs_alone() {
    let check = |rows: &[&'static str], expected: &[i64]| assert_eq!(kept(rows), expected, "{rows:?}");
    let old = "山田 太郎 | 1960-05-03 | 0311112222 | taro@example.jp | 東京都千代田区千代田1-1";
    let new = "鈴木 花子 | 1995-11-20 | 09033334444 | hana@example.jp | 大阪府大阪市北区梅田2-2";
    check(&[old, new], &[1]);
    // Later rows of the new holder, and then a third one.
    check(&[old, new, "鈴木 花子 | 1995-11-20 | 08055556666 | - | 京都府京都市中京区3-3"], &[1, 2]);
    check(&[old, new, "佐藤 次郎 | 1980-01-09 | 07011112222 | - | 北海道札幌市北区4-4"], &[2]);
    // A wrong delivery between two right ones leaves nothing behind.
    check(&[old, new, old], &[0, 2]);
    check(&[old, new, "山田 太郎 | 1960-05-03 | 09099998888 | - | 東京都港区5-5"], &[0, 2]);
}

#[test]
fn a_holder_begins_where_the_one_before_ended() {
    let old = "山田 太郎 | 1960-05-03 | 0311112222 | taro@example.jp | 東京都千代田区千代田1-1";
    let new = "鈴木 花子 | 1995-11-20 | 09033334444 | hana@example.jp | 大阪府大阪市北区梅田2-2";
    // Rows are of the times 0, 10, 20 …; `registered` is that of the rows of the new holder.
    let check = |rows: &[&'static str], registered: Option<i64>, expected: Option<(Option<i64>, &[i64])>| {
        let mut versions: Vec<RawVersion<'_>> = rows.iter().enumerate().map(|(place, text)| row(place, text)).collect();
        for version in &mut versions {
            version.observed_at = version.observed_at.map(|place| place * 10);
            version.registered_at = registered.filter(|_| version.name == Some("鈴木 花子"));
        }
        let holder = leave_out_others(&mut versions, values_of);
        let lines = |holder: &Holder| holder.of_others.iter().map(|(_, line)| *line).collect::<Vec<_>>();
        let found = holder.as_ref().map(|holder| (holder.since, lines(holder)));
        assert_eq!(found, expected.map(|(since, lines)| (since, lines.to_vec())), "{rows:?} {registered:?}");
    };
    check(&[old, old], None, None);
    check(&[old, old, new], None, Some((Some(20), &[0, 1])));
    check(&[old, old, new], Some(15), Some((Some(15), &[0, 1])));
    // A date of registration that went with the number, or lies behind the row, says nothing.
    check(&[old, old, new], Some(5), Some((Some(20), &[0, 1])));
    check(&[old, old, new], Some(25), Some((Some(20), &[0, 1])));
    check(&[old, new, new], None, Some((Some(10), &[0])));
    // A wrong delivery that was put right: nobody had the number before.
    check(&[old, new, old], None, Some((None, &[1])));
}

#[test]
fn who_moved_or_married_is_the_same_person() {
    let check = |rows: &[&'static str]| assert_eq!(kept(rows).len(), rows.len(), "{rows:?}");
    let before = "山田 花子 | 1990-05-03 | 0311112222 | hana@example.jp | 東京都千代田区千代田1-1";
    // Married and moved, with another phone and mail: the birth date stays.
    check(&[before, "鈴木 花 | 1990-05-03 | 09033334444 | h@example.com | 大阪府大阪市北区梅田2-2"]);
    // The given name stays.
    check(&[before, "鈴木 花子 | - | 09033334444 | h@example.com | 大阪府大阪市北区梅田2-2"]);
    // The phone stays.
    check(&[before, "鈴木 ハナ | 1991-06-04 | 0311112222 | h@example.com | 大阪府大阪市北区梅田2-2"]);
    // A slip in the birth date.
    check(&[before, "鈴木 ハナ | 1990-03-05 | 09033334444 | h@example.com | 大阪府大阪市北区梅田2-2"]);
    // The building was added to the address.
    check(&[before, "鈴木 ハナ | 1991-06-04 | 09033334444 | - | 東京都千代田区千代田1-1 千代田荘101"]);
    // Too little to tell: a name and a phone.
    check(&[before, "鈴木 ハナ | - | 09033334444 | - | -"]);
    // A family name alone, or another script, is no other given name.
    check(&[before, "鈴木 | 1985-01-01 | 09033334444 | h@example.com | 大阪府大阪市北区梅田2-2"]);
    check(&[before, "SUZUKI HANA | 1985-01-01 | 09033334444 | h@example.com | 大阪府大阪市北区梅田2-2"]);
}

const ROWS: [&str; 8] = [
    "山田 太郎 | 1960-05-03 | 1 | a@example.jp | 東京都",
    "山田 太郎 | 1960-05-03 | 2 | - | 大阪府",
    "鈴木 花子 | 1995-11-20 | 3 | b@example.jp | 京都府",
    "鈴木 花子 | 1995-11-20 | 4 | - | 北海道",
    "佐藤 次郎 | 1980-01-09 | 5 | c@example.jp | 沖縄県",
    "佐藤 | - | 6 | - | -",
    "高橋 三郎 | 1971-02-28 | 3 | d@example.jp | 青森県",
    "- | - | - | - | 秋田県",
];

proptest! {
    /// The newest row stays, the rows stay in order, and doing it twice changes nothing more.
    #[test]
    fn the_newest_row_stays(places in prop::collection::vec(0..ROWS.len(), 1..8)) {
        let rows: Vec<&str> = places.iter().map(|place| ROWS[*place]).collect();
        let once = kept(&rows);
        prop_assert_eq!(once.last(), Some(&(rows.len() as i64 - 1)));
        prop_assert!(once.is_sorted());
        let again = kept(&once.iter().map(|line| rows[*line as usize]).collect::<Vec<_>>());
        prop_assert_eq!(again.len(), once.len(), "{:?}", rows);
    }

    /// Rows that all have one value in common are one person's, whatever else they say.
    #[test]
    fn who_keeps_one_thing_is_one_person(
        names in prop::collection::vec("[太花次三][郎子]", 1..6),
        shared in 0..4usize,
    ) {
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let of = |(i, name): (usize, &String)| {
            let own = |field: usize, own: String, common: &str| if shared == field { common.to_string() } else { own };
            leak(format!(
                "家{i} {name}{i} | {} | {} | {} | {}",
                own(0, format!("19{0}0-0{0}-1{0}", i + 1), "1955-05-05"),
                own(1, format!("09{i}"), "031"),
                own(2, format!("m{i}@example.jp"), "m@example.jp"),
                own(3, format!("県{i}"), "東京都"),
            ))
        };
        let rows: Vec<&'static str> = names.iter().enumerate().map(of).collect();
        prop_assert_eq!(kept(&rows).len(), rows.len());
    }

    /// Whether two rows are of two people does not depend on which comes first.
    #[test]
    fn to_be_another_is_mutual(left in 0..ROWS.len(), right in 0..ROWS.len()) {
        let (one, other) = (values_of(&row(0, ROWS[left])), values_of(&row(1, ROWS[right])));
        fn pairs(values: &[PastValue]) -> Vec<(&str, &str)> {
            values.iter().map(|v| (v.attribute.as_str(), v.value.as_str())).collect()
        }
        prop_assert_eq!(
            Agreement::between(&pairs(&one), &pairs(&other)).is_another(),
            Agreement::between(&pairs(&other), &pairs(&one)).is_another()
        );
    }
}
