//! Bodies that come the wrong way, and what is no HTTP.

use super::{Door, Register, UNREADABLE};
use crate::support::{COLLECTION, Service, json, serial};

each_engine!(a_body_says_that_it_is_json, async |service: &Service| {
    let register = Register::new(service).await;
    for door in Door::ALL {
        let body = door.body(serial("C").to_string().as_bytes());
        for other in [
            "text/plain",
            "text/json",
            "application/xml",
            "application/jsonx",
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=application/json",
            "application/json, application/json",
            "json",
            "*/*",
            ";application/json",
            "",
        ] {
            let call = register.call(door).header("content-type", other).body(body.clone());
            let message = register.refuses(call.await).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
            let sent = other.split(';').next().unwrap();
            assert!(message.contains(&format!("Content-Type is '{sent}'")), "{message}");
        }
        let call = register.call(door).body(body);
        let message = register.refuses(call.await).await.fails(400, "BadRequest");
        assert!(message.starts_with(UNREADABLE), "{door:?}: {message}");
        assert!(message.contains("Content-Type is missing"), "{door:?}: {message}");
    }
});

each_engine!(the_type_of_a_body_may_have_parameters, async |service: &Service| {
    let register = Register::new(service).await;
    for (n, right) in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json ; odata.metadata=minimal;IEEE754Compatible=false",
        "application/json;",
    ]
    .into_iter()
    .enumerate()
    {
        let body = serial(&format!("B-{n}")).to_string();
        let create = register.call(Door::Create).header("content-type", right);
        create.body(body).await.succeeds(201);
    }
});

each_engine!(
    a_body_past_the_limit_is_refused,
    ["--max-body-bytes", "1000"],
    async |service: &Service| {
        let register = Register::new(service).await;
        for door in Door::ALL {
            let mut body = door.body(serial("A-1").to_string().as_bytes());
            body.resize(1_001, b' ');
            let message = register.send(door, &body).await.fails(413, "RequestEntityTooLarge");
            assert!(message.contains("1000 bytes"), "{door:?}: {message}");

            // Nobody knows beforehand how long a body in chunks is.
            let chunk = [b"3e9\r\n", body.as_slice(), b"\r\n0\r\n\r\n"].concat();
            let lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
            let (method, path) = (register.method(door), register.path(door));
            let answer = service.raw(method.as_str(), &path, &lines, &chunk).await;
            register.refuses(answer).await.fails(413, "RequestEntityTooLarge");
        }
        let mut body = Door::Update.body(b"{}");
        body.resize(1_000, b' ');
        let update = register.call(Door::Update).header("content-type", "application/json");
        assert_eq!(update.body(body).await.succeeds(200), register.row);
    }
);

each_engine!(
    more_rows_than_the_limit_are_refused,
    ["--max-import-rows", "3"],
    async |service: &Service| {
        let register = Register::new(service).await;
        for last in [serial("4"), json!({ "unknown": 1 })] {
            let rows = [serial("1"), serial("2"), serial("3"), last];
            let body = json!({ "importedDeviceIdentities": rows }).to_string();
            for door in [Door::Import, Door::Search] {
                let answer = register.send(door, body.as_bytes()).await;
                let message = answer.fails(413, "RequestEntityTooLarge");
                assert!(message.contains("at most 3 rows"), "{door:?}: {message}");
            }
        }
    }
);

each_engine!(a_body_that_breaks_off_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
    for door in Door::ALL {
        let (method, path) = (register.method(door), register.path(door));
        let entity = door.body(serial("C").to_string().as_bytes());
        let size = format!("{:x}\r\n", entity.len());
        for (begin, end) in [
            ("zz\r\n", "\r\n0\r\n\r\n"),
            ("-5\r\n", "\r\n0\r\n\r\n"),
            ("ffffffffffffffffff\r\n", "\r\n0\r\n\r\n"),
            (size.as_str(), "no line ends here"),
            (size.as_str(), "\r\nzz\r\n"),
        ] {
            let body = [begin.as_bytes(), &entity, end.as_bytes()].concat();
            let answer = service.raw(method.as_str(), &path, &lines, &body).await;
            let message = register.refuses(answer).await.fails(400, "BadRequest");
            assert!(message.starts_with(UNREADABLE), "{door:?} {begin:?}: {message}");
        }
    }
});

