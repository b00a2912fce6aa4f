//! The CSV that Intune's portal takes: no header, one type of identifier for all rows,
//! `identifier,details` or `manufacturer,model,serial`. Must not know where the file is.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use model::{Draft, Fault, FaultKind, Faults, IdentityType, Rules, TakeRow, read_draft};
use serde_json::json;

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// What the first cell of a heading says, without regard to case and blanks.
const HEADINGS: [&str; 7] = [
    "identifier",
    "importeddeviceidentifier",
    "imei",
    "serial",
    "serialnumber",
    "deviceserialnumber",
    "manufacturer",
];

/// Reads all rows of a file, or as many as are wanted.
///
/// # Errors
/// The file cannot be read on from some place.
pub(super) fn read_rows(
    mut file: impl BufRead,
    identity_type: IdentityType,
    rules: Rules,
    take: TakeRow<'_>,
) -> Result<(), Fault> {
    if file.fill_buf().map_err(|error| fault(error.to_string()))?.starts_with(BOM) {
        file.consume(BOM.len());
    }
    let lines = Rc::new(RefCell::new(Lines::default()));
    let numbered = Numbered { file, lines: Rc::clone(&lines) };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(numbered);
    for (index, record) in reader.records().enumerate() {
        let (position, row) = match record {
            Ok(record) if index == 0 && is_heading(&record) => {
                (record.position().cloned(), Err(heading()))
            }
            Ok(record) => (record.position().cloned(), draft(&record, identity_type, rules)),
            Err(error) => match error.kind() {
                ErrorKind::Utf8 { pos, .. } => (pos.clone(), Err(not_utf8())),
                _ => return Err(fault(error.to_string())),
            },
        };
        let line = lines.borrow_mut().at(position.map_or(0, |position| position.byte()));
        if take(line, row).is_break() {
            break;
        }
    }
    Ok(())
}

/// A file whose lines are numbered as it is read. The CSV reader says from where it looked for a
/// record, which is before the empty lines that it skips.
struct Numbered<R> {
    file: R,
    lines: Rc<RefCell<Lines>>,
}

impl<R: Read> Read for Numbered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let mut lines = self.lines.borrow_mut();
        buffer.iter().take(count).for_each(|byte| lines.see(*byte));
        Ok(count)
    }
}

/// The lines that records may begin in.
#[derive(Default)]
struct Lines {
    bytes: u64,
    ends: u64,
    is_begun: bool,
    /// Where each line that is not empty begins, and its number, in order.
    beginnings: VecDeque<(u64, u64)>,
}

impl Lines {
    fn see(&mut self, byte: u8) {
        match byte {
            b'\n' => (self.ends, self.is_begun) = (self.ends + 1, false),
            b'\r' => {}
            _ if self.is_begun => {}
            _ => {
                self.is_begun = true;
                self.beginnings.push_back((self.bytes, self.ends + 1));
            }
        }
        self.bytes += 1;
    }

    /// The number of the line that the record begins in which was looked for from this byte on.
    fn at(&mut self, byte: u64) -> u64 {
        while self.beginnings.front().is_some_and(|(begins, _)| *begins < byte) {
            self.beginnings.pop_front();
        }
        self.beginnings.front().map_or(self.ends + 1, |(_, line)| *line)
    }
}

fn draft(
    record: &StringRecord,
    identity_type: IdentityType,
    rules: Rules,
) -> Result<Draft, Faults> {
    let cells: Vec<&str> = record.iter().map(str::trim).collect();
    let (identifier, details) = match (identity_type, cells.as_slice()) {
        (IdentityType::ManufacturerModelSerial, [manufacturer, model, serial]) => {
            if let Some(part) = cells.iter().find(|part| part.contains(',')) {
                return wrong(format!(
                    "'{part}' holds a comma: there is no way to have one in a manufacturer, model \
                     or serial number."
                ));
            }
            (format!("{manufacturer},{model},{serial}"), None)
        }
        (IdentityType::ManufacturerModelSerial, cells) => {
            return wrong(format!(
                "The line has {}: give manufacturer,model,serial and nothing else.",
                columns(cells.len())
            ));
        }
        (_, [identifier]) => ((*identifier).to_owned(), None),
        (_, [identifier, details]) => {
            ((*identifier).to_owned(), Some(*details).filter(|text| !text.is_empty()))
        }
        (_, cells) => {
            return wrong(format!(
                "The line has {}: give identifier,details. Details that hold a comma stand in \
                 double quotes.",
                columns(cells.len())
            ));
        }
    };
    // By way of the body of a create: the same faults in the same words.
    let mut body = json!({
        "importedDeviceIdentifier": identifier,
        "importedDeviceIdentityType": identity_type.name(),
    });
    if let (Some(details), Some(body)) = (details, body.as_object_mut()) {
        body.insert("description".to_owned(), details.into());
    }
    read_draft(body.to_string().as_bytes(), rules)
}

