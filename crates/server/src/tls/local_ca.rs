//! The certificate authority of `--dev`: made at the first start, kept in the data directory, and
//! constrained to names of this machine, so that trusting it trusts nothing else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::{TlsError, certified};
use crate::private_file;

const CERTIFICATE: &str = "dev-ca.pem";
const KEY: &str = "dev-ca-key.pem";
/// How long the authority lives.
const AUTHORITY_DAYS: i64 = 3_650;
/// How long a certificate of the server lives. Every start makes a new one, and Apple's systems
/// trust none that lives longer.
const SERVER_DAYS: i64 = 397;
/// How far the clocks of this machine's programs may be apart.
const CLOCK_SKEW: Duration = Duration::HOUR;

/// An authority that issues certificates for names of this machine.
pub(crate) struct LocalCa {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl LocalCa {
    /// The authority of a data directory. It is made anew if there is none, or if it may not issue
    /// for one of these names.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub(crate) fn open_or_make(
        data: &Path,
        names: &[String],
        now: OffsetDateTime,
    ) -> Result<Self, TlsError> {
        match Self::open(data)? {
            Some(known) if known.serves(names, now) => Ok(known),
            _ => Self::make(data, names, now),
        }
    }

    /// The file that clients are to trust.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A new certificate for this machine and these further names.
    ///
    /// # Errors
    /// A name is none.
    pub(crate) fn issue(
        &self,
        names: &[String],
        now: OffsetDateTime,
    ) -> Result<CertifiedKey, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = self.sign(&key, names, now)?;
        // Clients that trust the authority have it; others can see who issued.
        let chain = vec![certificate, self.certificate.clone()];
        certified(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    fn sign(
        &self,
        key: &KeyPair,
        names: &[String],
        now: OffsetDateTime,
    ) -> Result<CertificateDer<'static>, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = called("Muster development server");
        (params.not_before, params.not_after) =
            (now - CLOCK_SKEW, now + Duration::days(SERVER_DAYS));
        params.subject_alt_names =
            loopback_addresses().map(SanType::IpAddress).into_iter().collect();
        for name in dns_names(names) {
            params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.der().clone())
    }

    fn open(data: &Path) -> Result<Option<Self>, TlsError> {
        let (path, key) = (data.join(CERTIFICATE), data.join(KEY));
        if !path.exists() || !key.exists() {
            return Ok(None);
        }
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .map_err(|cause| TlsError::Io { path: path.to_owned(), cause })
        };
        let certificate = CertificateDer::from_pem_slice(read(&path)?.as_bytes())
            .map_err(|_| TlsError::DamagedCa(path.clone()))?;
        let pair = KeyPair::from_pem(&read(&key)?).map_err(|_| TlsError::DamagedCa(key.clone()))?;
        let issuer = Issuer::new(authority_params(&[], OffsetDateTime::UNIX_EPOCH), pair);
        Ok(Some(Self { path, certificate, issuer }))
    }

    fn make(data: &Path, names: &[String], now: OffsetDateTime) -> Result<Self, TlsError> {
        let pair = KeyPair::generate()?;
        let params = authority_params(names, now);
        let certificate = params.self_signed(&pair)?;
        let (path, key) = (data.join(CERTIFICATE), data.join(KEY));
        let write = |path: &Path, pem: String| {
            private_file::write(path, pem.as_bytes())
                .map_err(|cause| TlsError::Io { path: path.to_owned(), cause })
        };
        write(&key, pair.serialize_pem())?;
        write(&path, certificate.pem())?;
        let certificate = certificate.der().clone();
        Ok(Self { path, certificate, issuer: Issuer::new(params, pair) })
    }

    /// Whether clients that trust this authority would trust a certificate that it issues now.
    fn serves(&self, names: &[String], now: OffsetDateTime) -> bool {
        let trusts = || -> Option<()> {
            let certificate = self.sign(&KeyPair::generate().ok()?, names, now).ok()?;
            let anchor = anchor_from_trusted_cert(&self.certificate).ok()?;
            let seconds = u64::try_from(now.unix_timestamp()).ok()?;
            let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
            EndEntityCert::try_from(&certificate)
                .ok()?
                .verify_for_usage(
                    webpki::ALL_VERIFICATION_ALGS,
                    &[anchor],
                    &[],
                    time,
                    KeyUsage::server_auth(),
                    None,
                    None,
                )
                .ok()?;
            Some(())
        };
        trusts().is_some()
    }
}

fn authority_params(names: &[String], now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = called("Muster development authority");
    (params.not_before, params.not_after) =
        (now - CLOCK_SKEW, now + Duration::days(AUTHORITY_DAYS));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let addresses = loopback_addresses().map(|address| {
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix(address)))
    });
    let names = dns_names(names).map(GeneralSubtree::DnsName);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: addresses.into_iter().chain(names).collect(),
        excluded_subtrees: Vec::new(),
    });
    params
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::CommonName, name);
    called
}

fn dns_names(names: &[String]) -> impl Iterator<Item = String> {
    std::iter::once("localhost".to_owned()).chain(names.iter().cloned())
}

fn loopback_addresses() -> [IpAddr; 2] {
    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
}

/// The length of the prefix that holds this one address.
fn prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
    }

    fn open(data: &Path, names: &[&str], now: OffsetDateTime) -> LocalCa {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        LocalCa::open_or_make(data, &names, now).unwrap()
    }

    #[test]
    fn an_authority_is_made_once() {
        let data = tempfile::tempdir().unwrap();
        let first = open(data.path(), &[], now());
        let later = open(data.path(), &[], now() + Duration::days(AUTHORITY_DAYS - 1));
        assert_eq!(later.certificate, first.certificate);
    }

    #[test]
    fn it_can_vouch_for_the_names_that_it_was_made_for_alone() {
        let data = tempfile::tempdir().unwrap();
        let first = open(data.path(), &["muster.test"], now());
        let serves = |name: &str| first.serves(&[name.to_owned()], now());
        assert!(serves("muster.test") && serves("localhost"));
        assert!(!serves("login.example.com") && !serves("muster.test.example.com"));
        let fewer = open(data.path(), &[], now());
        assert_eq!(fewer.certificate, first.certificate);
        let another = open(data.path(), &["other.test"], now());
        assert_ne!(another.certificate, first.certificate);
    }

    #[test]
    fn damage_is_named_and_changes_nothing() {
        let data = tempfile::tempdir().unwrap();
        open(data.path(), &[], now());
        let path = data.path().join(CERTIFICATE);
        std::fs::write(&path, "nonsense").unwrap();
        let error = LocalCa::open_or_make(data.path(), &[], now()).err().unwrap();
        assert!(error.to_string().contains("dev-ca.pem is damaged: remove it"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "nonsense");
    }
}
