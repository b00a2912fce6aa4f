//! Which part may know which. A part is a crate, or a module of one.

use crate::Violation;
use crate::source::{Named, Source};

/// What a part may not name, with the reason. The part is a file, or a folder with all below it.
struct Ban {
    part: &'static str,
    /// Crates and modules, which begin a path, and types, which stand anywhere in it.
    names: &'static [&'static str],
    why: &'static str,
}

const HTTP: [&str; 6] = ["http", "http_body", "axum", "hyper", "hyper_util", "tower_http"];
const STORAGE: [&str; 3] = ["rusqlite", "tokio_postgres", "deadpool_postgres"];
const JSON: [&str; 2] = ["serde", "serde_json"];
const CLOCK: [&str; 3] = ["std::time", "SystemTime", "Uuid::now_v7"];
const TOKENS: [&str; 2] = ["jsonwebtoken", "aws_lc_rs"];

const BANS: [Ban; 18] = [
    Ban { part: "odata/", names: &HTTP, why: "odata knows no HTTP" },
    Ban { part: "odata/", names: &STORAGE, why: "odata knows no SQL" },
    Ban { part: "odata/", names: &JSON, why: "odata knows no JSON" },
    Ban { part: "odata/", names: &CLOCK, why: "odata is pure: no clock" },
    Ban { part: "odata/", names: &["model", "store"], why: "odata knows no identities" },
    Ban { part: "model/", names: &HTTP, why: "model knows no HTTP" },
    Ban { part: "model/", names: &STORAGE, why: "model knows no storage" },
    Ban { part: "model/", names: &["store"], why: "model knows no storage" },
    Ban { part: "model/", names: &CLOCK, why: "model reads no clock and makes no id" },
    Ban { part: "store/", names: &HTTP, why: "store knows no statuses" },
    Ban { part: "store/", names: &JSON, why: "store knows no JSON" },
    Ban { part: "store/", names: &TOKENS, why: "store knows no tokens" },
    Ban { part: "server/", names: &STORAGE, why: "server knows no SQL" },
    Ban { part: "server/src/auth/", names: &HTTP, why: "auth knows no statuses" },
    Ban { part: "server/src/ops.rs", names: &HTTP, why: "ops knows no HTTP" },
    Ban { part: "server/src/ops.rs", names: &JSON, why: "ops knows no JSON" },
    Ban {
        part: "server/src/meters.rs",
        names: &HTTP,
        why: "meters knows nothing of what it measures",
    },
    Ban { part: "server/src/cli/", names: &HTTP, why: "cli knows no HTTP" },
];

/// What only one place may name.
const ONLY: [(&[&str], &str, &str); 3] = [
    (&["SystemTime"], "store/src/clock.rs", "the clock enters in one place"),
    (&["rusqlite"], "store/src/sqlite/", "no engine outside its own folder"),
    (
        &["tokio_postgres", "deadpool_postgres", "tokio_postgres_rustls"],
        "store/src/postgres/",
        "no engine outside its own folder",
    ),
];

/// The modules of the server, and which others of them each may name.
const MODULES: [(&str, &[&str]); 17] = [
    ("main", &["cli"]),
    ("lib", &[]),
    (
        "cli",
        &[
            "app",
            "auth",
            "authority",
            "data_dir",
            "dev_keys",
            "http::routes::COLLECTION",
            "http::routes::VERSION",
        ],
    ),
    (
        "app",
        &[
            "auth",
            "authority",
            "beginning",
            "cli::AuthorityArgs",
            "cli::MetricsListen",
            "cli::ServeArgs",
            "data_dir",
            "dev_keys",
            "http",
            "listen",
            "meters",
            "ops",
            "seed",
            "tls",
        ],
    ),
    ("beginning", &["sample", "seed"]),
    ("seed", &[]),
    (
        "authority",
        &["auth", "dev_keys", "http::Called", "http::LOOPBACK", "http::Origins", "private_file"],
    ),
    ("http", &["auth", "meters", "ops"]),
    ("ops", &["auth"]),
    ("auth", &["dev_keys"]),
    ("dev_keys", &["private_file"]),
    ("tls", &["private_file"]),
    ("listen", &[]),
    ("meters", &[]),
    ("data_dir", &["private_file"]),
    ("private_file", &[]),
    ("sample", &[]),
];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let named = source.named();
    let mut violations: Vec<Violation> =
        named.iter().filter_map(|named| banned(source, named)).collect();
    if let Some(file) = source.file.strip_prefix("server/src/") {
        violations.extend(named.iter().filter_map(|named| between_modules(source, file, named)));
    }
    violations
}

fn violation(source: &Source, named: &Named, why: &str) -> Violation {
    let (file, line) = (source.file.clone(), named.line);
    Violation { file, line, rule: format!("{} is named, but {why}", named.segments.join("::")) }
}

