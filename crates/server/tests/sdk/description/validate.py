# The OpenAPI document is one, by the validator that the OpenAPI community has for it.

import os
from urllib.parse import urljoin

import requests
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

document = requests.get(urljoin(os.environ["BASE_URL"], "/openapi.json"), timeout=30).json()
validate(document, cls=OpenAPIV31SpecValidator)
assert len(document["paths"]) > 5, document["paths"].keys()
print("done")
