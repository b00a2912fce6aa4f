//! Bodies that are no JSON, or not the JSON of an object.

use super::{Door, Register, UNREADABLE};
use crate::support::{Service, serial};

/// So deep that a parser that calls itself runs out of stack.
const DEPTH: usize = 10_000;

each_engine!(what_is_no_json_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    for text in [
        "{",
        "{]",
        "{\"platform\"}",
        "{\"platform\":}",
        "{\"platform\":\"ios\"",
        "{\"platform\":\"ios",
        "{\"platform\":\"ios\",}",
        "{,\"platform\":\"ios\"}",
        "{\"platform\" \"ios\"}",
        "{'platform':'ios'}",
        "{platform:\"ios\"}",
        "{7:\"ios\"}",
        "{null:\"ios\"}",
        "{\"platform\":ios}",
        "{\"platform\":nul}",
        "{\"platform\":True}",
        "{\"platform\":NaN}",
        "{\"platform\":Infinity}",
        "{\"platform\":undefined}",
        "{\"platform\":01}",
        "{\"platform\":+1}",
        "{\"platform\":.5}",
        "{\"platform\":1.}",
        "{\"platform\":1e}",
        "{\"platform\":0x1F}",
        "{\"platform\":-}",
        "{\"platform\":\"ios\"} // a comment",
        "{/* a comment */\"platform\":\"ios\"}",
        "{\"description\":\"\\x41\"}",
        "{\"description\":\"\\u12\"}",
        "{\"description\":\"a\tb\"}",
        "{\"description\":\"a\nb\"}",
        "importedDeviceIdentifier=A-1",
        "<importedDeviceIdentity/>",
    ] {
        register.unreadable(text.as_bytes()).await;
    }
});

each_engine!(what_is_no_object_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    for value in ["[]", "[{}]", "\"text\"", "7", "true", "false", "null"] {
        register.unreadable(value.as_bytes()).await;
        for door in Door::ALL {
            let message = register.send(door, value.as_bytes()).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?} {value}: {message}");
        }
    }
});

each_engine!(a_list_of_rows_is_a_list, async |service: &Service| {
    let register = Register::new(service).await;
    for value in ["{}", "\"text\"", "7", "true", "null", "{\"0\":{}}"] {
        let body = format!("{{\"importedDeviceIdentities\":{value}}}");
        for door in [Door::Import, Door::Search] {
            let message = register.send(door, body.as_bytes()).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?} {value}: {message}");
        }
    }
});

each_engine!(nothing_is_no_body, async |service: &Service| {
    let register = Register::new(service).await;
    for nothing in ["", " ", "\r\n\t ", "\u{feff}", "\u{feff} "] {
        for door in Door::ALL {
            let message = register.send(door, nothing.as_bytes()).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?} {nothing:?}: {message}");
        }
    }
});

each_engine!(what_follows_the_json_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    for rest in ["x", "{}", ",", "}", "]", "null", "\0", "\u{feff}", "{\"platform\":\"ios\"}"] {
        for door in Door::ALL {
            let mut body = door.body(serial("C").to_string().as_bytes());
            body.extend_from_slice(rest.as_bytes());
            let message = register.send(door, &body).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?} {rest:?}: {message}");
        }
    }
});

