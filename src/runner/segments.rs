//! The segments of a run: their members, what becomes of those of mail lists, the lists, and what they came to.
//!
//! In: the marts of this run, which the session knows by their names. Out: `segment_member`, `mail_list` and `segment`. Nothing is published
//! where somebody without consent is on a list.

use super::Run;
use crate::engine::session::replace_table;
use crate::engine::write::Order;
use crate::error::Result;
use crate::lake::manifest::StageRecord;
use crate::lake::results::SegmentResult;
use crate::stages::Planned;
use crate::stages::marts::segments::choice::SegmentChoice;
use crate::stages::marts::segments::{Counts, List, Segments, failed, list_table};
use crate::tables::contract::{MAIL_LIST, SEGMENT, SEGMENT_MEMBER, Table};

impl Run<'_> {
    /// Makes the tables of segments, where the pipeline has any, and makes them known to the session.
    pub(super) async fn segments(
        &self,
        of: &SegmentChoice<'_>,
        record: &mut StageRecord,
    ) -> Result<Vec<SegmentResult>> {
        if self.pipeline.segments.is_empty() {
            return Ok(Vec::new());
        }
        let segments = Segments { context: &self.context, pipeline: self.pipeline, as_of: self.as_of()? };
        let planned = segments.member_plan(&of.segments).await?;
        let members = self.put_and_read(planned, true, record).await?;
        replace_table(&self.context, SEGMENT_MEMBER.name, members.clone())?;
        let mut lists: Vec<List<'_>> = Vec::new();
        for &(segment, send) in &of.lists {
            let plan = segments.list((segment, send), &members, &lists).await?;
            // What goes after it reads its files, as marts do.
            let table = Table::without_contract(&list_table(&segment.name));
            let planned = Planned { table, plan, order: Order::Any };
            let rows = self.put_and_read(planned, false, record).await.map_err(|e| failed(segment, e))?;
            lists.push(List { segment, send, rows });
        }
        let list = self.put_and_read(segments.mail_list_plan(&lists)?, true, record).await?;
        replace_table(&self.context, MAIL_LIST.name, list)?;
        if !lists.is_empty() {
            segments.check_consent().await?;
        }
        let counts = segments.counts(&of.segments, &members, &lists).await?;
        let rows = self.put_and_read(segments.segment_plan(&of.segments, &counts)?, true, record).await?;
        replace_table(&self.context, SEGMENT.name, rows)?;
        let result =
            |(segment, of): (String, Counts)| SegmentResult { segment, members: of.members, listed: of.listed() };
        Ok(counts.into_iter().map(result).collect())
    }
}
