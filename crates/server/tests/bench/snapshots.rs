//! Going back: to what a register began with, and to snapshots.

use crate::support::{Answer, Method, Service, Token, Value, import, item, json, serial, text};

const RESET: &str = "/dev/reset";

fn snapshot(name: &str) -> String {
    format!("/dev/snapshot/{name}")
}

fn restore(name: &str) -> String {
    format!("/dev/snapshot/{name}/restore")
}

async fn post(service: &Service, path: &str) -> Answer {
    service.call(Method::POST, path).await
}

async fn names(service: &Service) -> Vec<String> {
    let list = service.call(Method::GET, "/dev/snapshot").await.succeeds(200);
    let kept = list["value"].as_array().unwrap();
    kept.iter().map(|snapshot| text(snapshot, "name").to_owned()).collect()
}

/// Changes, removes and adds rows.
async fn stir(service: &Service, rows: &[Value]) {
    service.patch(&item(&rows[0]), &json!({ "description": "changed" })).await.succeeds(200);
    let renamed = json!({ "importedDeviceIdentifier": "renamed" });
    service.patch(&item(&rows[1]), &renamed).await.succeeds(200);
    service.delete(&item(&rows[2])).await.succeeds(204);
    // Takes the place that the renamed row has left.
    service.create(&serial(text(&rows[1], "importedDeviceIdentifier"))).await;
    let taken = text(&rows[3], "importedDeviceIdentifier");
    let overwritten = json!({
        "importedDeviceIdentifier": taken,
        "importedDeviceIdentityType": "serialNumber",
        "platform": "macOS",
    });
    let body = import(&[overwritten, serial("imported")], true);
    service.post("/importDeviceIdentityList", &body).await.succeeds(200);
}

each_engine!(a_register_that_began_empty_is_empty_again, async |service: &Service| {
    for _ in 0..3 {
        service.fill(10).await;
        assert_eq!(post(service, RESET).await.succeeds(204), Value::Null);
        assert_eq!(service.rows().await, [] as [Value; 0]);
    }
    post(service, RESET).await.succeeds(204);
});

each_engine!(a_snapshot_has_rows_ids_tags_and_times, async |service: &Service| {
    service.fill(8).await;
    let rows = service.rows().await;
    post(service, &snapshot("full")).await.succeeds(204);
    for _ in 0..3 {
        stir(service, &rows).await;
        assert_ne!(service.rows().await, rows);
        post(service, &restore("full")).await.succeeds(204);
        assert_eq!(service.rows().await, rows);
    }
    let row = service.get(&item(&rows[1])).await;
    row.succeeds(200);
    assert_eq!(row.header("etag"), "W/\"1\"");
    service.post("", &serial("imported")).await.succeeds(201);
});

each_engine!(
    snapshots_before_and_behind_each_other_can_all_be_reached,
    async |service: &Service| {
        let mut kept = Vec::new();
        for n in 0..4 {
            let name = format!("s{n}");
            post(service, &snapshot(&name)).await.succeeds(204);
            kept.push((name, service.rows().await));
            let body =
                import(&(0..5).map(|m| serial(&format!("{n}-{m}"))).collect::<Vec<_>>(), false);
            service.post("/importDeviceIdentityList", &body).await.succeeds(200);
        }
        for index in [3, 0, 2, 2, 1, 3, 0] {
            let (name, rows) = &kept[index];
            post(service, &restore(name)).await.succeeds(204);
            assert_eq!(&service.rows().await, rows, "{name}");
            service.create(&serial("elsewhere")).await;
        }
        post(service, RESET).await.succeeds(204);
        assert_eq!(service.rows().await.len(), 0);
        let (name, rows) = &kept[3];
        post(service, &restore(name)).await.succeeds(204);
        assert_eq!(&service.rows().await, rows, "a reset forgets no snapshot");
    }
);

each_engine!(a_name_can_be_taken_again_and_forgotten, async |service: &Service| {
    post(service, &snapshot("a")).await.succeeds(204);
    service.create(&serial("A-1")).await;
    post(service, &snapshot("b")).await.succeeds(204);
    assert_eq!(names(service).await, ["a", "b"]);
    post(service, &snapshot("a")).await.succeeds(204);
    post(service, RESET).await.succeeds(204);
    post(service, &restore("a")).await.succeeds(204);
    assert_eq!(service.identifiers().await, ["A-1"]);
    service.call(Method::DELETE, &snapshot("a")).await.succeeds(204);
    assert_eq!(names(service).await, ["b"]);
    let message = post(service, &restore("a")).await.fails(404, "ResourceNotFound");
    assert_eq!(message, "There is no snapshot 'a' of this tenant's register.");
    service.call(Method::DELETE, &snapshot("a")).await.fails(404, "ResourceNotFound");
    assert_eq!(service.identifiers().await, ["A-1"], "a refusal changes nothing");
});

