"""A broker that lets in by SCRAM over TLS only, and users with rights to what their services need."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.broker import free_port
from tests.faults.brokers import FaultyBroker

DAY = timedelta(days=1)


class GuardedBroker(FaultyBroker):
    """Clients come over TLS, by SCRAM-SHA-512 or, at `token_port`, by OAUTHBEARER.

    `expired_port` shows a certificate that is no longer valid.

    Whoever comes to `internal_port`, as the broker does itself, may do everything.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.internal_port, self.expired_port, controller = free_port(), free_port(), free_port()
        self.token_port = free_port()
        folder.mkdir(parents=True)
        authority = Authority()
        self.authority = folder / "ca.pem"
        self.authority.write_bytes(authority.certificate)
        now = datetime.now(UTC)
        (folder / "valid.pem").write_bytes(authority.issue(now + DAY))
        (folder / "expired.pem").write_bytes(authority.issue(now - DAY))
        listeners = {
            "CLIENT": self.port,
            "EXPIRED": self.expired_port,
            "TOKEN": self.token_port,
            "INTERNAL": self.internal_port,
            "CONTROLLER": controller,
        }
        self.changes |= {
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items()),
            "listener.security.protocol.map": (
                "CLIENT:SASL_SSL,EXPIRED:SASL_SSL,TOKEN:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
            ),
            "inter.broker.listener.name": "INTERNAL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "ssl.keystore.type": "PEM",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        for name, keystore in (("client", "valid.pem"), ("expired", "expired.pem")):
            login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            self.changes[f"listener.name.{name}.scram-sha-512.sasl.jaas.config"] = login
            self.changes[f"listener.name.{name}.ssl.keystore.location"] = str(folder / keystore)
        # Kafka's own check for trying out takes tokens that nobody signed.
        token = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
        self.changes |= {
            "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.token.oauthbearer.sasl.jaas.config": f'{token} unsecuredLoginStringClaim_sub="broker";',
            "listener.name.token.ssl.keystore.location": str(folder / "valid.pem"),
        }

    @property
    def bootstrap_servers(self) -> str:
        """Where the tests themselves come in."""
        return f"127.0.0.1:{self.internal_port}"


class Authority:
    """An authority that issues certificates for 127.0.0.1."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        begin = datetime.now(UTC) - 10 * DAY
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            self._builder(self._key.public_key(), self._name, begin, begin + 100 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
        )
        self.certificate = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, until: datetime) -> bytes:
        """A private key and its certificate, valid until then."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            self._builder(key.public_key(), subject, until - 5 * DAY, until)
            .add_extension(names, critical=False)
            .add_extension(issuer, critical=False)
        )
        certificate = made.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private + certificate.public_bytes(serialization.Encoding.PEM)

    def _builder(
        self, key: ec.EllipticCurvePublicKey, subject: x509.Name, begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
        )
