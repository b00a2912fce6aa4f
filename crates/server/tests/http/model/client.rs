//! Clients that do their steps over HTTP, all at the same time, and note what they see and when.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use futures_util::future::join_all;

use super::Sequence;
use super::register::{Request, Row, Seen};
use super::steps::{Body, Condition, Step, Tag, Target};
use crate::support::{Answer, Call, Method, Service, Value, import, json, text};

/// A request with its answer.
#[derive(Debug)]
pub(super) struct Made {
    /// Its `client-request-id`.
    pub(super) mark: String,
    pub(super) request: Request,
    pub(super) seen: Seen,
    /// When it began and ended, in steps of a clock that all clients share.
    pub(super) began: u64,
    pub(super) ended: u64,
}

/// Clients of one tenant.
pub(super) struct Clients<'a> {
    service: &'a Service,
    token: String,
    clock: Cell<u64>,
    /// The ids that some client has seen, the latest first.
    learnt: RefCell<VecDeque<String>>,
}

/// A link to a next page: its address, the last row before it, the size of the pages.
type Link = (String, String, Option<usize>);

impl<'a> Clients<'a> {
    pub(super) fn new(service: &'a Service, token: String) -> Self {
        Self { service, token, clock: Cell::new(0), learnt: RefCell::default() }
    }

    /// Has all clients do their steps at the same time. In the end the whole list is read.
    pub(super) async fn run(&self, sequence: Sequence) -> Vec<Made> {
        let clients = sequence.into_iter().map(|steps| self.one(steps));
        let mut made: Vec<Made> = join_all(clients).await.into_iter().flatten().collect();
        made.extend(self.one(vec![Step::FirstPage { top: None }]).await);
        made
    }

    async fn one(&self, steps: Vec<Step>) -> Vec<Made> {
        let mut link = None;
        let mut all = Vec::new();
        for step in steps {
            let began = self.tick();
            let mark = began.to_string();
            let (request, call) = self.prepare(step, link.take());
            let answer = call.token(&self.token).header("client-request-id", &mark).await;
            let ended = self.tick();
            let seen = see(&request, &answer);
            self.learn(&seen, &answer);
            link = next_link(&request, &seen, &answer);
            all.push(Made { mark, request, seen, began, ended });
        }
        all
    }

    fn tick(&self) -> u64 {
        self.clock.set(self.clock.get() + 1);
        self.clock.get()
    }

    /// The request of a step, and how it is sent.
    fn prepare(&self, step: Step, link: Option<Link>) -> (Request, Call) {
        let service = self.service;
        match step {
            Step::Create { body, minimal } => {
                let call = prefer(service.post("", &json!(body)), minimal);
                (Request::Create { body, minimal }, call)
            }
            Step::Update { target, condition, body, minimal } => {
                let id = self.id(target);
                let call = service.patch(&format!("/{id}"), &json!(body));
                let call = prefer(conditional(call, condition), minimal);
                (Request::Update { id, condition, body, minimal }, call)
            }
            Step::Delete { target, condition } => {
                let id = self.id(target);
                let call = conditional(service.delete(&format!("/{id}")), condition);
                (Request::Delete { id, condition }, call)
            }
            Step::Import { rows, overwrite } => {
                let mut body = import(&values(&rows), false);
                match &overwrite {
                    Some(flag) => body["overwriteImportedDeviceIdentities"] = flag.clone(),
                    None => drop(body.as_object_mut().unwrap().remove(OVERWRITE)),
                }
                let call = service.post("/importDeviceIdentityList", &body);
                (Request::Import { rows, overwrite }, call)
            }
            Step::Search { rows } => {
                let body = json!({ "importedDeviceIdentities": values(&rows) });
                let call = service.post("/searchExistingIdentities", &body);
                (Request::Search { rows }, call)
            }
            Step::Get { target, condition } => {
                let id = self.id(target);
                let call = conditional(service.get(&format!("/{id}")), condition);
                (Request::Get { id, condition }, call)
            }
            Step::FirstPage { top } => self.first_page(top),
            Step::NextPage => match link {
                None => self.first_page(Some(1)),
                Some((url, after, top)) => {
                    let call = service.follow(Method::GET, &url);
                    (Request::Page { after: Some(after), top }, call)
                }
            },
            Step::Count => (Request::Count, service.get("/$count")),
        }
    }

