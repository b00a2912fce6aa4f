//! The query options of a request: the part of a URL after `?`, taken apart (OData URL
//! Conventions 4.01, section 5).
//!
//! Must not know what an option means, which ones a resource takes, or the grammar of a value:
//! it hands out decoded text.

mod decode;
mod encode;

use std::collections::BTreeMap;

use crate::suggest::nearest_within;
use decode::{Encoded, decode};
use encode::{encode, encode_name};

/// The most characters of what was sent that an error repeats.
const LONGEST_ECHO: usize = 60;

/// Declares [`SystemOption`] and everything that follows from its names.
macro_rules! system_options {
    ($($(#[$doc:meta])* $option:ident = $name:literal,)+) => {
        /// A system query option of a whole request.
        ///
        /// `$levels` is not among them, as it stands within `$expand` only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum SystemOption {
            $($(#[$doc])* $option,)+
        }

        impl SystemOption {
            /// Every option there is.
            pub const ALL: &'static [Self] = &[$(Self::$option,)+];

            /// The name with its `$`, such as `$filter`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$option => $name,)+ }
            }
        }
    };
}

system_options! {
    /// Which rows.
    Filter = "$filter",
    /// In which order.
    OrderBy = "$orderby",
    /// Which properties.
    Select = "$select",
    /// How many rows at most.
    Top = "$top",
    /// How many rows to leave out first.
    Skip = "$skip",
    /// Whether to tell how many rows match.
    Count = "$count",
    /// Free text to look for.
    Search = "$search",
    /// Where a page goes on, as an earlier answer told.
    SkipToken = "$skiptoken",
    /// The media type of the answer.
    Format = "$format",
    /// Aggregation.
    Apply = "$apply",
    /// Computed properties.
    Compute = "$compute",
    /// Related entities to include.
    Expand = "$expand",
    /// Where a change feed goes on, as an earlier answer told.
    DeltaToken = "$deltatoken",
    /// The place in an ordered collection.
    Index = "$index",
    /// The version of the schema that the client knows.
    SchemaVersion = "$schemaversion",
    /// The entity that `$entity` stands for.
    Id = "$id",
}

impl SystemOption {
    /// The option of this name, with or without `$` and in any case (OData URL Conventions 4.01,
    /// 5.1). A bare `id`, `index` or `top` is therefore the system option, never a custom one.
    fn by_name(name: &str) -> Option<Self> {
        let bare = name.strip_prefix('$').unwrap_or(name);
        Self::ALL.iter().copied().find(|option| option.bare_name().eq_ignore_ascii_case(bare))
    }

    fn bare_name(self) -> &'static str {
        self.name().trim_start_matches('$')
    }

    /// The option that a misspelt name was probably meant to be.
    ///
    /// Within two edits, but of a short name at least two letters must be right: `tpo` is meant as
    /// `$top`, while `v`, `_` and `tid` are options of somebody's own and not meant as `$id`. What
    /// begins with another sign than `$`, such as `!deltatoken`, was set apart on purpose.
    fn misspelt(name: &str) -> Option<&'static str> {
        let bare = name.trim().trim_start_matches('$');
        if !bare.starts_with(char::is_alphabetic) {
            return None;
        }
        let candidates = Self::ALL.iter().map(|option| option.bare_name());
        nearest_within(bare, candidates, |_, candidate| candidate.saturating_sub(2).min(2))
            .and_then(Self::by_name)
            .map(Self::name)
    }
}

/// The query options of one request, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    system: Vec<(SystemOption, String)>,
    aliases: BTreeMap<String, String>,
}