each_engine!(blanks_around_the_json_are_nothing, async |service: &Service| {
    let register = Register::new(service).await;
    for door in [Door::Update, Door::Search] {
        let entity = b"\r\n\t { \"importedDeviceIdentifier\" :\n\"A-1\"\t}\r\n ";
        let call = register.call(door).header("content-type", "application/json");
        call.body(door.body(entity)).await.succeeds(200);
    }
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(one_byte_order_mark_may_stand_before_the_json, async |service: &Service| {
    let register = Register::new(service).await;
    for door in Door::ALL {
        let entity = serial(&format!("{door:?}")).to_string();
        let marked = [b"\xEF\xBB\xBF", door.body(entity.as_bytes()).as_slice()].concat();
        let call = register.call(door).header("content-type", "application/json");
        assert!(call.body(marked).await.status.is_success(), "{door:?}");
    }
    assert_eq!(service.identifiers().await, ["Update", "Create", "B", "Import"]);
});

each_engine!(a_byte_order_mark_elsewhere_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    register.unreadable("{\u{feff}\"platform\":\"ios\"}".as_bytes()).await;
    for door in Door::ALL {
        let body = door.body(b"{}");
        let marked = ["\u{feff}\u{feff}".as_bytes(), body.as_slice()].concat();
        let message = register.send(door, &marked).await.fails(400, "BadRequest");
        assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
    }
});

each_engine!(json_is_utf_8, async |service: &Service| {
    let register = Register::new(service).await;
    for bytes in [
        b"\xFF".as_slice(),
        b"\xC3",
        b"\x80",
        // An overlong slash, a surrogate, and what lies beyond the last character.
        b"\xC0\xAF",
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"B\xFCro in ISO-8859-1",
    ] {
        for (before, after) in [
            ("{\"description\":\"", "\"}"),
            ("{\"importedDeviceIdentifier\":\"", "\"}"),
            ("{\"", "\":1}"),
            ("{\"id\":\"", "\"}"),
            ("{\"id\":[\"", "\"]}"),
            ("{\"a@b\":{\"", "\":1}}"),
        ] {
            let entity = [before.as_bytes(), bytes, after.as_bytes()].concat();
            register.unreadable(&entity).await;
        }
    }
    let answer = register.send(Door::Update, b"{\"description\":\"B\xFCro\"}").await;
    let message = answer.fails(400, "BadRequest");
    assert!(message.contains("byte 18 is not UTF-8"), "{message}");
});

each_engine!(json_is_not_utf_16, async |service: &Service| {
    let register = Register::new(service).await;
    for door in Door::ALL {
        let text = String::from_utf8(door.body(b"{}")).unwrap();
        let marked = format!("\u{feff}{text}");
        for text in [text, marked] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for body in [little, big] {
                let message = register.send(door, &body).await.fails(400, "BadRequest");
                assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
            }
        }
    }
});

