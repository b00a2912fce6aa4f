//! The entity, its ids, and the key that makes it unique. Must not know JSON.

use std::fmt;
use std::str::FromStr;

use odata::{DateTimeOffset, fold};
use uuid::Uuid;

use crate::{EnrollmentState, IdentityType, Platform};

/// The qualified name of the entity type.
pub const ENTITY_TYPE: &str = "microsoft.graph.importedDeviceIdentity";

/// The qualified name of the type that an import answers with: the entity and a `status`.
pub const RESULT_TYPE: &str = "microsoft.graph.importedDeviceIdentityResult";

/// One imported device identity, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The key, made by the service.
    pub id: IdentityId,
    /// The identifier as it was sent, without outer blanks.
    pub identifier: String,
    /// What kind of identifier it is.
    pub identity_type: IdentityType,
    /// When a write last changed a stored value. UTC.
    pub modified: DateTimeOffset,
    /// When the row was made. UTC.
    pub created: DateTimeOffset,
    /// When the device was last heard of, in the offset that the client sent.
    pub contacted: DateTimeOffset,
    /// Free text.
    pub description: Option<String>,
    /// How far the device has come with its enrolment.
    pub enrollment_state: EnrollmentState,
    /// The operating system family.
    pub platform: Platform,
    /// Counts the writes that changed the row, from 1. The ETag shows it.
    pub rev: i64,
}

impl Identity {
    /// The key under which the identifier is unique within its tenant and type.
    pub fn key(&self) -> String {
        identifier_key(self.identity_type, &self.identifier)
    }

    /// The texts that `$search` looks for words in.
    pub fn searched(&self) -> [String; 2] {
        searched(&self.identifier, self.description.as_deref())
    }
}

/// An identifier and a description as `$search` sees them: folded, and none as an empty one.
pub fn searched(identifier: &str, description: Option<&str>) -> [String; 2] {
    [fold(identifier), fold(description.unwrap_or_default())]
}

/// What is unique within a tenant: a type, and an [`identifier_key`] of that type.
pub type SearchKey = (IdentityType, String);

/// The form in which identifiers of one type are compared: outer blanks trimmed, the blanks around
/// the commas of a manufacturer,model,serial dropped, folded.
///
/// It never depends on the identifier rules in force, so that changing them cannot split a row.
pub fn identifier_key(identity_type: IdentityType, identifier: &str) -> String {
    let trimmed = identifier.trim();
    if identity_type != IdentityType::ManufacturerModelSerial {
        return fold(trimmed);
    }
    let mut key = String::with_capacity(trimmed.len());
    for (index, part) in trimmed.split(',').enumerate() {
        if index > 0 {
            key.push(',');
        }
        key.push_str(&fold(part.trim()));
    }
    key
}

/// The key of an identity: a GUID whose text form is an opaque string to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityId(pub Uuid);

impl IdentityId {
    /// Reads an id as it was given out. Any other text, another spelling of the same GUID included,
    /// names no identity: ids are strings, and strings are equal or not.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        let mut canonical = Uuid::encode_buffer();
        (id.hyphenated().encode_lower(&mut canonical) == text).then_some(Self(id))
    }
}

impl fmt::Display for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A customer directory: the border that no row and no caller crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub Uuid);

impl FromStr for TenantId {
    type Err = String;

    /// Reads a GUID in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self).map_err(|_| {
            format!(
                "'{text}' is not a tenant id: give a GUID like 00000000-0000-4000-8000-000000000000"
            )
        })
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_compared_without_case_and_outer_blanks() {
        let key = |text| identifier_key(IdentityType::SerialNumber, text);
        assert_eq!(key(" C02Ab "), key("c02aB"));
        assert_eq!(key("STRASSE"), key("strasse"));
        assert_ne!(key("C0 2"), key("C02"));
        assert_ne!(key("a, b"), key("a,b"), "a comma means something in a tuple only");
    }

    #[test]
    fn blanks_around_the_commas_of_a_tuple_do_not_count() {
        let key = |text| identifier_key(IdentityType::ManufacturerModelSerial, text);
        assert_eq!(key("Microsoft , Surface Pro, 0123"), key("microsoft,surface pro,0123"));
        assert_ne!(key("a,b c,d"), key("a,bc,d"));
    }

    #[test]
    fn an_id_is_read_only_as_it_was_given_out() {
        let text = "0192f0c1-2b3c-7def-8123-456789abcdef";
        assert_eq!(IdentityId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        for other in [
            text.to_uppercase().as_str(),
            "{0192f0c1-2b3c-7def-8123-456789abcdef}",
            "0192f0c12b3c7def8123456789abcdef",
            "💥",
            "",
        ] {
            assert_eq!(IdentityId::parse(other), None, "{other}");
        }
    }
}
