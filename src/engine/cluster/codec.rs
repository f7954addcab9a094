//! What Ballista's own codec does not know: nayose's functions by their recipes, and the writer of work tables.
//!
//! A plan goes from the run to the scheduler and from there to the executors, each of which makes it again from bytes. A
//! function that has no configuration is known to every process by its name.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};

use super::parts::PartsExec;
use crate::functions::remake;

/// What the bytes of our own node begin with. No message of Ballista's does: as a tag it has a wire type that does not exist.
const OWN: &[u8] = b"nayose";

/// The codec of every process of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Codec {
    ballista: BallistaPhysicalExtensionCodec,
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        proto_converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (buf.strip_prefix(OWN), inputs) {
            (Some(own), [input]) => Ok(Arc::new(PartsExec::from_json(own, input.clone())?)),
            (Some(_), _) => Err(DataFusionError::Internal("a writer of parts has one input".into())),
            (None, _) => self.ballista.try_decode(buf, inputs, ctx, proto_converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        proto_converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<PartsExec>() {
            Some(own) => {
                buf.extend_from_slice(OWN);
                buf.extend_from_slice(&own.to_json()?);
                Ok(())
            }
            None => self.ballista.try_encode(node, buf, proto_converter),
        }
    }

    fn try_decode_udf(&self, _name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        Ok(Arc::new(remake::function_of(buf)?))
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        if let Some(recipe) = remake::recipe_of(node) {
            buf.extend_from_slice(recipe.as_bytes());
        }
        Ok(())
    }
}
