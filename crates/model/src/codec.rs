//! A row as bytes, for the history: before and after of every write. The first byte is the
//! version, so that what an older build wrote can be read for ever. Must not know who keeps them.

use odata::DateTimeOffset;
use uuid::Uuid;

use crate::{EnrollmentState, Identity, IdentityId, IdentityType, Platform};

/// The version that [`encode`] writes.
const VERSION: u8 = 1;
/// Stands in the place of a length where there is no text.
const NO_TEXT: u32 = u32::MAX;

/// Bytes that are no row of any version this build knows.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Written by a later build.
    #[error("history entry of version {0}: a later muster wrote it, use that one to read it")]
    Version(u8),
    /// Cut short, too long, or holding values that no build writes.
    #[error("history entry is damaged")]
    Damaged,
}

/// Writes a row as bytes of the current version: version, id, type, state, platform, four
/// instants and the offset, rev, identifier, description. Integers are little-endian.
pub fn encode(row: &Identity) -> Vec<u8> {
    let description = row.description.as_deref().unwrap_or_default();
    let mut out = Vec::with_capacity(62 + row.identifier.len() + description.len());
    out.push(VERSION);
    out.extend_from_slice(row.id.0.as_bytes());
    for value in [row.identity_type.value(), row.enrollment_state.value(), row.platform.value()] {
        out.push(u8::try_from(value).unwrap_or(u8::MAX));
    }
    for ticks in [row.created.ticks(), row.modified.ticks(), row.contacted.ticks(), row.rev] {
        out.extend_from_slice(&ticks.to_le_bytes());
    }
    out.extend_from_slice(&row.contacted.offset_minutes().to_le_bytes());
    put_text(&mut out, Some(&row.identifier));
    put_text(&mut out, row.description.as_deref());
    out
}

/// Reads what [`encode`] of this or an earlier build wrote.
///
/// # Errors
/// The version is unknown, or the bytes are damaged.
pub fn decode(bytes: &[u8]) -> Result<Identity, CodecError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => decode_v1(rest).ok_or(CodecError::Damaged),
        Some((&version, _)) => Err(CodecError::Version(version)),
        None => Err(CodecError::Damaged),
    }
}

fn decode_v1(bytes: &[u8]) -> Option<Identity> {
    let mut rest = bytes;
    let id = IdentityId(Uuid::from_bytes(take(&mut rest)?));
    let [identity_type, enrollment_state, platform] = take(&mut rest)?;
    let created = DateTimeOffset::from_ticks_utc(i64::from_le_bytes(take(&mut rest)?))?;
    let modified = DateTimeOffset::from_ticks_utc(i64::from_le_bytes(take(&mut rest)?))?;
    let contacted = i64::from_le_bytes(take(&mut rest)?);
    let rev = i64::from_le_bytes(take(&mut rest)?);
    let offset_minutes = i16::from_le_bytes(take(&mut rest)?);
    let identifier = take_text(&mut rest)??;
    let description = take_text(&mut rest)?;
    rest.is_empty().then_some(Identity {
        id,
        identifier,
        identity_type: IdentityType::from_value(identity_type.into())?,
        modified,
        created,
        contacted: DateTimeOffset::new(contacted, offset_minutes)?,
        description,
        enrollment_state: EnrollmentState::from_value(enrollment_state.into())?,
        platform: Platform::from_value(platform.into())?,
        rev,
    })
}

fn put_text(out: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(NO_TEXT, |text| u32::try_from(text.len()).unwrap_or(NO_TEXT));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

/// The outer `None` is damage, the inner one is "no text".
fn take_text(rest: &mut &[u8]) -> Option<Option<String>> {
    let length = u32::from_le_bytes(take(rest)?);
    if length == NO_TEXT {
        return Some(None);
    }
    let (head, tail) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = tail;
    Some(Some(std::str::from_utf8(head).ok()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(description: Option<&str>) -> Identity {
        Identity {
            id: IdentityId(Uuid::from_u128(0x0192_f0c1_2b3c_7def_8123_4567_89ab_cdef)),
            identifier: "Ünïcode 💥".into(),
            identity_type: IdentityType::ManufacturerModelSerial,
            modified: DateTimeOffset::parse("2026-01-31T07:25:18.1234567Z").unwrap(),
            created: DateTimeOffset::parse("2025-01-31T07:25:18Z").unwrap(),
            contacted: DateTimeOffset::parse("2016-12-31T23:58:44.2908994-08:00").unwrap(),
            description: description.map(str::to_owned),
            enrollment_state: EnrollmentState::Blocked,
            platform: Platform::Tvos,
            rev: 42,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for description in [None, Some(""), Some("a\nb")] {
            assert_eq!(decode(&encode(&row(description))), Ok(row(description)));
        }
    }

    #[test]
    fn damage_is_seen() {
        let whole = encode(&row(Some("x")));
        for end in 0..whole.len() {
            assert_eq!(decode(&whole[..end]), Err(CodecError::Damaged), "cut at {end}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(decode(&longer), Err(CodecError::Damaged));
        let mut later = whole;
        later[0] = 9;
        assert_eq!(decode(&later), Err(CodecError::Version(9)));
    }
}
