"""A register that throttles: the SDK waits as long as Retry-After says, and every write is made."""

import asyncio
import os

from azure.identity.aio import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.models.imported_device_identity import ImportedDeviceIdentity
from msgraph_beta.graph_request_adapter import GraphRequestAdapter

WRITES = 6


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
        identities = GraphServiceClient(
            request_adapter=adapter
        ).device_management.imported_device_identities
        for number in range(WRITES):
            made = await identities.post(
                ImportedDeviceIdentity(imported_device_identifier=f"PY-{number}")
            )
            assert made.imported_device_identifier == f"PY-{number}", made
    print(f"done, {WRITES} writes")


asyncio.run(main())