impl Options {
    /// Reads the query part of a URL as it was sent, without the `?`.
    ///
    /// It is split at every `&` and each option at its first `=`, then decoded once: `%xx` is a
    /// byte of UTF-8, `+` a blank, `%2B` a plus. An option without `=` has an empty value; an empty
    /// option, as in `a&&b`, is passed over. System options may lack their `$` and be in any case.
    /// What begins with `@` is a parameter alias. Anything else is a custom option and ignored,
    /// unless its name is nearly that of a system option.
    ///
    /// # Errors
    /// A triplet that is none, bytes that are not UTF-8, a system option or alias given twice, an
    /// unknown name that begins with `$`, and a name that looks like a misspelt system option.
    pub fn parse(raw_query: &str) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let mut position = 1;
        for option in raw_query.split('&') {
            options.add(Encoded { text: option, position })?;
            position += option.chars().count() + 1;
        }
        Ok(options)
    }

    /// The value of an option. `None` if the request does not have it.
    pub fn get(&self, option: SystemOption) -> Option<&str> {
        self.iter().find(|(given, _)| *given == option).map(|(_, value)| value)
    }

    /// The system options in the order they were given in.
    pub fn iter(&self) -> impl Iterator<Item = (SystemOption, &str)> {
        self.system.iter().map(|(option, value)| (*option, value.as_str()))
    }

    /// The parameter aliases by name, which begins with `@`; the case of a name counts.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter alias as it was sent, and its value. The name begins with `@`.
    pub fn alias(&self, name: &str) -> Option<(&str, &str)> {
        self.aliases.get_key_value(name).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The aliases, and those system options that `keep` wants, as they stand in a URL, each with
    /// a `&` behind it. What reads it finds the same options.
    pub fn write(&self, keep: impl Fn(SystemOption) -> bool) -> String {
        let kept = self.iter().filter(|(option, _)| keep(*option));
        let system = kept.map(|(option, value)| (option.name(), value));
        let all = system.chain(self.aliases());
        all.map(|(name, value)| format!("{}={}&", encode_name(name), encode(value))).collect()
    }

    /// Whether there is neither a system option nor an alias.
    pub fn is_empty(&self) -> bool {
        self.system.is_empty() && self.aliases.is_empty()
    }

    fn add(&mut self, option: Encoded<'_>) -> Result<(), OptionError> {
        if option.text.is_empty() {
            return Ok(());
        }
        let (name, value) = option.split();
        let shown = echo(name.text);
        let position = option.position;
        let name = decode(&name, &shown)?;
        let value = decode(&value, &shown)?;
        if let Some(option) = SystemOption::by_name(&name) {
            return self.add_system(option, value, &name, position);
        }
        if name.starts_with('@') {
            return self.add_alias(name, value, position);
        }
        let suggestion = SystemOption::misspelt(&name);
        if suggestion.is_some() || name.trim_start().starts_with('$') {
            return Err(OptionError::Unknown { name: echo(&name), position, suggestion });
        }
        Ok(())
    }

    fn add_system(
        &mut self,
        option: SystemOption,
        value: String,
        spelt: &str,
        position: usize,
    ) -> Result<(), OptionError> {
        if self.get(option).is_some() {
            let (option, spelt) = (option.name().to_owned(), spelt.to_owned());
            return Err(OptionError::Duplicate { option, spelt, position });
        }
        self.system.push((option, value));
        Ok(())
    }

    fn add_alias(
        &mut self,
        name: String,
        value: String,
        position: usize,
    ) -> Result<(), OptionError> {
        if self.aliases.contains_key(&name) {
            let option = echo(&name);
            return Err(OptionError::Duplicate { spelt: option.clone(), option, position });
        }
        self.aliases.insert(name, value);
        Ok(())
    }
}

/// Why a query cannot be taken apart, or a value not be read.
///
/// Each message is whole sentences, fit to be shown to whoever sent the request.
/// Positions are characters of the query as it was sent, the one after `?` being 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// A `%` that is not followed by two hexadecimal digits.
    #[error(
        "The query option '{option}' has '{found}' at character {position} of the query, which is \
         no percent-encoding. Send '%' as '%25'."
    )]
    BadEncoding {
        /// The option's name as it was sent.
        option: String,
        /// What stands in place of a triplet.
        found: String,
        /// Where it stands.
        position: usize,
    },
    /// What is encoded is not UTF-8.
    #[error(
        "The query option '{option}' does not decode to UTF-8, at character {position} of the \
         query. Encode text as UTF-8 before percent-encoding it."
    )]
    NotUtf8 {
        /// The option's name as it was sent.
        option: String,
        /// Where the offending name or value begins.
        position: usize,
    },
    /// An option or alias is there more than once.
    #[error(
        "The query option '{option}' is given again at character {position} of the query, as \
         '{spelt}'. Give it once."
    )]
    Duplicate {
        /// The option by its proper name.
        option: String,
        /// As it is written the second time.
        spelt: String,
        /// Where the second one begins.
        position: usize,
    },
    /// A name that begins with `$` and is no system option, or is nearly one.
    #[error(
        "'{name}' at character {position} of the query is not a query option. {}",
        hint(*suggestion)
    )]
    Unknown {
        /// The name as decoded.
        name: String,
        /// Where it begins.
        position: usize,
        /// The system option that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A value that must be a whole number is none.
    #[error("The query option '{option}' must be a whole number, 0 or more, but is '{value}'.")]
    NotANumber {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
    },
    /// A value that must be true or false is neither.
    #[error("The query option '{option}' must be true or false, but is '{value}'.")]
    NotABoolean {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
    },
}

/// Reads the value of `$top`: decimal digits alone (OData ABNF, `top`). A number past the largest
/// `u64` counts as that one, since no page is that long.
///
/// # Errors
/// [`OptionError::NotANumber`] for anything else, such as a sign, a blank or nothing.
pub fn parse_top(value: &str) -> Result<u64, OptionError> {
    whole_number(SystemOption::Top, value)
}

/// Reads the value of `$skip`, which is written as that of `$top`.
///
/// # Errors
/// As [`parse_top`].
pub fn parse_skip(value: &str) -> Result<u64, OptionError> {
    whole_number(SystemOption::Skip, value)
}

/// Reads the value of `$count`: `true` or `false`, whose case counts (OData ABNF, `booleanValue`).
///
/// # Errors
/// [`OptionError::NotABoolean`] for anything else.
pub fn parse_count(value: &str) -> Result<bool, OptionError> {
    let option = SystemOption::Count.name();
    value.parse().map_err(|_| OptionError::NotABoolean { option, value: echo(value) })
}

fn whole_number(option: SystemOption, value: &str) -> Result<u64, OptionError> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(OptionError::NotANumber { option: option.name(), value: echo(value) });
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn hint(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("Did you mean '{name}'?"),
        None => "Correct its name or leave it out.".to_owned(),
    }
}

/// As much of what was sent as an error repeats.
fn echo(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
