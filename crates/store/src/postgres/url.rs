//! Addresses of PostgreSQL: one URL names all hosts, the database, and how the connection is
//! secured. Must not know what is done there.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// The address of a register in PostgreSQL. What is written of it never holds the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(super) config: Config,
    pub(super) security: Security,
}

/// How the connection is secured (PostgreSQL, "SSL Mode Descriptions").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Not at all, or encrypted where the server can: for this machine.
    Unverified(SslMode),
    /// Encrypted, and the certificate leads to one of these.
    Verified {
        /// A file with the certificates to trust; else those that this machine trusts.
        roots: Option<PathBuf>,
        /// Whether the certificate must be the host's.
        names_host: bool,
    },
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        // The rest of a password that ends too early would be taken for a host, and be shown.
        if address.matches('@').count() > 1 || query.contains('@') {
            return Err(TORN.to_owned());
        }
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => roots = Some(decoded(value)?),
                _ => rest.push(pair),
            }
        }
        let mut config = Config::from_str(&format!("{address}?{}", rest.join("&")))
            .map_err(|error| format!("the address of the store cannot be read: {}", why(&error)))?;
        if config.get_hosts().is_empty() {
            return Err("the address of the store names no host: give \
                        postgres://USER@HOST/DATABASE"
                .to_owned());
        }
        if config.get_dbname().is_none() {
            return Err("the address of the store names no database: give \
                        postgres://USER@HOST/DATABASE"
                .to_owned());
        }
        let security = security(mode.as_deref(), roots, &config)?;
        config.ssl_mode(match &security {
            Security::Unverified(mode) => *mode,
            Security::Verified { .. } => SslMode::Require,
        });
        // A register is written to: what cannot be written is not the one that is meant.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self { config, security })
    }
}

const TORN: &str = "the address of the store has an '@' too many: what stands before the host, or \
                    behind '?', has '@' as %40, '?' as %3F and '%' as %25";

impl PostgresUrl {
    /// Why nobody lets us in. Of several hosts, the library tells of one.
    pub(super) fn told_of_hosts(&self, reason: String) -> String {
        match self.config.get_hosts().len() {
            1 => reason,
            hosts => format!("of {hosts} hosts, the one that was tried last: {reason}"),
        }
    }
}

fn decoded(value: &str) -> Result<PathBuf, String> {
    let decoded = percent_decode_str(value).decode_utf8();
    decoded.map(|path| PathBuf::from(path.as_ref())).map_err(|_| "sslrootcert is not UTF-8".into())
}

