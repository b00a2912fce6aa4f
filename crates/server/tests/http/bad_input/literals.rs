//! Values that a property does not take.

use super::{Door, Register};
use crate::support::{Service, Value, json, serial};

const CLIENT_WRITABLE: [&str; 6] = [
    "importedDeviceIdentifier",
    "importedDeviceIdentityType",
    "lastContactedDateTime",
    "description",
    "enrollmentState",
    "platform",
];

impl Register<'_> {
    /// Sends a value of a property to every operation, each of which has to name the property.
    /// Gives what they say.
    async fn refuse_value(&self, property: &str, value: &Value) -> String {
        let mut messages = Vec::new();
        for door in Door::ALL {
            let entity = json!({ property: value }).to_string();
            let answer = self.send_entity(door, entity.as_bytes()).await;
            let message = answer.fails(400, "ModelValidationFailure");
            let named = format!("of property '{property}' is not ");
            assert!(message.contains(&named), "{door:?}: {message}");
            assert_eq!(answer.targets(), [door.target(property)]);
            messages.push(message);
        }
        messages.dedup();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }
}

each_engine!(every_property_is_a_string, async |service: &Service| {
    let register = Register::new(service).await;
    for property in CLIENT_WRITABLE {
        for (value, shown) in [
            (json!(7), "7"),
            (json!(-1.5), "-1.5"),
            (json!(0), "0"),
            (json!(true), "true"),
            (json!(false), "false"),
            (json!([]), "an array"),
            (json!(["ios"]), "an array"),
            (json!({}), "an object"),
            (json!({ "value": "ios" }), "an object"),
        ] {
            let message = register.refuse_value(property, &value).await;
            let begin = format!("The value {shown} of property '{property}' is not ");
            assert!(message.starts_with(&begin), "{message}");
            assert!(message.ends_with("send it as a JSON string."), "{message}");
        }
    }
});

each_engine!(only_the_description_is_nullable, async |service: &Service| {
    let register = Register::new(service).await;
    for property in CLIENT_WRITABLE.into_iter().filter(|property| *property != "description") {
        let message = register.refuse_value(property, &Value::Null).await;
        assert!(message.contains("cannot be null"), "{message}");
    }
    let entity = br#"{"importedDeviceIdentifier":"A-1","description":null}"#;
    let update = register.call(Door::Update).header("content-type", "application/json");
    assert_eq!(update.body(entity).await.succeeds(200), register.row);
});

each_engine!(a_row_is_never_null, async |service: &Service| {
    let register = Register::new(service).await;
    for entity in ["null", "7", "\"A-2\"", "[]", "true"] {
        register.unreadable(entity.as_bytes()).await;
    }
});

each_engine!(overwriting_is_true_or_false, async |service: &Service| {
    let register = Register::new(service).await;
    let rows = [serial("C")];
    for (value, shown) in [
        (json!(null), "null"),
        (json!(1), "1"),
        (json!(0), "0"),
        (json!("yes"), "'yes'"),
        (json!(""), "''"),
        (json!("true "), "'true '"),
        (json!([true]), "an array"),
        (json!({}), "an object"),
    ] {
        let body = json!({
            "importedDeviceIdentities": rows,
            "overwriteImportedDeviceIdentities": value,
        });
        let answer = register.send(Door::Import, body.to_string().as_bytes()).await;
        let expected = format!(
            "The value {shown} of parameter 'overwriteImportedDeviceIdentities' is not \
             Edm.Boolean: send true or false."
        );
        assert_eq!(answer.fails(400, "ModelValidationFailure"), expected);
        assert_eq!(answer.targets(), ["overwriteImportedDeviceIdentities"]);
    }
});

each_engine!(no_string_holds_u_0000, async |service: &Service| {
    let register = Register::new(service).await;
    for text in ["\0", "a\0b", "A-1\0", "\0A-1"] {
        for property in ["importedDeviceIdentifier", "description"] {
            let message = register.refuse_value(property, &json!(text)).await;
            assert!(message.ends_with("is not Edm.String: a string cannot hold U+0000."));
        }
        for property in ["importedDeviceIdentityType", "enrollmentState", "platform"] {
            register.refuse_value(property, &json!(text)).await;
        }
    }
    // As a byte it is no JSON.
    for entity in ["{\"description\":\"a\0b\"}", "\0{}", "{\0}", "{\"a\0\":1}"] {
        register.unreadable(entity.as_bytes()).await;
    }
});

each_engine!(a_member_is_one_that_there_is, async |service: &Service| {
    let register = Register::new(service).await;
    let platforms = "unknown, ios, android, windows, windowsMobile, macOS, visionOS, tvos.";
    let states = "unknown, enrolled, pendingReset, failed, notContacted, blocked.";
    let types = "unknown, imei, serialNumber, manufacturerModelSerial.";
    for (property, type_name, wrong, right, members) in [
        ("platform", "platform", "iOS", Some("ios"), platforms),
        ("platform", "platform", "IOS", Some("ios"), platforms),
        ("platform", "platform", "TVOS", Some("tvos"), platforms),
        ("platform", "platform", "macos", Some("macOS"), platforms),
        ("platform", "platform", "Andriod", Some("android"), platforms),
        ("platform", "platform", "linux", None, platforms),
        ("platform", "platform", "", None, platforms),
        ("platform", "platform", "1", None, platforms),
        ("platform", "platform", "ios,android", None, platforms),
        ("enrollmentState", "enrollmentState", "Enrolled", Some("enrolled"), states),
        ("enrollmentState", "enrollmentState", "lost", None, states),
        (
            "importedDeviceIdentityType",
            "importedDeviceIdentityType",
            "serialnumber",
            Some("serialNumber"),
            types,
        ),
        ("importedDeviceIdentityType", "importedDeviceIdentityType", "mac", None, types),
    ] {
        let message = register.refuse_value(property, &json!(wrong)).await;
        let hint = right.map_or_else(String::new, |right| format!("did you mean '{right}'? "));
        let expected = format!(
            "The value '{wrong}' of property '{property}' is not microsoft.graph.{type_name}: \
             {hint}possible values are {members}"
        );
        assert_eq!(message, expected);
    }
});

