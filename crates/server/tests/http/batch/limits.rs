//! Limits of a batch as a whole, and of each of its parts.

use super::{ROWS, after, create, message, request, statuses, write};
use crate::support::{Method, Service, Value, import, json, serial};

each_engine!(
    the_body_counts_as_a_whole,
    ["--max-body-bytes", "2000"],
    async |service: &Service| {
        let long = |n: usize| {
            let row = json!({ "importedDeviceIdentifier": "A", "description": "x".repeat(n) });
            write("1", "POST", ROWS, &row)
        };
        assert_eq!(statuses(&service.parts(&[long(900)]).await), [201]);
        let two = [long(900), write("2", "POST", ROWS, &serial(&"y".repeat(900)))];
        service.batch(&two).await.fails(413, "RequestEntityTooLarge");
        assert_eq!(service.rows().await.len(), 1);
    }
);

each_engine!(rows_count_for_each_part, ["--max-import-rows", "2"], async |service: &Service| {
    let rows = |from: usize, to: usize| {
        let rows: Vec<Value> = (from..to).map(|n| serial(&n.to_string())).collect();
        import(&rows, false)
    };
    let url = format!("{ROWS}/importDeviceIdentityList");
    let requests = [(0, 2), (2, 5), (5, 7)]
        .map(|(from, to)| write(&from.to_string(), "POST", &url, &rows(from, to)));
    assert_eq!(statuses(&service.parts(&requests).await), [200, 413, 200]);
    assert_eq!(service.rows().await.len(), 4);
});

each_engine!(heads_have_the_limits_of_requests, async |service: &Service| {
    let with = |headers: Value| {
        let mut one = request("1", "GET", ROWS);
        one["headers"] = headers;
        one
    };
    let large = with(json!({ "x": "x".repeat(33_000) }));
    let part = service.parts(&[large]).await.remove(0);
    assert_eq!(part["status"], 431, "{part}");
    let many: serde_json::Map<String, Value> =
        (0..101).map(|n| (format!("x-{n}"), json!("x"))).collect();
    let refused = service.batch(&[with(many.into())]).await.fails(400, "BadRequest");
    assert!(refused.contains("more than 100"), "{refused}");
    let long = request("1", "GET", &format!("{ROWS}?$filter={}", "x".repeat(17_000)));
    let part = service.parts(&[long]).await.remove(0);
    assert_eq!(part["status"], 400, "{part}");
    assert!(message(&part).contains("16384"), "{part}");
});

each_engine!(a_batch_may_come_compressed, async |service: &Service| {
    use std::io::Write;
    let body = json!({ "requests": [create("1", "A-1")] }).to_string();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    let call = service.call(Method::POST, "/beta/$batch").header("content-encoding", "gzip");
    let call = call.header("content-type", "application/json").body(encoder.finish().unwrap());
    let part = call.await.succeeds(200)["responses"][0].take();
    assert_eq!(part["status"], 201, "{part}");
});

each_engine!(nothing_is_begun_when_the_answers_are_too_many_bytes, async |service: &Service| {
    // A page of these has more than 4 MiB.
    let rows: Vec<Value> = (0..1_000)
        .map(|n| {
            let identifier = format!("{n:04}{}", "\u{1f4bb}".repeat(500));
            let mut row = serial(&identifier);
            row["description"] = json!("\u{1f4bb}".repeat(1_000));
            row
        })
        .collect();
    assert_eq!(service.import(&rows).await.len(), 1_000);
    let url = format!("{ROWS}?$top=1000");
    let mut requests = vec![request("0", "GET", &url)];
    for n in 1..9 {
        let (before, id) = ((n - 1).to_string(), n.to_string());
        requests.push(after(request(&id, "GET", &url), &[&before]));
    }
    requests.push(after(create("9", "small"), &["8"]));
    let parts = service.parts(&requests).await;
    let found = statuses(&parts);
    let begun = found.iter().take_while(|status| **status == 200).count();
    assert!((4..9).contains(&begun), "{found:?}");
    assert_eq!(found[begun], 413);
    assert!(message(&parts[begun]).contains("nothing of this one was done"), "{}", parts[begun]);
    assert!(found[begun + 1..].iter().all(|status| *status == 424), "{found:?}");
    assert_eq!(service.rows().await.len(), 1_000);
});
