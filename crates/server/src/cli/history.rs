//! `muster admin history`: every change, in order, for people or programs.

use std::io::{BufWriter, Write};

use clap::Parser;
use model::{Identity, IdentityId, PROPERTIES, TenantId, Value};
use serde_json::{Map, json};
use store::{Actor, Change, HistoryFilter, Store};

use super::{Failure, Output, table};

/// Changes read at a time: a history may be longer than memory.
const CHUNK: usize = 1_000;

/// Options of `muster admin history`.
#[derive(Debug, Parser)]
pub(super) struct HistoryArgs {
    /// Only the changes of this tenant.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,

    /// Only the changes of this identity.
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    id: Option<IdentityId>,

    /// How to write the history.
    #[arg(long, default_value = "table")]
    output: Output,
}

fn parse_id(text: &str) -> Result<IdentityId, String> {
    IdentityId::parse(text).ok_or_else(|| {
        format!("'{text}' is not an id of this register: give it as the service shows it")
    })
}

pub(super) async fn run(store: &Store, args: &HistoryArgs) -> Result<(), Failure> {
    let filter = HistoryFilter { tenant: args.tenant, id: args.id };
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.output {
        Output::Json => write_json(store, &filter, &mut out).await?,
        Output::Table => write_table(store, &filter, &mut out).await?,
    }
    out.flush()?;
    Ok(())
}

/// Hands over the changes, chunk by chunk.
async fn chunks(
    store: &Store,
    filter: &HistoryFilter,
    mut take: impl FnMut(&[Change]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let chunk = store.history(filter, after, CHUNK).await?;
        let Some(last) = chunk.last() else { return Ok(()) };
        after = Some((last.tenant, last.seq));
        take(&chunk)?;
    }
}

async fn write_json(
    store: &Store,
    filter: &HistoryFilter,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut separator = "[\n";
    chunks(store, filter, |changes| {
        for change in changes {
            write!(out, "{separator}{}", as_json(change))?;
            separator = ",\n";
        }
        Ok(())
    })
    .await?;
    let end = if separator == ",\n" { "\n]" } else { "[]" };
    writeln!(out, "{end}")?;
    Ok(())
}

fn as_json(change: &Change) -> serde_json::Value {
    let audit = &change.audit;
    json!({
        "tenantId": change.tenant.to_string(),
        "seq": change.seq,
        "kind": change.kind.name(),
        "at": change.at.to_string(),
        "id": change.id.to_string(),
        "actor": actor_json(&audit.actor),
        "ip": audit.ip,
        "requestId": audit.request_id.to_string(),
        "clientRequestId": audit.client_request_id,
        "before": change.before.as_ref().map(row_json),
        "after": change.after.as_ref().map(row_json),
    })
}

fn actor_json(actor: &Actor) -> serde_json::Value {
    let (kind, user_id, user_name, app_id, app_name) = match actor {
        Actor::System => ("system", &None, &None, &None, &None),
        Actor::Application { app_id, app_name } => ("application", &None, &None, app_id, app_name),
        Actor::User { user_id, user_name, app_id, app_name } => {
            ("user", user_id, user_name, app_id, app_name)
        }
    };
    json!({
        "type": kind,
        "userId": user_id,
        "userName": user_name,
        "appId": app_id,
        "appName": app_name,
    })
}

fn row_json(row: &Identity) -> serde_json::Value {
    let mut members = Map::new();
    for property in &PROPERTIES {
        members.insert(property.name.to_owned(), show((property.get)(row)).into());
    }
    members.insert("rev".to_owned(), row.rev.into());
    members.into()
}

fn show(value: Value<'_>) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Id(id) => Some(id.to_string()),
        Value::Text(text) => Some(text.to_owned()),
        Value::Member(name) => Some(name.to_owned()),
        Value::Instant(instant) => Some(instant.to_string()),
    }
}

async fn write_table(
    store: &Store,
    filter: &HistoryFilter,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let heading = ["WHEN", "TENANT", "SEQ", "WHAT", "ID", "WHO", "CHANGED"];
    let mut seen = false;
    chunks(store, filter, |changes| {
        let rows: Vec<[String; 7]> = changes.iter().map(as_row).collect();
        if seen {
            writeln!(out)?;
        }
        seen = true;
        Ok(table::write(out, heading, &rows)?)
    })
    .await?;
    if !seen {
        writeln!(out, "no changes")?;
    }
    Ok(())
}

fn as_row(change: &Change) -> [String; 7] {
    let named = |name: &Option<String>, id: &Option<String>| {
        name.clone().or_else(|| id.clone()).unwrap_or_else(|| "unnamed".to_owned())
    };
    let who = match &change.audit.actor {
        Actor::System => "muster".to_owned(),
        Actor::Application { app_id, app_name } => named(app_name, app_id),
        Actor::User { user_id, user_name, .. } => named(user_name, user_id),
    };
    [
        change.at.to_string(),
        change.tenant.to_string(),
        change.seq.to_string(),
        change.kind.name().to_owned(),
        change.id.to_string(),
        who,
        changed(change),
    ]
}

/// The values that went and came, in the words of the contract.
fn changed(change: &Change) -> String {
    let shown = |value: Value<'_>| show(value).unwrap_or_else(|| "null".to_owned());
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => PROPERTIES
            .iter()
            .filter(|property| property.name != "lastModifiedDateTime")
            .map(|property| (property.name, (property.get)(before), (property.get)(after)))
            .filter(|(_, before, after)| before != after)
            .map(|(name, before, after)| format!("{name}: {} → {}", shown(before), shown(after)))
            .collect::<Vec<_>>()
            .join("; "),
        (Some(row), None) | (None, Some(row)) => {
            format!("{} {}", row.identity_type.name(), row.identifier)
        }
        (None, None) => String::new(),
    }
}
