//! The one builder of the DataFusion session: memory ceiling, spill, threads, stores, functions.

use std::sync::Arc;

use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use object_store::ObjectStore;
use url::Url;

use super::bounds::Limit;
use super::cluster::{self, Cluster};
use super::spill::Spill;
use crate::error::Result;
use crate::functions;
use crate::store;

/// How this run uses the machine.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Ceiling of memory in bytes, of which the engine's pool has [`COUNTED`].
    pub memory: usize,
    /// Number of threads that compute; on a cluster the number of pieces into which each step is cut.
    pub threads: usize,
    /// Folder for spill files; the system's temporary folder where none is given.
    pub spill: Option<std::path::PathBuf>,
    /// Bytes of spill files at most; a step that wants more fails.
    pub spill_limit: u64,
    /// Whether spill files are encrypted, with a key that only this process has.
    pub spill_encrypt: bool,
    /// Where plans run; here where no cluster is given.
    pub cluster: Option<Cluster>,
}

impl Default for Resources {
    fn default() -> Self {
        Resources {
            memory: machine_memory() / 2,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            spill: None,
            spill_limit: SPILL_LIMIT,
            spill_encrypt: false,
            cluster: None,
        }
    }
}

/// Bytes of spill files where nothing is said: what a disk of usual size has to spare.
const SPILL_LIMIT: u64 = 100 << 30;

/// Below this ceiling memory is dear: batches are smaller, and more of it is not counted on.
const SMALL: usize = 2 << 30;

/// Rows of a batch below [`SMALL`]: a wide record has some three KiB, and each of the operators of a plan holds a batch or two.
pub(super) const SMALL_BATCH_ROWS: usize = 2048;

/// Rows of a batch, and bytes that are sorted in one go instead of being merged: fewer and larger batches make sorts a tenth
/// faster at 100,000 people, because less is compared and gathered row by row (`nayose run --profile -`).
const BATCH_ROWS: usize = 32_768;
const SORTED_AT_ONCE: usize = 64 << 20;

/// Bytes and rows of the smaller side of a join up to which it becomes one table, built by one thread, so that the larger side (all
/// facts, or wide records) stays where it is. It is in memory as a whole in either case.
const ONE_TABLE: (usize, usize) = (1 << 30, 4 << 20);

/// Number of largest consumers that an out-of-memory message names.
const CONSUMERS_NAMED: usize = 3;

/// The part of the ceiling that is the engine's pool: three quarters. What the engine does not count (rows on their way between
/// operators, columns being encoded, files being read, freed memory that the allocator keeps) took 0.7 GiB beside a pool of 3 GiB at
/// 1,000,000 people, and 1.9 GiB beside one of 11.7 GiB at 5,000,000.
const COUNTED: (usize, usize) = (3, 4);

/// What a process has at least beside the pool: the program, the dictionaries, the threads, a batch on its way in each operator.
const BESIDE: usize = 288 << 20;

/// The least ceiling with which a run begins: [`BESIDE`], and a pool with which 50,000 people still come through.
pub(crate) const LEAST: usize = 384 << 20;

/// The bytes of the engine's pool under a ceiling.
fn pool_bytes(memory: usize) -> usize {
    (memory / COUNTED.1 * COUNTED.0).min(memory.saturating_sub(BESIDE)).max(memory / 4)
}

/// What one step of a query that other people write may make under a ceiling, beside the pool: a quarter of it, for each thread that computes.
/// Rows are some KiB wide at most, and a batch has [`SMALL_BATCH_ROWS`]: below the least no table could be joined.
pub(crate) fn step_limit(memory: usize) -> Limit {
    const LEAST: usize = 16 << 20;
    Limit((pool_bytes(memory) / 4).max(LEAST))
}

/// What a sort needs of the pool in each piece that a step is cut into: what the engine sets aside for its merge, and a batch of wide
/// rows twice, as it is and in order (2048 rows of some three KiB below [`SMALL`]).
const PIECE: usize = SET_ASIDE + (12 << 20);

/// Bytes that the engine sets aside for the merge of every sort with a row that may spill: its own default.
const SET_ASIDE: usize = 10 << 20;

/// The parts of the pool of which all sorts that run at once set one aside for each piece. Unions have four and five sorts in each
/// piece, and together they may take half of the pool.
const SET_ASIDE_PART: usize = 8;

/// The pieces into which steps are cut that run here: as many as threads, or as the pool has room for. With 64 threads and a pool of
/// 96 MiB a sort of a few thousand rows would want 640 MiB.
fn pieces(threads: usize, pool: usize) -> usize {
    threads.min(pool / PIECE).max(1)
}

/// The bytes that each sort sets aside.
fn set_aside(pieces: usize, pool: usize) -> usize {
    SET_ASIDE.min(pool / SET_ASIDE_PART / pieces)
}

