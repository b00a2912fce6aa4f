//! The permissions that let callers at the register, by the names that Microsoft Graph gave them.

/// A Graph permission, delegated or of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// `DeviceManagementServiceConfig.Read.All`
    ServiceConfigRead,
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    ServiceConfigReadWrite,
    /// `DeviceManagementConfiguration.ReadWrite.All`
    ConfigurationReadWrite,
}

use Permission::{ConfigurationReadWrite, ServiceConfigRead, ServiceConfigReadWrite};

impl Permission {
    /// All that this service knows.
    pub const ALL: [Self; 3] = [ServiceConfigRead, ServiceConfigReadWrite, ConfigurationReadWrite];

    /// The name in `scp` and `roles`.
    pub const fn name(self) -> &'static str {
        match self {
            ServiceConfigRead => "DeviceManagementServiceConfig.Read.All",
            ServiceConfigReadWrite => "DeviceManagementServiceConfig.ReadWrite.All",
            ConfigurationReadWrite => "DeviceManagementConfiguration.ReadWrite.All",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            ServiceConfigRead => 1,
            ServiceConfigReadWrite => 2,
            ConfigurationReadWrite => 4,
        }
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// The permissions among these names; other names mean nothing here.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let bits = names.into_iter().filter_map(|name| {
            Permission::ALL.into_iter().find(|permission| permission.name() == name)
        });
        Self(bits.fold(0, |set, permission| set | permission.bit()))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether at least one of these is in the set.
    pub fn any_of(self, permissions: &[Permission]) -> bool {
        permissions.iter().any(|permission| self.0 & permission.bit() != 0)
    }
}

/// What a route asks of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: it shows what everybody may know.
    Public,
    /// A token that is believed: what is asked for is made up of parts that ask for more.
    Bearer,
    /// Any one of these permissions, and a licensed tenant.
    AnyOf(&'static [Permission]),
}

impl Access {
    /// For operations that read. Who may write may read.
    pub const READ: Self =
        Self::AnyOf(&[ServiceConfigRead, ServiceConfigReadWrite, ConfigurationReadWrite]);
    /// For create and update.
    pub const WRITE: Self = Self::AnyOf(&[ServiceConfigReadWrite, ConfigurationReadWrite]);
    /// For delete and import.
    pub const MANAGE: Self = Self::AnyOf(&[ServiceConfigReadWrite]);
}
