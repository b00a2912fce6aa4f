//! A seed that does not do: every fault is told with its place, and nothing is stored.

use crate::process::{Place, Server, run};

const SERVE: [&str; 4] = ["serve", "--dev", "--listen", "127.0.0.1:0"];

/// What the binary says when it does not start with this seed.
fn refusal(place: &Place, options: &[&str]) -> String {
    let ran = run(place.command(&[&SERVE, options].concat()));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    ran.stderr
}

fn write(place: &Place, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(place.path().join(name), content).unwrap();
}

#[test]
fn every_fault_of_every_file_is_told() {
    let place = Place::new();
    write(
        &place,
        "list.json",
        r#"[
  {"importedDeviceIdentifier": "490154203237518", "importedDeviceIdentityType": "imei"},
  {"importedDeviceIdentifier": "49015", "importedDeviceIdentityType": "imei"},

  {"platform": "ios", "platfrom": "ios"},
  {"importedDeviceIdentifier": "C02", "platform": "amiga", "enrollmentState": 7}
]"#,
    );
    write(&place, "phones.csv", "490154203237518,x\n\n49015\na,b,c\n");
    let seeds = ["--seed", "list.json", "--seed", "imei=phones.csv"];
    let said = refusal(&place, &[&seeds[..], &["--identifier-rules", "strict"]].concat());
    insta::assert_snapshot!(said, @r"
    muster: the seed has 5 faults, and nothing was stored:
      list.json:3: row 2: '49015' is not an IMEI: give 14 to 16 digits and nothing else.
      list.json:5: row 3: The property 'platfrom' does not exist on type 'microsoft.graph.importedDeviceIdentity'. Did you mean 'platform'?
      list.json:6: row 4: The value 'amiga' of property 'platform' is not microsoft.graph.platform: possible values are unknown, ios, android, windows, windowsMobile, macOS, visionOS, tvos. The value 7 of property 'enrollmentState' is not microsoft.graph.enrollmentState: send it as a JSON string.
      phones.csv:3: row 2: '49015' is not an IMEI: give 14 to 16 digits and nothing else.
      phones.csv:4: row 3: The line has 3 columns: give identifier,details. Details that hold a comma stand in double quotes.
    ");
}

#[tokio::test]
async fn a_start_that_was_refused_leaves_no_trace() {
    let place = Place::new();
    let good: String = (0..6_000).map(|n| format!("A-{n}\n")).collect();
    write(&place, "seed.csv", format!("{good}a,b,c\n"));
    let said = refusal(&place, &["--seed", "serialNumber=seed.csv"]);
    assert!(said.contains("seed.csv:6001: row 6001: The line has 3 columns"), "{said}");
    // As new as ever: it begins with the samples.
    let server = place.serve(&[]);
    let rows = server.rows().await;
    assert!((1..100).contains(&rows.len()), "{}", rows.len());
    assert_eq!(
        place.says(&["admin", "history", "--output", "json"]).matches("\"seq\"").count(),
        rows.len()
    );
}

#[test]
fn where_a_file_ends_to_be_json_is_told() {
    let place = Place::new();
    write(&place, "a.json", "[{\"importedDeviceIdentifier\": \"A-1\"},\n {\"importedDev");
    let said = refusal(&place, &["--seed", "a.json"]);
    assert_eq!(
        said,
        "muster: the seed has a fault, and nothing was stored:\n  \
         a.json: EOF while parsing a string at line 2 column 14\n"
    );
    write(&place, "b.json", "Serial,Details\nA-1,x\n");
    let said = refusal(&place, &["--seed", "b.json"]);
    assert!(said.contains("b.json: expected value at line 1 column 1"), "{said}");
    write(&place, "c.json", b"[{\"importedDeviceIdentifier\": \"\xff\"}]");
    let said = refusal(&place, &["--seed", "c.json"]);
    assert!(said.contains("c.json: invalid unicode code point at line 1"), "{said}");
}

#[test]
fn thousands_of_faults_are_counted_and_the_first_ones_told() {
    let place = Place::new();
    write(&place, "seed.csv", "a,b,c\n".repeat(7_000));
    let said = refusal(&place, &["--seed", "imei=seed.csv"]);
    assert!(said.starts_with("muster: the seed has 7000 faults, and nothing was stored:\n"));
    assert!(said.ends_with("\n  and 6000 more\n"));
    assert_eq!(said.matches("3 columns").count(), 1_000);
    assert!(said.contains("seed.csv:1000: row 1000:"));
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let place = Place::new();
    write(&place, "a.csv", "A-1\n");
    let fails = |seed: &str| place.fails(&[&SERVE[..], &["--seed", seed]].concat());
    insta::assert_snapshot!(fails("none.json"), @"muster: cannot read the seed none.json: No such file or directory (os error 2)");
    insta::assert_snapshot!(fails("a.csv"), @"muster: the seed a.csv does not say what its identifiers are: give --seed TYPE=a.csv, where TYPE is imei, serialNumber or manufacturerModelSerial");
    insta::assert_snapshot!(fails("."), @"muster: the seed . is no file: it is read twice, to check it and to store it");
    insta::assert_snapshot!(fails("serial=a.json"), @"muster: cannot read the seed serial=a.json: No such file or directory (os error 2)");
    let misuse = run(place.command(&[&SERVE[..], &["--seed", "imei="]].concat())).misuse();
    assert!(misuse.contains("give a file: FILE, or TYPE=FILE for a CSV"), "{misuse}");
}

#[tokio::test]
async fn the_variable_names_a_file_too() {
    let place = Place::new();
    write(&place, "a.csv", "A-1\n");
    let mut command = place.command(&SERVE);
    let server = Server::start({
        command.env("MUSTER_SEED", "serialNumber=a.csv").env("MUSTER_EPHEMERAL", "true");
        command
    });
    assert_eq!(crate::begun::identifiers(&server.rows().await), ["A-1"]);
    assert!(!place.data("").exists());
    server.stop();
}