each_engine!(half_a_surrogate_pair_is_no_character, async |service: &Service| {
    let register = Register::new(service).await;
    for half in [r"\ud83d", r"\udcbb", r"\ud83d\ud83d", r"\udcbb\ud83d", r"\ud83dx", r"\ud83d\n"] {
        for name in ["importedDeviceIdentifier", "description", "platform"] {
            register.unreadable(format!(r#"{{"{name}":"{half}"}}"#).as_bytes()).await;
        }
        register.unreadable(format!(r#"{{"{half}":"x"}}"#).as_bytes()).await;
    }
});

each_engine!(a_name_stands_once_in_an_object, async |service: &Service| {
    let register = Register::new(service).await;
    for (entity, name) in [
        (r#"{"description":"a","description":"b"}"#, "description"),
        (r#"{"description":"a","description":"a"}"#, "description"),
        (r#"{"description":"a","platform":"ios","descr\u0069ption":null}"#, "description"),
        (r#"{"id":"a","id":"b"}"#, "id"),
        (
            r##"{"@odata.type":"#microsoft.graph.importedDeviceIdentity","@odata.type":""}"##,
            "@odata.type",
        ),
        (r#"{"unknown":1,"unknown":2}"#, "unknown"),
    ] {
        for door in Door::ALL {
            let answer = register.send_entity(door, entity.as_bytes()).await;
            let message = answer.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
            assert!(message.contains(&format!("'{name}' stands twice")), "{door:?}: {message}");
        }
    }
});

each_engine!(a_parameter_stands_once_in_a_body, async |service: &Service| {
    let register = Register::new(service).await;
    let rows = r#""importedDeviceIdentities":[{"importedDeviceIdentifier":"B"}]"#;
    let overwrite = r#""overwriteImportedDeviceIdentities":true"#;
    let twice = format!("{{{rows},{rows}}}");
    for door in [Door::Import, Door::Search] {
        let message = register.send(door, twice.as_bytes()).await.fails(400, "BadRequest");
        assert!(message.contains("'importedDeviceIdentities' stands twice"), "{message}");
    }
    let twice = format!("{{{overwrite},{rows},{overwrite}}}");
    let message = register.send(Door::Import, twice.as_bytes()).await.fails(400, "BadRequest");
    assert!(message.contains("'overwriteImportedDeviceIdentities' stands twice"), "{message}");
});

each_engine!(an_object_has_at_most_64_members, async |service: &Service| {
    let register = Register::new(service).await;
    let object = |count: usize| {
        let members: Vec<String> = (0..count).map(|n| format!("\"note.{n}@a.b\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    for door in Door::ALL {
        let answer = register.send_entity(door, object(65).as_bytes()).await;
        let message = answer.fails(400, "BadRequest");
        assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
        assert!(message.contains("64 members"), "{door:?}: {message}");
    }
    for door in [Door::Import, Door::Search] {
        let message = register.send(door, object(65).as_bytes()).await.fails(400, "BadRequest");
        assert!(message.contains("64 members"), "{door:?}: {message}");
    }
    let update = register.call(Door::Update).header("content-type", "application/json");
    assert_eq!(update.body(object(64)).await.succeeds(200), register.row);
});

each_engine!(what_nests_too_deep_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let (open, close) = (open.repeat(DEPTH), close.repeat(DEPTH));
        let nested = format!("{open}1{close}");
        register.unreadable(open.as_bytes()).await;
        for door in Door::ALL {
            assert_eq!(register.send_entity(door, nested.as_bytes()).await.status, 400, "{door:?}");
        }
        for name in ["description", "platform", "lastContactedDateTime", "unknown"] {
            let entity = format!("{{\"{name}\":{nested}}}");
            for door in Door::ALL {
                let answer = register.send_entity(door, entity.as_bytes()).await;
                answer.fails(400, "ModelValidationFailure");
                assert_eq!(answer.targets(), [door.target(name)]);
            }
        }
        for name in ["importedDeviceIdentities", "overwriteImportedDeviceIdentities", "unknown"] {
            let body = format!("{{\"{name}\":{nested}}}");
            for door in [Door::Import, Door::Search] {
                assert_eq!(register.send(door, body.as_bytes()).await.status, 400, "{name}");
            }
        }
    }
});

each_engine!(what_is_ignored_may_nest, async |service: &Service| {
    let register = Register::new(service).await;
    let nested = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    for name in ["id", "createdDateTime", "note@a.b"] {
        let update = register.call(Door::Update).header("content-type", "application/json");
        let answer = update.body(format!("{{\"{name}\":{nested}}}")).await;
        assert_eq!(answer.succeeds(200), register.row, "{name}");
    }
});

each_engine!(numbers_past_all_bounds_are_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let digits = "9".repeat(400);
    let numbers = [
        "1e999".to_owned(),
        "-1e999".to_owned(),
        "1e99999999999999999999".to_owned(),
        "1e-999".to_owned(),
        format!("-{digits}"),
        format!("0.{digits}"),
        format!("1e{digits}"),
        digits,
    ];
    for number in &numbers {
        for name in ["importedDeviceIdentifier", "platform", "lastContactedDateTime", "unknown"] {
            for door in Door::ALL {
                let entity = format!("{{\"{name}\":{number}}}");
                let answer = register.send_entity(door, entity.as_bytes()).await;
                assert_eq!(answer.status, 400, "{door:?} {entity}");
            }
        }
        for door in [Door::Import, Door::Search] {
            let body = format!("{{\"overwriteImportedDeviceIdentities\":{number}}}");
            assert_eq!(register.send(door, body.as_bytes()).await.status, 400, "{body}");
        }
    }
});
