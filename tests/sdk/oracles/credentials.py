"""How a request is let in: its credential is there, in its place, and nothing of the client's own is."""

import datetime
import functools
import json
import re

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import google.auth.jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY = "test-key"
REGION = "us-east-1"
AWS = botocore.credentials.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session-token")
#: What must not get through to a provider.
PRIVATE = re.compile(r"(x-attache-|cf-aig-|x-envoy-|x-forwarded-|cookie|x-stainless-|x-mock).*")
CREDENTIALS = {"authorization", "x-api-key", "api-key", "x-goog-api-key"}


def of_headers(heard):
    """Nothing of the client's own is there."""
    return [f"header {header}: is not for a provider" for header in heard.headers if PRIVATE.fullmatch(header)]


def of_credential(name, heard):
    """The credential is there, in its place, and no other is."""
    found = []
    if heard.headers.get("content-type", "").partition(";")[0] != "application/json":
        found.append(f"content-type: {heard.headers.get('content-type')}")
    signs = heard.headers.get("authorization", "").startswith("AWS4")
    # a key of Bedrock's own is a bearer
    if name in ("bedrock", "bedrock-claude") and signs:
        given = {header for header in CREDENTIALS - {"authorization"} if header in heard.headers}
        return found + [f"header {header}: whose is it?" for header in given] + of_signature(heard)
    own = {"anthropic": "x-api-key", "gemini": "x-goog-api-key", "azure": "api-key", "azure-classic": "api-key"}.get(
        name
    )
    # the SDKs of these say it as a bearer; either is documented
    bearer = own is None or name in ("anthropic", "azure") and own not in heard.headers
    header, value = ("authorization", f"Bearer {KEY}") if bearer else (own, KEY)
    given = {one: heard.headers[one] for one in CREDENTIALS if one in heard.headers}
    if name in ("vertex", "vertex-claude") and heard.headers.get("authorization", "").startswith("Bearer ey"):
        return (
            found + of_google_token(given.pop("authorization")[7:]) + [f"header {one}: whose is it?" for one in given]
        )
    if given != {header: value}:
        found.append(f"credential: {given}, wanted {header}: {value}")
    return found


ACCOUNT = "attache@project.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@functools.cache
def google_account():
    """A service account: its key, as Google gives it out, and the certificate that shows what was signed with it."""
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "attache")])
    day, now = datetime.timedelta(days=1), datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, now - day, now + day).sign(private, SHA256())
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "k1",
        "private_key": private.private_bytes(*form).decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(key), made.public_bytes(Encoding.PEM).decode()


@functools.lru_cache(maxsize=16)
def of_google_token(token):
    """Google's own library reads the token that a service account signs: its signature, its time, its scope."""
    try:
        claims = google.auth.jwt.decode(token, certs={"k1": google_account()[1]})
    except ValueError as error:
        return [f"authorization: {error}"]
    said = (claims["iss"], claims["sub"], claims.get("scope"))
    return [] if said == (ACCOUNT, ACCOUNT, SCOPE) else [f"authorization: {claims}"]


def of_signature(heard):
    """AWS's own code signs the same request in the same way."""
    said = heard.headers.get("authorization", "")
    if not (told := re.fullmatch(r"AWS4-HMAC-SHA256 Credential=\S+, ?SignedHeaders=(\S+), ?Signature=\S+", said)):
        return [f"authorization: {said!r} is no signature"]
    signed = told[1].split(";")
    needed = {"host", "x-amz-date", "x-amz-security-token"} - set(signed)
    if needed or not {"x-amz-date", "x-amz-security-token"} <= heard.headers.keys():
        return [f"authorization: {needed or 'x-amz-...'} must be there and be signed"]
    request = botocore.awsrequest.AWSRequest(
        heard.method,
        f"http://{heard.headers['host']}{heard.path}",
        {header: heard.headers[header] for header in signed if header in heard.headers},
        heard.body,
    )
    request.context["timestamp"] = heard.headers["x-amz-date"]
    signer = botocore.auth.SigV4Auth(AWS, "bedrock", REGION)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    wanted = [
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}",
        f"SignedHeaders={told[1]}",
        f"Signature={signature}",
    ]
    given = re.split(", ?", said)
    return [f"authorization: {a}, wanted {b}" for a, b in zip(given, wanted, strict=True) if a != b]
