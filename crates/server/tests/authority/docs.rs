//! docs/sign-in.md says what is so: its tables are those of the code, and its snippets do what they
//! show.

use std::path::{Path, PathBuf};
use std::process::Command;

use muster::authority::error::Fault;
use muster::authority::routes::ROUTES;

use crate::support::Service;

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join("docs/sign-in.md")).unwrap()
}

/// Compares what stands between the marks of a generated table with what ought to.
fn check(name: &str, rows: &[String]) {
    let page = page();
    let (_, rest) = page.split_once(&format!("<!-- generated: {name} -->\n")).unwrap();
    let (written, _) = rest.split_once("<!-- end -->").unwrap();
    let found: Vec<&str> = written.lines().skip(2).collect();
    let wanted = rows.join("\n");
    assert_eq!(found.join("\n"), wanted, "the table '{name}' ought to be\n{wanted}\n");
}

/// The name of a variant in words.
fn words(name: &str) -> String {
    let spaced = name.chars().flat_map(|c| {
        let space = c.is_ascii_uppercase().then_some(' ');
        space.into_iter().chain([c.to_ascii_lowercase()])
    });
    spaced.collect::<String>().trim().to_owned()
}

#[test]
fn the_endpoints_are_those_that_are_served() {
    let rows: Vec<String> = ROUTES
        .iter()
        .map(|route| {
            let methods: Vec<&str> = route.methods.iter().map(http::Method::as_str).collect();
            format!("| {} | `{}` |", methods.join(", "), route.template)
        })
        .collect();
    check("endpoints", &rows);
}

#[test]
fn the_errors_are_those_of_the_table() {
    let rows: Vec<String> = Fault::ALL
        .iter()
        .map(|fault| {
            let (status, error, number) = fault.row();
            let name = words(&format!("{fault:?}"));
            format!("| {} | `{error}` | {number} | {name} |", status.as_u16())
        })
        .collect();
    check("faults", &rows);
}

#[tokio::test]
async fn the_people_are_those_who_can_sign_in() {
    let service = Service::start().await;
    let path = format!("/common/oauth2/v2.0/authorize?{}", service.ask().encoded());
    let shown = service.get(&path).await.text;
    let page = page();
    let rows = page.lines().filter(|line| line.contains("@muster.localhost` |"));
    let people: Vec<Vec<&str>> = rows.map(|row| row.split('`').collect()).collect();
    assert_eq!(people.len(), shown.matches("class=\"person\"").count());
    for person in people {
        let (upn, oid) = (person[1], person[3]);
        let (_, button) = shown.split_once(&format!("value=\"{oid}\"")).expect(oid);
        let button = button.split("</button>").next().unwrap();
        assert!(button.contains(&format!("class=\"upn\">{upn}<")), "{upn}: {button}");
    }
}

/// Whether a program is there. In CI its absence is a failure.
fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join(program).is_file()));
    assert!(found || std::env::var_os("MUSTER_TEST_REQUIRE").is_none(), "{program} is required");
    if !found {
        println!("skipped: the snippets of docs/sign-in.md need {program}");
    }
    found
}

/// The blocks of a language, in order.
fn blocks<'a>(page: &'a str, section: &str, language: &str) -> Vec<&'a str> {
    let (_, section) = page.split_once(&format!("## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let parts = section.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap()).collect()
}

fn run(directory: PathBuf, script: String) -> String {
    let output =
        Command::new("sh").args(["-euc", &script]).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_device_signs_in_as_the_page_says() {
    if !has("curl") {
        return;
    }
    let (service, page) = (Service::start().await, page());
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(service.data(), directory.path().join("muster-data")).unwrap();
    let script = blocks(&page, "By device code", "sh").join("\n");
    let place = directory.path().to_owned();
    let printed = tokio::task::spawn_blocking(move || run(place, script)).await.unwrap();
    let printed = printed.replace(&service.env()["AUTHORITY"], "https://localhost:8443");
    let shown = blocks(&page, "By device code", "text").concat();
    let (before, after) = shown.trim().split_once('…').unwrap();
    assert!(printed.starts_with(before) && printed.trim().ends_with(after), "{printed}");
}
