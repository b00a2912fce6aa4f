//! `$apply` on the list: how many rows there are for which members (OData Data Aggregation 4.0).

use crate::support::{Service, Token, Value, item, json, serial};

const ALL: &str = "groupby((platform,enrollmentState),aggregate($count as n))";
const COLLECTION: &str = "deviceManagement/importedDeviceIdentities";

async fn some_rows(service: &Service) -> Vec<Value> {
    let row = |identifier: &str, platform: &str, state: &str| {
        json!({
            "importedDeviceIdentifier": identifier,
            "importedDeviceIdentityType": "serialNumber",
            "platform": platform,
            "enrollmentState": state,
            "description": identifier.to_lowercase(),
        })
    };
    let rows = [
        row("A-1", "ios", "failed"),
        row("A-2", "ios", "failed"),
        row("A-3", "ios", "enrolled"),
        row("B-1", "macOS", "failed"),
        row("B-2", "android", "enrolled"),
    ];
    service.import(&rows).await
}

fn bare(query: &str) -> String {
    let query = query.replace('+', "%2B").replace(' ', "%20");
    format!("?{query}&$format=application/json;odata.metadata=none")
}

/// The groups without what is said of them.
async fn groups(service: &Service, query: &str) -> Value {
    service.get(&bare(query)).await.succeeds(200)["value"].clone()
}

each_engine!(rows_are_counted_by_their_members, async |service: &Service| {
    assert_eq!(groups(service, &format!("$apply={ALL}")).await, json!([]));
    assert_eq!(groups(service, "$apply=aggregate($count as n)").await, json!([{ "n": 0 }]));
    some_rows(service).await;
    let both = |platform: &str, state: &str, n: u64| json!({ "platform": platform, "enrollmentState": state, "n": n });
    let wanted = json!([
        both("ios", "enrolled", 1),
        both("ios", "failed", 2),
        both("android", "enrolled", 1),
        both("macOS", "failed", 1),
    ]);
    assert_eq!(groups(service, &format!("$apply={ALL}")).await, wanted);
    for (apply, wanted) in [
        ("aggregate($count as Total)", json!([{ "Total": 5 }])),
        (
            "groupby((enrollmentState))",
            json!([{ "enrollmentState": "enrolled" }, { "enrollmentState": "failed" }]),
        ),
        (
            "groupby((importedDeviceIdentityType),aggregate($count as n))",
            json!([{ "importedDeviceIdentityType": "serialNumber", "n": 5 }]),
        ),
        (
            "filter(platform eq 'ios')/groupby((enrollmentState),aggregate($count as n))",
            json!([
                { "enrollmentState": "enrolled", "n": 1 },
                { "enrollmentState": "failed", "n": 2 },
            ]),
        ),
        (
            "filter(startswith(importedDeviceIdentifier,'A-'))/aggregate($count as n)",
            json!([{ "n": 3 }]),
        ),
        (
            "filter(toupper(description) eq 'B-1')/groupby((platform),aggregate($count as n))",
            json!([{ "platform": "macOS", "n": 1 }]),
        ),
        ("filter(platform eq 'tvos')/groupby((platform))", json!([])),
    ] {
        assert_eq!(groups(service, &format!("$apply={apply}")).await, wanted, "{apply}");
    }
    let aliased = "$apply=filter(platform eq @p)/aggregate($count as n)&@p='ios'";
    assert_eq!(groups(service, aliased).await, json!([{ "n": 3 }]));
});

each_engine!(summaries_and_counts_follow_every_write, async |service: &Service| {
    let rows = some_rows(service).await;
    let failed = "$apply=filter(enrollmentState eq 'failed')/aggregate($count as n)";
    let count = "/$count?$filter=enrollmentState%20eq%20'failed'";
    let numbers = async || {
        let summary = groups(service, failed).await[0]["n"].as_u64().unwrap();
        let all = service.get("/$count").await.text().to_owned();
        assert_eq!(service.get(count).await.text(), summary.to_string());
        (summary, all)
    };
    assert_eq!(numbers().await, (3, "5".to_owned()));
    let enrolled = json!({ "enrollmentState": "enrolled" });
    service.patch(&item(&rows[0]), &enrolled).await.succeeds(200);
    assert_eq!(numbers().await, (2, "5".to_owned()));
    service.delete(&item(&rows[1])).await;
    assert_eq!(numbers().await, (1, "4".to_owned()));
    let failed = json!({ "importedDeviceIdentifier": "C-1", "enrollmentState": "failed" });
    service.create(&failed).await;
    assert_eq!(numbers().await, (2, "5".to_owned()));
});

