"""An ACME client for balancers that answer challenges themselves: certbot's own library, with a key that is known before.

    client.py key FILE                     makes an account's key, and prints its thumbprint
    client.py order FILE URL COUNT NAME…   orders that many certificates, and prints a line for each
"""

import datetime
import sys
import time

import josepy
from acme import challenges, client, crypto_util, errors, messages
from cryptography import x509
from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# Of a certificate authority it is polite to wait a second; this one is on the same machine.
patient = time.sleep
time.sleep = lambda seconds: patient(min(seconds, 0.02))


def pem(key):
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*plain)


def order(acme, key, names):
    """The names of the certificate that came of one order."""
    own = ec.generate_private_key(ec.SECP256R1(), default_backend())
    asked = acme.new_order(crypto_util.make_csr(pem(own), names))
    for authorization in asked.authorizations:
        if authorization.body.status == messages.STATUS_VALID:
            continue  # The authority remembers it from an order before.
        offered = authorization.body.challenges
        chosen = next(it for it in offered if isinstance(it.chall, challenges.HTTP01))
        # Nothing is put anywhere: the balancers know the answer.
        acme.answer_challenge(chosen, chosen.response(key))
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=20)
    issued = acme.poll_and_finalize(asked, deadline)
    leaf = x509.load_pem_x509_certificate(issued.fullchain_pem.encode(), default_backend())
    return leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def main(what, file, url="", count="0", *names):
    if what == "key":
        key = rsa.generate_private_key(65537, 2048, default_backend())
        with open(file, "wb") as out:
            out.write(pem(key))
        print(josepy.encode_b64jose(josepy.JWKRSA(key=key).thumbprint()))
        return
    with open(file, "rb") as text:
        key = josepy.JWKRSA.load(text.read())
    net = client.ClientNetwork(key, verify_ssl=False)
    acme = client.ClientV2(client.ClientV2.get_directory(url, net), net)
    try:
        acme.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
    except errors.ConflictError as known:
        net.account = messages.RegistrationResource(uri=known.location, body=messages.Registration())
    for _ in range(int(count)):
        failed = []
        # As after any failed order, it is made again, here after a second.
        while len(failed) < 10:
            try:
                print("issued", len(failed), *sorted(order(acme, key, list(names))), flush=True)
                break
            except errors.Error as error:
                failed.append(error)
                print("failed:", repr(error), getattr(error, "failed_authzrs", ""), file=sys.stderr)
                patient(1)
        else:
            print("failed", *[repr(error) for error in failed], flush=True)


main(*sys.argv[1:])
