//! Tables from the files that a run wrote.

use arrow::datatypes::SchemaRef;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};

use super::manifest::Output;
use crate::error::Result;
use crate::store::Location;

/// A table from its files.
///
/// # Errors
/// Environment, if a file cannot be read.
pub(crate) async fn table(
    context: &SessionContext,
    lake: &Location,
    output: &Output,
    schema: SchemaRef,
) -> Result<DataFrame> {
    let options = ParquetReadOptions::default().schema(&schema);
    Ok(context.read_parquet(files(lake, output), options).await?)
}

/// A table from its files, with the columns that they have.
///
/// # Errors
/// Environment, if a file cannot be read.
pub(crate) async fn inferred(context: &SessionContext, lake: &Location, output: &Output) -> Result<DataFrame> {
    Ok(context.read_parquet(files(lake, output), ParquetReadOptions::default()).await?)
}

/// The URLs of a table's files.
fn files(lake: &Location, output: &Output) -> Vec<String> {
    let folder = lake.join(&output.folder);
    output.parts.iter().map(|p| folder.join(&p.name).url().to_string()).collect()
}