    fn first_page(&self, top: Option<usize>) -> (Request, Call) {
        let query = top.map_or_else(String::new, |top| format!("?$top={top}"));
        (Request::Page { after: None, top }, self.service.get(&query))
    }

    fn id(&self, target: Target) -> String {
        let learnt = self.learnt.borrow();
        let known = match target {
            Target::Learnt(index) => learnt.get(index % learnt.len().max(1)),
            Target::Unknown => None,
        };
        known.cloned().unwrap_or_else(|| "01890a5d-ac96-774b-bcce-b302099a8057".to_owned())
    }

    fn learn(&self, seen: &Seen, answer: &Answer) {
        let ids: Vec<String> = match seen {
            Seen::Row(201, row) => vec![id(row)],
            Seen::NoContent(Some(1)) => {
                let address = answer.maybe_header("location").unwrap_or_default();
                address.rsplit('/').next().map(str::to_owned).into_iter().collect()
            }
            Seen::Results(results) => results.iter().map(|(row, _)| id(row)).collect(),
            _ => Vec::new(),
        };
        let mut learnt = self.learnt.borrow_mut();
        for id in ids {
            if !id.is_empty() && !learnt.contains(&id) {
                learnt.push_front(id);
            }
        }
    }
}

const OVERWRITE: &str = "overwriteImportedDeviceIdentities";

fn values(rows: &[Body]) -> Vec<Value> {
    rows.iter().map(|row| json!(row)).collect()
}

fn prefer(call: Call, minimal: bool) -> Call {
    if minimal { call.header("prefer", "return=minimal") } else { call }
}

fn conditional(call: Call, condition: Condition) -> Call {
    let shown = |tag| match tag {
        Tag::Any => "*".to_owned(),
        Tag::Revision(rev) => format!("W/\"{rev}\""),
    };
    match condition {
        Condition::None => call,
        Condition::Is(tag) => call.header("if-match", &shown(tag)),
        Condition::IsNot(tag) => call.header("if-none-match", &shown(tag)),
    }
}

/// What a client sees of an answer.
fn see(request: &Request, answer: &Answer) -> Seen {
    let status = answer.status.as_u16();
    match (status, request) {
        (204, _) => Seen::NoContent(answer.maybe_header("etag").map(revision)),
        (304, _) => Seen::NotModified,
        (400.., _) => Seen::Refused(status, answer.code()),
        (_, Request::Count) => Seen::Number(answer.text().parse().unwrap()),
        (_, Request::Import { .. }) => {
            let results = list(&answer.json());
            Seen::Results(results.iter().map(|row| (plain(row), row["status"] == true)).collect())
        }
        (_, Request::Search { .. }) => {
            let mut rows: Vec<Row> = list(&answer.json()).iter().map(plain).collect();
            rows.sort_by_key(id);
            Seen::Found(rows)
        }
        (_, Request::Page { .. }) => {
            let page = answer.json();
            let more = page.get("@odata.nextLink").is_some();
            Seen::Page(list(&page).iter().map(plain).collect(), more)
        }
        _ => Seen::Row(status, plain(&answer.json())),
    }
}

fn next_link(request: &Request, seen: &Seen, answer: &Answer) -> Option<Link> {
    match (request, seen) {
        (Request::Page { top, .. }, Seen::Page(rows, true)) => {
            let url = text(&answer.json(), "@odata.nextLink").to_owned();
            Some((url, rows.last().map(id)?, *top))
        }
        _ => None,
    }
}

fn list(collection: &Value) -> Vec<Value> {
    collection["value"].as_array().unwrap().clone()
}

/// A row without its annotations, with its revision.
fn plain(row: &Value) -> Row {
    let mut plain = row.as_object().unwrap().clone();
    plain.retain(|name, _| !name.starts_with('@') && name != "status");
    plain.insert("rev".to_owned(), json!(revision(text(row, "@odata.etag"))));
    plain
}

fn revision(etag: &str) -> i64 {
    etag.trim_start_matches("W/").trim_matches('"').parse().unwrap()
}

fn id(row: &Row) -> String {
    row["id"].as_str().unwrap().to_owned()
}
