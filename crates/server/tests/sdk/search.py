"""$search and $apply as the SDK sends them: it encodes whatever is not a letter or a digit."""

import asyncio
import os
from urllib.parse import quote

from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.device_management.imported_device_identities.count.count_request_builder import (
    CountRequestBuilder,
)
from msgraph_beta.generated.device_management.imported_device_identities.import_device_identity_list.import_device_identity_list_post_request_body import (
    ImportDeviceIdentityListPostRequestBody,
)
from msgraph_beta.generated.device_management.imported_device_identities.imported_device_identities_request_builder import (
    ImportedDeviceIdentitiesRequestBuilder,
)
from msgraph_beta.generated.models.enrollment_state import EnrollmentState
from msgraph_beta.generated.models.imported_device_identity import ImportedDeviceIdentity
from msgraph_beta.generated.models.imported_device_identity_type import ImportedDeviceIdentityType
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.platform import Platform
from msgraph_beta.graph_request_adapter import GraphRequestAdapter
from msgraph_core.tasks.page_iterator import PageIterator

PageParameters = (
    ImportedDeviceIdentitiesRequestBuilder.ImportedDeviceIdentitiesRequestBuilderGetQueryParameters
)
CountParameters = CountRequestBuilder.CountRequestBuilderGetQueryParameters

ROWS = [
    ("PY-1", Platform.Ios, EnrollmentState.Enrolled, "Büro Müller"),
    ("PY-2", Platform.Ios, EnrollmentState.Enrolled, "Müller's Büro"),
    ("PY-3", Platform.Android, EnrollmentState.Enrolled, 'Lager, 19" Rack'),
    ("PY-4", Platform.MacOS, EnrollmentState.Blocked, "Lager Büro"),
    ("PY-5", Platform.Ios, EnrollmentState.Failed, "R&D + 5 % Lager"),
    ("PY-6", Platform.Windows, EnrollmentState.NotContacted, None),
]
BY_BOTH = "groupby((enrollmentState,platform),aggregate($count as n))"


def asked(parameters):
    """With what Graph asks for beside $search in a directory, so that users send it always."""
    configuration = RequestConfiguration(query_parameters=parameters)
    configuration.headers.add("ConsistencyLevel", "eventual")
    return configuration


def names(page):
    return [row.imported_device_identifier for row in page.value]


async def walked(graph, page):
    seen = []

    def take(row):
        seen.append(row.imported_device_identifier)
        return True

    await PageIterator(page, graph.request_adapter).iterate(take)
    return seen


async def make(identities):
    rows = [
        ImportedDeviceIdentity(
            imported_device_identifier=identifier,
            imported_device_identity_type=ImportedDeviceIdentityType.SerialNumber,
            platform=platform,
            enrollment_state=state,
            description=description,
        )
        for identifier, platform, state, description in ROWS
    ]
    made = await identities.import_device_identity_list.post(
        ImportDeviceIdentityListPostRequestBody(
            imported_device_identities=rows, overwrite_imported_device_identities=False
        )
    )
    assert [row.status for row in made.value] == [True] * len(ROWS), made


async def search(identities):
    for text, wanted in [
        ("büro", ["PY-1", "PY-2", "PY-4"]),
        ('"BÜRO"', ["PY-1", "PY-2", "PY-4"]),
        ("py-6", ["PY-6"]),
        ("büro müller", ["PY-1", "PY-2"]),
        ('"lager" AND "büro"', ["PY-4"]),
        ('"müller\'s büro"', ["PY-2"]),
        (r'"19\" rack"', ["PY-3"]),
        ("rack OR müller", ["PY-1", "PY-2", "PY-3"]),
        ("lager NOT büro", ["PY-3", "PY-5"]),
        ("(rack OR müller) AND NOT 19", ["PY-1", "PY-2"]),
        ('"R&D + 5 %"', ["PY-5"]),
        ("nobody", []),
    ]:
        found = names(await identities.get(asked(PageParameters(search=text))))
        assert found == wanted, (text, found)
    number = await identities.count.get(asked(CountParameters(search='"büro"')))
    assert number == 3, number
    try:
        await identities.get(asked(PageParameters(search='"büro')))
    except ODataError as error:
        assert error.response_status_code == 400, error
        assert "at character 1 of $search" in error.error.message, error
    else:
        raise AssertionError("an open phrase was taken")


async def walk(graph, identities):
    """With all that narrows, sorts and cuts it, page by page."""
    narrowed = await identities.get(
        asked(
            PageParameters(
                search='"büro" OR "lager"',
                filter="enrollmentState ne 'blocked'",
                orderby=["importedDeviceIdentifier desc"],
                select=["id", "importedDeviceIdentifier"],
                count=True,
                top=2,
            )
        )
    )
    assert names(narrowed) == ["PY-5", "PY-3"], names(narrowed)
    assert narrowed.odata_count == 4, narrowed.odata_count
    seen = await walked(graph, narrowed)
    assert seen == ["PY-5", "PY-3", "PY-2", "PY-1"], seen
    phrases = await identities.get(
        asked(PageParameters(search='"müller\'s" OR "19\\" rack"', top=1))
    )
    assert names(phrases) == ["PY-2"], names(phrases)
    seen = await walked(graph, phrases)
    assert seen == ["PY-2", "PY-3"], seen


async def groups(identities, apply):
    """Its parameters have no apply, so that the address is written out. What a group has beyond an
    identity's properties is in its additional data."""
    url = f"{os.environ['TLS_BASE_URL']}/deviceManagement/importedDeviceIdentities"
    page = await identities.with_url(f"{url}?$apply={quote(apply)}").get()
    return {(row.enrollment_state, row.platform): row.additional_data["n"] for row in page.value}


async def summarise(identities):
    everything = {
        (EnrollmentState.Enrolled, Platform.Ios): 2,
        (EnrollmentState.Enrolled, Platform.Android): 1,
        (EnrollmentState.Blocked, Platform.MacOS): 1,
        (EnrollmentState.Failed, Platform.Ios): 1,
        (EnrollmentState.NotContacted, Platform.Windows): 1,
    }
    found = await groups(identities, BY_BOTH)
    assert found == everything, found
    found = await groups(identities, f"filter(platform eq 'ios')/{BY_BOTH}")
    assert found == {
        group: number for group, number in everything.items() if group[1] == Platform.Ios
    }, found
    offices = "contains(description,'Büro') and platform eq 'ios'"
    found = await groups(identities, f"filter({offices})/{BY_BOTH}")
    assert found == {(EnrollmentState.Enrolled, Platform.Ios): 2}, found


async def main():
    credential = ClientSecretCredential(
        os.environ["TENANT_ID"],
        os.environ["CLIENT_ID"],
        os.environ["CLIENT_SECRET"],
        authority=os.environ["AUTHORITY"],
        disable_instance_discovery=True,
    )
    async with credential:
        scopes = ["https://graph.microsoft.com/.default"]
        provider = AzureIdentityAuthenticationProvider(credential, scopes=scopes)
        adapter = GraphRequestAdapter(provider)
        adapter.base_url = os.environ["TLS_BASE_URL"]
        graph = GraphServiceClient(request_adapter=adapter)
        identities = graph.device_management.imported_device_identities
        await make(identities)
        await search(identities)
        await walk(graph, identities)
        await summarise(identities)
    print("done")


asyncio.run(main())
