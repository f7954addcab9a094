//! Mail lists over consents and facts that chance makes, held against loops that go through them by the definitions alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::datatypes::{Field, Schema};
use datafusion::prelude::SessionContext;

use super::list_segments::segments;
use super::*;
use crate::config::segment_file::DeviceFile;
use crate::config::segments::{Condition, Test};
use crate::config::{Overrides, load};
use crate::stages::marts::plan;
use crate::tables::contract::{CONSENT_BY_RECORD, INTERACTION};
use crate::tables::zone::{in_zone, rows_in_zone};

const ZONE: &str = "Asia/Tokyo";
const AS_OF: i64 = 1_774_882_800_000_000;
const HOUR: i64 = 3_600_000_000;

/// What a record of a customer said last; the record is called as the customer and the channel.
#[derive(Clone, Debug)]
struct Statement {
    customer: String,
    channel: &'static str,
    purpose: &'static str,
    contact: &'static str,
    status: &'static str,
    at: Option<i64>,
    addresses: Option<Vec<String>>,
}

/// A fact of a customer, whose record is called as the customer and the channel.
#[derive(Clone, Debug)]
struct Fact {
    id: String,
    kind: &'static str,
    category: &'static str,
    medium: Option<&'static str>,
    channel: &'static str,
    record: String,
    customer: Option<String>,
    at: i64,
    send: Option<String>,
}

struct World {
    customers: Vec<(String, &'static str, Option<i64>)>,
    statements: Vec<Statement>,
    facts: Vec<Fact>,
}

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

const ADDRESSES_THERE: [&str; 5] = ["a@example.com", "b@example.com", "c@docomo.ne.jp", "d@au.com", "e@example.co.jp"];
const PHONES_THERE: [&str; 4] = ["+819011112222", "+81312345678", "+818033334444", "+81611112222"];

fn world(seed: u64) -> World {
    let mut chance = Chance(seed * 7 + 1);
    let mut customers = Vec::new();
    let (mut statements, mut facts) = (Vec::new(), Vec::new());
    // Few times, so that many of them are the same.
    let time = |chance: &mut Chance| AS_OF - HOUR * [0, 1, 24, 239, 240, 241, 500, -5][chance.below(8) as usize];
    for n in 0..8 {
        let customer = format!("c{n}");
        let yen = chance.below(4) as i64;
        customers.push((customer.clone(), chance.of(&["x", "y", "z"]), (yen > 0).then_some(yen * 1000)));
        for purpose in ["marketing", "advertising"] {
            let ways =
                ["email", "sms", "phone", "push"].into_iter().flat_map(|contact| [(contact, "shop"), (contact, "app")]);
            for (contact, channel) in ways {
                if chance.below(if channel == "shop" { 4 } else { 2 }) == 0 {
                    continue;
                }
                let there: &[&str] = if contact == "email" { &ADDRESSES_THERE } else { &PHONES_THERE };
                let addresses = (0..chance.below(3)).map(|_| chance.of(there).to_string()).collect::<Vec<_>>();
                let has_addresses = contact != "push" && chance.below(6) > 0;
                statements.push(Statement {
                    customer: customer.clone(),
                    channel,
                    purpose,
                    contact,
                    status: chance.of(&["granted", "granted", "granted", "denied", "unknown"]),
                    at: (chance.below(4) > 0).then(|| time(&mut chance)),
                    addresses: has_addresses.then_some(addresses),
                });
            }
        }
        for place in 0..chance.below(6) {
            let medium = chance.of(&[None, Some("email"), Some("sms"), Some("push"), Some("phone")]);
            let (channel, send) = (chance.of(&["shop", "app"]), format!("{customer}-{place}"));
            for (answer, category) in ["sent", "opened", "unsubscribed", "blocked"].into_iter().enumerate() {
                let is_there = if answer == 0 { chance.below(8) > 0 } else { chance.below(12) == 0 };
                if is_there {
                    facts.push(Fact {
                        id: format!("{send}-{answer}"),
                        kind: "message",
                        category,
                        medium,
                        channel,
                        record: format!("{customer}-{channel}"),
                        customer: Some(customer.clone()),
                        at: time(&mut chance),
                        send: Some(send.clone()),
                    });
                }
            }
        }
        for channel in ["shop", "app"] {
            for event in 0..chance.below(3) {
                facts.push(Fact {
                    id: format!("{customer}-{channel}-m{event}"),
                    kind: "membership",
                    category: chance.of(&["joined", "rank", "withdrawn", "withdrawn"]),
                    medium: None,
                    channel,
                    record: format!("{customer}-{channel}"),
                    customer: (chance.below(10) > 0).then(|| customer.clone()),
                    at: time(&mut chance),
                    send: None,
                });
            }
        }
    }
    World { customers, statements, facts }
}

/// A batch with the columns of a schema: those that are given, and nulls.
fn batch(schema: &Schema, given: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let rows = given[0].1.len();
    let field = |field: &Arc<Field>| Field::clone(field).with_nullable(true);
    let columns = schema.fields().iter().map(|field| {
        let own = given.iter().find(|(name, _)| name == field.name()).map(|(_, column)| column.clone());
        own.unwrap_or_else(|| new_null_array(field.data_type(), rows))
    });
    let fields: Vec<Field> = schema.fields().iter().map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.collect()).unwrap()
}

