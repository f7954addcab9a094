//! `nayose history`.

use clap::Args;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::SessionContext;

use super::{LakeArguments, Language, ResourceArguments, TextFormat, output};
use crate::contract::{ID_EVENT, ID_MAP, RUN, col};
use crate::error::{Error, Result};
use crate::explain::{HistoryEvent, HistoryView, Membership, history_text};
use crate::functions::text;
use crate::identity::customer_id;
use crate::runner::snapshot::{self, time_text};
use crate::session::session;
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A customer id, an alias too
    id: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// Language of the story
    #[arg(long, default_value = "ja")]
    lang: Language,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let id = customer_id::parse(&a.id).ok_or_else(|| {
        Error::usage(format!("{:?} is no customer id: its check character does not fit", a.id))
            .hint("read it again; `nayose explain channel:record_id channel:record_id` shows the customers of records")
    })?;
    let lake = Location::parse(&a.lake.lake, &std::env::current_dir()?)?;
    let published = snapshot::find(&lake, None).await?;
    let context = session(&a.resources.resources())?;
    snapshot::know_all(&context, &lake, &published).await?;
    let aliases = snapshot::aliases(&context).await?;
    let view = HistoryView {
        today: aliases.resolve(&id).to_string(),
        events: events(&context, &id).await?,
        records: records(&context, &id).await?,
        customer_id: id,
    };
    if view.events.is_empty() {
        return Err(Error::usage(format!("there never was a customer {}", view.customer_id))
            .hint("nayose sql \"select customer_id from golden_customer limit 10\" shows some"));
    }
    output::print(&match a.format {
        TextFormat::Text => history_text(&view, a.lang == Language::Ja),
        TextFormat::Json => {
            serde_json::to_string(&view).map_err(|e| Error::bug(format!("the history cannot be written: {e}")))?
        }
    })?;
    Ok(0)
}

/// What happened to the id, and to others with it, oldest first.
async fn events(context: &SessionContext, id: &str) -> Result<Vec<HistoryEvent>> {
    let of = |column: &str| -> Expr { ident(column).eq(lit(id)) };
    let events = context.table(ID_EVENT.name).await?.filter(of(col::CUSTOMER_ID).or(of(col::COUNTERPART)))?;
    context.register_table("own_event", events.into_view())?;
    let query = format!(
        "select e.valid_from, r.run_number, e.customer_id, e.event, e.counterpart, e.reason
         from own_event e join {} r on e.run_id = r.run_id order by 2, 1, 4, 3, 5",
        RUN.name
    );
    let mut found = Vec::new();
    for batch in context.sql(&query).await?.collect().await? {
        let (at, run) = (text::times(batch.column(0))?, text::longs(batch.column(1))?);
        let [id, event, other, reason] = [2, 3, 4, 5].map(|c| batch.column(c).as_string::<i32>());
        for row in 0..batch.num_rows() {
            found.push(HistoryEvent {
                at: time_text(at.value(row)),
                run: run.value(row),
                customer_id: id.value(row).to_string(),
                event: event.value(row).to_string(),
                counterpart: text::text_at(other, row).map(str::to_string),
                reason: reason.value(row).to_string(),
            });
        }
    }
    Ok(found)
}

/// The records that the id has or had.
async fn records(context: &SessionContext, id: &str) -> Result<Vec<Membership>> {
    let columns = [col::CHANNEL, col::RECORD_ID, col::VALID_FROM, col::VALID_TO];
    let rows =
        context.table(ID_MAP.name).await?.filter(ident(col::CUSTOMER_ID).eq(lit(id)))?.select_columns(&columns)?;
    let rows = rows.sort([2, 0, 1].map(|c| ident(columns[c]).sort(true, false)).to_vec())?;
    let mut found = Vec::new();
    for batch in rows.collect().await? {
        let [channel, record] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
        let [from, to] = [2, 3].map(|c| batch.column(c).as_primitive::<TimestampMicrosecondType>());
        for row in 0..batch.num_rows() {
            found.push(Membership {
                record: format!("{}:{}", channel.value(row), record.value(row)),
                from: time_text(from.value(row)),
                to: to.is_valid(row).then(|| time_text(to.value(row))),
            });
        }
    }
    Ok(found)
}
