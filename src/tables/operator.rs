//! What operators of ours tell the engine in the same words.

use std::sync::Arc;

use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::{Partitioning, PlanProperties};

/// Methods within `impl ExecutionPlan`. `of none`: the engine does not look at what is below, so that its rules neither deal the rows
/// out nor sort them; the field `properties` says how they come. `of an input`: the field `input` is the one plan below.
macro_rules! methods {
    (of none) => {
        fn name(&self) -> &str {
            Self::static_name()
        }

        fn properties(&self) -> &std::sync::Arc<datafusion::physical_plan::PlanProperties> {
            &self.properties
        }

        fn children(&self) -> Vec<&std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            Vec::new()
        }

        $crate::tables::operator::methods!(no expressions);

        fn with_new_children(
            self: std::sync::Arc<Self>,
            _: Vec<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>>,
        ) -> datafusion::error::Result<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            Ok(self)
        }
    };
    (of an input) => {
        fn name(&self) -> &str {
            Self::static_name()
        }

        fn children(&self) -> Vec<&std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            vec![&self.input]
        }

        fn with_new_children(
            self: std::sync::Arc<Self>,
            mut children: Vec<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>>,
        ) -> datafusion::error::Result<std::sync::Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
            match (children.pop(), children.is_empty()) {
                (Some(input), true) => Ok(std::sync::Arc::new(Self { input, ..Self::clone(&self) })),
                _ => Err(datafusion::error::DataFusionError::Internal(format!("{} has one input", self.name()))),
            }
        }
    };
    (no expressions) => {
        fn apply_expressions(
            &self,
            _: &mut dyn FnMut(
                &std::sync::Arc<dyn datafusion::physical_plan::PhysicalExpr>,
            ) -> datafusion::error::Result<datafusion::common::tree_node::TreeNodeRecursion>,
        ) -> datafusion::error::Result<datafusion::common::tree_node::TreeNodeRecursion> {
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        }
    };
}
pub(crate) use methods;

/// Properties of rows that go on as they come, and end.
pub(crate) fn passing(rows: EquivalenceProperties, partitioning: Partitioning) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(rows, partitioning, EmissionType::Incremental, Boundedness::Bounded))
}
