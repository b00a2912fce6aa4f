//! What settings have to have to do with each other and with the files they name: all that is
//! wrong, found before anything is made. Must not know where a setting was given.

use std::fmt;

use super::outside::{Outside, OutsideError};
use super::{MetricsListen, ServeArgs, StartError};
use crate::listen;
use crate::tls;

/// Settings that do not go together. There is at least one fault.
#[derive(Debug)]
pub struct Contradictions(Vec<StartError>);

impl std::error::Error for Contradictions {}

impl fmt::Display for Contradictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(f, "{only}");
        }
        write!(f, "the settings have {} faults:", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
    }
}

/// Finds what does not go together.
///
/// # Errors
/// All of it.
pub fn check(args: &ServeArgs) -> Result<(), Contradictions> {
    let mut faults = if args.dev { under_dev(args) } else { outside(args) };
    if let Some(Err(error)) = tls_files(args).map(|files| files.read()) {
        faults.push(error.into());
    }
    if faults.is_empty() { Ok(()) } else { Err(Contradictions(faults)) }
}

fn under_dev(args: &ServeArgs) -> Vec<StartError> {
    let strange = args.authority.given().map(|option| OutsideError::NotUnderDev(option).into());
    let mut faults: Vec<StartError> = strange.collect();
    if args.ephemeral && args.place.store.is_some() {
        faults.push(StartError::EphemeralStore);
    }
    let seeds = args.seed.iter().filter_map(|file| file.size().err());
    faults.extend(seeds.map(|error| StartError::Beginning(error.into())));
    if args.dev_host.is_empty() {
        let metrics = match args.metrics_listen {
            Some(MetricsListen::Own(address)) => Some(address),
            Some(MetricsListen::Api | MetricsListen::Off) | None => None,
        };
        let addresses = args.listen.iter().chain(&args.tls_listen).chain(&metrics);
        faults.extend(listen::beyond_loopback(addresses).map(StartError::Listen));
    }
    faults
}

fn outside(args: &ServeArgs) -> Vec<StartError> {
    let of_dev = [
        (!args.dev_host.is_empty(), "--dev-host"),
        (!args.dev_redirect_uri.is_empty(), "--dev-redirect-uri"),
        (args.no_sample, "--no-sample"),
        (!args.seed.is_empty(), "--seed"),
        (args.ephemeral, "--ephemeral"),
    ];
    let given = of_dev.into_iter().filter(|(is_given, _)| *is_given);
    let mut faults: Vec<StartError> =
        given.map(|(_, option)| StartError::OnlyUnderDev(option)).collect();
    match (!args.tls_listen.is_empty(), args.tls_cert.is_some()) {
        (true, false) => faults.push(StartError::NoCertificate),
        (false, true) => faults.push(StartError::NoTlsListener),
        _ => {}
    }
    faults.extend(Outside::faults(&args.authority).map(StartError::Outside));
    faults
}

/// The operator's certificate, if there is one.
pub(super) fn tls_files(args: &ServeArgs) -> Option<tls::Files> {
    let (certificate, key) = (args.tls_cert.clone()?, args.tls_key.clone()?);
    Some(tls::Files { certificate, key })
}
