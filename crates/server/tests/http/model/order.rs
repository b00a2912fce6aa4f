//! Whether one order of all requests explains all answers: the order in which the history has the
//! writes, and for every request that changed nothing a place between two of them, such that what
//! ended before something else began comes before it.

use std::collections::HashMap;

use store::Change;

use super::client;
use super::register::{Made, Register, Row, Seen};
use crate::support::{Value, json};

/// A write that changed something, with its entries in the history.
struct Effect<'a> {
    call: &'a client::Made,
    changes: Vec<&'a Change>,
}

/// Looks for the order. An error says what cannot be explained.
pub(super) fn explain(history: &[Change], calls: &[client::Made]) -> Result<(), String> {
    let effects = effects(history, calls)?;
    let states = replay(&effects)?;
    let mut others: Vec<&client::Made> =
        calls.iter().filter(|call| !effects.iter().any(|e| e.call.mark == call.mark)).collect();
    others.sort_by_key(|call| call.began);
    // Each takes the first place that it can have: that leaves the most to those after it.
    let mut placed: Vec<(&client::Made, usize)> = Vec::new();
    for call in others {
        let before = effects.iter().rposition(|e| e.call.ended < call.began).map_or(0, |at| at + 1);
        let behind = effects.iter().position(|e| call.ended < e.call.began);
        let after_others = placed.iter().filter(|(other, _)| other.ended < call.began);
        let first = after_others.map(|(_, place)| *place).max().unwrap_or(0).max(before);
        let last = behind.unwrap_or(effects.len());
        let place = (first..=last).find(|place| answers_so(&states[*place], call));
        placed.push((call, place.ok_or_else(|| unexplained(&states, first, last, call))?));
    }
    Ok(())
}

/// The writes that the history tells of, in its order.
fn effects<'a>(
    history: &'a [Change],
    calls: &'a [client::Made],
) -> Result<Vec<Effect<'a>>, String> {
    let by_mark: HashMap<&str, &client::Made> =
        calls.iter().map(|call| (call.mark.as_str(), call)).collect();
    let mut effects: Vec<Effect<'_>> = Vec::new();
    for (seq, change) in (1..).zip(history) {
        if change.seq != seq {
            return Err(format!("the history has {} in the place of {seq}", change.seq));
        }
        let mark = change.audit.client_request_id.as_deref().unwrap_or_default();
        let call = *by_mark.get(mark).ok_or_else(|| format!("nobody asked for {change:?}"))?;
        match effects.iter().position(|effect| effect.call.mark == mark) {
            None => effects.push(Effect { call, changes: vec![change] }),
            Some(at) if at + 1 == effects.len() => effects[at].changes.push(change),
            Some(_) => return Err(format!("the history tears apart {call:?}")),
        }
    }
    for (index, effect) in effects.iter().enumerate() {
        if let Some(late) = effects[index..].iter().find(|e| e.call.ended < effect.call.began) {
            let (first, second) = (effect.call, late.call);
            return Err(format!("{second:?} had ended before this was begun: {first:?}"));
        }
    }
    Ok(effects)
}

/// The states of the register from the empty one on, each with one write more.
fn replay(effects: &[Effect<'_>]) -> Result<Vec<Register>, String> {
    let mut states = vec![Register::default()];
    for Effect { call, changes } in effects {
        let mut state = states.last().cloned().unwrap_or_default();
        let new = changes.iter().filter(|change| change.before.is_none());
        let at = changes[0].at;
        let made = Made { ids: new.map(|c| c.id.to_string()).collect(), at: at.to_string() };
        let (answers, expected) = state.answer(&call.request, made);
        let stored: Vec<_> = changes
            .iter()
            .map(|change| (change.before.as_ref().map(row), change.after.as_ref().map(row)))
            .collect();
        if stored != expected {
            return Err(format!("{call:#?}\nought to make {expected:#?}\nand made {stored:#?}"));
        }
        if !answers.contains(&call.seen) {
            return Err(format!("{call:#?}\nought to be answered with {answers:#?}"));
        }
        states.push(state);
    }
    Ok(states)
}

/// Whether the request changes nothing in this state, and is answered as it was.
fn answers_so(state: &Register, call: &client::Made) -> bool {
    let (answers, changes) = state.clone().answer(&call.request, Made::default());
    changes.is_empty() && answers.contains(&call.seen)
}

fn unexplained(states: &[Register], first: usize, last: usize, call: &client::Made) -> String {
    let possible: Vec<(Vec<Seen>, bool)> = states
        .get(first..=last)
        .unwrap_or_default()
        .iter()
        .map(|state| state.clone().answer(&call.request, Made::default()))
        .map(|(answers, changes)| (answers, changes.is_empty()))
        .collect();
    format!("{call:#?}\nought to be answered with one of {possible:#?} (true: and changes nothing)")
}

/// A row of the history as clients see it.
fn row(row: &model::Identity) -> Row {
    let Value::Object(row) = json!({
        "id": row.id.to_string(),
        "importedDeviceIdentifier": row.identifier,
        "importedDeviceIdentityType": row.identity_type.name(),
        "lastModifiedDateTime": row.modified.to_string(),
        "createdDateTime": row.created.to_string(),
        "lastContactedDateTime": row.contacted.to_string(),
        "description": row.description,
        "enrollmentState": row.enrollment_state.name(),
        "platform": row.platform.name(),
        "rev": row.rev,
    }) else {
        unreachable!()
    };
    row
}
