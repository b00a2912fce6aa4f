"""A person signs in by device code: azure-identity shows a code, the person enters it in a browser
and chooses who they are, and the SDK goes on with what that person may do."""

import asyncio
import os
import re
from urllib.parse import urljoin

import requests
from azure.identity import DeviceCodeCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.models.imported_device_identity import ImportedDeviceIdentity
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.graph_request_adapter import GraphRequestAdapter


def answer_as(name):
    """What a person does in a browser: enters the code, looks at the page, presses a button."""

    def answer(uri, user_code, _expires):
        browser = requests.Session()
        page = browser.get(uri, params={"user_code": user_code})
        page.raise_for_status()
        action = re.search(r'<form[^>]*action="([^"]*sign-in)"', page.text)[1]
        sealed = re.search(r'name="request" value="([^"]+)"', page.text)[1]
        buttons = re.findall(r'<button[^>]*value="([^"]+)"[^>]*>(.*?)</button>', page.text, re.S)
        person = next(value for value, label in buttons if name in label)
        origin = urljoin(uri, "/").rstrip("/")
        said = browser.post(
            urljoin(uri, action),
            data={"request": sealed, "answer": person},
            headers={"Origin": origin},
        )
        said.raise_for_status()
        assert "signed in" in said.text, said.text

    return answer


async def main():
    credential = DeviceCodeCredential(
        client_id=os.environ["PUBLIC_CLIENT_ID"],
        tenant_id=os.environ["TENANT_ID"],
        authority=os.environ["AUTHORITY"],
        disable_instance_discovery=True,
        prompt_callback=answer_as("Reader"),
    )
    scopes = ["https://graph.microsoft.com/DeviceManagementServiceConfig.Read.All"]
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=scopes))
    adapter.base_url = os.environ["TLS_BASE_URL"]
    graph = GraphServiceClient(request_adapter=adapter)
    identities = graph.device_management.imported_device_identities
    page = await identities.get()
    assert page.value, page
    try:
        await identities.post(ImportedDeviceIdentity(imported_device_identifier="PY-1"))
    except ODataError as error:
        assert (error.response_status_code, error.error.code) == (403, "Forbidden"), error
    else:
        raise AssertionError("a reader has made an identity")
    print(f"done, {len(page.value)} identities read")


asyncio.run(main())
