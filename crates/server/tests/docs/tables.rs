//! Tables of the documentation that repeat one of the code.

use model::{PROPERTIES, Writer};
use muster::auth::Access;
use muster::http::error::ErrorKind;
use muster::http::routes::ROUTES;
use muster::http::test_bench;

use crate::page::read;

const PAGE: &str = "docs/compatibility.md";
const TESTING: &str = "docs/testing.md";

/// Compares what stands between the marks of a generated table of a page with what ought to.
pub(crate) fn check(file: &str, name: &str, rows: &[String]) {
    let page = read(file);
    let mark = format!("<!-- generated: {name} -->\n");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no mark {mark}"));
    let (written, _) = rest.split_once("<!-- end -->").unwrap();
    let mut lines = written.lines();
    let head: Vec<&str> = lines.by_ref().take(2).collect();
    let wanted = rows.join("\n");
    let found = lines.collect::<Vec<_>>().join("\n");
    assert_eq!(
        found,
        wanted,
        "the table '{name}' of {file} ought to be\n{}\n{wanted}\n",
        head.join("\n")
    );
}

#[test]
fn the_routes_are_those_that_are_served() {
    let rows: Vec<String> = ROUTES
        .iter()
        .map(|route| {
            let access = match route.access {
                Access::Public => "none is needed".to_owned(),
                Access::Bearer => "those of its requests".to_owned(),
                Access::AnyOf(permissions) => {
                    let names =
                        permissions.iter().map(|permission| format!("`{}`", permission.name()));
                    names.collect::<Vec<_>>().join(", ")
                }
            };
            let path = route.template.trim_start_matches("/beta");
            let path = if path.is_empty() { "/" } else { path };
            format!("| {} | `{path}` | {:?} | {access} |", route.method, route.operation)
        })
        .collect();
    check(PAGE, "routes", &rows);
}

#[test]
fn the_routes_of_the_test_bench_are_those_that_are_served() {
    let rows = test_bench::ROUTES
        .iter()
        .map(|route| format!("| {} | `{}` | {:?} |", route.method, route.template, route.action));
    check(TESTING, "test bench", &rows.collect::<Vec<_>>());
}

#[test]
fn the_properties_are_those_of_the_property_table() {
    let rows: Vec<String> = PROPERTIES
        .iter()
        .map(|property| {
            let null = if property.nullable { "yes" } else { "no" };
            let writer = match property.written_by {
                Writer::Service => "service",
                Writer::Client(_) => "client",
            };
            format!("| {} | `{}` | {null} | {writer} |", property.name, property.edm.name())
        })
        .collect();
    check(PAGE, "properties", &rows);
}

#[test]
fn the_errors_are_those_of_the_error_table() {
    let rows: Vec<String> = ErrorKind::ALL
        .iter()
        .map(|kind| {
            let (status, code) = kind.row();
            format!("| {} | `{code}` |", status.as_u16())
        })
        .collect();
    check(PAGE, "errors", &rows);
}
