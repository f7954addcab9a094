//! The processes of a cluster: Ballista's scheduler and executor with nayose's functions, codec and object stores.
//!
//! Executors ask the scheduler for tasks, and fetch each other's intermediate rows; no process connects to an executor for any
//! other reason. Both end on SIGTERM and ctrl-c. Neither asks who connects: see docs/cluster.md for the network that they need.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::error::BallistaError;
use ballista_core::extension::SessionConfigExt;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::terminate::sig_term;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;

use super::codec::Codec;
use super::{Cluster, MESSAGE_BYTES, remote};
use crate::engine::session::Stores;
use crate::error::{Error, Result};
use crate::functions;

/// An executor that was not heard of for so long is lost, and its tasks are done again elsewhere. Executors report every five
/// seconds at least.
const LOST_AFTER_SECONDS: u64 = 15;

/// How often the scheduler looks for lost executors.
const LOOK_SECONDS: u64 = 2;

/// Without any executor a run waits so long for one.
const NO_EXECUTOR_SECONDS: u64 = 120;

/// Rows of a finished job are kept so long: the run may still be reading them.
const KEEP_SECONDS: u64 = 6 * 3600;

/// What a lost scheduler left behind on an executor's disk is removed after so long, looked for so often.
const LEFT_BEHIND_SECONDS: u64 = 24 * 3600;
const CLEAN_SECONDS: u64 = 600;

/// How long an executor waits for its scheduler to start.
const SCHEDULER_PATIENCE: Duration = Duration::from_secs(60);

/// How an executor runs.
#[derive(Clone, Debug)]
pub(crate) struct ExecutorOptions {
    /// Where it answers the other executors and the run.
    pub bind: SocketAddr,
    /// Its scheduler.
    pub scheduler: Cluster,
    /// Tasks at a time.
    pub slots: usize,
    /// Ceiling of the engine's memory in bytes, shared by the tasks. The features of all records come on top.
    pub memory: usize,
    /// Folder for intermediate rows and spill; a new one in the system's temporary folder where none is given.
    pub work: Option<PathBuf>,
}

/// Serves as scheduler until it is told to stop. `listening` is told the address.
///
/// # Errors
/// Environment, where the address cannot be used.
pub(crate) async fn scheduler(bind: SocketAddr, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    let listener = TcpListener::bind(bind).await.map_err(|e| cannot_listen(bind, &e))?;
    let address = listener.local_addr().map_err(|e| cannot_listen(bind, &e))?;
    let config = SchedulerConfig {
        external_host: address.ip().to_string(),
        bind_host: address.ip().to_string(),
        bind_port: address.port(),
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        task_distribution: TaskDistributionPolicy::RoundRobin,
        finished_job_data_clean_up_interval_seconds: KEEP_SECONDS,
        finished_job_state_clean_up_interval_seconds: KEEP_SECONDS,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES,
        grpc_client_max_message_size: MESSAGE_BYTES,
        executor_timeout_seconds: LOST_AFTER_SECONDS,
        expire_dead_executor_interval_seconds: LOOK_SECONDS,
        no_executors_grace_period_seconds: NO_EXECUTOR_SECONDS,
        override_config_producer: Some(Arc::new(settings)),
        override_session_builder: Some(Arc::new(|config: SessionConfig| Ok(state(config, runtime(None)?)))),
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(|e| stopped("scheduler", &e))?;
    let server = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config))
        .await
        .map_err(|e| stopped("scheduler", &e))?;
    listening(address);
    tokio::select! {
        served = start_grpc_service_with_listener(listener, server) => served.map_err(|e| stopped("scheduler", &e)),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = sig_term() => Ok(()),
    }
}

/// Serves as executor until it is told to stop. `listening` is told the address.
///
/// # Errors
/// Environment, where the address or the folder cannot be used, or the scheduler does not answer.
pub(crate) async fn executor(options: ExecutorOptions, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    // Ballista binds the port itself, ends in peace where it cannot, and tells the scheduler the number that it was given: whether
    // the port is free, and which one is, is found out here.
    let bind = free(options.bind).await.map_err(|e| cannot_listen(options.bind, &e))?;
    options.scheduler.alive(SCHEDULER_PATIENCE).await?;
    let own = options.work.is_none();
    let work = options.work.unwrap_or_else(|| std::env::temp_dir().join(format!("nayose-{}", unique())));
    make_private(&work)?;
    let state = state(settings(), runtime(None)?);
    let temporary = work.clone();
    let config = ExecutorProcessConfig {
        bind_host: bind.ip().to_string(),
        port: bind.port(),
        scheduler_host: options.scheduler.host().to_string(),
        scheduler_port: options.scheduler.port(),
        vcores: options.slots,
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(work.display().to_string()),
        job_data_ttl_seconds: LEFT_BEHIND_SECONDS,
        job_data_clean_up_interval_seconds: CLEAN_SECONDS,
        grpc_max_decoding_message_size: MESSAGE_BYTES,
        grpc_max_encoding_message_size: MESSAGE_BYTES,
        memory_pool_size: Some(options.memory as u64),
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&state))),
        override_runtime_producer: Some(Arc::new(move |_: &SessionConfig| runtime(Some(&temporary)))),
        override_config_producer: Some(Arc::new(settings)),
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..ExecutorProcessConfig::default()
    };
    listening(bind);
    let served = start_executor_process(Arc::new(config)).await.map_err(|e| stopped("executor", &e));
    if own {
        let _ = std::fs::remove_dir_all(&work);
    }
    served
}

/// The settings of a session before a run sends its own.
fn settings() -> SessionConfig {
    remote::settings(SessionConfig::new_with_ballista())
}

/// A session with nayose's functions.
fn state(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> SessionState {
    let state =
        SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build();
    let context = SessionContext::new_with_state(state);
    functions::register_all(&context);
    context.state()
}

/// Storage by URL, and a folder for spill. Memory is Ballista's to share out.
fn runtime(spill: Option<&Path>) -> datafusion::error::Result<Arc<RuntimeEnv>> {
    let builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Stores));
    match spill {
        Some(folder) => builder.with_temp_file_path(folder).build_arc(),
        None => builder.build_arc(),
    }
}

/// The address with a port that is free.
async fn free(bind: SocketAddr) -> std::io::Result<SocketAddr> {
    TcpListener::bind(bind).await?.local_addr()
}

/// A name that no other process has.
fn unique() -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("{}-{now}", std::process::id())
}

/// Intermediate rows are personal data: only this user may look at them.
fn make_private(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| {
        Error::environment(format!("cannot use the folder {}: {e}", folder.display()))
            .hint("give a folder that may be written with --work-dir")
    })
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Error {
    Error::environment(format!("cannot listen on {address}: {error}"))
        .hint("give another address with --bind, such as 127.0.0.1:0 for any free port")
}

fn stopped(what: &str, error: &BallistaError) -> Error {
    let said = error.to_string();
    Error::environment(format!("the {what} stopped: {}", said.lines().next().unwrap_or_default()))
        .hint("look at what it wrote before; start it again")
}
