//! Takes out of a text what differs from run to run, so that the rest can be compared.

use super::{DEV_TENANT, OTHER_TENANT};

/// Masks ids (equal ones alike), the service's times, ports and the width of columns.
pub(crate) fn mask(text: &str) -> String {
    let mut ids = Vec::new();
    let mut masked = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        masked.push_str(&mask_word(word, &mut ids));
        let next = after.find(in_word).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        masked.push_str(if is_gap(between) { "  " } else { between });
        rest = after;
    }
    masked
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || ":.+-".contains(c)
}

/// Blanks between two columns: as many as the widest cell asks for.
fn is_gap(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|b| b == b' ')
}

fn mask_word<'a>(word: &'a str, ids: &mut Vec<&'a str>) -> String {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    // The service's own times are UTC.
    if shape.starts_with("0000-00-00T00:00:00") && shape.ends_with('Z') {
        return "[time]".to_owned();
    }
    if let Some((host, port)) = word.split_once(':')
        && ["127.0.0.1", "localhost"].contains(&host)
        && port.parse::<u16>().is_ok()
    {
        return format!("{host}:[port]");
    }
    if word.parse::<uuid::Uuid>().is_err() || [DEV_TENANT, OTHER_TENANT].contains(&word) {
        return word.to_owned();
    }
    let number = ids.iter().position(|id| *id == word).unwrap_or_else(|| {
        ids.push(word);
        ids.len() - 1
    });
    format!("[id {}]", number + 1)
}
