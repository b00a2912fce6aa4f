//! Content codings: compressed bodies of requests, compressed answers.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{COLLECTION, Call, Method, Service, import, item, json, serial};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A body of so many members of gzip, each of which becomes a MiB of nothing.
fn bomb(mib: usize) -> Vec<u8> {
    gzip(&vec![0; 1024 * 1024]).repeat(mib)
}

/// A request that makes a row of a body in this coding.
fn create(service: &Service, coding: &str, body: Vec<u8>) -> Call {
    service
        .call(Method::POST, COLLECTION)
        .header("content-type", "application/json")
        .header("content-encoding", coding)
        .body(body)
}

each_engine!(bodies_may_be_compressed, async |service: &Service| {
    for coding in ["gzip", "GZip", "x-gzip", " gzip "] {
        let row = create(service, coding, gzip(serial("A-1").to_string().as_bytes())).await;
        let row = row.succeeds(201);
        assert_eq!(row["importedDeviceIdentifier"], "A-1", "{coding}");
        let update = service.call(Method::PATCH, &format!("{}{}", COLLECTION, item(&row)));
        let update = update
            .header("content-type", "application/json")
            .header("content-encoding", coding)
            .body(gzip(br#"{"platform":"ios"}"#));
        assert_eq!(update.await.succeeds(200)["platform"], "ios", "{coding}");
        service.delete(&item(&row)).await.succeeds(204);
    }
});

each_engine!(imports_and_searches_may_be_compressed, async |service: &Service| {
    let rows: Vec<_> = (0..2_000).map(|n| serial(&format!("{n:05}"))).collect();
    let search = json!({ "importedDeviceIdentities": rows });
    for (action, body) in
        [("importDeviceIdentityList", import(&rows, false)), ("searchExistingIdentities", search)]
    {
        let path = format!("{}/{action}", COLLECTION);
        let call = service
            .call(Method::POST, &path)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(gzip(body.to_string().as_bytes()));
        let answered = call.await.succeeds(200);
        assert_eq!(answered["value"].as_array().unwrap().len(), 2_000, "{action}");
    }
});

each_engine!(a_body_may_be_said_to_be_as_it_is, async |service: &Service| {
    for (n, coding) in ["identity", "Identity", ""].into_iter().enumerate() {
        let body = serial(&format!("A-{n}")).to_string().into_bytes();
        create(service, coding, body).await.succeeds(201);
    }
});

each_engine!(members_of_gzip_are_one_body, async |service: &Service| {
    let body = serial("A-1").to_string().into_bytes();
    let (first, second) = body.split_at(17);
    let members = [gzip(first), gzip(b""), gzip(second)].concat();
    create(service, "gzip", members).await.succeeds(201);
    assert_eq!(service.identifiers().await, ["A-1"]);
});

each_engine!(broken_gzip_is_no_body, async |service: &Service| {
    let plain = serial("A-1").to_string().into_bytes();
    let sound = gzip(&plain);
    let mut flipped = sound.clone();
    // A bit of the checksum, which stands before the length in the last eight bytes.
    flipped[sound.len() - 8] ^= 1;
    let broken = [
        plain.clone(),
        flipped,
        sound[..sound.len() - 1].to_vec(),
        sound[..sound.len() / 2].to_vec(),
        sound[..5].to_vec(),
        [sound.as_slice(), b"and more"].concat(),
        [sound.as_slice(), &sound[..sound.len() / 2]].concat(),
    ];
    for body in broken {
        let answer = create(service, "gzip", body.clone()).await;
        assert_eq!(answer.status, 400, "{body:02x?}: {}", answer.text());
        let message = answer.fails(400, "BadRequest");
        assert!(message.starts_with("Unable to read JSON request payload."), "{message}");
        assert!(message.contains("not sound gzip"), "{message}");
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(nothing_compressed_is_nothing, async |service: &Service| {
    for body in [gzip(b""), Vec::new()] {
        let message = create(service, "gzip", body).await.fails(400, "BadRequest");
        assert!(message.starts_with("Unable to read JSON request payload."), "{message}");
    }
});

each_engine!(compressed_twice_is_not_json, async |service: &Service| {
    let body = gzip(&gzip(serial("A-1").to_string().as_bytes()));
    create(service, "gzip", body).await.fails(400, "BadRequest");
    assert!(service.rows().await.is_empty());
});

each_engine!(an_unknown_coding_is_refused_by_its_name, async |service: &Service| {
    for coding in ["br", "deflate", "zstd", "compress", "gzip, gzip", "gzipped"] {
        let body = gzip(serial("A-1").to_string().as_bytes());
        let message = create(service, coding, body).await.fails(400, "BadRequest");
        assert!(message.starts_with("Unable to read JSON request payload."), "{message}");
        assert!(message.contains(&format!("'{coding}'")), "{message}");
    }
    assert!(service.rows().await.is_empty());
});

each_engine!(
    the_limit_counts_inflated_bytes,
    ["--max-body-bytes", "10000"],
    async |service: &Service| {
        let padded = |length: usize| {
            let body = serial("A-1").to_string();
            format!("{}{body}", " ".repeat(length - body.len())).into_bytes()
        };
        let message = create(service, "gzip", gzip(&padded(10_001))).await;
        let message = message.fails(413, "RequestEntityTooLarge");
        assert!(message.contains("10000 bytes"), "{message}");
        create(service, "gzip", gzip(&padded(10_000))).await.succeeds(201);
    }
);

each_engine!(a_bomb_is_refused_at_the_limit, async |service: &Service| {
    let message = create(service, "gzip", bomb(17)).await.fails(413, "RequestEntityTooLarge");
    assert!(message.contains("16777216 bytes"), "{message}");
});

each_engine!(
    a_bomb_is_inflated_no_further_than_the_limit,
    ["--max-body-bytes", "1048576"],
    async |service: &Service| {
        // Whoever went on would find that the rest is no gzip.
        let body = [bomb(2).as_slice(), b"this is no gzip"].concat();
        create(service, "gzip", body).await.fails(413, "RequestEntityTooLarge");
    }
);

each_engine!(
    many_bombs_at_once_keep_nobody_out,
    ["--max-body-bytes", "1048576"],
    async |service: &Service| {
        let body = bomb(100);
        let bombs = (0..16).map(|_| create(service, "gzip", body.clone()).into_future());
        let small = async {
            for n in 0..10 {
                service.create(&serial(&format!("A-{n}"))).await;
            }
        };
        let (answers, ()) =
            futures_util::future::join(futures_util::future::join_all(bombs), small).await;
        for answer in answers {
            answer.fails(413, "RequestEntityTooLarge");
        }
    }
);

each_engine!(large_answers_are_compressed_on_request, async |service: &Service| {
    service.fill(100).await;
    let plain = service.get("").await;
    assert_eq!(plain.maybe_header("content-encoding"), None);
    for accepted in ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1", "GZIP"] {
        let answer = service.get("").header("accept-encoding", accepted).await;
        assert_eq!(answer.maybe_header("content-encoding"), Some("gzip"), "{accepted}");
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["accept, prefer", "accept-encoding"]);
        assert_eq!(answer.body, plain.body);
    }
});

each_engine!(nobody_gets_a_coding_unasked, async |service: &Service| {
    service.fill(100).await;
    for accepted in ["identity", "br", "deflate, zstd", "gzip;q=0", "gzip;q=0, identity", ""] {
        let answer = service.get("").header("accept-encoding", accepted).await;
        assert_eq!(answer.maybe_header("content-encoding"), None, "{accepted}");
        assert_eq!(answer.succeeds(200)["value"].as_array().unwrap().len(), 100);
    }
});

each_engine!(small_answers_travel_as_they_are, async |service: &Service| {
    let row = service.create(&serial("A-1")).await;
    for path in ["", "/$count", "/no-such-id", &item(&row)] {
        let answer = service.get(path).header("accept-encoding", "gzip").await;
        assert!(answer.body.len() < 1_024);
        assert_eq!(answer.maybe_header("content-encoding"), None, "{path}");
    }
});

each_engine!(errors_with_many_details_are_compressed_too, async |service: &Service| {
    let rows: Vec<_> = (0..100).map(|_| json!({ "platform": "ios" })).collect();
    let call = service.post("/importDeviceIdentityList", &import(&rows, false));
    let answer = call.header("accept-encoding", "gzip").await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    answer.fails(400, "BadRequest");
    assert_eq!(answer.targets().len(), 100);
});

each_engine!(a_compressed_row_keeps_its_tag, async |service: &Service| {
    let body = json!({ "importedDeviceIdentifier": "A-1", "description": "text ".repeat(200) });
    let row = service.create(&body).await;
    let answer = service.get(&item(&row)).header("accept-encoding", "gzip").await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.header("etag"), "W/\"1\"");
    assert_eq!(answer.succeeds(200), row);
});
