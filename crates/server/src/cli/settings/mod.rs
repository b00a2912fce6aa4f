//! Settings: what a command's options say, be it by flag, by variable or by file. All three are
//! read off the options themselves, so that a new option is a new variable and a new key. Pure:
//! the environment and the file come in as values. Must not know what a setting means.
//!
//! A setting is an option with a variable. Flags outrank variables, these the file, and the file
//! the defaults; but every value has to be right, those that are outranked too.

mod file;
mod flags;
mod manual;
mod option;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;

pub(super) use manual::manual;
pub(super) use option::Kind;
use option::Opt;

/// The option that names the file. It stands in no file itself.
const FILE: &str = "config";
/// What the variables of this program begin with.
const PREFIX: &str = "MUSTER_";

/// What there is to read.
pub(super) struct Given<'a> {
    /// The command line behind the name of the command.
    pub(super) arguments: &'a [OsString],
    /// The environment.
    pub(super) variables: &'a [(OsString, OsString)],
    /// The variables that any command reads.
    pub(super) known: &'a [String],
    /// Reads a file.
    pub(super) read: &'a dyn Fn(&Path) -> io::Result<String>,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Nowhere: it is the option's own.
    Default,
    /// In the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment.
    Variable(String),
    /// On the command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag => write!(f, "flag"),
        }
    }
}

/// One option with the values that count.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name: that of the flag, and of the key.
    pub(super) name: String,
    /// What its values are.
    pub(super) kind: Kind,
    /// Whether it takes several.
    pub(super) is_list: bool,
    /// The values, of which none is shown that is a secret.
    pub(super) shown: Vec<String>,
    /// Where they stand.
    pub(super) source: Source,
    values: Vec<OsString>,
}

/// All settings of a command.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// In the order of the help.
    pub(super) all: Vec<Setting>,
    /// What looks like a mistake and was not read.
    pub(super) warnings: Vec<String>,
    /// Flags that are no settings.
    others: Vec<OsString>,
}

/// Something that is wrong, in one sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why there are no settings.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something else was asked for.
    Help,
    /// All that is wrong.
    Faults(Vec<Fault>),
}

/// The values of one option in one place, as they were given.
#[derive(Debug)]
struct Found {
    values: Vec<OsString>,
    source: Source,
}

/// What one place holds, by the names of options.
type Place = BTreeMap<String, Found>;

/// Reads the settings of a command from all places.
///
/// # Errors
/// Help was asked for, or something is wrong: then all of it is told.
pub(super) fn read(command: &clap::Command, given: &Given<'_>) -> Result<Settings, Stop> {
    let options: Vec<Opt> = command.get_arguments().filter_map(Opt::of).collect();
    let mut faults = Vec::new();
    let flags = flags::read(command, &options, given.arguments, &mut faults)?;
    let variables = variables(&options, given.variables);
    let file = match flags.get(FILE).or(variables.get(FILE)).and_then(|found| found.values.first())
    {
        Some(path) => file::read(Path::new(path), given.read, &options, &mut faults),
        None => Place::new(),
    };
    let mut settings = Settings::default();
    let mut places = [flags, variables, file];
    for option in &options {
        let mut found: Vec<Found> =
            places.iter_mut().filter_map(|place| place.remove(option.name())).collect();
        for found in &found {
            faults.extend(found.values.iter().filter_map(|value| fault(option, value, found)));
        }
        let first = if found.is_empty() { None } else { Some(found.swap_remove(0)) };
        settings.take(option, first);
    }
    settings.warnings = misspelt(given);
    if faults.is_empty() { Ok(settings) } else { Err(Stop::Faults(faults)) }
}

/// What variables and the file say of the settings of a command that has but some of those that
/// another has, as flags: of all that no flag says. Where a flag or a variable says `enough`, the file
/// is not read.
///
/// # Errors
/// All that is wrong there.
pub(super) fn beside(
    command: &clap::Command,
    with_all: &clap::Command,
    given: &Given<'_>,
    is_flag: &dyn Fn(&clap::Arg) -> bool,
    file: Option<&Path>,
    enough: &str,
) -> Result<Vec<OsString>, Vec<Fault>> {
    let options = command.get_arguments().filter(|option| !is_flag(option)).filter_map(Opt::of);
    let options: Vec<Opt> = options.collect();
    let (mut faults, mut flags) = (Vec::new(), Vec::new());
    let mut variables = variables(&options, given.variables);
    let named = variables.get(FILE).and_then(|found| found.values.first()).map(Path::new);
    let is_said = variables.contains_key(enough) || !options.iter().any(|it| it.name() == enough);
    let mut file = match file.or(named).filter(|_| !is_said) {
        Some(path) => {
            let all: Vec<Opt> = with_all.get_arguments().filter_map(Opt::of).collect();
            file::read(path, given.read, &all, &mut faults)
        }
        None => Place::new(),
    };
    for option in options.iter().filter(|option| option.is_setting()) {
        let found = variables.remove(option.name()).or_else(|| file.remove(option.name()));
        let Some(found) = found else { continue };
        faults.extend(found.values.iter().filter_map(|value| fault(option, value, &found)));
        flags.extend(found.values.iter().map(|value| option.argument(value)));
    }
    if faults.is_empty() { Ok(flags) } else { Err(faults) }
}

