//! The three enumerations, each with its EDM table. Must not know which property uses which.

use odata::edm::{EnumType, Member};

/// Declares a Rust enum of the storable members and the [`EnumType`] that the wire knows.
macro_rules! edm_enum {
    (
        $(#[$doc:meta])*
        $name:ident = $qualified:literal {
            $($variant:ident = $value:literal $member:literal,)+
        }
        sentinel { $($future:literal $sentinel:literal)? }
        alias { $($alias:literal = $aliased:literal)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $member, "`")] $variant,)+
        }

        impl $name {
            /// The enumeration as EDM knows it, sentinel and accepted other spellings included.
            pub const EDM: &'static EnumType = &EnumType {
                name: $qualified,
                members: &[
                    $(Member { name: $member, value: $value, sentinel: false },)+
                    $(Member { name: $sentinel, value: $future, sentinel: true },)?
                ],
                aliases: &[$(($alias, $aliased))?],
            };

            /// The member's name as it is written in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $member,)+ }
            }

            /// The member's numeric value: what is stored, and what order goes by.
            pub const fn value(self) -> i64 {
                match self { $(Self::$variant => $value,)+ }
            }

            /// The member with this numeric value. `None` for the sentinel and unknown values.
            pub const fn from_value(value: i64) -> Option<Self> {
                match value { $($value => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

edm_enum! {
    /// What kind of identifier a row holds.
    IdentityType = "microsoft.graph.importedDeviceIdentityType" {
        Unknown = 0 "unknown",
        Imei = 1 "imei",
        SerialNumber = 2 "serialNumber",
        ManufacturerModelSerial = 3 "manufacturerModelSerial",
    }
    sentinel {}
    alias {}
}

edm_enum! {
    /// How far the device has come with its enrolment.
    EnrollmentState = "microsoft.graph.enrollmentState" {
        Unknown = 0 "unknown",
        Enrolled = 1 "enrolled",
        PendingReset = 2 "pendingReset",
        Failed = 3 "failed",
        NotContacted = 4 "notContacted",
        Blocked = 5 "blocked",
    }
    sentinel {}
    alias {}
}

edm_enum! {
    /// The operating system family of the device.
    ///
    /// Member 7 is `tvos` in Microsoft's page of the operation and `tvOS` in Graph's metadata:
    /// both are read, the first is written.
    Platform = "microsoft.graph.platform" {
        Unknown = 0 "unknown",
        Ios = 1 "ios",
        Android = 2 "android",
        Windows = 3 "windows",
        WindowsMobile = 4 "windowsMobile",
        MacOs = 5 "macOS",
        VisionOs = 6 "visionOS",
        Tvos = 7 "tvos",
    }
    sentinel { 8 "unknownFutureValue" }
    alias { "tvOS" = 7 }
}