fn columns(count: usize) -> String {
    if count == 1 { "1 column".to_owned() } else { format!("{count} columns") }
}

fn is_heading(record: &StringRecord) -> bool {
    let first = record.get(0).unwrap_or_default();
    let plain: String = first.chars().filter(|c| c.is_alphanumeric()).collect();
    HEADINGS.contains(&plain.to_lowercase().as_str())
}

fn heading() -> Faults {
    vec![fault("The line is a heading, and this form has none: remove it.".to_owned())]
}

fn not_utf8() -> Faults {
    vec![fault("The line is not UTF-8: save the file in that encoding.".to_owned())]
}

fn wrong(message: String) -> Result<Draft, Faults> {
    Err(vec![fault(message)])
}

fn fault(message: String) -> Fault {
    Fault { kind: FaultKind::Payload, target: String::new(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::ControlFlow;

    use model::Field;

    /// The rows of a file as `line identifier: description`, or `line ! fault`.
    fn rows(file: &[u8], identity_type: IdentityType, rules: Rules) -> Vec<String> {
        let mut rows = Vec::new();
        let take: TakeRow<'_> = &mut |line, row| {
            rows.push(match row {
                Ok(draft) => {
                    let description = match &draft.patch().description {
                        Field::Value(text) => text.as_str(),
                        Field::Absent | Field::Null => "-",
                    };
                    format!("{line} {}: {description}", draft.patch().identifier.as_ref().unwrap())
                }
                Err(faults) => format!("{line} ! {}", faults[0].message),
            });
            ControlFlow::Continue(())
        };
        read_rows(file, identity_type, rules, take).unwrap();
        rows
    }

    #[test]
    fn identifiers_with_details() {
        let file = "\u{feff}490154203237518,Field phone\r\n\r\n 356938035643809 ,\n\
                    353205113926410\r\n\n352099001761481,\"a, \"\"b\"\"\n\nc\"\n49015420323751,x";
        assert_eq!(
            rows(file.as_bytes(), IdentityType::Imei, Rules::Strict),
            [
                "1 490154203237518: Field phone",
                "3 356938035643809: -",
                "4 353205113926410: -",
                "6 352099001761481: a, \"b\"\n\nc",
                "9 49015420323751: x",
            ]
        );
    }

    #[test]
    fn windows_rows_have_three_parts_and_no_details() {
        let kind = IdentityType::ManufacturerModelSerial;
        let file = "Microsoft, Surface Pro ,0F3A\na,b\n\"a,x\",b,c\na,b,c,d\na,,c\n";
        let rows = rows(file.as_bytes(), kind, Rules::Strict);
        assert_eq!(rows[0], "1 Microsoft,Surface Pro,0F3A: -");
        assert!(rows[1].starts_with("2 ! The line has 2 columns: give manufacturer,model,serial"));
        assert!(rows[2].starts_with("3 ! 'a,x' holds a comma"));
        assert!(rows[3].starts_with("4 ! The line has 4 columns"));
        assert!(rows[4].starts_with("5 ! 'a,,c' is not manufacturer,model,serial"));
        assert_eq!(rows.len(), 5);
    }

    #[test]
    fn every_fault_is_found_with_its_line() {
        let file = b"a;b\na,b,c\n\xff\xfe,x\n,nothing\nC02\n";
        let rows = rows(file, IdentityType::SerialNumber, Rules::Strict);
        assert!(rows[0].starts_with("1 ! The serial number holds ';' at character 2"));
        assert!(rows[1].starts_with("2 ! The line has 3 columns: give identifier,details."));
        assert!(rows[2].starts_with("3 ! The line is not UTF-8"));
        assert!(rows[3].starts_with("4 ! The identifier is empty"));
        assert_eq!(rows[4..], ["5 C02: -"]);
    }

    #[test]
    fn a_heading_is_no_row() {
        for heading in ["Serial Number,Details", "importedDeviceIdentifier", "IMEI"] {
            let rows = rows(heading.as_bytes(), IdentityType::SerialNumber, Rules::Documented);
            assert!(rows[0].starts_with("1 ! The line is a heading"), "{rows:?}");
        }
    }
}
