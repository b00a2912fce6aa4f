"""Many requests in one, as the SDK's batch classes send and read them."""

import asyncio
import os

from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.models.imported_device_identity import ImportedDeviceIdentity
from msgraph_beta.graph_request_adapter import GraphRequestAdapter
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_content_collection import (
    BatchRequestContentCollection,
)
from msgraph_core.requests.batch_request_item import BatchRequestItem

WRITES = 30


def create(identities, identifier):
    row = ImportedDeviceIdentity(imported_device_identifier=identifier)
    return identities.to_post_request_information(row)


async def mixed(identities, batches):
    """A write, a read that depends on it, a failure, and what depends on that."""
    made = BatchRequestItem(create(identities, "PY-1"), id="made")
    again = BatchRequestItem(create(identities, "PY-1"), id="again", depends_on=[made])
    after = BatchRequestItem(create(identities, "PY-2"), id="after", depends_on=["again"])
    parameters = type(identities).ImportedDeviceIdentitiesRequestBuilderGetQueryParameters(
        filter="importedDeviceIdentifier eq 'PY-1'", select=["id"]
    )
    configuration = RequestConfiguration(query_parameters=parameters)
    listed = BatchRequestItem(
        identities.to_get_request_information(configuration), id="listed", depends_on=["made"]
    )
    count = BatchRequestItem(
        identities.count.to_get_request_information(), id="count", depends_on=["after"]
    )
    content = BatchRequestContent()
    for item in [made, again, after, listed]:
        content.add_request(item.id, item)
    answer = await batches.post(content)
    statuses = answer.get_response_status_codes()
    assert statuses == {"made": 201, "again": 409, "after": 424, "listed": 200}, statuses
    assert answer.get_response_by_id("made").headers["Location"]
    count.depends_on.clear()
    content = BatchRequestContent()
    content.add_request(count.id, count)
    answer = await batches.post(content)
    assert answer.get_response_status_codes() == {"count": 200}
    assert int(answer.get_response_stream_by_id("count").read()) == 1


async def many(identities, batches):
    """More than a batch may hold, which the SDK sends as several."""
    collection = BatchRequestContentCollection()
    for number in range(WRITES):
        item = BatchRequestItem(create(identities, f"PY-MANY-{number}"))
        collection.add_batch_request_item(item)
    before = await identities.count.get()
    await batches.post(collection)
    assert await identities.count.get() == before + WRITES


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
        batches = BatchRequestBuilder(adapter)
        await mixed(identities, batches)
        await many(identities, batches)
    print("done")


asyncio.run(main())
