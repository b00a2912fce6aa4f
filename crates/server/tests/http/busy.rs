//! Too much to do: what cannot be done in time is refused with 503 and a time to come again, and
//! nothing of it is stored.

use std::time::Duration;

use futures_util::future::{Either, join, select};

use crate::support::{Answer, COLLECTION, Service, Value, import, serial};

const IMPORT: &str = "/importDeviceIdentityList";

fn rows(prefix: &str, count: usize) -> Value {
    let rows: Vec<Value> = (0..count).map(|n| serial(&format!("{prefix}{n}"))).collect();
    import(&rows, false)
}

fn check_refused(answer: &Answer) {
    let message = answer.fails(503, "ServiceUnavailable");
    assert!(message.contains("stored nothing"), "{message}");
    assert_eq!(answer.header("retry-after"), "1");
}

each_engine!(
    more_than_may_wait_is_refused_at_once,
    ["--max-import-rows", "50001"],
    async |service: &Service| {
        let lock = service.hold_up().await;
        let (one, other) = (rows("a", 50_001), rows("b", 50_001));
        let both = select(
            service.post(IMPORT, &one).into_future(),
            service.post(IMPORT, &other).into_future(),
        );
        let (Either::Left((refused, waiting)) | Either::Right((refused, waiting))) = both.await;
        check_refused(&refused);
        drop(lock);
        waiting.await.succeeds(200);
        assert_eq!(service.get("/$count").await.text(), "50001");
        service.create(&serial("after that")).await;
    }
);

each_engine!(
    what_is_not_begun_in_time_is_refused,
    ["--request-timeout-ms", "400"],
    async |service: &Service| {
        // One of the two is begun and held up, the other waits behind it. On a machine so busy that
        // the second arrives only when the first is done, both are done: then once more.
        for attempt in 0.. {
            let before = service.rows().await.len();
            let lock = service.hold_up().await;
            let (many, single) = (rows(&format!("{attempt} "), 300), serial(&format!("{attempt}")));
            let unlock = async {
                tokio::time::sleep(Duration::from_millis(900)).await;
                drop(lock);
            };
            let both = join(
                service.post(IMPORT, &many).into_future(),
                service.post("", &single).into_future(),
            );
            let ((many, single), ()) = join(both, unlock).await;
            let new = service.rows().await.len() - before;
            match (many.status.as_u16(), single.status.as_u16()) {
                (200, 503) => {
                    check_refused(&single);
                    return assert_eq!(new, 300);
                }
                (503, 201) => {
                    check_refused(&many);
                    return assert_eq!(new, 1);
                }
                (503, 503) => {
                    check_refused(&many);
                    check_refused(&single);
                    return assert_eq!(new, 0);
                }
                both => assert_eq!((both, new), ((200, 201), 301)),
            }
            assert!(attempt < 10, "no write was ever too late");
        }
    }
);

each_engine!(
    a_body_in_small_pieces_takes_no_more_room_than_a_whole_one,
    async |service: &Service| {
        // Of a page of memory for each piece, all bodies together have fewer.
        let mut body = serial("in pieces").to_string().into_bytes();
        body.resize(70_000, b' ');
        let mut pieces: Vec<u8> =
            body.iter().flat_map(|byte| [b'1', b'\r', b'\n', *byte, b'\r', b'\n']).collect();
        pieces.extend(b"0\r\n\r\n");
        let lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
        service.raw("POST", COLLECTION, &lines, &pieces).await.succeeds(201);
    }
);
