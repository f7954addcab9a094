//! The features of all records in memory, and the files from which another process packs them again.
//!
//! In: the files of `standard_record` in order. Out: [`Packed`]. A process keeps the features that it packed last: an executor
//! packs once for all of a run's tasks, however many functions and tasks ask.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::prelude::ParquetReadOptions;

use super::pack::pack;
use crate::contract::STANDARD_RECORD;
use crate::error::{Error, Result};
use crate::model::{Model, Packed};
use crate::session::{Resources, session};

/// The features of all records.
#[derive(Debug)]
pub struct Records {
    files: Vec<String>,
    model: Option<Arc<Model>>,
    packed: OnceLock<Arc<Packed>>,
}

impl Records {
    /// Records that were packed from these files already.
    pub fn known(files: Vec<String>, packed: Arc<Packed>) -> Self {
        Records { files, model: None, packed: OnceLock::from(packed) }
    }

    /// Records that are packed when they are first asked for, for the features of `model`.
    pub fn of_files(files: Vec<String>, model: Arc<Model>) -> Self {
        Records { files, model: Some(model), packed: OnceLock::new() }
    }

    /// The files, as URLs, in order of the records.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The features.
    ///
    /// # Errors
    /// Environment, where a file cannot be read.
    pub fn packed(&self) -> Result<&Arc<Packed>> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed);
        }
        let model = self.model.as_ref().ok_or_else(|| Error::bug("records are neither packed nor to be packed"))?;
        let packed = last_packed(&self.files, model)?;
        Ok(self.packed.get_or_init(|| packed))
    }
}

/// What this process packed last, by the digest of files and model.
type Last = Option<(blake3::Hash, Arc<Packed>)>;

/// The features, from memory where they are those that this process packed last. Others who ask wait meanwhile.
fn last_packed(files: &[String], model: &Arc<Model>) -> Result<Arc<Packed>> {
    static LAST: Mutex<Last> = Mutex::new(None);
    let json = serde_json::to_vec(&(files, &**model)).map_err(|e| Error::bug(format!("a model is no JSON: {e}")))?;
    let digest = blake3::hash(&json);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((of, packed)) if *of == digest => return Ok(packed.clone()),
        // Those of another run go first, so that both are never in memory at once.
        _ => *last = None,
    }
    let packed = Arc::new(pack_aside(files.to_vec(), model.clone())?);
    *last = Some((digest, packed.clone()));
    Ok(packed)
}

/// Packs on a thread of its own: a function is called where no future may be waited for.
fn pack_aside(files: Vec<String>, model: Arc<Model>) -> Result<Packed> {
    let work = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            // With one thread the records come in the order of the files.
            let context = session(&Resources { threads: 1, ..Resources::default() })?;
            let schema = STANDARD_RECORD.schema();
            let rows = context.read_parquet(files, ParquetReadOptions::default().schema(&schema)).await?;
            pack(rows, &model).await
        })
    };
    std::thread::spawn(work).join().map_err(|_| Error::bug("packing the features stopped"))?
}
