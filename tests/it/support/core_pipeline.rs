//! The retail pipeline without the facts of a CRM: a run of it takes half the time, and most tests are about people.
//!
//! In: the text of `pipelines/retail/pipeline.yaml`. Out: the same without the sources of `crm/`, what is joined from there, the marts
//! of the folder `crm`, and the segments. `tests/python/marts.py` runs the whole pipeline.

/// How the retail pipeline names its folders of marts.
const ALL_MARTS: &str = "marts: [marts, crm]\n";

/// How it names its segments, which are conditions over a mart of `crm`.
const SEGMENTS: &str = "segments: segments\n";

/// Attributes that come from joined files of `crm/`.
const JOINED: [&str; 11] = [
    "status",
    "medium",
    "coupon_id",
    "receipt_id",
    "recipient",
    "discount",
    "points_used",
    "shipping_charged",
    "shipping_cost",
    "tax",
    "staff",
];

/// The text without all that.
pub fn without_crm(text: &str) -> String {
    assert!(text.contains(ALL_MARTS), "the pipeline names its marts by {ALL_MARTS:?}");
    assert!(text.contains(SEGMENTS), "the pipeline names its segments by {SEGMENTS:?}");
    let text = text.replace(ALL_MARTS, "marts: marts\n").replace(SEGMENTS, "");
    let mut kept = String::new();
    // A source goes to the next one, the last one to the next key of the file.
    let (head, rest) = text.split_once("\n  - name: ").expect("sources");
    let end = rest.find("\n\nsurvivorship:").expect("what follows the sources");
    kept.push_str(head);
    for source in rest[..end].split("\n  - name: ").filter(|source| !source.contains("\n    files: crm/")) {
        kept.push_str("\n  - name: ");
        kept.push_str(&without_joined(source));
    }
    kept.push_str(&rest[end..]);
    assert!(!kept.contains("crm/**"), "nothing of crm/ is left");
    kept
}

/// A source without its join, what the values of joined columns mean, and the attributes that come from there.
fn without_joined(source: &str) -> String {
    if !source.contains("\n    join:") {
        return source.to_string();
    }
    let (mut kept, mut inside) = (Vec::new(), false);
    for line in source.lines() {
        let indent = line.len() - line.trim_start().len();
        if indent <= 4 {
            inside = line == "    join:" || line == "    values:";
        }
        let is_joined =
            JOINED.iter().any(|name| line.strip_prefix("      ").is_some_and(|l| l.starts_with(&format!("{name}:"))));
        if !inside && !is_joined {
            kept.push(line);
        }
    }
    kept.join("\n")
}
