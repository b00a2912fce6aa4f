//! Who may do what (contract, section 2), and whose rows they reach.

use std::time::{Duration, Instant};

use crate::support::{
    COLLECTION, CONFIGURATION_READ_WRITE, Call, Method, READ, READ_WRITE, Service, Token, Value,
    import, item, json, serial, text,
};

/// An operation of the contract's table, as a request that does no harm.
#[derive(Clone, Copy, Debug)]
enum Operation {
    List,
    Count,
    Get,
    Search,
    Create,
    Update,
    Delete,
    Import,
}

use Operation::{Count, Create, Delete, Get, Import, List, Search, Update};

/// The contract's table: each operation, and the permissions that do.
const TABLE: [(Operation, &[&str]); 8] = [
    (List, &[READ, READ_WRITE, CONFIGURATION_READ_WRITE]),
    (Count, &[READ, READ_WRITE, CONFIGURATION_READ_WRITE]),
    (Get, &[READ, READ_WRITE, CONFIGURATION_READ_WRITE]),
    (Search, &[READ, READ_WRITE, CONFIGURATION_READ_WRITE]),
    (Update, &[READ_WRITE, CONFIGURATION_READ_WRITE]),
    (Create, &[READ_WRITE, CONFIGURATION_READ_WRITE]),
    (Delete, &[READ_WRITE]),
    (Import, &[READ_WRITE]),
];

/// Permissions that have something to do with devices, and none that has nothing.
const PERMISSIONS: [&str; 5] = [
    READ,
    READ_WRITE,
    CONFIGURATION_READ_WRITE,
    "DeviceManagementConfiguration.Read.All",
    "DeviceManagementManagedDevices.ReadWrite.All",
];

/// The body of a search.
fn sought(rows: &[Value]) -> Value {
    json!({ "importedDeviceIdentities": rows })
}

impl Operation {
    fn call(self, service: &Service, row: &Value) -> Call {
        let row = item(row);
        match self {
            List => service.get(""),
            Count => service.get("/$count"),
            Get => service.get(&row),
            Search => service.post("/searchExistingIdentities", &sought(&[])),
            Create => service.post("", &serial("new")),
            Update => service.patch(&row, &json!({ "description": "changed" })),
            Delete => service.delete(&row),
            Import => service.post("/importDeviceIdentityList", &import(&[serial("new")], false)),
        }
    }
}

each_engine!(each_operation_wants_a_permission_of_the_table, async |service: &Service| {
    for (operation, sufficient) in TABLE {
        for permission in PERMISSIONS {
            for is_delegated in [false, true] {
                let token = Token::of(&service.add_tenant(true).await);
                let row = service.post("", &serial("A-1")).token(&token.sign()).await.json();
                let token = match is_delegated {
                    false => token.roles(&[permission]),
                    true => token.scopes(&[permission]),
                };
                let answer = operation.call(service, &row).token(&token.sign()).await;
                let case = format!("{operation:?} with {permission}, delegated: {is_delegated}");
                if sufficient.contains(&permission) {
                    assert!(answer.status.is_success(), "{case}: {}", answer.text());
                    continue;
                }
                let message = answer.fails(403, "Forbidden");
                for name in sufficient {
                    assert!(message.contains(name), "{case}: {message}");
                }
            }
        }
    }
});

each_engine!(one_permission_among_many_is_enough, async |service: &Service| {
    let token = Token::of(&service.tenant());
    let roles = token.clone().roles(&["User.Read.All", READ, "Directory.Read.All"]);
    service.get("").token(&roles.sign()).await.succeeds(200);
    let scopes = token.scopes(&["openid", "profile", READ]);
    service.get("").token(&scopes.sign()).await.succeeds(200);
});

each_engine!(a_permission_is_spelt_as_it_is, async |service: &Service| {
    let token = Token::of(&service.tenant());
    for wrong in ["devicemanagementserviceconfig.read.all", "DeviceManagementServiceConfig", ""] {
        let roles = token.clone().roles(&[wrong]);
        service.get("").token(&roles.sign()).await.fails(403, "Forbidden");
    }
    let none = token.claim("roles", Value::Null);
    service.get("").token(&none.sign()).await.fails(403, "Forbidden");
});

each_engine!(
    a_person_does_not_get_the_permissions_of_the_application,
    async |service: &Service| {
        let token = Token::of(&service.tenant()).scopes(&[READ]).roles(&[READ_WRITE]).sign();
        service.get("").token(&token).await.succeeds(200);
        service.post("", &serial("A-1")).token(&token).await.fails(403, "Forbidden");
        for none in [json!(""), json!("User.Read")] {
            let token = Token::of(&service.tenant()).claim("scp", none).sign();
            service.get("").token(&token).await.fails(403, "Forbidden");
        }
    }
);

each_engine!(a_personal_account_is_refused_whatever_it_may, async |service: &Service| {
    let personal = Token::of("9188040d-6c67-4c5b-b112-36a304b66dad");
    for token in [personal.clone(), personal.scopes(&[READ, READ_WRITE])] {
        for (operation, _) in TABLE {
            let row = json!({ "id": "any" });
            let answer = operation.call(service, &row).token(&token.sign()).await;
            let message = answer.fails(403, "Forbidden");
            assert!(message.contains("Personal Microsoft accounts are not supported"), "{message}");
        }
    }
});

