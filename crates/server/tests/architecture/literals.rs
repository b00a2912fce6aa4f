//! Where error statuses, paths of the service and SQL may stand.

use crate::Violation;
use crate::source::Source;

/// The statuses that any module may name: they are no errors.
const NO_ERRORS: [&str; 5] = ["OK", "CREATED", "NO_CONTENT", "SEE_OTHER", "NOT_MODIFIED"];
/// The tables of errors: the register's, and that of sign-in.
const STATUSES: [&str; 2] = ["server/src/http/error.rs", "server/src/authority/error.rs"];

/// Parts of the service's paths.
const PATHS: [&str; 5] =
    ["/beta", "v1.0/", "deviceManagement/", "importDeviceIdentityList", "searchExistingIdentities"];
const ROUTES: &str = "server/src/http/routes.rs";

/// What SQL begins with.
const SQL: [&str; 12] = [
    "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "ALTER ", "DROP ", "PRAGMA ", "WITH ",
    "BEGIN", "COMMIT", "VACUUM",
];
/// The folders of the engines.
const ENGINES: [&str; 2] = ["store/src/sqlite/", "store/src/postgres/"];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    [statuses(source), paths(source), sql(source)].concat()
}

fn violation(source: &Source, line: usize, rule: String) -> Violation {
    Violation { file: source.file.clone(), line, rule }
}

fn statuses(source: &Source) -> Vec<Violation> {
    if STATUSES.contains(&source.file.as_str()) {
        return Vec::new();
    }
    let named = source.named();
    let errors = named.iter().filter(|named| {
        let mut behind = named.segments.iter().skip_while(|segment| *segment != "StatusCode");
        behind.nth(1).is_some_and(|name| !NO_ERRORS.contains(&name.as_str()))
    });
    let rule = |name: String| {
        format!("{name} is named, but only {} name error statuses", STATUSES.join(" and "))
    };
    errors.map(|named| violation(source, named.line, rule(named.segments.join("::")))).collect()
}

fn paths(source: &Source) -> Vec<Violation> {
    let strings = source.strings.iter().filter(|_| source.file != ROUTES);
    let with_path = strings.filter_map(|(line, text)| {
        let part = PATHS.iter().find(|part| text.contains(**part))?;
        let rule = format!("a string holds '{part}', but only {ROUTES} names paths");
        Some(violation(source, *line, rule))
    });
    with_path.collect()
}

fn sql(source: &Source) -> Vec<Violation> {
    if ENGINES.iter().any(|engine| source.file.starts_with(engine)) {
        return Vec::new();
    }
    let with_sql = source.strings.iter().filter_map(|(line, text)| {
        let word = SQL.iter().find(|word| text.trim_start().starts_with(**word))?;
        let rule = format!("a string begins with '{word}', but SQL stands in {ENGINES:?} only");
        Some(violation(source, *line, rule))
    });
    with_sql.collect()
}

#[cfg(test)]
mod tests {
    use super::{ENGINES, check};
    use crate::violations;

    #[track_caller]
    fn catches(file: &str, text: &str, rule: &str) {
        assert_eq!(violations(check, file, text), [format!("{file}:2: {rule}")]);
    }

    #[test]
    fn an_error_status_out_of_place_is_caught() {
        let text = "let a = StatusCode::OK;\nlet b = http::StatusCode::CONFLICT;\n";
        let rule = "http::StatusCode::CONFLICT is named, but only server/src/http/error.rs and \
                    server/src/authority/error.rs name error statuses";
        catches("server/src/http/respond.rs", text, rule);
        catches("store/src/lib.rs", text, rule);
        assert!(violations(check, "server/src/http/error.rs", text).is_empty());
        let text = "\nlet b = StatusCode::from_u16(404);\n";
        let rule = "StatusCode::from_u16 is named, but only server/src/http/error.rs and \
                    server/src/authority/error.rs name error statuses";
        catches("server/src/http/mod.rs", text, rule);
    }

    #[test]
    fn a_path_out_of_place_is_caught() {
        let text = "// \"/beta\" in a comment\nlet a = format!(\"{host}/beta/{x}\");\n";
        let rule = "a string holds '/beta', but only server/src/http/routes.rs names paths";
        catches("server/src/app.rs", text, rule);
        assert!(violations(check, "server/src/http/routes.rs", text).is_empty());
    }

    #[test]
    fn sql_out_of_place_is_caught() {
        let text = "let a = \"Select one\";\nlet b = r#\"\n  SELECT 1\"#;\n";
        let rule = format!("a string begins with 'SELECT ', but SQL stands in {ENGINES:?} only");
        catches("store/src/batch.rs", text, &rule);
        assert!(violations(check, "store/src/sqlite/rows.rs", text).is_empty());
    }
}
