//! What can be wrong with a body, in words for the person who sent it. Must not know statuses.

/// Every fault found in one body; never empty when it is an error.
pub type Faults = Vec<Fault>;

/// One thing that is wrong with what a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What sort of fault it is.
    pub kind: FaultKind,
    /// Where it is: a property, or `importedDeviceIdentities[3].platform`. Empty for the whole body.
    pub target: String,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// The sorts of faults that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The body is not the JSON it should be.
    Payload,
    /// A property that the type does not have.
    UnknownProperty,
    /// A value that is not of the property's type.
    WrongLiteral,
    /// A value of the right type that breaks a rule of the register.
    Rule,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, target: &str, message: String) -> Self {
        Self { kind, target: target.to_owned(), message }
    }

    pub(crate) fn payload(reason: impl std::fmt::Display) -> Self {
        Self::new(FaultKind::Payload, "", reason.to_string())
    }

    pub(crate) fn rule(target: &str, message: String) -> Self {
        Self::new(FaultKind::Rule, target, message)
    }

    pub(crate) fn wrong(target: &str, message: String) -> Self {
        Self::new(FaultKind::WrongLiteral, target, message)
    }
}