each_engine!(names_are_plain, async |service: &Service| {
    let long = "x".repeat(64);
    for good in ["a", "Test_1.2-b", &long] {
        post(service, &snapshot(good)).await.succeeds(204);
    }
    let longer = "x".repeat(65);
    for bad in [".beginning", "a%20b", "%61", "ü", &longer] {
        for path in [snapshot(bad), restore(bad)] {
            let message = post(service, &path).await.fails(400, "BadRequest");
            assert!(
                message.starts_with("A snapshot's name has 1 to 64 letters"),
                "{bad}: {message}"
            );
        }
    }
});

each_engine!(a_snapshot_says_when_it_was_taken, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    post(service, &snapshot("a")).await.succeeds(204);
    let later = service.create(&serial("A-2")).await;
    let list = service.call(Method::GET, "/dev/snapshot").await.succeeds(200);
    let taken = text(&list["value"][0], "createdDateTime");
    // Seven digits less trailing zeros, always UTC: padded, text compares as time does.
    let padded = |time: &str| format!("{:0<27}", time.trim_end_matches('Z'));
    assert!(padded(text(&row, "createdDateTime")) <= padded(taken), "{list}");
    assert!(padded(taken) <= padded(text(&later, "createdDateTime")), "{list}");
});

each_engine!(each_tenant_goes_back_alone, async |service: &Service| {
    let theirs = Token::of(&service.add_tenant(true).await).sign();
    let list = async || service.get("").token(&theirs).await.succeeds(200)["value"].clone();
    service.create(&serial("A-1")).await;
    service.post("", &serial("B-1")).token(&theirs).await.succeeds(201);
    post(service, &snapshot("a")).await.succeeds(204);
    let (ours, others) = (service.rows().await, list().await);
    let call = |path: &str| service.call(Method::POST, path).token(&theirs);
    call(&restore("a")).await.fails(404, "ResourceNotFound");
    call(RESET).await.succeeds(204);
    assert_eq!(list().await, json!([]));
    assert_eq!(service.rows().await, ours);
    call(&snapshot("a")).await.succeeds(204);
    service.post("", &serial("B-1")).token(&theirs).await.succeeds(201);
    assert_ne!(list().await, others, "another row, with another id");
    post(service, RESET).await.succeeds(204);
    post(service, &restore("a")).await.succeeds(204);
    assert_eq!(service.rows().await, ours);
    assert_eq!(list().await.as_array().unwrap().len(), 1);
});

each_engine!(a_reset_comes_before_or_after_a_write, async |service: &Service| {
    const ROWS: usize = 20;
    let rows = |n: usize| (0..ROWS).map(|m| serial(&format!("{n}-{m}"))).collect::<Vec<_>>();
    let imports = async {
        for n in 0..30 {
            let body = import(&rows(n), false);
            service.post("/importDeviceIdentityList", &body).await.succeeds(200);
        }
    };
    let resets = async {
        for _ in 0..30 {
            post(service, RESET).await.succeeds(204);
        }
    };
    let reads = async {
        for _ in 0..30 {
            let seen = service.identifiers().await;
            assert_eq!(seen.len() % ROWS, 0, "a part of an import: {seen:?}");
        }
    };
    tokio::join!(imports, resets, reads);
    post(service, RESET).await.succeeds(204);
    assert_eq!(service.import(&rows(0)).await.len(), ROWS);
    assert_eq!(service.rows().await.len(), ROWS);
});

each_engine!(ten_thousand_rows_go_and_come_back, async |service: &Service| {
    service.fill(10_000).await;
    post(service, &snapshot("full")).await.succeeds(204);
    let rows = service.rows().await;
    post(service, RESET).await.succeeds(204);
    assert_eq!(service.rows().await.len(), 0);
    post(service, &restore("full")).await.succeeds(204);
    assert!(service.rows().await == rows, "other rows have come back");
});