/// The library's own words begin with "invalid connection string" and tell the rest apart.
fn why(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// What is asked for, or else what befits the hosts.
fn security(
    mode: Option<&str>,
    roots: Option<PathBuf>,
    config: &Config,
) -> Result<Security, String> {
    // Whoever names an authority means it, as PostgreSQL's own clients have it.
    let is_named = roots.is_some();
    let (of_system, roots) = match roots {
        Some(roots) if roots.as_os_str() == "system" => (true, None),
        roots => (false, roots),
    };
    let of_machine = of_system || mode == Some("verify-ca") && roots.is_none();
    if let Some(mode) = mode.filter(|mode| of_machine && *mode != "verify-full") {
        return Err(format!(
            "sslmode={mode} does not go with the authorities that this machine trusts, by which \
             anybody has a certificate for a name of their own: give sslmode=verify-full, or name \
             an authority by sslrootcert=FILE"
        ));
    }
    match mode {
        Some("disable") => Ok(Security::Unverified(SslMode::Disable)),
        Some("prefer") => Ok(Security::Unverified(SslMode::Prefer)),
        Some("require") if is_named => Ok(Security::Verified { roots, names_host: false }),
        Some("require") => Ok(Security::Unverified(SslMode::Require)),
        Some("verify-ca") => Ok(Security::Verified { roots, names_host: false }),
        Some("verify-full") => Ok(Security::Verified { roots, names_host: true }),
        Some(other) => Err(format!(
            "sslmode={other} is not offered: give disable, prefer, require, verify-ca or verify-full"
        )),
        None if !is_named && all_are_here(config) => Ok(Security::Unverified(SslMode::Prefer)),
        None => Ok(Security::Verified { roots, names_host: true }),
    }
}

/// Whether what is sent stays on this machine. Where there are addresses beside the names, it is sent
/// to those.
fn all_are_here(config: &Config) -> bool {
    config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// Whether this is a name of this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            // One port may stand for all hosts.
            if let Some(port) = ports.get(index).or_else(|| ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PostgresUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://muster:s3cret@db.example.org/muster",
            "postgresql://muster@one:5433,two:5434/muster?password=s3cret",
        ] {
            let url = read(text);
            assert!(!format!("{url} {url:?}").contains("s3cret"), "{url}");
        }
        let url = read("postgresql://muster@one:5433,two:5434/muster?password=s3cret");
        assert_eq!(url.to_string(), "postgres://muster@one:5433,two:5434/muster");
    }

    /// A password has to be percent-encoded: the rest of one that is not would be read as a host or
    /// an option, and such are shown.
    #[test]
    fn the_rest_of_a_password_that_was_torn_is_not_shown() {
        for text in [
            "postgres://muster:p@s3cret@db.example.org/muster",
            "postgres://muster:1?s3cret=@db.example.org/muster",
            "postgres://muster:p@x/?s3cret=@db.example.org/muster",
        ] {
            let error = text.parse::<PostgresUrl>().unwrap_err();
            assert!(error.contains("%40") && !error.contains("s3cret"), "{text}: {error}");
        }
    }

    #[test]
    fn hosts_elsewhere_are_verified_unless_told_otherwise() {
        let verified = |roots: Option<&str>, names_host| Security::Verified {
            roots: roots.map(PathBuf::from),
            names_host,
        };
        let unverified = Security::Unverified;
        for (text, wanted) in [
            ("postgres://m@db.example.org/m", verified(None, true)),
            ("postgres://m@localhost,db.example.org/m", verified(None, true)),
            ("postgres://m@127.0.0.1,localhost,[::1]/m", unverified(SslMode::Prefer)),
            ("postgres://m@%2Frun%2Fpostgresql/m", unverified(SslMode::Prefer)),
            ("postgres://m@localhost/m?sslmode=verify-full", verified(None, true)),
            (
                "postgres://m@h/m?sslmode=verify-ca&sslrootcert=%2Fetc%2Fca.pem",
                verified(Some("/etc/ca.pem"), false),
            ),
            ("postgres://m@h/m?sslrootcert=system", verified(None, true)),
            ("postgres://m@h/m?sslmode=require", unverified(SslMode::Require)),
            (
                "postgres://m@localhost/m?sslmode=require&sslrootcert=ca.pem",
                verified(Some("ca.pem"), false),
            ),
            ("postgres://m@localhost/m?sslrootcert=ca.pem", verified(Some("ca.pem"), true)),
            ("postgres://m@localhost/m?hostaddr=127.0.0.2", unverified(SslMode::Prefer)),
            ("postgres://m@localhost/m?hostaddr=192.0.2.1", verified(None, true)),
            ("postgres://m@h/m?sslmode=disable", unverified(SslMode::Disable)),
        ] {
            assert_eq!(read(text).security, wanted, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, wanted) in [
            ("postgres://m@h/m?sslmode=always", "sslmode=always"),
            ("postgres://m@h/m?sslmod=require", "sslmod"),
            ("postgres://m@h:port/m", "port"),
            ("postgres://m@h", "no database"),
            ("postgres:///m", "no host"),
            ("postgres://m@h/m?sslmode=verify-ca", "sslmode=verify-ca does not go"),
            ("postgres://m@h/m?sslmode=require&sslrootcert=system", "sslmode=require does not go"),
            (
                "postgres://m@h/m?sslmode=verify-ca&sslrootcert=system",
                "sslmode=verify-ca does not go",
            ),
        ] {
            let error = text.parse::<PostgresUrl>().unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