fn texts<T>(of: &[T], text: impl Fn(&T) -> Option<String>) -> ArrayRef {
    Arc::new(of.iter().map(text).collect::<StringArray>())
}

fn times<T>(of: &[T], time: impl Fn(&T) -> Option<i64>) -> ArrayRef {
    Arc::new(of.iter().map(time).collect::<TimestampMicrosecondArray>().with_timezone(ZONE))
}

/// A session that knows the world as a run's marts do: `_event`, `_member`, `_message`, `_consent` and `consented_address` by their files.
async fn session(pipeline: &Pipeline, world: &World) -> SessionContext {
    let context = SessionContext::new();
    let put = |name: &str, batch: RecordBatch| {
        context.register_table(name, context.read_batch(batch).unwrap().into_view()).unwrap();
    };
    let facts = &world.facts;
    put(
        "interaction",
        batch(
            &in_zone(&INTERACTION.schema(), ZONE),
            vec![
                ("event_id", texts(facts, |f| Some(f.id.clone()))),
                ("event_type", texts(facts, |f| Some(f.kind.into()))),
                ("category", texts(facts, |f| Some(f.category.into()))),
                ("medium", texts(facts, |f| f.medium.map(str::to_string))),
                ("channel", texts(facts, |f| Some(f.channel.into()))),
                ("record_id", texts(facts, |f| Some(f.record.clone()))),
                ("customer_id", texts(facts, |f| f.customer.clone())),
                ("occurred_at", times(facts, |f| Some(f.at))),
                ("transaction_id", texts(facts, |f| f.send.clone())),
            ],
        ),
    );
    let mut points = ListBuilder::new(StringBuilder::new());
    for statement in &world.statements {
        let addresses = statement.addresses.as_deref().unwrap_or_default();
        addresses.iter().for_each(|address| points.values().append_value(address));
        points.append(statement.addresses.is_some());
    }
    let of = &world.statements;
    put(
        CONSENT_BY_RECORD.name,
        batch(
            &in_zone(&CONSENT_BY_RECORD.schema(), ZONE),
            vec![
                ("customer_id", texts(of, |s| Some(s.customer.clone()))),
                ("purpose", texts(of, |s| Some(s.purpose.into()))),
                ("contact", texts(of, |s| Some(s.contact.into()))),
                ("status", texts(of, |s| Some(s.status.into()))),
                ("channel", texts(of, |s| Some(s.channel.into()))),
                ("record_id", texts(of, |s| Some(format!("{}-{}", s.customer, s.channel)))),
                ("stated_at", times(of, |s| s.at)),
                ("holds", Arc::new(of.iter().map(|s| Some(holds(world, s))).collect::<BooleanArray>())),
                ("contact_points", Arc::new(points.finish())),
            ],
        ),
    );
    let yen = world.customers.iter().map(|(_, _, yen)| yen.map(|yen| i128::from(yen) * 10_000));
    let yen = yen.collect::<Decimal128Array>().with_precision_and_scale(20, 4).unwrap();
    let profile: Vec<(&str, ArrayRef)> = vec![
        ("customer_id", texts(&world.customers, |c| Some(c.0.clone()))),
        ("cell", texts(&world.customers, |c| Some(c.1.into()))),
        ("monetary", Arc::new(yen)),
    ];
    put(PROFILE, RecordBatch::try_from_iter(profile).unwrap());
    for mart in ["_event", "_member", "_message", "_consent", "consented_address"] {
        let planned = plan(&context, pipeline, pipeline.mart(mart).unwrap(), AS_OF).await.unwrap();
        let rows = rows_in_zone(planned.plan, ZONE).unwrap().collect().await.unwrap();
        let schema = rows[0].schema();
        let all = arrow::compute::concat_batches(&schema, &rows).unwrap();
        put(mart, all);
    }
    context
}

