//! The primitive and enumeration types that properties are declared with (OData CSDL 4.01, 3.3
//! and 8). Must not know which properties exist, nor how a value is written in JSON or SQL.

/// The declared type of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `Edm.String`: Unicode text.
    String,
    /// `Edm.Boolean`: true or false.
    Boolean,
    /// `Edm.DateTimeOffset`: an instant with the offset that it was given in.
    DateTimeOffset,
    /// An enumeration declared by the service.
    Enum(&'static EnumType),
}

impl Type {
    /// The name that `$metadata`, annotations and messages use: `Edm.String`, or the qualified
    /// name of the enumeration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "Edm.String",
            Self::Boolean => "Edm.Boolean",
            Self::DateTimeOffset => "Edm.DateTimeOffset",
            Self::Enum(declared) => declared.name,
        }
    }

    /// How many digits the fraction of a second may have. Without a word, it would be none.
    pub const fn precision(self) -> Option<u8> {
        match self {
            Self::DateTimeOffset => Some(7),
            Self::String | Self::Boolean | Self::Enum(_) => None,
        }
    }
}

/// An enumeration: named whole numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumType {
    /// The qualified name, such as `microsoft.graph.platform`.
    pub name: &'static str,
    /// The members as `$metadata` lists them.
    pub members: &'static [Member],
    /// Further spellings that are read but never written, each with the value it stands for.
    pub aliases: &'static [(&'static str, i64)],
}

/// One member of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member's name; its case counts (OData CSDL 4.01, 8.3).
    pub name: &'static str,
    /// The number behind the name: what order goes by.
    pub value: i64,
    /// Whether the member only marks where values unknown to the client begin. No value that is
    /// stored equals a sentinel.
    pub sentinel: bool,
}

impl EnumType {
    /// The member that `name` names, exactly as spelt or by an alias. `None` if there is none.
    pub fn by_name(&self, name: &str) -> Option<&'static Member> {
        let aliased = || self.aliases.iter().find(|(alias, _)| *alias == name);
        let named = self.members.iter().find(|member| member.name == name);
        named.or_else(|| aliased().and_then(|(_, value)| self.by_value(*value)))
    }

    /// The member with this number, sentinel included. `None` if there is none.
    pub fn by_value(&self, value: i64) -> Option<&'static Member> {
        self.members.iter().find(|member| member.value == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOUR: EnumType = EnumType {
        name: "paint.colour",
        members: &[
            Member { name: "unknown", value: 0, sentinel: false },
            Member { name: "grey", value: 4, sentinel: false },
            Member { name: "later", value: 5, sentinel: true },
        ],
        aliases: &[("gray", 4), ("nowhere", 9)],
    };

    #[test]
    fn a_member_is_found_by_its_exact_name() {
        assert_eq!(COLOUR.by_name("grey").map(|member| member.value), Some(4));
        assert_eq!(COLOUR.by_name("later").map(|member| member.sentinel), Some(true));
        assert_eq!(COLOUR.by_name("Grey"), None);
        assert_eq!(COLOUR.by_name(""), None);
    }

    #[test]
    fn an_alias_leads_to_the_member_with_its_own_name() {
        assert_eq!(COLOUR.by_name("gray").map(|member| member.name), Some("grey"));
        assert_eq!(COLOUR.by_name("nowhere"), None);
    }

    #[test]
    fn a_member_is_found_by_its_value() {
        assert_eq!(COLOUR.by_value(4).map(|member| member.name), Some("grey"));
        assert_eq!(COLOUR.by_value(1), None);
    }

    #[test]
    fn a_type_is_named_as_metadata_names_it() {
        assert_eq!(Type::DateTimeOffset.name(), "Edm.DateTimeOffset");
        assert_eq!(Type::Enum(&COLOUR).name(), "paint.colour");
    }
}
