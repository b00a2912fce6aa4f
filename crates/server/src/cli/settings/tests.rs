use std::collections::BTreeMap;
use std::net::SocketAddr;

use clap::{CommandFactory, FromArgMatches, Parser};

use super::*;
use crate::cli::ServeArgs;

/// Options of every sort.
#[derive(Debug, Parser, PartialEq)]
struct Small {
    /// The file.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONFIG")]
    config: Option<PathBuf>,
    /// A switch.
    #[arg(long, env = "MUSTER_QUIET", value_parser = clap::builder::BoolishValueParser::new())]
    quiet: bool,
    /// A list.
    #[arg(long, value_name = "ADDR", env = "MUSTER_LISTEN", value_delimiter = ',')]
    listen: Vec<SocketAddr>,
    /// A number. It has a range.
    #[arg(long, value_name = "N", default_value_t = 7, env = "MUSTER_MOST",
          value_parser = clap::value_parser!(u64).range(1..))]
    most: u64,
    /// A text.
    #[arg(long, value_name = "URL", env = "MUSTER_PLACE", requires = "quiet")]
    place: Option<String>,
    /// A secret.
    #[arg(long, value_name = "KEY", env = "MUSTER_KEY", hide_env_values = true, value_parser = key)]
    key: Option<String>,
    /// No setting.
    #[arg(long, value_name = "FORM", default_value = "table")]
    output: String,
}

fn key(text: &str) -> Result<String, String> {
    if text.starts_with("key") { Ok(text.to_owned()) } else { Err(format!("{text} is no key")) }
}

/// What is given to a command: its file is `f.toml`.
#[derive(Default)]
struct Case<'a> {
    flags: &'a [&'a str],
    variables: &'a [(&'a str, &'a str)],
    file: &'a str,
}

