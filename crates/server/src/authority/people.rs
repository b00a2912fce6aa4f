//! The people who can sign in: made up, one for each measure of permission. Must not know how they
//! sign in.

use crate::auth::Permission;

/// Somebody who can sign in.
#[derive(Debug)]
pub(super) struct Person {
    /// Their `oid`.
    pub(super) id: &'static str,
    /// What they are called.
    pub(super) name: &'static str,
    /// The name to sign in with.
    pub(super) upn: &'static str,
    /// What they may do, in words.
    pub(super) about: &'static str,
    /// Whether it is the account of a person, not of an organisation's.
    pub(super) is_personal: bool,
    /// What they may let an application do for them.
    pub(super) permissions: &'static [Permission],
}

/// All of them, in the order in which they are offered.
pub(super) static PEOPLE: [Person; 5] = [
    Person {
        id: "d0d0d0d0-0000-4000-8000-0000000000b1",
        name: "Manager",
        upn: "manager@muster.localhost",
        about: "may do everything",
        is_personal: false,
        permissions: &Permission::ALL,
    },
    Person {
        id: "d0d0d0d0-0000-4000-8000-0000000000b2",
        name: "Editor",
        upn: "editor@muster.localhost",
        about: "may read, create and update, not import or delete",
        is_personal: false,
        permissions: &[Permission::ServiceConfigRead, Permission::ConfigurationReadWrite],
    },
    Person {
        id: "d0d0d0d0-0000-4000-8000-0000000000b3",
        name: "Reader",
        upn: "reader@muster.localhost",
        about: "may read",
        is_personal: false,
        permissions: &[Permission::ServiceConfigRead],
    },
    Person {
        id: "d0d0d0d0-0000-4000-8000-0000000000b4",
        name: "Nobody",
        upn: "nobody@muster.localhost",
        about: "may sign in, and nothing else",
        is_personal: false,
        permissions: &[],
    },
    Person {
        id: "d0d0d0d0-0000-4000-8000-0000000000b5",
        name: "Personal account",
        upn: "personal@muster.localhost",
        about: "belongs to no organisation: the register refuses it",
        is_personal: true,
        permissions: &Permission::ALL,
    },
];

/// The person with this `oid`.
pub(super) fn find(id: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.id == id)
}
