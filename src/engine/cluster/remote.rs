//! A session whose plans run on a cluster.
//!
//! Plans are made here, by the same planner as for a local run. One that reads nothing but files runs on the cluster as a whole:
//! [`RemoteExec`] stands for it. One that reads the memory of this process (raw files being read, the clusters of people)
//! runs here.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use ballista_core::execution_plans::execute_physical_plan;
use ballista_core::extension::SessionConfigExt;
use ballista_core::optimizer::ballista_default_optimizer_rules;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{CacheFactory, SessionState, SessionStateBuilder};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::{StreamExt, TryStreamExt};

use super::codec::Codec;
use super::{Cluster, MESSAGE_BYTES};
use crate::error::Error;
use crate::tables::operator;

/// Rows in the memory of this process that travel with a plan.
const ROWS_THAT_TRAVEL: usize = 1024;

/// The settings that Ballista needs of every process.
pub(crate) fn settings(config: SessionConfig) -> SessionConfig {
    config.upgrade_for_ballista().with_ballista_grpc_client_max_message_size(MESSAGE_BYTES as usize)
}

/// A session whose plans run on the cluster where they can.
pub(crate) fn context(config: SessionConfig, runtime: Arc<RuntimeEnv>, cluster: &Cluster) -> SessionContext {
    let state = SessionStateBuilder::new()
        .with_config(settings(config))
        .with_runtime_env(runtime)
        .with_default_features()
        .with_optimizer_rules(ballista_default_optimizer_rules())
        .with_query_planner(Arc::new(Planner { cluster: Some(cluster.clone()) }))
        .with_cache_factory(Some(Arc::new(NoCache)))
        .build();
    SessionContext::new_with_state(state)
}

/// The same session with all of its plans run here.
pub(crate) fn here(state: SessionState) -> SessionState {
    SessionStateBuilder::new_from_existing(state)
        .with_query_planner(Arc::new(Planner { cluster: None }))
        .with_cache_factory(None)
        .build()
}

/// Rows that are asked for again are made again: in the memory of this process, no executor would find them.
#[derive(Debug)]
struct NoCache;

impl CacheFactory for NoCache {
    fn create(&self, plan: LogicalPlan, _: &SessionState) -> Result<LogicalPlan> {
        Ok(plan)
    }
}

#[derive(Debug)]
struct Planner {
    cluster: Option<Cluster>,
}

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = DefaultPhysicalPlanner::default().create_physical_plan(logical_plan, session).await?;
        match &self.cluster {
            Some(cluster) if travels(&plan) => Ok(Arc::new(RemoteExec::new(plan, cluster.clone()))),
            _ => Ok(plan),
        }
    }
}

/// Messages within messages of a plan that travels, at most. Readers of protocol buffers refuse more than a hundred (prost 0.14,
/// `RECURSION_LIMIT`), and the cluster puts some around a plan and on top of it.
const NESTED: usize = 80;

/// Whether the plan reads files, and next to nothing else, and is not too deep to be read again. What is stays here.
fn travels(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let mut all = Vec::new();
    leaves(plan, &mut all);
    let is_of_files =
        all.iter().any(|leaf| reads_files(leaf)) && all.iter().all(|leaf| reads_files(leaf) || is_small(leaf));
    is_of_files && nested(plan) <= NESTED
}

/// Messages within messages that a plan is, at most: two for each step, three for each expression.
fn nested(plan: &Arc<dyn ExecutionPlan>) -> usize {
    fn of(expression: &dyn PhysicalExpr) -> usize {
        3 + expression.children().into_iter().map(|child| of(child.as_ref())).max().unwrap_or(0)
    }
    let mut below = plan.children().into_iter().map(nested).max().unwrap_or(0);
    let _ = plan.apply_expressions(&mut |expression| {
        below = below.max(of(expression.as_ref()));
        Ok(TreeNodeRecursion::Continue)
    });
    2 + below
}

fn leaves<'a>(plan: &'a Arc<dyn ExecutionPlan>, into: &mut Vec<&'a Arc<dyn ExecutionPlan>>) {
    let children = plan.children();
    if children.is_empty() {
        into.push(plan);
    }
    children.into_iter().for_each(|child| leaves(child, into));
}

