//! What the command line says, word for word, whatever it is worth.

use std::ffi::{OsStr, OsString};

use clap::builder::OsStringValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction};

use super::option::{Kind, Opt};
use super::{Fault, Found, Place, Source, Stop, contradiction};

/// Takes the flags apart. What is no flag is a fault, and the rest is read all the same.
///
/// # Errors
/// Help was asked for.
pub(super) fn read(
    command: &clap::Command,
    options: &[Opt<'_>],
    arguments: &[OsString],
    faults: &mut Vec<Fault>,
) -> Result<Place, Stop> {
    let mut arguments = arguments.to_vec();
    loop {
        let bare = bare(command, options);
        let error = match bare.try_get_matches_from(&arguments) {
            Ok(matches) => return Ok(place(options, &matches)),
            Err(error) => error,
        };
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return Err(Stop::Help);
        }
        faults.push(unknown(&error, options).unwrap_or_else(|| contradiction(&error)));
        if !leave_out(&mut arguments, &error) {
            return Ok(Place::new());
        }
    }
}

/// The options, that take whatever is given, and know nothing of each other.
fn bare(command: &clap::Command, options: &[Opt<'_>]) -> clap::Command {
    let args = options.iter().map(|option| {
        let arg = Arg::new(option.name().to_owned()).long(option.name().to_owned());
        let arg = arg.value_name(option.placeholder().to_owned());
        match option.kind() {
            Kind::Switch => arg.action(ArgAction::SetTrue),
            Kind::Number | Kind::Text => {
                let arg = arg.action(ArgAction::Append).value_parser(OsStringValueParser::new());
                arg.allow_negative_numbers(true)
            }
        }
    });
    let name = command.get_name().to_owned();
    clap::Command::new(name).no_binary_name(true).args(args)
}

fn place(options: &[Opt<'_>], matches: &clap::ArgMatches) -> Place {
    let mut place = Place::new();
    for option in options {
        let values: Vec<OsString> = if option.kind() == Kind::Switch {
            let is_on = matches.get_flag(option.name());
            if is_on { vec!["true".into()] } else { Vec::new() }
        } else {
            let given = matches.get_many::<OsString>(option.name()).unwrap_or_default();
            given.flat_map(|value| option.split(value)).collect()
        };
        if !values.is_empty() {
            place.insert(option.name().to_owned(), Found { values, source: Source::Flag });
        }
    }
    place
}

/// The word that clap stumbled over.
fn culprit(error: &clap::Error) -> Option<&str> {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => Some(word),
        _ => None,
    }
}

/// A flag that there is not, with the one that was probably meant.
fn unknown(error: &clap::Error, options: &[Opt<'_>]) -> Option<Fault> {
    let word = culprit(error).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let name = word.strip_prefix("--").map(|name| name.split('=').next().unwrap_or(name));
    let meant = name.and_then(|name| odata::nearest(name, options.iter().map(Opt::name)));
    Some(Fault(match meant {
        Some(meant) => format!("unexpected argument '{word}' found; did you mean '--{meant}'?"),
        None => format!("unexpected argument '{word}' found"),
    }))
}

/// Takes the word out of the command line that clap stumbled over, with the value behind it.
fn leave_out(arguments: &mut Vec<OsString>, error: &clap::Error) -> bool {
    let Some(word) = culprit(error).filter(|_| error.kind() == ErrorKind::UnknownArgument) else {
        return false;
    };
    let is_it = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        argument == word || argument.strip_prefix(word).is_some_and(|rest| rest.starts_with('='))
    };
    let Some(at) = arguments.iter().position(is_it) else { return false };
    let found = arguments.remove(at);
    let is_whole = found == *word && word.starts_with("--");
    if is_whole && arguments.get(at).is_some_and(|next| !looks_like_a_flag(next)) {
        arguments.remove(at);
    }
    true
}

fn looks_like_a_flag(argument: &OsStr) -> bool {
    argument.as_encoded_bytes().starts_with(b"-")
}
