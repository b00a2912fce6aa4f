//! The rules for identifiers and descriptions: plain functions, one per kind of value.
//! Must not know who asks.

use crate::{Fault, IdentityType};

/// Which set of rules is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// What the published page of the operation allows: any text under any type.
    #[default]
    Documented,
    /// What Intune is known to enforce, and what a register of real devices wants.
    Strict,
}

impl Rules {
    /// The most characters that a property may have, where there is a limit.
    pub fn longest(self, property: &str) -> Option<usize> {
        match property {
            IDENTIFIER => Some(MAX_IDENTIFIER),
            DESCRIPTION => Some(self.longest_description()),
            _ => None,
        }
    }

    const fn longest_description(self) -> usize {
        match self {
            Self::Documented => 1_024,
            Self::Strict => 128,
        }
    }
}

const IDENTIFIER: &str = "importedDeviceIdentifier";
const DESCRIPTION: &str = "description";

/// Longest identifier, in characters.
const MAX_IDENTIFIER: usize = 512;
/// Longest serial number under [`Rules::Strict`], in characters.
const MAX_SERIAL: usize = 128;
/// IMEI without check digit, IMEI, IMEISV: digits.
const IMEI_DIGITS: std::ops::RangeInclusive<usize> = 14..=16;

/// Judges an identifier, without outer blanks, that stands under `identity_type`.
pub(crate) fn check_identifier(
    rules: Rules,
    identity_type: IdentityType,
    text: &str,
) -> Result<(), Fault> {
    check_text(text)?;
    match (rules, identity_type) {
        (Rules::Documented, _) | (Rules::Strict, IdentityType::Unknown) => Ok(()),
        (Rules::Strict, IdentityType::Imei) => check_imei(text),
        (Rules::Strict, IdentityType::SerialNumber) => check_serial(text),
        (Rules::Strict, IdentityType::ManufacturerModelSerial) => check_tuple(text),
    }
}

/// Judges a description.
pub(crate) fn check_description(rules: Rules, text: &str) -> Result<(), Fault> {
    let most = rules.longest_description();
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    let message = format!("The description has {length} characters; at most {most} are allowed.");
    Err(Fault::rule(DESCRIPTION, message))
}

fn check_text(text: &str) -> Result<(), Fault> {
    let length = text.chars().count();
    if length == 0 {
        return broken("The identifier is empty: give at least one character.".to_owned());
    }
    if length > MAX_IDENTIFIER {
        return broken(format!(
            "The identifier has {length} characters; at most {MAX_IDENTIFIER} are allowed."
        ));
    }
    match text.chars().enumerate().find(|(_, c)| c.is_control()) {
        Some((index, c)) => broken(format!(
            "The identifier holds the control character U+{:04X} at character {}; remove it.",
            u32::from(c),
            index + 1
        )),
        None => Ok(()),
    }
}

/// A wrong check digit is no fault: real lists hold such values, and Intune takes them.
fn check_imei(text: &str) -> Result<(), Fault> {
    if text.bytes().all(|b| b.is_ascii_digit()) && IMEI_DIGITS.contains(&text.len()) {
        return Ok(());
    }
    broken(format!("'{text}' is not an IMEI: give 14 to 16 digits and nothing else."))
}

fn check_serial(text: &str) -> Result<(), Fault> {
    let length = text.chars().count();
    if length > MAX_SERIAL {
        return broken(format!(
            "The serial number has {length} characters; at most {MAX_SERIAL} are allowed."
        ));
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ' ');
    match text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        Some((index, c)) => broken(format!(
            "The serial number holds '{c}' at character {}; letters, digits, '-', '_', '.', '/' \
             and blanks are allowed.",
            index + 1
        )),
        None => Ok(()),
    }
}

fn check_tuple(text: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.len() == 3 && parts.iter().all(|part| !part.is_empty()) {
        return Ok(());
    }
    broken(format!(
        "'{text}' is not manufacturer,model,serial: give exactly three non-empty parts joined by \
         commas. A part cannot hold a comma, and there is no way to escape one."
    ))
}

fn broken(message: String) -> Result<(), Fault> {
    Err(Fault::rule(IDENTIFIER, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(rules: Rules, identity_type: IdentityType, text: &str) -> bool {
        check_identifier(rules, identity_type, text).is_ok()
    }

    #[test]
    fn documented_rules_take_any_text_under_any_type() {
        let any = |text: &str| ok(Rules::Documented, IdentityType::Imei, text);
        assert!(any("Imported Device Identifier value"));
        assert!(any(&"ü".repeat(512)));
        assert!(!any(&"ü".repeat(513)));
        assert!(!any(""));
        assert!(!any("tab\there"));
    }

    #[test]
    fn strict_imei() {
        let imei = |text: &str| ok(Rules::Strict, IdentityType::Imei, text);
        for good in ["49015420323751", "490154203237518", "4901542032375100", "490154203237510"] {
            assert!(imei(good), "{good}");
        }
        for bad in ["4901542032375", "49015420323751000", "49015420323751x", "490154-20-323751"] {
            assert!(!imei(bad), "{bad}");
        }
    }

    #[test]
    fn strict_serial() {
        let serial = |text: &str| ok(Rules::Strict, IdentityType::SerialNumber, text);
        assert!(serial("C02-X_y.z/1 2é"));
        assert!(serial(&"9".repeat(128)));
        assert!(!serial(&"9".repeat(129)));
        assert!(!serial("a;b"));
    }

    #[test]
    fn strict_tuple() {
        let tuple = |text: &str| ok(Rules::Strict, IdentityType::ManufacturerModelSerial, text);
        assert!(tuple("Microsoft, Surface Pro ,0123"));
        for bad in ["Microsoft,Surface", "a,b,c,d", "a,,c", ", ,"] {
            assert!(!tuple(bad), "{bad}");
        }
    }

    #[test]
    fn descriptions_are_counted_in_characters() {
        assert!(check_description(Rules::Strict, &"ü".repeat(128)).is_ok());
        assert!(check_description(Rules::Strict, &"ü".repeat(129)).is_err());
        assert!(check_description(Rules::Documented, &"ü".repeat(1_024)).is_ok());
        assert!(check_description(Rules::Documented, &"ü".repeat(1_025)).is_err());
    }
}
