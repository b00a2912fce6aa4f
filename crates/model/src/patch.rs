//! What a write says, and what it makes of a row: pure decisions. Must not know JSON or storage.

use odata::DateTimeOffset;

use crate::rules::{Rules, check_description, check_identifier};
use crate::{
    EnrollmentState, Fault, Faults, Identity, IdentityId, IdentityType, Platform, SearchKey,
    identifier_key,
};

/// What a body says of a nullable property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Nothing: the stored value stays.
    #[default]
    Absent,
    /// `null`: the stored value goes.
    Null,
    /// A value that takes the place of the stored one.
    Value(T),
}

/// The properties that a body carries, each of the right type. `None` is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// `importedDeviceIdentifier`, without outer blanks.
    pub identifier: Option<String>,
    /// `importedDeviceIdentityType`
    pub identity_type: Option<IdentityType>,
    /// `lastContactedDateTime`
    pub contacted: Option<DateTimeOffset>,
    /// `description`
    pub description: Field<String>,
    /// `enrollmentState`
    pub enrollment_state: Option<EnrollmentState>,
    /// `platform`
    pub platform: Option<Platform>,
}

impl Patch {
    /// The row that this patch makes of `current` at the instant `now`, or `None` when no stored
    /// value changes: such a write leaves rev and `lastModifiedDateTime` alone.
    ///
    /// # Errors
    /// The rules that the values in this patch break. A stored value that the patch does not touch
    /// is never judged, so that a stricter rule set locks no row.
    pub fn apply(
        &self,
        current: &Identity,
        rules: Rules,
        now: DateTimeOffset,
    ) -> Result<Option<Identity>, Faults> {
        let next = self.overlay(current, now);
        if let Some(next) = &next {
            self.check(next, rules)?;
        }
        Ok(next)
    }

    /// As [`Patch::apply`], for values that have been judged already: those of a [`Draft`].
    pub fn overlay(&self, current: &Identity, now: DateTimeOffset) -> Option<Identity> {
        let mut next = current.clone();
        self.write_to(&mut next);
        if next == *current {
            return None;
        }
        next.modified = now;
        next.rev += 1;
        Some(next)
    }

    /// The type and key that `current` would stand under with this patch, if not as now.
    pub fn moved_key(&self, current: &Identity) -> Option<SearchKey> {
        if self.identifier.is_none() && self.identity_type.is_none() {
            return None;
        }
        let identity_type = self.identity_type.unwrap_or(current.identity_type);
        let identifier = self.identifier.as_ref().unwrap_or(&current.identifier);
        if identity_type == current.identity_type && *identifier == current.identifier {
            return None;
        }
        let moved = (identity_type, identifier_key(identity_type, identifier));
        (moved != (current.identity_type, current.key())).then_some(moved)
    }

    fn write_to(&self, row: &mut Identity) {
        if let Some(identifier) = &self.identifier {
            row.identifier.clone_from(identifier);
        }
        match &self.description {
            Field::Absent => {}
            Field::Null => row.description = None,
            Field::Value(text) => row.description = Some(text.clone()),
        }
        row.identity_type = self.identity_type.unwrap_or(row.identity_type);
        row.contacted = self.contacted.unwrap_or(row.contacted);
        row.enrollment_state = self.enrollment_state.unwrap_or(row.enrollment_state);
        row.platform = self.platform.unwrap_or(row.platform);
    }

    /// Judges the values that came with this patch, as they stand in the row `next`.
    fn check(&self, next: &Identity, rules: Rules) -> Result<(), Faults> {
        let mut faults = Faults::new();
        if self.identifier.is_some() || self.identity_type.is_some() {
            faults.extend(check_identifier(rules, next.identity_type, &next.identifier).err());
        }
        if let Field::Value(text) = &self.description {
            faults.extend(check_description(rules, text).err());
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// A row to be made: a patch that has an identifier and breaks no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    identifier: String,
    key: SearchKey,
    patch: Patch,
}

impl Draft {
    /// Takes a patch for the content of a new row.
    ///
    /// # Errors
    /// The identifier is missing, or values break rules.
    pub fn new(patch: Patch, rules: Rules) -> Result<Self, Faults> {
        let Some(identifier) = patch.identifier.clone() else {
            let message = "The property 'importedDeviceIdentifier' is required: give the IMEI, \
                           the serial number, or manufacturer,model,serial.";
            return Err(vec![Fault::rule("importedDeviceIdentifier", message.to_owned())]);
        };
        let identity_type = patch.identity_type.unwrap_or(IdentityType::Unknown);
        let key = (identity_type, identifier_key(identity_type, &identifier));
        let draft = Self { identifier, key, patch };
        let nobody = IdentityId(uuid::Uuid::nil());
        draft.patch.check(&draft.identity(nobody, DateTimeOffset::MIN), rules)?;
        Ok(draft)
    }

    /// The new row, with what a device that was never heard of has where the body says nothing.
    pub fn identity(&self, id: IdentityId, now: DateTimeOffset) -> Identity {
        let mut row = Identity {
            id,
            identifier: self.identifier.clone(),
            identity_type: IdentityType::Unknown,
            modified: now,
            created: now,
            contacted: DateTimeOffset::MIN,
            description: None,
            enrollment_state: EnrollmentState::NotContacted,
            platform: Platform::Unknown,
            rev: 1,
        };
        self.patch.write_to(&mut row);
        row
    }

    /// The type and key under which the row will stand.
    pub fn key(&self) -> &SearchKey {
        &self.key
    }

    /// What the draft says, to be laid over a row that stands already.
    pub fn patch(&self) -> &Patch {
        &self.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ticks: i64) -> DateTimeOffset {
        DateTimeOffset::from_ticks_utc(ticks).unwrap()
    }

    fn row() -> Identity {
        let patch = Patch { identifier: Some("C02".into()), ..Patch::default() };
        Draft::new(patch, Rules::Strict).unwrap().identity(IdentityId(uuid::Uuid::nil()), at(7))
    }

    #[test]
    fn a_patch_that_changes_nothing_is_no_write() {
        let same = Patch { identifier: Some("C02".into()), ..Patch::default() };
        assert_eq!(same.apply(&row(), Rules::Strict, at(9)), Ok(None));
        let null = Patch { description: Field::Null, ..Patch::default() };
        assert_eq!(null.apply(&row(), Rules::Strict, at(9)), Ok(None));
    }

    #[test]
    fn the_same_instant_in_another_offset_is_a_change() {
        let moved = DateTimeOffset::new(DateTimeOffset::MIN.ticks(), 60).unwrap();
        let patch = Patch { contacted: Some(moved), ..Patch::default() };
        let next = patch.apply(&row(), Rules::Strict, at(9)).unwrap().unwrap();
        assert_eq!((next.contacted, next.rev, next.modified), (moved, 2, at(9)));
    }

    #[test]
    fn a_stored_value_that_breaks_the_rules_locks_no_row() {
        let odd = Identity {
            identifier: "Imported Device Identifier value".into(),
            identity_type: IdentityType::Imei,
            ..row()
        };
        let note =
            Patch { description: Field::Value("in the cupboard".into()), ..Patch::default() };
        assert!(note.apply(&odd, Rules::Strict, at(9)).is_ok_and(|next| next.is_some()));
        let kind =
            Patch { identity_type: Some(IdentityType::ManufacturerModelSerial), ..note.clone() };
        let faults = kind.apply(&odd, Rules::Strict, at(9)).unwrap_err();
        assert_eq!(faults[0].target, "importedDeviceIdentifier");
    }
}
