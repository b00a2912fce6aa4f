//! `muster admin`: tenants, history and backups, beside a server that runs or not; and the register
//! as a whole.

use std::io::{IsTerminal, Write};

use clap::{Parser, Subcommand};
use model::TenantId;
use serde_json::json;
use store::{Clock, Opening, Store, StoreUrl, Tenant};

use super::{Beside, Failure, Output, Place, backup, copy, history, migrate, table};

/// Options of `muster admin`.
#[derive(Debug, Parser)]
pub(super) struct AdminArgs {
    #[command(flatten)]
    beside: Beside,

    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Manages tenants: the customer directories that the register serves.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Shows what was changed, by whom, in which order.
    History(history::HistoryArgs),
    /// Copies the register to a file, as it stands at one moment, while it is served or not.
    Backup(backup::BackupArgs),
    /// Puts a backup in the place of a register that is not served.
    Restore(backup::RestoreArgs),
    /// Brings the tables of the register up to date, as serve does when it starts.
    Migrate,
    /// Copies a whole register to another database, and verifies the copy. Repeated, it goes on
    /// where it was interrupted.
    Copy(copy::CopyArgs),
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Adds a tenant.
    Add {
        /// Its id, the `tid` of its tokens: a GUID.
        tenant: TenantId,
        /// A name for people.
        #[arg(long, default_value = "")]
        name: String,
        /// Adds it without a licence: its callers are refused until it is licensed.
        #[arg(long)]
        unlicensed: bool,
    },
    /// Lists the tenants.
    List {
        /// How to write the list.
        #[arg(long, default_value = "table")]
        output: Output,
    },
    /// Gives a tenant its licence.
    License {
        /// The tenant.
        tenant: TenantId,
    },
    /// Withdraws a tenant's licence. Its callers are refused within a second; nothing is lost.
    Unlicense {
        /// The tenant.
        tenant: TenantId,
    },
    /// Removes a tenant with all its identities and their history.
    Remove {
        /// The tenant.
        tenant: TenantId,
        /// Removes it even though it holds identities or history, for good.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(args: &AdminArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let place = &args.beside.place;
    runtime.block_on(async {
        match &args.command {
            AdminCommand::Tenant(command) => {
                opened(place, async |store| tenant(store, command).await).await
            }
            AdminCommand::History(args) => {
                opened(place, async |store| history::run(store, args).await).await
            }
            AdminCommand::Backup(args) => backup::backup(place, existing(place)?, args).await,
            AdminCommand::Restore(args) => backup::restore(place, url(place), args).await,
            AdminCommand::Migrate => migrate::run(&existing(place)?, place.pooling()).await,
            AdminCommand::Copy(args) => copy::run(args, place.pooling()).await,
        }
    })
}

/// Does something with the open register.
async fn opened(
    place: &Place,
    work: impl AsyncFnOnce(&Store) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let url = existing(place)?;
    let opening = Opening { pooling: place.pooling(), ..Opening::default() };
    let store = Store::open_as(&url, opening, Clock::system()).await?;
    let outcome = work(&store).await;
    store.close().await;
    outcome
}

/// Where the register is.
fn url(place: &Place) -> StoreUrl {
    place.store.clone().unwrap_or_else(|| StoreUrl::in_directory(place.data()))
}

/// Where a register is that is there. A misspelt path must not make an empty one.
fn existing(place: &Place) -> Result<StoreUrl, Failure> {
    let url = url(place);
    match &url {
        StoreUrl::Sqlite(path) if !path.exists() => {
            let path = path.display();
            Err(format!(
                "there is no register at {path}: give its --data directory or --store, or make it \
                 with `muster serve --dev`"
            )
            .into())
        }
        StoreUrl::Sqlite(_) | StoreUrl::Postgres(_) => Ok(url),
    }
}

async fn tenant(store: &Store, command: &TenantCommand) -> Result<(), Failure> {
    match command {
        TenantCommand::Add { tenant, name, unlicensed } => {
            if !store.add_tenant(*tenant, name, !unlicensed).await? {
                return Err(format!(
                    "the tenant {tenant} is there already; `license` and `unlicense` change it"
                )
                .into());
            }
            say(&format!("added {tenant}{}", if *unlicensed { ", without a licence" } else { "" }))
        }
        TenantCommand::List { output } => list(&store.tenants().await?, *output),
        TenantCommand::License { tenant } => licence(store, *tenant, true).await,
        TenantCommand::Unlicense { tenant } => licence(store, *tenant, false).await,
        TenantCommand::Remove { tenant, yes } => remove(store, *tenant, *yes).await,
    }
}

async fn licence(store: &Store, tenant: TenantId, licensed: bool) -> Result<(), Failure> {
    if !store.set_licence(tenant, licensed).await? {
        return Err(unknown(tenant));
    }
    let what = if licensed { "licensed" } else { "licence withdrawn from" };
    say(&format!("{what} {tenant}"))
}

async fn remove(store: &Store, tenant: TenantId, yes: bool) -> Result<(), Failure> {
    if store.tenant(tenant).await?.is_none() {
        return Err(unknown(tenant));
    }
    let holdings = store.holdings(tenant).await?;
    if !holdings.is_empty() && !yes {
        return Err(format!(
            "the tenant {tenant} holds {} identities and {} entries of history, which would be \
             gone for good: add --yes to remove them. Nothing was changed",
            holdings.identities, holdings.changes
        )
        .into());
    }
    let all = holdings.identities + holdings.changes;
    let shown = std::io::stderr().is_terminal();
    let mut tell = |gone| {
        if shown {
            write!(std::io::stderr(), "\rremoved {gone} of {all} rows").ok();
        }
    };
    store.remove_tenant(tenant, &mut tell).await?;
    if shown && all > 0 {
        writeln!(std::io::stderr()).ok();
    }
    say(&format!("removed {tenant}"))
}

fn unknown(tenant: TenantId) -> Failure {
    format!("the register has no tenant {tenant}: `muster admin tenant list` shows those it has")
        .into()
}

fn list(tenants: &[Tenant], output: Output) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match output {
        Output::Table => {
            let rows: Vec<[String; 4]> = tenants
                .iter()
                .map(|tenant| {
                    let licence = if tenant.licensed { "yes" } else { "no" };
                    let (id, created) = (tenant.id.to_string(), tenant.created.to_string());
                    [id, licence.to_owned(), created, tenant.name.clone()]
                })
                .collect();
            table::write(&mut out, ["TENANT", "LICENSED", "CREATED", "NAME"], &rows)?;
        }
        Output::Json => {
            let rows: Vec<_> = tenants
                .iter()
                .map(|tenant| {
                    json!({
                        "tenantId": tenant.id.to_string(),
                        "name": tenant.name,
                        "licensed": tenant.licensed,
                        "createdDateTime": tenant.created.to_string(),
                    })
                })
                .collect();
            serde_json::to_writer_pretty(&mut out, &rows)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

pub(super) fn say(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
