//! The two protocols of queries: a text with statements (simple), and a statement that is parsed, bound and run (extended).
//!
//! In: messages of a client. Out: answers of its [`Session`]. Both go through [`statement::kind`], plan in the run that the session
//! sees, and run within the same bounds. A statement that was prepared in an earlier run is planned again.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion_postgres::arrow_pg::datatypes::df;
use datafusion_postgres::pgwire::api::portal::{Format, Portal};
use datafusion_postgres::pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler, send_describe_response};
use datafusion_postgres::pgwire::api::results::{DescribePortalResponse, FieldInfo, Response, Tag};
use datafusion_postgres::pgwire::api::stmt::QueryParser;
use datafusion_postgres::pgwire::api::store::PortalStore;
use datafusion_postgres::pgwire::api::{ClientInfo, ClientPortalStore, Type};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::messages::PgWireBackendMessage;
use datafusion_postgres::pgwire::messages::extendedquery::{Describe, TARGET_TYPE_BYTE_PORTAL};
use datafusion_postgres::pgwire::messages::response::TransactionStatus;
use datafusion_postgres::pgwire::types::format::FormatOptions;
use futures::Sink;

use super::catalog;
use super::failure::{self, code};
use super::rows::{self, Batches, Bounds};
use super::session::{Session, View};
use super::statement::{self, Kind};

/// The queries of one connection.
pub(super) struct Handler(pub Arc<Session>);

/// A statement that was parsed.
#[derive(Clone)]
pub(super) struct Prepared {
    kind: Kind,
    /// The columns of its answer.
    schema: SchemaRef,
    /// The types of its parameters.
    parameters: Vec<Type>,
    plan: Option<Planned>,
}

/// A plan, and the run that it is of.
#[derive(Clone)]
struct Planned {
    run_id: String,
    plan: LogicalPlan,
}

impl Handler {
    /// The statements of a text.
    fn parsed(&self, sql: &str, types: &[Option<Type>]) -> PgWireResult<Vec<Statement>> {
        self.0.server.reader.statements(sql, types)
    }

    /// Runs a statement that asks for no rows of tables, or for those of a cursor.
    async fn small(
        &self,
        kind: &Kind,
        view: &View,
        status: TransactionStatus,
        format: &Format,
    ) -> PgWireResult<Response> {
        let session = &self.0;
        Ok(match kind {
            Kind::Begin if status == TransactionStatus::Idle => Response::TransactionStart(Tag::new("BEGIN")),
            Kind::Begin => Response::Execution(Tag::new("BEGIN")),
            Kind::End(word) => {
                session.close(None).await?;
                let word = if status == TransactionStatus::Error { "ROLLBACK" } else { *word };
                Response::TransactionEnd(Tag::new(word))
            }
            Kind::Nothing(word) => {
                if *word == "DISCARD ALL" {
                    session.close(None).await?;
                    session.set_timeout(0);
                }
                Response::Execution(Tag::new(word))
            }
            Kind::Set(name, value) => {
                self.set(view, name, value)?;
                Response::Execution(Tag::new("SET"))
            }
            Kind::Show(name) => {
                let said = match name.as_str() {
                    "statement_timeout" => Some(format!("{}ms", session.timeout().as_millis())),
                    name => catalog::setting(name, &view.database.zone),
                };
                let Some(said) = said else {
                    return Err(failure::error(code::UNDEFINED_OBJECT, "this configuration parameter is not there"));
                };
                let column = Arc::new(arrow::array::StringArray::from(vec![said]));
                let batch = arrow::array::RecordBatch::try_new(show_schema(name), vec![column]);
                let batch = batch.map_err(|e| failure::of(&e.into()))?;
                let fields = Arc::new(rows::fields(&batch.schema(), format, None)?);
                Response::Query(rows::of_batches(vec![batch], fields))
            }
            Kind::Fetch(name, number) => {
                let schema = session.columns(name).await?;
                let fields = Arc::new(rows::fields(&schema, format, None)?);
                let mut answer = rows::of_batches(session.fetch(name, *number).await?, fields);
                answer.set_command_tag("FETCH");
                Response::Query(answer)
            }
            Kind::Close(name) => {
                session.close(name.as_deref()).await?;
                Response::Execution(Tag::new("CLOSE CURSOR"))
            }
            Kind::Query(_) | Kind::Declare(..) => {
                return Err(failure::error(code::INTERNAL_ERROR, "not a small statement"));
            }
        })
    }

