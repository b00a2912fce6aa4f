//! Clients that ask for whatever comes to their minds, each for one thing after the other, and keep
//! what came of it. Must not know what is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use reqwest::{Method, RequestBuilder};

use crate::contract::{Asked, LISTS};
use crate::fleet::{Answer, Caller, collection, send};
use crate::order::Span;
use crate::outside::until;
use crate::support::{Random, Value, json, plain};

/// Few, so that they meet all the time.
const LETTERS: [&str; 10] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
const DESCRIPTIONS: [&str; 2] = ["one", "two"];
const STATES: [&str; 3] = ["unknown", "enrolled", "blocked"];
const IMPORTED: usize = 3;
/// Pages that are read of one list.
const MOST_PAGES: usize = 8;

/// A request and what came of it.
#[derive(Debug)]
pub(crate) struct Made {
    /// Its name, which it carries as `client-request-id`.
    pub(crate) mark: String,
    pub(crate) asked: Asked,
    pub(crate) span: Span,
    /// `None` where the connection ended before it was there.
    pub(crate) answer: Option<Answer>,
}

/// How far the clients are, and whether they are to go on.
#[derive(Default)]
pub(crate) struct Progress {
    answered: AtomicUsize,
    is_over: AtomicBool,
}

impl Progress {
    /// Waits for so many more answers.
    pub(crate) async fn answers(&self, more: usize) {
        let enough = self.answered.load(Ordering::Relaxed) + more;
        until("answers", async || self.answered.load(Ordering::Relaxed) >= enough).await;
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// A client of a tenant.
pub(crate) struct Client {
    caller: Caller,
    token: String,
    origin: String,
    progress: Arc<Progress>,
    random: Random,
    name: String,
    /// Rows as it has seen them.
    seen: Vec<Value>,
    made: Vec<Made>,
}

impl Client {
    pub(crate) fn new(
        (origin, token): (String, String),
        progress: &Arc<Progress>,
        (name, seed): (String, u64),
    ) -> Self {
        let (caller, progress, random) = (Caller::new(), Arc::clone(progress), Random::new(seed));
        Self { caller, token, origin, progress, random, name, seen: Vec::new(), made: Vec::new() }
    }

    /// Asks until it is told to end.
    pub(crate) async fn run(mut self) -> Vec<Made> {
        while !self.progress.is_over.load(Ordering::Relaxed) {
            if self.random.once_in(8) {
                self.walk().await;
            } else {
                let asked = self.chosen();
                self.ask(asked, None).await;
            }
        }
        self.made
    }

    /// Reads a list, page by page.
    async fn walk(&mut self) {
        let list = &LISTS[self.random.below(LISTS.len())];
        let (mut seen, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let asked = Asked::Page(list, seen.last().cloned());
            let Some(page) = self.ask(asked, next.as_deref()).await else { return };
            seen.extend(page["value"].as_array().into_iter().flatten().map(plain));
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        self.seen = seen;
    }

    /// Asks for something, the next page at its link, and keeps what comes of it. The body of the
    /// answer.
    async fn ask(&mut self, asked: Asked, link: Option<&str>) -> Option<Value> {
        let mark = format!("{}-{}", self.name, self.made.len());
        let request = self.request(&asked, link).header("client-request-id", &mark);
        let began = Instant::now();
        let answer = send(request).await;
        let ended = answer.is_some().then(Instant::now);
        self.progress.answered.fetch_add(usize::from(ended.is_some()), Ordering::Relaxed);
        let body = answer.as_ref().map(|answer| answer.body.clone());
        if let (Asked::Create(_) | Asked::Update(..), Some(row)) = (&asked, &body) {
            self.seen.extend(row.get("@odata.etag").map(|_| plain(row)));
        }
        self.made.push(Made { mark, asked, span: Span { began, ended }, answer });
        body
    }

    fn request(&self, asked: &Asked, link: Option<&str>) -> RequestBuilder {
        let at = |method, path: &str| {
            let url = format!("{}{path}", collection(&self.origin));
            self.caller.request(&self.token, method, link.unwrap_or(&url))
        };
        let on_condition = |request: RequestBuilder, rev: &Option<i64>| match rev {
            None => request,
            Some(rev) => request.header("if-match", format!("W/\"{rev}\"")),
        };
        match asked {
            Asked::Create(row) => at(Method::POST, "").json(row),
            Asked::Update(id, rev, set) => {
                on_condition(at(Method::PATCH, &format!("/{id}")).json(set), rev)
            }
            Asked::Delete(id, rev) => on_condition(at(Method::DELETE, &format!("/{id}")), rev),
            Asked::Import(rows, overwrite) => {
                at(Method::POST, "/importDeviceIdentityList").json(&json!({
                    "importedDeviceIdentities": rows,
                    "overwriteImportedDeviceIdentities": overwrite,
                }))
            }
            Asked::Get(id) => at(Method::GET, &format!("/{id}")),
            Asked::Page(list, _) => at(Method::GET, list.query),
        }
    }

    /// Anything but a list.
    fn chosen(&mut self) -> Asked {
        let count = self.seen.len();
        let row = (count > 0).then(|| self.seen[self.random.below(count)].clone());
        let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
        match (self.random.below(8), row) {
            (0..=2, Some(row)) => Asked::Update(id(&row), self.condition(&row), self.members()),
            (3, Some(row)) => Asked::Delete(id(&row), self.condition(&row)),
            (4, Some(row)) => Asked::Get(id(&row)),
            (5, _) => {
                let first = self.random.below(LETTERS.len());
                let rows = (first..first + IMPORTED).map(|letter| self.row(letter)).collect();
                Asked::Import(rows, self.random.once_in(2))
            }
            _ => {
                let letter = self.random.below(LETTERS.len());
                Asked::Create(self.row(letter))
            }
        }
    }

    /// The revision that a row was seen with, now and then.
    fn condition(&mut self, row: &Value) -> Option<i64> {
        self.random.once_in(3).then(|| row["rev"].as_i64().unwrap())
    }

    /// What an update sets.
    fn members(&mut self) -> Value {
        let mut set = json!({ "description": self.one(&DESCRIPTIONS) });
        if self.random.once_in(3) {
            set["enrollmentState"] = self.one(&STATES).into();
        }
        if self.random.once_in(3) {
            let letter = self.random.below(LETTERS.len());
            set["importedDeviceIdentifier"] = self.identifier(letter).into();
        }
        set
    }

    /// A row that is to be made.
    fn row(&mut self, letter: usize) -> Value {
        json!({
            "importedDeviceIdentifier": self.identifier(letter),
            "importedDeviceIdentityType": "serialNumber",
            "description": self.one(&DESCRIPTIONS),
        })
    }

    fn identifier(&mut self, letter: usize) -> String {
        let letter = LETTERS[letter % LETTERS.len()];
        if self.random.once_in(4) { letter.to_lowercase() } else { letter.to_owned() }
    }

    fn one(&mut self, all: &[&'static str]) -> &'static str {
        all[self.random.below(all.len())]
    }
}
