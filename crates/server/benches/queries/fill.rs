//! Brings the rows into a register, by a seed and a few changes, or finds them there already.
//!
//! It must not know which queries follow.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, target};
use crate::expect::{Entity, Page, read};
use crate::options::Options;
use crate::register::{Register, Row, SEED};
use crate::support::muster::{self, COLLECTION, DATA, Muster};
use crate::support::{Failure, say};

/// How long a thousand rows may take to be stored.
const PATIENCE_FOR_THOUSAND: Duration = Duration::from_secs(2);

/// How often it is said how far filling has come.
const BETWEEN_NEWS: Duration = Duration::from_secs(5);

/// For so long muster does next to nothing when it is at rest.
const REST: Duration = Duration::from_secs(3);

/// The share of a processor that is next to nothing: one in so many.
const NEXT_TO_NOTHING: u32 = 50;

/// A muster that holds the register.
pub(crate) struct Filled {
    pub(crate) muster: Muster,
    /// What of the service's making the queries need.
    pub(crate) facts: Facts,
    /// How long filling took. `None` when the register was there.
    pub(crate) took: Option<Filling>,
}

/// How long a register took to be filled.
#[derive(Clone, Copy)]
pub(crate) struct Filling {
    /// From the start until all rows were stored.
    pub(crate) stored: Duration,
    /// From then on until muster was at rest.
    pub(crate) settled: Duration,
}

/// What only a register tells. It is written beside it once it is filled, and says so.
#[derive(Serialize, Deserialize)]
pub(crate) struct Facts {
    seed: u64,
    rows: usize,
    /// The id of the first row.
    pub(crate) first_id: String,
    /// When the last row was stored, before any was changed.
    pub(crate) stored: String,
}

impl Filled {
    /// Starts muster on the register in this directory, which is filled unless it is already.
    pub(crate) async fn start(
        options: &Options,
        register: &Register,
        directory: &Path,
    ) -> Result<Self, Failure> {
        let (data, path) = (directory.join(DATA), directory.join("queries.json"));
        let rows = register.rows.len();
        match std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Facts>(&text).ok())
        {
            Some(facts) if (facts.seed, facts.rows) == (SEED, rows) => {
                let muster =
                    Muster::start(directory, &["--no-sample".as_ref()], muster::PATIENCE).await?;
                settle(options, &muster).await;
                return Ok(Self { muster, facts, took: None });
            }
            None if !data.exists() => {}
            Some(_) | None => {
                return Err(format!(
                    "{} holds something else than a filled register of {rows} rows; remove it, or \
                     give another --data",
                    directory.display()
                ));
            }
        }
        let (muster, stored) = fill(options, register, directory).await?;
        let facts = change(register, &muster).await?;
        let settled = settle(options, &muster).await;
        let text = serde_json::to_vec(&facts).map_err(|error| error.to_string())?;
        std::fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Self { muster, facts, took: Some(Filling { stored, settled }) })
    }
}

/// Starts muster with a seed of all rows, and says how long it took to answer.
async fn fill(
    options: &Options,
    register: &Register,
    directory: &Path,
) -> Result<(Muster, Duration), Failure> {
    let rows = register.rows.len();
    let seed = directory.join("seed.jsonl");
    write_seed(register, &seed)
        .map_err(|error| format!("cannot write {}: {error}", seed.display()))?;
    let thousands = u32::try_from(rows / 1_000).unwrap_or(u32::MAX);
    let patience = muster::PATIENCE + PATIENCE_FOR_THOUSAND.saturating_mul(thousands);
    let data = directory.join(DATA);
    let began = Instant::now();
    let arguments = ["--seed".as_ref(), seed.as_os_str()];
    let muster = tokio::select! {
        muster = Muster::start(directory, &arguments, patience) => muster?,
        never = tell(options, rows, &data) => match never {},
    };
    let took = began.elapsed();
    std::fs::remove_file(&seed)
        .map_err(|error| format!("cannot remove {}: {error}", seed.display()))?;
    Ok((muster, took))
}

fn write_seed(register: &Register, path: &Path) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for row in &register.rows {
        serde_json::to_writer(&mut file, &Seeded::from(row))?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// Says again and again how large the register has become.
async fn tell(options: &Options, rows: usize, data: &Path) -> Infallible {
    let began = Instant::now();
    loop {
        tokio::time::sleep(BETWEEN_NEWS).await;
        if options.progress {
            let (seconds, megabytes) = (began.elapsed().as_secs(), size(data) / 1_000_000);
            say(&format!("filling {rows} rows: {seconds} s, {megabytes} MB so far"));
        }
    }
}

/// Waits until muster has done what it does behind its writes, such as to index their text. Says
/// how long that took.
async fn settle(options: &Options, muster: &Muster) -> Duration {
    let began = Instant::now();
    if options.progress {
        say("waiting until muster is at rest");
    }
    while let Some(before) = muster.process.processor_time() {
        let looked = Instant::now();
        tokio::time::sleep(REST).await;
        let used = muster.process.processor_time().unwrap_or_default().saturating_sub(before);
        if used < REST / NEXT_TO_NOTHING {
            return looked - began;
        }
    }
    began.elapsed()
}

/// Bytes of the files in a directory; 0 while there is none.
fn size(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum()
}

/// Gives some rows their description, one after the other, so that they are the latest changed.
async fn change(register: &Register, muster: &Muster) -> Result<Facts, Failure> {
    let mut client = Client::connect(muster).await?;
    let first = ask_one(&mut client, "$top=1").await?;
    let last = ask_one(&mut client, "$orderby=id desc&$top=1").await?;
    for row in register.rows.iter().filter(|row| row.is_changed) {
        let query = format!("$filter=importedDeviceIdentifier eq '{}'", row.identifier);
        let id = ask_one(&mut client, &query).await?.id;
        let body = json!({ "description": row.description }).to_string();
        let answer = client.patch(&format!("{COLLECTION}/{id}"), &body).await?;
        read::<Entity>(&answer)?;
    }
    Ok(Facts {
        seed: SEED,
        rows: register.rows.len(),
        first_id: first.id,
        stored: last.last_modified_date_time,
    })
}

async fn ask_one(client: &mut Client, query: &str) -> Result<Entity, Failure> {
    let page: Page = read(&client.get(&target(query)).await?)?;
    page.value.into_iter().next().ok_or_else(|| format!("no row answers {query}"))
}

/// A row as a line of the seed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seeded<'a> {
    imported_device_identifier: &'a str,
    imported_device_identity_type: &'a str,
    last_contacted_date_time: &'a str,
    description: Option<&'a str>,
    enrollment_state: &'a str,
    platform: &'a str,
}

impl<'a> From<&'a Row> for Seeded<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            imported_device_identifier: &row.identifier,
            imported_device_identity_type: row.kind,
            last_contacted_date_time: &row.contacted,
            description: row.description.as_deref().filter(|_| !row.is_changed),
            enrollment_state: row.state,
            platform: row.platform,
        }
    }
}