impl Case<'_> {
    fn read(&self, command: &clap::Command) -> Result<Settings, Stop> {
        let arguments: Vec<OsString> = self.flags.iter().map(OsString::from).collect();
        let variables = self.variables.iter();
        let mut variables: Vec<(OsString, OsString)> =
            variables.map(|(name, value)| (name.into(), value.into())).collect();
        if !self.file.is_empty() {
            variables.push(("MUSTER_CONFIG".into(), "f.toml".into()));
        }
        let file = |path: &Path| match path.to_str() {
            Some("f.toml") => Ok(self.file.to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let known = known_variables(command);
        let given =
            Given { arguments: &arguments, variables: &variables, known: &known, read: &file };
        read(command, &given)
    }

    #[track_caller]
    fn settings(&self) -> Settings {
        self.read(&Small::command()).unwrap()
    }

    /// What the command gets to see.
    #[track_caller]
    fn small(&self) -> Small {
        self.parsed().unwrap()
    }

    fn parsed(&self) -> Result<Small, Fault> {
        let settings = self.settings();
        let command = by_flags_alone(Small::command()).no_binary_name(true);
        let matches = command.try_get_matches_from(settings.arguments());
        matches.map(|read| Small::from_arg_matches(&read).unwrap()).map_err(|e| contradiction(&e))
    }

    #[track_caller]
    fn faults(&self) -> Vec<String> {
        match self.read(&Small::command()) {
            Err(Stop::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }
}

const FILE_OF_ALL: &str = "\
most = 1_000
quiet = true
listen = ['127.0.0.1:1', \"127.0.0.1:2\"]
place = 'here, there'
";

#[test]
fn a_file_says_what_flags_say() {
    let by_file = Case { file: FILE_OF_ALL, ..Case::default() };
    let flags = ["--most", "1000", "--quiet", "--listen", "127.0.0.1:1,127.0.0.1:2"];
    let by_flags = Case { flags: &flags, ..Case::default() };
    let (by_file, by_flags) = (by_file.small(), by_flags.small());
    assert_eq!(by_file.place.as_deref(), Some("here, there"), "one text, in spite of its comma");
    let by_file = Small { place: None, config: None, ..by_file };
    assert_eq!(by_file, by_flags);
}

#[test]
fn flags_outrank_variables_and_these_the_file_and_this_the_defaults() {
    let file = Case { file: FILE_OF_ALL, ..Case::default() };
    assert_eq!((Case::default().small().most, file.small().most), (7, 1_000));
    let variables = [("MUSTER_MOST", "2"), ("MUSTER_LISTEN", "127.0.0.1:3")];
    let variable = Case { variables: &variables, ..file };
    assert_eq!(variable.small().most, 2);
    assert_eq!(variable.small().listen.len(), 1, "a list takes the place of a list");
    let flag = Case { flags: &["--most=3"], ..variable };
    assert_eq!(flag.small().most, 3);
    let sources: BTreeMap<String, String> = flag
        .settings()
        .all
        .into_iter()
        .map(|setting| (setting.name, setting.source.to_string()))
        .collect();
    let source = |name: &str| sources.get(name).map(String::as_str);
    assert_eq!(source("most"), Some("flag"));
    assert_eq!(source("listen"), Some("variable MUSTER_LISTEN"));
    assert_eq!(source("quiet"), Some("f.toml, line 2"));
    assert_eq!(source("key"), Some("default"));
    assert_eq!((source("config"), source("output")), (None, None), "no settings");
}

#[test]
fn a_switch_can_be_turned_off_again() {
    let off = [("MUSTER_QUIET", "off")];
    let case = Case { file: "quiet = true", variables: &off, ..Case::default() };
    assert!(!case.small().quiet);
    assert!(Case { flags: &["--quiet"], ..case }.small().quiet);
}

#[test]
fn an_empty_variable_says_nothing() {
    let case = Case { file: FILE_OF_ALL, variables: &[("MUSTER_MOST", "")], ..Case::default() };
    assert_eq!(case.small().most, 1_000);
}

#[test]
fn options_that_are_no_settings_are_read_all_the_same() {
    let case = Case { flags: &["--output", "json"], ..Case::default() };
    assert_eq!(case.small().output, "json");
    let faults = Case { file: "output = 'json'", ..Case::default() }.faults();
    assert_eq!(faults, ["f.toml, line 1: there is no setting 'output'"]);
}

/// All of it is told, with its place, in the order of the places.
#[test]
fn every_fault_is_told_at_once() {
    let file = "\
mots = 1
most = '3'
listen = '127.0.0.1:1'
quiet = 1
config = 'other.toml'
place = [1979-05-27]
";
    let case = Case {
        flags: &["--lsten", "x", "--listen", "here", "stray", "--most=0"],
        variables: &[("MUSTER_MOST", "many"), ("MUSTER_LISTEN", "127.0.0.1:1,there")],
        file,
    };
    insta::assert_snapshot!(case.faults().join("\n"), @"
    unexpected argument '--lsten' found; did you mean '--listen'?
    unexpected argument 'stray' found
    f.toml, line 1: there is no setting 'mots'; did you mean 'most'?
    f.toml, line 2: 'most' is text; give a whole number, without quotes
    f.toml, line 3: 'listen' is text; give a list in brackets, each of it text in quotes
    f.toml, line 4: 'quiet' is a number; give true or false, without quotes
    f.toml, line 5: 'config' is for the command line and the environment
    f.toml, line 6: 'place' is a list; give text in quotes
    invalid value 'here' for '--listen <ADDR>': invalid socket address syntax; give an address with its port, such as 127.0.0.1:8080
    invalid value 'there' for '--listen <ADDR>' in the variable MUSTER_LISTEN: invalid socket address syntax; give an address with its port, such as 127.0.0.1:8080
    invalid value '0' for '--most <N>': 0 is not in 1..18446744073709551615
    invalid value 'many' for '--most <N>' in the variable MUSTER_MOST: give a whole number
    ");
}

#[test]
fn a_value_that_is_outranked_has_to_be_right_too() {
    let case = Case { flags: &["--most=3"], variables: &[("MUSTER_MOST", "0")], file: "most = -1" };
    insta::assert_snapshot!(case.faults().join("\n"), @"
    invalid value '0' for '--most <N>' in the variable MUSTER_MOST: 0 is not in 1..18446744073709551615
    invalid value '-1' for 'most' in f.toml, line 1: give a whole number
    ");
}

#[test]
fn a_file_that_is_no_toml_is_told_by_its_line() {
    let case = Case { file: "most = 1\nquiet = perhaps\nmost = 2\n", ..Case::default() };
    insta::assert_snapshot!(case.faults().join("\n"), @"
    f.toml, line 2: this is no TOML: string values must be quoted, expected literal string
    f.toml, line 3: this is no TOML: duplicate key
    ");
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault() {
    let case = Case { flags: &["--config", "none.toml"], file: FILE_OF_ALL, ..Case::default() };
    insta::assert_snapshot!(case.faults().join("\n"), @"the file none.toml of --config cannot be read: entity not found");
}

#[test]
fn secrets_are_never_told() {
    const SECRET: &str = "hunter2";
    let key = format!("key {SECRET}");
    let place = format!("postgres://me:{SECRET}@db/x?password={SECRET}");
    let variables = [("MUSTER_KEY", key.as_str()), ("MUSTER_PLACE", place.as_str())];
    let case = Case { variables: &variables, flags: &["--quiet"], ..Case::default() };
    let shown = format!("{:?}", case.settings().all.iter().map(|s| &s.shown).collect::<Vec<_>>());
    assert!(shown.contains("(hidden)") && shown.contains("me:***@db"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
    assert_eq!(case.small().key, Some(key), "it is only not shown");

    let file = format!("key = '{SECRET}'\nlisten = ['{SECRET}', 'http://me:{SECRET}@host']");
    let variables = [("MUSTER_KEY", SECRET)];
    let flags = ["--key", SECRET];
    let faults = Case { flags: &flags, variables: &variables, file: &file }.faults();
    let of_keys = faults.iter().filter(|fault| fault.contains("key")).collect::<Vec<_>>();
    assert_eq!(of_keys.len(), 3, "{faults:?}");
    assert!(of_keys.iter().all(|fault| !fault.contains(SECRET)), "{faults:?}");
    let of_address = faults.iter().find(|fault| fault.contains("@host")).unwrap();
    assert!(!of_address.contains(SECRET), "{of_address}");
}

#[test]
fn what_contradicts_is_told_though_it_stands_in_different_places() {
    let case = Case { file: "place = 'here'", ..Case::default() };
    let fault = case.parsed().unwrap_err();
    insta::assert_snapshot!(fault, @"the following required arguments were not provided: --quiet");
    let both = Case { flags: &["--quiet"], ..case };
    assert_eq!(both.small().place.as_deref(), Some("here"));
}

#[test]
fn variables_that_nearly_are_ours_are_warned_of() {
    let variables = [
        ("MUSTER_LISTN", "x"),
        ("MUSTER_TEST_REQUIRE", "1"),
        ("MUSTER_MOST", "1"),
        ("LISTEN", "x"),
    ];
    let settings = Case { variables: &variables, ..Case::default() }.settings();
    let warning = "the variable MUSTER_LISTN is not read; did you mean MUSTER_LISTEN?";
    assert_eq!(settings.warnings, [warning]);
}

#[test]
fn whoever_asks_for_help_gets_it_whatever_else_is_wrong() {
    for flags in [["--help", "--most=x"], ["--most=x", "-h"]] {
        let case = Case { flags: &flags, variables: &[("MUSTER_MOST", "x")], file: "x = 1" };
        assert!(matches!(case.read(&Small::command()), Err(Stop::Help)), "{flags:?}");
    }
}

/// Every option of `muster serve` can be said in each place, by the same name.
#[test]
fn every_option_of_serve_is_a_setting() {
    let command = ServeArgs::command();
    for arg in command.get_arguments().filter(|arg| arg.get_long() != Some("help")) {
        let long = arg.get_long().unwrap_or_else(|| panic!("{arg:?} has no name"));
        let variable = format!("{PREFIX}{}", long.replace('-', "_").to_uppercase());
        assert_eq!(arg.get_env(), Some(OsStr::new(&variable)), "--{long}");
        assert!(Opt::of(arg).is_some(), "--{long} is of a sort that no file can say");
    }
}

/// The manual without its comment signs is a file whose keys and types are right.
#[test]
fn the_manual_can_be_filled_in() {
    let command = ServeArgs::command();
    let text = manual(&command);
    let is_entry =
        |line: &&str| line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ");
    let file: String = text
        .lines()
        .filter(is_entry)
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    let options: Vec<Opt> = command.get_arguments().filter_map(Opt::of).collect();
    let mut faults = Vec::new();
    let read = |_: &Path| Ok(file.clone());
    let place = file::read(Path::new("manual"), &read, &options, &mut faults);
    assert_eq!(faults, [], "{file}");
    assert_eq!(place.len(), options.iter().filter(|option| option.is_setting()).count());
    // As it stands it says nothing.
    let case = Case { file: &text, ..Case::default() };
    let settings = case.read(&command).unwrap();
    assert!(settings.all.iter().all(|setting| setting.source == Source::Default));
}
