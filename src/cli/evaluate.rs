//! `nayose evaluate`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use datafusion::arrow::array::AsArray;
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions};
use serde_json::json;

use super::{LakeArguments, ResourceArguments, TextFormat, output};
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, Labelled, PairCounts, Scores, evaluate};
use crate::runner::snapshot;
use crate::session::session;
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lake: LakeArguments,
    /// Truth: CSV or Parquet with channel, source_record_id, person_id
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    /// The customers as a run published them: a run id, its number, or a time
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

/// A record that has a truth but no customer was rejected: it is alone under a customer of its own.
const LABELLED: &str = "
select cast(t.person_id as varchar) as person, coalesce(m.customer_id, 'none:' || t.channel || ':' || t.source_record_id) as customer,
       cast(t.channel as varchar) as channel, m.customer_id is null as missing
from truth t left join id_map m
  on m.channel = t.channel and m.record_id = t.source_record_id and m.valid_to is null
order by 3, 1, 2";

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let lake = Location::parse(&a.lake.lake, &std::env::current_dir()?)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    snapshot::know_all(&context, &lake, &published).await?;
    if !a.truth.exists() {
        return Err(Error::usage(format!("{} does not exist", a.truth.display())).hint("check --truth"));
    }
    let path = a.truth.to_string_lossy().to_string();
    let truth = if path.ends_with(".parquet") {
        context.read_parquet(path, ParquetReadOptions::default()).await?
    } else {
        // Ids are text, whatever they look like.
        let options = CsvReadOptions::new().schema_infer_max_records(0).file_extension("");
        context.read_csv(path, options).await?
    };
    for column in ["channel", "source_record_id", "person_id"] {
        if !truth.schema().has_column_with_unqualified_name(column) {
            return Err(Error::usage(format!("{} has no column {column}", a.truth.display()))
                .hint("a truth file has the columns channel, source_record_id, person_id"));
        }
    }
    context.register_table("truth", truth.into_view())?;
    let mut names = Names::default();
    let mut records = Vec::new();
    let mut missing = 0u64;
    for batch in context.sql(LABELLED).await?.collect().await? {
        let [person, customer, channel] = [0, 1, 2].map(|c| batch.column(c).as_string::<i32>());
        let lost = batch.column(3).as_boolean();
        for row in 0..batch.num_rows() {
            missing += u64::from(lost.value(row));
            records.push(Labelled {
                person: names.person(person.value(row)),
                customer: names.customer(customer.value(row)),
                channel: names.channel(channel.value(row)),
            });
        }
    }
    if records.is_empty() {
        return Err(Error::usage(format!("{} has no rows", a.truth.display())).hint("check --truth"));
    }
    let found = evaluate(&records);
    output::print(&match a.format {
        TextFormat::Json => json_of(&found, missing, &names, &published.run_id).to_string(),
        TextFormat::Text => text_of(&found, missing, &names),
    })?;
    Ok(0)
}

/// Texts as small numbers.
#[derive(Default)]
struct Names {
    people: HashMap<String, u32>,
    customers: HashMap<String, u32>,
    channels: Vec<String>,
}

impl Names {
    fn person(&mut self, name: &str) -> u32 {
        number(&mut self.people, name)
    }

    fn customer(&mut self, name: &str) -> u32 {
        number(&mut self.customers, name)
    }

    fn channel(&mut self, name: &str) -> u16 {
        match self.channels.iter().position(|c| c == name) {
            Some(place) => place as u16,
            None => {
                self.channels.push(name.to_string());
                (self.channels.len() - 1) as u16
            }
        }
    }
}

fn number(numbers: &mut HashMap<String, u32>, name: &str) -> u32 {
    let next = numbers.len() as u32;
    match numbers.get(name) {
        Some(number) => *number,
        None => {
            numbers.insert(name.to_string(), next);
            next
        }
    }
}

fn json_of(found: &Evaluation, missing: u64, names: &Names, run_id: &str) -> serde_json::Value {
    let of = |counts: &PairCounts| {
        let s = counts.scores();
        json!({ "precision": s.precision, "recall": s.recall, "f1": s.f1,
                "true_positive": counts.both, "predicted": counts.joined, "true": counts.true_pairs })
    };
    let by_channels: serde_json::Map<String, serde_json::Value> = found
        .by_channels
        .iter()
        .map(|((a, b), counts)| {
            (format!("{}+{}", names.channels[*a as usize], names.channels[*b as usize]), of(counts))
        })
        .collect();
    json!({
        "run_id": run_id,
        "records": found.records,
        "people": found.people,
        "customers": found.customers,
        "exact_customers": found.exact,
        "records_without_customer": missing,
        "pairwise": of(&found.pairs),
        "b_cubed": found.b_cubed,
        "by_channels": by_channels,
    })
}

fn text_of(found: &Evaluation, missing: u64, names: &Names) -> String {
    let line = |name: &str, s: &Scores, pairs: Option<u64>| {
        let pairs = pairs.map(|n| format!("{n:>12}")).unwrap_or_default();
        format!("{name:<24}{:>10.4}{:>10.4}{:>10.4}{pairs}\n", s.precision, s.recall, s.f1)
    };
    let mut text = format!(
        "{} records of {} people are {} customers; {} customers are exactly one person\n",
        found.records, found.people, found.customers, found.exact
    );
    if missing > 0 {
        text += &format!("{missing} records of the truth have no customer (rejected, or not in the input)\n");
    }
    text += &format!("\n{:<24}{:>10}{:>10}{:>10}{:>12}\n", "", "precision", "recall", "F1", "true pairs");
    text += &line("pairwise", &found.pairs.scores(), Some(found.pairs.true_pairs));
    text += &line("B-cubed", &found.b_cubed, None);
    for ((a, b), counts) in &found.by_channels {
        let name = format!("{} + {}", names.channels[*a as usize], names.channels[*b as usize]);
        text += &line(&name, &counts.scores(), Some(counts.true_pairs));
    }
    text.trim_end().to_string()
}