fn banned(source: &Source, named: &Named) -> Option<Violation> {
    let path = format!("::{}::", named.segments.join("::"));
    let names = |banned: &&str| {
        let (is_type, banned) = (banned.starts_with(char::is_uppercase), format!("::{banned}::"));
        if is_type { path.contains(&banned) } else { path.starts_with(&banned) }
    };
    let ban =
        BANS.iter().find(|ban| source.file.starts_with(ban.part) && ban.names.iter().any(&names));
    let only = ONLY
        .iter()
        .find(|(banned, place, _)| !source.file.starts_with(place) && banned.iter().any(&names));
    let why = ban.map(|ban| ban.why).or(only.map(|(_, _, why)| *why))?;
    Some(violation(source, named, why))
}

/// The module at the top of the server that a file belongs to.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

fn between_modules(source: &Source, file: &str, named: &Named) -> Option<Violation> {
    let from = module(file);
    let to = target(file, &named.segments)?;
    let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == from) else {
        return Some(violation(source, named, "this module has no row in the table of layers"));
    };
    let is_under = |may: &&str| to == **may || to.starts_with(&format!("{may}::"));
    let knows = allowed.iter().any(is_under);
    let is_inside = module(&to.replace("::", "/")) == from;
    (!knows && !is_inside).then(|| violation(source, named, &format!("{from} must not know it")))
}

/// The path within the server that this one means, if it means one.
fn target(file: &str, segments: &[String]) -> Option<String> {
    let ups = segments.iter().take_while(|segment| *segment == "super").count();
    let rest = match segments[0].as_str() {
        "crate" | "muster" => &segments[1..],
        // `super` in `a/b.rs` and `a/mod.rs` is `a` and the root of the crate.
        "super" if file.split('/').count() - usize::from(file.ends_with("mod.rs")) <= ups => {
            &segments[ups..]
        }
        _ => return None,
    };
    (!rest.is_empty()).then(|| rest.join("::"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::violations;

    #[track_caller]
    fn catches(file: &str, text: &str, rule: &str) {
        assert_eq!(violations(check, file, text), [format!("{file}:2: {rule}")]);
    }

    #[test]
    fn what_a_crate_must_not_know_is_caught() {
        let json = "\nuse serde_json::{Value};\n";
        catches("odata/src/lib.rs", json, "serde_json::Value is named, but odata knows no JSON");
        catches("store/src/write.rs", json, "serde_json::Value is named, but store knows no JSON");
        let clock = "\nlet now = std::time::Instant::now();\n";
        let rule = "std::time::Instant::now is named, but model reads no clock and makes no id";
        catches("model/src/patch.rs", clock, rule);
        let status = "\nuse http::StatusCode;\n";
        let rule = "http::StatusCode is named, but store knows no statuses";
        catches("store/src/error.rs", status, rule);
        let sql = "\nuse rusqlite as sql;\n";
        catches("server/src/http/mod.rs", sql, "rusqlite is named, but server knows no SQL");
        let rule = "rusqlite is named, but no engine outside its own folder";
        catches("store/src/queue.rs", sql, rule);
        assert!(violations(check, "store/src/sqlite/rows.rs", sql).is_empty());
    }

    #[test]
    fn what_a_module_must_not_know_is_caught() {
        let named = |path: &str, why: &str| format!("{path} is named, but {why}");
        let text = "\nuse crate::{app::Server};\n";
        let rule = named("crate::app::Server", "http must not know it");
        catches("server/src/http/mod.rs", text, &rule);
        let text = "\nfn f() { super::super::cli::run() }\n";
        let rule = named("super::super::cli::run", "http must not know it");
        catches("server/src/http/error.rs", text, &rule);
        let text = "\nuse crate::http::routes;\n";
        let rule = named("crate::http::routes", "auth must not know it");
        catches("server/src/auth/token.rs", text, &rule);
        let text = "\nuse crate::http::routes::ROUTES;\n";
        let rule = named("crate::http::routes::ROUTES", "cli must not know it");
        catches("server/src/cli/greeting.rs", text, &rule);
        let text = "\nuse crate::ops::Register;\n";
        let rule = named("crate::ops::Register", "this module has no row in the table of layers");
        catches("server/src/portal/mod.rs", text, &rule);
    }

    #[test]
    fn what_a_module_may_know_is_left_alone() {
        let allowed = [
            ("server/src/http/mod.rs", "use crate::ops::Register;"),
            (
                "server/src/http/identities.rs",
                "use super::error::ApiError; use super::{App, Call};",
            ),
            ("server/src/cli/admin.rs", "use super::{Failure, table};"),
            ("server/src/auth/licence.rs", "#[cfg(test)]\nuse crate::http::error;"),
            ("server/src/ops.rs", "// use axum::Router;\nuse crate::auth::Principal;"),
        ];
        for (file, text) in allowed {
            assert_eq!(violations(check, file, text), [] as [String; 0]);
        }
    }
}