each_engine!(groups_are_ordered_cut_and_counted, async |service: &Service| {
    some_rows(service).await;
    let by_platform = "$apply=groupby((platform),aggregate($count as n))";
    for (options, wanted) in [
        ("$orderby=n desc", vec!["ios", "android", "macOS"]),
        ("$orderby=n,platform desc", vec!["macOS", "android", "ios"]),
        ("$orderby=n desc&$top=1", vec!["ios"]),
        ("$orderby=n desc&$skip=1&$top=1", vec!["android"]),
        ("$skip=3", vec![]),
        ("$top=0", vec![]),
    ] {
        let found = groups(service, &format!("{by_platform}&{options}")).await;
        let found = found.as_array().unwrap().iter();
        let platforms: Vec<&str> = found.map(|it| it["platform"].as_str().unwrap()).collect();
        assert_eq!(platforms, wanted, "{options}");
    }
    let counted = bare(&format!("{by_platform}&$count=true&$top=1"));
    assert_eq!(service.get(&counted).await.succeeds(200)["@odata.count"], 3);
});

each_engine!(groups_are_transient_entities, async |service: &Service| {
    some_rows(service).await;
    let query = "?$apply=filter(platform%20eq%20'macOS')/\
                 groupby((platform,enrollmentState),aggregate($count%20as%20n))";
    let context = service.url(&format!("/beta/$metadata#{COLLECTION}(platform,enrollmentState,n)"));
    assert_eq!(
        service.get(query).await.succeeds(200),
        json!({
            "@odata.context": context,
            "value": [{
                "@odata.id": null,
                "platform": "macOS",
                "enrollmentState": "failed",
                "n@odata.type": "#Decimal",
                "n": 1,
            }],
        })
    );
    let full = format!("{query}&$format=application/json;odata.metadata=full");
    let full = service.get(&full).await.succeeds(200);
    assert_eq!(full["value"][0]["@odata.type"], "#microsoft.graph.importedDeviceIdentity");
    assert_eq!(full["value"][0]["platform@odata.type"], "#microsoft.graph.platform");
    let text = format!("{query}&$count=true&$format=application/json;IEEE754Compatible=true");
    let text = service.get(&text).await.succeeds(200);
    assert_eq!((&text["value"][0]["n"], &text["@odata.count"]), (&json!("1"), &json!("1")));
});

each_engine!(what_is_not_applied_is_refused, async |service: &Service| {
    some_rows(service).await;
    for (apply, named) in [
        ("groupby((description))", "'description'"),
        ("aggregate(createdDateTime with max as m)", "'createdDateTime'"),
        ("topcount(1,platform)", "'topcount'"),
        ("concat(identity,identity)", "'concat'"),
        ("filter(true)", "'filter'"),
    ] {
        let message = service.get(&bare(&format!("$apply={apply}"))).await;
        let message = message.fails(501, "NotImplemented");
        assert!(message.contains(named) && message.contains("at character "), "{message}");
    }
    for (apply, at) in [
        ("", 1),
        ("groupby((plattform))", 10),
        ("aggregate($count as platform)", 21),
        ("aggregate($count as id)", 21),
        ("filter(platform eq 'beos')/aggregate($count as n)", 20),
    ] {
        let message = service.get(&bare(&format!("$apply={apply}"))).await;
        let message = message.fails(400, "BadRequest");
        assert!(message.contains(&format!("at character {at} of $apply")), "{message}");
    }
    for option in ["$filter=platform eq 'ios'", "$search=a", "$select=platform", "$skiptoken=a"] {
        let answer = service.get(&bare(&format!("$apply={ALL}&{option}"))).await;
        let message = answer.fails(501, "NotImplemented");
        let name = option.split('=').next().unwrap();
        assert!(message.contains(&format!("'{name}' beside '$apply'")), "{message}");
    }
    for order in ["description", "m", "n desc desc", "n eq 1"] {
        let answer = service.get(&bare(&format!("$apply={ALL}&$orderby={order}"))).await;
        assert!(answer.fails(400, "BadRequest").contains("of $orderby"), "{order}");
    }
});

each_engine!(a_tenant_sees_its_own_rows_alone, async |service: &Service| {
    some_rows(service).await;
    let other = Token::of(&service.add_tenant(true).await).sign();
    service.post("", &serial("A-1")).token(&other).await.succeeds(201);
    for (token, wanted) in [(service.token(), 5), (other.as_str(), 1)] {
        let query = bare("$apply=aggregate($count as n)");
        let all = service.get(&query).token(token).await.succeeds(200);
        assert_eq!(all["value"], json!([{ "n": wanted }]));
    }
});
