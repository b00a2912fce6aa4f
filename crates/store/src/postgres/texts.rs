//! What is searched for parts of text: the folded texts of each row, in a table of their own. Where
//! the extension pg_trgm is there, an index finds parts in it; else the rows of the tenant are gone
//! through. Either way they are candidates only, and whoever asks judges them.

use model::{Identity, TenantId};

use crate::query::{Bound, Parts, Sql, searched};

/// Narrows a statement to rows whose texts have these parts.
pub(super) fn have(sql: &mut Sql, tenant: TenantId, parts: &Parts) {
    sql.push(" AND id IN (SELECT id FROM identity_texts WHERE tenant_id = ");
    sql.bind(Bound::Bytes(tenant.0.as_bytes().to_vec())).push(" AND ");
    push(sql, parts);
    sql.push(")");
}

fn push(sql: &mut Sql, parts: &Parts) {
    match parts {
        // No text that is stored has it, and none can be asked for.
        Parts::One(text) if text.contains('\0') => {
            sql.push("FALSE");
        }
        Parts::One(text) => {
            sql.push("searched LIKE ").bind(Bound::Text(pattern(text)));
        }
        Parts::All(parts) => joined(sql, parts, " AND "),
        Parts::Any(parts) => joined(sql, parts, " OR "),
    }
}

fn joined(sql: &mut Sql, parts: &[Parts], operator: &str) {
    sql.push("(");
    for (index, part) in parts.iter().enumerate() {
        sql.push(if index == 0 { "" } else { operator });
        push(sql, part);
    }
    sql.push(")");
}

/// That a text has this part.
fn pattern(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The texts of a row as they are stored.
pub(super) fn of(row: &Identity) -> String {
    searched(&row.identifier, row.description.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_looked_for_as_it_is() {
        assert_eq!(pattern("50%_\\x"), "%50\\%\\_\\\\x%");
    }
}
