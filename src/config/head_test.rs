//! Heads of marts: what is read of one, and what is said of its mistakes.

use super::*;

fn problems_of(sql: &str) -> Vec<String> {
    let mut problems = Problems::default();
    read(sql, &mut problems);
    problems.all().iter().map(|p| format!("{}: {} ({})", p.line, p.message, p.hint)).collect()
}

const GOOD: &str = "\
-- ja: 媒体ごとの費用
-- en: spend by medium
-- key: medium
-- needs: medium_spend, event.message
-- column: medium | text | 媒体 | medium | plain
-- column: roas | double? | 広告費用対効果 | return on spend | hidden
-- null: medium without product, interaction.tax
-- restated: roas rank
-- report: {medium} の行 | a row of {medium}
-- Numerator: sales of the month.
select 1 -- key: none
";

#[test]
fn a_head_is_read_up_to_the_query() {
    let mut problems = Problems::default();
    let head = read(GOOD, &mut problems).expect("a head");
    assert!(problems.is_empty(), "{:?}", problems.all());
    assert_eq!((head.ja.as_str(), head.en.as_str()), ("媒体ごとの費用", "spend by medium"));
    assert_eq!(head.key, ["medium"]);
    assert_eq!(head.needs, [Need::Table("medium_spend".into()), Need::Event("message".into())]);
    let columns: Vec<_> = head.columns.iter().map(|c| (c.name.as_str(), c.data_type, c.nullable, c.shown)).collect();
    let medium = ("medium", HeadType::Text, false, HeadShown::Plain);
    assert_eq!(columns, [medium, ("roas", HeadType::Double, true, HeadShown::Hidden)]);
    assert_eq!(head.restated, [Restated { column: "roas".into(), is_rank: true }]);
    assert_eq!(head.report.len(), 1);
    let nulls: Vec<String> = head.nulls.iter().map(|(column, need)| format!("{column} {need}")).collect();
    assert_eq!(nulls, ["medium product", "medium interaction.tax"]);
}

#[test]
fn a_definition_is_told_in_both_languages() {
    let sql = "\
-- ja: 費用
-- column: a | long | 数 | number | plain
-- 定義: 分子は費用。
-- 定義：分母は人数。
-- Numerator: spend of
-- the month.
--   first  one
--   second two
--
-- Window: a month.
with a as (select 1)
-- not of the head
select 1";
    let told = definition(sql);
    assert_eq!(told.ja, ["分子は費用。", "分母は人数。"]);
    assert_eq!(told.en, ["Numerator: spend of the month.", "first  one", "second two", "Window: a month."]);
    assert!(definition("select 1 -- 定義: none").is_empty());
}

#[test]
fn a_file_without_the_words_has_no_head() {
    let mut problems = Problems::default();
    assert_eq!(read("-- Note: what a row is\n-- as_of: now\n\nselect 1", &mut problems), None);
    assert!(problems.is_empty());
}

#[test]
fn needs_alone_promise_no_columns() {
    let head = read("-- needs: event.message\nselect 1", &mut Problems::default()).expect("a head");
    assert!(head.columns.is_empty() && head.needs.len() == 1);
}

/// What is replaced in a good head → what is said of it.
#[test]
fn every_mistake_of_a_head_is_told_with_its_line() {
    let rows = [
        ("double?", "duoble?", "6: there is no type \"duoble\" (did you mean \"double\"?)"),
        ("| hidden", "| hiden", "6: there is no profile \"hiden\" (did you mean \"hidden\"?)"),
        ("roas |", "medium |", "6: column \"medium\" stands twice (give each column a name of its own)"),
        ("roas |", "ROAS |", "6: column \"ROAS\" is no plain name (use small letters, digits and _)"),
        ("| 媒体 |", "| |", &format!("5: column \"medium\" says nothing in Japanese ({COLUMN})")),
        (" | plain", "", &format!("5: a column has five fields, and here are 4 ({COLUMN})")),
        (
            "key: medium",
            "key: medum",
            "3: the key names \"medum\", which is no column of the head (did you mean \"medium\"?)",
        ),
        ("roas rank", "roaz", "8: restated names \"roaz\", which is no number of the head (did you mean \"roas\"?)"),
        (
            "roas rank",
            "medium",
            "8: restated names \"medium\", which is no number of the head (columns of numbers: roas)",
        ),
        ("roas rank", "roas, roas rank", "8: restated names \"roas\" twice (name each column once)"),
        (
            "row of {medium}",
            "row of {medum}",
            "9: report names \"medum\", which is no column of the head (did you mean \"medium\"?)",
        ),
        (
            "key: medium",
            "key: medium, roas",
            "1: restated figures have a key of several columns, of which one names somebody \
             (an erasure finds a figure by its key: let the key be the customer alone, or columns that are plain)",
        ),
        ("key: medium", "key: medium, medium", "3: the key names \"medium\" twice (name each column once)"),
        (
            "-- key: medium\n",
            "",
            "1: the head has columns and no \"key\" (write `-- key:` and the columns that identify a row, such as customer_id)",
        ),
        (
            "null: medium",
            "null: medum",
            "7: there is no column \"medum\" that could be null (did you mean \"medium\"?)",
        ),
        (
            "medium without product, interaction.tax",
            "medium",
            &format!("7: the line names columns, and not without what they are null ({NULL})"),
        ),
        (
            "without product",
            "without prodct",
            "7: \"prodct\" is nothing that a pipeline maps (did you mean \"product\"?)",
        ),
        ("-- key:", "-- keys:", "3: a head has no \"keys\" (did you mean \"key\"?)"),
        (
            "-- ja: 媒体ごとの費用\n",
            "",
            "1: the head has columns and no \"ja\" (write `-- ja:` and what a row is, in Japanese)",
        ),
        ("-- en: spend by medium", "-- ja: 費用", "2: \"ja\" stands twice (say it in one line)"),
        (
            "medium_spend",
            "medium_spent",
            "4: \"medium_spent\" is nothing that a pipeline maps (did you mean \"medium_spend\"?)",
        ),
        (
            "event.message",
            "interaction.amout",
            "4: interaction has no column \"amout\" that a source maps (did you mean \"amount\"?)",
        ),
    ];
    for (good, bad, said) in rows {
        assert!(GOOD.contains(good), "{good}");
        assert_eq!(problems_of(&GOOD.replacen(good, bad, 1)), [said], "{bad}");
    }
    let no_columns = "-- key: medium\nselect 1";
    assert_eq!(problems_of(no_columns), [format!("1: the head has a key and no columns ({COLUMN})")]);
}
