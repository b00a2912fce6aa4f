//! Identities from a file of JSON, read one after the other, so that a file of any length fits. A
//! file holds JSON values one after the other; each is an identity, a list of identities, or an
//! object that holds such a list, as the body of an import and a collection do. Hence files of
//! lines, too. Must not know where the file is.

use std::cell::Cell;
use std::fmt;
use std::io::{BufRead, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::literal::{Literal, Members, claim};
use crate::payload::{OVERWRITE, ROWS, patch_of};
use crate::{Draft, Fault, Faults, Rules};

/// What Windows PowerShell 5.1 begins files with.
const BOM: &[u8] = b"\xEF\xBB\xBF";
/// The member of a collection that holds its rows.
const VALUE: &str = "value";

/// What becomes of a row: the line that it begins in, from 1, and the row or all its faults.
pub type TakeRow<'a> = &'a mut dyn FnMut(u64, Result<Draft, Faults>) -> ControlFlow<()>;

/// Reads all rows of a file, or as many as are wanted.
///
/// # Errors
/// The file cannot be read on from some place: it is not the JSON that it should be, or breaks off.
pub fn read_rows(mut file: impl BufRead, rules: Rules, take: TakeRow<'_>) -> Result<(), Fault> {
    if file.fill_buf().map_err(Fault::payload)?.starts_with(BOM) {
        file.consume(BOM.len());
    }
    let line = Rc::new(Cell::new(1));
    let counted = Counted { file, line: Rc::clone(&line) };
    let mut json = serde_json::Deserializer::from_reader(counted);
    let mut rows = Rows { line, rules, take, is_enough: false };
    while json.end().is_err() {
        let read = TopLevel(&mut rows).deserialize(&mut json);
        if rows.is_enough {
            return Ok(());
        }
        read.map_err(Fault::payload)?;
    }
    Ok(())
}

/// A file whose lines are counted as it is read. The JSON reader takes one byte at a time.
struct Counted<R> {
    file: R,
    line: Rc<Cell<u64>>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        let ends = buffer.iter().take(count).filter(|byte| **byte == b'\n').count();
        self.line.set(self.line.get() + u64::try_from(ends).unwrap_or_default());
        Ok(count)
    }
}

struct Rows<'a> {
    line: Rc<Cell<u64>>,
    rules: Rules,
    take: TakeRow<'a>,
    is_enough: bool,
}

impl Rows<'_> {
    /// Hands a row on. An error ends the reading because no more is wanted.
    fn hand_on<E: Error>(&mut self, line: u64, members: Members) -> Result<(), E> {
        let row = patch_of(members, "").and_then(|patch| Draft::new(patch, self.rules));
        match (self.take)(line, row) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                self.is_enough = true;
                Err(E::custom("no more rows are wanted"))
            }
        }
    }
}

/// A value at the top of the file.
struct TopLevel<'a, 'b>(&'a mut Rows<'b>);

impl<'de> DeserializeSeed<'de> for TopLevel<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TopLevel<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identity, a list of identities, the body of an import, or a collection")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let line = self.0.line.get();
        let mut members: Vec<(String, Literal)> = Vec::new();
        let mut list = None;
        while let Some(name) = map.next_key::<String>()? {
            claim(members.iter().map(|(known, _)| known.as_str()), &name)?;
            if list.is_none() && (name == ROWS || name == VALUE) {
                map.next_value_seed(List(self.0))?;
                list = Some(name);
            } else {
                members.push((name, map.next_value()?));
            }
        }
        let Some(list) = list else { return self.0.hand_on(line, Members(members)) };
        match members.iter().find(|(name, _)| !name.contains('@') && name != OVERWRITE) {
            Some((name, _)) => {
                let name = Literal::Text(name.clone());
                Err(A::Error::custom(format_args!("{name} does not belong beside '{list}'")))
            }
            None => Ok(()),
        }
    }
}

/// A list of identities.
struct List<'a, 'b>(&'a mut Rows<'b>);

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of identities")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let line = Rc::clone(&self.0.line);
        while let Some((line, members)) = seq.next_element_seed(Row(&line))? {
            self.0.hand_on(line, members)?;
        }
        Ok(())
    }
}

