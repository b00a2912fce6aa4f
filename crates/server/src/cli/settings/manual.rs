//! The file of settings that says nothing and explains everything: each setting with its help, as
//! a comment, and with its default, which is a comment, too.

use std::ffi::OsStr;

use super::option::{Kind, Opt};

/// Width of a line.
const WIDTH: usize = 100;
const HEAD: &str = "\
Settings of `muster serve`. Give this file by --config or by the variable MUSTER_CONFIG.

What a setting says here, it also says as a flag and as a variable of the environment. Flags \
outrank variables, variables this file, and this file the defaults. A key that there is not, and a \
value that is wrong anywhere, keep the service from starting; `muster check-config` tells all of \
them, or else each setting with the place that it comes from.

Without the `#` before its name a setting holds. What stands there is its default; a word in \
capitals stands for a value, and such a setting has no default or one that its text tells. Paths \
begin where the service is started.";

/// The file for the settings of a command.
pub(crate) fn manual(command: &clap::Command) -> String {
    let mut text = comment(HEAD);
    let mut heading = None;
    for arg in command.get_arguments() {
        let Some(option) = Opt::of(arg).filter(Opt::is_setting) else { continue };
        if arg.get_help_heading() != heading {
            heading = arg.get_help_heading();
            text.push_str(&format!("\n## {}\n", heading.unwrap_or("Further settings")));
        }
        text.push('\n');
        text.push_str(&entry(&option));
    }
    text
}

fn entry(option: &Opt<'_>) -> String {
    let mut text = comment(&sentence(&option.help()));
    for (word, meaning) in option.words() {
        text.push_str(&comment(&format!("- {word}: {}", sentence(&meaning))));
    }
    let (name, variable) = (option.name(), option.variable().unwrap_or_default());
    text.push_str(&comment(&format!("Flag --{name}, variable {variable}.")));
    text.push_str(&format!("#{name} = {}\n", example(option)));
    text
}

/// The help library takes the last full stop away.
fn sentence(text: &str) -> String {
    let is_whole = text.is_empty() || text.ends_with(['.', ']', ')']);
    if is_whole { text.to_owned() } else { format!("{text}.") }
}

fn example(option: &Opt<'_>) -> String {
    let defaults = option.defaults();
    let mut values: Vec<String> =
        defaults.iter().map(|value| literal(option.kind(), value)).collect();
    if values.is_empty() {
        values.push(literal(Kind::Text, OsStr::new(option.placeholder())));
    }
    let values = values.join(", ");
    if option.is_list() { format!("[{values}]") } else { values }
}

fn literal(kind: Kind, value: &OsStr) -> String {
    let value = value.to_string_lossy();
    match kind {
        Kind::Switch | Kind::Number => value.into_owned(),
        // A string of JSON is one of TOML, too.
        Kind::Text => serde_json::Value::from(value).to_string(),
    }
}

/// Text as comment lines.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    for paragraph in text.lines() {
        let mut line = "#".to_owned();
        for word in paragraph.split(' ') {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push_str(&line);
                lines.push('\n');
                "#".clone_into(&mut line);
            }
            if !word.is_empty() {
                line.push(' ');
                line.push_str(word);
            }
        }
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}
