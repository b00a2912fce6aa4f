//! An option of a command: how it is called in each place, what it takes, whether a value does.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::num::{NonZeroUsize, ParseIntError};

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction};

use super::FILE;

/// What is shown in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// What the values of an option are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Yes or no.
    Switch,
    /// Whole numbers.
    Number,
    /// Anything else.
    Text,
}

/// An option that has a name.
pub(super) struct Opt<'a> {
    arg: &'a Arg,
    name: &'a str,
}

impl<'a> Opt<'a> {
    /// The option, unless it is a word without a flag, or asks for help.
    pub(super) fn of(arg: &'a Arg) -> Option<Self> {
        let is_read =
            matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue);
        arg.get_long().filter(|_| is_read).map(|name| Self { arg, name })
    }

    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    pub(super) fn variable(&self) -> Option<&'a str> {
        self.arg.get_env().and_then(OsStr::to_str)
    }

    pub(super) fn is_setting(&self) -> bool {
        self.variable().is_some() && self.name != FILE
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::Append)
    }

    /// Whether its values are for nobody's eyes.
    fn is_secret(&self) -> bool {
        self.arg.is_hide_env_values_set()
    }

    fn parser(&self) -> &'a ValueParser {
        self.arg.get_value_parser()
    }

    pub(super) fn kind(&self) -> Kind {
        use std::any::TypeId;
        let numbers = [
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<usize>(),
            TypeId::of::<i64>(),
            TypeId::of::<NonZeroUsize>(),
        ];
        let of_value = self.parser().type_id();
        match self.arg.get_action() {
            ArgAction::SetTrue => Kind::Switch,
            _ if numbers.iter().any(|number| of_value == *number) => Kind::Number,
            _ => Kind::Text,
        }
    }

    pub(super) fn defaults(&self) -> Vec<OsString> {
        let defaults = self.arg.get_default_values();
        if defaults.is_empty() && self.kind() == Kind::Switch {
            return vec!["false".into()];
        }
        defaults.iter().map(|value| value.as_os_str().to_owned()).collect()
    }

    /// What the help says of it.
    pub(super) fn help(&self) -> String {
        let help = self.arg.get_long_help().or(self.arg.get_help());
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// What the help says in the place of a value.
    pub(super) fn placeholder(&self) -> &'a str {
        self.arg.get_value_names().and_then(<[_]>::first).map_or("VALUE", |name| name.as_str())
    }

    /// The words that it takes, if only some do, with their meanings.
    pub(super) fn words(&self) -> Vec<(String, String)> {
        let words = self.parser().possible_values().filter(|_| self.kind() == Kind::Text);
        let word = |value: clap::builder::PossibleValue| {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            (value.get_name().to_owned(), help)
        };
        words.into_iter().flatten().map(word).collect()
    }

    /// How the help calls it.
    pub(super) fn label(&self) -> String {
        match self.kind() {
            Kind::Switch => format!("--{}", self.name),
            Kind::Number | Kind::Text => format!("--{} <{}>", self.name, self.placeholder()),
        }
    }

    /// A value as it may be shown: no secret, and no password in an address.
    pub(super) fn shown(&self, value: &OsStr) -> String {
        let value = value.to_string_lossy();
        if self.is_secret() { HIDDEN.to_owned() } else { without_password(&value) }
    }

    /// The values that stand together in one variable.
    pub(super) fn split(&self, value: &OsStr) -> Vec<OsString> {
        match (self.arg.get_value_delimiter(), value.to_str()) {
            (Some(delimiter), Some(text)) => text.split(delimiter).map(OsString::from).collect(),
            _ => vec![value.to_owned()],
        }
    }

    pub(super) fn argument(&self, value: &OsStr) -> OsString {
        argument(self.name, self.kind(), value)
    }

    /// Whether the option takes a value.
    ///
    /// # Errors
    /// What is wrong with it, and what to give.
    pub(super) fn check(&self, value: &OsStr, is_flag: bool) -> Result<(), String> {
        if self.kind() == Kind::Switch && is_flag {
            return Ok(());
        }
        let alone = Arg::new("value").long("value").value_parser(self.parser().clone());
        let command = clap::Command::new("").no_binary_name(true).arg(alone);
        let mut argument = OsString::from("--value=");
        argument.push(value);
        let Err(error) = command.try_get_matches_from([argument]) else { return Ok(()) };
        Err(self.reason(&error, value))
    }

    fn reason(&self, error: &clap::Error, value: &OsStr) -> String {
        let advice = self.advice();
        if self.is_secret() {
            return advice.unwrap_or_else(|| "it cannot be read".to_owned());
        }
        let said = match (error.kind(), error.source()) {
            // The advice says it better than the parser of the standard library.
            (_, Some(source)) if source.is::<ParseIntError>() => None,
            (ErrorKind::InvalidUtf8, _) => Some("it is not UTF-8".to_owned()),
            (_, Some(source)) => Some(source.to_string()),
            (..) => None,
        };
        let value = value.to_string_lossy();
        let said = said.map(|said| said.replace(&*value, &without_password(&value)));
        match (said, advice) {
            // A number that is none of those that do.
            (Some(said), _) if self.kind() == Kind::Number => said,
            (_, Some(advice)) if self.kind() == Kind::Switch => advice,
            (Some(said), Some(advice)) => format!("{said}; {advice}"),
            (said, advice) => said.or(advice).unwrap_or_else(|| "it cannot be read".to_owned()),
        }
    }

    /// What to give instead.
    fn advice(&self) -> Option<String> {
        let words: Vec<String> = self.words().into_iter().map(|(word, _)| word).collect();
        if !words.is_empty() {
            return Some(format!("give {}", words.join(" or ")));
        }
        match self.kind() {
            Kind::Switch => Some("give true or false".to_owned()),
            Kind::Number => Some("give a whole number".to_owned()),
            Kind::Text if self.parser().type_id() == std::any::TypeId::of::<SocketAddr>() => {
                Some("give an address with its port, such as 127.0.0.1:8080".to_owned())
            }
            Kind::Text => None,
        }
    }
}

