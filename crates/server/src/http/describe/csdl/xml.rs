//! CSDL as XML (OData CSDL XML 4.01), in the version of it that Graph serves: 4.0.

use model::{ENTITY_TYPE, Property, RESULT_TYPE};
use odata::edm::{EnumType, Type};

use super::{
    ALIAS, Action, Annotation, BASE, CONTAINER, Expression, NAMESPACE, Parameter, Record, STATUS,
    VOCABULARIES, actions, annotations_of, bare, capabilities, enumerations, places, properties,
    qualified,
};

const EDMX: &str = "http://docs.oasis-open.org/odata/ns/edmx";
const EDM: &str = "http://docs.oasis-open.org/odata/ns/edm";

/// An element: its name, its attributes, and what it holds.
struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Self>,
    text: String,
}

fn element(name: &'static str) -> Element {
    Element { name, attributes: Vec::new(), children: Vec::new(), text: String::new() }
}

impl Element {
    fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((attribute, value.into()));
        self
    }

    fn holding(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    fn saying(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }

    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let name = self.name;
        out.push_str(&format!("{indent}<{name}"));
        for (attribute, value) in &self.attributes {
            out.push_str(&format!(" {attribute}=\"{}\"", escape(value)));
        }
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push('>');
        out.push_str(&escape(&self.text));
        if !self.children.is_empty() {
            out.push('\n');
            for child in &self.children {
                child.write(depth + 1, out);
            }
            out.push_str(&indent);
        }
        out.push_str(&format!("</{name}>\n"));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The document.
pub(in super::super) fn xml() -> String {
    let references = VOCABULARIES.iter().map(|vocabulary| {
        let include = element("edmx:Include")
            .with("Namespace", vocabulary.namespace)
            .with("Alias", vocabulary.alias);
        element("edmx:Reference").with("Uri", vocabulary.address("xml")).holding([include])
    });
    let document = element("edmx:Edmx")
        .with("Version", "4.0")
        .with("xmlns:edmx", EDMX)
        .holding(references)
        .holding([element("edmx:DataServices").holding([schema()])]);
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
    document.write(0, &mut text);
    text
}

fn schema() -> Element {
    element("Schema")
        .with("Namespace", NAMESPACE)
        .with("Alias", ALIAS)
        .with("xmlns", EDM)
        .holding(enumerations().into_iter().map(enumeration))
        .holding(entity_types())
        .holding(actions().map(action))
        .holding([container(), collection()])
}

fn enumeration(edm: &EnumType) -> Element {
    let members = edm.members.iter().map(|member| {
        element("Member").with("Name", member.name).with("Value", member.value.to_string())
    });
    element("EnumType")
        .with("Name", edm.name.rsplit('.').next().unwrap_or_default())
        .holding(members)
}

fn entity_types() -> [Element; 4] {
    let (key, others) = properties();
    let refs = key.iter().map(|key| element("PropertyRef").with("Name", key.name));
    let base = element("EntityType")
        .with("Name", BASE)
        .with("Abstract", "true")
        .holding([element("Key").holding(refs)])
        .holding(key.iter().map(property));
    let derived =
        |name: &str, base: &str| element("EntityType").with("Name", name).with("BaseType", base);
    let entity = derived(bare(ENTITY_TYPE), &qualified(BASE)).holding(others.iter().map(property));
    let status = element("Property").with("Name", STATUS).with("Type", Type::Boolean.name());
    let result =
        derived(bare(RESULT_TYPE), ENTITY_TYPE).holding([status.with("Nullable", "false")]);
    let (singleton, collection) = places();
    let contained = element("NavigationProperty")
        .with("Name", collection)
        .with("Type", format!("Collection({ENTITY_TYPE})"))
        .with("ContainsTarget", "true");
    [base, entity, result, derived(singleton, &qualified(BASE)).holding([contained])]
}

fn property(property: &Property) -> Element {
    let element = element("Property").with("Name", property.name).with("Type", property.edm.name());
    let element = if property.nullable { element } else { element.with("Nullable", "false") };
    let element = match property.edm.precision() {
        Some(digits) => element.with("Precision", digits.to_string()),
        None => element,
    };
    element.holding(annotations_of(property).iter().map(annotation))
}

fn action(action: Action) -> Element {
    let returns = format!("Collection({})", action.returns);
    element("Action")
        .with("Name", action.name)
        .with("IsBound", "true")
        .holding(action.parameters.iter().map(parameter))
        .holding([element("ReturnType").with("Type", returns).with("Nullable", "false")])
}

fn parameter(parameter: &Parameter) -> Element {
    let &Parameter { name, type_name, is_collection, default } = parameter;
    let type_name =
        if is_collection { format!("Collection({type_name})") } else { type_name.to_owned() };
    let element =
        element("Parameter").with("Name", name).with("Type", type_name).with("Nullable", "false");
    element.holding(default.map(|default| {
        let value = super::record(vec![("DefaultValue", super::text(default))]);
        annotation(&super::annotation("Core.OptionalParameter", value))
    }))
}

fn container() -> Element {
    let (singleton, _) = places();
    let annotated =
        |annotations: Vec<Annotation>| annotations.into_iter().map(|it| annotation(&it));
    let singleton = element("Singleton")
        .with("Name", singleton)
        .with("Type", qualified(singleton))
        .holding(annotated(capabilities::of_the_singleton()));
    element("EntityContainer")
        .with("Name", CONTAINER)
        .holding([singleton])
        .holding(annotated(capabilities::of_the_container()))
}

/// What is said of the collection.
fn collection() -> Element {
    let (singleton, collection) = places();
    element("Annotations")
        .with("Target", format!("{}/{collection}", qualified(singleton)))
        .holding(capabilities::of_the_collection().iter().map(annotation))
}

fn annotation(annotation: &Annotation) -> Element {
    let (alias, term) = annotation.term.split_once('.').unwrap_or_default();
    let known = VOCABULARIES.iter().find(|vocabulary| vocabulary.alias == alias);
    let namespace = known.map_or(alias, |vocabulary| vocabulary.namespace);
    let element = element("Annotation").with("Term", format!("{namespace}.{term}"));
    valued(element, &annotation.value)
}

/// Gives an element a value: as an attribute where there is one for its kind.
fn valued(holder: Element, value: &Expression) -> Element {
    match value {
        Expression::Boolean(value) => holder.with("Bool", value.to_string()),
        Expression::Text(text) => holder.with("String", text.as_str()),
        Expression::Member(type_name, name) => {
            holder.with("EnumMember", format!("{type_name}/{name}"))
        }
        Expression::Property(name) => holder.with("PropertyPath", *name),
        Expression::Collection(items) => {
            holder.holding([element("Collection").holding(items.iter().map(item))])
        }
        Expression::Record(record) => holder.holding([structured(record)]),
    }
}

fn item(value: &Expression) -> Element {
    match value {
        Expression::Boolean(value) => element("Bool").saying(value.to_string()),
        Expression::Text(text) => element("String").saying(text.as_str()),
        Expression::Member(type_name, name) => {
            element("EnumMember").saying(format!("{type_name}/{name}"))
        }
        Expression::Property(name) => element("PropertyPath").saying(*name),
        Expression::Collection(items) => element("Collection").holding(items.iter().map(item)),
        Expression::Record(record) => structured(record),
    }
}

fn structured(record: &Record) -> Element {
    let element = match record.type_name {
        Some(name) => element("Record").with("Type", name),
        None => element("Record"),
    };
    element.holding(
        record.members.iter().map(|(name, value)| {
            valued(self::element("PropertyValue").with("Property", *name), value)
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut out = String::new();
        element("a").with("b", "\"<&>'").saying("<&>").write(0, &mut out);
        assert_eq!(out, "<a b=\"&quot;&lt;&amp;&gt;'\">&lt;&amp;&gt;</a>\n");
    }
}
