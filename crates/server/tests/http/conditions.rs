//! `If-Match` and `If-None-Match`: what is read and written on a condition.

use crate::support::{COLLECTION, Call, Method, Service, Value, item, json, serial, text};

/// Conditions that name the tag `W/"1"`, among others or alone.
const NAMING: [&str; 11] = [
    "W/\"1\"",
    "\"1\"",
    "*",
    " * ",
    "W/\"7\", W/\"1\"",
    "W/\"1\",W/\"7\"",
    "\"7\",\"1\"",
    "\"a, b\", W/\"1\"",
    "W/\"7\" ,\t\"1\"",
    ",W/\"1\",,",
    "\"\", \"1\"",
];

/// Conditions that do not.
const NOT_NAMING: [&str; 11] = [
    "W/\"2\"",
    "\"0\"",
    "\"-1\"",
    "\"01\"",
    "\"+1\"",
    "\" 1\"",
    "\"*\"",
    "\"\"",
    "\"of another, service\"",
    "\"99999999999999999999\"",
    "W/\"2\", W/\"3\"",
];

/// What is neither `*` nor a list of entity tags.
const MALFORMED: [&str; 12] = [
    "1",
    "W/1",
    "w/\"1\"",
    "'1'",
    "\"1",
    "1\"",
    "\"1\" \"2\"",
    "\"1\"2",
    "W/ \"1\"",
    "*, \"1\"",
    "",
    ",",
];

/// A row whose tag is `W/"1"`.
async fn row(service: &Service) -> Value {
    let row = service.create(&serial("A-1")).await;
    assert_eq!(row["@odata.etag"], "W/\"1\"");
    row
}

fn patch(service: &Service, row: &Value, name: &str, condition: &str) -> Call {
    service.patch(&item(row), &json!({ "platform": "ios" })).header(name, condition)
}

each_engine!(a_row_is_read_only_if_the_tag_matches, async |service: &Service| {
    let row = row(service).await;
    for condition in NAMING {
        let answer = service.get(&item(&row)).header("if-match", condition).await;
        assert_eq!(answer.status, 200, "{condition}: {}", answer.text());
        assert_eq!(answer.json(), row);
    }
    for condition in NOT_NAMING {
        let answer = service.get(&item(&row)).header("if-match", condition).await;
        assert_eq!(answer.status, 412, "{condition}");
        answer.fails(412, "PreconditionFailed");
    }
});

each_engine!(a_row_that_the_client_has_is_not_sent_again, async |service: &Service| {
    let row = row(service).await;
    for method in [Method::GET, Method::HEAD] {
        let path = format!("{}{}", COLLECTION, item(&row));
        for condition in NAMING {
            let call = service.call(method.clone(), &path).header("if-none-match", condition);
            let answer = call.await;
            assert_eq!(answer.status, 304, "{condition}: {}", answer.text());
            assert!(answer.body.is_empty());
            assert_eq!(answer.header("etag"), text(&row, "@odata.etag"));
            assert_eq!(answer.maybe_header("content-type"), None);
        }
        for condition in NOT_NAMING {
            let call = service.call(method.clone(), &path).header("if-none-match", condition);
            assert_eq!(call.await.status, 200, "{condition}");
        }
    }
});

each_engine!(a_changed_row_is_sent_again, async |service: &Service| {
    let row = row(service).await;
    let known = text(&row, "@odata.etag");
    let updated = service.patch(&item(&row), &json!({ "platform": "ios" })).await.succeeds(200);
    let answer = service.get(&item(&row)).header("if-none-match", known).await;
    assert_eq!(answer.succeeds(200), updated);
    let now = text(&updated, "@odata.etag");
    assert_eq!(service.get(&item(&row)).header("if-none-match", now).await.status, 304);
});

each_engine!(a_row_is_changed_if_the_tag_matches, async |service: &Service| {
    for condition in NAMING {
        let row = row(service).await;
        let answer = patch(service, &row, "if-match", condition).await;
        assert_eq!(answer.status, 200, "{condition}: {}", answer.text());
        assert_eq!(answer.header("etag"), "W/\"2\"");
        assert_eq!(answer.json()["platform"], "ios");
        service.delete(&item(&row)).await.succeeds(204);
    }
});