each_engine!(the_sentinel_stands_for_no_value, async |service: &Service| {
    let register = Register::new(service).await;
    let message = register.refuse_value("platform", &json!("unknownFutureValue")).await;
    assert!(message.ends_with("later versions and cannot be written."), "{message}");
});

each_engine!(times_that_cannot_be_kept_are_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let digits = "the seconds have more than 7 fractional digits";
    let years = "the year must be from 1 to 9999";
    let time = "the time does not exist";
    let offset = "the offset must be from -14:00 to +14:00";
    let malformed = "it is not a date and time";
    for (text, reason) in [
        ("2026-01-31T07:25:18.12345678Z", digits),
        ("2026-01-31T07:25:18.00000000Z", digits),
        ("2026-01-31T07:25:18.123456789+01:00", digits),
        ("0000-01-01T00:00:00Z", years),
        ("0000-12-31T23:59:59.9999999Z", years),
        ("-0001-01-01T00:00:00Z", years),
        ("10000-01-01T00:00:00Z", years),
        ("0001-01-01T00:00:00+01:00", years),
        ("0001-01-01T00:00:00+00:01", years),
        ("9999-12-31T23:59:59-00:01", years),
        ("9999-12-31T23:00:00-14:00", years),
        ("2025-02-29T00:00:00Z", "2025-02-29"),
        ("1900-02-29T00:00:00Z", "1900-02-29"),
        ("2026-13-01T00:00:00Z", "2026-13-01"),
        ("2026-01-00T00:00:00Z", "2026-01-00"),
        ("2026-01-31T24:00:00Z", time),
        ("2026-01-31T07:60:00Z", time),
        ("2016-12-31T23:59:60Z", time),
        ("2026-01-31T07:25:18+14:01", offset),
        ("2026-01-31T07:25:18-99:00", offset),
        ("2026-01-31T07:25:18+0100", malformed),
        ("2026-01-31T07:25:18.Z", malformed),
        ("2026-01-31 07:25:18Z", malformed),
        ("2026-01-31", malformed),
        ("07:25:18", malformed),
        ("1769844318", malformed),
        ("/Date(1769844318000)/", malformed),
        ("31.01.2026 07:25", malformed),
        ("Sat, 31 Jan 2026 07:25:18 GMT", malformed),
        ("now", malformed),
        ("null", malformed),
        (" 2026-01-31T07:25:18Z", malformed),
        ("2026-01-31T07:25:18Z\n", malformed),
        ("２０２６-01-31T07:25:18Z", malformed),
        ("", malformed),
    ] {
        let message = register.refuse_value("lastContactedDateTime", &json!(text)).await;
        let begin = format!(
            "The value '{text}' of property 'lastContactedDateTime' is not Edm.DateTimeOffset: "
        );
        let told = message.strip_prefix(&begin).unwrap_or_else(|| panic!("{message}"));
        assert!(told.contains(reason), "{message}");
    }
});

each_engine!(an_identifier_that_breaks_a_rule_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    for (text, reason) in [
        (String::new(), "is empty"),
        (" \t\r\n\u{2003}".to_owned(), "is empty"),
        ("x".repeat(513), "513 characters"),
        ("a\tb".to_owned(), "U+0009"),
        ("a\u{7f}b".to_owned(), "U+007F"),
        ("a\u{85}b".to_owned(), "U+0085"),
    ] {
        let entity = json!({ "importedDeviceIdentifier": text }).to_string();
        for door in [Door::Create, Door::Update] {
            let answer = register.send_entity(door, entity.as_bytes()).await;
            let message = answer.fails(400, "BadRequest");
            assert!(message.contains(reason), "{door:?}: {message}");
            assert_eq!(answer.targets(), ["importedDeviceIdentifier"]);
        }
        let answer = register.send_entity(Door::Import, entity.as_bytes()).await;
        let message = "Invalid Device Identifier parameter found for 1 import records!";
        assert_eq!(answer.fails(400, "BadRequest"), message);
        assert_eq!(answer.targets(), ["importedDeviceIdentities[1]"]);
        // No row has it: there is nothing to find, and nothing wrong with looking.
        let row = json!({ "importedDeviceIdentifier": text });
        assert!(service.search(&[row]).await.is_empty());
    }
});

each_engine!(a_row_without_identifier_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let entity = br#"{"importedDeviceIdentityType":"serialNumber","platform":"ios"}"#;
    let answer = register.send_entity(Door::Create, entity).await;
    assert!(answer.fails(400, "BadRequest").contains("'importedDeviceIdentifier' is required"));
    for door in [Door::Import, Door::Search] {
        let answer = register.send_entity(door, entity).await;
        let message = "Invalid Device Identifier parameter found for 1 import records!";
        assert_eq!(answer.fails(400, "BadRequest"), message);
        assert_eq!(answer.targets(), ["importedDeviceIdentities[1]"]);
    }
});

each_engine!(a_description_that_is_too_long_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let entity = json!({ "importedDeviceIdentifier": "C", "description": "ä".repeat(1_025) });
    for door in [Door::Create, Door::Update, Door::Import] {
        let answer = register.send_entity(door, entity.to_string().as_bytes()).await;
        answer.fails(400, "BadRequest");
        let details = answer.json()["error"]["details"].take();
        assert!(details[0]["message"].as_str().unwrap().contains("1025 characters"), "{details}");
    }
});