each_engine!(a_tenant_needs_a_licence, async |service: &Service| {
    let unknown = uuid::Uuid::now_v7().to_string();
    for tenant in [service.add_tenant(false).await, unknown] {
        let token = Token::of(&tenant).sign();
        for (operation, _) in TABLE {
            let answer = operation.call(service, &json!({ "id": "any" })).token(&token).await;
            let message = answer.fails(400, "BadRequest");
            assert_eq!(message, "Request not applicable to target tenant.");
        }
    }
});

/// How old what is believed of a licence may be.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// Asks until the tenant is served or not, as wanted. No request that is sent later than the
/// service may believe what was before gets the other answer.
async fn is_served(service: &Service, token: &str, wanted: bool) {
    let since = Instant::now();
    loop {
        let sent = Instant::now();
        let answer = service.get("").token(token).await;
        if answer.status.is_success() == wanted {
            return;
        }
        assert!(sent - since < BELIEVED_FOR, "served a second later: {}", !wanted);
    }
}

each_engine!(a_licence_is_felt_within_a_second_of_its_change, async |service: &Service| {
    let tenant = service.add_tenant(true).await;
    let token = Token::of(&tenant).sign();
    service.get("").token(&token).await.succeeds(200);
    service.set_licence(&tenant, false).await;
    is_served(service, &token, false).await;
    let answer = service.get("").token(&token).await;
    let message = answer.fails(400, "BadRequest");
    assert_eq!(message, "Request not applicable to target tenant.");
    service.set_licence(&tenant, true).await;
    is_served(service, &token, true).await;
});

each_engine!(nothing_is_written_once_the_licence_is_withdrawn, async |service: &Service| {
    for operation in [Create, Update, Delete, Import] {
        let tenant = service.add_tenant(true).await;
        let token = Token::of(&tenant).sign();
        let row = service.post("", &serial("A-1")).token(&token).await.succeeds(201);
        service.set_licence(&tenant, false).await;
        // A write is decided against the tenant's row itself, whatever is believed still.
        let answer = operation.call(service, &row).token(&token).await;
        let message = answer.fails(400, "BadRequest");
        assert_eq!(message, "Request not applicable to target tenant.", "{operation:?}");
        assert_eq!(service.history(&tenant).await.len(), 1, "{operation:?}");
    }
});

each_engine!(no_token_reaches_the_rows_of_another_tenant, async |service: &Service| {
    let ours = service.create(&serial("A-1")).await;
    let theirs = Token::of(&service.add_tenant(true).await).sign();
    let id = text(&ours, "id");
    for call in [
        service.get(&item(&ours)),
        service.patch(&item(&ours), &json!({ "description": "theirs" })),
        service.delete(&item(&ours)),
    ] {
        assert!(call.token(&theirs).await.fails(404, "ResourceNotFound").contains(id));
    }
    let list = service.get("").token(&theirs).await.succeeds(200);
    assert_eq!(list["value"], json!([]));
    assert_eq!(service.get("/$count").token(&theirs).await.text(), "0");
    let body = sought(&[serial("A-1")]);
    let found = service.post("/searchExistingIdentities", &body).token(&theirs).await;
    assert_eq!(found.succeeds(200)["value"], json!([]));
    assert_eq!(service.get(&item(&ours)).await.succeeds(200), ours);
});

each_engine!(the_same_identifier_in_two_tenants_is_two_rows, async |service: &Service| {
    let ours = service.create(&serial("A-1")).await;
    let theirs = Token::of(&service.add_tenant(true).await).sign();
    let row = service.post("", &serial("A-1")).token(&theirs).await.succeeds(201);
    assert_ne!(row["id"], ours["id"]);
    let other = service.post("", &serial("A-2")).token(&theirs).await.succeeds(201);
    let call = service.patch(&item(&other), &serial("A-1")).token(&theirs);
    call.await.fails(409, "Conflict");
    assert_eq!(service.get(&item(&ours)).await.succeeds(200), ours);
});

each_engine!(an_import_sees_the_rows_of_its_own_tenant_only, async |service: &Service| {
    let ours = service.create(&serial("A-1")).await;
    let theirs = Token::of(&service.add_tenant(true).await).sign();
    let mut row = serial("A-1");
    row["description"] = json!("theirs");
    let import = async |rows: &[Value]| {
        let call = service.post("/importDeviceIdentityList", &import(rows, true)).token(&theirs);
        call.await.succeeds(200)["value"][0].clone()
    };
    let made = import(&[row.clone()]).await;
    assert_eq!((&made["status"], &made["@odata.etag"]), (&json!(true), &json!("W/\"1\"")));
    assert_ne!(made["id"], ours["id"]);
    row["description"] = json!("theirs, too");
    let overwritten = import(&[row]).await;
    assert_eq!(overwritten["id"], made["id"]);
    assert_eq!(service.get(&item(&ours)).await.succeeds(200), ours);
});

each_engine!(a_method_that_is_not_allowed_needs_no_token, async |service: &Service| {
    let answer = service.call(Method::PUT, COLLECTION).without_token().await;
    answer.fails(405, "MethodNotAllowed");
});