/// The address that a list may write to, its device, and whether somebody else denied it: the first one of the newest consents.
fn address_of(
    world: &World,
    agreed: &[&Statement],
    device: Option<DeviceFile>,
) -> Option<(String, &'static str, bool)> {
    let device_of = |contact: &str, address: &str| match contact {
        "email" if address.ends_with("docomo.ne.jp") || address.ends_with("au.com") => "mobile",
        "email" => "pc",
        _ if ["+8190", "+8180"].iter().any(|start| address.starts_with(start)) => "mobile",
        _ => "fixed",
    };
    let mut all = agreed.iter().flat_map(|of| of.addresses.iter().flatten().map(move |address| (of, address)));
    let is_of = |contact: &str, address: &str| device.is_none_or(|device| device.name() == device_of(contact, address));
    let (of, address) = all.find(|(of, address)| is_of(of.contact, address))?;
    Some((address.clone(), device_of(of.contact, address), is_denied(world, of, address, is_in_force)))
}

/// Whether some customer says no to an address: none of what it says of it is a yes.
fn is_denied(world: &World, of: &Statement, address: &str, is_yes: fn(&World, &Statement) -> bool) -> bool {
    let mut words: BTreeMap<&str, bool> = BTreeMap::new();
    for other in world.statements.iter().filter(|other| (other.purpose, other.contact) == (of.purpose, of.contact)) {
        if other.addresses.iter().flatten().any(|of| of == address) {
            *words.entry(&other.customer).or_default() |= is_yes(world, other);
        }
    }
    words.values().any(|is_yes| !is_yes)
}

/// Whether a grant is surely newer than what ends it: at a midnight, on another day.
fn is_newer(grant: Option<i64>, end: Option<i64>) -> bool {
    let known = |at: Option<i64>| at.filter(|at| *at <= AS_OF);
    let is_midnight = |at: i64| (at + 9 * HOUR) % (24 * HOUR) == 0;
    match (known(grant), known(end)) {
        (Some(grant), Some(end)) => (if is_midnight(end) { end + 24 * HOUR - 1 } else { end }) < grant,
        _ => false,
    }
}

/// Whether a statement is a grant that is newer than every refusal of its customer.
fn holds(world: &World, of: &Statement) -> bool {
    let mut refusals = world.statements.iter().filter(|other| {
        (&other.customer, other.purpose, other.contact) == (&of.customer, of.purpose, of.contact)
            && other.status != "granted"
    });
    of.status == "granted" && refusals.all(|refusal| is_newer(of.at, refusal.at))
}

/// Whether a statement is a consent at the time of the run.
fn is_in_force(world: &World, statement: &Statement) -> bool {
    let known = || world.facts.iter().filter(|fact| fact.at <= AS_OF);
    let mut ends: Vec<i64> = known()
        .filter(|f| f.customer.as_ref() == Some(&statement.customer))
        .filter(|f| ["unsubscribed", "blocked"].contains(&f.category))
        .filter(|f| f.medium.is_none_or(|medium| medium == statement.contact))
        .map(|f| f.at)
        .collect();
    let mut clubs: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    for fact in known().filter(|f| f.kind == "membership") {
        clubs.entry(&fact.record).or_default().push(fact);
    }
    let mut withdrawn = Vec::new();
    let mut is_member = false;
    for events in clubs.values_mut() {
        events.sort_by_key(|f| (f.at, f.category == "withdrawn", &f.id));
        let Some(last) = events.last().filter(|f| f.customer.as_ref() == Some(&statement.customer)) else { continue };
        is_member |= last.category != "withdrawn";
        withdrawn.extend(events.iter().filter(|f| f.category == "withdrawn").map(|f| f.at).max());
    }
    if !is_member {
        ends.extend(withdrawn);
    }
    holds(world, statement) && ends.iter().all(|end| is_newer(statement.at, Some(*end)))
}

