//! `muster check-config`: the settings that `muster serve` would have, and where each comes from.

use std::io::Write;

use clap::{CommandFactory, Parser};
use serde::Serialize;
use serde_json::{Value, json};

use super::settings::{self, Kind, Setting, Settings, Source, manual};
use super::{Failure, Output, ServeArgs, table};
use crate::app;

/// Options of `muster check-config`: all of `muster serve`, and how to write what comes of them.
#[derive(Debug, Parser)]
pub(super) struct CheckConfigArgs {
    #[command(flatten)]
    serve: ServeArgs,

    /// How to write the settings.
    #[arg(long, default_value = "table", help_heading = "What is printed")]
    output: Output,

    /// Prints a file that explains every setting, and sets none.
    #[arg(long, help_heading = "What is printed")]
    print_default: bool,
}

pub(super) fn run(args: &CheckConfigArgs, settings: &Settings) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if args.print_default {
        write!(out, "{}", manual(&ServeArgs::command()))?;
        return Ok(());
    }
    for warning in &settings.warnings {
        writeln!(std::io::stderr(), "warning: {warning}").ok();
    }
    app::check(&args.serve)?;
    match args.output {
        Output::Table => {
            let rows: Vec<[String; 3]> = settings.all.iter().map(row).collect();
            table::write(&mut out, ["SETTING", "VALUE", "SOURCE"], &rows)?;
        }
        Output::Json => {
            let rows: Vec<Object<'_>> = settings.all.iter().map(object).collect();
            serde_json::to_writer_pretty(&mut out, &rows)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn row(setting: &Setting) -> [String; 3] {
    let value = if setting.shown.is_empty() { "-".to_owned() } else { setting.shown.join(", ") };
    [setting.name.clone(), value, setting.source.to_string()]
}

/// A setting as programs read it.
#[derive(Serialize)]
struct Object<'a> {
    setting: &'a str,
    value: Value,
    source: Value,
}

fn object(setting: &Setting) -> Object<'_> {
    let mut values = setting.shown.iter().map(|shown| value(setting.kind, shown));
    let value = match setting.is_list {
        true => values.collect(),
        false => values.next().unwrap_or_default(),
    };
    let source = match &setting.source {
        Source::Default => json!({ "kind": "default" }),
        Source::File { path, line } => json!({ "kind": "file", "file": path, "line": line }),
        Source::Variable(name) => json!({ "kind": "variable", "variable": name }),
        Source::Flag => json!({ "kind": "flag" }),
    };
    Object { setting: &setting.name, value, source }
}

fn value(kind: Kind, shown: &str) -> Value {
    match kind {
        Kind::Switch => Value::from(settings::is_yes(shown.as_ref())),
        Kind::Number => shown.parse::<i64>().map_or_else(|_| Value::from(shown), Value::from),
        Kind::Text => Value::from(shown),
    }
}