    fn set(&self, view: &View, name: &str, value: &str) -> PgWireResult<()> {
        match name {
            "statement_timeout" => {
                let milliseconds =
                    if value.eq_ignore_ascii_case("default") { Some(0) } else { statement::milliseconds(value) };
                let wrong =
                    || failure::error(code::INVALID_PARAMETER_VALUE, "statement_timeout is no time, such as 5s");
                self.0.set_timeout(milliseconds.ok_or_else(wrong)?);
                Ok(())
            }
            "timezone" => {
                let zone = &view.database.zone;
                match ["default", "local", zone.to_lowercase().as_str()].contains(&value.to_lowercase().as_str()) {
                    true => Ok(()),
                    false => Err(failure::hinted(
                        code::FEATURE_NOT_SUPPORTED,
                        "the time zone cannot be changed",
                        format!(
                            "days begin in {zone}, as in the figures of the run; a time says its zone: to_local_time and AT TIME ZONE turn it"
                        ),
                    )),
                }
            }
            _ => statement::may_set(name, value),
        }
    }

    /// Runs one statement of a text.
    async fn simple(
        &self,
        statement: &Statement,
        status: TransactionStatus,
        bounds: &Bounds,
        options: &Arc<FormatOptions>,
    ) -> PgWireResult<Response> {
        let kind = statement::kind(statement)?;
        may_go_on(&kind, status)?;
        let view = self.0.view(status != TransactionStatus::Idle).await.map_err(|e| failure::of(&e))?;
        let format = Format::UnifiedText;
        match &kind {
            Kind::Query(sql) => {
                let plan = self.0.plan(&view, sql).await?;
                let fields = rows::fields(plan.schema().as_arrow(), &format, Some(options.clone()))?;
                let batches = Batches::run(Session::rows(&view, plan), bounds.clone(), &self.0.server.threads);
                Ok(Response::Query(batches.answer(Arc::new(fields))))
            }
            Kind::Declare(name, sql) => {
                let plan = self.0.plan(&view, sql).await?;
                self.0.declare(name.clone(), Session::rows(&view, plan), bounds.clone()).await?;
                Ok(Response::Execution(Tag::new("DECLARE CURSOR")))
            }
            _ => self.small(&kind, &view, status, &format).await,
        }
    }

    /// The plan of a prepared statement in the run that the session sees now, with its parameters.
    async fn bound(
        &self,
        view: &View,
        sql: &str,
        planned: &Planned,
        portal: &Portal<Prepared>,
    ) -> PgWireResult<LogicalPlan> {
        let plan = match planned.run_id == view.database.run_id {
            true => planned.plan.clone(),
            false => self.0.plan(view, sql).await?,
        };
        if !plan.schema().as_arrow().fields().iter().map(|f| f.data_type()).eq(columns(&portal.statement.statement)) {
            return Err(failure::error(code::FEATURE_NOT_SUPPORTED, "cached plan must not change result type"));
        }
        let types = parameter_types(&plan)?;
        let types: Vec<Option<&DataType>> = types.iter().map(Option::as_ref).collect();
        let wire: Vec<Option<&Type>> = portal.statement.statement.parameters.iter().map(Some).collect();
        let values = df::deserialize_parameters_with_server_types(portal, &types, &wire)?;
        plan.replace_params_with_values(&values).map_err(|e| failure::of(&e.into()))
    }
}

fn columns(prepared: &Prepared) -> impl Iterator<Item = &DataType> {
    prepared.schema.fields().iter().map(|f| f.data_type())
}