/// What becomes of each customer on the way to a list: the end, and the address. `lists` are those before.
type Ends = BTreeMap<String, (String, Option<String>)>;

fn expected(world: &World, segments: &[Segment], send: &Send, lists: &BTreeMap<String, Ends>) -> Ends {
    let is_in = |segment: &str, cell: &str| {
        let of = segments.iter().find(|of| of.name == segment).unwrap();
        matches!(&of.condition, Condition::Column(_, Test::Texts(cells)) if cells.iter().any(|of| of == cell))
            || of.condition == Condition::All(Vec::new())
    };
    let mut ends = Ends::new();
    for (customer, cell, _) in &world.customers {
        let is_of_list =
            |s: &Statement| (&s.customer, s.purpose, s.contact) == (customer, &*send.purpose, &*send.contact);
        let agreed = world.statements.iter().filter(|s| is_of_list(s) && is_in_force(world, s));
        let mut agreed: Vec<&Statement> = agreed.collect();
        agreed.sort_by_key(|s| (s.at.is_none(), std::cmp::Reverse(s.at), s.channel));
        let address = address_of(world, &agreed, send.device);
        let mut messages = 0;
        if let Some(cap) = &send.cap {
            let from = AS_OF - i64::from(cap.days) * 24 * HOUR;
            let counts = |medium: Option<&str>| {
                cap.media.is_empty() || medium.is_none_or(|medium| cap.media.iter().any(|of| of == medium))
            };
            messages += world
                .facts
                .iter()
                .filter(|f| f.category == "sent" && f.customer.as_ref() == Some(customer))
                .filter(|f| f.at > from && f.at <= AS_OF && counts(f.medium))
                .count();
            let planned = send.after.iter().filter(|before| {
                let of = segments.iter().find(|of| of.name == **before).unwrap();
                lists[*before].get(customer).is_some_and(|(end, _)| end == LISTED)
                    && counts(of.send.as_ref().map(|send| send.contact.as_str()))
            });
            messages += planned.count();
        }
        let end = match (agreed.first(), &address) {
            (None, _) => "no_consent",
            (_, None | Some((_, _, true))) if send.is_addressed() => "no_address",
            _ if send.exclude.iter().any(|other| is_in(other, cell)) => "excluded",
            _ if send.cap.as_ref().is_some_and(|cap| messages >= cap.messages as usize) => "capped",
            _ => LISTED,
        };
        ends.insert(customer.clone(), (end.to_string(), address.map(|(address, ..)| address)));
    }
    if let Some(most) = send.at_most {
        let yen = |customer: &str| world.customers.iter().find(|of| of.0 == customer).and_then(|of| of.2);
        let mut listed: Vec<String> =
            ends.iter().filter(|(_, (end, _))| end == LISTED).map(|(customer, _)| customer.clone()).collect();
        let is_lowest = send.order.as_ref().is_some_and(|(_, first)| *first == FirstFile::Lowest);
        listed.sort_by_key(|customer| match yen(customer) {
            Some(yen) => (false, if is_lowest { yen } else { -yen }, customer.clone()),
            None => (true, 0, customer.clone()),
        });
        for customer in listed.iter().skip(most as usize) {
            ends.entry(customer.clone()).and_modify(|(end, _)| *end = "over_limit".into());
        }
    }
    ends
}

