//! The features of all records in memory, and the file by which other processes get them.
//!
//! In: [`Packed`], which a run makes once. Out: the same in an executor, which reads the file when it is first asked for. A
//! process keeps the features that it read last: an executor reads once for all of a run's tasks, however many functions and
//! tasks ask.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::{Error, Result};
use crate::store::Location;
use nayose_matching::model::Packed;

/// The features of all records.
#[derive(Debug)]
pub(crate) struct Records {
    file: String,
    packed: OnceLock<Arc<Packed>>,
}

impl Records {
    /// Records that only this process asks for.
    pub(crate) fn here(packed: Arc<Packed>) -> Self {
        Records { file: String::new(), packed: OnceLock::from(packed) }
    }

    /// Records that other processes ask for too: writes their features below `folder`, to a file named by its content. While
    /// it is written the features are in memory twice.
    ///
    /// # Errors
    /// Environment, where the file cannot be written.
    pub(crate) async fn shared(packed: Arc<Packed>, folder: &Location) -> Result<Self> {
        let bytes =
            postcard::to_stdvec(&*packed).map_err(|e| Error::bug(format!("features cannot be written: {e}")))?;
        let file = folder.join(&format!("features-{}.bin", &blake3::hash(&bytes).to_hex()[..16]));
        file.write(bytes).await?;
        Ok(Records { file: file.url().to_string(), packed: OnceLock::from(packed) })
    }

    /// Records whose features are read from a file when they are first asked for.
    #[cfg(any(test, feature = "cluster"))]
    pub(crate) fn of_file(file: String) -> Self {
        Records { file, packed: OnceLock::new() }
    }

    /// URL of the file; empty where the records are in this process alone.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The features.
    ///
    /// # Errors
    /// Environment, where the file cannot be read; bug, where it holds something else.
    pub(crate) fn packed(&self) -> Result<&Arc<Packed>> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed);
        }
        let packed = last_read(&self.file)?;
        Ok(self.packed.get_or_init(|| packed))
    }

    /// Removes the file: nobody asks any more.
    ///
    /// # Errors
    /// Environment, where it cannot be removed.
    pub(crate) async fn forget(&self) -> Result<()> {
        if self.file.is_empty() { Ok(()) } else { location(&self.file)?.remove().await }
    }
}

fn location(file: &str) -> Result<Location> {
    // A URL is whole; no folder stands before it.
    Location::parse(file, std::path::Path::new("/"))
}

/// The features of a file, from memory where they are those that this process read last. Others who ask wait meanwhile.
fn last_read(file: &str) -> Result<Arc<Packed>> {
    static LAST: Mutex<Option<(String, Arc<Packed>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((of, packed)) if of == file => return Ok(packed.clone()),
        // Those of another run go first, so that both are never in memory at once.
        _ => *last = None,
    }
    let packed = Arc::new(read_aside(file)?);
    *last = Some((file.to_string(), packed.clone()));
    Ok(packed)
}

/// Reads on a thread of its own: a function is called where no future may be waited for.
fn read_aside(file: &str) -> Result<Packed> {
    let location = location(file)?;
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let bytes = runtime.block_on(location.read())?;
        postcard::from_bytes(&bytes).map_err(|e| Error::bug(format!("{} holds no features: {e}", location.shown())))
    };
    std::thread::spawn(work).join().map_err(|_| Error::bug("reading the features stopped"))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use nayose_matching::model::column::FeatureBuilder;
    use nayose_matching::model::{NamePart, Prepare};

    #[tokio::test]
    async fn another_process_gets_the_same_features() {
        let columns = [["1980-03-04", "1980-03", "", "1980-03-04"], ["佐藤", "佐藤", "伊藤", ""]].map(|values| {
            let mut builder = FeatureBuilder::new();
            values.iter().for_each(|value| builder.push(value.split('・').filter(|v| !v.is_empty())));
            let mut column = builder.finish();
            column.prepare(Prepare { edits: true, dates: true, names: Some(NamePart::Family) });
            column
        });
        let packed = Packed::new(columns.into(), vec!["shop".into()], vec![0; 4], &[(0, 1)]);
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Location::parse(&folder.path().display().to_string(), folder.path()).expect("a location");
        let shared = Records::shared(Arc::new(packed), &lake).await.expect("written");
        let read = Records::of_file(shared.file().to_string());
        let features = |records: &Records| format!("{:?}", records.packed().expect("features"));
        assert_eq!(features(&read), features(&shared));
        shared.forget().await.expect("removed");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        assert_eq!(features(&Records::of_file(shared.file().to_string())), features(&shared), "kept in memory");
    }
}