/// The types of `$1`, `$2`, …, where the plan tells them. A tool may number a parameter that a rule took out of the query: its place is kept.
fn parameter_types(plan: &LogicalPlan) -> PgWireResult<Vec<Option<DataType>>> {
    let mut placed = Vec::new();
    for (number, data_type) in numbered(plan)? {
        placed.resize(number.max(placed.len()), None);
        placed[number - 1] = data_type;
    }
    Ok(placed)
}

/// The numbers of the parameters in order, from 1, with their types.
fn numbered(plan: &LogicalPlan) -> PgWireResult<Vec<(usize, Option<DataType>)>> {
    let types = plan.get_parameter_types().map_err(|e| failure::of(&e.into()))?;
    let number = |name: &str| name.trim_start_matches('$').parse::<u16>().ok().filter(|n| *n > 0).map(usize::from);
    let numbered = types.into_iter().map(|(name, data_type)| number(&name).map(|number| (number, data_type)));
    let Some(mut numbered) = numbered.collect::<Option<Vec<_>>>() else {
        return Err(failure::error(code::SYNTAX_ERROR, "parameters are numbered: $1, $2, …"));
    };
    numbered.sort_by_key(|(number, _)| *number);
    Ok(numbered)
}

fn show_schema(name: &str) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(name, DataType::Utf8, true)]))
}

/// In a transaction that failed nothing goes on but its end.
fn may_go_on(kind: &Kind, status: TransactionStatus) -> PgWireResult<()> {
    match (status, kind) {
        (TransactionStatus::Error, Kind::End(_)) | (TransactionStatus::Idle | TransactionStatus::Transaction, _) => {
            Ok(())
        }
        _ => Err(failure::error(
            code::IN_FAILED_SQL_TRANSACTION,
            "current transaction is aborted, commands ignored until end of transaction block",
        )),
    }
}

/// Waits for planning and first steps within the bounds of a statement.
async fn within<T>(bounds: &Bounds, work: impl Future<Output = PgWireResult<T>>) -> PgWireResult<T> {
    tokio::select! {
        biased;
        () = bounds.stop.cancelled() => Err(failure::cancelled()),
        () = tokio::time::sleep_until(bounds.until.into()) => Err(failure::timed_out()),
        done = work => done,
    }
}

