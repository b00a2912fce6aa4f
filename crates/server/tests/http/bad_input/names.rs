//! Properties and parameters that there are not.

use super::{Door, Register};
use crate::support::{Service, json};

const TYPE: &str = "microsoft.graph.importedDeviceIdentity";

each_engine!(a_misspelt_property_is_refused_with_the_right_one, async |service: &Service| {
    let register = Register::new(service).await;
    for (wrong, right) in [
        ("importedDeviceIdentifierType", "importedDeviceIdentityType"),
        ("importedDeviceIdentiferType", "importedDeviceIdentityType"),
        ("importedDeviceIdentifer", "importedDeviceIdentifier"),
        ("importedDeviceidentifier", "importedDeviceIdentifier"),
        ("ImportedDeviceIdentifier", "importedDeviceIdentifier"),
        ("platfrom", "platform"),
        ("Platform", "platform"),
        ("plattform", "platform"),
        ("DESCRIPTION", "description"),
        ("descripton", "description"),
        ("enrolmentState", "enrollmentState"),
        ("enrollmentstate", "enrollmentState"),
        ("lastContactDateTime", "lastContactedDateTime"),
        ("createdDatetime", "createdDateTime"),
        ("ID", "id"),
    ] {
        let entity = json!({ "importedDeviceIdentifier": "C", wrong: "x" }).to_string();
        for door in Door::ALL {
            let answer = register.send_entity(door, entity.as_bytes()).await;
            let expected = format!(
                "The property '{wrong}' does not exist on type '{TYPE}'. Did you mean '{right}'?"
            );
            assert_eq!(answer.fails(400, "ModelValidationFailure"), expected, "{door:?}");
            assert_eq!(answer.targets(), [door.target(wrong)]);
        }
    }
});

each_engine!(a_property_like_none_is_refused_without_advice, async |service: &Service| {
    let register = Register::new(service).await;
    for name in ["colour", "status", "x", "🦀", "a\0b", "a'b", "importedDeviceIdentifier "] {
        let entity = json!({ "importedDeviceIdentifier": "C", name: null }).to_string();
        for door in Door::ALL {
            let answer = register.send_entity(door, entity.as_bytes()).await;
            let message = answer.fails(400, "ModelValidationFailure");
            let begin = format!("The property '{name}' does not exist on type '{TYPE}'. ");
            assert!(message.starts_with(&begin), "{door:?}: {message}");
            assert_eq!(message.contains("Did you mean"), name.ends_with(' '), "{message}");
            assert_eq!(answer.targets(), [door.target(name)]);
        }
    }
});

each_engine!(an_empty_name_is_a_name_too, async |service: &Service| {
    let register = Register::new(service).await;
    for door in Door::ALL {
        let answer = register.send_entity(door, b"{\"\":1}").await;
        let message = answer.fails(400, "ModelValidationFailure");
        assert!(message.starts_with("The property '' does not exist"), "{door:?}: {message}");
    }
});

each_engine!(a_misspelt_parameter_is_refused_with_the_right_one, async |service: &Service| {
    let register = Register::new(service).await;
    let rows = json!([{ "importedDeviceIdentifier": "C" }]);
    let list = "importedDeviceIdentities";
    let flag = "overwriteImportedDeviceIdentities";
    for (door, wrong, right) in [
        (Door::Import, "importedDeviceIdentites", Some(list)),
        (Door::Import, "ImportedDeviceIdentities", Some(list)),
        (Door::Import, "importedDeviceIdentityList", Some(list)),
        (Door::Import, "overwriteImportedDeviceIdentites", Some(flag)),
        (Door::Import, "overwriteimporteddeviceidentities", Some(flag)),
        (Door::Import, "value", None),
        (Door::Search, "importedDeviceIdentites", Some(list)),
        (Door::Search, flag, None),
        (Door::Search, "value", None),
    ] {
        for beside in [json!({}), json!({ list: rows })] {
            let mut body = beside;
            body[wrong] = rows.clone();
            let answer = register.send(door, body.to_string().as_bytes()).await;
            let advice =
                right.map_or("Remove it.".to_owned(), |right| format!("Did you mean '{right}'?"));
            let expected = format!("The action has no parameter '{wrong}'. {advice}");
            assert_eq!(answer.fails(400, "ModelValidationFailure"), expected, "{door:?}");
            assert_eq!(answer.targets(), [wrong]);
        }
    }
});

