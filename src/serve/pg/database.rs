//! A database: the tables of one run as one login may see them, with their catalogue.
//!
//! In: a lake, a login. Out: the newest run's [`Database`], opened once and shared by all connections that want it, and sessions over it.
//! A session has a pool of memory of its own, and the tables of its login and nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider, TableProvider,
};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::{PgCatalogSchemaProvider, PgCatalogStaticTables};
use tokio::sync::Mutex;

use super::catalog::{self, Layered, PUBLIC, Person, Relation};
use super::logins;
use crate::audit::analyst;
use crate::engine::bounds::bound;
use crate::engine::dates::set_zone;
use crate::engine::session::{Resources, session, step_limit};
use crate::error::{Error, Result};
use crate::functions::resolve;
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::{definitions, published};
use crate::store::Location;
use crate::tables::contract;

/// How long what was seen of the lake is believed: a look is a list of one folder, and nobody waits longer for a new run.
const LOOK: Duration = Duration::from_secs(1);

/// What a database is of: its name, and the purpose of the analyst's profile.
pub(super) type Key = (logins::Database, Option<String>);

/// All databases of a lake.
pub(super) struct Databases {
    lake: Location,
    statics: Arc<PgCatalogStaticTables>,
    seen: Mutex<Option<Seen>>,
    open: Mutex<HashMap<Key, Arc<Database>>>,
}

/// The newest run when somebody last looked.
struct Seen {
    at: Instant,
    newest: Option<(i64, String)>,
    run: PublishedRun,
}

/// The tables of one run as one kind of login sees them.
pub(super) struct Database {
    /// The run.
    pub run_id: String,
    /// Its time zone.
    pub zone: String,
    /// Whether it is the analyst's profile.
    pub is_profile: bool,
    name: &'static str,
    public: Arc<dyn SchemaProvider>,
    information: Arc<dyn SchemaProvider>,
    system: Arc<dyn SchemaProvider>,
    relations: Arc<Vec<Relation>>,
    routines: Arc<Vec<catalog::Routine>>,
    resolve: Option<ScalarUDF>,
}

impl Databases {
    /// Those of a lake; nothing is opened yet.
    ///
    /// # Errors
    /// Bug, where the crate's own tables cannot be read.
    pub(super) fn new(lake: Location) -> Result<Self> {
        let statics = Arc::new(PgCatalogStaticTables::try_new()?);
        Ok(Databases { lake, statics, seen: Mutex::default(), open: Mutex::default() })
    }

    /// The database with the newest run.
    ///
    /// # Errors
    /// Usage, where nothing is published; configuration, where the profile has no key; environment, where the lake cannot be read.
    pub(super) async fn newest(&self, key: &Key) -> Result<Arc<Database>> {
        let run = self.run().await?;
        let mut open = self.open.lock().await;
        if let Some(found) = open.get(key).filter(|found| found.run_id == run.run_id) {
            return Ok(found.clone());
        }
        let opened = Arc::new(self.opened(key, &run).await?);
        open.insert(key.clone(), opened.clone());
        Ok(opened)
    }

    async fn run(&self) -> Result<PublishedRun> {
        let mut seen = self.seen.lock().await;
        if let Some(seen) = seen.as_mut() {
            if seen.at.elapsed() < LOOK {
                return Ok(seen.run.clone());
            }
            if published::newest(&self.lake).await? == seen.newest {
                seen.at = Instant::now();
                return Ok(seen.run.clone());
            }
        }
        // In this order: a run that is published in between is seen at the next look.
        let newest = published::newest(&self.lake).await?;
        let run = snapshot::find(&self.lake, None).await?;
        *seen = Some(Seen { at: Instant::now(), newest, run: run.clone() });
        Ok(run)
    }

