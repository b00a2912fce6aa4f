# The whole life of an identity with curl: a token by client secret, then the seven operations.
set -eu

field() { sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; }

TOKEN=$(curl -sSf "$AUTHORITY/$TENANT_ID/oauth2/v2.0/token" \
    -d grant_type=client_credentials -d "client_id=$CLIENT_ID" \
    --data-urlencode "client_secret=$CLIENT_SECRET" \
    --data-urlencode scope=https://graph.microsoft.com/.default | field access_token)

IDENTITIES="$TLS_BASE_URL/deviceManagement/importedDeviceIdentities"
graph() { curl -sSf -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" "$@"; }
is() { [ "$1" = "$2" ] || { echo "expected $2, found $1" >&2; exit 1; }; }

ID=$(graph "$IDENTITIES" -d '{"importedDeviceIdentifier": "CURL-1"}' | field id)
is "$(graph -X PATCH "$IDENTITIES/$ID" -d '{"platform": "ios"}' | field platform)" ios
is "$(graph "$IDENTITIES/$ID" | field importedDeviceIdentifier)" CURL-1
is "$(graph "$IDENTITIES('$ID')" | field id)" "$ID"
BEFORE=$(graph "$IDENTITIES/\$count")
graph "$IDENTITIES/importDeviceIdentityList" \
    -d '{"importedDeviceIdentities": [{"importedDeviceIdentifier": "CURL-2"}]}' \
    | grep -q '"status":true'
graph "$IDENTITIES/searchExistingIdentities" \
    -d '{"importedDeviceIdentities": [{"importedDeviceIdentifier": "curl-2"}]}' \
    | grep -q '"importedDeviceIdentifier":"CURL-2"'
is "$(graph "$IDENTITIES/\$count")" "$((BEFORE + 1))"
FOUND=$(graph -G "$IDENTITIES" --data-urlencode "\$filter=importedDeviceIdentifier eq 'CURL-2'" \
    --data-urlencode '$select=importedDeviceIdentifier' --data-urlencode '$count=true')
is "$(printf %s "$FOUND" | field importedDeviceIdentifier)" CURL-2
printf %s "$FOUND" | grep -q '"@odata.count":1'
is "$(graph -X DELETE "$IDENTITIES/$ID" -w '%{http_code}')" 204
is "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $TOKEN" "$IDENTITIES/$ID")" 404
echo done