each_engine!(a_row_is_left_alone_if_no_tag_matches, async |service: &Service| {
    let row = row(service).await;
    for condition in NOT_NAMING {
        let answer = patch(service, &row, "if-match", condition).await;
        assert_eq!(answer.status, 412, "{condition}");
        let delete = service.delete(&item(&row)).header("if-match", condition);
        delete.await.fails(412, "PreconditionFailed");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(a_change_is_refused_where_the_tag_must_not_match, async |service: &Service| {
    let row = row(service).await;
    for condition in NAMING {
        let answer = patch(service, &row, "if-none-match", condition).await;
        assert_eq!(answer.status, 412, "{condition}");
        let delete = service.delete(&item(&row)).header("if-none-match", condition);
        delete.await.fails(412, "PreconditionFailed");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
    let answer = patch(service, &row, "if-none-match", "W/\"7\"").await;
    answer.succeeds(200);
    let delete = service.delete(&item(&row)).header("if-none-match", "W/\"1\"");
    delete.await.succeeds(204);
});

each_engine!(a_row_is_removed_if_the_tag_matches, async |service: &Service| {
    for condition in NAMING {
        let row = row(service).await;
        let answer = service.delete(&item(&row)).header("if-match", condition).await;
        assert_eq!(answer.status, 204, "{condition}: {}", answer.text());
        service.get(&item(&row)).await.fails(404, "ResourceNotFound");
    }
});

each_engine!(what_is_no_condition_is_refused, async |service: &Service| {
    let row = row(service).await;
    for (name, shown) in [("If-Match", "'if-match'"), ("If-None-Match", "'if-none-match'")] {
        for condition in MALFORMED {
            for call in [
                service.get(&item(&row)).header(name, condition),
                patch(service, &row, name, condition),
                service.delete(&item(&row)).header(name, condition),
            ] {
                let answer = call.await;
                assert_eq!(answer.status, 400, "{name}: {condition}");
                let message = answer.fails(400, "BadRequest");
                assert!(message.contains(shown), "{message}");
                assert!(message.contains(condition.trim()), "{message}");
            }
        }
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(a_tag_that_is_no_text_is_refused, async |service: &Service| {
    let row = row(service).await;
    let path = format!("{}{}", COLLECTION, item(&row));
    let mut request = service.head("DELETE", &path, &[]);
    request.extend_from_slice(b"If-Match: \"\xff\"\r\n\r\n");
    service.exchange(&request).await.fails(400, "BadRequest");
    assert_eq!(service.get(&item(&row)).await.succeeds(200), row);
});

each_engine!(conditions_in_several_lines_are_one_list, async |service: &Service| {
    let row = row(service).await;
    let path = format!("{}{}", COLLECTION, item(&row));
    let lines = ["If-Match: W/\"7\"", "If-Match: W/\"1\""];
    service.raw("GET", &path, &lines, b"").await.succeeds(200);
    service.raw("GET", &path, &lines[..1], b"").await.fails(412, "PreconditionFailed");
});

each_engine!(both_conditions_must_hold, async |service: &Service| {
    let row = row(service).await;
    for (is, is_not, status) in [
        ("W/\"1\"", "W/\"7\"", 200),
        ("W/\"7\"", "W/\"7\"", 412),
        ("W/\"7\"", "W/\"1\"", 412),
        ("W/\"1\"", "W/\"1\"", 304),
    ] {
        let call = service.get(&item(&row)).header("if-match", is);
        assert_eq!(call.header("if-none-match", is_not).await.status, status, "{is} {is_not}");
    }
    let answer = patch(service, &row, "if-match", "*").header("if-none-match", "*").await;
    answer.fails(412, "PreconditionFailed");
    let answer = patch(service, &row, "if-match", "*").header("if-none-match", "W/\"7\"").await;
    answer.succeeds(200);
});

each_engine!(a_condition_counts_even_if_nothing_would_change, async |service: &Service| {
    let row = row(service).await;
    let nothing = service.patch(&item(&row), &json!({})).header("if-match", "W/\"7\"");
    nothing.await.fails(412, "PreconditionFailed");
});

each_engine!(an_unknown_id_meets_no_condition, async |service: &Service| {
    for name in ["if-match", "if-none-match"] {
        for condition in ["*", "W/\"1\""] {
            for call in [
                service.get("/no-such-id"),
                service.patch("/no-such-id", &json!({ "platform": "ios" })),
                service.delete("/no-such-id"),
            ] {
                call.header(name, condition).await.fails(404, "ResourceNotFound");
            }
        }
    }
});

each_engine!(of_writers_with_the_same_tag_one_succeeds, async |service: &Service| {
    let row = row(service).await;
    let writes = (0..16).map(|n| {
        let body = json!({ "description": format!("of writer {n}") });
        service.patch(&item(&row), &body).header("if-match", "W/\"1\"").into_future()
    });
    let answers = futures_util::future::join_all(writes).await;
    let winners: Vec<Value> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.json()).collect();
    assert_eq!(winners.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.fails(412, "PreconditionFailed");
    }
    assert_eq!(service.get(&item(&row)).await.succeeds(200), winners[0]);
});