#[tokio::test]
async fn nobody_without_consent_is_on_a_list_and_everybody_else_is() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
    let pipeline = load(&file, &Overrides::default()).unwrap();
    let all = segments();
    let mut met: BTreeSet<String> = BTreeSet::new();
    for seed in 0..48 {
        let world = world(seed);
        let context = session(&pipeline, &world).await;
        let of = Segments { context: &context, pipeline: &pipeline, as_of: AS_OF };
        let members = of.member_plan(&all.iter().collect::<Vec<_>>()).await.unwrap().plan;
        let (mut lists, mut wanted) = (Vec::new(), BTreeMap::new());
        for (segment, send) in all.iter().filter_map(|segment| Some((segment, segment.send.as_ref()?))) {
            let rows = of.list((segment, send), &members, &lists).await.unwrap().collect().await.unwrap();
            let rows = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
            let text = |name: &str| cast_text(rows.column_by_name(name).unwrap()).unwrap();
            let (customers, outcomes, addresses) = (text("customer_id"), text("outcome"), text("address"));
            let found: Ends = (0..rows.num_rows())
                .map(|row| {
                    let address = columns::text_at(&addresses, row).map(str::to_string);
                    (customers.value(row).to_string(), (outcomes.value(row).to_string(), address))
                })
                .collect();
            let mut want = expected(&world, &all, send, &wanted);
            // Of who has no consent there is no address either.
            want.values_mut().filter(|(end, _)| end == "no_consent").for_each(|(_, address)| *address = None);
            assert_eq!(found, want, "seed {seed}, list {}", segment.name);
            met.extend(found.values().map(|(end, _)| format!("{} {end}", segment.name)));
            wanted.insert(segment.name.clone(), found);
            lists.push(List { segment, send, rows: context.read_batch(rows).unwrap() });
        }
        let listed = of.mail_list_plan(&lists).unwrap().plan;
        context.register_table(MAIL_LIST.name, listed.clone().into_view()).unwrap();
        of.check_consent().await.unwrap();
        // Whoever is put onto a list beside these has no consent, or an address that somebody else denied, but for those whom something else
        // keeps off it.
        let rows: Vec<RecordBatch> = world.statements.iter().enumerate().map(|(n, of)| listed_row(of, n)).collect();
        let rows = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
        context.deregister_table(MAIL_LIST.name).unwrap();
        context.register_table(MAIL_LIST.name, context.read_batch(rows).unwrap().into_view()).unwrap();
        let is_bad = |of: &Statement| {
            let has_address = of.contact == "push" || of.addresses.as_ref().is_some_and(|a| !a.is_empty());
            let first = of.addresses.as_ref().and_then(|addresses| addresses.first());
            let is_denied = first.is_some_and(|address| is_denied(&world, of, address, holds));
            !is_in_force(&world, of) || !has_address || is_denied
        };
        let bad = world.statements.iter().enumerate().filter(|(_, of)| is_bad(of));
        let bad: Vec<String> = bad.map(|(n, _)| format!("by_hand_{n:03} (1)")).collect();
        let error = of.check_consent().await.unwrap_err();
        let said = error.message().rsplit(": ").next().unwrap_or_default();
        assert!(bad.len() < world.statements.len(), "seed {seed}: nobody has consent, which tests nothing");
        assert_eq!(said, bad.join(", "), "seed {seed}");
    }
    // Every end was met, by lists that can have it.
    for end in
        ["a capped", "a over_limit", "a no_address", "b capped", "c excluded", "d no_address", "e listed", "g listed"]
    {
        assert!(met.contains(end), "{end}: {met:?}");
    }
}

/// A row of `mail_list` for the first address of a statement, whatever it says.
fn listed_row(statement: &Statement, n: usize) -> RecordBatch {
    let one = |text: &str| texts(&[text.to_string()], |text| Some(text.clone()));
    let address = statement.addresses.as_ref().and_then(|addresses| addresses.first().cloned());
    batch(
        &in_zone(&MAIL_LIST.schema(), ZONE),
        vec![
            ("list", one(&format!("by_hand_{n:03}"))),
            ("customer_id", one(&statement.customer)),
            ("purpose", one(statement.purpose)),
            ("contact", one(statement.contact)),
            ("address", texts(&[address], Clone::clone)),
            ("channel", one(statement.channel)),
            ("record_id", one(&format!("{}-{}", statement.customer, statement.channel))),
            ("granted_at", times(&[statement.at], |at| *at)),
            ("rank", Arc::new(Int64Array::from(vec![n as i64]))),
        ],
    )
}
