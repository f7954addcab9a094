//! Phrases of the postal list inside addresses.
//!
//! In: shown text. Out: the text without them. Forms that fill in a town by the postal code also fill in the list's own
//! remarks: 以下に掲載がない場合, 境町の次に番地がくる場合, (次のビルを除く). They say nothing about the place.

/// The remark for the rest of a municipality.
const NOT_LISTED: &str = "以下に掲載がない場合";
/// Around what follows the name of a municipality that has no towns.
const FOLLOWED_BY: (&str, &str) = ("の次に", "場合");
/// How remarks in brackets end, and what they are.
const REMARKS: [&str; 7] = ["除く", "場合", "その他", "階層不明", "以外", "以降", "全域"];
const WHOLE_REMARKS: [&str; 3] = ["丁目", "番地", ""];
/// The longest remark between の次に and 場合, and the longest name that may stand twice before it. The list has up to 14
/// and 5.
const MAX_REMARK: usize = 20;
const MAX_NAME: usize = 8;

/// Removes the phrases.
pub(super) fn remove(shown: &mut Vec<char>) {
    while let Some(start) = position(shown, NOT_LISTED, 0) {
        shown.drain(start..start + NOT_LISTED.chars().count());
    }
    while let Some((start, end)) = followed_by(shown) {
        let twice = (2..=MAX_NAME.min(start / 2)).find(|&n| shown[start - n..start] == shown[start - 2 * n..start - n]);
        shown.drain(start - twice.unwrap_or(0)..end);
    }
    let mut from = 0;
    while let Some(open) = (from..shown.len()).find(|&i| shown[i] == '(') {
        // A form that cuts its fields cuts the bracket's end.
        let close = (open..shown.len()).find(|&i| shown[i] == ')').unwrap_or(shown.len());
        if is_remark(&shown[open + 1..close]) {
            shown.drain(open..shown.len().min(close + 1));
        } else {
            from = close;
        }
    }
}

/// Where の次に…場合 begins and ends.
fn followed_by(shown: &[char]) -> Option<(usize, usize)> {
    let start = position(shown, FOLLOWED_BY.0, 1)?;
    let end = position(shown, FOLLOWED_BY.1, start)?;
    (end - start < MAX_REMARK).then_some((start, end + FOLLOWED_BY.1.chars().count()))
}

/// Whether the words in a bracket are a remark of the list, or nothing.
fn is_remark(inside: &[char]) -> bool {
    let word: String = inside.iter().collect();
    WHOLE_REMARKS.contains(&word.as_str()) || REMARKS.iter().any(|end| word.ends_with(end))
}

fn position(shown: &[char], word: &str, from: usize) -> Option<usize> {
    let word: Vec<char> = word.chars().collect();
    (from..=shown.len().checked_sub(word.len())?).find(|&i| shown[i..].starts_with(&word))
}

#[cfg(test)]
mod tests {
    use super::remove;

    #[test]
    fn remarks_are_removed() {
        for (text, left) in [
            ("千代田区以下に掲載がない場合1-2", "千代田区1-2"),
            ("千代田区(以下に掲載がない場合)1-2", "千代田区1-2"),
            ("猿島郡境町境町の次に番地がくる場合391-1", "猿島郡境町391-1"),
            ("三田市の次に番地がくる場合2", "三田市2"),
            ("小菅村の次に1~663番地がくる場合5", "小菅村5"),
            ("西新宿(次のビルを除く)2-8-1", "西新宿2-8-1"),
            ("西新宿2-8-1(駅前)", "西新宿2-8-1(駅前)"),
            ("洋野町種市1(丁目", "洋野町種市1"),
            ("西新宿2-8-1(駅前", "西新宿2-8-1(駅前"),
            ("場合町1", "場合町1"),
        ] {
            let mut shown: Vec<char> = text.chars().collect();
            remove(&mut shown);
            assert_eq!(shown.into_iter().collect::<String>(), left, "{text}");
        }
    }
}
