"""Judge: pkilint, the RFC 5280 set of lints, in one process over many objects. It checks no signatures.

    pkilint_judge.py lint [--kind certificate|crl|ocsp] [--allow allowed.csv] FILE...

An error is a finding of severity ERROR or FATAL that the allow-list does not name. The allow-list has the
columns code,path,reason: a finding's code, a part of its path in the certificate (may be empty) and why it
is accepted; an entry that matched nothing is reported on stderr. Warnings and notices are counted on stderr.
"""

import collections
import csv
import sys

import verdicts

try:
    from pkilint import loader, pkix
    from pkilint.pkix import certificate, crl, extension, name, ocsp
    from pkilint.validation import ValidationFindingSeverity as Severity
except ImportError as error:
    verdicts.absent("pkilint", error)


def linter():
    """The same container as pkilint's own command lint_pkix_cert."""
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def list_linter():
    """The same container as pkilint's own command lint_crl with the profile PKIX."""
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


def answer_linter():
    """The same container as pkilint's own command lint_ocsp_response."""
    return ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )


KINDS = {
    "certificate": (linter, lambda: loader.RFC5280CertificateDocumentLoader()),
    "crl": (list_linter, lambda: loader.RFC5280CertificateListDocumentLoader()),
    "ocsp": (answer_linter, lambda: loader.RFC6960OCSPResponseDocumentLoader()),
}


def allowed(path):
    if not path:
        return []
    with open(path, newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    for entry in entries:
        if not entry["code"] or not entry["reason"]:
            sys.exit(f"{path}: every entry needs a code and a reason")
    return entries


def main():
    parser, verbs = verdicts.parser(__doc__.splitlines()[0])
    verb = verbs.add_parser("lint", help="lint certificates, revocation lists or OCSP answers")
    verb.add_argument("--kind", choices=list(KINDS), default="certificate", help="what the files hold")
    verb.add_argument("--allow", help="CSV of accepted findings: code,path,reason")
    verb.add_argument("files", nargs="+")
    args = parser.parse_args()
    make, load = KINDS[args.kind]
    container, entries = make(), allowed(args.allow)
    used, counts = set(), collections.Counter()

    def verdict(der):
        document = load().load_der_document(der, args.kind, args.kind)
        errors = []
        for result in container.validate(document.root):
            for description in result.finding_descriptions:
                finding, path = description.finding, str(result.node.path)
                counts[(finding.severity.name, finding.code)] += 1
                if finding.severity not in (Severity.ERROR, Severity.FATAL):
                    continue
                fitting = [i for i, e in enumerate(entries) if e["code"] == finding.code and e["path"] in path]
                used.update(fitting)
                if not fitting:
                    errors.append(f"{finding.code} at {path}" + (f" ({description.message})" if description.message else ""))
        if errors:
            raise ValueError("; ".join(errors))

    try:
        verdicts.judge_all(args.files, args.expect, verdict)
    finally:
        for (severity, code), number in sorted(counts.items()):
            print(f"{severity} {code}: {number}", file=sys.stderr)
        for entry in (e for i, e in enumerate(entries) if i not in used):
            print(f"allow-list entry without a finding: {entry['code']} {entry['path']}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