#[async_trait]
impl SimpleQueryHandler for Handler {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let statements = self.parsed(query, &[])?;
        if statements.is_empty() {
            return Ok(vec![Response::EmptyQuery]);
        }
        let bounds = self.0.bounds().await?;
        let options = Arc::new(FormatOptions::from_client_metadata(client.metadata()));
        let mut status = client.transaction_status();
        let mut answers = Vec::new();
        for statement in &statements {
            match within(&bounds, self.simple(statement, status, &bounds, &options)).await {
                Ok(answer) => {
                    match &answer {
                        Response::TransactionStart(_) => status = TransactionStatus::Transaction,
                        Response::TransactionEnd(_) => status = TransactionStatus::Idle,
                        _ => {}
                    }
                    answers.push(answer);
                }
                // What came before is answered all the same.
                Err(error) if !answers.is_empty() => {
                    answers.push(Response::Error(Box::new(error.into())));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }
}

#[async_trait]
impl QueryParser for Handler {
    type Statement = Prepared;

    async fn parse_sql<C>(&self, client: &C, sql: &str, types: &[Option<Type>]) -> PgWireResult<Option<Prepared>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let mut statements = self.parsed(sql, types)?;
        if statements.len() > 1 {
            return Err(failure::error(
                code::SYNTAX_ERROR,
                "cannot insert multiple commands into a prepared statement",
            ));
        }
        let Some(statement) = statements.pop() else { return Ok(None) };
        let kind = statement::kind(&statement)?;
        let status = client.transaction_status();
        may_go_on(&kind, status)?;
        let nothing = Arc::new(Schema::empty());
        let prepared = |kind, schema, plan| Prepared { kind, schema, parameters: Vec::new(), plan };
        let sql = match &kind {
            Kind::Show(name) => {
                let schema = show_schema(name);
                return Ok(Some(prepared(kind, schema, None)));
            }
            Kind::Fetch(name, _) => {
                let schema = self.0.columns(name).await?;
                return Ok(Some(prepared(kind, schema, None)));
            }
            Kind::Query(sql) | Kind::Declare(_, sql) => sql.clone(),
            _ => return Ok(Some(prepared(kind, nothing, None))),
        };
        let view = self.0.view(status != TransactionStatus::Idle).await.map_err(|e| failure::of(&e))?;
        let work = self.0.plan(&view, &sql);
        let plan = tokio::time::timeout(self.0.timeout(), work).await.map_err(|_| failure::timed_out())??;
        let is_query = matches!(kind, Kind::Query(_));
        let schema = if is_query { Arc::new(plan.schema().as_arrow().clone()) } else { nothing };
        let told = (String::new(), Some((statement, plan.clone())));
        let mut parameters = Vec::new();
        for ((number, _), told) in numbered(&plan)?.into_iter().zip(self.0.server.types.get_parameter_types(&told)?) {
            parameters.resize(number.max(parameters.len()), Type::TEXT);
            parameters[number - 1] = if told == Type::UNKNOWN { Type::TEXT } else { told };
        }
        let planned = Planned { run_id: view.database.run_id.clone(), plan };
        Ok(Some(Prepared { kind, schema, parameters, plan: Some(planned) }))
    }

    fn get_parameter_types(&self, prepared: &Prepared) -> PgWireResult<Vec<Type>> {
        Ok(prepared.parameters.clone())
    }

    fn get_result_schema(&self, prepared: &Prepared, format: Option<&Format>) -> PgWireResult<Vec<FieldInfo>> {
        rows::fields(&prepared.schema, format.unwrap_or(&Format::UnifiedText), None)
    }
}

#[async_trait]
impl ExtendedQueryHandler for Handler {
    type Statement = Prepared;
    type QueryParser = Handler;

    fn query_parser(&self) -> Arc<Handler> {
        Arc::new(Handler(self.0.clone()))
    }

    async fn on_describe<C>(&self, client: &mut C, message: Describe) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        // A cursor is a portal too, whoever made it.
        if message.target_type == TARGET_TYPE_BYTE_PORTAL
            && let Some(name) = &message.name
            && client.portal_store().get_portal(name).is_none()
            && let Ok(schema) = self.0.columns(name).await
        {
            let fields = rows::fields(&schema, &Format::UnifiedText, None)?;
            return send_describe_response(client, &DescribePortalResponse::new(fields)).await;
        }
        self._on_describe(client, message).await
    }

    async fn do_query<C>(&self, client: &mut C, portal: &Portal<Prepared>, _: usize) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let prepared = &portal.statement.statement;
        let status = client.transaction_status();
        may_go_on(&prepared.kind, status)?;
        let bounds = self.0.bounds().await?;
        let options = Arc::new(FormatOptions::from_client_metadata(client.metadata()));
        let format = &portal.result_column_format;
        let work = async {
            let view = self.0.view(status != TransactionStatus::Idle).await.map_err(|e| failure::of(&e))?;
            match (&prepared.kind, &prepared.plan) {
                (Kind::Query(sql), Some(planned)) => {
                    let plan = self.bound(&view, sql, planned, portal).await?;
                    let fields = rows::fields(&prepared.schema, format, Some(options))?;
                    let batches = Batches::run(Session::rows(&view, plan), bounds.clone(), &self.0.server.threads);
                    Ok(Response::Query(batches.answer(Arc::new(fields))))
                }
                (Kind::Declare(name, sql), Some(_)) => {
                    let plan = self.0.plan(&view, sql).await?;
                    self.0.declare(name.clone(), Session::rows(&view, plan), bounds.clone()).await?;
                    Ok(Response::Execution(Tag::new("DECLARE CURSOR")))
                }
                (kind, _) => self.small(kind, &view, status, format).await,
            }
        };
        within(&bounds, work).await
    }
}
