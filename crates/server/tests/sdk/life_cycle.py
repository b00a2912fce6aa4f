"""The whole life of identities through Microsoft's Python SDK, unmodified: msgraph-beta-sdk signs in
with azure-identity and knows nothing of Muster but its address."""

import asyncio
import os
from datetime import datetime, timedelta, timezone

from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.device_management.imported_device_identities.import_device_identity_list.import_device_identity_list_post_request_body import (
    ImportDeviceIdentityListPostRequestBody,
)
from msgraph_beta.generated.device_management.imported_device_identities.imported_device_identities_request_builder import (
    ImportedDeviceIdentitiesRequestBuilder,
)
from msgraph_beta.generated.device_management.imported_device_identities.search_existing_identities.search_existing_identities_post_request_body import (
    SearchExistingIdentitiesPostRequestBody,
)
from msgraph_beta.generated.models.enrollment_state import EnrollmentState
from msgraph_beta.generated.models.imported_device_identity import ImportedDeviceIdentity
from msgraph_beta.generated.models.imported_device_identity_type import ImportedDeviceIdentityType
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.platform import Platform
from msgraph_beta.graph_request_adapter import GraphRequestAdapter
from msgraph_core.tasks.page_iterator import PageIterator

SERIAL = ImportedDeviceIdentityType.SerialNumber
PageParameters = (
    ImportedDeviceIdentitiesRequestBuilder.ImportedDeviceIdentitiesRequestBuilderGetQueryParameters
)


def client(credential):
    """A client as the documentation makes one, but for the address."""
    scopes = ["https://graph.microsoft.com/.default"]
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=scopes))
    adapter.base_url = os.environ["TLS_BASE_URL"]
    return GraphServiceClient(request_adapter=adapter)


async def change(identities):
    made = await identities.post(
        ImportedDeviceIdentity(
            imported_device_identifier="PY-1",
            imported_device_identity_type=SERIAL,
            platform=Platform.Ios,
        )
    )
    assert made.id and made.enrollment_state == EnrollmentState.NotContacted, made
    one = identities.by_imported_device_identity_id(made.id)
    assert (await one.get()).imported_device_identifier == "PY-1"

    heard_of = datetime(2026, 1, 31, 8, 15, 30, 123456, timezone(timedelta(hours=1)))
    updated = await one.patch(
        ImportedDeviceIdentity(
            description="Büro",
            enrollment_state=EnrollmentState.Enrolled,
            last_contacted_date_time=heard_of,
        )
    )
    assert updated.description == "Büro" and updated.platform == Platform.Ios, updated
    assert updated.last_contacted_date_time == heard_of, updated.last_contacted_date_time

    # The whole entity goes back, with what is the service's and with dates as Python writes them.
    read = await one.get()
    read.description = "Küche"
    assert (await one.patch(read)).description == "Küche"
    return one


async def act(identities):
    rows = [
        ImportedDeviceIdentity(imported_device_identifier=name, imported_device_identity_type=SERIAL)
        for name in ["PY-1"] + [f"PY-BULK-{number}" for number in range(250)]
    ]
    results = await identities.import_device_identity_list.post(
        ImportDeviceIdentityListPostRequestBody(
            imported_device_identities=rows, overwrite_imported_device_identities=False
        )
    )
    fates = [row.status for row in results.value]
    assert fates == [False] + [True] * 250, fates

    found = await identities.search_existing_identities.post(
        SearchExistingIdentitiesPostRequestBody(imported_device_identities=rows[:3])
    )
    assert {row.imported_device_identifier for row in found.value} == {
        "PY-1",
        "PY-BULK-0",
        "PY-BULK-1",
    }


async def page(graph, identities):
    count = await identities.count.get()
    configuration = RequestConfiguration(query_parameters=PageParameters(top=100))
    first = await identities.get(request_configuration=configuration)
    assert len(first.value) == 100 and first.odata_next_link, first
    seen = []

    def take(row):
        seen.append(row.id)
        return True

    await PageIterator(first, graph.request_adapter).iterate(take)
    assert len(seen) == len(set(seen)) == count, (len(seen), count)


async def query(graph, identities):
    parameters = PageParameters(
        filter="startswith(importedDeviceIdentifier,'PY-BULK-') and enrollmentState ne 'failed'",
        orderby=["importedDeviceIdentifier desc"],
        select=["id", "importedDeviceIdentifier"],
        top=100,
        count=True,
    )
    configuration = RequestConfiguration(query_parameters=parameters)
    first = await identities.get(request_configuration=configuration)
    assert first.odata_count == 250 and len(first.value) == 100, first.odata_count
    assert first.value[0].platform is None, "what was not selected is not there"
    seen = []

    def take(row):
        seen.append(row.imported_device_identifier)
        return True

    await PageIterator(first, graph.request_adapter).iterate(take)
    assert seen == sorted((f"PY-BULK-{number}" for number in range(250)), reverse=True), seen


async def fail(identities):
    missing = identities.by_imported_device_identity_id("no-such-identity")
    try:
        await missing.get()
    except ODataError as error:
        assert error.response_status_code == 404, error
        assert error.error.code == "ResourceNotFound", error
        assert "no-such-identity" in error.error.message, error
        assert error.error.inner_error.request_id and error.error.inner_error.date, error
    else:
        raise AssertionError("a missing identity was found")
    twice = ImportedDeviceIdentity(
        imported_device_identifier="py-1", imported_device_identity_type=SERIAL
    )
    try:
        await identities.post(twice)
    except ODataError as error:
        assert (error.response_status_code, error.error.code) == (409, "Conflict"), error
    else:
        raise AssertionError("a second row was made under the same key")


async def main():
    credential = ClientSecretCredential(
        os.environ["TENANT_ID"],
        os.environ["CLIENT_ID"],
        os.environ["CLIENT_SECRET"],
        authority=os.environ["AUTHORITY"],
        disable_instance_discovery=True,
    )
    async with credential:
        graph = client(credential)
        identities = graph.device_management.imported_device_identities
        one = await change(identities)
        await act(identities)
        await page(graph, identities)
        await query(graph, identities)
        await fail(identities)
        await one.delete()
        left = await identities.count.get()
        print(f"done, {left} identities left")


asyncio.run(main())