/// A session with nayose's functions.
///
/// # Errors
/// Environment, if the spill folder cannot be used.
pub fn session(resources: &Resources) -> Result<SessionContext> {
    if resources.memory < SMALL {
        nayose_allocator::give_back_at_once();
    }
    let pool = pool_bytes(resources.memory);
    // Those who work on a cluster have pools of their own.
    let pieces = if resources.cluster.is_some() { resources.threads } else { pieces(resources.threads, pool) };
    let mut config = SessionConfig::new()
        .with_target_partitions(pieces)
        .with_batch_size(if resources.memory < SMALL { SMALL_BATCH_ROWS } else { BATCH_ROWS })
        .with_information_schema(true)
        .with_collect_statistics(true);
    let options = config.options_mut();
    options.execution.sort_in_place_threshold_bytes = SORTED_AT_ONCE;
    // The tables' contract has plain Utf8; views would only be cast back.
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // Filters of the marts keep every other row: to skip these while decoding costs more than to read them all.
    options.execution.parquet.pushdown_filters = false;
    // Rows that lie together by customer are not dealt out to be grouped by customer and something else.
    options.optimizer.subset_repartition_threshold = 1;
    if resources.cluster.is_none() {
        options.execution.sort_spill_reservation_bytes = set_aside(pieces, pool);
        options.optimizer.hash_join_single_partition_threshold = ONE_TABLE.0;
        options.optimizer.hash_join_single_partition_threshold_rows = ONE_TABLE.1;
    }
    let pool: Arc<dyn MemoryPool> = Arc::new(TrackConsumersPool::new(
        FairSpillPool::new(pool),
        std::num::NonZeroUsize::new(CONSUMERS_NAMED).unwrap_or(std::num::NonZeroUsize::MIN),
    ));
    let spill = Spill::new(resources.spill.clone(), resources.spill_limit, resources.spill_encrypt)?;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_object_store_registry(Arc::new(Stores))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_temp_file_factory(Arc::new(spill)))
        .build_arc()?;
    let context = match &resources.cluster {
        Some(cluster) => cluster::context(config, runtime, cluster),
        None => SessionContext::new_with_config_rt(config, runtime),
    };
    functions::register_all(&context);
    Ok(context)
}

/// Makes rows known to the session by this name, and by it no others.
///
/// # Errors
/// As the engine says.
pub(crate) fn replace_table(context: &SessionContext, name: &str, rows: DataFrame) -> Result<()> {
    context.deregister_table(name)?;
    context.register_table(name, rows.into_view())?;
    Ok(())
}

/// Every store is known to every session by its URL.
#[derive(Debug)]
pub(crate) struct Stores;

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, _: &Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> datafusion::error::Result<Arc<dyn ObjectStore>> {
        Ok(store::store_of(url)?)
    }
}

/// The machine's memory in bytes: the smaller of its RAM and the limit of its control group.
pub(crate) fn machine_memory() -> usize {
    const UNKNOWN: usize = 4 << 30;
    let ram = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|l| l.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kib| kib * 1024)
    });
    let limit =
        std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<usize>().ok());
    match (ram, limit) {
        (Some(ram), Some(limit)) => ram.min(limit),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => UNKNOWN,
    }
}

/// The same session with one thread, which keeps rows in the order of their files, and with its plans run in this process, which
/// is where the rows are wanted.
pub(crate) fn in_order(context: &SessionContext) -> SessionContext {
    let mut state = cluster::here(context.state());
    state.config_mut().options_mut().execution.target_partitions = 1;
    SessionContext::new_with_state(state)
}

/// The same session with steps cut into as many pieces as there are threads, however small the pool: for plans that sort nothing, as
/// those that read files, which wait for a store.
pub(crate) fn as_wide_as_threads(context: &SessionContext, threads: usize) -> SessionContext {
    let mut state = context.state();
    state.config_mut().options_mut().execution.target_partitions = threads;
    SessionContext::new_with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_in_many_threads_leave_room_in_a_small_pool() {
        for threads in [1, 2, 4, 8, 64, 1000] {
            for memory in [LEAST, 512 << 20, 1 << 30, 8 << 30, 64 << 30] {
                let pool = pool_bytes(memory);
                let pieces = pieces(threads, pool);
                let told = format!("{threads} threads, {} MiB: {pieces} pieces", memory >> 20);
                assert!((1..=threads).contains(&pieces) && pieces * PIECE <= pool.max(PIECE), "{told}");
                // Four sorts in each piece.
                assert!(4 * pieces * set_aside(pieces, pool) <= pool / 2, "{told}");
                assert!(set_aside(pieces, pool) >= 1 << 20, "{told}");
            }
        }
        assert_eq!((pieces(64, pool_bytes(LEAST)), pieces(64, pool_bytes(8 << 30))), (4, 64));
        assert_eq!(set_aside(2, pool_bytes(1 << 30)), SET_ASIDE);
    }
}
