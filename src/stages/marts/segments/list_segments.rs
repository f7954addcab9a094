//! The segments that the test of mail lists asks for.

use crate::config::file::Label;
use crate::config::head::{HeadColumn, HeadShown, HeadType};
use crate::config::segment_file::{DeviceFile, FirstFile};
use crate::config::segments::{Cap, Condition, Segment, Send, Test};

/// Segments with every part of a list.
pub(super) fn segments() -> Vec<Segment> {
    let column = |name: &str, data_type| {
        let text = || name.to_string();
        HeadColumn { name: text(), data_type, nullable: true, ja: text(), en: text(), shown: HeadShown::Plain }
    };
    let send = |purpose: &str, contact: &str| Send {
        purpose: purpose.into(),
        contact: contact.into(),
        device: None,
        cap: None,
        exclude: Vec::new(),
        after: Vec::new(),
        order: None,
        at_most: None,
        needs: Vec::new(),
    };
    let cap = |messages, days, media: &[&str]| {
        Some(Cap { messages, days, media: media.iter().map(|medium| medium.to_string()).collect() })
    };
    let order = |first| Some((column("monetary", HeadType::Amount), first));
    let segment = |name: &str, send: Option<Send>| Segment {
        name: name.into(),
        file: format!("segments/{name}.yaml"),
        text: String::new(),
        title: Label::default(),
        condition: Condition::All(Vec::new()),
        send,
        needs: Vec::new(),
    };
    let mut few = segment("few", None);
    few.condition = Condition::Column(column("cell", HeadType::Text), Test::Texts(vec!["x".into()]));
    let names = |list: &[&str]| list.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    vec![
        segment(
            "a",
            Some(Send {
                cap: cap(2, 10, &[]),
                at_most: Some(1),
                order: order(FirstFile::Highest),
                ..send("marketing", "email")
            }),
        ),
        segment(
            "b",
            Some(Send {
                cap: cap(1, 10, &["email"]),
                after: names(&["a"]),
                device: Some(DeviceFile::Pc),
                ..send("marketing", "email")
            }),
        ),
        segment("c", Some(Send { exclude: names(&["few"]), ..send("marketing", "push") })),
        segment("d", Some(Send { device: Some(DeviceFile::Mobile), ..send("advertising", "sms") })),
        segment(
            "e",
            Some(Send {
                cap: cap(2, 11, &[]),
                after: names(&["a", "c"]),
                order: order(FirstFile::Lowest),
                at_most: Some(3),
                ..send("marketing", "phone")
            }),
        ),
        few,
        segment("g", Some(send("marketing", "email"))),
    ]
}
