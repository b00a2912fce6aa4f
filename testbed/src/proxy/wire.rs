//! PostgreSQL's protocol, version 3, as far as its messages have to be told apart: a type, a length
//! that counts itself, the rest. A client's first messages have no type.

use std::io::{self, Read};

/// A message, as it came.
pub(crate) struct Message {
    /// 0 where there is none.
    pub(crate) kind: u8,
    pub(crate) bytes: Vec<u8>,
}

/// Longer ones are none.
const MOST_BYTES: u32 = 1 << 28;

/// A request for TLS, or for encryption by GSSAPI: its answer is a single byte.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

impl Message {
    /// Reads a message that begins with its type.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut kind = [0];
        from.read_exact(&mut kind)?;
        Self::after(kind[0], from)
    }

    /// Reads a message whose type has been read.
    pub(crate) fn after(kind: u8, from: &mut impl Read) -> io::Result<Self> {
        Self::rest(kind, vec![kind], from)
    }

    /// Reads one of the first messages of a client.
    pub(crate) fn read_first(from: &mut impl Read) -> io::Result<Self> {
        Self::rest(0, Vec::new(), from)
    }

    fn rest(kind: u8, mut bytes: Vec<u8>, from: &mut impl Read) -> io::Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        bytes.extend(length);
        let counted = u32::from_be_bytes(length).checked_sub(4);
        let counted = counted.filter(|rest| *rest < MOST_BYTES);
        let rest = counted.ok_or(io::ErrorKind::InvalidData)?;
        let read = from.take(rest.into()).read_to_end(&mut bytes)?;
        let is_whole = u32::try_from(read).is_ok_and(|read| read == rest);
        if is_whole { Ok(Self { kind, bytes }) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Whether this, one of the first messages, asks for encryption.
    pub(crate) fn asks_for_encryption(&self) -> bool {
        let code = self.bytes.get(4..8).and_then(|code| code.try_into().ok());
        code.is_some_and(|code| ENCRYPTION.contains(&u32::from_be_bytes(code)))
    }
}
