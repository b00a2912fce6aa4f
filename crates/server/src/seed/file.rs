//! One file of a seed: which form it has, and its rows in chunks. Must not know what is done with
//! them.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;

use model::{Draft, Fault, Faults, IdentityType, Rules, read_rows};

use super::{CHUNK_ROWS, Chunk, Place, SeedError, SeedFault, csv};

/// A file as `--seed` names it: `TYPE=FILE` for the portal's CSV, `FILE` for JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedFile {
    path: PathBuf,
    /// What the identifiers of a CSV are.
    csv_of: Option<IdentityType>,
}

impl FromStr for SeedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What stands before '=' is a type only if it is one: paths may hold that character.
        let named =
            text.split_once('=').and_then(|(name, path)| Some((identity_type(name)?, path)));
        let (csv_of, path) = match named {
            Some((csv_of, path)) => (Some(csv_of), path),
            None => (None, text),
        };
        if path.is_empty() {
            return Err("give a file: FILE, or TYPE=FILE for a CSV".to_owned());
        }
        Ok(Self { path: path.into(), csv_of })
    }
}

fn identity_type(name: &str) -> Option<IdentityType> {
    IdentityType::EDM.by_name(name).and_then(|member| IdentityType::from_value(member.value))
}

impl SeedFile {
    /// Its length in bytes, if it is a file that can be used.
    pub(crate) fn size(&self) -> Result<u64, SeedError> {
        let metadata = fs::metadata(&self.path).map_err(|cause| unreadable(&self.path, cause))?;
        if !metadata.is_file() {
            return Err(SeedError::NoFile(self.path.clone()));
        }
        let is_csv = self.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        if is_csv && self.csv_of.is_none() {
            return Err(SeedError::NoType(self.path.clone()));
        }
        Ok(metadata.len())
    }

    /// Hands on the rows in chunks for as long as they are wanted. `false` when they no longer are.
    pub(super) fn read(
        &self,
        rules: Rules,
        hand_on: &mut dyn FnMut(Chunk) -> bool,
    ) -> Result<bool, SeedError> {
        let file = File::open(&self.path).map_err(|cause| unreadable(&self.path, cause))?;
        let bytes = Rc::new(Cell::new(0));
        let input = BufReader::new(Metered { file, bytes: Rc::clone(&bytes) });
        let mut gathered = Gathered { path: &self.path, bytes, row: 0, chunk: Chunk::default() };
        let mut is_wanted = true;
        let mut take = |line, row| {
            is_wanted = gathered.add(line, row).is_none_or(&mut *hand_on);
            if is_wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let ended = match self.csv_of {
            Some(identity_type) => csv::read_rows(input, identity_type, rules, &mut take),
            None => read_rows(input, rules, &mut take),
        };
        if let Err(Fault { message: reason, .. }) = ended {
            gathered.chunk.faults.push(SeedFault { path: self.path.clone(), place: None, reason });
        }
        Ok(is_wanted && hand_on(gathered.rest()))
    }
}

fn unreadable(path: &Path, cause: io::Error) -> SeedError {
    SeedError::Unreadable { path: path.to_owned(), cause }
}

/// A file of which it is known how much has been read.
struct Metered {
    file: File,
    bytes: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + u64::try_from(count).unwrap_or_default());
        Ok(count)
    }
}

/// Rows that gather until they are a chunk.
struct Gathered<'a> {
    path: &'a Path,
    bytes: Rc<Cell<u64>>,
    row: u64,
    chunk: Chunk,
}

impl Gathered<'_> {
    /// Adds a row, and gives the chunk when it is full.
    fn add(&mut self, line: u64, row: Result<Draft, Faults>) -> Option<Chunk> {
        self.row += 1;
        match row {
            Ok(draft) => self.chunk.drafts.push(draft),
            Err(faults) => {
                let place = Some(Place { line, row: self.row });
                let reasons: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
                let (path, reason) = (self.path.to_owned(), reasons.join(" "));
                self.chunk.faults.push(SeedFault { path, place, reason });
            }
        }
        let is_full = self.chunk.drafts.len() + self.chunk.faults.len() >= CHUNK_ROWS;
        is_full.then(|| self.rest())
    }

    fn rest(&mut self) -> Chunk {
        Chunk { bytes: self.bytes.take(), ..std::mem::take(&mut self.chunk) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_before_the_file_makes_it_a_csv() {
        let seed = |text: &str| {
            let SeedFile { path, csv_of } = text.parse().unwrap();
            (path.display().to_string(), csv_of.map(IdentityType::name))
        };
        assert_eq!(seed("a.json"), ("a.json".to_owned(), None));
        assert_eq!(seed("imei=a.csv"), ("a.csv".to_owned(), Some("imei")));
        assert_eq!(seed("serialNumber=a=b"), ("a=b".to_owned(), Some("serialNumber")));
        assert_eq!(seed("x=a.csv"), ("x=a.csv".to_owned(), None));
        assert_eq!(seed("./imei=a"), ("./imei=a".to_owned(), None));
        assert!("".parse::<SeedFile>().is_err() && "imei=".parse::<SeedFile>().is_err());
    }
}
