//! Pages far from the first, against the first ones: what a place in the list costs.
//!
//! It must not know what a link is made of.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::client::{Client, target};
use crate::expect::{PAGE, Page, read};
use crate::measure::Run;
use crate::register::{CONTACTED, ID, Order, Register, Row};
use crate::support::Failure;
use crate::support::figures::thousands;

/// Pages that are measured at either place.
const MEASURED: usize = 20;

/// Links are followed for so long; then `$skip` leads to what is left to be measured.
const ENOUGH: Duration = Duration::from_secs(90);

/// Follows the links from the first page to the middle of the register, in two orders.
pub(crate) async fn measure(run: &mut Run<'_>, client: &mut Client, register: &Register) {
    let orders: [(&str, &str, Order); 2] =
        [("id", "", ID), ("lastContacted", "$orderby=lastContactedDateTime&", CONTACTED)];
    for (name, options, order) in orders {
        let walk = Walk::new(options, register, order);
        let title = |pages: &RangeInclusive<usize>| {
            let (first, last) = (thousands(pages.start()), thousands(pages.end()));
            format!("pages {first} to {last} by {name}")
        };
        if !run.begins(&title(&walk.late)) {
            continue;
        }
        let (early, late, way) = match walk.go(client).await {
            Ok(Pages { early, late, is_by_skip: false }) => (Ok(early), Ok(late), ""),
            Ok(Pages { early, late, is_by_skip: true }) => (Ok(early), Ok(late), ", from $skip"),
            Err(failure) => (Err(failure.clone()), Err(failure), ""),
        };
        let matches = thousands(walk.rows.len());
        run.keep(title(&walk.early).into(), matches.clone(), early);
        run.keep(format!("{}{way}", title(&walk.late)).into(), matches, late);
    }
}

/// A way through all rows in one order. Pages count from 1.
struct Walk<'a> {
    options: &'a str,
    rows: Vec<&'a Row>,
    early: RangeInclusive<usize>,
    late: RangeInclusive<usize>,
}

/// How long pages took.
#[derive(Default)]
struct Pages {
    early: Vec<Duration>,
    late: Vec<Duration>,
    /// Whether the late ones were not reached by links from the first on.
    is_by_skip: bool,
}

impl<'a> Walk<'a> {
    fn new(options: &'a str, register: &'a Register, order: Order) -> Self {
        let mut rows = register.matching(|_| true);
        rows.sort_unstable_by(|one, other| order(one, other));
        let pages = rows.len() / PAGE;
        let measured = MEASURED.min(pages / 4);
        let (middle, around) = (pages / 2, measured / 2);
        Self { options, rows, early: 1..=measured, late: middle - around..=middle + around }
    }

    async fn go(&self, client: &mut Client) -> Result<Pages, Failure> {
        let began = Instant::now();
        let mut pages = Pages::default();
        let (mut page, mut at) = (1, self.start(1));
        while page <= *self.late.end() {
            let answer = client.get(&at).await?;
            let got: Page = read(&answer)?;
            self.check(page, &got)?;
            if self.early.contains(&page) {
                pages.early.push(answer.took);
            }
            if self.late.contains(&page) {
                pages.late.push(answer.took);
            }
            let link = got.next.ok_or_else(|| format!("page {page} has no link to the next"))?;
            at = client.target_of(&link)?;
            page += 1;
            let before = *self.late.start() - 1;
            if began.elapsed() > ENOUGH && page > *self.early.end() && page < before {
                (page, at) = (before, self.start(before));
                pages.is_by_skip = true;
            }
        }
        Ok(pages)
    }

    fn start(&self, page: usize) -> String {
        target(&format!("{}$skip={}&$top={PAGE}", self.options, (page - 1) * PAGE))
    }

    fn check(&self, page: usize, got: &Page) -> Result<(), Failure> {
        let wanted = self.rows.chunks(PAGE).nth(page - 1).unwrap_or_default();
        let wanted = wanted.iter().map(|row| row.identifier.as_str());
        let got = got.value.iter().map(|row| row.imported_device_identifier.as_str());
        if got.eq(wanted) { Ok(()) } else { Err(format!("page {page} holds other rows")) }
    }
}