each_engine!(a_length_that_is_none_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let entity = serial("C").to_string();
    for length in ["-1", "+2", "x", "", "0x10", "1e3", "2, 3", "99999999999999999999999"] {
        let lines = ["Content-Type: application/json", &format!("Content-Length: {length}")];
        let mut request = service.head("POST", COLLECTION, &lines);
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(entity.as_bytes());
        let answer = service.exchange(&request).await;
        assert!(!register.refuses(answer).await.message().is_empty(), "{length}");
    }
    let lines = ["Content-Type: application/json", "Content-Length: 2", "Content-Length: 3"];
    let mut request = service.head("POST", COLLECTION, &lines);
    request.extend_from_slice(b"\r\n{} ");
    register.refuses(service.exchange(&request).await).await.fails(400, "BadRequest");
});

each_engine!(a_body_shorter_than_its_length_is_not_taken, async |service: &Service| {
    let register = Register::new(service).await;
    let entity = serial("C").to_string();
    // The last brace belongs to no request.
    let short = format!("Content-Length: {}", entity.len() - 1);
    let lines = ["Content-Type: application/json", &short];
    let mut request = service.head("POST", COLLECTION, &lines);
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(entity.as_bytes());
    let answer = service.exchange(&request).await;
    register.refuses(answer).await.fails(400, "BadRequest");
});

each_engine!(what_is_no_http_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let host = format!("Host: {}\r\n", service.address());
    let with_host = |line: &str| [line.as_bytes(), host.as_bytes(), b"\r\n"].concat();
    let requests = [
        b"hello\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        "ÄÖÜ / HTTP/1.1\r\n\r\n".as_bytes().to_vec(),
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(),
        with_host("GET\r\n"),
        with_host("GET /\r\n"),
        with_host("GET / HTTP/9.9\r\n"),
        with_host("GET / HTP/1.1\r\n"),
        with_host("GET  / HTTP/1.1\r\n"),
        with_host("G@T / HTTP/1.1\r\n"),
        with_host(&format!("GET {COLLECTION} and more HTTP/1.1\r\n")),
        with_host(&format!("GET {COLLECTION}/a\0b HTTP/1.1\r\n")),
        with_host(&format!("GET {COLLECTION}/a\tb HTTP/1.1\r\n")),
        with_host("GET / HTTP/1.1\r\nno colon\r\n"),
        with_host("GET / HTTP/1.1\r\n: no name\r\n"),
        with_host("GET / HTTP/1.1\r\na name: with a blank\r\n"),
        with_host("GET / HTTP/1.1\r\nblank-before-colon : x\r\n"),
        with_host("GET / HTTP/1.1\r\nwith-nul: a\0b\r\n"),
        with_host("GET / HTTP/1.1\r\nwith-umlaut-ä: x\r\n"),
        with_host("GET / HTTP/1.1\r\nfolded: x\r\n y\r\n"),
    ];
    for request in requests {
        let answer = service.exchange(&request).await;
        let shown = String::from_utf8_lossy(&request);
        let message = register.refuses(answer).await.fails(400, "BadRequest");
        assert!(message.contains("cannot be read as HTTP/1.1"), "{shown:?}: {message}");
    }
});

each_engine!(a_request_without_or_with_two_hosts_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let host = format!("Host: {}\r\n", service.address());
    let token = service.token();
    for hosts in [String::new(), host.repeat(2)] {
        let request = format!(
            "GET {COLLECTION} HTTP/1.1\r\n{hosts}Authorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        let answer = service.exchange(request.as_bytes()).await;
        register.refuses(answer).await.fails(400, "BadRequest");
    }
});

each_engine!(a_head_past_a_limit_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    let many = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("x-note-{n}: {n}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        [service.head("GET", COLLECTION, &lines), b"\r\n".to_vec()].concat()
    };
    let code = "RequestHeaderFieldsTooLarge";
    let message = "The head of the request is too large: at most 16384 bytes of URL, 32768 bytes \
                   of headers and 100 headers are taken.";
    // With host, token and the end of the connection.
    assert_eq!(service.exchange(&many(97)).await.status, 200);
    for count in [98, 500] {
        let answer = service.exchange(&many(count)).await;
        assert_eq!(register.refuses(answer).await.fails(431, code), message, "{count}");
    }
    let huge = format!("x-huge: {}", "a".repeat(2_000_000));
    let request = [service.head("GET", COLLECTION, &[&huge]), b"\r\n".to_vec()].concat();
    let answer = service.exchange(&request).await;
    assert_eq!(register.refuses(answer).await.fails(431, code), message);

    let target = format!("{COLLECTION}/{}", "a".repeat(16_384));
    let answer = service.raw("GET", &target, &[], b"").await;
    let message = register.refuses(answer).await.fails(400, "BadRequest");
    assert!(message.ends_with("at most 16384 are taken."), "{message}");
    let target = format!("{COLLECTION}/{}", "a".repeat(2_000_000));
    let answer = service.raw("GET", &target, &[], b"").await;
    register.refuses(answer).await.fails(431, code);
});