/// An identity of a list, with the line that it begins in.
struct Row<'a>(&'a Cell<u64>);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = (u64, Members);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let line = self.0.get();
        Ok((line, serde::Deserialize::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a file as `line identifier`, or `line ! fault`, and how reading ended.
    fn read(file: &str) -> (Vec<String>, Result<(), String>) {
        let mut rows = Vec::new();
        let ended = read_rows(file.as_bytes(), Rules::Strict, &mut |line, row| {
            rows.push(match row {
                Ok(draft) => format!("{line} {}", draft.key().1),
                Err(faults) => format!("{line} ! {}", faults[0].target),
            });
            ControlFlow::Continue(())
        });
        (rows, ended.map_err(|fault| fault.message))
    }

    fn rows(file: &str) -> Vec<String> {
        let (rows, ended) = read(file);
        assert_eq!(ended, Ok(()), "{rows:?}");
        rows
    }

    const A: &str = r#"{"importedDeviceIdentifier":"a"}"#;
    const B: &str = r#"{"importedDeviceIdentifier":"b"}"#;

    #[test]
    fn every_form_of_a_file_is_read() {
        assert_eq!(rows(&format!("[\n{A},\n\n{B}]\n")), ["2 a", "4 b"]);
        assert_eq!(rows(&format!("\u{feff}{A}\r\n\r\n{B}\r\n")), ["1 a", "3 b"]);
        let body = format!(
            "{{\"importedDeviceIdentities\":[{A},\n{B}],\n\
             \"overwriteImportedDeviceIdentities\":true}}"
        );
        assert_eq!(rows(&body), ["1 a", "2 b"]);
        let page = format!("{{\n\"@odata.context\":\"x\",\n\"value\":[{A}]}}");
        assert_eq!(rows(&format!("{page}\n{page}")), ["3 a", "6 a"]);
        for nothing in ["", " \n", "[]", "{\"value\":[]}"] {
            assert_eq!(rows(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn what_the_service_answers_can_be_read_again() {
        let entity = r##"{"@odata.type":"#microsoft.graph.importedDeviceIdentity",
            "@odata.etag":"W/\"1\"","id":"x","importedDeviceIdentifier":"a",
            "lastModifiedDateTime":"2026-01-31T07:25:18Z"}"##;
        assert_eq!(rows(entity), ["1 a"]);
    }

    #[test]
    fn a_row_with_faults_does_not_end_the_reading() {
        let file = format!(
            "[{A},\n{{\"platform\":\"ios\"}},\n{{\"importedDeviceIdentifier\":\"c\",\
             \"platfrom\":\"ios\"}},\n{B}]"
        );
        let wanted = ["1 a", "2 ! importedDeviceIdentifier", "3 ! platfrom", "4 b"];
        assert_eq!(rows(&file), wanted);
    }

    #[test]
    fn what_cannot_be_read_on_says_where() {
        for (file, rest) in [
            (format!("{A}\n{{\"importedDeviceIdentifier\":\n"), "at line 3 column 0"),
            (format!("{A}\n7"), "an identity, a list of identities, the body of an import"),
            (format!("[{A},\n\"b\"]"), "an object with the properties of the entity at line 2"),
            (format!("[{A}]\n}}"), "at line 2 column 1"),
            (format!("{A}\n{{\"value\":[],\"x\":1}}"), "'x' does not belong beside 'value'"),
            (format!("{A}\n{{\"value\":7}}"), "a list of identities at line 2"),
        ] {
            let (rows, ended) = read(&file);
            assert_eq!(rows, ["1 a"], "{file}");
            let message = ended.unwrap_err();
            assert!(message.contains(rest), "{file}: {message}");
        }
    }

    #[test]
    fn reading_ends_when_no_more_is_wanted() {
        let mut taken = 0;
        let file = format!("{A}{A}[{A},{A},{A}]");
        let ended = read_rows(file.as_bytes(), Rules::Strict, &mut |_, _| {
            taken += 1;
            if taken == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((taken, ended), (4, Ok(())));
    }
}
