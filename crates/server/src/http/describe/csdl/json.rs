//! CSDL as JSON (OData CSDL JSON 4.01).

use model::{ENTITY_TYPE, Property, RESULT_TYPE};
use odata::edm::{EnumType, Type};
use serde_json::{Map, Value, json};

use super::{
    ALIAS, Action, Annotation, BASE, CONTAINER, Expression, NAMESPACE, Parameter, Record, STATUS,
    VOCABULARIES, Vocabulary, actions, annotations_of, bare, capabilities, enumerations, places,
    properties, qualified,
};

/// The document.
pub(in super::super) fn json() -> Value {
    let references = VOCABULARIES.iter().map(|vocabulary| {
        let include = json!({ "$Namespace": vocabulary.namespace, "$Alias": vocabulary.alias });
        (vocabulary.address("json"), json!({ "$Include": [include] }))
    });
    json!({
        "$Version": "4.01",
        "$EntityContainer": qualified(CONTAINER),
        "$Reference": references.collect::<Map<_, _>>(),
        NAMESPACE: schema(),
    })
}

fn schema() -> Value {
    let (singleton, collection) = places();
    let target = format!("{}/{collection}", qualified(singleton));
    let mut schema = Map::new();
    schema.insert("$Alias".to_owned(), ALIAS.into());
    schema.extend(enumerations().into_iter().map(enumeration));
    schema.extend(entity_types());
    schema.extend(actions().map(|action| (action.name.to_owned(), overloads(&action))));
    schema.insert(CONTAINER.to_owned(), container());
    let of_the_collection = annotated(Map::new(), &capabilities::of_the_collection());
    schema.insert("$Annotations".to_owned(), json!({ target: of_the_collection }));
    schema.into()
}

fn enumeration(edm: &EnumType) -> (String, Value) {
    let mut members = Map::from_iter([("$Kind".to_owned(), "EnumType".into())]);
    members.extend(edm.members.iter().map(|member| (member.name.to_owned(), member.value.into())));
    (edm.name.rsplit('.').next().unwrap_or_default().to_owned(), members.into())
}

fn entity_types() -> [(String, Value); 4] {
    let (key, others) = properties();
    let keys: Vec<&str> = key.iter().map(|key| key.name).collect();
    let base = json!({ "$Kind": "EntityType", "$Abstract": true, "$Key": keys });
    let base = with_members(base, key.iter().map(property));
    let derived = |base: &str| json!({ "$Kind": "EntityType", "$BaseType": base });
    let entity = with_members(derived(&qualified(BASE)), others.iter().map(property));
    let status = json!({ "$Type": Type::Boolean.name() });
    let result = with_members(derived(ENTITY_TYPE), [(STATUS.to_owned(), status)]);
    let (singleton, collection) = places();
    let contained = json!({
        "$Kind": "NavigationProperty",
        "$Collection": true,
        "$Type": ENTITY_TYPE,
        "$ContainsTarget": true,
    });
    let holder = with_members(derived(&qualified(BASE)), [(collection.to_owned(), contained)]);
    [
        (BASE.to_owned(), base),
        (bare(ENTITY_TYPE).to_owned(), entity),
        (bare(RESULT_TYPE).to_owned(), result),
        (singleton.to_owned(), holder),
    ]
}

fn with_members(mut object: Value, members: impl IntoIterator<Item = (String, Value)>) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.extend(members);
    }
    object
}

/// What is a string goes without saying, and so does what is not null.
fn property(property: &Property) -> (String, Value) {
    let mut members = Map::new();
    if property.edm != Type::String {
        members.insert("$Type".to_owned(), property.edm.name().into());
    }
    if property.nullable {
        members.insert("$Nullable".to_owned(), true.into());
    }
    if let Some(digits) = property.edm.precision() {
        members.insert("$Precision".to_owned(), digits.into());
    }
    (property.name.to_owned(), annotated(members, &annotations_of(property)))
}

fn overloads(action: &Action) -> Value {
    let parameters: Vec<Value> = action.parameters.iter().map(parameter).collect();
    json!([{
        "$Kind": "Action",
        "$IsBound": true,
        "$Parameter": parameters,
        "$ReturnType": { "$Collection": true, "$Type": action.returns },
    }])
}

fn parameter(parameter: &Parameter) -> Value {
    let &Parameter { name, type_name, is_collection, default } = parameter;
    let mut members = Map::new();
    members.insert("$Name".to_owned(), name.into());
    members.insert("$Type".to_owned(), type_name.into());
    if is_collection {
        members.insert("$Collection".to_owned(), true.into());
    }
    let optional = default.map(|default| {
        let value = super::record(vec![("DefaultValue", super::text(default))]);
        super::annotation("Core.OptionalParameter", value)
    });
    annotated(members, optional.as_slice())
}

fn container() -> Value {
    let (singleton, _) = places();
    let mut holder = Map::new();
    holder.insert("$Type".to_owned(), qualified(singleton).into());
    let holder = annotated(holder, &capabilities::of_the_singleton());
    let mut members = Map::new();
    members.insert("$Kind".to_owned(), "EntityContainer".into());
    members.insert(singleton.to_owned(), holder);
    annotated(members, &capabilities::of_the_container())
}

fn annotated(mut members: Map<String, Value>, annotations: &[Annotation]) -> Value {
    members.extend(annotations.iter().map(|it| (format!("@{}", it.term), value(&it.value))));
    members.into()
}

fn value(expression: &Expression) -> Value {
    match expression {
        Expression::Boolean(value) => (*value).into(),
        Expression::Text(text) => text.as_str().into(),
        Expression::Member(_, name) | Expression::Property(name) => (*name).into(),
        Expression::Collection(items) => items.iter().map(value).collect(),
        Expression::Record(Record { type_name, members }) => {
            let members = members.iter().map(|(name, it)| ((*name).to_owned(), value(it)));
            let type_name = type_name.map(|name| ("@type".to_owned(), type_address(name).into()));
            members.chain(type_name).collect::<Map<_, _>>().into()
        }
    }
}

/// A type of a vocabulary, which is named by where it is declared (CSDL JSON 4.01, 14.4.12).
fn type_address(name: &str) -> String {
    let declares = |vocabulary: &&Vocabulary| name.starts_with(vocabulary.namespace);
    let address = VOCABULARIES.iter().find(declares).map(|vocabulary| vocabulary.address("json"));
    format!("{}#{name}", address.unwrap_or_default())
}