each_engine!(an_action_needs_its_rows, async |service: &Service| {
    let register = Register::new(service).await;
    let flag = json!({ "overwriteImportedDeviceIdentities": true });
    for (door, body) in [(Door::Import, json!({})), (Door::Import, flag), (Door::Search, json!({}))]
    {
        let answer = register.send(door, body.to_string().as_bytes()).await;
        let message = answer.fails(400, "ModelValidationFailure");
        assert!(message.contains("'importedDeviceIdentities' is required"), "{message}");
        assert_eq!(answer.targets(), ["importedDeviceIdentities"]);
    }
});

each_engine!(an_entity_of_another_type_is_refused, async |service: &Service| {
    let register = Register::new(service).await;
    for other in ["#microsoft.graph.managedDevice", "microsoft.graph.entity", "#", "", "imei"] {
        let entity = json!({ "@odata.type": other, "importedDeviceIdentifier": "C" }).to_string();
        for door in Door::ALL {
            let answer = register.send_entity(door, entity.as_bytes()).await;
            let message = answer.fails(400, "ModelValidationFailure");
            assert!(message.contains(&format!("'#{TYPE}'")), "{door:?}: {message}");
            assert_eq!(answer.targets(), [door.target("@odata.type")]);
        }
    }
});

each_engine!(an_error_says_no_more_of_a_name_than_it_must, async |service: &Service| {
    let register = Register::new(service).await;
    let long = "n".repeat(100_000);
    for (entity, code) in [
        (format!("{{\"{long}\":1}}"), "ModelValidationFailure"),
        (format!("{{\"{long}\":1,\"{long}\":1}}"), "BadRequest"),
        (format!("{{\"platform\":\"{long}\"}}"), "ModelValidationFailure"),
        (format!("{{\"@odata.type\":\"{long}\"}}"), "ModelValidationFailure"),
        (format!("{{\"lastContactedDateTime\":\"{long}\"}}"), "ModelValidationFailure"),
        (format!("{{\"description\":{}}}", "9".repeat(300)), "ModelValidationFailure"),
    ] {
        for door in Door::ALL {
            let answer = register.send_entity(door, entity.as_bytes()).await;
            answer.fails(400, code);
            assert!(answer.body.len() < 1_500, "{} bytes", answer.body.len());
        }
    }
    for door in [Door::Import, Door::Search] {
        let answer = register.send(door, format!("{{\"{long}\":1}}").as_bytes()).await;
        answer.fails(400, "ModelValidationFailure");
        assert!(answer.body.len() < 1_500, "{} bytes", answer.body.len());
    }
});

each_engine!(faults_without_number_are_told_in_part, async |service: &Service| {
    let register = Register::new(service).await;
    let members: Vec<String> = (0..10).map(|n| format!("\"{n}\":0")).collect();
    for (rows, told) in [(100, 1_000), (101, 1_001), (10_000, 1_001)] {
        let rows = vec![format!("{{{}}}", members.join(",")); rows].join(",");
        let body = format!("{{\"importedDeviceIdentities\":[{rows}]}}");
        for door in [Door::Import, Door::Search] {
            let answer = register.send(door, body.as_bytes()).await;
            answer.fails(400, "ModelValidationFailure");
            let targets = answer.targets();
            assert_eq!(targets.len(), told, "{door:?}");
            assert_eq!(targets[999], "importedDeviceIdentities[99].9");
            let is_cut = answer.text().contains("There are more faults than the 1000 told.");
            assert_eq!(is_cut, told > 1_000, "{door:?}");
        }
    }
});