/// A flag with its value, in one word.
pub(super) fn argument(name: &str, kind: Kind, value: &OsStr) -> OsString {
    let mut argument = OsString::from(format!("--{name}"));
    if kind != Kind::Switch {
        argument.push("=");
        argument.push(value);
    }
    argument
}

/// Leaves the password out of an address: `scheme://user:password@host`, `?password=…`. In one of
/// PostgreSQL, a password that was to be percent-encoded and is not goes up to the last `@`.
fn without_password(text: &str) -> String {
    let shown = without_parameter(text);
    let Some((scheme, rest)) = shown.split_once("://") else { return shown };
    let end = if scheme.starts_with("postgres") { None } else { rest.find(['/', '?', '#']) };
    let (place, behind) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
    if let Some((login, host)) = place.rsplit_once('@')
        && let Some((user, _)) = login.split_once(':')
    {
        return format!("{scheme}://{user}:***@{host}{behind}");
    }
    shown
}

/// Leaves out what is given as a parameter: up to where another one begins.
fn without_parameter(text: &str) -> String {
    const MARK: &str = "password=";
    let mut parts = text.split(MARK);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let begins = |(at, _): &(usize, &str)| {
            let rest = part.get(at + 1..).unwrap_or_default();
            let name = rest.split_once('=').map_or(rest, |(name, _)| name);
            (rest.is_empty() || name != rest)
                && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let next = part.match_indices(['&', ' ']).find(begins).map_or(part.len(), |(at, _)| at);
        shown.push_str(MARK);
        shown.push_str("***");
        shown.push_str(part.get(next..).unwrap_or_default());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (given, shown) in [
            ("postgres://me:p:w@db/x?sslmode=require", "postgres://me:***@db/x?sslmode=require"),
            ("postgres://me:p/w@db/x", "postgres://me:***@db/x"),
            ("postgres://me:p@w?x=#y@db/x", "postgres://me:***@db/x"),
            ("postgres://me@db/x?password=p@w&a=b", "postgres://me@db/x?password=***&a=b"),
            ("postgres://me@db/x?password=p&q@w", "postgres://me@db/x?password=***"),
            ("host=db password=pw user=me", "host=db password=*** user=me"),
            ("host=db password='p w' user=me", "host=db password=*** user=me"),
            ("password=one&password=two", "password=***&password=***"),
            ("https://me:pw@host:8443/a@b", "https://me:***@host:8443/a@b"),
            ("https://host:8443/a@b", "https://host:8443/a@b"),
            ("postgres://db:5432/x", "postgres://db:5432/x"),
            ("sqlite:me:you@home.db", "sqlite:me:you@home.db"),
        ] {
            assert_eq!(without_password(given), shown);
        }
    }
}
