//! Which answer belongs to which message. Messages are answered in groups: the server ends its
//! answer to each group with `ReadyForQuery`, and a client ends a group with a simple query or with
//! `Sync`. Its greeting is the first group.

use super::wire::Message;

/// The types of messages that matter here.
mod kind {
    pub(super) const FIRST: u8 = 0;
    pub(super) const QUERY: u8 = b'Q';
    pub(super) const CALL: u8 = b'F';
    pub(super) const SYNC: u8 = b'S';
    pub(super) const COPY_DONE: u8 = b'c';
    pub(super) const COPY_FAIL: u8 = b'f';
    pub(super) const READY: u8 = b'Z';
}

/// What has been said on a connection.
#[derive(Default)]
pub(crate) struct Exchange {
    /// How many groups the client has ended.
    asked: usize,
    /// How many the server has answered.
    answered: usize,
    ends_with_sync: bool,
    cut: Option<WithinAnswer>,
}

/// A cut within the answer to a group.
struct WithinAnswer {
    group: usize,
    /// How much of it the client still sees.
    left: usize,
}

/// What becomes of a message of the server.
pub(crate) struct Passed {
    /// How many of its bytes go to the client.
    pub(crate) bytes: usize,
    /// Whether the connection ends behind them.
    pub(crate) is_last: bool,
}

impl Exchange {
    /// The client says something; its group's answer may be cut.
    pub(crate) fn ask(&mut self, message: &Message, cut: Option<usize>) {
        if let Some(left) = cut {
            self.cut = Some(WithinAnswer { group: self.asked, left });
        }
        match message.kind {
            kind::FIRST | kind::QUERY | kind::CALL | kind::SYNC => {
                self.asked += 1;
                self.ends_with_sync = message.kind == kind::SYNC;
            }
            // The server ignores a `Sync` that comes while it waits for rows: the one behind
            // them ends the group.
            kind::COPY_DONE | kind::COPY_FAIL if self.ends_with_sync => {
                self.asked -= 1;
                self.ends_with_sync = false;
            }
            _ => {}
        }
    }

    /// The server says something.
    pub(crate) fn answer(&mut self, message: &Message) -> Passed {
        let group = self.answered;
        let is_end = message.kind == kind::READY;
        self.answered += usize::from(is_end);
        match self.cut.as_mut().filter(|cut| cut.group == group) {
            None => Passed { bytes: message.bytes.len(), is_last: false },
            Some(cut) => {
                let bytes = cut.left.min(message.bytes.len());
                cut.left -= bytes;
                Passed { bytes, is_last: is_end }
            }
        }
    }
}
