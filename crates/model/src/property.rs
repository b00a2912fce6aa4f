//! The one table of properties. What is said here is said nowhere else: the order of the JSON,
//! types, who writes what, columns. Adding a property is one row, a field of the entity, and a
//! migration.

use odata::DateTimeOffset;
use odata::edm::Type;

use crate::{EnrollmentState, Field, Identity, IdentityId, IdentityType, Patch, Platform};

/// One property of the entity type.
#[derive(Debug)]
pub struct Property {
    /// The name in JSON and in query options.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub about: &'static str,
    /// The EDM type.
    pub edm: Type,
    /// Whether `null` is a value of it.
    pub nullable: bool,
    /// Who gives it its value.
    pub written_by: Writer,
    /// The column that holds it. A date with an offset has a second one for the offset.
    pub column: &'static str,
    /// Reads it from a row.
    pub get: fn(&Identity) -> Value<'_>,
}

/// Who gives a property its value, and for a client how a body's value enters the patch.
#[derive(Clone, Copy, Debug)]
pub enum Writer {
    /// The service: what a client sends is ignored (OData 4.01 Part 1, 11.4.3).
    Service,
    /// The client. The function puts a value, already judged by the row of the table, in a patch.
    Client(fn(&mut Patch, Given)),
}

/// A property's value as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// The key.
    Id(IdentityId),
    /// A string.
    Text(&'a str),
    /// A member of an enumeration, by name.
    Member(&'static str),
    /// An instant in its offset.
    Instant(DateTimeOffset),
}

/// A value that a body gives, of the property's own type.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// `null`, where the property is nullable.
    Null,
    /// A string.
    Text(String),
    /// The numeric value of a storable member.
    Member(i64),
    /// An instant in its offset.
    Instant(DateTimeOffset),
}

/// The properties of `microsoft.graph.importedDeviceIdentity`, in the order of Microsoft's page
/// of the operation, which is the order of the JSON.
pub static PROPERTIES: [Property; 9] = [
    Property {
        name: "id",
        about: "The key, which the service makes. Opaque: it is not to be taken apart.",
        edm: Type::String,
        nullable: false,
        written_by: Writer::Service,
        column: "id",
        get: |row| Value::Id(row.id),
    },
    Property {
        name: "importedDeviceIdentifier",
        about: "What the device is known by. Unique together with its type, compared without \
                regard to case and outer blanks.",
        edm: Type::String,
        nullable: false,
        written_by: Writer::Client(|patch, given| {
            if let Given::Text(text) = given {
                patch.identifier = Some(text.trim().to_owned());
            }
        }),
        column: "identifier",
        get: |row| Value::Text(&row.identifier),
    },
    Property {
        name: "importedDeviceIdentityType",
        about: "What kind of identifier it is.",
        edm: Type::Enum(IdentityType::EDM),
        nullable: false,
        written_by: Writer::Client(|patch, given| {
            if let Given::Member(value) = given {
                patch.identity_type = IdentityType::from_value(value);
            }
        }),
        column: "type",
        get: |row| Value::Member(row.identity_type.name()),
    },
    Property {
        name: "lastModifiedDateTime",
        about: "When a write last changed a stored value.",
        edm: Type::DateTimeOffset,
        nullable: false,
        written_by: Writer::Service,
        column: "modified_ticks",
        get: |row| Value::Instant(row.modified),
    },
    Property {
        name: "createdDateTime",
        about: "When the identity was made.",
        edm: Type::DateTimeOffset,
        nullable: false,
        written_by: Writer::Service,
        column: "created_ticks",
        get: |row| Value::Instant(row.created),
    },
    Property {
        name: "lastContactedDateTime",
        about: "When the device was last heard of, in the offset it was sent in. The first of \
                January of the year 1 is never.",
        edm: Type::DateTimeOffset,
        nullable: false,
        written_by: Writer::Client(|patch, given| {
            if let Given::Instant(instant) = given {
                patch.contacted = Some(instant);
            }
        }),
        column: "contacted_ticks",
        get: |row| Value::Instant(row.contacted),
    },
    Property {
        name: "description",
        about: "Free text.",
        edm: Type::String,
        nullable: true,
        written_by: Writer::Client(|patch, given| match given {
            Given::Text(text) => patch.description = Field::Value(text),
            Given::Null => patch.description = Field::Null,
            Given::Member(_) | Given::Instant(_) => {}
        }),
        column: "description",
        get: |row| row.description.as_deref().map_or(Value::Null, Value::Text),
    },
    Property {
        name: "enrollmentState",
        about: "How far the device has come with its enrolment.",
        edm: Type::Enum(EnrollmentState::EDM),
        nullable: false,
        written_by: Writer::Client(|patch, given| {
            if let Given::Member(value) = given {
                patch.enrollment_state = EnrollmentState::from_value(value);
            }
        }),
        column: "enrollment_state",
        get: |row| Value::Member(row.enrollment_state.name()),
    },
    Property {
        name: "platform",
        about: "The operating system family of the device.",
        edm: Type::Enum(Platform::EDM),
        nullable: false,
        written_by: Writer::Client(|patch, given| {
            if let Given::Member(value) = given {
                patch.platform = Platform::from_value(value);
            }
        }),
        column: "platform",
        get: |row| Value::Member(row.platform.name()),
    },
];

/// The index of the property that is the key.
pub(crate) const KEY: usize = 0;

/// The property with this name. Names are case-sensitive.
pub fn property(name: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|property| property.name == name)
}