impl Settings {
    fn take(&mut self, option: &Opt, found: Option<Found>) {
        if !option.is_setting() {
            let values = found.map(|found| found.values).unwrap_or_default();
            self.others.extend(values.iter().map(|value| option.argument(value)));
            return;
        }
        let found =
            found.unwrap_or_else(|| Found { values: option.defaults(), source: Source::Default });
        self.all.push(Setting {
            name: option.name().to_owned(),
            kind: option.kind(),
            is_list: option.is_list(),
            shown: found.values.iter().map(|value| option.shown(value)).collect(),
            values: if found.source == Source::Default { Vec::new() } else { found.values },
            source: found.source,
        });
    }

    /// The command line that says all of it. For a command without other places, see
    /// [`by_flags_alone`].
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let given = self.all.iter().flat_map(|setting| {
            let values = setting.values.iter();
            let values = values.filter(|value| setting.kind != Kind::Switch || is_yes(value));
            values.map(|value| option::argument(&setting.name, setting.kind, value))
        });
        given.chain(self.others.iter().cloned()).collect()
    }
}

/// A command whose options are read from its command line alone, each value by a flag of its own.
pub(super) fn by_flags_alone(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.env(Resettable::Reset).value_delimiter(Resettable::Reset))
}

/// A command line that does not hang together.
pub(super) fn contradiction(error: &clap::Error) -> Fault {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    Fault(lines.collect::<Vec<_>>().join(" "))
}

/// The variables of all commands below this one.
pub(super) fn known_variables(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(clap::Arg::get_env);
    let own = own.map(|name| name.to_string_lossy().into_owned());
    own.chain(command.get_subcommands().flat_map(known_variables)).collect()
}

/// An empty variable says nothing: that is what container tools make of one that is not set.
fn variables(options: &[Opt], variables: &[(OsString, OsString)]) -> Place {
    let mut place = Place::new();
    for option in options {
        let Some(name) = option.variable() else { continue };
        let value = variables.iter().find(|(known, _)| *known == *name).map(|(_, value)| value);
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        let source = Source::Variable(name.to_owned());
        place.insert(option.name().to_owned(), Found { values: option.split(value), source });
    }
    place
}

/// What is wrong with a value. It is not repeated where it may be a secret.
fn fault(option: &Opt, value: &OsStr, found: &Found) -> Option<Fault> {
    let reason = option.check(value, found.source == Source::Flag).err()?;
    let (shown, label) = (option.shown(value), option.label());
    Some(Fault(match &found.source {
        Source::Flag | Source::Default => {
            format!("invalid value '{shown}' for '{label}': {reason}")
        }
        Source::Variable(name) => {
            format!("invalid value '{shown}' for '{label}' in the variable {name}: {reason}")
        }
        file @ Source::File { .. } => {
            format!("invalid value '{shown}' for '{}' in {file}: {reason}", option.name())
        }
    }))
}

/// The words that switch on (as `BoolishValueParser` reads them).
pub(super) fn is_yes(value: &OsStr) -> bool {
    let value = value.to_string_lossy().to_lowercase();
    ["y", "yes", "t", "true", "on", "1"].contains(&value.as_str())
}

/// Variables that are none of ours, and nearly are. Others may be somebody else's.
fn misspelt(given: &Given<'_>) -> Vec<String> {
    let names = given.variables.iter().filter_map(|(name, _)| name.to_str());
    let strange = names
        .filter(|name| name.starts_with(PREFIX) && !given.known.iter().any(|known| known == name));
    strange
        .filter_map(|name| {
            let meant = odata::nearest(name, given.known.iter().map(String::as_str))?;
            Some(format!("the variable {name} is not read; did you mean {meant}?"))
        })
        .collect()
}

#[cfg(test)]
mod tests;