    async fn opened(&self, key: &Key, run: &PublishedRun) -> Result<Database> {
        let name = key.0.name();
        let purpose = match (key.0, key.1.as_deref()) {
            (logins::Database::Nayose, _) => None,
            (logins::Database::Analyst, Some(purpose)) => Some(purpose),
            (logins::Database::Analyst, None) => {
                return Err(Error::config("this login of the analyst's profile has no purpose")
                    .hint("add it again: `nayose serve add-login NAME --database analyst --purpose churn`"));
            }
        };
        let context = session(&Resources { memory: OPENING, ..Resources::default() })?;
        let mut resolve = None;
        match purpose {
            Some(purpose) => {
                analyst::register_all(&context, &self.lake, run, &analyst::pseudonyms(purpose)?).await?;
            }
            None => {
                snapshot::register(&context, &self.lake, run, None).await?;
                let aliases = snapshot::aliases(&context, &self.lake, run).await?;
                resolve = Some(resolve::resolve_customer(aliases));
            }
        }
        if let Some(resolve) = &resolve {
            context.register_udf(resolve.clone());
        }
        let tables = tables_of(&context).await?;
        let is_profile = purpose.is_some();
        let contracts = definitions::contracts(&self.lake, &run.run_id).await?;
        let relations = catalog::relations(run, &tables, |table| match is_profile {
            true => contracts.find(table).and_then(contract::profile),
            false => contracts.find(table).copied(),
        });
        let routines = catalog::routines(&context);
        let public = MemorySchemaProvider::new();
        for (table, rows) in tables {
            public.register_table(table, rows)?;
        }
        // Behind our own tables lie those of a Postgres that nothing was made in.
        let nothing: Arc<dyn CatalogProviderList> = Arc::new(MemoryCatalogProviderList::new());
        let below = PgCatalogSchemaProvider::try_new(nothing, self.statics.clone(), EmptyContextProvider)?;
        Ok(Database {
            run_id: run.run_id.clone(),
            zone: run.zone().name().to_string(),
            is_profile,
            name,
            public: Arc::new(public),
            information: Arc::new(Layered::new(catalog::information(name, &relations)?, None)),
            system: Arc::new(Layered::new(catalog::system(name, &relations, &routines)?, Some(Arc::new(below)))),
            relations: Arc::new(relations),
            routines: Arc::new(routines),
            resolve,
        })
    }
}

/// Memory of the session in which a run is opened: it reads logs and the events of ids.
const OPENING: usize = 512 << 20;

/// The tables of the session, in the order of their names.
async fn tables_of(context: &SessionContext) -> Result<Vec<(String, Arc<dyn TableProvider>)>> {
    let default = context.state().config_options().catalog.clone();
    let schema = context.catalog(&default.default_catalog).and_then(|catalog| catalog.schema(&default.default_schema));
    let schema = schema.ok_or_else(|| Error::bug("the session has no schema"))?;
    let mut names = schema.table_names();
    names.sort();
    let mut found = Vec::new();
    for name in names {
        if let Some(table) = schema.table(&name).await? {
            found.push((name, table));
        }
    }
    Ok(found)
}

impl Database {
    /// A session over the tables, for one connection.
    ///
    /// # Errors
    /// Environment, where spill files cannot be written.
    pub(super) fn session(&self, who: &str, pid: i32, resources: &Resources) -> Result<SessionContext> {
        let context = session(resources)?;
        {
            let state = context.state_ref();
            let mut state = state.write();
            let options = state.config_mut().options_mut();
            options.sql_parser.dialect = datafusion::common::config::Dialect::PostgreSQL;
            options.catalog.default_catalog = self.name.to_string();
            options.catalog.default_schema = PUBLIC.to_string();
            // There is one of our own.
            options.catalog.information_schema = false;
        }
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(PUBLIC, self.public.clone())?;
        catalog.register_schema("information_schema", self.information.clone())?;
        catalog.register_schema("pg_catalog", self.system.clone())?;
        context.register_catalog(self.name, Arc::new(catalog));
        // It would tell where the lake lies.
        context.deregister_udf("input_file_name");
        if let Some(resolve) = &self.resolve {
            context.register_udf(resolve.clone());
        }
        let person = Person { name: who.to_string(), database: self.name, pid, zone: self.zone.clone() };
        catalog::register(&context, &person, &self.relations, &self.routines);
        set_zone(&context, &self.zone)?;
        bound(&context, step_limit(resources.memory));
        Ok(context)
    }
}
