//! Groups of identities, as OData Data Aggregation has them written: transient entities of some of
//! the properties and, under the alias, the number of rows.

use odata::edm::Type;
use odata::query::{Apply, Group};

use super::{Metadata, View, annotation, counted, list, opened, property_type, string};
use crate::{ENTITY_TYPE, PROPERTIES};

/// Groups of identities.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    /// What was asked for.
    pub apply: &'a Apply,
    /// The groups that are shown.
    pub groups: &'a [Group],
    /// How many groups there are in all, if that was asked for.
    pub count: Option<usize>,
}

impl Summary<'_> {
    /// The names of what a group has, as context URLs list them.
    pub fn names(&self) -> String {
        let properties = self.apply.groups.iter().map(|column| column.property.name);
        properties.chain(self.apply.count.as_deref()).collect::<Vec<_>>().join(",")
    }
}

/// A page of groups.
pub fn summary(summary: &Summary<'_>, view: &View<'_>) -> Vec<u8> {
    let mut out = opened(256 + summary.groups.len() * 160, view);
    if let Some(count) = summary.count {
        counted(&mut out, count as u64, view);
    }
    list(&mut out, summary.groups, |out, group| members(out, summary.apply, group, view));
    out.push(b'}');
    out
}

/// What is said of a group, then its members and the number of its rows. That it is transient is
/// said by an address of null (OData JSON Format 4.0, 4.5.8).
fn members(out: &mut Vec<u8>, apply: &Apply, group: &Group, view: &View<'_>) {
    let is_full = view.form.metadata == Metadata::Full;
    let is_typed = view.form.metadata != Metadata::None;
    if is_full {
        annotation(out, "@odata.type", &format!("#{ENTITY_TYPE}"));
    }
    if is_typed {
        out.extend_from_slice(b"\"@odata.id\":null,");
    }
    let properties = apply.groups.iter().filter_map(|column| PROPERTIES.get(column.index));
    for (property, number) in properties.zip(&group.members) {
        let Type::Enum(declared) = property.edm else { continue };
        if is_full {
            property_type(out, property);
        }
        let name = declared.by_value(*number).map_or("", |member| member.name);
        annotation(out, property.name, name);
    }
    if let Some(alias) = &apply.count {
        rows(out, alias, group.rows, is_typed, view.form.ieee754_compatible);
    } else {
        // What stands last has a comma behind it.
        out.pop();
    }
}

/// The number of rows: `Edm.Decimal`, which is told of a property that no schema declares (OData
/// Data Aggregation 4.0, 3.2.1.4).
fn rows(out: &mut Vec<u8>, alias: &str, rows: u64, is_typed: bool, is_text: bool) {
    if is_typed {
        annotation(out, &format!("{alias}@odata.type"), "#Decimal");
    }
    string(out, alias);
    let quote = if is_text { "\"" } else { "" };
    out.extend_from_slice(format!(":{quote}{rows}{quote}").as_bytes());
}

#[cfg(test)]
mod tests {
    use odata::query::GroupOrder;
    use odata::{DateTimeOffset, Options};

    use super::*;
    use crate::query_context;
    use crate::render::Form;

    fn written(apply: &str, groups: &[Group], form: Form) -> String {
        let options = Options::default();
        let context = query_context(&options, DateTimeOffset::MIN);
        let apply = Apply::parse(apply, &context).unwrap();
        let mut groups = groups.to_vec();
        GroupOrder::default().sort(&mut groups);
        let shown = Summary { apply: &apply, groups: &groups, count: Some(groups.len()) };
        let view = View { form, context: "c", collection: "x", select: None };
        String::from_utf8(summary(&shown, &view)).unwrap()
    }

    fn form(metadata: Metadata, ieee754_compatible: bool) -> Form {
        Form { metadata, ieee754_compatible }
    }

    #[test]
    fn a_group_is_a_transient_entity() {
        let groups = [Group { members: vec![3], rows: 7 }];
        let both = "groupby((platform),aggregate($count as n))";
        assert_eq!(
            written(both, &groups, form(Metadata::Minimal, false)),
            r##"{"@odata.context":"c","@odata.count":1,"value":[{"@odata.id":null,"platform":"windows","n@odata.type":"#Decimal","n":7}]}"##
        );
        assert_eq!(
            written(both, &groups, form(Metadata::None, true)),
            r#"{"@odata.count":"1","value":[{"platform":"windows","n":"7"}]}"#
        );
        assert_eq!(
            written("groupby((platform))", &groups, form(Metadata::None, false)),
            r#"{"@odata.count":1,"value":[{"platform":"windows"}]}"#
        );
        let full = written(both, &groups, form(Metadata::Full, false));
        assert!(full.contains(r##""platform@odata.type":"#microsoft.graph.platform""##), "{full}");
    }
}
