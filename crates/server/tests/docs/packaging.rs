//! The files that Muster is packaged by are true to the program: its variables, commands, ports and
//! directories. What they mean to Docker and systemd is not looked at.

use std::collections::BTreeSet;
use std::process::Command;

use crate::page::read;

const DOCKERFILE: &str = "Dockerfile";
const COMPOSE: &str = "compose.yaml";
const UNIT: &str = "packaging/muster.service";
const PAGE: &str = "docs/operations.md";
/// What the service takes to stop, in seconds.
const STOPS_WITHIN_S: u64 = 30;

fn help(command: &[&str]) -> String {
    let mut muster = Command::new(env!("CARGO_BIN_EXE_muster"));
    let output = muster.args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The variables of Muster in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    let words = text.split(|c: char| !is_part(c)).filter(|word| word.starts_with("MUSTER_"));
    words.map(str::to_owned).collect()
}

/// What follows a mark, up to the end of its line.
#[track_caller]
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {text}"));
    rest.lines().next().unwrap().trim()
}

#[test]
fn variables_are_those_of_serve() {
    let known = variables(&help(&["serve"]));
    for file in [DOCKERFILE, COMPOSE, UNIT] {
        let told = variables(&read(file));
        assert!(!told.is_empty(), "{file}");
        let unknown: Vec<_> = told.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} sets {unknown:?}");
    }
}

#[test]
fn commands_are_there() {
    let unit = read(UNIT);
    for line in unit.lines().filter(|line| line.starts_with("Exec")) {
        let mut words = line.split_once('=').unwrap().1.split_whitespace();
        assert_eq!(words.next(), Some("/usr/bin/muster"), "{line}");
        help(&words.collect::<Vec<_>>());
    }
    let image = read(DOCKERFILE);
    assert_eq!(after(&image, "\nENTRYPOINT "), r#"["/usr/bin/muster"]"#);
    assert!(image.contains("target/release/muster /usr/bin/muster\n"));
    help(&[after(&image, "\nCMD ").trim_matches(['[', ']', '"'])]);
}

#[test]
fn ports_are_the_usual_ones() {
    let (serve, image, compose) = (help(&["serve"]), read(DOCKERFILE), read(COMPOSE));
    let serve = serve.split_whitespace().collect::<Vec<_>>().join(" ");
    let listen = "default: port 8080 of 127.0.0.1";
    let metrics = "default: 127.0.0.1:9464";
    assert!(serve.contains(listen) && serve.contains(metrics), "{serve}");
    assert_eq!(after(&image, "\nEXPOSE "), "8080 9464");
    assert!(image.contains("MUSTER_LISTEN=0.0.0.0:8080 "));
    assert!(image.contains("MUSTER_METRICS_LISTEN=0.0.0.0:9464 "));
    let published: Vec<_> =
        compose.lines().map(str::trim).filter(|line| line.ends_with(":8080")).collect();
    assert_eq!(published, ["- 127.0.0.1:8080:8080"], "to this host alone");
}

#[test]
fn the_register_lies_where_it_may_be_written() {
    let (image, compose, unit) = (read(DOCKERFILE), read(COMPOSE), read(UNIT));
    let data = after(&image, "MUSTER_DATA=").split(' ').next().unwrap();
    assert_eq!(after(&image, "\nVOLUME "), data);
    let user = after(&image, "\nUSER ");
    let (uid, gid) = user.split_once(':').unwrap();
    assert!(uid.parse::<u32>().unwrap() > 0 && gid.parse::<u32>().unwrap() > 0, "not root");
    let made = format!("--owner={uid} --group={gid} {data}\n");
    assert!(image.contains(&made), "no {made}");
    assert!(compose.contains(&format!("- muster:{data}\n")));
    let state = after(&unit, "\nStateDirectory=");
    assert_eq!(after(&unit, "\nEnvironment=MUSTER_DATA="), format!("/var/lib/{state}"));
}

#[test]
fn the_image_is_built_of_what_the_build_needs() {
    let (image, workspace) = (read(DOCKERFILE), read("Cargo.toml"));
    let version = after(&workspace, "\nrust-version = ").trim_matches('"');
    assert!(image.contains(&format!("\nFROM rust:{version}-")), "{version} is the oldest Rust");
    let members = after(&workspace, "\nmembers = ");
    let taken = read(".dockerignore");
    for member in members.trim_matches(['[', ']']).split(", ") {
        let folder = member.trim_matches('"').split('/').next().unwrap();
        assert!(image.contains(&format!("\nCOPY {folder} {folder}\n")), "{folder}");
        assert!(taken.contains(&format!("\n!{folder}\n")), "{folder}");
    }
}

#[test]
fn there_is_time_to_stop() {
    let (compose, unit) = (read(COMPOSE), read(UNIT));
    let muster = compose.split("\n  postgres:\n").next().unwrap();
    let grace = after(muster, "stop_grace_period: ").trim_end_matches('s');
    for given in [grace, after(&unit, "\nTimeoutStopSec=")] {
        assert!(given.parse::<u64>().unwrap() > STOPS_WITHIN_S, "{given}");
    }
    assert!(read(PAGE).contains(&format!("at most\n{STOPS_WITHIN_S} seconds")));
}

#[test]
fn secrets_come_from_the_files_that_the_page_has_made() {
    let (compose, page) = (read(COMPOSE), read(PAGE));
    let files: Vec<_> =
        compose.lines().filter_map(|line| line.trim().strip_prefix("file: ")).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        assert!(page.contains(file), "{file}");
        let name = file.rsplit('/').next().unwrap();
        assert!(compose.contains(&format!("/run/secrets/{name}\n")), "{name} is not read");
    }
    assert!(!compose.contains("password="), "no secret stands in the file");
}
