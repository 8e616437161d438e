"""A certificate for this machine, signed by itself."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


def make(folder):
    """Writes `certificate.pem` and `key.pem`."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=attache")
    now, here = datetime.datetime.now(datetime.timezone.utc), ipaddress.ip_address("127.0.0.1")
    asked = x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
    asked = asked.serial_number(1).not_valid_before(now - DAY).not_valid_after(now + DAY)
    asked = asked.add_extension(x509.SubjectAlternativeName([x509.IPAddress(here)]), critical=False)
    certificate = asked.sign(key, hashes.SHA256())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