fn source(leaf: &Arc<dyn ExecutionPlan>) -> Option<&dyn Any> {
    leaf.downcast_ref::<DataSourceExec>().map(|exec| exec.data_source().as_ref() as &dyn Any)
}

fn reads_files(leaf: &Arc<dyn ExecutionPlan>) -> bool {
    source(leaf).is_some_and(|s| s.is::<FileScanConfig>())
}

fn is_small(leaf: &Arc<dyn ExecutionPlan>) -> bool {
    match source(leaf).and_then(|s| s.downcast_ref::<MemorySourceConfig>()) {
        Some(memory) => memory.partitions().iter().flatten().map(|b| b.num_rows()).sum::<usize>() <= ROWS_THAT_TRAVEL,
        None => leaf.is::<EmptyExec>() || leaf.is::<PlaceholderRowExec>(),
    }
}

/// A plan that runs on the cluster; its rows come back as one stream, in order where the plan sorts them.
#[derive(Debug)]
pub(crate) struct RemoteExec {
    plan: Arc<dyn ExecutionPlan>,
    cluster: Cluster,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl RemoteExec {
    fn new(plan: Arc<dyn ExecutionPlan>, cluster: Cluster) -> Self {
        let rows = EquivalenceProperties::new(plan.schema());
        let properties = operator::passing(rows, Partitioning::UnknownPartitioning(1));
        RemoteExec { plan, cluster, properties, metrics: ExecutionPlanMetricsSet::new() }
    }

    /// The same with a step on top, which runs on the cluster too.
    pub(crate) fn then(&self, step: impl FnOnce(Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan>) -> Self {
        Self::new(step(self.plan.clone()), self.cluster.clone())
    }
}

/// What the cluster says of a failure, as the user sees it.
fn failed(cluster: &Cluster, error: &DataFusionError) -> DataFusionError {
    let said = error.strip_backtrace();
    let sentence = said.lines().next().unwrap_or_default();
    let hint = if said.contains("Resources exhausted") {
        "give the executors more with --memory, or fewer --slots; finished stages are kept"
    } else {
        "look at what scheduler and executors wrote; then run again: finished stages are kept"
    };
    Error::environment(format!("the cluster {cluster} failed: {sentence}")).hint(hint).into()
}

impl DisplayAs for RemoteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteExec: {}", self.cluster)
    }
}

impl ExecutionPlan for RemoteExec {
    operator::methods!(of none);

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (plan, cluster) = (self.plan.clone(), self.cluster.clone());
        let rows = MetricBuilder::new(&self.metrics).output_rows(partition);
        let started = async move {
            let config = context.session_config().clone();
            let ballista = config.ballista_config();
            let session = context.session_id();
            execute_physical_plan::<PhysicalPlanNode>(
                cluster.url(),
                &ballista,
                plan,
                &Codec::default(),
                session,
                config,
            )
            .await
        };
        let cluster = self.cluster.clone();
        let stream = futures::stream::once(started)
            .try_flatten()
            .map(move |batch| batch.map_err(|e| failed(&cluster, &e)))
            .inspect_ok(move |batch| rows.add(batch.num_rows()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::expressions::{BinaryExpr, Column, lit};
    use datafusion::physical_plan::filter::FilterExec;

    #[test]
    fn what_is_deep_is_told() {
        let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
        let check = |steps: usize, sums: usize, depth: usize| {
            let mut sum: Arc<dyn PhysicalExpr> = Arc::new(Column::new("a", 0));
            for _ in 0..sums {
                sum = Arc::new(BinaryExpr::new(sum, Operator::Plus, lit(1i64)));
            }
            let mut plan: Arc<dyn ExecutionPlan> = Arc::new(EmptyExec::new(schema.clone()));
            for _ in 0..steps {
                let positive = Arc::new(BinaryExpr::new(sum.clone(), Operator::Gt, lit(0i64)));
                plan = Arc::new(FilterExec::try_new(positive, plan).expect("a filter"));
            }
            assert_eq!(nested(&plan), depth);
        };
        check(0, 0, 2);
        check(1, 0, 2 + 3 + 3);
        check(1, 30, 2 + 3 * 32);
        check(45, 0, 2 * 44 + 2 + 6);
    }
}
